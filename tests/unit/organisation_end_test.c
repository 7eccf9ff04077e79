/* Organisations that are one, and organisations that are no more, in the middle of a programme:
 * nothing is lost, nothing is said twice, nothing is owed by nobody. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/calls.h"

#define IN(town) "'programme':'prog','participation':'" town "'"

static struct rec_participation participation(struct trial *t, const char *town) {
    struct rec_participation p;
    trial_get(t, TABLE_PARTICIPATION, key2(TEXT_LIT("prog"), text_of(town)), &p);
    return p;
}

/* Two towns take part, a third is a reserve, and t9 is nobody yet. */
static void open_running_before(struct trial *t) {
    calls_world(t, 2, 3);
    assert_string_equal(trial_say(t, "organisation.register",
                                  "{'organisation':'t9','name':'T','kind':'municipality',"
                                  "'country':'DK'}"),
                        "applied");
    trial_rules(t, NULL);
    calls_open(t);
    calls_eligible(t, 3);
    for (unsigned i = 0; i < 3; i++)
        calls_decide(t, i, i < 2 ? "selected" : "reserve", i < 2 ? 0 : 1);
    trial_do(t, "decision.release", "{'programme':'prog'}");
    trial_settle(t);
    trial_do(t, "offer.accept", "{'application':'app0','person':'t0-a'}");
    trial_do(t, "offer.accept", "{'application':'app1','person':'t1-a'}");
}

/* All that a participation can have t0 has; it is 2022-05-10. */
static void open_running(struct trial *t) {
    open_running_before(t);
    trial_until(t, "2022-03-01T10:00");
    trial_do(t, "staff.name", "{" IN("t0") ",'persons':['t0-a','t0-b']}");
    trial_do(t, "adviser.assign", "{" IN("t0") ",'person':'lead'}");
    trial_do(t, "evidence.add",
             "{'evidence':'backing'," IN("t0") ",'kind':'political-backing','text':'x',"
                                               "'valid_until':'2022-07-31'}");
    trial_do(t, "milestone.plan",
             "{'milestone':'m'," IN("t0") ",'phase':'scope','title':'M','due':'2022-06-01'}");
    trial_until(t, "2022-05-10T10:00");
    trial_do(t, "hours.log",
             "{'hours':'h1'," IN("t0") ",'person':'t0-a','date':'2022-05-01','minutes':60,"
                                       "'kind':'preparation'}");
    trial_do(t, "hours.log",
             "{'hours':'h2'," IN("t0") ",'person':'t0-b','date':'2022-05-02','minutes':90,"
                                       "'kind':'workshop'}");
    trial_do(t, "test.record", "{" IN("t0") ",'hypothesis':'h','partners':['uni']}");
}

/* What goes on, under whatever name: one letter after another, to the end. */
static void go_on(struct trial *t, const char *town) {
    trial_do(t, "hours.correct",
             "{'hours':'h1','programme':'prog','participation':'%s','minutes':70,'reason':'r'}",
             town);
    trial_do(t, "hours.log",
             "{'hours':'h3','programme':'prog','participation':'%s','person':'t0-a',"
             "'date':'2022-05-01','minutes':30,'kind':'meeting'}",
             town);
    trial_until(t,
                "2022-09-15T10:00"); /* the milestone passes, the backing ends, hours run behind */
    trial_do(t, "milestone.reach", "{'milestone':'m'}");
    trial_do(t, "evidence.add",
             "{'evidence':'anew','programme':'prog','participation':'%s',"
             "'kind':'political-backing','text':'x'}",
             town);
    trial_do(t, "solution.publish",
             "{'solution':'s','programme':'prog','participation':'%s','title':'S','text':'s',"
             "'visibility':'public'}",
             town);
    trial_until(t, "2022-10-15T10:00");
}

/* How many rows each rule and person has. */
static void summary(struct trial *t, struct buf *to) {
    uint64_t last = trial_count(t, COUNT_LEDGER);
    for (uint64_t no = 1; no <= last; no++) {
        struct rec_ledger row;
        trial_get(t, TABLE_LEDGER, key_no(no), &row);
        buf_printf(to, "%.*s %.*s %.*s %lld\n", TEXT_ARGS(row.rule), TEXT_ARGS(row.person),
                   TEXT_ARGS(row.state), (long long)row.due);
    }
}

