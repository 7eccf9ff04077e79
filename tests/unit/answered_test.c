/* Who has answered is not asked any more, wherever the question waits: for its day, for the other
 * end, in a digest or on a catch-up sheet. */
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_for_its_day),
        cmocka_unit_test(test_elsewhere),
        cmocka_unit_test(test_asked_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
