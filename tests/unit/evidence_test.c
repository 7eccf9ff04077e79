/* Evidence: whose it is, until when it holds, and backing that must be renewed. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/harness/calls.h"

#define ADD(id, whose, more) "{'evidence':'" id "'," whose ",'kind':'political-backing'" more "}"
#define APP "'application':'app0'"
#define PART "'programme':'prog','participation':'t0'"

static struct rec_evidence evidence(struct trial *t, const char *id) {
    struct rec_evidence e;
    trial_get(t, TABLE_EVIDENCE, key1(text_of(id)), &e);
    return e;
}

static void test_add(void **state) {
    static const struct {
        const char *body, *code, *field;
    } rows[] = {
        {ADD("e", "'application':'none'", ",'text':'x'"), "not-found", "application"},
        {ADD("e", APP "," PART, ",'text':'x'"), "conflict", "application"},
        {"{'evidence':'e','kind':'other','text':'x'}", "missing", "application"},
        {ADD("e", "'programme':'prog'", ",'text':'x'"), "missing", "participation"},
        {ADD("e", "'participation':'t0'", ",'text':'x'"), "missing", "programme"},
        {ADD("e", PART, ",'text':'x'"), "not-found", "participation"},
        {ADD("e", APP, ""), "missing", "text"},
        {ADD("e", APP, ",'text':'x','valid_until':'2022-01-19'"), "too-late", "valid_until"},
        {ADD("e", APP, ",'text':'x','valid_until':'2022-01-20'"), "applied", NULL},
        {ADD("e", APP, ",'text':'x'"), "already", "evidence"},
    };
    struct trial t;
    (void)state;
    calls_world(&t, 2, 2);
    calls_open(&t);
    trial_until(&t, "2022-01-20T10:00");
    calls_start(&t, 0);
    calls_start(&t, 1);
    for (unsigned i = 0; i < COUNT_OF(rows); i++)
        calls_refused(&t, rows[i].code, rows[i].field,
                      trial_say(&t, "evidence.add", "%s", rows[i].body));
    assert_int_equal(trial_table(&t, TABLE_EVIDENCE_OF), 1);
    trial_do(&t, "application.withdraw", "{'application':'app1'}");
    calls_refused(&t, "wrong-state", "application",
                  trial_say(&t, "evidence.add", ADD("x", "'application':'app1'", ",'text':'x'")));
    trial_close(&t);
}

#define JUDGE(id, ok) "{'evidence':'" id "','ok':" ok "}"

static void test_judge_and_expire(void **state) {
    struct trial t;
    (void)state;
    calls_world(&t, 2, 1);
    calls_open(&t);
    trial_until(&t, "2022-01-20T10:00");
    calls_start(&t, 0);
    trial_do(&t, "evidence.add", ADD("e", APP, ",'text':'x','valid_until':'2022-01-22'"));
    trial_do(&t, "evidence.add", ADD("f", APP, ",'text':'x','valid_until':'2022-01-22'"));
    calls_refused(&t, "not-found", "evidence",
                  trial_say(&t, "evidence.judge", JUDGE("none", "true")));
    trial_do(&t, "evidence.judge", JUDGE("e", "true"));
    calls_refused(&t, "already", "evidence", trial_say(&t, "evidence.judge", JUDGE("e", "true")));
    trial_do(&t, "evidence.judge", JUDGE("e", "false"));
    calls_refused(&t, "already", "evidence", trial_say(&t, "evidence.judge", JUDGE("e", "false")));
    trial_do(&t, "evidence.judge", JUDGE("e", "true"));
    trial_do(&t, "evidence.judge", JUDGE("f", "false"));
    trial_until(&t, "2022-01-22T23:59");
    assert_true(text_is(evidence(&t, "e").state, "accepted"));
    trial_until(&t, "2022-01-23T00:00");
    calls_refused(&t, "too-late", "evidence", /* also while nobody has looked after it */
                  trial_say(&t, "evidence.judge", JUDGE("e", "false")));
    trial_settle(&t);
    assert_true(text_is(evidence(&t, "e").state, "expired"));
    assert_true(text_is(evidence(&t, "f").state, "rejected"));
    calls_refused(&t, "too-late", "evidence", trial_say(&t, "evidence.judge", JUDGE("e", "true")));
    trial_close(&t);
}

static void test_renew(void **state) {
    struct trial t;
    (void)state;
    calls_world(&t, 2, 1);
    calls_open(&t);
    calls_eligible(&t, 1);
    trial_do(&t, "evidence.add", ADD("e", APP, ",'text':'x','valid_until':'2022-05-01'"));
    calls_decide(&t, 0, "selected", 0);
    trial_do(&t, "decision.release", "{'programme':'prog'}");
    trial_do(&t, "offer.accept", "{'application':'app0','person':'t0-a'}");
    trial_until(&t, "2022-05-02T09:00");
    assert_true(text_is(evidence(&t, "e").state, "expired"));
    assert_false(text_is(calls_owed(&t, "renew-backing", "e"), "none"));
    assert_false(text_is(calls_owed(&t, "renew-backing", "e"), "met"));
    trial_do(&t, "evidence.add", ADD("f", PART, ",'text':'x','valid_until':'2024-03-31'"));
    assert_true(text_is(calls_owed(&t, "renew-backing", "e"), "met"));
    trial_until(&t, "2024-04-02T09:00");
    assert_true(text_is(evidence(&t, "f").state, "expired"));
    assert_true(text_is(calls_owed(&t, "renew-backing", "f"), "none")); /* the programme is over */
    trial_close(&t);
}

/* What holds to the programme's last day need not be renewed, and nobody is told that it ends. */
static void test_falls_short(void **state) {
    struct trial t;
    (void)state;
    calls_world(&t, 2, 1);
    trial_rules(&t, NULL);
    calls_open(&t);
    calls_eligible(&t, 1);
    trial_do(&t, "evidence.add", ADD("e", APP, ",'text':'x','valid_until':'2024-03-31'"));
    trial_do(&t, "evidence.add", ADD("f", APP, ",'text':'x','valid_until':'2023-03-31'"));
    assert_false(evidence(&t, "e").falls_short);
    assert_true(evidence(&t, "f").falls_short);
    assert_int_equal(trial_plans(&t, "backing-expires", "planned"), 2); /* of f */
    trial_do(&t, "programme.update", "{'programme':'prog','ends':'2024-06-30'}");
    assert_true(evidence(&t, "e").falls_short);
    assert_int_equal(trial_plans(&t, "backing-expires", "planned"), 4);
    trial_do(&t, "programme.update", "{'programme':'prog','ends':'2023-03-31'}");
    assert_false(evidence(&t, "f").falls_short);
    assert_int_equal(trial_plans(&t, "backing-expires", "planned"), 0);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_judge_and_expire),
        cmocka_unit_test(test_renew),
        cmocka_unit_test(test_falls_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