static void run(bool merged, struct buf *ret_letters, struct rec_participation *ret) {
    struct trial t;
    const char *town = merged ? "t9" : "t0";
    open_running(&t);
    if (merged)
        trial_do(&t, "organisation.merge", "{'organisation':'t0','into':'t9'}");
    go_on(&t, town);
    summary(&t, ret_letters);
    struct rec_participation p = participation(&t, town);
    *ret = (struct rec_participation){.minutes = p.minutes,
                                      .pace = p.pace,
                                      .behind = p.behind,
                                      .began = p.began,
                                      .next_look = p.next_look};
    assert_true(text_is(calls_owed(&t, "publish-solution", merged ? "prog/t9" : "prog/t0"), "met"));
    assert_true(text_is(calls_owed(&t, "renew-backing", "backing"), "met"));
    calls_check(&t);
    trial_close(&t);
}

/* Merged in the middle, it goes on as if it had always had that name. */
static void test_merge_loses_nothing(void **state) {
    struct buf alone, merged;
    struct rec_participation of_one, of_both;
    (void)state;
    buf_init(&alone, 1 << 20);
    buf_init(&merged, 1 << 20);
    run(false, &alone, &of_one);
    run(true, &merged, &of_both);
    assert_true(alone.n > 500 && !alone.over);
    assert_string_equal(buf_cstr(&alone), buf_cstr(&merged));
    assert_memory_equal(&of_one, &of_both, sizeof of_one);
    assert_int_equal(of_both.minutes, 190);
    buf_free(&alone);
    buf_free(&merged);
}

static const char *defer(struct trial *t, const struct rec_ledger *row) {
    (void)t;
    (void)row;
    return "deferred";
}

/* A reminder that still waits does not leave once it is done, under whatever name. */
static void test_merge_while_reminded(void **state) {
    struct trial t;
    (void)state;
    open_running(&t);
    trial_until(&t, "2024-03-01T08:59");
    t.fate = defer;
    trial_until(&t, "2024-03-01T09:01");
    assert_int_equal(trial_rows(&t, "publish-solution", "t0-a", "deferred", NULL), 1);
    trial_do(&t, "organisation.merge", "{'organisation':'t0','into':'t9'}");
    trial_do(&t, "solution.publish", "{" IN("t9") ",'title':'T','text':'t','visibility':'cohort'}");
    assert_int_equal(trial_rows(&t, "publish-solution", "t0-a", "superseded", NULL), 1);
    trial_close(&t);
}

#define ASKING                                                                                     \
    "rule \"name-staff\" { about = \"obligation.name-staff\" when = { \"due - 7d at 09:00\", "     \
    "\"due - 1d at 09:00\" } to = \"owner\" letter = \"name-staff\" class = \"duty\" "             \
    "late = \"ask\" }"

/* A reminder that somebody is asked about is overtaken by the next one, under whatever name. */
static void test_merge_while_asked(void **state) {
    static const char *const people[] = {"t0-a", "t1-a"};
    struct trial t;
    (void)state;
    open_running_before(&t);
    trial_rules(&t, ASKING);
    trial_away(&t, "2022-02-14T09:00"); /* over the first of both */
    assert_int_equal(trial_rows(&t, "name-staff", "t0-a", "held", NULL), 1);
    trial_do(&t, "organisation.merge", "{'organisation':'t0','into':'t9'}");
    trial_until(&t, "2022-02-18T10:00");
    for (unsigned i = 0; i < COUNT_OF(people); i++) {
        assert_int_equal(trial_rows(&t, "name-staff", people[i], "superseded", NULL), 1);
        assert_int_equal(trial_rows(&t, "name-staff", people[i], "accepted", NULL), 1);
    }
    trial_close(&t);
}

static bool is_there(struct trial *t, enum table table, struct key key) {
    struct bytes value;
    return store_get(t->txn, table, key_bytes(&key), &value) == 0;
}

