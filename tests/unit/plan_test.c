/* Plans: what is planned, past and fired, and what becomes of it when its subject or its rule
 * changes. */
/* service: scheduler */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/plan.h"
#include "tests/harness/trial.h"

static unsigned rows(struct trial *t, const char *rule, const char *state) {
    return trial_rows(t, rule, NULL, state, NULL);
}

static void open_world(struct trial *t, const char *rules, const char *wall) {
    trial_open(t, rules, wall);
    trial_world(t, true);
}

static void test_past_and_planned(void **context) {
    struct trial t;
    (void)context;
    open_world(&t, NULL, "2022-05-20T08:00"); /* four days before */
    assert_int_equal(trial_plans(&t, "meeting-week-before", "past"), 1);
    assert_int_equal(trial_plans(&t, "meeting-day-before", "planned"), 1);
    assert_int_equal(trial_plans(&t, "meeting-invitation", "planned"), 1);
    trial_do(&t, "registration.make", "{'meeting':'m','person':'a'}");
    trial_until(&t, "2022-05-24T12:00");
    assert_int_equal(rows(&t, "meeting-week-before", NULL), 0);
    assert_int_equal(rows(&t, "meeting-day-before", "accepted"), 1);
    assert_int_equal(rows(&t, "meeting-hour-before", "accepted"), 1);
    assert_int_equal(trial_plans(&t, "meeting-day-before", "fired"), 1);
    trial_close(&t);
}

static void test_moved(void **context) {
    struct rec_ledger row;
    struct trial t;
    (void)context;
    open_world(&t, NULL, "2022-04-01T08:00");
    trial_do(&t, "registration.make", "{'meeting':'m','person':'a'}");
    trial_until(&t, "2022-04-10T08:00");
    trial_do(&t, "meeting.move", "{'meeting':'m','starts':'2022-06-01T09:00'}");
    assert_int_equal(trial_plans(&t, "meeting-week-before", NULL), 1);
    trial_until(&t, "2022-05-24T12:00");
    assert_int_equal(rows(&t, "meeting-week-before", NULL), 0);
    assert_int_equal(rows(&t, "meeting-moved", "accepted"), 3); /* all were invited */
    trial_until(&t, "2022-06-01T12:00");
    assert_int_equal(trial_rows(&t, "meeting-week-before", "a", "accepted", &row), 1);
    assert_int_equal(row.due, trial_wall("2022-05-25T09:00"));
    trial_close(&t);
}

/* What time itself changes is found out a little later, and its moment is not past by that. */
static void test_closed_by_time(void **context) {
    static const char rule[] = "rule \"over\" { about = \"poll\" when = { \"closes\" } "
                               "only = { \"state = closed\" } to = \"members\" "
                               "letter = \"poll-opened\" class = \"service\" }";
    struct trial t;
    (void)context;
    open_world(&t, rule, "2022-05-01T08:00");
    trial_do(&t, "poll.open",
             "{'poll':'q','network':'net','question':'Q','closes':'2022-05-20T12:00','audience':"
             "'members','options':[{'option':'x','text':'X'},{'option':'y','text':'Y'}]}");
    trial_until(&t, "2022-05-20T11:00");
    t.now = trial_wall("2022-05-20T12:01") + 7;
    trial_settle(&t);
    assert_int_equal(trial_plans(&t, "over", "fired"), 1);
    assert_int_equal(rows(&t, "over", "accepted"), 3);
    trial_close(&t);
}

static void test_moved_back_to_the_old_date(void **context) {
    struct trial t;
    (void)context;
    open_world(&t, NULL, "2022-04-01T08:00");
    trial_do(&t, "registration.make", "{'meeting':'m','person':'a'}");
    trial_until(&t, "2022-05-18T08:00"); /* the week before has gone out */
    trial_do(&t, "meeting.move", "{'meeting':'m','starts':'2022-07-01T09:00'}");
    trial_until(&t, "2022-05-19T08:00");
    trial_do(&t, "meeting.move", "{'meeting':'m','starts':'2022-05-24T09:00'}");
    trial_until(&t, "2022-05-24T12:00");
    assert_int_equal(rows(&t, "meeting-week-before", "accepted"), 1);
    assert_int_equal(rows(&t, "meeting-day-before", "accepted"), 1);
    assert_int_equal(rows(&t, "meeting-moved", "accepted"), 6);
    assert_int_equal(trial_plans(&t, NULL, "planned"), 0);
    trial_close(&t);
}

