/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/zone.h"
#include "services/scheduler/reminders/digest.h"
#include "tests/harness/trial.h"

static void test_windows(void **context) {
    static const struct {
        const char *clock;
        int minutes, weekday;
        const char *now, *closes; /* wall clocks of Stockholm */
    } cases[] = {
        {"any day", 8 * 60, 0, "2022-05-24T07:59", "2022-05-24T08:00"},
        {"at the end itself", 8 * 60, 0, "2022-05-24T08:00", "2022-05-25T08:00"},
        {"over a month", 8 * 60, 0, "2022-05-31T09:00", "2022-06-01T08:00"},
        {"Monday", 8 * 60, 1, "2022-05-24T09:00", "2022-05-30T08:00"},
        {"on Monday before", 8 * 60, 1, "2022-05-30T07:00", "2022-05-30T08:00"},
        {"on Monday after", 8 * 60, 1, "2022-05-30T08:00", "2022-06-06T08:00"},
        {"Sunday", 23 * 60 + 59, 7, "2022-05-24T09:00", "2022-05-29T23:59"},
        {"spring", 8 * 60, 0, "2022-03-26T09:00", "2022-03-27T08:00"},
        {"the hour that is skipped", 2 * 60 + 30, 0, "2022-03-26T09:00", "2022-03-27T03:30"},
        {"autumn", 8 * 60, 1, "2022-10-29T09:00", "2022-10-31T08:00"},
    };
    const struct zone *zone;
    (void)context;
    assert_int_equal(zone_find(TEXT_LIT("Europe/Stockholm"), &zone), 0);
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        instant closes =
            digest_closes(zone, cases[i].minutes, cases[i].weekday, trial_wall(cases[i].now));
        if (closes != trial_wall(cases[i].closes))
            fail_msg("%s: after %s", cases[i].clock, cases[i].now);
    }
}

static void poll(struct trial *t, const char *id, const char *closes) {
    trial_do(t, "poll.open",
             "{'poll':'%s','network':'net','question':'Question %s','closes':'%s','audience':"
             "'members','options':[{'option':'x','text':'X'},{'option':'y','text':'Y'}]}",
             id, id, closes);
}

static struct rec_digest digest_of(struct trial *t, const char *person, const char *window) {
    struct rec_digest d;
    trial_get(t, TABLE_DIGEST, key2(text_of(person), text_of(window)), &d);
    return d;
}

static void begin(struct trial *t, const char *wall) {
    trial_open(t, NULL, wall);
    trial_world(t, true);
    trial_settle(t);
}

/* From then on a's news comes once a day. */
static void gather(struct trial *t) {
    begin(t, "2022-04-01T10:00");
    trial_do(t, "preference.set", "{'person':'a','class':'news','on':true,'digest':'daily'}");
}

/* What she wants once a day waits for it; others get theirs at once. */
static void test_daily(void **context) {
    struct rec_ledger row;
    struct trial t;
    (void)context;
    gather(&t);
    poll(&t, "q1", "2022-04-20T12:00");
    poll(&t, "q2", "2022-04-20T12:00");
    poll(&t, "soon", "2022-04-01T18:00"); /* of no use tomorrow */
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "digested", &row), 2);
    assert_true(text_is(row.digest, "a/news.2022-04-02T08:00"));
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "accepted", NULL), 1);
    assert_int_equal(trial_rows(&t, "poll-opened", "b", "accepted", NULL), 3);
    assert_int_equal(trial_table(&t, TABLE_DIGESTED), 2);
    trial_until(&t, "2022-04-02T07:59");
    assert_int_equal(trial_rows(&t, "digest", NULL, NULL, NULL), 0);
    trial_until(&t, "2022-04-02T08:00");
    assert_int_equal(trial_rows(&t, "digest", "a", "accepted", &row), 1);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "accepted", &row), 3);
    assert_int_equal(trial_table(&t, TABLE_DIGESTED), 0);
    struct rec_digest d = digest_of(&t, "a", "news.2022-04-02T08:00");
    assert_int_equal(d.count, 3); /* and what came of the third question */
    assert_true(text_is(d.state, "closed"));
    trial_until(&t, "2022-04-12T08:00");
    assert_int_equal(trial_rows(&t, "digest", NULL, NULL, NULL), 1);
    trial_close(&t);
}