/* Everything goes by the new id, and nothing is left under the old one. */
static void test_merge_moves_all(void **state) {
    struct trial t;
    struct rec_hours h;
    struct rec_evidence e;
    struct rec_milestone m;
    struct rec_assessment s;
    struct rec_application a;
    struct key at;
    (void)state;
    open_running(&t);
    trial_do(&t, "organisation.register",
             "{'organisation':'part','name':'P','kind':'company','country':'DK','parent':'t0'}");
    unsigned hours = trial_table(&t, TABLE_HOURS), owed = trial_table(&t, TABLE_OWED);
    unsigned obligations = trial_table(&t, TABLE_OBLIGATION);
    unsigned plans = trial_table(&t, TABLE_PLAN), dues = trial_table(&t, TABLE_DUE);
    trial_do(&t, "organisation.merge", "{'organisation':'t0','into':'t9'}");
    assert_int_equal(trial_table(&t, TABLE_HOURS), hours);
    assert_int_equal(trial_table(&t, TABLE_OWED), owed);
    assert_int_equal(trial_table(&t, TABLE_OBLIGATION), obligations);
    assert_int_equal(trial_table(&t, TABLE_PLAN), plans);
    assert_int_equal(trial_table(&t, TABLE_DUE), dues);
    assert_false(is_there(&t, TABLE_PARTICIPATION, key2(TEXT_LIT("prog"), TEXT_LIT("t0"))));
    assert_true(participation(&t, "t9").staff.count == 2 && participation(&t, "t9").minutes == 150);
    at = key2(TEXT_LIT("prog"), TEXT_LIT("t9"));
    key_text(&at, TEXT_LIT("h1"));
    trial_get(&t, TABLE_HOURS, at, &h);
    assert_true(text_is(h.organisation, "t9") && h.minutes == 60);
    trial_get(&t, TABLE_EVIDENCE, key1(TEXT_LIT("backing")), &e);
    trial_get(&t, TABLE_MILESTONE, key1(TEXT_LIT("m")), &m);
    a = calls_application(&t, 0);
    assert_true(text_is(e.organisation, "t9") && text_is(m.organisation, "t9") &&
                text_is(a.organisation, "t9"));
    at = key2(TEXT_LIT("t0-a"), TEXT_LIT("prog"));
    key_text(&at, TEXT_LIT("t9"));
    assert_true(is_there(&t, TABLE_STAFF_OF, at));
    assert_true(is_there(&t, TABLE_APPLIED, key2(TEXT_LIT("call"), TEXT_LIT("t9"))));
    assert_false(is_there(&t, TABLE_APPLIED, key2(TEXT_LIT("call"), TEXT_LIT("t0"))));
    assert_true(text_is(calls_owed(&t, "publish-solution", "prog/t9"), "open"));
    assert_true(text_is(calls_owed(&t, "publish-solution", "prog/t0"), "none"));
    struct rec_organisation part;
    trial_get(&t, TABLE_ORGANISATION, key1(TEXT_LIT("part")), &part);
    assert_true(text_is(part.parent, "t9"));
    /* whoever names the old id is told where it went */
    calls_refused(&t, "not-found", "participation",
                  trial_say(&t, "staff.name", "{" IN("t0") ",'persons':['t0-a','t0-b']}"));
    calls_refused(&t, "wrong-state", "organisation",
                  trial_say(&t, "organisation.merge", "{'organisation':'t0','into':'t1'}"));
    calls_refused(&t, "already", "persons",
                  trial_say(&t, "staff.name", "{" IN("t9") ",'persons':['t0-a','t0-b']}"));
    /* what t0 was told is found under what it is called now */
    at = key2(TEXT_LIT("participation"), TEXT_LIT("prog/t9"));
    struct bytes key, value;
    assert_int_equal(store_seek(t.txn, TABLE_LEDGER_ABOUT, key_bytes(&at), &key, &value), 0);
    assert_true(key_has_prefix(key, &at));
    /* partners, and the assessors of its application, go along */
    trial_do(&t, "organisation.merge", "{'organisation':'uni','into':'ddc'}");
    assert_true(list_has_text(participation(&t, "t9").test_partners, TEXT_LIT("ddc")));
    (void)s;
    trial_close(&t);
}

