/* What fell due while we were away: how late, how many, and what the rule says decide. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/hold.h"
#include "tests/harness/trial.h"

#define RULE(more)                                                                                 \
    "rule \"r\" { about = \"meeting\" when = {\"called\"} to = \"members\" letter = "              \
    "\"meeting-moved\" class = \"service\" " more " }"

/* Three letters, looked at so many minutes after they fell due. */
static void away(struct trial *t, const char *rules, int64_t ask, int64_t minutes) {
    trial_open(t, rules, "2022-04-01T08:00");
    t->settings.catchup_ask = ask;
    trial_world(t, true);
    t->now += minutes * MINUTES;
    trial_fire(t);
}

static void test_sheet(void **context) {
    static const struct {
        const char *rule;
        int64_t ask, minutes;
        const char *state, *hold, *sheet; /* of the rows; of the hold, NULL: there is none */
    } cases[] = {
        {RULE("late = \"send\""), 2, 5, "queued", "", NULL}, /* not late enough */
        {RULE("late = \"send\""), 2, 6, "held", "catchup", "open"},
        {RULE("late = \"send\""), 3, 6, "queued", "catchup", "passed"},
        {RULE("late = \"note\""), 2, 60, "held", "catchup", "open"},
        {RULE("late = \"ask\""), 20, 15, "queued", "catchup", "passed"},
        {RULE("late = \"ask\""), 20, 16, "held", "ask", "open"},
        {RULE("late = \"skip\""), 2, 16, "missed", "", "passed"},
        {RULE("late = \"send\" useful = \"called + 30m\""), 2, 30, "held", "catchup", "open"},
        {RULE("late = \"send\" useful = \"called + 30m\""), 2, 31, "missed", "", "passed"},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct trial t;
        struct rec_ledger row;
        struct rec_hold hold;
        away(&t, cases[i].rule, cases[i].ask, cases[i].minutes);
        if (trial_rows(&t, "r", NULL, cases[i].state, &row) != 3)
            fail_msg("case %u: not three letters %s", i, cases[i].state);
        if (!text_is(row.hold, cases[i].hold))
            fail_msg("case %u: held as \"%.*s\"", i, TEXT_ARGS(row.hold));
        assert_int_equal(trial_table(&t, TABLE_HOLD), cases[i].sheet ? 1 : 0);
        if (cases[i].sheet) {
            trial_get(&t, TABLE_HOLD, key_no(1), &hold);
            if (!text_is(hold.state, cases[i].sheet) || hold.rows != 3)
                fail_msg("case %u: the sheet is %.*s, of %lld", i, TEXT_ARGS(hold.state),
                         (long long)hold.rows);
        }
        trial_close(&t);
    }
}

/* The most urgent first, none after its use; what would be too late stays. */
static void test_pace(void **context) {
    static const struct {
        int64_t rate;
        unsigned released;
    } cases[] = {{1, 2}, {2, 3}, {60, 3}};
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct trial t;
        struct rec_ledger row;
        away(&t, RULE("late = \"send\" useful = \"called + 30m\""), 2, 29);
        instant useful = t.now + MINUTES;
        trial_do(&t, "catchup.release", "{'rate':%lld}", (long long)cases[i].rate);
        assert_int_equal(trial_rows(&t, "r", NULL, "queued", &row), cases[i].released);
        assert_true(row.next_try <= useful);
        assert_int_equal(trial_rows(&t, "r", NULL, "held", NULL), 3 - cases[i].released);
        t.now = useful + 1;
        trial_settle(&t);
        assert_int_equal(trial_rows(&t, "r", NULL, "missed", NULL), 3 - cases[i].released);
        assert_int_equal(trial_rows(&t, "r", NULL, "accepted", NULL), 0); /* nor those released */
        trial_close(&t);
    }
}

/* It says that it is late when its rule wants that, also when it was only held so long. */
static void test_note(void **context) {
    struct trial t;
    struct rec_ledger row;
    (void)context;
    away(&t, RULE("late = \"note\""), 2, 6);
    t.now += HOURS;
    trial_do(&t, "catchup.release", "{}");
    assert_int_equal(trial_rows(&t, "r", NULL, "queued", &row), 3);
    assert_true(row.late);
    trial_close(&t);
}

/* A mass letter's window ended so many minutes before anything could leave: an outage, or a pause.
 */
