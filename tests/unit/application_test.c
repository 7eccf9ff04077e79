/* An application from its draft to its judgement, its evidence, and its withdrawal. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/harness/calls.h"

struct row {
    const char *type, *body, *code, *field;
};

static void refuse_all(struct trial *t, const struct row *rows, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        calls_refused(t, rows[i].code, rows[i].field,
                      trial_say(t, rows[i].type, "%s", rows[i].body));
}

#define START(id, call, organisation, contact)                                                     \
    "{'application':'" id "','call':'" call "','organisation':'" organisation                      \
    "','contact':'" contact "'}"

static void test_start(void **state) {
    static const struct row rows[] = {
        {"application.start", START("app0", "call", "t1", "t1-a"), "already", "application"},
        {"application.start", START("x", "none", "t1", "t1-a"), "not-found", "call"},
        {"application.start", START("x", "call", "none", "t1-a"), "not-found", "organisation"},
        {"application.start", START("x", "call", "t1", "none"), "not-found", "contact"},
        {"application.start", START("x", "call", "t1", "t0-a"), "not-entitled", "contact"},
        {"application.start", START("x", "call", "t0", "t0-b"), "already", "organisation"},
    };
    struct trial t;
    (void)state;
    calls_world(&t, 2, 2);
    calls_open(&t);
    trial_until(&t, "2022-01-20T10:00");
    calls_start(&t, 0);
    assert_true(text_is(calls_owed(&t, "complete-application", "app0"), "open"));
    refuse_all(&t, rows, COUNT_OF(rows));
    trial_do(&t, "application.withdraw", "{'application':'app0'}");
    assert_true(text_is(calls_owed(&t, "complete-application", "app0"), "moot"));
    trial_do(&t, "application.start", START("again", "call", "t0", "t0-b"));
    calls_refused(&t, "already", "application",
                  trial_say(&t, "application.withdraw", "{'application':'app0'}"));
    calls_refused(&t, "already", "organisation",
                  trial_say(&t, "application.start", START("x", "call", "t0", "t0-b")));
    trial_close(&t);
}

#define EDIT(more) "{'application':'app0'," more "}"

static void test_edit(void **state) {
    static const struct row rows[] = {
        {"application.edit", "{'application':'none'}", "not-found", "application"},
        {"application.edit", EDIT("'contact':'t1-a'"), "not-entitled", "contact"},
        {"application.edit", EDIT("'answers':{'nothing':'x'}"), "not-found", "answers.nothing"},
        {"application.edit", EDIT("'partners':['t0']"), "conflict", "partners"},
        {"application.edit", EDIT("'partners':['t1','t1']"), "conflict", "partners"},
        {"application.edit", EDIT("'partners':['none']"), "not-found", "partners"},
        {"application.edit", EDIT("'staff':['none']"), "not-found", "staff"},
        {"application.edit", EDIT("'staff':['t0-a','t0-a']"), "conflict", "staff"},
    };
    struct trial t;
    struct list answers;
    struct text question, answer;
    (void)state;
    calls_world(&t, 2, 2);
    calls_open(&t);
    trial_until(&t, "2022-01-20T10:00");
    calls_start(&t, 0);
    refuse_all(&t, rows, COUNT_OF(rows));
    trial_do(&t, "application.edit", EDIT("'answers':{'plans':'one'},'partners':['t1']"));
    trial_do(&t, "application.edit", EDIT("'answers':{'problem':'p'},'contact':'t0-b'"));
    trial_do(&t, "application.edit", EDIT("'answers':{'plans':'two'},'problem':'waste'"));
    answers = calls_application(&t, 0).answers;
    assert_int_equal(answers.count, 2);
    assert_true(codec_next_pair_text(&answers, &question, &answer));
    assert_true(text_is(question, "problem") && text_is(answer, "p"));
    assert_true(codec_next_pair_text(&answers, &question, &answer));
    assert_true(text_is(question, "plans") && text_is(answer, "two"));
    assert_true(text_is(calls_application(&t, 0).contact, "t0-b"));
    assert_int_equal(calls_application(&t, 0).partners.count, 1);
    trial_close(&t);
}

static void test_submit(void **state) {
    static const struct row rows[] = {
        {"application.submit", "{'application':'none'}", "not-found", "application"},
        {"application.submit", "{'application':'app0'}", "missing", "answers.problem"},
        {"application.edit", EDIT("'answers':{'problem':'p','plans':' '}"), "applied", NULL},
        {"application.submit", "{'application':'app0'}", "missing", "answers.plans"},
        {"application.edit", EDIT("'answers':{'plans':'q'}"), "applied", NULL},
        {"application.submit", "{'application':'app0'}", "missing", "staff"},
        {"application.edit", EDIT("'staff':['t0-a']"), "applied", NULL},
        {"application.submit", "{'application':'app0'}", "missing", "budget_accepted"},
        {"application.edit", EDIT("'budget_accepted':true"), "applied", NULL},
        {"application.submit", "{'application':'app0'}", "applied", NULL},
        {"application.submit", "{'application':'app0'}", "already", "application"},
        {"application.edit", EDIT("'problem':'x'"), "wrong-state", "application"},
    };
    struct trial t;
    (void)state;
    calls_world(&t, 2, 1);
    calls_open(&t);
    trial_until(&t, "2022-01-20T10:00");
    calls_start(&t, 0);
    refuse_all(&t, rows, COUNT_OF(rows));
    assert_true(text_is(calls_application(&t, 0).state, "submitted"));
    assert_true(text_is(calls_owed(&t, "complete-application", "app0"), "met"));
    trial_close(&t);
}

#define MORE(due) "{'application':'app0','questions':'Why?','due':'" due "'}"
#define ANSWER "{'application':'app0','text':'Therefore.'}"

static void test_more(void **state) {
    struct trial t;
    (void)state;
    calls_world(&t, 2, 1);
    calls_open(&t);
    trial_until(&t, "2022-01-20T10:00");
    calls_submit(&t, 0);
    calls_refused(&t, "wrong-state", "application",
                  trial_say(&t, "application.answer_more", ANSWER));
    trial_until(&t, "2022-02-01T10:00");
    calls_refused(&t, "too-late", "due",
                  trial_say(&t, "application.ask_more", MORE("2022-02-01T10:00")));
    trial_do(&t, "application.ask_more", MORE("2022-02-04T12:00"));
    calls_refused(&t, "wrong-state", "application",
                  trial_say(&t, "application.ask_more", MORE("2022-02-05T12:00")));
    assert_true(text_is(calls_owed(&t, "answer-more", "app0"), "open"));
    trial_do(&t, "application.edit", EDIT("'answers':{'plans':' '}")); /* long after the closing */
    calls_refused(&t, "missing", "answers.plans", trial_say(&t, "application.answer_more", ANSWER));
    trial_do(&t, "application.edit", EDIT("'answers':{'plans':'better'}"));
    trial_until(&t, "2022-02-04T12:01");
    calls_refused(&t, "too-late", "application",
                  trial_say(&t, "application.edit", EDIT("'problem':'x'")));
    trial_do(&t, "application.answer_more", ANSWER); /* late, and better than never */
    assert_true(text_is(calls_application(&t, 0).state, "submitted"));
    assert_true(text_is(calls_owed(&t, "answer-more", "app0"), "met"));
    trial_close(&t);
}

