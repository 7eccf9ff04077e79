/* service: scheduler */
/* Corrections: who was told hears of a change at once, of rapid edits once more when they are over,
 * and of one that is taken back nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/trial.h"

#define EDITS 4
enum edit { END, MOVE, BACK, MODE, PLACE, CANCEL, POSTPONE, HOLD, GO };

static void edit(struct trial *t, enum edit edit, unsigned n) {
    switch (edit) {
    case MOVE:
        trial_do(t, "meeting.move", "{'meeting':'m','starts':'2022-05-24T1%u:00'}", n);
        return;
    case BACK:
        trial_do(t, "meeting.move", "{'meeting':'m','starts':'2022-05-24T09:00'}");
        return;
    case MODE:
        trial_do(t, "meeting.set_mode", "{'meeting':'m','mode':'room','place':'Room %u'}", n);
        return;
    case PLACE:
        trial_do(t, "meeting.set_mode",
                 "{'meeting':'m','mode':'video','link':'https://video.example/%u'}", n);
        return;
    case CANCEL:
        trial_do(t, "meeting.cancel", "{'meeting':'m','reason':'No speaker'}");
        return;
    case POSTPONE:
        trial_do(t, "meeting.decide",
                 "{'meeting':'m','decision':'postpone','starts':'2022-06-0%uT09:00'}", n);
        return;
    case HOLD: /* nothing leaves until GO */
    case GO:
    case END:
        break;
    }
}

static const struct {
    const char *what;
    const char *from; /* minute 0 */
    struct {
        unsigned minute;
        enum edit edit;
        unsigned n;
    } edits[EDITS];
    const char *told; /* "minute:rule" of what one reader got */
} cases[] = {
    {"one", "2022-05-10T10:00", {{0, MOVE, 1}}, "0:moved "},
    {"two", "2022-05-10T10:00", {{0, MOVE, 1}, {3, MOVE, 2}}, "0:moved 10:moved "},
    {"three", "2022-05-10T10:00", {{0, MOVE, 1}, {3, MOVE, 2}, {9, MOVE, 3}}, "0:moved 10:moved "},
    {"of other kinds",
     "2022-05-10T10:00",
     {{0, MOVE, 1}, {3, MODE, 2}},
     "0:moved 10:mode-changed "},
    {"a move says where, too",
     "2022-05-10T10:00",
     {{0, MOVE, 1}, {3, MODE, 2}, {5, MOVE, 3}},
     "0:moved 10:moved "},
    {"and the other way round",
     "2022-05-10T10:00",
     {{0, MODE, 1}, {3, MOVE, 2}, {5, MODE, 3}},
     "0:mode-changed 10:moved "},
    {"back to what was told first",
     "2022-05-10T10:00",
     {{0, MOVE, 1}, {3, MOVE, 2}, {5, MOVE, 1}},
     "0:moved "},
    {"back to what was told before",
     "2022-05-10T10:00",
     {{0, MOVE, 1}, {3, BACK, 0}},
     "0:moved 10:moved "},
    {"long after", "2022-05-10T10:00", {{0, MOVE, 1}, {10, MOVE, 2}}, "0:moved 10:moved "},
    {"after the second",
     "2022-05-10T10:00",
     {{0, MOVE, 1}, {3, MOVE, 2}, {12, MOVE, 3}},
     "0:moved 10:moved 20:moved "},
    {"cancelled at once",
     "2022-05-10T10:00",
     {{0, MOVE, 1}, {3, CANCEL, 0}},
     "0:moved 3:cancelled "},
    {"what waits falls with it",
     "2022-05-10T10:00",
     {{0, MOVE, 1}, {2, MOVE, 2}, {3, CANCEL, 0}},
     "0:moved 3:cancelled "},
    {"postponed at once",
     "2022-05-10T10:00",
     {{0, PLACE, 1}, {2, PLACE, 2}, {3, POSTPONE, 1}},
     "0:mode-changed 3:postponed "},
    {"where, after postponing",
     "2022-05-10T10:00",
     {{0, POSTPONE, 1}, {3, PLACE, 2}},
     "0:postponed 10:mode-changed "},
    {"nothing had left",
     "2022-05-10T10:00",
     {{0, HOLD, 0}, {0, MOVE, 1}, {3, MOVE, 2}, {4, GO, 0}},
     "10:moved "},
    {"nothing had left, and nothing changed",
     "2022-05-10T10:00",
     {{0, HOLD, 0}, {0, MOVE, 1}, {3, BACK, 0}, {4, GO, 0}},
     ""},
    {"on the day before",
     "2022-05-23T10:00",
     {{0, PLACE, 1}, {3, PLACE, 2}},
     "0:mode-changed 10:mode-changed "},
    {"in the last hours no waiting",
     "2022-05-24T07:45",
     {{0, PLACE, 1}, {10, PLACE, 2}, {11, PLACE, 3}},
     "0:mode-changed 10:mode-changed 11:mode-changed "},
    {"nobody waits there any more",
     "2022-05-24T07:55",
     {{0, MOVE, 1}, {1, MOVE, 2}},
     "0:moved 10:moved "},
};

