/* The way of a letter from queued to its end: arms, results, what forbids it to leave, what
 * overtakes it. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/ledger.h"
#include "tests/harness/trial.h"

/* A service letter to a, queued. */
static struct rec_ledger open_letter(struct trial *t, const char *rules) {
    struct rec_ledger row;
    trial_open(t, rules, "2022-04-01T08:00");
    trial_world(t, true);
    trial_fire(t);
    assert_int_equal(trial_rows(t, rules ? "r" : "meeting-invitation", "a", "queued", &row), 1);
    return row;
}

#define ONE_RULE(class, more)                                                                      \
    "rule \"r\" { about = \"meeting\" when = {\"called\"} to = \"members\" letter = "              \
    "\"meeting-invitation\" class = \"" class "\" " more " }"

static void test_outcomes(void **context) {
    static const struct {
        const char *outcome, *state;
    } cases[] = {{"accepted", "accepted"},
                 {"failed", "failed"},
                 {"deferred", "deferred"},
                 {"unknown", "queued"},
                 {"released", "queued"}};
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct trial t;
        struct rec_ledger row = open_letter(&t, NULL);
        assert_true(trial_arm(&t, row.no, 1));
        trial_row_is(&t, row.no, "armed");
        trial_result(&t, row.no, 1, cases[i].outcome);
        trial_row_is(&t, row.no, cases[i].state);
        trial_close(&t);
    }
}

static void test_said_twice(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t, NULL);
    assert_true(trial_arm(&t, row.no, 1));
    uint64_t writes = txn_writes(t.txn);
    assert_true(trial_arm(&t, row.no, 1)); /* its answer was lost: a new lease, nothing else */
    assert_int_equal(txn_writes(t.txn) - writes, 1);
    assert_int_equal(trial_row(&t, row.no).attempts, 1);
    assert_false(trial_arm(&t, row.no, 2));
    assert_false(trial_arm(&t, row.no + 1000, 1));
    trial_result(&t, row.no, 1, "accepted");
    writes = txn_writes(t.txn);
    trial_result(&t, row.no, 1, "accepted");
    trial_result(&t, row.no, 1, "deferred");
    trial_result(&t, row.no, 2, "failed");
    trial_result(&t, row.no + 1000, 1, "accepted");
    assert_false(trial_arm(&t, row.no, 1));
    assert_false(trial_arm(&t, row.no, 2));
    assert_int_equal(txn_writes(t.txn), writes);
    trial_row_is(&t, row.no, "accepted");
    assert_int_equal(trial_count(&t, COUNT_ENDED_ACCEPTED), 1);
    trial_close(&t);
}

/* Another notifier than the one that armed it has no arm. */
static void test_another_notifier(void **context) {
    struct trial t;
    bool granted;
    msec until;
    (void)context;
    struct rec_ledger row = open_letter(&t, NULL);
    assert_true(trial_arm(&t, row.no, 1));
    struct frame_arm arm = {.delivery = row.no, .attempt = 1, .boot = TEXT_LIT("another")};
    assert_int_equal(step_arm(&t.step, t.now, t.boot, &arm, &granted, &until), 0);
    assert_false(granted);
    trial_close(&t);
}

static void test_unknown_fate(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t, NULL);
    assert_true(trial_arm(&t, row.no, 1));
    assert_int_equal(step_lost(&t.step, t.now, (uint64_t)row.no), 0);
    trial_row_is(&t, row.no, "queued"); /* once again by itself */
    assert_int_equal(trial_row(&t, row.no).resends, 1);
    assert_int_equal(step_lost(&t.step, t.now, (uint64_t)row.no), 0); /* said again */
    trial_row_is(&t, row.no, "queued");
    assert_true(trial_arm(&t, row.no, 2));
    trial_result(&t, row.no, 2, "unknown");
    trial_row_is(&t, row.no, "unknown");     /* not a third time */
    trial_result(&t, row.no, 1, "accepted"); /* an older attempt says nothing about this one */
    trial_row_is(&t, row.no, "unknown");
    trial_result(&t, row.no, 2, "accepted"); /* the answer came late */
    trial_row_is(&t, row.no, "accepted");
    trial_close(&t);
}