#define JUDGE(more) "{'application':'app0'," more "}"

static void test_judge(void **state) {
    static const struct row rows[] = {
        {"application.judge_eligible", JUDGE("'ok':false"), "missing", "reasons"},
        {"application.judge_eligible", JUDGE("'ok':false,'reasons':'r','failed':['none']"),
         "not-found", "failed"},
        {"application.judge_eligible", JUDGE("'ok':false,'reasons':'r','failed':['ambition']"),
         "bad-value", "failed"},
        {"application.judge_eligible", JUDGE("'ok':true,'failed':['staff']"), "conflict", "failed"},
        {"application.judge_eligible", JUDGE("'ok':false,'reasons':'r','failed':['staff']"),
         "applied", NULL},
        {"application.judge_eligible", JUDGE("'ok':false,'reasons':'r'"), "already", "application"},
        {"application.judge_eligible", JUDGE("'ok':true"), "applied", NULL}, /* corrected */
        {"application.judge_eligible", JUDGE("'ok':true"), "already", "application"},
        {"application.judge_eligible", JUDGE("'ok':false,'reasons':'r'"), "applied", NULL},
        {"application.judge_eligible", JUDGE("'ok':false,'reasons':'r'"), "already", "application"},
        {"application.judge_eligible", JUDGE("'ok':true"), "applied", NULL},
        {"decision.make", JUDGE("'outcome':'declined','reasons':'r'"), "applied", NULL},
        {"application.judge_eligible", JUDGE("'ok':false,'reasons':'r'"), "too-late",
         "application"},
    };
    struct trial t;
    (void)state;
    calls_world(&t, 2, 2);
    calls_open(&t);
    trial_until(&t, "2022-01-20T10:00");
    calls_submit(&t, 0);
    calls_start(&t, 1);
    calls_refused(&t, "wrong-state", "application",
                  trial_say(&t, "application.judge_eligible", "{'application':'app1','ok':true}"));
    trial_until(&t, "2022-02-01T10:00");
    refuse_all(&t, rows, COUNT_OF(rows));
    trial_close(&t);
}