/* Weekly, on Mondays, in her own zone. */
static void test_weekly_in_her_zone(void **context) {
    struct rec_ledger row;
    struct trial t;
    (void)context;
    begin(&t, "2022-04-01T10:00");
    trial_do(&t, "person.update", "{'person':'a','zone':'America/Nuuk'}");
    trial_do(&t, "preference.set", "{'person':'a','class':'news','on':true,'digest':'weekly'}");
    poll(&t, "q1", "2022-04-20T12:00");
    trial_until(&t, "2022-04-04T11:59");
    assert_int_equal(trial_rows(&t, "digest", NULL, NULL, NULL), 0);
    trial_until(&t, "2022-04-04T12:00"); /* 08:00 in Nuuk, four hours behind in summer */
    assert_int_equal(trial_rows(&t, "digest", "a", "accepted", &row), 1);
    trial_close(&t);
}

/* Everything fell out: no letter goes, and each row says why. */
static void test_what_falls_out(void **context) {
    struct rec_ledger row;
    struct trial t;
    (void)context;
    gather(&t);
    poll(&t, "q1", "2022-04-20T12:00");
    poll(&t, "q2", "2022-04-20T12:00");
    trial_fire(&t);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "digested", &row), 2);
    trial_do(&t, "delivery.withdraw", "{'delivery':%lld}", (long long)row.no);
    assert_int_equal(trial_table(&t, TABLE_DIGESTED), 1);
    trial_do(&t, "preference.set", "{'person':'a','class':'news','on':false}");
    trial_until(&t, "2022-04-03T09:00");
    assert_int_equal(trial_rows(&t, "digest", "a", "suppressed", &row), 1);
    assert_true(text_is(row.reason, "does not want news"));
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "suppressed", NULL), 1);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "withdrawn", NULL), 1);
    assert_int_equal(trial_table(&t, TABLE_DIGESTED), 0);
    trial_close(&t);
}

static const char *not_now(struct trial *t, const struct rec_ledger *row) {
    (void)t;
    return text_is(row->letter, "digest") ? "deferred" : "accepted";
}

/* It closed, could not leave, and then an item was no longer so: the letter is made anew without
 * it. */
static void test_made_anew(void **context) {
    struct rec_ledger row;
    struct trial t;
    (void)context;
    gather(&t);
    poll(&t, "q1", "2022-04-20T12:00");
    poll(&t, "q2", "2022-04-02T12:00");
    t.fate = not_now;
    trial_until(&t, "2022-04-02T08:00");
    assert_int_equal(trial_rows(&t, "digest", "a", "deferred", &row), 1);
    t.fate = NULL;
    t.now = trial_wall("2022-04-02T13:00"); /* the second question is closed */
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "digest", "a", "superseded", NULL), 1);
    assert_int_equal(trial_rows(&t, "digest", "a", "accepted", &row), 1);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "expired", NULL), 1);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "accepted", NULL), 1);
    struct rec_digest d = digest_of(&t, "a", "news.2022-04-02T08:00");
    assert_int_equal(d.count, 1);
    assert_int_equal(d.letter, row.no);
    trial_close(&t);
}

static const char *refused(struct trial *t, const struct rec_ledger *row) {
    (void)t;
    return text_is(row->letter, "digest") ? "failed" : "accepted";
}

/* What is in it follows its letter, also when that is tried again. */
static void test_follows(void **context) {
    struct rec_ledger row;
    struct trial t;
    (void)context;
    gather(&t);
    poll(&t, "q1", "2022-04-20T12:00");
    t.fate = refused;
    trial_until(&t, "2022-04-02T08:00");
    assert_int_equal(trial_rows(&t, "digest", "a", "failed", &row), 1);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "failed", NULL), 1);
    t.fate = NULL;
    trial_do(&t, "delivery.retry", "{'delivery':%lld}", (long long)row.no);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "digested", NULL), 1);
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "digest", "a", "accepted", NULL), 1);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "accepted", &row), 1);
    trial_close(&t);
}