static void test_late_result_while_it_waits(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t, NULL);
    assert_true(trial_arm(&t, row.no, 1));
    assert_int_equal(step_lost(&t.step, t.now, (uint64_t)row.no), 0);
    trial_result(&t, row.no, 1, "deferred");
    trial_row_is(&t, row.no, "queued");
    trial_result(&t, row.no, 1, "accepted");
    trial_row_is(&t, row.no, "accepted"); /* and so it does not leave twice */
    assert_false(trial_arm(&t, row.no, 2));
    trial_close(&t);
}

static void test_at_most_once(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t, ONE_RULE("service", "at_most_once = true"));
    assert_true(trial_arm(&t, row.no, 1));
    assert_int_equal(step_lost(&t.step, t.now, (uint64_t)row.no), 0);
    trial_row_is(&t, row.no, "unknown");
    assert_int_equal(trial_table(&t, TABLE_ARMED), 0);
    trial_do(&t, "delivery.settle", "{'delivery':%lld,'outcome':'not-sent'}", (long long)row.no);
    trial_row_is(&t, row.no, "queued");
    assert_true(trial_arm(&t, row.no, 2));
    assert_int_equal(step_lost(&t.step, t.now, (uint64_t)row.no), 0);
    trial_do(&t, "delivery.settle", "{'delivery':%lld,'outcome':'sent'}", (long long)row.no);
    trial_row_is(&t, row.no, "accepted");
    trial_close(&t);
}

static void test_deferred(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t, NULL);
    for (int64_t attempt = 1; attempt < 8; attempt++) {
        assert_true(trial_arm(&t, row.no, attempt));
        trial_result(&t, row.no, attempt, "deferred");
        row = trial_row(&t, row.no);
        assert_true(row.next_try > t.now && row.next_try <= t.now + t.settings.retry_longest);
        t.now = row.next_try;
    }
    t.now = row.decided + t.settings.give_up_after + 1;
    assert_false(trial_arm(&t, row.no, 8));
    trial_row_is(&t, row.no, "expired");
    trial_close(&t);
}

/* Where pauses are short and patience is long it ends all the same: no more tries can be counted.
 */
static void test_deferred_too_often(void **context) {
    struct trial t;
    int64_t attempt = 0;
    (void)context;
    struct rec_ledger row = open_letter(&t, NULL);
    t.settings.retry_first = t.settings.retry_longest = SECONDS;
    while (ledger_is_waiting(&row) && ++attempt <= 1000) {
        assert_true(trial_arm(&t, row.no, attempt));
        trial_result(&t, row.no, attempt, "deferred");
        row = trial_row(&t, row.no);
    }
    assert_int_equal(attempt, 1000);
    assert_true(text_is(row.state, "expired"));
    assert_true(text_is(row.reason, "not deliverable, however often it was tried"));
    trial_close(&t);
}

/* An operator may try a letter again that failed long ago. */
static void test_retry_after_giving_up(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t, NULL);
    assert_true(trial_arm(&t, row.no, 1));
    trial_result(&t, row.no, 1, "failed");
    t.now += t.settings.give_up_after + DAYS;
    trial_do(&t, "delivery.retry", "{'delivery':%lld}", (long long)row.no);
    assert_true(trial_arm(&t, row.no, 2));
    trial_close(&t);
}

static void test_bounced(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t, NULL);
    trial_do(&t, "registration.make", "{'meeting':'m','person':'a'}");
    trial_fire(&t);
    assert_true(trial_arm(&t, row.no, 1));
    trial_result(&t, row.no, 1, "bounced");
    struct rec_ledger other;
    assert_int_equal(trial_rows(&t, "registration-confirmed", "a", "queued", &other), 1);
    assert_false(trial_arm(&t, other.no, 1)); /* to the same address */
    trial_row_is(&t, other.no, "suppressed");
    trial_do(&t, "meeting.set_mode", "{'meeting':'m','mode':'room','place':'Here'}");
    trial_fire(&t);
    assert_int_equal(trial_rows(&t, "meeting-mode-changed", "a", "suppressed", NULL), 1);
    trial_do(&t, "delivery.retry", "{'delivery':%lld}", (long long)row.no);
    assert_false(trial_arm(&t, row.no, 2)); /* overtaken in the meantime */
    trial_row_is(&t, row.no, "superseded");
    trial_do(&t, "person.update", "{'person':'a','email':'a@boras.example'}"); /* it is right */
    t.now += DAYS;
    trial_do(&t, "meeting.set_mode", "{'meeting':'m','mode':'room','place':'There'}");
    trial_fire(&t);
    assert_int_equal(trial_rows(&t, "meeting-mode-changed", "a", "queued", NULL), 1);
    trial_close(&t);
}

