/* Assessors: who may be one, what scores come to, and who sees what others wrote. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/visible.h"
#include "services/scheduler/records/assessment.h"
#include "tests/harness/calls.h"

#define ASSIGN(person, due) "{'application':'app0','person':'" person "','due':'" due "'}"
#define DUE "2022-02-18T12:00"
#define SUBMIT(person, scores)                                                                     \
    "{'application':'app0','person':'" person "','scores':" scores ",'recommendation':'select'}"
#define CONFLICT(person) "{'application':'app0','person':'" person "','reason':'cousin'}"

static void open_eligible(struct trial *t) {
    calls_world(t, 2, 2);
    calls_open(t);
    calls_eligible(t, 1);
}

static struct rec_assessment assessment(struct trial *t, const char *person) {
    struct rec_assessment s;
    trial_get(t, TABLE_ASSESSMENT, key2(TEXT_LIT("app0"), text_of(person)), &s);
    return s;
}

static void test_assign(void **state) {
    static const struct {
        const char *body, *code, *field;
    } rows[] = {
        {"{'application':'none','person':'as0','due':'" DUE "'}", "not-found", "application"},
        {ASSIGN("none", DUE), "not-found", "person"},
        {ASSIGN("t0-b", DUE), "conflict", "person"}, /* of the applicant */
        {ASSIGN("t1-a", DUE), "conflict", "person"}, /* of a partner */
        {ASSIGN("as3", DUE), "conflict", "person"},  /* named in it */
        {ASSIGN("as0", "2022-02-05T09:00"), "too-late", "due"},
        {ASSIGN("as0", DUE), "applied", NULL},
        {ASSIGN("as0", DUE), "already", "person"},
        {"{'application':'app1','person':'as0','due':'" DUE "'}", "wrong-state", "application"},
    };
    struct trial t;
    (void)state;
    calls_world(&t, 2, 2);
    calls_open(&t);
    trial_until(&t, "2022-01-20T10:00");
    calls_fill(&t, 0);
    trial_do(&t, "application.edit",
             "{'application':'app0','partners':['t1'],'staff':['t0-a','as3']}");
    trial_do(&t, "application.submit", "{'application':'app0'}");
    calls_start(&t, 1);
    trial_until(&t, "2022-02-05T09:00");
    for (unsigned i = 0; i < COUNT_OF(rows); i++)
        calls_refused(&t, rows[i].code, rows[i].field,
                      trial_say(&t, "assessor.assign", "%s", rows[i].body));
    struct rec_assessment s = assessment(&t, "as0");
    assert_int_equal(s.half, s.asked + (trial_wall(DUE) - s.asked) / 2);
    assert_true(text_is(calls_owed(&t, "submit-assessment", "app0/as0"), "open"));
    trial_close(&t);
}

static void test_scores(void **state) {
    static const struct {
        const char *body, *code, *field;
    } rows[] = {
        {SUBMIT("as3", "{'ambition':4,'problem':2}"), "not-entitled", "person"},
        {SUBMIT("none", "{'ambition':4,'problem':2}"), "not-found", "person"},
        {SUBMIT("as0", "{'ambition':4}"), "missing", "scores.problem"},
        {SUBMIT("as0", "{'ambition':6,'problem':2}"), "bad-value", "scores.ambition"},
        {SUBMIT("as0", "{'ambition':5,'problem':6}"), "bad-value", "scores.problem"},
        {SUBMIT("as0", "{'ambition':5,'problem':2,'staff':1}"), "bad-value", "scores.staff"},
        {SUBMIT("as0", "{'ambition':5,'problem':2,'none':1}"), "bad-value", "scores.none"},
        {SUBMIT("as0", "{'ambition':4,'problem':2}"), "applied", NULL},
    };
    struct trial t;
    struct rec_application a;
    (void)state;
    open_eligible(&t);
    trial_do(&t, "assessor.assign", ASSIGN("as0", DUE));
    trial_do(&t, "assessor.assign", ASSIGN("as1", DUE));
    for (unsigned i = 0; i < COUNT_OF(rows); i++)
        calls_refused(&t, rows[i].code, rows[i].field,
                      trial_say(&t, "assessment.submit", "%s", rows[i].body));
    assert_int_equal(assessment(&t, "as0").weighted, 350); /* (3·4 + 2) ÷ 4 */
    assert_true(text_is(calls_owed(&t, "submit-assessment", "app0/as0"), "met"));
    a = calls_application(&t, 0);
    assert_true(text_is(a.state, "eligible"));
    assert_int_equal(a.assessments, 1);
    trial_do(&t, "assessment.submit", SUBMIT("as1", "{'ambition':5,'problem':0}"));
    a = calls_application(&t, 0);
    assert_true(text_is(a.state, "assessed"));
    assert_int_equal(a.assessments, 2);
    assert_int_equal(a.mean, 363); /* (350 + 375) ÷ 2, half up */
    assert_int_equal(a.spread, 25);
    trial_do(&t, "assessment.submit", SUBMIT("as1", "{'ambition':4,'problem':2}")); /* changed */
    assert_int_equal(calls_application(&t, 0).spread, 0);
    trial_do(&t, "assessor.assign", ASSIGN("as2", DUE));
    assert_true(text_is(calls_application(&t, 0).state, "assessed"));
    calls_decide(&t, 0, "selected", 0);
    assert_true(text_is(calls_owed(&t, "submit-assessment", "app0/as2"), "moot"));
    calls_refused(&t, "too-late", "application",
                  trial_say(&t, "assessment.submit", SUBMIT("as2", "{'ambition':4,'problem':2}")));
    calls_refused(&t, "too-late", "application",
                  trial_say(&t, "assessor.assign", ASSIGN("as3", DUE)));
    trial_close(&t);
}

