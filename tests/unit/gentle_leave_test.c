/* What a day and a week hold is reckoned by when letters really leave: put off by the other end, by
 * quiet hours or a lost answer, and ready again by whatever way. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/trial.h"

/* A nudge for each meeting, at the moment its registration closes. */
static const char rules[] =
    "rule \"n\" { about = \"meeting\" when = {\"registration_closes\"} to = \"members\" letter = "
    "\"meeting-nudge\" class = \"news\" nudge = true useful = \"starts\" }"
    "rule \"p\" { about = \"poll\" when = {\"opened\"} to = \"audience\" letter = \"poll-opened\" "
    "class = \"news\" }"
    "rule \"digest\" { about = \"digest\" when = {\"closed\"} only = {\"state = closed\", "
    "\"count\"} to = \"owner\" letter = \"digest\" class = \"news\" }";

static const char *deferred(struct trial *t, const struct rec_ledger *row) {
    (void)t;
    (void)row;
    return "deferred";
}

static const char *failed(struct trial *t, const struct rec_ledger *row) {
    (void)t;
    (void)row;
    return "failed";
}

static void begin(struct trial *t) {
    trial_open(t, rules, "2022-04-04T10:00");
    trial_world(t, false);
}

static void nudge_at(struct trial *t, const char *id, const char *closes, const char *starts) {
    trial_do(t, "meeting.plan",
             "{'meeting':'%s','network':'net','kind':'network','title':'N','starts':'%s',"
             "'minutes':60,'mode':'undecided','audience':'members','registration_closes':'%s'}",
             id, starts, closes);
}

static void poll(struct trial *t, const char *id) {
    trial_do(t, "poll.open",
             "{'poll':'%s','network':'net','question':'Q','closes':'2022-06-01T12:00','audience':"
             "'members','options':[{'option':'x','text':'X'},{'option':'y','text':'Y'}]}",
             id);
}

/* What became of a's letter about it: its state, and the day it left or is to leave. */
static void expect(struct trial *t, const char *rule, const char *about, const char *state,
                   const char *day) {
    unsigned found = 0;
    for (uint64_t no = 1; no <= trial_count(t, COUNT_LEDGER); no++) {
        struct rec_ledger row;
        char when[RFC3339_TEXT];
        const struct zone *zone;
        trial_get(t, TABLE_LEDGER, key_no(no), &row);
        if (!text_is(row.rule, rule) || !text_is(row.person, "a") || !text_is(row.about, about))
            continue;
        must(zone_find(TEXT_LIT("Europe/Stockholm"), &zone) == 0);
        instant_format(row.next_try ? row.next_try : row.ended, zone, when);
        if (!text_is(row.state, state) || strncmp(when, day, strlen(day)))
            fail_msg("%s about %s: %.*s (%.*s) at %s, not %s on %s", rule, about,
                     TEXT_ARGS(row.state), TEXT_ARGS(row.reason), when, state, day);
        found++;
    }
    if (found != 1)
        fail_msg("%s about %s: %u letters", rule, about, found);
}

static int64_t letter_of_a(struct trial *t, const char *rule, const char *state) {
    struct rec_ledger row;
    assert_int_equal(trial_rows(t, rule, "a", state, &row), 1);
    return row.no;
}

/* The relay is away over midnight: the first nudge has the new day, the one that was to leave then
 * waits for the next. */
static void test_away_over_midnight(void **context) {
    struct trial t;
    (void)context;
    begin(&t);
    nudge_at(&t, "x", "2022-04-05T09:00", "2022-05-01T09:00");
    nudge_at(&t, "y", "2022-04-05T09:00", "2022-05-01T09:00");
    nudge_at(&t, "z", "2022-04-05T09:00", "2022-04-06T23:00");
    trial_away(&t, "2022-04-05T09:00");
    trial_away(&t, "2022-04-06T00:30");
    expect(&t, "n", "x", "queued", "2022-04-05");
    expect(&t, "n", "y", "queued", "2022-04-06");
    expect(&t, "n", "z", "suppressed", "2022-04-05");
    trial_until(&t, "2022-04-06T12:00");
    expect(&t, "n", "x", "accepted", "2022-04-06T00:30");
    expect(&t, "n", "y", "queued", "2022-04-07T09:00");
    trial_until(&t, "2022-04-07T09:00");
    expect(&t, "n", "y", "accepted", "2022-04-07T09:00");
    trial_close(&t);
}