/* What forbids a letter to leave, when it fires and when it is armed. */
static const struct {
    const char *type, *body, *reason;
    bool news_only;
} forbids[] = {
    {"person.protect", "{'person':'a','on':true}", "protected identity", false},
    {"person.restrict", "{'person':'a','on':true}", "restricted processing", false},
    {"person.erase", "{'person':'a'}", "the person was erased", false},
    {"preference.set", "{'person':'a','class':'news','on':false}", "does not want news", true},
    {"preference.set", "{'person':'a','class':'news','channel':'maildir','on':false}",
     "does not want news", true},
};

static void test_forbidden_when_armed(void **context) {
    static const char *const rules[] = {ONE_RULE("service", ""), ONE_RULE("duty", ""),
                                        ONE_RULE("news", "")};
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(forbids); i++)
        for (unsigned r = 0; r < COUNT_OF(rules); r++) {
            struct trial t;
            struct rec_ledger row = open_letter(&t, rules[r]);
            bool goes = forbids[i].news_only && r < 2;
            trial_do(&t, forbids[i].type, "%s", forbids[i].body);
            if (trial_arm(&t, row.no, 1) != goes)
                fail_msg("%s %s, rule %u", forbids[i].type, forbids[i].body, r);
            if (!goes) {
                trial_row_is(&t, row.no, "suppressed");
                assert_true(text_is(trial_row(&t, row.no).reason, forbids[i].reason));
            }
            trial_close(&t);
        }
}

static void test_forbidden_when_fired(void **context) {
    static const char *const rules[] = {ONE_RULE("service", ""), ONE_RULE("news", "")};
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(forbids); i++)
        for (unsigned r = 0; r < COUNT_OF(rules); r++) {
            struct trial t;
            bool goes = forbids[i].news_only && r == 0;
            trial_open(&t, rules[r], "2022-04-01T08:00");
            trial_world(&t, true);
            trial_do(&t, forbids[i].type, "%s", forbids[i].body);
            trial_settle(&t);
            bool erased = strcmp(forbids[i].type, "person.erase") == 0; /* no member any more */
            assert_int_equal(trial_rows(&t, "r", "a", "accepted", NULL), goes);
            assert_int_equal(trial_rows(&t, "r", "a", "suppressed", NULL), !goes && !erased);
            trial_close(&t);
        }
}

/* A topic and another channel are not news on this one. */
static void test_other_preferences(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t, ONE_RULE("news", ""));
    trial_do(&t, "preference.set", "{'person':'a','class':'news','channel':'smtp','on':false}");
    trial_do(&t, "preference.set", "{'person':'a','topic':'mobler','on':false}");
    trial_do(&t, "preference.set", "{'person':'a','class':'news','on':true}");
    assert_true(trial_arm(&t, row.no, 1));
    trial_close(&t);
}

/* Past its use while it waited. */
static void test_useful(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t, ONE_RULE("service", "useful = \"called + 1h\""));
    t.now = row.useful + 1;
    assert_false(trial_arm(&t, row.no, 1));
    trial_row_is(&t, row.no, "expired");
    trial_close(&t);
}

static void test_paused(void **context) {
    struct trial t;
    (void)context;
    struct rec_ledger row = open_letter(&t, NULL);
    trial_do(&t, "sending.pause", "{'reason':'R'}");
    assert_false(trial_arm(&t, row.no, 1));
    trial_row_is(&t, row.no, "queued");
    trial_do(&t, "sending.resume", "{}");
    assert_true(trial_arm(&t, row.no, 1));
    trial_close(&t);
}