static void test_mass_letter(void **context) {
    static const struct {
        bool paused;
        int64_t ask, window, minutes;
        const char *state, *hold;
        const char *release; /* somebody said so before it could leave */
    } cases[] = {
        {false, 2, 30, 35, "queued", "window", ""},
        {false, 2, 30, 36, "held", "catchup", ""},
        {false, 3, 30, 36, "queued", "catchup", ""},
        {true, 2, 30, 36, "held", "catchup", ""},
        {true, 2, 5, 36, "held", "catchup", ""},
        {true, 3, 30, 36, "queued", "window", ""},
        {true, 2, 90, 36, "queued", "window", "'hold':1"},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct trial t;
        struct rec_hold hold;
        trial_open(&t, RULE("late = \"send\""), "2022-04-01T08:00");
        t.settings.catchup_ask = cases[i].ask;
        trial_world(&t, false);
        trial_do(&t, "letter.send",
                 "{'audience':'members','class':'service','network':'net','subject':'S',"
                 "'text':'T','window':%lld}",
                 (long long)cases[i].window);
        trial_fire(&t);
        t.now += MINUTES;
        if (cases[i].paused)
            trial_do(&t, "sending.pause", "{'reason':'x'}");
        for (int64_t m = 1; cases[i].paused && m < cases[i].minutes; m++) {
            t.now += MINUTES;
            trial_fire(&t);
        }
        if (*cases[i].release)
            trial_do(&t, "hold.release", "{%s}", cases[i].release);
        if (!cases[i].paused)
            t.now += (cases[i].minutes - 1) * MINUTES;
        trial_fire(&t);
        if (cases[i].paused)
            trial_do(&t, "sending.resume", "{}");
        struct rec_ledger row;
        if (trial_rows(&t, "letter", NULL, cases[i].state, &row) != 3)
            fail_msg("case %u: not three letters %s", i, cases[i].state);
        if (!text_is(row.hold, cases[i].hold))
            fail_msg("case %u: held as \"%.*s\"", i, TEXT_ARGS(row.hold));
        trial_get(&t, TABLE_HOLD, key_no(1), &hold);
        if (!text_is(hold.state, "ended"))
            fail_msg("case %u: its window is %.*s", i, TEXT_ARGS(hold.state));
        if (text_is(row.state, "held"))
            trial_do(&t, "catchup.release", "{'rule':'letter'}");
        t.now += DAYS;
        trial_settle(&t);
        assert_int_equal(trial_rows(&t, "letter", NULL, "accepted", NULL), 3);
        trial_close(&t);
    }
}

#define TWO_STEPS                                                                                  \
    "rule \"r\" { about = \"meeting\" when = {\"starts - 7d at 09:00\", \"starts - 1d at "         \
    "09:00\"} "                                                                                    \
    "to = \"members\" letter = \"meeting-moved\" late = \"send\" }"

/* What waits on a sheet is overtaken by a later step, also when that fell due in another outage, in
 * which so little did that nobody is asked. */
static void test_another_outage(void **context) {
    struct trial t;
    (void)context;
    trial_open(&t, TWO_STEPS, "2022-04-01T08:00");
    t.settings.catchup_ask = 2;
    trial_world(&t, true);
    t.now = trial_wall("2022-05-17T11:00");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "r", NULL, "held", NULL), 3);
    t.settings.catchup_ask = 3;
    t.now = trial_wall("2022-05-23T11:00");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "r", NULL, "superseded", NULL), 3);
    assert_int_equal(trial_rows(&t, "r", NULL, "accepted", NULL), 3);
    assert_string_equal(trial_say(&t, "catchup.release", "{}"), "not-found");
    trial_close(&t);
}

#define GATHERED                                                                                   \
    "rule \"p\" { about = \"poll\" when = {\"opened\"} to = \"audience\" letter = "                \
    "\"poll-opened\" class = \"news\" }"                                                           \
    "rule \"digest\" { about = \"digest\" when = {\"closed\"} only = {\"state = closed\", "        \
    "\"count\"} to = \"owner\" letter = \"digest\" class = \"news\" }"

/* One question, which a, b and c want to read tomorrow. */
static void gather(struct trial *t) {
    trial_open(t, GATHERED, "2022-04-01T10:00");
    t->settings.catchup_ask = 2;
    trial_world(t, false);
    for (const char *p = "abc"; *p; p++)
        trial_do(t, "preference.set", "{'person':'%c','class':'news','on':true,'digest':'daily'}",
                 *p);
    trial_do(t, "poll.open",
             "{'poll':'q','network':'net','question':'Q','closes':'2022-06-01T12:00','audience':"
             "'members','options':[{'option':'x','text':'X'},{'option':'y','text':'Y'}]}");
    trial_settle(t);
    assert_int_equal(trial_rows(t, "p", NULL, "digested", NULL), 3);
}