/* A flipped bit in a key takes a record away that others name: nobody gets a letter without it. */
static void test_what_vanished_is_damage(void **context) {
    static const struct {
        enum table table;
        const char *id;
    } gone[] = {{TABLE_ORGANISATION, "molndal"}, {TABLE_NETWORK, "net"}, {TABLE_PERSON, "a"}};
    struct trial t;
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(gone); i++) {
        open_world(&t, NULL, "2022-04-01T08:00");
        trial_do(&t, "registration.make", "{'meeting':'m','person':'a'}");
        trial_settle(&t);
        struct key key = key1(text_of(gone[i].id));
        assert_int_equal(store_del(t.txn, gone[i].table, key_bytes(&key)), 0);
        t.now = trial_wall("2022-05-17T09:00");
        assert_int_equal(step_due(&t.step, t.now, t.now), -EBADMSG);
        trial_close(&t);
    }
}

/* Each correction has its letter, however quickly one follows on the other. */
static void test_moved_twice_quickly(void **context) {
    static const msec apart[] = {0, 1, 300, SECONDS, MINUTES};
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(apart); i++)
        for (unsigned settle = 0; settle < 2; settle++) {
            struct rec_ledger row;
            struct trial t;
            open_world(&t, NULL, "2022-04-01T08:00");
            trial_settle(&t);
            t.now += DAYS;
            trial_do(&t, "meeting.move", "{'meeting':'m','starts':'2022-05-25T09:00'}");
            if (settle)
                trial_settle(&t);
            t.now += apart[i];
            trial_do(&t, "meeting.move", "{'meeting':'m','starts':'2022-05-26T09:00'}");
            trial_until(&t, "2022-04-05T08:00");
            if (trial_rows(&t, "meeting-moved", "a", "accepted", &row) != (settle ? 2 : 1) ||
                row.told != 3)
                fail_msg("%lld ms apart, settled %u: told %lld", (long long)apart[i], settle,
                         (long long)row.told);
            trial_close(&t);
        }
}

/* Called and moved before anybody looked: the invitation is still owed, with the new time. */
static void test_moved_before_it_fired(void **context) {
    struct trial t;
    (void)context;
    open_world(&t, NULL, "2022-04-01T08:00");
    t.now += MINUTES;
    trial_do(&t, "meeting.move", "{'meeting':'m','starts':'2022-05-25T09:00'}");
    trial_settle(&t);
    assert_int_equal(rows(&t, "meeting-invitation", "accepted"), 3);
    assert_int_equal(rows(&t, "meeting-moved", NULL), 0); /* nobody knew the old time */
    trial_close(&t);
}

/* What was said while we were away counts from when it was said: nothing that fell due since is
 * lost. */
static void test_said_during_an_outage(void **context) {
    struct trial t;
    (void)context;
    trial_open(&t, NULL, "2022-05-16T08:00");
    trial_world(&t, false);
    instant said = trial_wall("2022-05-16T10:00");
    t.now = trial_wall("2022-05-18T08:00"); /* the week before lies between */
    assert_string_equal(trial_said(&t, said, "meeting.call", "{'meeting':'m'}"), "applied");
    assert_string_equal(
        trial_said(&t, said + MINUTES, "registration.make", "{'meeting':'m','person':'a'}"),
        "applied");
    trial_settle(&t);
    assert_int_equal(rows(&t, "meeting-invitation", "accepted"), 3);
    assert_int_equal(rows(&t, "registration-confirmed", "accepted"), 1);
    assert_int_equal(rows(&t, "meeting-week-before", "accepted"), 1);
    trial_close(&t);
}

/* A letter that is no use any more is missed, with a row for everyone it was for. */
static void test_late(void **context) {
    static const struct {
        const char *at;
        const char *rule, *state;
        bool late;
    } cases[] = {
        {"2022-05-17T09:10", "meeting-week-before", "queued", false},
        {"2022-05-20T09:00", "meeting-week-before", "queued", true}, /* late = note */
        {"2022-05-23T09:30", "meeting-day-before", "queued", true},
        {"2022-05-24T08:30", "meeting-day-before", "missed", false},  /* past its use */
        {"2022-05-24T08:40", "meeting-hour-before", "queued", false}, /* late = send */
        {"2022-05-24T09:30", "meeting-hour-before", "missed", false},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct rec_ledger row;
        struct rec_occasion occasion;
        struct trial t;
        open_world(&t, NULL, "2022-04-01T08:00");
        trial_do(&t, "registration.make", "{'meeting':'m','person':'a'}");
        trial_settle(&t);
        t.now = trial_wall(cases[i].at);
        trial_fire(&t);
        if (trial_rows(&t, cases[i].rule, "a", cases[i].state, &row) != 1)
            fail_msg("%s at %s", cases[i].rule, cases[i].at);
        trial_get(&t, TABLE_OCCASION, key_no((uint64_t)row.occasion), &occasion);
        assert_int_equal(occasion.late, cases[i].late);
        trial_close(&t);
    }
}

