/* Decisions are made one by one, held, and told together. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/harness/calls.h"

#define MAKE(id, more) "{'application':'" id "','reasons':'r'," more "}"
#define RELEASE "{'programme':'prog'}"

static void test_make(void **state) {
    static const struct {
        const char *body, *code, *field;
    } rows[] = {
        {MAKE("none", "'outcome':'declined'"), "not-found", "application"},
        {MAKE("app0", "'outcome':'reserve'"), "missing", "rank"},
        {MAKE("app0", "'outcome':'declined','rank':1"), "conflict", "rank"},
        {MAKE("app0", "'outcome':'selected'"), "applied", NULL},
        {MAKE("app1", "'outcome':'selected'"), "applied", NULL},
        {MAKE("app2", "'outcome':'selected'"), "full", "outcome"},
        {MAKE("app1", "'outcome':'selected'"), "applied", NULL}, /* its own place counts once */
        {MAKE("app1", "'outcome':'reserve','rank':1"), "applied", NULL},
        {MAKE("app2", "'outcome':'reserve','rank':1"), "conflict", "rank"},
        {MAKE("app1", "'outcome':'reserve','rank':1"), "applied", NULL},
        {MAKE("app2", "'outcome':'selected'"), "applied", NULL},
        {MAKE("app3", "'outcome':'selected'"), "wrong-state", "application"}, /* not eligible */
        {MAKE("app3", "'outcome':'declined'"), "applied", NULL},
        {MAKE("app4", "'outcome':'declined'"), "wrong-state", "application"}, /* a draft */
    };
    struct trial t;
    (void)state;
    calls_world(&t, 2, 5);
    calls_open(&t);
    trial_until(&t, "2022-01-20T10:00");
    for (unsigned i = 0; i < 4; i++) {
        calls_submit(&t, i);
        trial_do(&t, "application.judge_eligible", "{'application':'app%u','ok':%s,'reasons':'r'}",
                 i, i < 3 ? "true" : "false");
    }
    calls_start(&t, 4);
    calls_refused(&t, "too-early", "application",
                  trial_say(&t, "decision.make", MAKE("app0", "'outcome':'selected'")));
    trial_until(&t, "2022-02-05T10:00");
    for (unsigned i = 0; i < COUNT_OF(rows); i++)
        calls_refused(&t, rows[i].code, rows[i].field,
                      trial_say(&t, "decision.make", "%s", rows[i].body));
    assert_true(text_is(calls_application(&t, 0).state, "eligible")); /* nobody has been told */
    assert_int_equal(calls_programme(&t).taken, 0);
    trial_close(&t);
}

static void test_release(void **state) {
    struct trial t;
    (void)state;
    calls_world(&t, 2, 5);
    calls_refused(&t, "not-found", "programme", trial_say(&t, "decision.release", RELEASE));
    calls_refused(&t, "not-found", "programme",
                  trial_say(&t, "decision.release", "{'programme':'none'}"));
    calls_open(&t);
    calls_refused(&t, "too-early", "programme", trial_say(&t, "decision.release", RELEASE));
    calls_eligible(&t, 4);
    calls_decide(&t, 0, "selected", 0);
    calls_decide(&t, 1, "reserve", 2);
    calls_decide(&t, 2, "reserve", 1);
    calls_refused(&t, "missing", "decision.app3", trial_say(&t, "decision.release", RELEASE));
    calls_decide(&t, 3, "declined", 0);
    trial_do(&t, "decision.release", RELEASE);
    struct rec_application a = calls_application(&t, 0);
    assert_true(text_is(a.state, "selected"));
    assert_true(a.released == t.now && a.offered == t.now);
    assert_int_equal(a.offer_expires, trial_wall("2022-02-19T23:59"));
    assert_true(text_is(calls_application(&t, 1).state, "reserve"));
    assert_true(text_is(calls_application(&t, 3).state, "declined"));
    assert_int_equal(calls_application(&t, 3).released, t.now);
    assert_true(text_is(calls_call(&t).state, "decided"));
    assert_true(text_is(calls_programme(&t).state, "running"));
    assert_int_equal(calls_programme(&t).taken, 1);
    assert_true(text_is(calls_owed(&t, "answer-offer", "app0"), "open"));
    calls_check(&t);
    calls_refused(&t, "already", "programme", trial_say(&t, "decision.release", RELEASE));
    calls_refused(&t, "already", "application",
                  trial_say(&t, "decision.make", MAKE("app3", "'outcome':'selected'")));
    trial_close(&t);
}

