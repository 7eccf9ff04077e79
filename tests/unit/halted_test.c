/* Why a letter that waits does not leave: in words, and what would speak against it besides. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/halted.h"
#include "services/scheduler/reminders/delivery.h"
#include "tests/harness/trial.h"

static void says(struct trial *t, const char *expected) {
    struct buf b;
    buf_init(&b, 1024);
    assert_int_equal(halted_say(t->txn, &b), 0);
    assert_string_equal(buf_cstr(&b), expected);
    buf_free(&b);
}

static void every_hold_is_named(void **unused) {
    struct trial t;
    (void)unused;
    trial_open(&t, NULL, "2022-04-01T08:00");
    says(&t, "");
    assert_int_equal(step_hold(&t.step, t.now, "clock", TEXT_NONE), 0);
    says(&t, "sending is on hold for the clock");
    assert_int_equal(step_unhold(&t.step, t.now, "clock"), 0);
    trial_do(&t, "sending.pause", "{\"reason\": \"ferie\"}");
    assert_int_equal(step_hold(&t.step, t.now, "copy", TEXT_LIT("restored")), 0);
    assert_int_equal(step_hold(&t.step, t.now, "clock", TEXT_LIT("it jumped")), 0);
    says(&t, "sending is on hold for the clock: it jumped; sending is on hold for copied data: "
             "restored; sending is paused: ferie");
    trial_close(&t);
}

static void past_its_use(void **unused) {
    static const struct {
        instant useful, now;
        const char *expected;
    } cases[] = {{0, SECONDS, "a"},
                 {SECONDS, SECONDS, "a"},
                 {2 * SECONDS, SECONDS, "a"},
                 {SECONDS, SECONDS + 1, "a; past its use after 1970-01-01T00:00:01Z"}};
    (void)unused;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct buf b;
        buf_init(&b, 256);
        buf_str(&b, "a");
        halted_say_past(cases[i].useful, cases[i].now, zone_utc(), &b);
        assert_string_equal(buf_cstr(&b), cases[i].expected);
        buf_free(&b);
    }
}

static void what_else_stops_it(void **unused) {
    struct trial t;
    struct rec_ledger row;
    const char *why;
    (void)unused;
    trial_open(&t, NULL, "2022-04-01T08:00");
    trial_world(&t, true);
    trial_do(&t, "sending.pause", "{\"reason\": \"ferie\"}");
    trial_fire(&t);
    assert_int_equal(trial_rows(&t, "meeting-invitation", "a", "queued", &row), 1);
    assert_int_equal(delivery_why_not(&t.step.office, &row, &why), 0);
    assert_null(why);
    row.address = TEXT_LIT("elsewhere@x.example"); /* it would follow, and is only looked at */
    assert_int_equal(delivery_why_not(&t.step.office, &row, &why), 0);
    assert_null(why);
    assert_true(text_is(row.address, "elsewhere@x.example"));
    row.told = -1; /* another revision than the one there is */
    assert_int_equal(delivery_why_not(&t.step.office, &row, &why), 0);
    assert_string_equal(why, "the meeting has changed since");
    row.person = TEXT_LIT("nobody");
    assert_int_equal(delivery_why_not(&t.step.office, &row, &why), 0);
    assert_string_equal(why, "the person is gone");
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_hold_is_named),
                                       cmocka_unit_test(past_its_use),
                                       cmocka_unit_test(what_else_stops_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