static void test_cancelled_after_moved(void **context) {
    struct trial t;
    (void)context;
    open_world(&t, NULL, "2022-04-01T08:00");
    trial_settle(&t);
    t.now += DAYS;
    trial_do(&t, "meeting.move", "{'meeting':'m','starts':'2022-05-25T09:00'}");
    trial_fire(&t); /* the corrections are queued, and overtaken */
    t.now += MINUTES;
    trial_do(&t, "meeting.cancel", "{'meeting':'m','reason':'R'}");
    trial_until(&t, "2022-06-01T08:00");
    assert_int_equal(rows(&t, "meeting-moved", "superseded"), 3);
    assert_int_equal(rows(&t, "meeting-cancelled", "accepted"), 3);
    assert_int_equal(rows(&t, "meeting-day-before", NULL), 0);
    assert_int_equal(trial_plans(&t, NULL, "planned"), 0);
    trial_close(&t);
}

#define RULE(when, to)                                                                             \
    "rule \"week\" { about = \"meeting\" when = {\"" when                                          \
    "\"} only = {\"state = called\"} to = \"" to                                                   \
    "\" letter = \"meeting-week-before\" tells = true }"

static void test_rules_change(void **context) {
    struct trial t;
    (void)context;
    open_world(&t, RULE("starts - 7d at 09:00", "members"), "2022-04-01T08:00");
    /* planned: moves along */
    trial_rules(&t, RULE("starts - 8d at 09:00", "members"));
    assert_int_equal(trial_plans(&t, "week", NULL), 1);
    /* due while we were away, and then the rule changed: still owed */
    t.now = trial_wall("2022-05-16T10:00");
    trial_rules(&t, RULE("starts - 8d at 09:30", "members or lead"));
    assert_int_equal(trial_plans(&t, "week", "planned"), 1);
    trial_settle(&t);
    assert_int_equal(rows(&t, "week", "accepted"), 4);
    /* fired: never again for a moment that lies behind, whatever the rule says now */
    trial_rules(&t, RULE("starts - 8d at 08:00", "members or lead or operators"));
    trial_until(&t, "2022-05-20T12:00");
    assert_int_equal(rows(&t, "week", NULL), 4);
    /* a moment ahead is another one */
    trial_rules(&t, RULE("starts - 1d at 09:00", "members"));
    trial_until(&t, "2022-05-24T12:00");
    assert_int_equal(rows(&t, "week", NULL), 7);
    trial_close(&t);
}

static void test_rule_goes_and_comes(void **context) {
    struct trial t;
    (void)context;
    open_world(&t, RULE("starts - 7d at 09:00", "members"), "2022-04-01T08:00");
    trial_rules(&t,
                "rule \"other\" { about = \"meeting\" when = {\"starts - 50d\", \"starts - 1d\"} "
                "to = \"members\" letter = \"meeting-week-before\" }");
    assert_int_equal(trial_plans(&t, "week", NULL), 0);
    assert_int_equal(trial_plans(&t, "other", "planned"), 2);
    trial_until(&t, "2022-05-18T08:00");
    trial_rules(&t, RULE("starts - 7d at 09:00", "members"));
    assert_int_equal(trial_plans(&t, "week", "past"),
                     1); /* a new rule does not speak of yesterday */
    trial_until(&t, "2022-05-24T12:00");
    assert_int_equal(rows(&t, "week", NULL), 0);
    trial_close(&t);
}

/* A plan fires in slices; whatever happens between two of them. */
static void slice(struct trial *t) {
    assert_int_equal(step_due(&t->step, t->now, t->now), 0);
}

static void test_slices(void **context) {
    struct trial t;
    struct rec_ledger row;
    (void)context;
    open_world(&t, RULE("called", "members"), "2022-04-01T08:00");
    t.settings.fire_slice = 1;
    slice(&t); /* a has a row */
    assert_int_equal(trial_plans(&t, "week", "firing"), 1);
    t.now += SECONDS;
    trial_do(&t, "meeting.move", "{'meeting':'m','starts':'2022-05-25T09:00'}");
    trial_fire(&t);
    /* a's is superseded; the others are told of the new time, by letters that hold the new time */
    assert_int_equal(trial_rows(&t, "week", "a", "superseded", NULL), 1);
    assert_int_equal(trial_rows(&t, "week", NULL, "queued", &row), 2);
    struct rec_occasion occasion;
    struct rec_meeting m;
    struct complaint c;
    trial_get(&t, TABLE_OCCASION, key_no((uint64_t)row.occasion), &occasion);
    assert_int_equal(
        codec_decode(&rec_shapes[REC_MEETING], CODEC_LENIENT, occasion.meeting, &m, &c), 0);
    assert_true(text_is(m.starts, "2022-05-25T09:00"));
    assert_int_equal(row.told, m.revision + 1);
    trial_close(&t);
}