/* Put off by the other end, and then by her quiet hours, into a day that another has: it waits on,
 * unless it would be of no use by then. */
static void test_put_off(void **context) {
    struct trial t;
    (void)context;
    begin(&t);
    trial_do(&t, "quiet.set", "{'person':'a','from':'21:30','to':'07:00'}");
    nudge_at(&t, "x", "2022-04-05T21:00", "2022-05-01T09:00");
    nudge_at(&t, "y", "2022-04-06T06:00", "2022-05-01T09:00");
    t.fate = deferred;
    trial_until(&t, "2022-04-05T22:00");
    t.fate = NULL;
    expect(&t, "n", "x", "deferred", "2022-04-06T07:00");
    trial_until(&t, "2022-04-06T12:00");
    expect(&t, "n", "x", "accepted", "2022-04-06T07:00");
    expect(&t, "n", "y", "queued", "2022-04-07T07:00");
    trial_close(&t);

    begin(&t);
    nudge_at(&t, "x", "2022-04-05T21:00", "2022-05-01T09:00");
    nudge_at(&t, "y", "2022-04-06T06:00", "2022-04-06T20:00");
    trial_away(&t, "2022-04-05T21:00");
    trial_away(&t, "2022-04-06T05:00");
    trial_until(&t, "2022-04-06T06:00");
    expect(&t, "n", "x", "accepted", "2022-04-06T05:00");
    expect(&t, "n", "y", "suppressed", "2022-04-06T06:00");
    trial_close(&t);
}

/* A week with planned letters in it is full, too; and one that was put off out of it is not in the
 * way of others. */
static void test_week(void **context) {
    struct trial t;
    (void)context;
    begin(&t);
    trial_do(&t, "preference.set", "{'person':'a','class':'news','on':true,'most':2}");
    nudge_at(&t, "x", "2022-04-05T09:00", "2022-05-01T09:00");
    nudge_at(&t, "y", "2022-04-05T09:00", "2022-05-01T09:00");
    trial_until(&t, "2022-04-05T09:30");
    expect(&t, "n", "x", "accepted", "2022-04-05T09:00");
    expect(&t, "n", "y", "queued", "2022-04-06T09:00");
    poll(&t, "q1");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "p", "a", "digested", NULL), 1);
    trial_until(&t, "2022-04-06T09:00");
    expect(&t, "n", "y", "accepted", "2022-04-06T09:00");
    trial_until(&t, "2022-04-12T09:01"); /* the first is a week old */
    poll(&t, "q2");
    trial_settle(&t);
    expect(&t, "p", "q2", "accepted", "2022-04-12");
    trial_close(&t);
}

/* Two waited for a relay while her wish was large; now she wants one a week. */
static void test_less_by_now(void **context) {
    struct trial t;
    struct rec_ledger row;
    (void)context;
    begin(&t);
    poll(&t, "q1");
    poll(&t, "q2");
    trial_away(&t, "2022-04-04T10:00");
    trial_do(&t, "preference.set", "{'person':'a','class':'news','on':true,'most':1}");
    trial_settle(&t);
    expect(&t, "p", "q1", "accepted", "2022-04-04");
    assert_int_equal(trial_rows(&t, "p", "a", "digested", &row), 1);
    assert_true(text_starts(row.reason, "cap: 1 letter of news a week; it goes with others"));
    trial_until(&t, "2022-04-11T08:00");
    assert_int_equal(trial_rows(&t, "digest", "a", "accepted", NULL), 1);
    assert_int_equal(trial_rows(&t, "p", "a", "accepted", NULL), 2);
    trial_close(&t);
}

/* ---- every way by which a letter gets ready again ---- */

static void one_a_week(struct trial *t) {
    begin(t);
    trial_do(t, "preference.set", "{'person':'a','class':'news','on':true,'most':1}");
}

static void send_letter(struct trial *t) {
    trial_do(t, "letter.send",
             "{'audience':'members','network':'net','class':'news','subject':'S','text':'T',"
             "'window':60}");
    trial_settle(t);
}