/* Digests fall due as every letter does: those of an outage wait with the rest of it. */
static void test_digests(void **context) {
    struct rec_ledger row;
    struct trial t;
    (void)context;
    gather(&t);
    t.now = trial_wall("2022-04-02T08:05"); /* not late enough */
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "digest", NULL, "accepted", &row), 3);
    assert_true(row.due == trial_wall("2022-04-02T08:00"));
    trial_close(&t);

    gather(&t);
    t.now = trial_wall("2022-04-02T20:00");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "digest", NULL, "held", &row), 3);
    assert_int_equal(trial_rows(&t, "p", NULL, "digested", NULL), 3);
    trial_do(&t, "delivery.withdraw", "{'delivery':%lld}", (long long)row.no);
    trial_do(&t, "catchup.release", "{'rate':60}");
    trial_until(&t, "2022-04-02T21:00");
    assert_int_equal(trial_rows(&t, "digest", NULL, "accepted", NULL), 2);
    assert_int_equal(trial_rows(&t, "p", NULL, "accepted", NULL), 2);
    assert_int_equal(trial_rows(&t, "p", NULL, "withdrawn", NULL), 1);
    trial_close(&t);
}

#define OF_USE                                                                                     \
    "rule \"p\" { about = \"poll\" when = {\"opened\"} to = \"audience\" letter = "                \
    "\"poll-opened\" class = \"news\" useful = \"closes\" }"                                       \
    "rule \"digest\" { about = \"digest\" when = {\"closed\"} only = {\"state = closed\", "        \
    "\"count\"} to = \"owner\" letter = \"digest\" class = \"news\" }"

static void ask(struct trial *t, const char *poll, const char *closes) {
    trial_do(t, "poll.open",
             "{'poll':'%s','network':'net','question':'Q','closes':'%s','audience':'members',"
             "'options':[{'option':'x','text':'X'},{'option':'y','text':'Y'}]}",
             poll, closes);
}

/* The letter that a's digest is in now. */
static struct rec_ledger digest_of_a(struct trial *t) {
    struct rec_ledger row = {.no = 0};
    trial_rows(t, "digest", "a", NULL, &row);
    return row;
}

/* Of two letters, the numbers of a's. */
static int64_t item_of_a(struct trial *t, unsigned nth) {
    struct rec_ledger row;
    for (int64_t no = 1;; no++) {
        trial_get(t, TABLE_LEDGER, key_no((uint64_t)no), &row);
        if (text_is(row.rule, "p") && text_is(row.person, "a") && nth-- == 0)
            return no;
    }
}

/* A digest on a sheet is of use as long as any of its items: then it is missed, and so are they. */
static void test_digest_of_use(void **context) {
    enum { LEFT, FIRST_OUT, LAST_OUT, BOTH_OUT, RELEASED };
    static const struct {
        int what;
        const char *first, *last; /* when they close */
        const char *at;           /* it is done */
        const char *useful, *state, *reason;
        const char *item; /* the first, at last */
    } cases[] = {
        {LEFT, "2022-04-04T12:00", "2022-04-05T12:00", "2022-04-03T12:00", "2022-04-05T12:00",
         "missed", "nobody released it while it was of use", "expired"},
        {FIRST_OUT, "2022-04-04T12:00", "2022-04-05T12:00", "2022-04-03T12:00", "2022-04-05T12:00",
         "missed", "nobody released it while it was of use", "withdrawn"},
        {LAST_OUT, "2022-04-04T12:00", "2022-04-05T12:00", "2022-04-03T12:00", "2022-04-04T12:00",
         "missed", "nobody released it while it was of use", "expired"},
        {BOTH_OUT, "2022-04-04T12:00", "2022-04-05T12:00", "2022-04-03T12:00", "2022-04-05T12:00",
         "missed", "nothing in it is of use any more", "withdrawn"},
        {LAST_OUT, "2022-04-04T12:00", "2022-04-05T12:00", "2022-04-04T13:00", "2022-04-05T12:00",
         "missed", "nothing in it is of use any more", "expired"},
        {RELEASED, "2022-04-04T12:00", "2022-04-05T12:00", "2022-04-04T13:00", "2022-04-05T12:00",
         "accepted", "", "expired"},
        {RELEASED, "2022-04-04T12:00", "2022-04-05T12:00", "2022-04-03T12:00", "2022-04-05T12:00",
         "accepted", "", "accepted"},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct rec_ledger row, item;
        struct rec_hold hold;
        struct trial t;
        trial_open(&t, OF_USE, "2022-04-01T10:00");
        t.settings.catchup_ask = 2;
        trial_world(&t, false);
        for (const char *p = "abc"; *p; p++)
            trial_do(&t, "preference.set",
                     "{'person':'%c','class':'news','on':true,'digest':'daily'}", *p);
        ask(&t, "q1", cases[i].first);
        ask(&t, "q2", cases[i].last);
        trial_settle(&t);
        t.now = trial_wall("2022-04-02T20:00");
        trial_settle(&t);
        row = digest_of_a(&t);
        int64_t first = item_of_a(&t, 0), last = item_of_a(&t, 1);
        assert_true(text_is(row.state, "held"));
        assert_int_equal(row.useful, trial_wall(cases[i].last));
        trial_get(&t, TABLE_LEDGER, key_no((uint64_t)first), &item);
        assert_true(text_starts(item.reason, "in the digest, letter "));
        assert_true(text_starts((struct text){item.reason.p + item.reason.n - 4, 4}, "held"));
        trial_until(&t, cases[i].at);
        if (cases[i].what == FIRST_OUT || cases[i].what == BOTH_OUT)
            trial_do(&t, "delivery.withdraw", "{'delivery':%lld}", (long long)first);
        if (cases[i].what == LAST_OUT || cases[i].what == BOTH_OUT)
            trial_do(&t, "delivery.withdraw", "{'delivery':%lld}", (long long)last);
        if (cases[i].what == RELEASED)
            trial_do(&t, "catchup.release", "{}");
        row = digest_of_a(&t);
        if (row.useful != trial_wall(cases[i].useful))
            fail_msg("case %u: of another use", i);
        trial_until(&t, cases[i].useful);
        t.now += 1;
        trial_settle(&t);
        row = digest_of_a(&t);
        if (!text_is(row.state, cases[i].state) || !text_is(row.reason, cases[i].reason))
            fail_msg("case %u: %.*s: %.*s", i, TEXT_ARGS(row.state), TEXT_ARGS(row.reason));
        trial_get(&t, TABLE_LEDGER, key_no((uint64_t)first), &item);
        if (!text_is(item.state, cases[i].item))
            fail_msg("case %u: the item is %.*s: %.*s", i, TEXT_ARGS(item.state),
                     TEXT_ARGS(item.reason));
        trial_until(&t, "2022-04-06T12:00");
        assert_int_equal(trial_rows(&t, "p", NULL, "digested", NULL), 0);
        trial_get(&t, TABLE_HOLD, key_no(1), &hold);
        assert_true(text_is(hold.state, "ended"));
        trial_close(&t);
    }
}