/* What never came is judged too, and then is owed no more. */
static void test_judge_unanswered(void **state) {
    struct trial t;
    (void)state;
    calls_world(&t, 2, 1);
    calls_open(&t);
    trial_until(&t, "2022-01-20T10:00");
    calls_submit(&t, 0);
    trial_do(&t, "application.ask_more", MORE("2022-02-04T12:00"));
    trial_until(&t, "2022-02-10T10:00");
    assert_true(text_is(calls_owed(&t, "answer-more", "app0"), "overdue"));
    calls_refused(&t, "wrong-state", "application",
                  trial_say(&t, "application.judge_eligible", JUDGE("'ok':true")));
    trial_do(&t, "application.judge_eligible", JUDGE("'ok':false,'reasons':'No answer.'"));
    assert_true(text_is(calls_owed(&t, "answer-more", "app0"), "moot"));
    trial_do(&t, "application.withdraw", "{'application':'app0'}");
    trial_close(&t);
}

/* Found eligible, assessed, and found out after all: nobody assesses it any more, and what was
 * found is known whatever comes after. */
static void test_judged_again(void **state) {
    struct trial t;
    (void)state;
    calls_world(&t, 2, 1);
    calls_open(&t);
    calls_eligible(&t, 1);
    trial_do(&t, "assessor.assign",
             "{'application':'app0','person':'as0','due':'2022-02-20T12:00'}");
    trial_do(&t, "assessor.assign",
             "{'application':'app0','person':'as1','due':'2022-02-20T12:00'}");
    assert_true(calls_application(&t, 0).eligible);
    trial_do(&t, "application.judge_eligible",
             JUDGE("'ok':false,'reasons':'No.','failed':['staff']"));
    assert_true(text_is(calls_owed(&t, "submit-assessment", "app0/as0"), "moot"));
    trial_do(&t, "application.judge_eligible", JUDGE("'ok':true"));
    assert_true(text_is(calls_owed(&t, "submit-assessment", "app0/as0"), "open"));
    assert_int_equal(calls_application(&t, 0).failed.count, 0);
    trial_do(&t, "application.judge_eligible",
             JUDGE("'ok':false,'reasons':'No.','failed':['staff']"));
    calls_decide(&t, 0, "declined", 0);
    trial_do(&t, "decision.release", "{'programme':'prog'}");
    struct rec_application a = calls_application(&t, 0);
    assert_true(text_is(a.state, "declined") && !a.eligible && a.failed.count == 1);
    assert_true(text_is(a.judgement.any, "No.") && !text_is(a.reasons.any, "No."));
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),        cmocka_unit_test(test_edit),
        cmocka_unit_test(test_submit),       cmocka_unit_test(test_more),
        cmocka_unit_test(test_judge),        cmocka_unit_test(test_judge_unanswered),
        cmocka_unit_test(test_judged_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
