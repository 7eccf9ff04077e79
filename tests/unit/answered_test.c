/* Who has answered is not asked any more, and who has left gets no more news, wherever that waits:
 * for its day, for the other end, in a digest or on a catch-up sheet. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/trial.h"

#define NUDGE(more)                                                                                \
    "rule \"n\" { about = \"meeting\" when = {\"registration_closes - 3d at 09:00\"} only = "      \
    "{\"state = called\"} to = \"not-answered\" letter = \"meeting-nudge\" class = \"news\" "      \
    "useful = \"registration_closes\" tells = true " more " }"                                     \
    "rule \"digest\" { about = \"digest\" when = {\"closed\"} only = {\"state = closed\", "        \
    "\"count\"} to = \"owner\" letter = \"digest\" class = \"news\" }"

static const char *deferred(struct trial *t, const struct rec_ledger *row) {
    (void)t;
    (void)row;
    return "deferred";
}

/* Two meetings, x and y, for which registration closes on the same day; one place in each. */
static void world(struct trial *t, const char *rules) {
    trial_open(t, rules, "2022-04-01T08:00");
    trial_world(t, false);
    for (const char *m = "xy"; *m; m++) {
        trial_do(t, "meeting.plan",
                 "{'meeting':'%c','network':'net','kind':'network','title':'N','starts':"
                 "'2022-04-20T09:00','minutes':60,'mode':'room','place':'P','capacity':1,"
                 "'audience':'members','registration_closes':'2022-04-15T09:00'}",
                 *m);
        trial_do(t, "meeting.call", "{'meeting':'%c'}", *m);
    }
}

static void is(struct trial *t, const char *person, const char *state, unsigned count,
               const char *what) {
    struct rec_ledger row = {.reason = TEXT_NONE};
    unsigned found = trial_rows(t, "n", person, state, &row);
    if (found != count)
        fail_msg("%s: %u nudges to %s are %s; expected %u", what, found, person, state, count);
    if (found && strcmp(state, "superseded") == 0)
        assert_true(text_is(row.reason, "they have answered"));
}

/* The second of a day waits for the next day. */
static void test_for_its_day(void **context) {
    static const struct {
        const char *type, *more;
        unsigned superseded;
    } says[] = {
        {"registration.make", "", 1},
        {"registration.answer", ",'answer':'yes'", 1},
        {"registration.answer", ",'answer':'no'", 1},
        {"registration.answer", ",'answer':'maybe'", 0},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(says); i++) {
        struct rec_ledger row;
        struct trial t;
        world(&t, NUDGE("nudge = true"));
        trial_until(&t, "2022-04-12T10:00");
        is(&t, "a", "accepted", 1, "the first");
        is(&t, "b", "queued", 1, "the second");
        trial_rows(&t, "n", "a", "queued", &row);
        trial_do(&t, "registration.make", "{'meeting':'%.*s','person':'c'}", TEXT_ARGS(row.about));
        trial_do(&t, says[i].type, "{'meeting':'%.*s','person':'a'%s}", TEXT_ARGS(row.about),
                 says[i].more); /* there is no place left: she waits for one */
        trial_until(&t, "2022-04-13T10:00");
        if (trial_rows(&t, "n", "a", "superseded", NULL) != says[i].superseded)
            fail_msg("case %u", i);
        is(&t, "a", "accepted", 2 - says[i].superseded, "what left");
        is(&t, "b", "accepted", 2, "who is silent");
        is(&t, "c", "superseded", 1, "who was first");
        trial_close(&t);
    }
}

