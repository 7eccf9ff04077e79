/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/harness/trial.h"

static struct rec_morning morning(struct trial *t, const char *wall) {
    struct rec_morning m;
    trial_get(t, TABLE_MORNING, key1(text_of(wall)), &m);
    return m;
}

static void begin(struct trial *t) {
    trial_open(t, NULL, "2022-05-02T09:00");
    trial_world(t, true);
    trial_do(t, "person.update", "{'person':'d','functions':['operator']}");
    trial_settle(t);
}

static const char *fate_of_b(struct trial *t, const struct rec_ledger *row) {
    (void)t;
    return !text_is(row->rule, "poll-opened") ? "accepted"
           : text_is(row->person, "b")        ? "failed"
           : text_is(row->person, "c")        ? "unknown"
                                              : "accepted";
}

static void poll(struct trial *t, const char *id) {
    trial_do(t, "poll.open",
             "{'poll':'%s','network':'net','question':'Q','closes':'2022-05-30T12:00','audience':"
             "'members','options':[{'option':'x','text':'X'},{'option':'y','text':'Y'}]}",
             id);
}

/* Nothing needs anybody: no letter, morning after morning. */
static void test_nothing(void **context) {
    struct trial t;
    (void)context;
    begin(&t);
    poll(&t, "q");
    trial_until(&t, "2022-05-12T12:00");
    assert_int_equal(trial_rows(&t, "operators-morning", NULL, NULL, NULL), 0);
    assert_int_equal(trial_table(&t, TABLE_MORNING), 0);
    trial_close(&t);
}

/* What was refused is told of once, what is of unknown fate until somebody knows. */
static void test_letters(void **context) {
    struct rec_ledger row;
    struct trial t;
    (void)context;
    begin(&t);
    t.settings.unknown_resends = 0;
    t.fate = fate_of_b;
    poll(&t, "q");
    trial_until(&t, "2022-05-03T07:59");
    assert_int_equal(trial_rows(&t, "poll-opened", "c", "unknown", &row), 1);
    assert_int_equal(trial_rows(&t, "operators-morning", NULL, NULL, NULL), 0);
    assert_int_equal(trial_table(&t, TABLE_ATTENTION), 2);
    trial_until(&t, "2022-05-03T08:00");
    struct rec_morning m = morning(&t, "2022-05-03T08:00");
    assert_int_equal(m.failed, 1);
    assert_int_equal(m.unknown, 1);
    assert_int_equal(m.held, 0);
    assert_int_equal(m.matters.count, 2);
    assert_int_equal(trial_rows(&t, "operators-morning", "d", "accepted", NULL), 1);
    assert_int_equal(trial_rows(&t, "operators-morning", NULL, NULL, NULL), 1);
    trial_until(&t, "2022-05-04T08:00");
    m = morning(&t, "2022-05-04T08:00");
    assert_int_equal(m.failed, 0);
    assert_int_equal(m.unknown, 1);
    trial_do(&t, "delivery.settle", "{'delivery':%lld,'outcome':'sent'}", (long long)row.no);
    assert_int_equal(trial_table(&t, TABLE_ATTENTION), 0);
    trial_until(&t, "2022-05-08T12:00");
    assert_int_equal(trial_rows(&t, "operators-morning", "d", "accepted", NULL), 2);
    trial_close(&t);
}

/* An event that was set aside, and what somebody has not done in time. */
static void test_the_rest(void **context) {
    struct trial t;
    (void)context;
    begin(&t);
    assert_int_equal(step_quarantine(&t.step, t.now, ++t.seq, (struct bytes){"?", 1}, 3), 0);
    trial_until(&t, "2022-05-04T09:00");
    struct rec_morning m = morning(&t, "2022-05-03T08:00");
    assert_int_equal(m.quarantined, 1);
    assert_int_equal(trial_rows(&t, "operators-morning", NULL, NULL, NULL), 1);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