/* Released before anybody looked after the closing; and a judgement corrected after the release. */
static void test_release_at_once_and_again(void **state) {
    struct trial t;
    (void)state;
    calls_world(&t, 2, 4);
    calls_open(&t);
    trial_until(&t, "2022-01-20T10:00");
    for (unsigned i = 0; i < 3; i++) {
        calls_submit(&t, i);
        trial_do(&t, "application.judge_eligible", "{'application':'app%u','ok':%s,'reasons':'r'}",
                 i, i < 2 ? "true" : "false");
    }
    calls_start(&t, 3);
    t.now = trial_wall("2022-02-05T09:00");
    assert_true(text_is(calls_call(&t).state, "open"));
    calls_decide(&t, 0, "selected", 0);
    calls_decide(&t, 1, "reserve", 1);
    trial_do(&t, "decision.release", RELEASE);
    assert_true(text_is(calls_call(&t).state, "decided"));
    assert_true(text_is(calls_owed(&t, "complete-application", "app3"), "moot"));
    trial_settle(&t);
    assert_true(text_is(calls_call(&t).state, "decided"));
    trial_do(&t, "application.judge_eligible", "{'application':'app2','ok':true}");
    calls_refused(&t, "conflict", "rank",
                  trial_say(&t, "decision.make", MAKE("app2", "'outcome':'reserve','rank':1")));
    calls_decide(&t, 2, "selected", 0);
    trial_do(&t, "decision.release", RELEASE);
    assert_int_equal(calls_programme(&t).taken, 2);
    assert_true(text_is(calls_application(&t, 1).state, "reserve"));
    calls_check(&t);
    trial_close(&t);
}

static void test_yes_and_no(void **state) {
    struct trial t;
    (void)state;
    calls_world(&t, 2, 2);
    calls_open(&t);
    trial_do(&t, "person.update", "{'person':'t0-a','organisations':['t0','t1']}");
    trial_until(&t, "2022-01-20T10:00");
    for (unsigned i = 0; i < 2; i++)
        calls_fill(&t, i);
    trial_do(&t, "application.edit", "{'application':'app1','contact':'t0-a'}");
    for (unsigned i = 0; i < 2; i++) {
        trial_do(&t, "application.submit", "{'application':'app%u'}", i);
        trial_do(&t, "application.judge_eligible", "{'application':'app%u','ok':true}", i);
    }
    trial_until(&t, "2022-02-05T09:00");
    calls_decide(&t, 0, "selected", 0);
    calls_decide(&t, 1, "declined", 0);
    calls_refused(&t, "conflict", "anyway", trial_say(&t, "decision.release", RELEASE));
    trial_do(&t, "decision.release", "{'programme':'prog','anyway':true}");
    calls_check(&t);
    trial_close(&t);
}

/* There were places when it was decided, and then fewer. */
static void test_release_full(void **state) {
    struct trial t;
    (void)state;
    calls_world(&t, 2, 3);
    calls_open(&t);
    trial_until(&t, "2022-01-20T10:00");
    calls_submit(&t, 2);
    calls_eligible(&t, 2);
    calls_decide(&t, 0, "selected", 0);
    calls_decide(&t, 1, "selected", 0);
    calls_refused(&t, "missing", "decision.app2", trial_say(&t, "decision.release", RELEASE));
    trial_do(&t, "application.withdraw", "{'application':'app2'}"); /* nobody waits any more */
    trial_do(&t, "programme.update", "{'programme':'prog','places':1}");
    calls_refused(&t, "full", "programme", trial_say(&t, "decision.release", RELEASE));
    calls_decide(&t, 1, "declined", 0);
    trial_do(&t, "decision.release", RELEASE);
    calls_check(&t);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_release_at_once_and_again),
        cmocka_unit_test(test_yes_and_no),
        cmocka_unit_test(test_release_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