static void test_elsewhere(void **context) {
    struct trial t;
    (void)context;
    world(&t, NUDGE("")); /* the other end puts it off */
    trial_until(&t, "2022-04-12T08:00");
    t.fate = deferred;
    trial_until(&t, "2022-04-12T09:00");
    t.fate = NULL;
    is(&t, "a", "deferred", 2, "put off");
    trial_do(&t, "registration.make", "{'meeting':'x','person':'a'}");
    trial_until(&t, "2022-04-13T09:00");
    is(&t, "a", "superseded", 1, "put off, for x");
    is(&t, "a", "accepted", 1, "put off, for y");
    trial_close(&t);

    world(&t, NUDGE("")); /* she gathers */
    trial_do(&t, "preference.set", "{'person':'a','class':'news','on':true,'digest':'daily'}");
    trial_until(&t, "2022-04-12T10:00");
    is(&t, "a", "digested", 2, "gathered");
    trial_do(&t, "registration.make", "{'meeting':'x','person':'a'}");
    trial_do(&t, "registration.make", "{'meeting':'y','person':'a'}");
    trial_until(&t, "2022-04-13T10:00");
    is(&t, "a", "superseded", 2, "gathered");
    assert_int_equal(trial_rows(&t, "digest", "a", NULL, NULL), 0);
    trial_close(&t);

    world(&t, NUDGE("")); /* an outage */
    t.settings.catchup_ask = 2;
    t.now = trial_wall("2022-04-12T12:00");
    trial_settle(&t);
    is(&t, "a", "held", 2, "on the sheet");
    trial_do(&t, "registration.make", "{'meeting':'x','person':'a'}");
    trial_do(&t, "catchup.release", "{}");
    trial_until(&t, "2022-04-12T14:00");
    is(&t, "a", "superseded", 1, "on the sheet, for x");
    is(&t, "a", "accepted", 1, "on the sheet, for y");
    trial_close(&t);
}

/* The rule asks at another moment now, which lies ahead: what it asked before still waits. */
static void test_rule_changed_meanwhile(void **context) {
    struct trial t;
    (void)context;
    world(&t, NUDGE(""));
    trial_until(&t, "2022-04-12T08:00");
    t.fate = deferred;
    trial_until(&t, "2022-04-12T09:00");
    t.fate = NULL;
    trial_rules(&t,
                "rule \"n\" { about = \"meeting\" when = {\"registration_closes - 2d at 09:00\"} "
                "to = \"not-answered\" letter = \"meeting-nudge\" class = \"news\" }");
    trial_do(&t, "registration.make", "{'meeting':'x','person':'a'}");
    is(&t, "a", "superseded", 1, "of the rule as it was, for x");
    trial_until(&t, "2022-04-13T10:00");
    is(&t, "a", "accepted", 2, "of the rule as it was, for y, and as it is");
    trial_close(&t);
}

/* A yes to the old day is none to the new one; the next yes is. */
static void test_asked_again(void **context) {
    struct trial t;
    (void)context;
    world(&t, NUDGE(""));
    trial_do(&t, "registration.make", "{'meeting':'x','person':'a'}");
    t.now += MINUTES;
    trial_do(&t, "meeting.decide",
             "{'meeting':'x','decision':'postpone','starts':'2022-05-20T09:00'}");
    trial_until(&t, "2022-05-12T08:00");
    is(&t, "a", "accepted", 1, "about y");
    t.fate = deferred;
    trial_until(&t, "2022-05-12T09:00");
    t.fate = NULL;
    is(&t, "a", "deferred", 1, "about x, again");
    trial_do(&t, "registration.answer", "{'meeting':'x','person':'a','answer':'maybe'}");
    is(&t, "a", "deferred", 1, "she does not know yet");
    trial_do(&t, "registration.answer", "{'meeting':'x','person':'a','answer':'yes'}");
    is(&t, "a", "superseded", 1, "about x");
    trial_close(&t);
}

#define NEWS(to)                                                                                   \
    "rule \"n\" { about = \"meeting\" when = {\"called\"} to = \"" to "\" letter = "               \
    "\"meeting-nudge\" class = \"news\" }"                                                         \
    "rule \"digest\" { about = \"digest\" when = {\"closed\"} only = {\"state = closed\", "        \
    "\"count\"} to = \"owner\" letter = \"digest\" class = \"news\" }"

/* News is for whom it is for when it leaves: who has left meanwhile gets none, though the letter
 * was gathered for her, waits in the queue or in a digest that is ready. */
