/* A letter that waits goes to the address its person has when it leaves, and what is said of one
 * address is not said of the other. */
/* service: scheduler */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/suppression.h"
#include "tests/harness/trial.h"

/* A service letter to a, queued. */
static struct rec_ledger open_letter(struct trial *t) {
    struct rec_ledger row;
    trial_open(t, NULL, "2022-04-01T08:00");
    trial_world(t, true);
    trial_fire(t);
    assert_int_equal(trial_rows(t, "meeting-invitation", "a", "queued", &row), 1);
    return row;
}

static bool arm_for(struct trial *t, int64_t no, int64_t attempt, int64_t readdressed) {
    struct frame_arm arm = {
        .delivery = no, .attempt = attempt, .boot = TEXT_LIT("trial"), .readdressed = readdressed};
    bool granted;
    msec until;
    assert_int_equal(step_arm(&t->step, t->now, t->boot, &arm, &granted, &until), 0);
    return granted;
}

static void refuse_for(struct trial *t, int64_t no, int64_t attempt, int64_t readdressed) {
    struct frame_result refused = {.delivery = no,
                                   .attempt = attempt,
                                   .boot = TEXT_LIT("trial"),
                                   .readdressed = readdressed,
                                   .outcome = TEXT_LIT("failed"),
                                   .reply = TEXT_LIT("550 5.1.1 nobody here"),
                                   .bounced = true};
    assert_int_equal(step_result(&t->step, t->now, &refused), 0);
}

#define NEW_ADDRESS "a@goteborg.example"

static void move_address(struct trial *t) {
    trial_do(t, "person.update", "{'person':'a','email':'" NEW_ADDRESS "'}");
}

/* Why nothing is sent there; "": nothing is known of it. */
static void spoken_against(struct trial *t, const char *address, const char *cause) {
    struct rec_suppression s = {.cause = TEXT_LIT("")};
    assert_int_equal(suppression_of(&t->step.office, text_of(address), &s), cause[0] ? 0 : -ENOENT);
    assert_true(text_is(s.cause, cause));
}

/* Somebody else had it, and there it was refused for good. */
static void speak_against_it(struct trial *t) {
    struct rec_ledger other;
    assert_int_equal(trial_rows(t, "meeting-invitation", "b", "queued", &other), 1);
    trial_do(t, "person.update", "{'person':'b','email':'" NEW_ADDRESS "'}");
    assert_false(arm_for(t, other.no, 1, 0));
    refuse_for(t, other.no, 1, 1);
    spoken_against(t, NEW_ADDRESS, "hard");
}

/* Nothing is armed for where she is not any more, however often it is asked. */
static void test_armed(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t);
    move_address(&t);
    assert_false(arm_for(&t, row.no, 1, 0));
    assert_false(arm_for(&t, row.no, 1, 0)); /* the answer was lost */
    row = trial_row(&t, row.no);
    assert_true(text_is(row.state, "queued") && text_is(row.address, NEW_ADDRESS));
    assert_int_equal(row.attempts, 0);
    refuse_for(&t, row.no, 1, 0); /* that connection came to its end; it says nothing of this one */
    trial_row_is(&t, row.no, "queued");
    assert_true(arm_for(&t, row.no, 1, 1));
    trial_result(&t, row.no, 1, "accepted");
    trial_row_is(&t, row.no, "accepted");
    trial_close(&t);
}

/* The mailbox is gone, and the server says so before any arm. */
static void test_when_refused(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t);
    char old[100];
    assert_int_equal(text_copy(row.address, old, sizeof old), 0);
    move_address(&t);
    refuse_for(&t, row.no, 1, 0);
    row = trial_row(&t, row.no);
    assert_true(text_is(row.state, "queued") && text_is(row.address, NEW_ADDRESS));
    assert_int_equal(row.tries.count, 1);
    spoken_against(&t, old, "hard");
    spoken_against(&t, NEW_ADDRESS, "");
    refuse_for(&t, row.no, 2, 1); /* here, too: there is nowhere else */
    trial_row_is(&t, row.no, "failed");
    trial_close(&t);
}

#define REPORT "{'delivery':%lld,'message_id':'%s','kind':'hard','status':'5.1.1'}"

/* A copy may lie at the old address: what goes to the new one is another message, so that a report
 * about the first is not believed of it. */
static void test_when_resent(void **context) {
    struct trial t;
    char before[256], after[256];
    (void)context;
    struct rec_ledger row = open_letter(&t);
    assert_true(arm_for(&t, row.no, 1, 0));
    assert_int_equal(step_lost(&t.step, t.now, (uint64_t)row.no), 0);
    assert_int_equal(text_copy(trial_row(&t, row.no).message_id, before, sizeof before), 0);
    move_address(&t);
    assert_false(arm_for(&t, row.no, 2, 0));
    assert_true(arm_for(&t, row.no, 2, 1));
    trial_result(&t, row.no, 2, "accepted");
    row = trial_row(&t, row.no);
    assert_true(text_is(row.address, NEW_ADDRESS));
    assert_int_equal(text_copy(row.message_id, after, sizeof after), 0);
    assert_string_not_equal(before, after);
    assert_string_equal(trial_say(&t, "delivery.report", REPORT, (long long)row.no, before),
                        "conflict");
    trial_row_is(&t, row.no, "accepted");
    spoken_against(&t, NEW_ADDRESS, "");
    trial_do(&t, "delivery.report", REPORT, (long long)row.no, after);
    spoken_against(&t, NEW_ADDRESS, "hard");
    trial_close(&t);
}