static void test_stopped_between_slices(void **context) {
    struct trial t;
    (void)context;
    open_world(&t, RULE("called", "members"), "2022-04-01T08:00");
    t.settings.fire_slice = 1;
    slice(&t);
    trial_do(&t, "meeting.cancel", "{'meeting':'m','reason':'R'}");
    trial_fire(&t);
    assert_int_equal(rows(&t, "week", NULL), 1);
    assert_int_equal(trial_plans(&t, "week", "fired"), 1);
    assert_int_equal(trial_table(&t, TABLE_DUE), 0);
    trial_close(&t);
}

/* The subject itself is gone, or a row of DUE leads nowhere: it is cleared away, and time goes on.
 */
static void test_nothing_there(void **context) {
    struct trial t;
    struct office *o = &t.step.office;
    (void)context;
    open_world(&t, RULE("called", "members"), "2022-04-01T08:00");
    assert_int_equal(office_del(o, TABLE_MEETING, key1(TEXT_LIT("m"))), 0);
    trial_fire(&t);
    assert_int_equal(trial_plans(&t, "week", "missed"), 1);
    struct key gone = key1(TEXT_LIT("gone"));
    assert_int_equal(due_add(o, t.now - 1, "plan", gone), 0);
    assert_int_equal(due_add(o, t.now - 1, "offer", key2(TEXT_LIT("m"), TEXT_LIT("a"))), 0);
    assert_int_equal(due_add(o, t.now - 1, "lapse", key2(TEXT_LIT("net"), TEXT_LIT("a"))), 0);
    assert_int_equal(due_add(o, t.now - 1, "poll", gone), 0);
    assert_int_equal(due_add(o, t.now - 1, "nobody's", gone), 0);
    trial_fire(&t);
    assert_int_equal(trial_table(&t, TABLE_DUE), 0);
    trial_close(&t);
}

/* A row of DUE that was left behind by a plan which has fired does not fire it again for ever. */
static void test_stale_due(void **context) {
    struct key from = {.n = 0};
    struct bytes key, value;
    struct trial t;
    struct rec_plan plan;
    struct complaint c;
    (void)context;
    open_world(&t, RULE("called", "members"), "2022-04-01T08:00");
    trial_settle(&t);
    assert_int_equal(store_seek(t.txn, TABLE_PLAN, key_bytes(&from), &key, &value), 0);
    assert_int_equal(
        codec_decode(&rec_shapes[REC_PLAN], CODEC_LENIENT, arena_bytes(t.arena, value), &plan, &c),
        0);
    assert_int_equal(due_add(&t.step.office, t.now - DAYS, "plan", plan_key(&plan)), 0);
    trial_fire(&t);
    assert_int_equal(trial_table(&t, TABLE_DUE), 0);
    trial_close(&t);
}

/* Times at the ends of what a record can hold are refused, or past; they make nothing unreadable.
 */