static void test_conflict(void **state) {
    struct trial t;
    (void)state;
    open_eligible(&t);
    for (unsigned i = 0; i < 2; i++)
        trial_do(&t, "assessor.assign", "{'application':'app0','person':'as%u','due':'" DUE "'}",
                 i);
    calls_refused(&t, "not-entitled", "person",
                  trial_say(&t, "assessment.declare_conflict", CONFLICT("as3")));
    trial_do(&t, "assessment.submit", SUBMIT("as0", "{'ambition':4,'problem':2}"));
    calls_refused(&t, "wrong-state", "assessment",
                  trial_say(&t, "assessment.declare_conflict", CONFLICT("as0")));
    trial_do(&t, "assessment.declare_conflict", CONFLICT("as1"));
    assert_true(
        text_is(calls_application(&t, 0).state, "assessed")); /* nobody else is waited for */
    assert_true(text_is(calls_owed(&t, "submit-assessment", "app0/as1"), "moot"));
    calls_refused(&t, "already", "person",
                  trial_say(&t, "assessment.declare_conflict", CONFLICT("as1")));
    calls_refused(&t, "not-allowed", "person",
                  trial_say(&t, "assessment.submit", SUBMIT("as1", "{'ambition':4,'problem':2}")));
    trial_close(&t);
}

/* Somebody who came to belong to the applicants after she was asked. */
static void test_partial_later(void **state) {
    struct trial t;
    (void)state;
    open_eligible(&t);
    trial_do(&t, "assessor.assign", ASSIGN("as0", DUE));
    trial_do(&t, "person.update", "{'person':'as0','organisations':['uni','t0']}");
    calls_refused(&t, "not-allowed", "person",
                  trial_say(&t, "assessment.submit", SUBMIT("as0", "{'ambition':4,'problem':2}")));
    trial_close(&t);
}

/* What is not eligible need not be assessed, and must again when that is corrected. */
static void test_before_judgement(void **state) {
    struct trial t;
    (void)state;
    calls_world(&t, 2, 2);
    calls_open(&t);
    trial_until(&t, "2022-01-20T10:00");
    calls_submit(&t, 0);
    trial_do(&t, "assessor.assign", ASSIGN("as0", DUE));
    trial_do(&t, "application.judge_eligible", "{'application':'app0','ok':false,'reasons':'r'}");
    assert_true(text_is(calls_owed(&t, "submit-assessment", "app0/as0"), "moot"));
    calls_refused(&t, "wrong-state", "application",
                  trial_say(&t, "assessment.submit", SUBMIT("as0", "{'ambition':4,'problem':2}")));
    trial_do(&t, "application.judge_eligible", "{'application':'app0','ok':true}");
    assert_true(text_is(calls_owed(&t, "submit-assessment", "app0/as0"), "open"));
    calls_submit(&t, 1);
    trial_do(&t, "assessor.assign", "{'application':'app1','person':'as0','due':'" DUE "'}");
    trial_do(&t, "assessment.submit",
             "{'application':'app1','person':'as0','scores':{'ambition':4,'problem':2},"
             "'recommendation':'decline'}");
    assert_true(text_is(calls_application(&t, 1).state, "submitted"));
    trial_do(&t, "application.judge_eligible", "{'application':'app1','ok':true}");
    assert_true(text_is(calls_application(&t, 1).state, "assessed"));
    trial_close(&t);
}

static bool sees_others(struct trial *t, const struct rec_application *a, const char *reader) {
    struct rec_programme programme;
    struct rec_assessment own;
    struct office *o = &t->step.office;
    assert_int_equal(office_get(o, TABLE_PROGRAMME, key1(a->programme), &programme), 0);
    bool is_assessor =
        office_get(o, TABLE_ASSESSMENT, key2(a->application, text_of(reader)), &own) == 0;
    return visible_assessments(&programme, is_assessor ? &own : NULL, text_of(reader));
}