static void test_merge_refused(void **state) {
    struct trial t;
    (void)state;
    open_running(&t);
    calls_refused(&t, "conflict", "into",
                  trial_say(&t, "organisation.merge", "{'organisation':'t0','into':'t0'}"));
    calls_refused(&t, "conflict", "into", /* both take part, and both applied */
                  trial_say(&t, "organisation.merge", "{'organisation':'t0','into':'t1'}"));
    calls_refused(&t, "conflict", "into", /* a reserve */
                  trial_say(&t, "organisation.merge", "{'organisation':'t2','into':'t1'}"));
    trial_do(&t, "participation.leave", "{" IN("t1") ",'reason':'r'}");
    calls_refused(&t, "conflict",
                  "into", /* the one that left is history, and would be in the way */
                  trial_say(&t, "organisation.merge", "{'organisation':'t0','into':'t1'}"));
    trial_do(&t, "organisation.merge", "{'organisation':'t1','into':'t0'}"); /* stays as it was */
    assert_true(text_is(participation(&t, "t1").state, "left"));
    assert_true(text_is(participation(&t, "t0").state, "running"));
    calls_check(&t);
    trial_close(&t);
}

static void test_leave(void **state) {
    struct trial t;
    (void)state;
    open_running(&t);
    unsigned heard = trial_rows(&t, "participation-left", NULL, NULL, NULL);
    calls_refused(&t, "not-found", "participation",
                  trial_say(&t, "participation.leave", "{" IN("t9") ",'reason':'r'}"));
    trial_do(&t, "participation.leave", "{" IN("t0") ",'reason':'No time.','place':'next'}");
    struct rec_participation p = participation(&t, "t0");
    assert_true(text_is(p.state, "left") && p.left == t.now && !p.next_look && p.minutes == 150);
    assert_true(text_is(calls_application(&t, 0).state, "withdrawn"));
    assert_true(text_is(calls_application(&t, 2).state, "selected")); /* the reserve is next */
    assert_true(text_is(calls_owed(&t, "publish-solution", "prog/t0"), "moot"));
    calls_refused(&t, "already", "participation",
                  trial_say(&t, "participation.leave", "{" IN("t0") ",'reason':'r'}"));
    calls_refused(&t, "wrong-state", "participation",
                  trial_say(&t, "hours.log",
                            "{" IN("t0") ",'person':'t0-a','date':'2022-05-02','minutes':5,"
                                         "'kind':'meeting'}"));
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "participation-left", NULL, "accepted", NULL), heard + 3);
    unsigned before = trial_rows(&t, NULL, "t0-a", NULL, NULL);
    trial_until(&t, "2022-12-15T10:00"); /* nobody is reminded of anything */
    assert_int_equal(trial_rows(&t, NULL, "t0-a", NULL, NULL), before);
    calls_check(&t);
    trial_close(&t);
}

/* Its people are not meant by the programme's meetings any more, nor does their time count. */
static void test_leave_and_meet(void **state) {
    struct trial t;
    (void)state;
    open_running(&t);
    for (unsigned i = 0; i < 2; i++) {
        trial_do(&t, "meeting.plan",
                 "{'meeting':'w%u','programme':'prog','kind':'workshop','title':'W','minutes':60,"
                 "'starts':'2022-06-%02uT09:00','mode':'video','link':'https://x.example/w',"
                 "'audience':'staff'}",
                 i, 10 + 10 * i);
        trial_do(&t, "meeting.call", "{'meeting':'w%u'}", i);
    }
    trial_do(&t, "registration.make", "{'meeting':'w0','person':'t0-a'}");
    trial_until(&t, "2022-06-11T10:00");
    trial_do(&t, "participation.leave", "{" IN("t0") ",'reason':'r','place':'free'}");
    calls_refused(&t, "not-entitled", "person",
                  trial_say(&t, "registration.make", "{'meeting':'w1','person':'t0-a'}"));
    trial_until(&t, "2022-06-21T10:00");
    for (unsigned i = 0; i < 2; i++) /* written down late: of the first it was part */
        trial_do(&t, "attendance.record",
                 "{'meeting':'w%u','entries':[{'person':'t0-a','minutes':60}]}", i);
    assert_int_equal(participation(&t, "t0").minutes, 150 + 60);
    calls_check(&t);
    trial_close(&t);
}