static void test_ends_of_time(void **context) {
    struct trial t;
    (void)context;
    open_world(&t, NULL, "2022-04-01T08:00");
    assert_string_equal(trial_say(&t, "meeting.move",
                                  "{'meeting':'m','starts':'2200-12-31T23:00','minutes':10080}"),
                        "bad-value");
    trial_do(&t, "meeting.move", "{'meeting':'m','starts':'2200-12-31T20:00'}");
    trial_do(&t, "meeting.update", "{'meeting':'m','registration_closes':'1970-01-02T00:30'}");
    trial_do(&t, "meeting.update", "{'meeting':'m','room_opens':'1970-01-01T00:00'}");
    assert_string_equal(
        trial_say(&t, "meeting.move", "{'meeting':'m','starts':'2022-05-24T09:00'}"),
        "bad-value"); /* the room would open in 1791 */
    trial_do(&t, "material.expect", "{'material':'x','meeting':'m','from':'a','due':'1970-01-01'}");
    trial_do(&t, "support.request", "{'case':'x','network':'net','person':'a','text':'T'}");
    trial_do(&t, "support.assign", "{'case':'x','person':'b','next_step_by':'1970-01-01'}");
    unsigned plans = trial_plans(&t, "slides-missing-lead", NULL);
    trial_do(&t, "material.expect", "{'material':'y','meeting':'m','from':'a','due':'2200-12-31'}");
    assert_int_equal(trial_plans(&t, "slides-missing-lead", NULL),
                     plans); /* they would be of 2201 */
    trial_do(&t, "support.assign", "{'case':'x','person':'b','next_step_by':'2200-12-31'}");
    assert_string_equal(trial_say(&t, "letter.send",
                                  "{'audience':'members','class':'duty','subject':'S','text':'T',"
                                  "'meeting':'far','send_at':'2200-12-31T23:59'}"),
                        "not-found");
    trial_do(&t, "meeting.plan",
             "{'meeting':'far','network':'net','kind':'network','title':'M','minutes':60,"
             "'mode':'video','link':'https://x.example/','starts':'2022-06-01T10:00',"
             "'audience':'members','zone':'America/New_York'}");
    assert_string_equal(trial_say(&t, "letter.send",
                                  "{'audience':'members','class':'duty','subject':'S','text':'T',"
                                  "'meeting':'far','send_at':'2200-12-31T23:59'}"),
                        "bad-value");
    trial_settle(&t);
    trial_close(&t);
}

/* The longest names there can be fit into every key. */
static void test_longest_names(void **context) {
    struct trial t;
    char p[65], m[65], rules[600];
    (void)context;
    memset(p, 'p', 64);
    memset(m, 'm', 64);
    p[64] = m[64] = 0;
    snprintf(rules, sizeof rules,
             "rule \"%s\" { about = \"registration\" when = {\"registered\", \"registered + 1d\"} "
             "to = \"owner\" letter = \"registration-confirmed\" tells = true }",
             m);
    open_world(&t, rules, "2022-04-01T08:00");
    trial_do(
        &t, "person.register",
        "{'person':'%s','name':'N','email':'n@x.example','language':'sv','organisation':'boras'}",
        p);
    trial_do(&t, "membership.grant", "{'network':'net','person':'%s','source':'s'}", p);
    trial_do(&t, "meeting.plan",
             "{'meeting':'%s','network':'net','kind':'network','title':'M','starts':"
             "'2022-05-24T09:00','minutes':120,'mode':'video','audience':'members'}",
             m);
    trial_do(&t, "meeting.call", "{'meeting':'%s'}", m);
    t.now += 7; /* an occurrence with milliseconds */
    trial_do(&t, "registration.make", "{'meeting':'%s','person':'%s'}", m, p);
    trial_until(&t, "2022-04-03T08:00");
    assert_int_equal(rows(&t, m, "accepted"), 2);
    trial_do(&t, "registration.cancel", "{'meeting':'%s','person':'%s'}", m, p);
    trial_close(&t);
}

static void test_skip(void **context) {
    struct trial t;
    (void)context;
    open_world(&t, NULL, "2022-04-01T08:00");
    trial_do(&t, "registration.make", "{'meeting':'m','person':'a'}");
    static const char name[] = "{'plan':'meeting/m/meeting-week-before/0/starts=2022-05-24T09:00'}";
    trial_do(&t, "plan.skip", "%s", name);
    assert_string_equal(trial_say(&t, "plan.skip", "%s", name), "wrong-state");
    assert_string_equal(trial_say(&t, "plan.skip", "{'plan':'meeting/m/nothing/0/x'}"),
                        "not-found");
    trial_do(&t, "meeting.update", "{'meeting':'m','title':'Other'}");
    trial_until(&t, "2022-05-24T12:00");
    assert_int_equal(rows(&t, "meeting-week-before", NULL), 0);
    assert_int_equal(rows(&t, "meeting-day-before", "accepted"), 1);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_past_and_planned),
        cmocka_unit_test(test_moved),
        cmocka_unit_test(test_closed_by_time),
        cmocka_unit_test(test_moved_back_to_the_old_date),
        cmocka_unit_test(test_what_vanished_is_damage),
        cmocka_unit_test(test_moved_twice_quickly),
        cmocka_unit_test(test_moved_before_it_fired),
        cmocka_unit_test(test_said_during_an_outage),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_cancelled_after_moved),
        cmocka_unit_test(test_rules_change),
        cmocka_unit_test(test_rule_goes_and_comes),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_stopped_between_slices),
        cmocka_unit_test(test_nothing_there),
        cmocka_unit_test(test_stale_due),
        cmocka_unit_test(test_ends_of_time),
        cmocka_unit_test(test_longest_names),
        cmocka_unit_test(test_skip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
