/* The head-count of a letter to an audience: who will really be reached, by what is known. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/trial.h"

#define POLLS                                                                                      \
    "rule \"p\" { about = \"poll\" when = {\"opened\"} to = \"audience\" letter = "                \
    "\"poll-opened\" class = \"news\" }"
#define DIGESTS                                                                                    \
    "rule \"digest\" { about = \"digest\" when = {\"closed\"} only = {\"state = closed\", "        \
    "\"count\"} to = \"owner\" letter = \"digest\" class = \"news\" }"

static const char *send_it(struct trial *t, const char *class, const char *more) {
    return trial_say(
        t, "letter.send",
        "{'audience':'members','network':'net','class':'%s','subject':'S','text':'T'%s}", class,
        more);
}

/* a, b and c are members. All have had a letter of news this morning. */
static void begin(struct trial *t, const char *rules, const char *type, const char *body) {
    trial_open(t, rules, "2022-04-04T10:00");
    trial_world(t, false);
    trial_do(t, "poll.open",
             "{'poll':'q','network':'net','question':'Q','closes':'2022-06-01T12:00','audience':"
             "'members','options':[{'option':'x','text':'X'},{'option':'y','text':'Y'}]}");
    trial_settle(t);
    if (strcmp(type, "trial") == 0) {
        free(t->settings.trial_only);
        t->settings.trial_only = strdup(body);
    } else if (type[0])
        trial_do(t, type, "%s", body);
}

static const char one_a_week[] = "{'person':'a','class':'news','on':true,'most':1}";

static void test_reached(void **context) {
    static const struct {
        const char *what, *rules, *class, *type, *body, *more;
        int64_t count;
        unsigned accepted, digested; /* in the end */
    } cases[] = {
        {"all", POLLS, "news", "", "", "", 3, 3, 0},
        {"over her cap", POLLS, "news", "preference.set", one_a_week, "", 2, 2, 0},
        {"which is for news", POLLS, "duty", "preference.set", one_a_week, "", 3, 3, 0},
        {"gathered then", POLLS DIGESTS, "news", "preference.set", one_a_week, "", 3, 2, 1},
        {"room by then", POLLS, "news", "preference.set", one_a_week,
         ",'send_at':'2022-04-12T10:00'", 3, 3, 0},
        {"no room yet", POLLS, "news", "preference.set", one_a_week,
         ",'send_at':'2022-04-10T10:00'", 2, 2, 0},
        {"once a day", POLLS DIGESTS, "news", "preference.set",
         "{'person':'a','class':'news','on':true,'digest':'daily'}", "", 3, 2, 1},
        {"nothing gathers", POLLS, "news", "preference.set",
         "{'person':'a','class':'news','on':true,'digest':'daily'}", "", 3, 3, 0},
        {"no news", POLLS, "news", "preference.set", "{'person':'a','class':'news','on':false}", "",
         2, 2, 0},
        {"protected", POLLS, "duty", "person.protect", "{'person':'a','on':true}", "", 2, 2, 0},
        {"restricted", POLLS, "duty", "person.restrict", "{'person':'a','on':true}", "", 2, 2, 0},
        {"asleep", POLLS, "news", "quiet.set", "{'person':'a','from':'10:00','to':'12:00'}", "", 3,
         2, 0},
        {"no trial address", POLLS, "duty", "trial", "a@boras.example", "", 1, 1, 0},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct trial t;
        char more[100];
        begin(&t, cases[i].rules, cases[i].type, cases[i].body);
        snprintf(more, sizeof more, "%s,'count':%d", cases[i].more, (int)cases[i].count + 1);
        if (strcmp(send_it(&t, cases[i].class, more), "conflict"))
            fail_msg("%s: not %lld, and nobody noticed", cases[i].what, (long long)cases[i].count);
        snprintf(more, sizeof more, "%s,'count':%d", cases[i].more, (int)cases[i].count);
        if (strcmp(send_it(&t, cases[i].class, more), "applied"))
            fail_msg("%s: %s", cases[i].what, t.refusal.text);
        trial_until(&t, cases[i].more[0] ? "2022-04-12T10:00" : "2022-04-04T10:30");
        if (trial_rows(&t, "letter", NULL, "accepted", NULL) != cases[i].accepted ||
            trial_rows(&t, "letter", NULL, "digested", NULL) != cases[i].digested)
            fail_msg("%s: not what was counted", cases[i].what);
        trial_close(&t);
    }
}

/* Between the look and the order: it says who falls out and what to do. */
static void test_refused(void **context) {
    struct trial t;
    (void)context;
    begin(&t, POLLS, "", "");
    trial_do(&t, "preference.set", "%s", one_a_week);
    trial_do(&t, "person.protect", "{'person':'b','on':true}");
    assert_string_equal(send_it(&t, "news", ",'count':3"), "conflict");
    assert_string_equal(t.refusal.text,
                        "It would go to 1 person, not 3. Not to 1 (cap: 1 letter of news a week, "
                        "and no digest takes it while it is of use), 1 (protected identity). "
                        "Look again and type it anew.");
    trial_do(&t, "person.protect", "{'person':'b','on':false}");
    trial_do(&t, "preference.set", "{'person':'b','class':'news','on':true,'most':1}");
    trial_do(&t, "preference.set", "{'person':'c','class':'news','on':true,'most':2}");
    assert_string_equal(send_it(&t, "news", ",'count':3"), "conflict");
    assert_non_null(strstr(t.refusal.text, "It would go to 1 person, not 3. Not to 2 (cap: 1 "));
    trial_close(&t);
}

/* Its window ends when everybody has a row in it, not before: nobody is left behind in it. */
static void test_window(void **context) {
    struct trial t;
    struct rec_hold hold;
    struct rec_ledger row;
    (void)context;
    for (unsigned at_once = 0; at_once < 2; at_once++) {
        begin(&t, POLLS, "", "");
        t.settings.fire_slice = 1;
        assert_string_equal(send_it(&t, "duty", ",'window':60"), "applied");
        if (at_once) { /* at the very moment at which it was ordered */
            trial_do(&t, "hold.release", "{'hold':1}");
        } else { /* the first of them is gone before the second is considered */
            assert_int_equal(step_due(&t.step, t.now, t.now), 0);
            assert_int_equal(trial_rows(&t, "letter", NULL, "held", &row), 1);
            trial_do(&t, "delivery.withdraw", "{'delivery':%lld}", (long long)row.no);
        }
        trial_settle(&t);
        if (!at_once)
            assert_int_equal(trial_rows(&t, "letter", NULL, "held", NULL), 2);
        trial_until(&t, "2022-04-04T12:00");
        assert_int_equal(trial_rows(&t, "letter", NULL, "accepted", NULL), at_once ? 3 : 2);
        trial_get(&t, TABLE_HOLD, key_no(1), &hold);
        assert_true(text_is(hold.state, "ended") && hold.held == 0);
        trial_close(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reached),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