static void test_who_has_left(void **context) {
    static const char *const waits[] = {"queued", "digested", "digested, and closed"};
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(waits); i++) {
        struct rec_ledger row;
        struct trial t;
        trial_open(&t, NEWS("members"), "2022-04-01T10:00");
        trial_world(&t, false);
        if (i > 0)
            trial_do(&t, "preference.set",
                     "{'person':'a','class':'news','on':true,'digest':'daily'}");
        trial_do(&t, "meeting.call", "{'meeting':'m'}");
        trial_fire(&t);
        trial_away(&t, i < 2 ? "2022-04-01T12:00" : "2022-04-02T08:00");
        trial_do(&t, "membership.end", "{'network':'net','person':'a'}");
        trial_until(&t, "2022-04-03T12:00");
        if (trial_rows(&t, "n", "a", "suppressed", &row) != 1 ||
            !text_is(row.reason, "not in its audience any more"))
            fail_msg("%s", waits[i]);
        assert_int_equal(trial_rows(&t, "digest", "a", "accepted", NULL), 0);
        assert_int_equal(trial_rows(&t, "n", "b", "accepted", NULL), 1);
        trial_close(&t);
    }
}

/* Who came to a meeting is registered for it no more; what was for her is for her all the same. */
static void test_who_came(void **context) {
    struct trial t;
    (void)context;
    trial_open(&t,
               "rule \"n\" { about = \"meeting\" when = {\"starts - 1d\"} to = \"registered\" "
               "letter = \"meeting-nudge\" class = \"news\" }",
               "2022-04-01T10:00");
    trial_world(&t, true);
    trial_register(&t, "a");
    trial_until(&t, "2022-05-22T09:00");
    trial_away(&t, "2022-05-24T13:00");
    trial_do(&t, "attendance.record", "{'meeting':'m','entries':[{'person':'a','minutes':60}]}");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "n", "a", "accepted", NULL), 1);
    trial_close(&t);
}

/* A poll that was closed before its day, and a recording that was withdrawn, are announced to
 * nobody who has not heard of them. */
static void test_what_is_over(void **context) {
    static const char rules[] =
        "rule \"p\" { about = \"poll\" when = {\"opened\"} to = \"audience\" letter = "
        "\"poll-opened\" class = \"news\" }"
        "rule \"r\" { about = \"material\" when = {\"published\"} to = \"members\" letter = "
        "\"recording-published\" class = \"news\" }"
        "rule \"digest\" { about = \"digest\" when = {\"closed\"} only = {\"state = closed\", "
        "\"count\"} to = \"owner\" letter = \"digest\" class = \"news\" }";
    struct rec_ledger row;
    struct trial t;
    (void)context;
    trial_open(&t, rules, "2022-04-01T10:00");
    trial_world(&t, false);
    trial_do(&t, "preference.set", "{'person':'a','class':'news','on':true,'digest':'daily'}");
    trial_do(&t, "poll.open",
             "{'poll':'q','network':'net','question':'Q','closes':'2022-06-01T12:00','audience':"
             "'members','options':[{'option':'x','text':'X'},{'option':'y','text':'Y'}]}");
    trial_do(&t, "material.publish",
             "{'material':'m1','network':'net','kind':'recording','title':'T','language':'sv',"
             "'link':'https://r.example','visibility':'members'}");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, NULL, "a", "digested", NULL), 2);
    trial_do(&t, "poll.close", "{'poll':'q'}");
    trial_do(&t, "material.withdraw", "{'material':'m1'}");
    trial_until(&t, "2022-04-02T10:00");
    assert_int_equal(trial_rows(&t, "p", "a", "superseded", &row), 1);
    assert_true(text_is(row.reason, "the poll is closed"));
    assert_int_equal(trial_rows(&t, "r", "a", "superseded", &row), 1);
    assert_true(text_is(row.reason, "it was withdrawn"));
    assert_int_equal(trial_rows(&t, "digest", "a", NULL, NULL), 0);
    assert_int_equal(trial_rows(&t, "p", "b", "accepted", NULL), 1);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_for_its_day),
        cmocka_unit_test(test_elsewhere),
        cmocka_unit_test(test_rule_changed_meanwhile),
        cmocka_unit_test(test_asked_again),
        cmocka_unit_test(test_who_has_left),
        cmocka_unit_test(test_who_came),
        cmocka_unit_test(test_what_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