/* Bounced at the old address, and tried again by an operator when the address was corrected. */
static void test_when_tried_again(void **context) {
    struct trial t;
    char before[256];
    (void)context;
    struct rec_ledger row = open_letter(&t);
    assert_int_equal(text_copy(row.message_id, before, sizeof before), 0);
    assert_true(arm_for(&t, row.no, 1, 0));
    trial_result(&t, row.no, 1, "accepted");
    trial_do(&t, "delivery.report", REPORT, (long long)row.no, before);
    trial_row_is(&t, row.no, "failed");
    move_address(&t);
    trial_do(&t, "delivery.retry", "{'delivery':%lld}", (long long)row.no);
    assert_false(arm_for(&t, row.no, 2, 0));
    assert_true(arm_for(&t, row.no, 2, 1));
    assert_string_equal(trial_say(&t, "delivery.report", REPORT, (long long)row.no, before),
                        "conflict");
    trial_row_is(&t, row.no, "armed");
    spoken_against(&t, NEW_ADDRESS, "");
    trial_close(&t);
}

/* What speaks against the new address speaks, also of a letter that was put off at the old one. */
static void test_to_suppressed(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t);
    assert_true(trial_arm(&t, row.no, 1));
    trial_result(&t, row.no, 1, "deferred");
    move_address(&t);
    speak_against_it(&t);
    t.now = trial_row(&t, row.no).next_try;
    assert_false(trial_arm(&t, row.no, 2));
    trial_row_is(&t, row.no, "suppressed");
    trial_close(&t);
}

/* A refusal that is said again, because its answer was lost, speaks of the old address only. */
static void test_refused_twice(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t);
    move_address(&t);
    refuse_for(&t, row.no, 1, 0);
    refuse_for(&t, row.no, 1, 0);
    trial_row_is(&t, row.no, "queued");
    spoken_against(&t, NEW_ADDRESS, "");
    assert_true(arm_for(&t, row.no, 2, 1));
    assert_false(arm_for(&t, row.no, 2, 0)); /* of a connection that is nobody's any more */
    trial_close(&t);
}

/* The first copy did not leave, as a person knew; its connection says so later. */
static void test_late_refusal(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t);
    t.settings.unknown_resends = 0;
    assert_true(arm_for(&t, row.no, 1, 0));
    assert_int_equal(step_lost(&t.step, t.now, (uint64_t)row.no), 0);
    trial_do(&t, "delivery.settle", "{'delivery':%lld,'outcome':'not-sent'}", (long long)row.no);
    move_address(&t);
    assert_false(arm_for(&t, row.no, 2, 0));
    refuse_for(&t, row.no, 1, 0);
    trial_row_is(&t, row.no, "queued");
    spoken_against(&t, NEW_ADDRESS, "");
    trial_close(&t);
}

/* Refused where she was, and spoken against where she is. */
static void test_when_refused_to_suppressed(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t);
    move_address(&t);
    speak_against_it(&t);
    refuse_for(&t, row.no, 1, 0);
    trial_row_is(&t, row.no, "suppressed");
    assert_false(trial_arm(&t, row.no, 2));
    trial_close(&t);
}

/* The address that a merged record brings is the one it had last. */
static void test_then_merged(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t), other;
    assert_int_equal(trial_rows(&t, "meeting-invitation", "b", "queued", &other), 1);
    refuse_for(&t, other.no, 1, 0);
    trial_row_is(&t, other.no, "failed");
    move_address(&t);
    trial_do(&t, "membership.end", "{'network':'net','person':'b'}");
    trial_do(&t, "person.merge", "{'person':'a','into':'b'}");
    assert_false(arm_for(&t, row.no, 1, 0));
    assert_true(trial_arm(&t, row.no, 1));
    assert_true(text_is(trial_row(&t, row.no).address, NEW_ADDRESS));
    trial_close(&t);
}

/* There is no attempt after the last. */
static void test_refused_at_the_last(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t);
    t.settings.retry_first = t.settings.retry_longest = 1;
    for (int64_t attempt = 1; attempt < LEDGER_ATTEMPTS_MOST; attempt++) {
        assert_true(trial_arm(&t, row.no, attempt));
        trial_result(&t, row.no, attempt, "deferred");
        t.now = trial_row(&t, row.no).next_try;
    }
    move_address(&t);
    refuse_for(&t, row.no, LEDGER_ATTEMPTS_MOST, 0);
    trial_row_is(&t, row.no, "failed");
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_armed),         cmocka_unit_test(test_when_refused),
        cmocka_unit_test(test_when_resent),   cmocka_unit_test(test_when_tried_again),
        cmocka_unit_test(test_to_suppressed), cmocka_unit_test(test_refused_twice),
        cmocka_unit_test(test_late_refusal),  cmocka_unit_test(test_when_refused_to_suppressed),
        cmocka_unit_test(test_then_merged),   cmocka_unit_test(test_refused_at_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