/* Somebody had one of them tried again by itself; it goes once, and the letter without it. */
static void test_one_goes_alone(void **context) {
    struct rec_ledger letter, row;
    struct trial t;
    (void)context;
    gather(&t);
    poll(&t, "q1", "2022-04-20T12:00");
    poll(&t, "q2", "2022-04-20T12:00");
    t.fate = refused;
    trial_until(&t, "2022-04-02T08:00");
    assert_int_equal(trial_rows(&t, "digest", "a", "failed", &letter), 1);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "failed", &row), 2);
    t.fate = NULL;
    trial_do(&t, "delivery.retry", "{'delivery':%lld}", (long long)row.no);
    trial_do(&t, "delivery.retry", "{'delivery':%lld}", (long long)letter.no);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "queued", NULL), 1);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "digested", NULL), 1);
    trial_settle(&t);
    trial_until(&t, "2022-04-02T08:01");
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "accepted", NULL), 2);
    assert_int_equal(trial_rows(&t, "digest", "a", "superseded", NULL), 1);
    assert_int_equal(trial_rows(&t, "digest", "a", "accepted", NULL), 1);
    assert_int_equal(digest_of(&t, "a", "news.2022-04-02T08:00").count, 1);
    trial_close(&t);
}

/* A meeting moves while its nudge waits in a digest: the nudge falls out, the correction goes. */
static void test_correction_of_what_is_gathered(void **context) {
    struct trial t;
    (void)context;
    begin(&t, "2022-04-01T10:00");
    trial_do(&t, "meeting.plan",
             "{'meeting':'n','network':'net','kind':'network','title':'N','starts':"
             "'2022-04-12T09:00','minutes':60,'mode':'video','link':'https://v.example/n',"
             "'audience':'members','registration_closes':'2022-04-11T12:00'}");
    trial_do(&t, "meeting.call", "{'meeting':'n'}");
    trial_do(&t, "preference.set", "{'person':'a','class':'news','on':true,'digest':'daily'}");
    trial_until(&t, "2022-04-08T09:00");
    assert_int_equal(trial_rows(&t, "meeting-nudge", "a", "digested", NULL), 1);
    assert_int_equal(trial_rows(&t, "meeting-nudge", "b", "accepted", NULL), 1);
    trial_do(&t, "meeting.move", "{'meeting':'n','starts':'2022-04-13T09:00'}");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "meeting-nudge", "a", "superseded", NULL), 1);
    assert_int_equal(trial_rows(&t, "meeting-moved", "a", "accepted", NULL), 1);
    trial_until(&t, "2022-04-09T08:30");
    assert_int_equal(trial_rows(&t, "digest", NULL, NULL, NULL), 0);
    trial_close(&t);
}

/* More than two a week are too many for her: the third goes on Monday, with the fourth. */
static void test_cap(void **context) {
    struct rec_ledger row;
    struct trial t;
    (void)context;
    begin(&t, "2022-04-05T10:00");
    trial_do(&t, "preference.set", "{'person':'a','class':'news','on':true,'most':2}");
    poll(&t, "q1", "2022-04-20T12:00");
    poll(&t, "q2", "2022-04-20T12:00");
    poll(&t, "q3", "2022-04-20T12:00");
    poll(&t, "soon", "2022-04-08T12:00"); /* of no use on Monday */
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "accepted", NULL), 2);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "suppressed", &row), 1);
    assert_true(text_starts(row.reason, "cap: 2 letters of news a week"));
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "digested", &row), 1);
    assert_true(text_is(row.digest, "a/news.2022-04-11T08:00"));
    assert_int_equal(trial_rows(&t, "poll-opened", "b", "accepted", NULL), 4);
    trial_until(&t, "2022-04-13T10:01"); /* a week after: there is room again */
    assert_int_equal(trial_rows(&t, "digest", "a", "accepted", NULL), 1);
    poll(&t, "q5", "2022-04-20T12:00");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "accepted", &row), 4);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "digested", NULL), 0);
    trial_close(&t);
}

static const char nudges[] = "rule \"n\" { about = \"meeting\" when = {\"starts - 7d at 09:00\"} "
                             "to = \"members\" letter = \"meeting-nudge\" class = \"news\" "
                             "nudge = true useful = \"starts - 5d at 12:00\" }";

/* Four meetings nudge on one morning: one goes, two wait a day and another; the fourth is of no
 * use by then. */