/* Exactly those who were told, or to whom it may have gone, get the correction. */
static void test_correction(void **context) {
    struct trial t;
    struct rec_ledger a, b, c;
    (void)context;
    a = open_letter(&t, NULL);
    trial_do(&t, "membership.grant",
             "{'network':'net','person':'d','source':'s'}"); /* not invited */
    assert_int_equal(trial_rows(&t, "meeting-invitation", "b", "queued", &b), 1);
    assert_int_equal(trial_rows(&t, "meeting-invitation", "c", "queued", &c), 1);
    assert_true(trial_arm(&t, a.no, 1));
    trial_result(&t, a.no, 1, "accepted");
    assert_true(trial_arm(&t, b.no, 1)); /* under way while it is moved */
    t.now += MINUTES;
    trial_do(&t, "meeting.move", "{'meeting':'m','starts':'2022-05-25T09:00'}");
    trial_row_is(&t, c.no, "superseded"); /* had not left: she hears of the new time at once */
    trial_row_is(&t, b.no, "armed");
    trial_result(&t, b.no, 1, "deferred");
    trial_fire(&t);
    assert_int_equal(trial_rows(&t, "meeting-moved", NULL, "queued", NULL), 3);
    assert_int_equal(trial_rows(&t, "meeting-moved", "d", NULL, NULL), 0);
    t.now = trial_row(&t, b.no).next_try;
    assert_false(trial_arm(&t, b.no, 2)); /* the old time does not leave any more */
    trial_row_is(&t, b.no, "superseded");
    trial_close(&t);
}

static void test_retry_and_withdraw(void **context) {
    static const struct {
        const char *outcome, *order, *expected, *state;
    } cases[] = {
        {NULL, "delivery.withdraw", "applied", "withdrawn"},
        {NULL, "delivery.retry", "wrong-state", "queued"},
        {"deferred", "delivery.retry", "applied", "queued"},
        {"deferred", "delivery.withdraw", "applied", "withdrawn"},
        {"failed", "delivery.retry", "applied", "queued"},
        {"failed", "delivery.withdraw", "wrong-state", "failed"},
        {"accepted", "delivery.retry", "wrong-state", "accepted"},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct trial t;
        struct rec_ledger row = open_letter(&t, NULL);
        if (cases[i].outcome) {
            assert_true(trial_arm(&t, row.no, 1));
            trial_result(&t, row.no, 1, cases[i].outcome);
        }
        assert_string_equal(trial_say(&t, cases[i].order, "{'delivery':%lld}", (long long)row.no),
                            cases[i].expected);
        trial_row_is(&t, row.no, cases[i].state);
        trial_close(&t);
    }
}

/* Somebody who comes later is told that the reminder went out before: a row, no letter. */
static void test_joined_later(void **context) {
    struct trial t;
    (void)context;
    trial_open(&t, NULL, "2022-04-01T08:00");
    trial_world(&t, true);
    trial_do(&t, "registration.make", "{'meeting':'m','person':'a'}");
    trial_until(&t, "2022-05-18T08:00");
    trial_do(&t, "registration.make", "{'meeting':'m','person':'b'}");
    trial_do(&t, "registration.cancel", "{'meeting':'m','person':'a'}");
    trial_do(&t, "registration.make", "{'meeting':'m','person':'a'}");
    trial_until(&t, "2022-05-24T12:00");
    assert_int_equal(trial_rows(&t, "meeting-week-before", "b", "not-due", NULL), 1);
    assert_int_equal(trial_rows(&t, "meeting-week-before", "a", "accepted", NULL), 1);
    assert_int_equal(trial_rows(&t, "meeting-week-before", "a", NULL, NULL), 1);
    assert_int_equal(trial_rows(&t, "meeting-day-before", "b", "accepted", NULL), 1);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_deferred_too_often),
        cmocka_unit_test(test_said_twice),
        cmocka_unit_test(test_another_notifier),
        cmocka_unit_test(test_unknown_fate),
        cmocka_unit_test(test_late_result_while_it_waits),
        cmocka_unit_test(test_at_most_once),
        cmocka_unit_test(test_deferred),
        cmocka_unit_test(test_retry_after_giving_up),
        cmocka_unit_test(test_bounced),
        cmocka_unit_test(test_forbidden_when_armed),
        cmocka_unit_test(test_forbidden_when_fired),
        cmocka_unit_test(test_other_preferences),
        cmocka_unit_test(test_useful),
        cmocka_unit_test(test_paused),
        cmocka_unit_test(test_correction),
        cmocka_unit_test(test_retry_and_withdraw),
        cmocka_unit_test(test_joined_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
