/* A programme and its call: opening, closing to the second, extending. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/harness/calls.h"

#define PROGRAMME(id, hosts, lead, zone, starts, ends, phases)                                     \
    "{'programme':'" id "','name':'P','hosts':" hosts ",'lead':'" lead                             \
    "','places':2,'starts':'" starts "','ends':'" ends "','zone':'" zone "','phases':" phases "}"

static void test_programme_open(void **state) {
    (void)state;
    static const struct {
        const char *body, *code, *field;
    } rows[] = {
        {PROGRAMME("prog", "['ddc']", "lead", "Europe/Copenhagen", "2022-01-01", "2023-01-01",
                   "[]"),
         "already", "programme"},
        {PROGRAMME("p2", "['nobody']", "lead", "Europe/Copenhagen", "2022-01-01", "2023-01-01",
                   "[]"),
         "not-found", "hosts"},
        {PROGRAMME("p2", "['ddc','ddc']", "lead", "Europe/Copenhagen", "2022-01-01", "2023-01-01",
                   "[]"),
         "conflict", "hosts"},
        {PROGRAMME("p2", "['ddc']", "nobody", "Europe/Copenhagen", "2022-01-01", "2023-01-01",
                   "[]"),
         "not-found", "lead"},
        {PROGRAMME("p2", "['ddc']", "lead", "Europe/Atlantis", "2022-01-01", "2023-01-01", "[]"),
         "bad-value", "zone"},
        {PROGRAMME("p2", "['ddc']", "lead", "Europe/Copenhagen", "2022-01-01", "2022-01-01", "[]"),
         "conflict", "ends"},
        {PROGRAMME("p2", "['ddc']", "lead", "Europe/Copenhagen", "2022-01-01", "2023-01-01",
                   "[{'phase':'a','name':'A'},{'phase':'a','name':'B'}]"),
         "conflict", "phases"},
        {PROGRAMME("p2", "['ddc']", "lead", "Europe/Copenhagen", "2022-01-01", "2023-01-01", "[]"),
         "applied", NULL},
    };
    struct trial t;
    calls_world(&t, 2, 1);
    for (unsigned i = 0; i < COUNT_OF(rows); i++)
        calls_refused(&t, rows[i].code, rows[i].field,
                      trial_say(&t, "programme.open", "%s", rows[i].body));
    trial_close(&t);
}

static void test_programme_update_and_end(void **state) {
    (void)state;
    struct trial t;
    calls_world(&t, 2, 3);
    calls_open(&t);
    calls_refused(&t, "not-found", "programme",
                  trial_say(&t, "programme.update", "{'programme':'x'}"));
    calls_refused(&t, "not-found", "lead",
                  trial_say(&t, "programme.update", "{'programme':'prog','lead':'x'}"));
    calls_refused(&t, "conflict", "ends",
                  trial_say(&t, "programme.update", "{'programme':'prog','ends':'2022-01-01'}"));
    calls_eligible(&t, 3);
    calls_refused(&t, "wrong-state", "programme",
                  trial_say(&t, "programme.end", "{'programme':'prog'}"));
    calls_decide(&t, 0, "selected", 0);
    calls_decide(&t, 1, "selected", 0);
    calls_decide(&t, 2, "reserve", 1);
    trial_do(&t, "decision.release", "{'programme':'prog'}");
    calls_refused(&t, "conflict", "places",
                  trial_say(&t, "programme.update", "{'programme':'prog','places':1}"));
    trial_do(&t, "programme.update", "{'programme':'prog','places':3,'ends':'2025-03-31'}");
    assert_true(
        text_is(calls_application(&t, 2).state, "selected")); /* the new place is the next's */
    calls_check(&t);
    trial_do(&t, "programme.end", "{'programme':'prog'}");
    calls_refused(&t, "already", "programme",
                  trial_say(&t, "programme.end", "{'programme':'prog'}"));
    calls_refused(&t, "not-found", "programme",
                  trial_say(&t, "programme.end", "{'programme':'x'}"));
    calls_refused(&t, "wrong-state", "programme",
                  trial_say(&t, "programme.update", "{'programme':'prog'}"));
    trial_until(&t, "2022-03-01T09:00"); /* offers of an ended programme lapse without harm */
    calls_check(&t);
    trial_close(&t);
}

#define CALL(programme, opens, closes, criteria, questions)                                        \
    "{'call':'call','programme':'" programme "','opens':'" opens "','closes':'" closes             \
    "','accept_days':14,'criteria':" criteria ",'questions':" questions "}"