/* By whichever order it left, the next letter finds the week full; and the other way about. */
static void test_held(void **context) {
    static const char *const orders[] = {"delivery.retry", "hold.release"};
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(orders); i++) {
        struct trial t;
        one_a_week(&t);
        send_letter(&t);
        trial_do(&t, orders[i], "{'delivery':%lld}", (long long)letter_of_a(&t, "letter", "held"));
        poll(&t, "q1");
        trial_settle(&t);
        letter_of_a(&t, "letter", "accepted");
        letter_of_a(&t, "p", "digested");
        trial_close(&t);

        one_a_week(&t);
        send_letter(&t);
        poll(&t, "q1");
        trial_settle(&t);
        trial_do(&t, orders[i], "{'delivery':%lld}", (long long)letter_of_a(&t, "letter", "held"));
        letter_of_a(&t, "letter", "digested");
        trial_close(&t);
    }
}

/* It never left; so another had its place, and it waits for the week's end when it is to go after
 * all. */
static void test_retried(void **context) {
    struct trial t;
    (void)context;
    one_a_week(&t);
    t.fate = failed;
    poll(&t, "q1");
    trial_settle(&t);
    t.fate = NULL;
    trial_until(&t, "2022-04-12T10:00");
    poll(&t, "q2");
    trial_settle(&t);
    expect(&t, "p", "q2", "accepted", "2022-04-12");
    trial_do(&t, "delivery.retry", "{'delivery':%lld}", (long long)letter_of_a(&t, "p", "failed"));
    trial_settle(&t);
    letter_of_a(&t, "p", "digested");
    trial_close(&t);

    begin(&t); /* a nudge, on a day that has one */
    nudge_at(&t, "x", "2022-04-05T09:00", "2022-05-01T09:00");
    nudge_at(&t, "y", "2022-04-06T09:00", "2022-05-01T09:00");
    t.fate = failed;
    trial_until(&t, "2022-04-05T12:00");
    t.fate = NULL;
    trial_until(&t, "2022-04-06T12:00");
    trial_do(&t, "delivery.retry", "{'delivery':%lld}", (long long)letter_of_a(&t, "n", "failed"));
    trial_settle(&t);
    expect(&t, "n", "x", "queued", "2022-04-07T12:00");
    trial_close(&t);
}

static const char *lost(struct trial *t, const struct rec_ledger *row) {
    (void)t;
    (void)row;
    return "unknown";
}

/* Of unknown fate it may have left: its day is taken, until somebody knows better. */
static void test_unknown(void **context) {
    struct trial t;
    (void)context;
    begin(&t);
    t.settings.unknown_resends = 0;
    nudge_at(&t, "x", "2022-04-05T09:00", "2022-05-01T09:00");
    nudge_at(&t, "y", "2022-04-05T10:00", "2022-05-01T09:00");
    t.fate = lost;
    trial_until(&t, "2022-04-05T09:30");
    t.fate = NULL;
    expect(&t, "n", "x", "unknown", "");
    trial_until(&t, "2022-04-05T10:00");
    expect(&t, "n", "y", "queued", "2022-04-06T10:00");
    trial_until(&t, "2022-04-06T10:00");
    expect(&t, "n", "y", "accepted", "2022-04-06T10:00");
    trial_do(&t, "delivery.settle", "{'delivery':%lld,'outcome':'not-sent'}",
             (long long)letter_of_a(&t, "n", "unknown"));
    trial_settle(&t);
    expect(&t, "n", "x", "queued", "2022-04-07T10:00");
    trial_until(&t, "2022-04-07T10:00");
    expect(&t, "n", "x", "accepted", "2022-04-07T10:00");
    trial_close(&t);
}

/* It waits to go once more, because its answer was lost; and somebody knows that it has not left.
 */
static void test_unknown_again(void **context) {
    struct trial t;
    (void)context;
    begin(&t);
    nudge_at(&t, "x", "2022-04-05T09:00", "2022-05-01T09:00");
    nudge_at(&t, "y", "2022-04-05T10:00", "2022-05-01T09:00");
    trial_until(&t, "2022-04-05T08:59");
    t.fate = lost;
    t.now = trial_wall("2022-04-05T09:00");
    trial_fire(&t);
    int64_t x = letter_of_a(&t, "n", "queued");
    assert_true(trial_arm(&t, x, 1));
    assert_int_equal(step_lost(&t.step, t.now, (uint64_t)x), 0);
    expect(&t, "n", "x", "queued", "2022-04-05T09:0");
    trial_do(&t, "delivery.settle", "{'delivery':%lld,'outcome':'not-sent'}", (long long)x);
    trial_do(&t, "delivery.withdraw", "{'delivery':%lld}", (long long)x);
    t.fate = NULL;
    trial_until(&t, "2022-04-05T10:00");
    expect(&t, "n", "y", "accepted", "2022-04-05T10:00");
    trial_close(&t);
}