/* It has a place again, by a reserve that is part of it now: its staff is yet to be named. */
static void test_leave_and_come_back(void **state) {
    struct trial t;
    (void)state;
    open_running(&t);
    trial_do(&t, "participation.leave", "{" IN("t0") ",'reason':'r','place':'free'}");
    trial_do(&t, "organisation.merge", "{'organisation':'t2','into':'t0'}");
    trial_do(&t, "offer.make", "{'programme':'prog'}");
    trial_do(&t, "offer.accept", "{'application':'app2','person':'t2-a'}");
    struct rec_participation p = participation(&t, "t0");
    assert_true(text_is(p.state, "running") && p.minutes == 150 && !p.staff.count);
    assert_true(text_is(calls_owed(&t, "name-staff", "prog/t0"), "open"));
    calls_check(&t);
    trial_do(&t, "meeting.plan",
             "{'meeting':'w','programme':'prog','kind':'workshop','title':'W','minutes':60,"
             "'starts':'2022-06-01T09:00','mode':'video','link':'https://x.example/w',"
             "'audience':'staff'}");
    trial_do(&t, "meeting.call", "{'meeting':'w'}");
    calls_refused(&t, "not-entitled", "person", /* she was of the staff, and is not */
                  trial_say(&t, "registration.make", "{'meeting':'w','person':'t0-a'}"));
    trial_close(&t);
}

/* Deep in the programme nobody is asked to join by itself; the office may ask, later and once. */
static void test_leave_a_programme_that_has_begun(void **state) {
    struct trial t;
    (void)state;
    open_running(&t);
    calls_refused(&t, "full", "programme", trial_say(&t, "offer.make", "{'programme':'prog'}"));
    trial_do(&t, "participation.leave", "{" IN("t0") ",'reason':'r'}");
    trial_settle(&t);
    assert_true(text_is(calls_application(&t, 2).state, "reserve"));
    assert_int_equal(calls_programme(&t).taken, 1);
    assert_int_equal(trial_rows(&t, "application-selected", "t2-a", NULL, NULL), 0);
    trial_do(&t, "offer.make", "{'programme':'prog'}");
    trial_settle(&t);
    assert_true(text_is(calls_application(&t, 2).state, "selected"));
    assert_int_equal(calls_programme(&t).taken, 2);
    assert_int_equal(trial_rows(&t, "application-selected", "t2-a", "accepted", NULL), 1);
    calls_refused(&t, "full", "programme", trial_say(&t, "offer.make", "{'programme':'prog'}"));
    trial_do(&t, "participation.leave", "{" IN("t1") ",'reason':'r','place':'free'}");
    calls_refused(&t, "not-found", "programme",
                  trial_say(&t, "offer.make", "{'programme':'prog'}"));
    calls_check(&t);
    trial_close(&t);
}

/* Before its first day the next one hears at once, unless the office says otherwise. */
static void test_leave_before_it_begins(void **state) {
    static const struct {
        const char *more, *reserve;
    } rows[] = {{"", "selected"}, {",'place':'next'", "selected"}, {",'place':'free'", "reserve"}};
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        struct trial t;
        open_running_before(&t);
        trial_do(&t, "participation.leave", "{" IN("t0") ",'reason':'r'%s}", rows[i].more);
        assert_true(text_is(calls_application(&t, 2).state, rows[i].reserve));
        calls_check(&t);
        trial_close(&t);
    }
}

static void test_close(void **state) {
    struct trial t;
    struct rec_organisation r;
    (void)state;
    open_running(&t);
    trial_do(&t, "pledge.record", "{'organisation':'t2','pledge':'p','years':[2022]}");
    trial_do(&t, "organisation.close", "{'organisation':'t2','reason':'Merged with the region.'}");
    assert_true(text_is(calls_application(&t, 2).state, "withdrawn"));
    trial_do(&t, "organisation.close", "{'organisation':'t0'}");
    assert_true(text_is(participation(&t, "t0").state, "left"));
    assert_true(text_is(calls_owed(&t, "publish-solution", "prog/t0"), "moot"));
    assert_int_equal(calls_programme(&t).taken, 1);
    trial_get(&t, TABLE_ORGANISATION, key1(TEXT_LIT("t2")), &r);
    assert_true(text_is(r.reason, "Merged with the region.") && r.ended == t.now);
    calls_check(&t);
    trial_close(&t);
}