#define SCORED "[{'criterion':'a','text':'A','kind':'score'}]"

static void test_call_open_refused(void **state) {
    (void)state;
    static const struct {
        const char *body, *code, *field;
    } rows[] = {
        {CALL("none", "2022-01-10T09:00", "2022-01-28T23:59", SCORED, "[]"), "not-found",
         "programme"},
        {CALL("prog", "2022-01-28T23:59", "2022-01-28T23:59", SCORED, "[]"), "conflict", "closes"},
        {CALL("prog", "2022-01-01T09:00", "2022-01-03T08:59", SCORED, "[]"), "too-late", "closes"},
        {CALL("prog", "2022-01-10T09:00", "2022-01-28T23:59",
              "[{'criterion':'a','text':'A','kind':'must','weight':2}]", "[]"),
         "conflict", "criteria"},
        {CALL("prog", "2022-01-10T09:00", "2022-01-28T23:59",
              "[{'criterion':'a','text':'A','kind':'must'},"
              "{'criterion':'a','text':'B','kind':'score'}]",
              "[]"),
         "conflict", "criteria"},
        {CALL("prog", "2022-01-10T09:00", "2022-01-28T23:59", SCORED,
              "[{'question':'q','text':'Q'},{'question':'q','text':'R'}]"),
         "conflict", "questions"},
    };
    struct trial t;
    calls_world(&t, 2, 0);
    for (unsigned i = 0; i < COUNT_OF(rows); i++)
        calls_refused(&t, rows[i].code, rows[i].field,
                      trial_say(&t, "call.open", "%s", rows[i].body));
    calls_open(&t);
    calls_refused(&t, "already", "call",
                  trial_say(&t, "call.open",
                            CALL("prog", "2022-01-10T09:00", "2022-01-28T23:59", SCORED, "[]")));
    calls_refused(&t, "conflict", "programme",
                  trial_say(&t, "call.open",
                            "{'call':'other','programme':'prog','opens':'2022-01-10T09:00',"
                            "'closes':'2022-01-28T23:59','accept_days':14,'criteria':" SCORED "}"));
    trial_close(&t);
}

static void test_opens_and_closes_by_itself(void **state) {
    (void)state;
    struct trial t;
    calls_world(&t, 2, 1);
    calls_open(&t);
    assert_true(text_is(calls_call(&t).state, "planned"));
    trial_until(&t, "2022-01-10T08:59");
    assert_true(text_is(calls_programme(&t).state, "planned"));
    trial_until(&t, "2022-01-10T09:00");
    trial_settle(&t);
    assert_true(text_is(calls_call(&t).state, "open"));
    assert_true(text_is(calls_programme(&t).state, "calling"));
    calls_start(&t, 0);
    t.now = trial_wall("2022-01-28T23:59") + 59999;
    trial_settle(&t);
    assert_true(text_is(calls_call(&t).state, "open"));
    t.now++;
    trial_settle(&t);
    assert_true(text_is(calls_call(&t).state, "closed"));
    assert_int_equal(calls_call(&t).closed, t.now);
    assert_true(text_is(calls_programme(&t).state, "assessing"));
    assert_true(text_is(calls_application(&t, 0).state, "draft"));
    assert_true(text_is(calls_owed(&t, "complete-application", "app0"), "moot"));
    trial_close(&t);
}

static void test_begins_at_once(void **state) {
    (void)state;
    struct trial t;
    calls_world(&t, 2, 0);
    trial_do(&t, "call.open", CALL("prog", "2022-01-03T09:00", "2022-01-28T23:59", SCORED, "[]"));
    assert_true(text_is(calls_call(&t).state, "open"));
    assert_true(text_is(calls_programme(&t).state, "calling"));
    trial_settle(&t); /* nothing is due any more */
    assert_true(text_is(calls_call(&t).state, "open"));
    trial_close(&t);
}