static void test_one_nudge_a_day(void **context) {
    struct rec_ledger row;
    struct trial t;
    (void)context;
    trial_open(&t, nudges, "2022-04-01T10:00");
    trial_world(&t, false);
    for (unsigned i = 0; i < 4; i++)
        trial_do(&t, "meeting.plan",
                 "{'meeting':'n%u','network':'net','kind':'network','title':'N','starts':"
                 "'2022-04-12T09:00','minutes':60,'mode':'undecided','audience':'members',"
                 "'registration_closes':'2022-04-11T12:00'}",
                 i);
    trial_do(&t, "quiet.set",
             "{'person':'b','from':'08:00','to':'10:00','zone':'Europe/Stockholm'}");
    trial_until(&t, "2022-04-05T09:00");
    assert_int_equal(trial_rows(&t, "n", "a", "accepted", NULL), 1);
    assert_int_equal(trial_rows(&t, "n", "a", "queued", NULL), 2);
    assert_int_equal(trial_rows(&t, "n", "a", "suppressed", &row), 1);
    assert_true(text_starts(row.reason, "nudge: one a day"));
    assert_int_equal(trial_rows(&t, "n", "b", "queued", NULL), 3);
    trial_until(&t, "2022-04-05T10:00");
    assert_int_equal(trial_rows(&t, "n", "b", "accepted", NULL), 1);
    trial_until(&t, "2022-04-06T09:00");
    assert_int_equal(trial_rows(&t, "n", "a", "accepted", NULL), 2);
    trial_until(&t, "2022-04-07T10:00");
    assert_int_equal(trial_rows(&t, "n", "a", "accepted", NULL), 3);
    assert_int_equal(trial_rows(&t, "n", "b", "accepted", NULL), 3);
    trial_close(&t);
}

static const char late_rules[] =
    "rule \"late\" { about = \"meeting\" when = {\"starts - 7d at 09:00\"} to = \"members\" "
    "letter = \"meeting-week-before\" late = \"digest\" useful = \"starts\" tells = true }"
    "rule \"digest-late\" { about = \"digest\" when = {\"closed\"} only = {\"count\"} "
    "to = \"owner\" letter = \"digest-late\" }";

/* Late, it goes in the next digest, whatever its class; in time, by itself. */
static void test_late(void **context) {
    struct rec_ledger row;
    struct trial t;
    (void)context;
    trial_open(&t, late_rules, "2022-05-01T10:00");
    trial_world(&t, true);
    t.now = trial_wall("2022-05-17T15:00"); /* six hours late */
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "late", NULL, "digested", &row), 3);
    assert_true(text_starts(row.reason, "it is late; it goes with others at"));
    trial_until(&t, "2022-05-18T08:00");
    assert_int_equal(trial_rows(&t, "digest-late", NULL, "accepted", NULL), 3);
    assert_int_equal(trial_rows(&t, "late", NULL, "accepted", NULL), 3);
    trial_close(&t);

    trial_open(&t, late_rules, "2022-05-01T10:00");
    trial_world(&t, true);
    trial_until(&t, "2022-05-17T09:00");
    assert_int_equal(trial_rows(&t, "late", NULL, "accepted", NULL), 3);
    trial_close(&t);
}

static const char together_rules[] =
    "rule \"t\" { about = \"poll\" when = {\"opened\"} to = \"audience\" letter = \"poll-opened\" "
    "class = \"service\" together = 10m useful = \"closes\" }"
    "rule \"ts\" { about = \"digest\" when = {\"closed\"} only = {\"count\", \"rule = t\"} "
    "to = \"owner\" letter = \"digest-late\" class = \"service\" }";

/* Three within minutes of the first are one letter; one that stays alone is the letter it is; one
 * that is of no use in ten minutes does not wait. */
static void test_together(void **context) {
    struct rec_ledger row;
    struct trial t;
    (void)context;
    trial_open(&t, together_rules, "2022-04-01T10:00");
    trial_world(&t, false);
    poll(&t, "q1", "2022-04-20T12:00");
    poll(&t, "q2", "2022-04-20T12:00");
    poll(&t, "soon", "2022-04-01T10:05");
    trial_until(&t, "2022-04-01T10:09");
    assert_int_equal(trial_rows(&t, "t", "a", "accepted", &row), 1);
    assert_true(text_is(row.about, "soon"));
    poll(&t, "q3", "2022-04-20T12:00");
    trial_until(&t, "2022-04-01T10:09");
    assert_int_equal(trial_rows(&t, "t", "a", "digested", NULL), 3);
    assert_int_equal(trial_rows(&t, "ts", NULL, NULL, NULL), 0);
    trial_until(&t, "2022-04-01T10:10");
    assert_int_equal(trial_rows(&t, "ts", "a", "accepted", NULL), 1);
    assert_int_equal(trial_rows(&t, "t", "a", "accepted", NULL), 4);
    assert_int_equal(digest_of(&t, "a", "rule.t.2022-04-01T10:10").count, 3);

    trial_until(&t, "2022-04-01T10:30");
    poll(&t, "q4", "2022-04-20T12:00");
    trial_until(&t, "2022-04-01T11:00");
    assert_int_equal(trial_rows(&t, "ts", NULL, NULL, NULL),
                     trial_rows(&t, "ts", NULL, "accepted", NULL));
    assert_int_equal(trial_rows(&t, "ts", "a", NULL, NULL), 1);
    assert_int_equal(trial_rows(&t, "t", "a", "accepted", &row), 5);
    assert_true(text_is(row.about, "q4") && !row.digest.p && !row.reason.p);
    assert_int_equal(trial_table(&t, TABLE_DIGESTED), 0);
    trial_close(&t);
}