static void test_visible(void **state) {
    static const struct {
        const char *reader;
        int visible;
    } rows[] = {{"lead", 1}, {"as0", 1}, {"as1", 0}, {"as2", 0}, {"as3", 0}, {"t0-a", 0}};
    struct trial t;
    struct rec_application a;
    (void)state;
    open_eligible(&t);
    for (unsigned i = 0; i < 3; i++)
        trial_do(&t, "assessor.assign", "{'application':'app0','person':'as%u','due':'" DUE "'}",
                 i);
    trial_do(&t, "assessment.submit", SUBMIT("as0", "{'ambition':4,'problem':2}"));
    trial_do(&t, "assessment.declare_conflict", CONFLICT("as2"));
    a = calls_application(&t, 0);
    for (unsigned i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(sees_others(&t, &a, rows[i].reader), rows[i].visible);
    trial_close(&t);
}

static void test_person_ends(void **state) {
    struct trial t;
    struct rec_application a;
    (void)state;
    open_eligible(&t);
    for (unsigned i = 0; i < 3; i++)
        trial_do(&t, "assessor.assign", "{'application':'app0','person':'as%u','due':'" DUE "'}",
                 i);
    trial_do(&t, "assessment.submit", SUBMIT("as0", "{'ambition':4,'problem':2}"));
    trial_do(&t, "person.merge", "{'person':'as0','into':'as1'}"); /* hers is kept */
    assert_true(text_is(assessment(&t, "as1").state, "submitted"));
    assert_true(text_is(calls_owed(&t, "submit-assessment", "app0/as1"), "met"));
    trial_do(&t, "person.merge", "{'person':'as2','into':'as3'}"); /* still owed */
    assert_true(text_is(assessment(&t, "as3").state, "asked"));
    assert_true(text_is(calls_owed(&t, "submit-assessment", "app0/as3"), "open"));
    assert_int_equal(trial_table(&t, TABLE_ASSESSMENT), 2);
    assert_true(text_is(calls_application(&t, 0).state, "eligible"));
    trial_do(&t, "person.erase", "{'person':'as3'}"); /* nobody is waited for any more */
    assert_true(text_is(assessment(&t, "as3").state, "conflict"));
    assert_true(text_is(calls_application(&t, 0).state, "assessed"));
    trial_do(&t, "person.merge", "{'person':'t0-a','into':'t0-b'}");
    a = calls_application(&t, 0);
    assert_true(text_is(a.contact, "t0-b"));
    assert_int_equal(a.staff.count, 1);
    trial_close(&t);
}

/* Whoever is partial is so under either name, whichever of the two goes. */
static void test_partial_by_merge(void **state) {
    struct trial t;
    (void)state;
    open_eligible(&t);
    for (unsigned i = 0; i < 4; i++)
        trial_do(&t, "assessor.assign", "{'application':'app0','person':'as%u','due':'" DUE "'}",
                 i);
    trial_do(&t, "assessment.declare_conflict", CONFLICT("as0"));
    trial_do(&t, "person.merge", "{'person':'as0','into':'as1'}");
    assert_true(text_is(assessment(&t, "as1").state, "conflict"));
    assert_false(text_is(calls_owed(&t, "submit-assessment", "app0/as1"), "open"));
    trial_do(&t, "assessment.submit", SUBMIT("as2", "{'ambition':4,'problem':2}"));
    trial_do(&t, "person.merge", "{'person':'as1','into':'as2'}");
    assert_true(text_is(assessment(&t, "as2").state, "conflict"));
    trial_do(&t, "person.merge", "{'person':'as3','into':'as2'}");
    assert_true(text_is(assessment(&t, "as2").state, "conflict"));
    assert_int_equal(trial_table(&t, TABLE_ASSESSMENT), 1);
    trial_close(&t);
}

/* What is overdue is so for the other, and does not fall overdue once more. */
static void test_overdue_by_merge(void **state) {
    struct trial t;
    (void)state;
    open_eligible(&t);
    trial_do(&t, "assessor.assign", "{'application':'app0','person':'as0','due':'" DUE "'}");
    trial_until(&t, "2022-02-19T12:00");
    assert_true(text_is(calls_owed(&t, "submit-assessment", "app0/as0"), "overdue"));
    trial_do(&t, "person.merge", "{'person':'as0','into':'as1'}");
    assert_true(text_is(calls_owed(&t, "submit-assessment", "app0/as1"), "overdue"));
    trial_close(&t);
}

/* What fell due while we were away is still due when she turns out to be another. */
static void test_due_at_merge(void **state) {
    struct trial t;
    (void)state;
    open_eligible(&t);
    trial_rules(&t, "rule \"h\" { about = \"assessment\" when = {\"half at 09:00\"} to = \"owner\" "
                    "letter = \"assessment-waiting\" class = \"duty\" }");
    trial_do(&t, "assessor.assign", "{'application':'app0','person':'as0','due':'" DUE "'}");
    t.now = trial_wall("2022-02-18T12:00");
    assert_string_equal(trial_said(&t, trial_wall("2022-02-18T11:00"), "person.merge",
                                   "{'person':'as0','into':'as1'}"),
                        "applied");
    trial_fire(&t);
    assert_int_equal(trial_rows(&t, "h", "as1", NULL, NULL), 1);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due_at_merge),     cmocka_unit_test(test_assign),
        cmocka_unit_test(test_scores),           cmocka_unit_test(test_conflict),
        cmocka_unit_test(test_partial_later),    cmocka_unit_test(test_before_judgement),
        cmocka_unit_test(test_visible),          cmocka_unit_test(test_person_ends),
        cmocka_unit_test(test_partial_by_merge), cmocka_unit_test(test_overdue_by_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
