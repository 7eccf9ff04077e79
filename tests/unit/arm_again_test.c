/* An arm that is said again, is over, or is given back: nothing has left, and what happened since
 * it was granted counts. */
/* service: scheduler */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/ledger.h"
#include "tests/harness/trial.h"

/* A letter to a, armed until *ret_until. */
static int64_t armed_letter(struct trial *t, msec *ret_until) {
    struct rec_ledger row;
    bool granted;
    trial_open(t, NULL, "2022-04-01T08:00");
    trial_world(t, true);
    trial_fire(t);
    assert_int_equal(trial_rows(t, "meeting-invitation", "a", "queued", &row), 1);
    struct frame_arm arm = {.delivery = row.no, .attempt = 1, .boot = TEXT_LIT("trial")};
    assert_int_equal(step_arm(&t->step, t->now, t->boot, &arm, &granted, ret_until), 0);
    assert_true(granted);
    return row.no;
}

static bool again(struct trial *t, int64_t no, msec over, msec *ret_until) {
    struct frame_arm arm = {.delivery = no, .attempt = 1, .boot = TEXT_LIT("trial"), .over = over};
    bool granted;
    assert_int_equal(step_arm(&t->step, t->now, t->boot, &arm, &granted, ret_until), 0);
    return granted;
}

static void give_back(struct trial *t, int64_t no, int64_t attempt, const char *boot) {
    struct frame_result released = {
        .delivery = no, .attempt = attempt, .boot = text_of(boot), .outcome = TEXT_LIT("released")};
    assert_int_equal(step_result(&t->step, t->now, &released), 0);
}

static void is(struct trial *t, int64_t no, const char *state, int64_t attempts) {
    trial_row_is(t, no, state);
    assert_int_equal(trial_row(t, no).attempts, attempts);
}

/* The answer was lost. */
static void test_said_again(void **context) {
    struct trial t;
    msec until, later;
    (void)context;
    int64_t no = armed_letter(&t, &until);
    t.boot = until - 1;
    assert_true(again(&t, no, 0, &later));
    assert_true(later > until);
    is(&t, no, "armed", 1);
    trial_close(&t);
}

static void test_over(void **context) {
    struct trial t;
    msec until, later, last;
    (void)context;
    int64_t no = armed_letter(&t, &until);
    t.boot = until;
    assert_true(again(&t, no, until, &later));
    is(&t, no, "armed", 1);
    t.boot = later;
    assert_false(again(&t, no, until, &last)); /* that one was given back before */
    is(&t, no, "armed", 1);
    assert_true(again(&t, no, later, &last));
    trial_result(&t, no, 1, "accepted");
    is(&t, no, "accepted", 1);
    trial_close(&t);
}

/* Whoever had it may have used it: it does not say that it is given back. */
static void test_over_and_said_again(void **context) {
    struct trial t;
    msec until, later;
    (void)context;
    int64_t no = armed_letter(&t, &until);
    t.boot = until;
    assert_false(again(&t, no, 0, &later));
    is(&t, no, "armed", 1);
    trial_result(&t, no, 1, "accepted");
    is(&t, no, "accepted", 1);
    trial_close(&t);
}

static void test_over_and(const char *type, const char *body, const char *state, int64_t attempts) {
    struct trial t;
    msec until, later;
    int64_t no = armed_letter(&t, &until);
    trial_do(&t, type, "%s", body);
    t.boot = until;
    assert_false(again(&t, no, until, &later));
    is(&t, no, state, attempts);
    trial_close(&t);
}

static void test_over_and_erased(void **context) {
    (void)context;
    test_over_and("person.erase", "{'person':'a'}", "suppressed", 0);
}

static void test_over_and_corrected(void **context) {
    (void)context;
    test_over_and("person.update", "{'person':'a','email':'a@goteborg.example'}", "queued", 0);
}

static void test_over_and_protected(void **context) {
    (void)context;
    test_over_and("person.protect", "{'person':'a','on':true}", "suppressed", 0);
}

static void test_over_and_held(void **context) {
    (void)context;
    test_over_and("sending.pause", "{'reason':'a wrong link'}", "armed", 1);
}

static void test_over_and_of_no_use(void **context) {
    struct trial t;
    msec until, later;
    (void)context;
    int64_t no = armed_letter(&t, &until);
    instant useful = trial_row(&t, no).useful;
    assert_true(useful > 0);
    t.now = useful + 1;
    t.boot = until;
    assert_false(again(&t, no, until, &later));
    is(&t, no, "expired", 0);
    trial_close(&t);
}

static void test_given_back(void **context) {
    struct trial t;
    msec until;
    (void)context;
    int64_t no = armed_letter(&t, &until);
    give_back(&t, no, 1, "another");
    give_back(&t, no, 2, "trial");
    is(&t, no, "armed", 1);
    give_back(&t, no, 1, "trial");
    is(&t, no, "queued", 0);
    give_back(&t, no, 1, "trial"); /* said again */
    is(&t, no, "queued", 0);
    assert_true(trial_arm(&t, no, 1));
    trial_result(&t, no, 1, "deferred");
    t.now = trial_row(&t, no).next_try;
    assert_true(trial_arm(&t, no, 2));
    give_back(&t, no, 2, "trial");
    is(&t, no, "deferred", 1);
    assert_true(trial_arm(&t, no, 2));
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_said_again),          cmocka_unit_test(test_over),
        cmocka_unit_test(test_over_and_said_again), cmocka_unit_test(test_over_and_erased),
        cmocka_unit_test(test_over_and_corrected),  cmocka_unit_test(test_over_and_protected),
        cmocka_unit_test(test_over_and_held),       cmocka_unit_test(test_over_and_of_no_use),
        cmocka_unit_test(test_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