/* Two wait, one is taken back before they go: the other goes as the letter it is. */
static void test_left_alone(void **context) {
    struct rec_ledger row;
    struct trial t;
    (void)context;
    trial_open(&t, together_rules, "2022-04-01T10:00");
    trial_world(&t, false);
    poll(&t, "q1", "2022-04-20T12:00");
    poll(&t, "q2", "2022-04-20T12:00");
    trial_fire(&t);
    assert_int_equal(trial_rows(&t, "t", "a", "digested", &row), 2);
    trial_do(&t, "delivery.withdraw", "{'delivery':%lld}", (long long)row.no);
    trial_until(&t, "2022-04-01T10:30");
    assert_int_equal(trial_rows(&t, "ts", "a", NULL, NULL), 0);
    assert_int_equal(trial_rows(&t, "t", "a", "accepted", NULL), 1);
    assert_int_equal(trial_rows(&t, "ts", "b", "accepted", NULL), 1);
    trial_close(&t);
}

/* No rule speaks about digests: then nothing is gathered, and nothing gathered is forgotten. */
static void test_without_a_rule(void **context) {
    static const char polls[] = "rule \"p\" { about = \"poll\" when = {\"opened\"} to = "
                                "\"audience\" letter = \"poll-opened\" class = \"news\" }";
    struct trial t;
    (void)context;
    trial_open(&t, polls, "2022-04-01T10:00");
    trial_world(&t, false);
    trial_do(&t, "preference.set", "{'person':'a','class':'news','on':true,'digest':'daily'}");
    poll(&t, "q1", "2022-04-20T12:00");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "p", "a", "accepted", NULL), 1);
    trial_close(&t);

    gather(&t);
    poll(&t, "q1", "2022-04-20T12:00");
    trial_settle(&t);
    trial_rules(&t, polls);
    trial_until(&t, "2022-04-02T08:00");
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "expired", NULL), 1);
    trial_close(&t);
}

static void test_refused(void **context) {
    static const struct {
        const char *body, *code;
    } cases[] = {
        {"{'person':'a','topic':'mobler','on':true,'most':3}", "conflict"},
        {"{'person':'a','class':'news','channel':'smtp','on':true,'digest':'daily'}", "conflict"},
        {"{'person':'a','class':'news','on':true,'digest':'hourly'}", "bad-value"},
        {"{'person':'a','class':'news','on':true,'most':0}", "bad-value"},
        {"{'person':'a','topic':'a-topic-of-forty-nine-characters-is-longer-than-it','on':true,"
         "'digest':'daily'}",
         "too-long"},
        {"{'person':'a','topic':'mobler','on':true,'digest':'daily'}", "applied"},
        {"{'person':'a','topic':'news','on':true}", "bad-value"}, /* it would undo a class */
    };
    struct trial t;
    (void)context;
    begin(&t, "2022-04-01T10:00");
    for (unsigned i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(trial_say(&t, "preference.set", "%s", cases[i].body), cases[i].code);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_daily),
        cmocka_unit_test(test_weekly_in_her_zone),
        cmocka_unit_test(test_what_falls_out),
        cmocka_unit_test(test_made_anew),
        cmocka_unit_test(test_follows),
        cmocka_unit_test(test_one_goes_alone),
        cmocka_unit_test(test_correction_of_what_is_gathered),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_one_nudge_a_day),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_left_alone),
        cmocka_unit_test(test_without_a_rule),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