static void look(struct trial *t, unsigned minute, unsigned *had, char *told, size_t size) {
    static const char *const rules[] = {"moved", "mode-changed", "postponed", "cancelled"};
    for (unsigned i = 0; i < COUNT_OF(rules); i++) {
        char rule[40];
        snprintf(rule, sizeof rule, "meeting-%s", rules[i]);
        unsigned has = trial_rows(t, rule, "a", "accepted", NULL);
        for (; had[i] < has; had[i]++) {
            size_t n = strlen(told);
            snprintf(told + n, size - n, "%u:%s ", minute, rules[i]);
        }
    }
}

static void test_rapid_edits(void **context) {
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct trial t;
        char told[200] = "";
        unsigned had[4] = {0};
        bool held = false;
        trial_open(&t, NULL, "2022-05-02T08:00");
        trial_world(&t, true);
        trial_until(&t, cases[i].from);
        for (unsigned minute = 0; minute < 40; minute++) {
            for (unsigned e = 0; e < EDITS; e++) {
                enum edit now = cases[i].edits[e].edit;
                if (!now || cases[i].edits[e].minute != minute)
                    continue;
                edit(&t, now, cases[i].edits[e].n);
                trial_fire(&t);
                held = now == HOLD || (held && now != GO);
            }
            if (held)
                trial_fire(&t);
            else
                trial_settle(&t);
            look(&t, minute, had, told, sizeof told);
            t.now += MINUTES;
        }
        if (strcmp(told, cases[i].told))
            fail_msg("%s: \"%s\", expected \"%s\"", cases[i].what, told, cases[i].told);
        trial_close(&t);
    }
}

static void test_each_at_once(void **context) {
    struct trial t;
    (void)context;
    trial_open(&t, NULL, "2022-05-02T08:00");
    t.settings.merge_edits = 0;
    trial_world(&t, true);
    trial_settle(&t);
    for (unsigned i = 1; i <= 3; i++) {
        t.now += SECONDS;
        edit(&t, MOVE, i);
        trial_settle(&t);
        assert_int_equal(trial_rows(&t, "meeting-moved", "a", "accepted", NULL), i);
    }
    trial_close(&t);
}

static const char *to_b_unknown(struct trial *t, const struct rec_ledger *row) {
    (void)t;
    bool b = text_is(row->person, "b") && text_is(row->rule, "meeting-moved");
    return b ? "deferred" : "accepted";
}

/* Each hears what she has not heard: one got the first correction, the other did not. */
static void test_each_what_she_needs(void **context) {
    struct rec_ledger row;
    struct trial t;
    (void)context;
    trial_open(&t, NULL, "2022-05-02T08:00");
    trial_world(&t, true);
    trial_settle(&t);
    t.fate = to_b_unknown;
    edit(&t, MOVE, 1);
    trial_settle(&t);
    t.fate = NULL;
    edit(&t, MOVE, 2);
    edit(&t, MOVE, 1); /* as the first letter said, which b has not had */
    trial_until(&t, "2022-05-02T08:30");
    assert_int_equal(trial_rows(&t, "meeting-moved", "a", NULL, NULL), 1);
    assert_int_equal(trial_rows(&t, "meeting-moved", "b", "superseded", NULL), 1);
    assert_int_equal(trial_rows(&t, "meeting-moved", "b", "accepted", &row), 1);
    assert_int_equal(row.decided, trial_wall("2022-05-02T08:10"));
    trial_close(&t);
}

/* A letter that has not left is stopped by a change that is then taken back: whoever was to have it
 * is told instead, once, though she has known all the time how it is now. */
static void test_a_stopped_letter_is_owed(void **context) {
    static const struct {
        const char *what;
        const char *at; /* what falls due then does not leave before both edits */
        enum edit away, back;
        unsigned told; /* of corrections, accepted */
    } stops[] = {
        {"a reminder, and the day", "2022-05-17T09:00", MOVE, BACK, 1},
        {"a reminder, and the mode", "2022-05-17T09:00", MODE, PLACE, 1},
        {"postponed and moved back", "2022-05-17T09:00", POSTPONE, BACK, 1},
        {"the day before", "2022-05-23T09:00", MOVE, BACK, 1},
        {"nothing", "2022-05-16T09:00", MOVE, BACK, 0},
        {"nothing, and the mode", "2022-05-16T09:00", MODE, PLACE, 0},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(stops); i++) {
        struct trial t;
        char told[200] = "";
        unsigned had[4] = {0}, n = 0;
        trial_open(&t, NULL, "2022-05-02T08:00");
        trial_world(&t, true);
        edit(&t, PLACE, 1);
        trial_register(&t, "a");
        trial_until(&t, "2022-05-16T08:00");
        look(&t, 0, had, told, sizeof told);
        *told = '\0';
        trial_away(&t, stops[i].at);
        t.now += 2 * MINUTES;
        edit(&t, stops[i].away, 1);
        trial_fire(&t);
        t.now += MINUTES;
        edit(&t, stops[i].back, 1);
        trial_fire(&t);
        trial_until(&t, "2022-05-23T23:00");
        look(&t, 0, had, told, sizeof told);
        for (const char *p = told; (p = strchr(p, ':')); p++)
            n++;
        if (n != stops[i].told)
            fail_msg("%s: told %u times: \"%s\"", stops[i].what, n, told);
        trial_close(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rapid_edits),
        cmocka_unit_test(test_each_at_once),
        cmocka_unit_test(test_each_what_she_needs),
        cmocka_unit_test(test_a_stopped_letter_is_owed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