/* Restored data: a digest that had left before has the same Message-ID, however late this core
 * comes to it, and what is in it has left with it. */
static void test_digest_that_had_left(void **context) {
    struct rec_ledger row;
    struct trial t;
    char id[200];
    (void)context;
    gather(&t);
    t.now = trial_wall("2022-04-02T08:00") + 17;
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "digest", "a", "accepted", &row), 1);
    assert_int_equal(text_copy(row.message_id, id, sizeof id), 0);
    trial_close(&t);

    gather(&t);
    assert_int_equal(step_hold(&t.step, t.now, "copy", TEXT_LIT("restored")), 0);
    trial_do(&t, "delivery.left", "{'message_id':'%s'}", id);
    t.now = trial_wall("2022-04-02T08:01");
    trial_fire(&t);
    assert_int_equal(trial_rows(&t, "digest", "a", "accepted", NULL), 1);
    assert_int_equal(trial_rows(&t, "p", "a", "accepted", NULL), 1);
    assert_int_equal(trial_rows(&t, "p", "b", "digested", NULL), 1);
    trial_close(&t);
}

static void test_refusals(void **context) {
    struct trial t;
    (void)context;
    away(&t, RULE("late = \"send\""), 2, 60);
    assert_string_equal(trial_say(&t, "catchup.release", "{'sheet':2}"), "not-found");
    assert_string_equal(trial_say(&t, "catchup.release", "{'rule':'other'}"), "not-found");
    assert_string_equal(trial_say(&t, "catchup.skip", "{'rule':'other'}"), "not-found");
    assert_string_equal(trial_say(&t, "hold.release", "{}"), "missing");
    assert_string_equal(trial_say(&t, "hold.release", "{'delivery':1,'hold':1}"), "conflict");
    assert_string_equal(trial_say(&t, "hold.release", "{'hold':1}"), "wrong-state");
    assert_string_equal(trial_say(&t, "hold.undo", "{'hold':1}"), "wrong-state");
    assert_string_equal(trial_say(&t, "hold.undo", "{'hold':2}"), "not-found");
    trial_do(&t, "catchup.skip", "{'sheet':1,'rule':'r'}");
    assert_int_equal(trial_rows(&t, "r", NULL, "withdrawn", NULL), 3);
    assert_string_equal(trial_say(&t, "catchup.skip", "{}"), "not-found");
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sheet),          cmocka_unit_test(test_pace),
        cmocka_unit_test(test_note),           cmocka_unit_test(test_mass_letter),
        cmocka_unit_test(test_another_outage), cmocka_unit_test(test_digests),
        cmocka_unit_test(test_digest_of_use),  cmocka_unit_test(test_digest_that_had_left),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
