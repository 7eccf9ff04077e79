/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/scheduler/reminders/quiet.h"
#include "tests/harness/trial.h"

static void test_clock(void **context) {
    static const struct {
        const char *clock;
        int minutes;
    } cases[] = {{"00:00", 0},  {"23:59", 1439}, {"07:30", 450}, {"24:00", -1}, {"7:30", -1},
                 {"07:60", -1}, {"0730", -1},    {"", -1},       {"ab:cd", -1}, {"07:30x", -1}};
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(quiet_minutes(text_of(cases[i].clock)), cases[i].minutes);
}

static void test_until(void **context) {
    static const struct {
        const char *from, *to, *at, *until; /* wall clocks of Stockholm */
    } cases[] = {
        {"22:00", "07:00", "2022-05-24T21:59", "2022-05-24T21:59"},
        {"22:00", "07:00", "2022-05-24T22:00", "2022-05-25T07:00"},
        {"22:00", "07:00", "2022-05-24T00:30", "2022-05-24T07:00"},
        {"22:00", "07:00", "2022-05-24T07:00", "2022-05-24T07:00"},
        {"12:00", "13:00", "2022-05-24T12:30", "2022-05-24T13:00"},
        {"12:00", "13:00", "2022-05-24T13:30", "2022-05-24T13:30"},
        {"12:00", "12:00", "2022-05-24T12:00", "2022-05-24T12:00"},
        {"22:00", "07:00", "2022-03-26T23:00", "2022-03-27T07:00"},
        {"01:00", "02:30", "2022-03-27T01:30", "2022-03-27T03:30"}, /* 02:30 is skipped */
        {"22:00", "07:00", "2022-12-31T23:00", "2023-01-01T07:00"},
    };
    struct trial t;
    (void)context;
    trial_open(&t, NULL, "2022-01-03T08:00");
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct rec_person p = {.quiet_from = text_of(cases[i].from),
                               .quiet_to = text_of(cases[i].to),
                               .quiet_zone = TEXT_LIT("Europe/Stockholm")};
        instant until = quiet_until(&t.step.office, &p, trial_wall(cases[i].at));
        if (until != trial_wall(cases[i].until))
            fail_msg("%s to %s at %s", cases[i].from, cases[i].to, cases[i].at);
    }
    struct rec_person none = {.person = TEXT_NONE};
    assert_int_equal(quiet_until(&t.step.office, &none, t.now), t.now);
    trial_close(&t);
}

/* In the hour that comes twice, the quiet ends when it has come for the second time. */
static void test_hour_that_comes_twice(void **context) {
    struct rec_person p = {.quiet_from = TEXT_LIT("01:00"),
                           .quiet_to = TEXT_LIT("02:45"),
                           .quiet_zone = TEXT_LIT("Europe/Stockholm")};
    struct trial t;
    (void)context;
    trial_open(&t, NULL, "2022-01-03T08:00");
    instant first = trial_wall("2022-10-30T02:30"), second = first + HOURS;
    assert_int_equal(quiet_until(&t.step.office, &p, first), first + 15 * MINUTES);
    assert_int_equal(quiet_until(&t.step.office, &p, second), second + 15 * MINUTES);
    trial_close(&t);
}

/* News waits for the morning, but never past its use; what is no news does not wait. */
static void test_letters(void **context) {
    struct rec_ledger row;
    struct trial t;
    (void)context;
    trial_open(&t, NULL, "2022-04-01T08:00");
    trial_world(&t, true);
    trial_do(&t, "quiet.set",
             "{'person':'a','from':'22:00','to':'07:00','zone':'Europe/Stockholm'}");
    t.now = trial_wall("2022-04-01T23:00");
    trial_do(&t, "poll.open",
             "{'poll':'q','network':'net','question':'Q','closes':'2022-04-02T12:00','audience':"
             "'members','options':[{'option':'x','text':'X'},{'option':'y','text':'Y'}]}");
    trial_do(&t, "poll.open",
             "{'poll':'q2','network':'net','question':'Q','closes':'2022-04-02T06:00','audience':"
             "'topic:mobler or "
             "members','options':[{'option':'x','text':'X'},{'option':'y','text':'Y'}]}");
    trial_do(&t, "registration.make", "{'meeting':'m','person':'a'}");
    trial_fire(&t);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "queued", NULL), 1);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "missed", &row), 1);
    assert_true(text_starts(row.reason, "its use ends within quiet hours"));
    assert_int_equal(trial_rows(&t, "registration-confirmed", "a", "queued", &row), 1);
    assert_int_equal(row.next_try, t.now);
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "accepted", NULL), 0);
    assert_int_equal(trial_rows(&t, "poll-opened", "b", "accepted", NULL), 2);
    trial_until(&t, "2022-04-02T07:00");
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "accepted", &row), 1);
    trial_close(&t);
}

static const char *later(struct trial *t, const struct rec_ledger *row) {
    (void)row;
    return t->now < trial_wall("2022-04-02T06:00") ? "deferred" : "accepted";
}

/* Her own zone counts, and a letter that is tried again in the night waits, too. */
static void test_tried_again(void **context) {
    struct rec_ledger row;
    struct trial t;
    (void)context;
    trial_open(&t, NULL, "2022-04-01T08:00");
    trial_world(&t, true);
    trial_settle(&t);
    trial_do(&t, "person.update", "{'person':'a','zone':'America/Nuuk'}");
    trial_do(&t, "quiet.set", "{'person':'a','from':'18:00','to':'07:00'}");
    t.now = trial_wall("2022-04-01T21:59"); /* one minute to six in Nuuk */
    t.fate = later;
    trial_do(&t, "poll.open",
             "{'poll':'q','network':'net','question':'Q','closes':'2022-04-05T12:00','audience':"
             "'members','options':[{'option':'x','text':'X'},{'option':'y','text':'Y'}]}");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "deferred", NULL), 1);
    trial_until(&t, "2022-04-02T10:59");
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "deferred", &row), 1);
    assert_true(text_is(row.reason, "quiet hours"));
    assert_int_equal(row.next_try, trial_wall("2022-04-02T11:00"));
    trial_until(&t, "2022-04-02T11:00");
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "accepted", NULL), 1);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_until),
        cmocka_unit_test(test_hour_that_comes_twice),
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