/* 23:59:59 is in time and 00:00:00 is not, by when it was received and in the zone of the call. */
static void test_last_second(void **state) {
    (void)state;
    struct trial t;
    calls_world(&t, 2, 4);
    calls_open(&t);
    instant end = trial_wall("2022-01-29T00:00"), opens = trial_wall("2022-01-10T09:00");
    trial_until(&t, "2022-01-10T08:59");
    calls_refused(
        &t, "too-early", "call",
        trial_say(&t, "application.start",
                  "{'application':'x','call':'call','organisation':'t0','contact':'t0-a'}"));
    t.now = opens; /* it has not been looked after, and is open all the same */
    for (unsigned i = 0; i < 3; i++)
        calls_fill(&t, i);
    t.now = end - 1000;
    trial_do(&t, "application.submit", "{'application':'app0'}");
    t.now = end;
    calls_refused(&t, "too-late", "call",
                  trial_say(&t, "application.submit", "{'application':'app1'}"));
    calls_refused(&t, "too-late", "call",
                  trial_say(&t, "application.edit", "{'application':'app1','problem':'x'}"));
    calls_refused(
        &t, "too-late", "call",
        trial_say(&t, "application.start",
                  "{'application':'x','call':'call','organisation':'t3','contact':'t3-a'}"));
    t.now = end + 3 * HOURS; /* received in time, applied after an outage */
    assert_string_equal(trial_said(&t, end - 1, "application.submit", "{'application':'app1'}"),
                        "applied");
    trial_settle(&t);
    calls_refused(&t, "too-late", "call",
                  trial_said(&t, end, "application.submit", "{'application':'app2'}"));
    trial_close(&t);
}

static void test_extend(void **state) {
    (void)state;
    struct trial t;
    calls_world(&t, 2, 3);
    calls_open(&t);
    trial_until(&t, "2022-01-20T09:00");
    calls_start(&t, 0);
    calls_submit(&t, 1);
    calls_refused(&t, "not-found", "call",
                  trial_say(&t, "call.extend", "{'call':'x','closes':'2022-02-01T12:00'}"));
    calls_refused(&t, "conflict", "closes",
                  trial_say(&t, "call.extend", "{'call':'call','closes':'2022-01-28T23:59'}"));
    trial_do(&t, "call.extend", "{'call':'call','closes':'2022-01-30T12:00'}");
    assert_true(text_is(calls_call(&t).was_closes, "2022-01-28T23:59"));
    assert_true(text_is(calls_application(&t, 0).closes, "2022-01-30T12:00"));
    assert_int_equal(calls_application(&t, 0).extended, t.now);
    assert_int_equal(calls_application(&t, 1).extended, 0); /* it is submitted: nothing changes */
    trial_until(&t, "2022-01-29T09:00");
    assert_true(text_is(calls_call(&t).state, "open")); /* the old closing is forgotten */
    trial_until(&t, "2022-02-01T09:00");
    assert_true(text_is(calls_call(&t).state, "closed"));
    assert_true(text_is(calls_owed(&t, "complete-application", "app0"), "moot"));
    calls_refused(&t, "too-late", "closes",
                  trial_say(&t, "call.extend", "{'call':'call','closes':'2022-02-01T08:59'}"));
    trial_do(&t, "call.extend", "{'call':'call','closes':'2022-02-03T12:00'}"); /* reopened */
    assert_true(text_is(calls_call(&t).state, "open"));
    assert_true(text_is(calls_programme(&t).state, "calling"));
    assert_true(text_is(calls_owed(&t, "complete-application", "app0"), "open"));
    calls_submit(&t, 2);
    trial_until(&t, "2022-02-04T12:00");
    assert_true(text_is(calls_programme(&t).state, "assessing"));
    trial_close(&t);
}

static void test_extend_after_release(void **state) {
    (void)state;
    struct trial t;
    calls_world(&t, 2, 1);
    calls_open(&t);
    calls_eligible(&t, 1);
    calls_decide(&t, 0, "declined", 0);
    trial_do(&t, "decision.release", "{'programme':'prog'}");
    calls_refused(&t, "wrong-state", "call",
                  trial_say(&t, "call.extend", "{'call':'call','closes':'2022-03-01T12:00'}"));
    calls_refused(&t, "wrong-state", "programme", /* it runs: it calls no more */
                  trial_say(&t, "call.open",
                            "{'call':'other','programme':'prog','opens':'2022-03-10T09:00',"
                            "'closes':'2022-04-28T23:59','accept_days':14,'criteria':" SCORED "}"));
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_programme_open),
        cmocka_unit_test(test_programme_update_and_end),
        cmocka_unit_test(test_call_open_refused),
        cmocka_unit_test(test_opens_and_closes_by_itself),
        cmocka_unit_test(test_begins_at_once),
        cmocka_unit_test(test_last_second),
        cmocka_unit_test(test_extend),
        cmocka_unit_test(test_extend_after_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