/* Somebody sees a catch-up sheet and lets all of it go at once. */
static void test_catchup(void **context) {
    struct trial t;
    (void)context;
    begin(&t);
    t.settings.catchup_ask = 2;
    nudge_at(&t, "x", "2022-04-05T09:00", "2022-05-01T09:00");
    nudge_at(&t, "y", "2022-04-06T09:00", "2022-05-01T09:00");
    t.now = trial_wall("2022-04-07T12:00");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "n", "a", "held", NULL), 2);
    trial_do(&t, "catchup.release", "{'rate':100}");
    trial_until(&t, "2022-04-07T13:00");
    assert_int_equal(trial_rows(&t, "n", "a", "accepted", NULL), 1);
    assert_int_equal(trial_rows(&t, "n", "a", "queued", NULL), 1);
    trial_until(&t, "2022-04-08T13:00");
    assert_int_equal(trial_rows(&t, "n", "a", "accepted", NULL), 2);
    trial_close(&t);
}

/* ---- what waited long before it was tried ---- */

/* Ordered for next week: the other end may still put it off for as long as any other letter. */
static void test_put_off_late(void **context) {
    struct trial t;
    (void)context;
    begin(&t);
    trial_do(&t, "letter.send",
             "{'audience':'members','network':'net','class':'news','subject':'S','text':'T',"
             "'send_at':'2022-04-12T10:00'}");
    t.fate = deferred;
    trial_until(&t, "2022-04-12T10:00");
    letter_of_a(&t, "letter", "deferred");
    trial_until(&t, "2022-04-15T09:30");
    letter_of_a(&t, "letter", "deferred");
    trial_until(&t, "2022-04-15T18:00"); /* three days after it was first put off */
    letter_of_a(&t, "letter", "expired");
    trial_close(&t);

    begin(&t); /* retried by hand, it has as long once more */
    poll(&t, "q1");
    t.fate = deferred;
    trial_until(&t, "2022-04-07T09:00");
    trial_do(&t, "delivery.retry", "{'delivery':%lld}",
             (long long)letter_of_a(&t, "p", "deferred"));
    trial_until(&t, "2022-04-09T09:00");
    t.fate = NULL;
    trial_until(&t, "2022-04-09T18:00");
    letter_of_a(&t, "p", "accepted");
    trial_close(&t);
}

/* She is one with somebody else while her digest is open: what is in it still comes. */
static void test_merged(void **context) {
    struct trial t;
    (void)context;
    begin(&t);
    trial_do(&t, "preference.set", "{'person':'a','class':'news','on':true,'digest':'daily'}");
    poll(&t, "q1");
    trial_settle(&t);
    letter_of_a(&t, "p", "digested");
    trial_do(&t, "person.merge", "{'person':'a','into':'d'}");
    trial_until(&t, "2022-04-06T10:00");
    assert_int_equal(trial_rows(&t, "digest", "d", "accepted", NULL), 1);
    assert_int_equal(trial_rows(&t, "p", "d", "accepted", NULL), 1);
    trial_close(&t);
}

/* A digest's letter whose fate is unknown may have left, with what is in it. */
static void test_withdraw_what_may_have_left(void **context) {
    struct trial t;
    (void)context;
    begin(&t);
    t.settings.unknown_resends = 0;
    trial_do(&t, "preference.set", "{'person':'a','class':'news','on':true,'digest':'daily'}");
    poll(&t, "q1");
    t.fate = lost;
    trial_until(&t, "2022-04-05T09:00");
    letter_of_a(&t, "digest", "unknown");
    assert_string_equal(trial_say(&t, "delivery.withdraw", "{'delivery':%lld}",
                                  (long long)letter_of_a(&t, "p", "digested")),
                        "wrong-state");
    trial_do(&t, "delivery.settle", "{'delivery':%lld,'outcome':'sent'}",
             (long long)letter_of_a(&t, "digest", "unknown"));
    letter_of_a(&t, "p", "accepted");
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_away_over_midnight),
        cmocka_unit_test(test_put_off),
        cmocka_unit_test(test_week),
        cmocka_unit_test(test_less_by_now),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_retried),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_unknown_again),
        cmocka_unit_test(test_catchup),
        cmocka_unit_test(test_put_off_late),
        cmocka_unit_test(test_merged),
        cmocka_unit_test(test_withdraw_what_may_have_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