/* Offers, reserves and drafts end with the programme; what was open is told, once. */
static void test_programme_ends(void **state) {
    struct trial t;
    (void)state;
    calls_world(&t, 1, 4);
    trial_rules(&t, NULL);
    calls_open(&t);
    trial_until(&t, "2022-01-15T10:00");
    calls_start(&t, 3);
    calls_eligible(&t, 3);
    calls_decide(&t, 0, "selected", 0);
    calls_decide(&t, 1, "reserve", 1);
    calls_decide(&t, 2, "declined", 0);
    trial_do(&t, "decision.release", "{'programme':'prog'}");
    trial_settle(&t);
    t.now += DAYS;
    trial_do(&t, "programme.end", "{'programme':'prog'}");
    assert_true(text_is(calls_application(&t, 0).state, "lapsed"));
    assert_true(text_is(calls_application(&t, 1).state, "declined"));
    assert_true(text_is(calls_application(&t, 2).state, "declined"));
    assert_true(text_is(calls_application(&t, 3).state, "withdrawn"));
    assert_true(text_is(calls_owed(&t, "answer-offer", "app0"), "moot"));
    assert_int_equal(calls_programme(&t).taken, 0);
    calls_check(&t);
    trial_until(&t, "2022-06-15T10:00");
    assert_int_equal(trial_rows(&t, "application-over", NULL, "accepted", NULL), 4);
    assert_int_equal(trial_rows(&t, "application-over", "t0-a", NULL, NULL), 1);
    assert_int_equal(trial_rows(&t, "application-offer-lapsed", NULL, NULL, NULL), 0);
    assert_int_equal(trial_rows(&t, "application-declined", "t1-a", NULL, NULL), 0);
    calls_refused(&t, "too-late", "application",
                  trial_say(&t, "offer.accept", "{'application':'app0','person':'t0-a'}"));
    trial_close(&t);
}

/* A call that has not opened never does. */
static void test_programme_never_comes(void **state) {
    struct trial t;
    (void)state;
    calls_world(&t, 1, 1);
    calls_open(&t);
    trial_do(&t, "programme.end", "{'programme':'prog'}");
    assert_true(text_is(calls_call(&t).state, "closed"));
    trial_until(&t, "2022-02-15T10:00");
    assert_true(text_is(calls_programme(&t).state, "ended"));
    calls_refused(
        &t, "not-found", "call",
        trial_say(&t, "application.start", "{'call':'none','organisation':'t0','contact':'t0-a'}"));
    trial_close(&t);
}

/* One of the staff goes to another town: the two are one too few, and the adviser hears. */
static void test_staff_leaves(void **state) {
    struct trial t;
    (void)state;
    open_running(&t);
    trial_settle(&t);
    trial_do(&t, "person.update", "{'person':'t0-b','organisations':['t1','t0']}"); /* both */
    assert_int_equal(participation(&t, "t0").staff.count, 2);
    trial_do(&t, "person.update", "{'person':'t0-b','organisations':['t1']}");
    assert_int_equal(participation(&t, "t0").staff.count, 1);
    assert_true(text_is(calls_owed(&t, "name-staff", "prog/t0"), "open"));
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "staff-left", "lead", "accepted", NULL), 1);
    assert_int_equal(trial_rows(&t, "staff-left", NULL, NULL, NULL), 1);
    trial_do(&t, "hours.log", /* what she did for it she may still say */
             "{" IN("t0") ",'person':'t0-b','date':'2022-05-03','minutes':5,'kind':'meeting'}");
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_loses_nothing),
        cmocka_unit_test(test_merge_while_reminded),
        cmocka_unit_test(test_merge_while_asked),
        cmocka_unit_test(test_merge_moves_all),
        cmocka_unit_test(test_merge_refused),
        cmocka_unit_test(test_leave),
        cmocka_unit_test(test_leave_and_come_back),
        cmocka_unit_test(test_leave_and_meet),
        cmocka_unit_test(test_leave_a_programme_that_has_begun),
        cmocka_unit_test(test_leave_before_it_begins),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_programme_ends),
        cmocka_unit_test(test_programme_never_comes),
        cmocka_unit_test(test_staff_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
