/* What the step does with messages: every refusal, and that places, votes, memberships and merged
 * records come out right. */
/* service: scheduler */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/plan.h"
#include "tests/harness/trial.h"

/* ---- refusals ---- */

#define PLAN(more)                                                                                 \
    "{'meeting':'x','network':'net','kind':'network','title':'M','minutes':60,'mode':'room'," more \
    "}"
#define POLL(more) "{'poll':'x','network':'net','question':'Q'," more "}"
#define TWO "'options':[{'option':'x','text':'X'},{'option':'y','text':'Y'}]"

static const struct {
    const char *type, *body, *code;
} refusals[] = {
    {"no.such", "{}", "unknown-type"},
    {"person.register", "{'name':'N','email':'n@x.example','language':'sv','age':7}",
     "unknown-field"},
    {"person.register", "{'email':'n@x.example','language':'sv'}", "missing"},
    {"person.register", "{'name':'N','email':'nowhere','language':'sv'}", "bad-value"},
    {"pledge.record", "{'organisation':'boras','pledge':'x','years':[2022],'evidence':'%0*d'}",
     "too-long"},
    {"organisation.register", "{'organisation':'boras','name':'B','kind':'region','country':'SE'}",
     "already"},
    {"organisation.register",
     "{'organisation':'o','name':'B','kind':'region','country':'SE','parent':'o'}", "conflict"},
    {"organisation.update", "{'organisation':'none','name':'B'}", "not-found"},
    {"organisation.merge", "{'organisation':'boras','into':'boras'}", "conflict"},
    {"organisation.close", "{'organisation':'closed'}", "wrong-state"},
    {"person.register", "{'person':'a','name':'N','email':'n@x.example','language':'sv'}",
     "already"},
    {"person.update", "{'person':'a','organisations':['none']}", "not-found"},
    {"person.merge", "{'person':'a','into':'a'}", "conflict"},
    {"person.merge", "{'person':'gone','into':'a'}", "wrong-state"},
    {"preference.set", "{'person':'a','on':true}", "missing"},
    {"preference.set", "{'person':'a','class':'news','topic':'x','on':true}", "conflict"},
    {"quiet.set", "{'person':'a','from':'22:00'}", "missing"},
    {"quiet.set", "{'person':'a','from':'22:00','to':'25:00'}", "bad-value"},
    {"quiet.set", "{'person':'a','from':'22:00','to':'07:00','zone':'Sweden/Boras'}", "bad-value"},
    {"consent.withdraw", "{'person':'a','purpose':'x'}", "not-found"},
    {"network.open", "{'network':'net','name':'N','host':'boras','lead':'a','zone':'Europe/Oslo'}",
     "already"},
    {"network.open", "{'network':'n','name':'N','host':'boras','lead':'a','zone':'Mars/North'}",
     "bad-value"},
    {"network.update", "{'network':'none'}", "not-found"},
    {"membership.request", "{'network':'net','name':'N','language':'sv'}", "missing"},
    {"membership.request", "{'network':'net','person':'a'}", "already"},
    {"membership.request", "{'network':'net','person':'lead','topics':['none']}", "not-found"},
    {"membership.confirm", "{'token':'forged'}", "bad-value"},
    {"membership.grant", "{'network':'net','person':'a','source':'s'}", "already"},
    {"membership.grant", "{'network':'net','person':'a','organisation':'boras','source':'s'}",
     "conflict"},
    {"membership.grant", "{'network':'net','source':'s'}", "missing"},
    {"membership.end", "{'network':'net'}", "missing"},
    {"membership.end", "{'network':'net','person':'lead'}", "not-found"},
    {"pledge.follow_up", "{'organisation':'boras','pledge':'none','text':'T'}", "not-found"},
    {"group.create", "{'group':'g','name':'G'}", "already"},
    {"group.add", "{'group':'g','person':'e'}", "already"},
    {"group.add", "{'group':'none','person':'e'}", "not-found"},
    {"group.remove", "{'group':'g','person':'a'}", "not-found"},
    {"meeting.plan", PLAN("'starts':'2022-03-01T09:00','audience':'members'"), "too-late"},
    {"meeting.plan", PLAN("'starts':'2022-06-01T09:00','audience':'friends'"), "bad-value"},
    {"meeting.plan", PLAN("'starts':'2022-06-01T09:00','audience':'members','group':'g'"),
     "conflict"},
    {"meeting.plan",
     PLAN("'starts':'2022-06-01T09:00','audience':'members','room_opens':'2022-06-01T10:00'"),
     "conflict"},
    {"meeting.plan",
     PLAN("'starts':'2022-06-01T09:00','audience':'members','decide_by':'2022-05-01T10:00'"),
     "missing"},
    {"meeting.plan",
     PLAN("'starts':'2022-06-01T09:00','audience':'members','minimum':5,'capacity':4"), "conflict"},
    {"meeting.update", "{'meeting':'m','audience':'lead'}", "wrong-state"},
    {"meeting.call", "{'meeting':'m'}", "already"},
    {"meeting.move", "{'meeting':'m','starts':'2022-05-24T09:00'}", "already"},
    {"meeting.move", "{'meeting':'m','starts':'2022-03-24T09:00'}", "too-late"},
    {"meeting.move", "{'meeting':'m','starts':'2022-05-25T09:00','zone':'Nowhere'}", "bad-value"},
    {"meeting.set_mode", "{'meeting':'m','mode':'video'}", "already"},
    {"meeting.decide", "{'meeting':'m','decision':'postpone'}", "missing"},
    {"meeting.decide", "{'meeting':'m','decision':'postpone','starts':'2022-05-24T09:00'}",
     "conflict"},
    {"meeting.decide", "{'meeting':'m','decision':'go','starts':'2022-05-25T09:00'}", "conflict"},
    {"meeting.decide", "{'meeting':'tentative','decision':'go'}", "wrong-state"},
    {"meeting.cancel", "{'meeting':'none','reason':'R'}", "not-found"},
    {"meeting.record", "{'meeting':'m'}", "too-early"},
    {"registration.make", "{'meeting':'tentative','person':'a'}", "too-early"},
    {"registration.make", "{'meeting':'cancelled','person':'a'}", "wrong-state"},
    {"registration.make", "{'meeting':'over','person':'a'}", "too-late"},
    {"registration.make", "{'meeting':'m','person':'lead'}", "not-entitled"},
    {"registration.make", "{'meeting':'m','person':'a','breakout':'none'}", "not-found"},
    {"registration.make", "{'meeting':'m','person':'a','mode':'room'}", "conflict"},
    {"registration.make", "{'meeting':'full','person':'a'}", "already"},
    {"registration.change", "{'meeting':'full','person':'b','mode':'room'}", "full"},
    {"registration.change", "{'meeting':'m','person':'a'}", "not-found"},
    {"registration.cancel", "{'meeting':'m','person':'a'}", "not-found"},
    {"registration.accept_offer", "{'meeting':'full','person':'a'}", "already"},
    {"registration.decline_offer", "{'meeting':'full','person':'a'}", "wrong-state"},
    {"registration.answer", "{'meeting':'m','person':'lead','answer':'yes'}", "not-entitled"},
    {"attendance.record", "{'meeting':'m','entries':[]}", "too-early"},
    {"attendance.record",
     "{'meeting':'over','entries':[{'person':'a','minutes':1},{'person':'a','minutes':2}]}",
     "conflict"},
    {"attendance.record", "{'meeting':'cancelled','entries':[]}", "wrong-state"},
    {"material.expect", "{'meeting':'none','from':'a','due':'2022-05-01'}", "not-found"},
    {"material.publish",
     "{'kind':'guide','title':'T','visibility':'public','link':'https://x.example/'}", "missing"},
    {"material.withdraw", "{'material':'none'}", "not-found"},
    {"idea.answer", "{'idea':'none','text':'T'}", "not-found"},
    {"idea.promote", "{'idea':'i','to':'topic'}", "missing"},
    {"idea.promote", "{'idea':'i','to':'topic','topic':'none'}", "not-found"},
    {"idea.promote", "{'idea':'i','to':'case'}", "missing"},
    {"idea.promote", "{'idea':'of-gone','to':'case'}", "wrong-state"},
    {"support.assign", "{'case':'none','person':'a'}", "not-found"},
    {"poll.open", POLL("'closes':'2022-03-01T09:00','audience':'members'," TWO), "too-late"},
    {"poll.open",
     POLL("'closes':'2022-05-01T09:00','audience':'members','options':[{'option':'x','text':'X'}]"),
     "bad-value"},
    {"poll.open",
     POLL("'closes':'2022-05-01T09:00','audience':'members','options':[{'option':'x','text':'X'},{'"
          "option':'x','text':'Y'}]"),
     "conflict"},
    {"poll.answer", "{'poll':'none','person':'a','option':'x'}", "not-found"},
    {"poll.answer", "{'poll':'q','person':'lead','option':'x'}", "not-entitled"},
    {"poll.answer", "{'poll':'q','person':'a','option':'z'}", "not-found"},
    {"poll.close", "{'poll':'none'}", "not-found"},
    {"sending.resume", "{}", "already"},
    {"delivery.retry", "{'delivery':999999}", "not-found"},
    {"delivery.withdraw", "{'delivery':1}", "wrong-state"},
    {"delivery.settle", "{'delivery':1,'outcome':'sent'}", "wrong-state"},
    {"delivery.settle", "{'delivery':999999,'outcome':'sent'}", "not-found"},
    {"delivery.report", "{'delivery':999999,'message_id':'<x@y>','kind':'hard'}", "not-found"},
    {"delivery.report", "{'delivery':1,'message_id':'<x@y>','kind':'hard'}", "conflict"},
    {"suppression.lift", "{'suppression':'nobody'}", "not-found"},
    {"suppression.lift", "{'suppression':'a'}", "not-found"},
    {"plan.skip", "{'plan':'nonsense'}", "not-found"},
};

/* Something in every state that a refusal can stumble over. */
static void stage(struct trial *t) {
    static const char *const meetings[] = {"tentative", "cancelled", "over", "full"};
    trial_do(t, "organisation.register",
             "{'organisation':'closed','name':'C','kind':'company','country':'SE'}");
    trial_do(t, "organisation.close", "{'organisation':'closed'}");
    trial_do(t, "person.register",
             "{'person':'gone','name':'N','email':'g@x.example','language':'sv'}");
    trial_do(t, "idea.send", "{'idea':'of-gone','network':'net','text':'T','person':'gone'}");
    trial_do(t, "person.erase", "{'person':'gone'}");
    trial_do(t, "group.create", "{'group':'g','name':'G'}");
    trial_do(t, "group.add", "{'group':'g','person':'e'}");
    for (unsigned i = 0; i < COUNT_OF(meetings); i++) {
        trial_do(t, "meeting.plan",
                 "{'meeting':'%s','network':'net','kind':'network','title':'M','minutes':60,"
                 "'mode':'hybrid','starts':'2022-0%u-01T10:00','audience':'members','capacity':1}",
                 meetings[i], i == 2 ? 4 : 6);
        if (i)
            trial_do(t, "meeting.call", "{'meeting':'%s'}", meetings[i]);
    }
    trial_do(t, "meeting.cancel", "{'meeting':'cancelled','reason':'R'}");
    trial_do(t, "registration.make", "{'meeting':'full','person':'a'}");
    trial_do(t, "registration.make", "{'meeting':'full','person':'b','mode':'video'}");
    trial_do(t, "idea.send", "{'idea':'i','network':'net','text':'T'}");
    trial_do(t, "poll.open",
             "{'poll':'q','network':'net','question':'Q','closes':'2022-05-01T09:00',"
             "'audience':'members'," TWO "}");
    trial_settle(t);
    t->now = trial_wall("2022-04-02T08:00");
    trial_settle(t);
}

static void test_refusals(void **context) {
    struct trial t;
    (void)context;
    trial_open_six(&t);
    stage(&t);
    for (unsigned i = 0; i < COUNT_OF(refusals); i++) {
        const char *code = strstr(refusals[i].body, "%0*d")
                               ? trial_say(&t, refusals[i].type,
                                           "{'organisation':'boras','pledge':'x','years':[2022],"
                                           "'evidence':'%05000d'}",
                                           7)
                               : trial_say(&t, refusals[i].type, "%s", refusals[i].body);
        if (strcmp(code, refusals[i].code))
            fail_msg("%s %s: %s (%s); expected %s", refusals[i].type, refusals[i].body, code,
                     t.refusal.code ? t.refusal.text : "", refusals[i].code);
    }
    trial_close(&t);
}

/* Every code but those of the door is among the refusals above. */
static void test_every_code(void **context) {
    static const char *const codes[] = {
#define CODE(NAME, code, doc) code,
#include "proto/codes.def"
#undef CODE
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(codes); i++) {
        bool found = strcmp(codes[i], "not-allowed") == 0 || strcmp(codes[i], "malformed") == 0 ||
                     strcmp(codes[i], "too-large") == 0;
        for (unsigned k = 0; k < COUNT_OF(refusals) && !found; k++)
            found = strcmp(refusals[k].code, codes[i]) == 0;
        if (!found)
            fail_msg("nothing provokes %s", codes[i]);
    }
}

/* Published again elsewhere, it is of there only, and only those there can be meant. */
static void test_material_moves(void **context) {
    static const struct {
        const char *more, *got;
    } says[] = {
        {"'network':'net','visibility':'members'", "applied"},
        {"'programme':'prog','visibility':'members'", "conflict"},
        {"'programme':'prog','visibility':'cohort'", "applied"},
        {"'network':'net','visibility':'cohort'", "conflict"},
    };
    struct trial t;
    struct rec_material r;
    (void)context;
    trial_open_six(&t);
    trial_do(&t, "programme.open",
             "{'programme':'prog','name':'P','hosts':['boras'],'lead':'lead','places':1,"
             "'starts':'2022-06-01','ends':'2023-06-01','zone':'Europe/Stockholm'}");
    for (unsigned i = 0; i < COUNT_OF(says); i++) {
        assert_string_equal(trial_say(&t, "material.publish",
                                      "{'material':'x','kind':'guide','title':'T',"
                                      "'link':'https://x.example/',%s}",
                                      says[i].more),
                            says[i].got);
        (void)trial_say(&t, "material.withdraw", "{'material':'x'}");
    }
    trial_get(&t, TABLE_MATERIAL, key1(TEXT_LIT("x")), &r);
    assert_true(text_is(r.programme, "prog") && !r.network.p);
    trial_close(&t);
}

/* A sentence that is cut is still one that a record can hold. */
static void test_cut_sentence(void **context) {
    struct trial t;
    char audience[400] = "";
    struct rec_decision d;
    (void)context;
    trial_open_six(&t);
    for (unsigned shift = 0; shift < 2; shift++) {
        strcpy(audience, shift ? "x" : "");
        while (strlen(audience) < 380)
            strcat(audience, "å");
        assert_string_equal(trial_say(&t, "meeting.plan",
                                      PLAN("'starts':'2022-06-01T09:00','audience':'%s'"),
                                      audience),
                            "bad-value");
        trial_get(&t, TABLE_DECISION, key_no(t.seq), &d);
        assert_true(text_is(d.code, "bad-value"));
    }
    trial_close(&t);
}

/* ---- polls ---- */

static int64_t votes(struct trial *t, const char *option) {
    struct rec_poll p;
    struct text id;
    int64_t n;
    trial_get(t, TABLE_POLL, key1(TEXT_LIT("q")), &p);
    while (codec_next_pair_int(&p.votes, &id, &n))
        if (text_is(id, option))
            return n;
    return 0;
}

static void test_poll(void **context) {
    static const struct {
        const char *person, *option;
        int64_t x, y;
    } cases[] = {
        {"a", "x", 1, 0}, {"b", "x", 2, 0}, {"a", "y", 1, 1}, {"a", "y", 1, 1}, {"b", "y", 0, 2}};
    struct trial t;
    (void)context;
    trial_open_six(&t);
    trial_do(&t, "poll.open",
             "{'poll':'q','network':'net','question':'Q','closes':'2022-05-01T09:00',"
             "'audience':'members'," TWO "}");
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        trial_do(&t, "poll.answer", "{'poll':'q','person':'%s','option':'%s'}", cases[i].person,
                 cases[i].option);
        assert_int_equal(votes(&t, "x"), cases[i].x);
        assert_int_equal(votes(&t, "y"), cases[i].y);
    }
    trial_settle(&t);
    instant closes = trial_wall("2022-05-01T09:00");
    t.now = closes + HOURS;
    assert_string_equal(
        trial_said(&t, closes - 1, "poll.answer", "{'poll':'q','person':'c','option':'x'}"),
        "applied");
    assert_string_equal(
        trial_said(&t, closes, "poll.answer", "{'poll':'q','person':'d','option':'x'}"),
        "too-late");
    trial_settle(&t);
    assert_string_equal(trial_say(&t, "poll.close", "{'poll':'q'}"), "already");
    assert_int_equal(trial_rows(&t, "poll-result", NULL, "accepted", NULL), 6);
    trial_close(&t);
}

/* ---- memberships ---- */

static const char *confirm(struct trial *t, const char *purpose, const char *network,
                           const char *person, instant expiry, instant said) {
    char token[TOKEN_MAX];
    assert_int_equal(token_make(&t->links, text_of(purpose), text_of(network), text_of(person),
                                TEXT_LIT(""), expiry, token),
                     0);
    return trial_said(t, said, "membership.confirm", "{'token':'%s'}", token);
}

static void test_confirm(void **context) {
    static const char purpose[] = "membership.confirm";
    struct trial t;
    struct rec_membership m;
    (void)context;
    trial_open_six(&t);
    trial_do(&t, "membership.request", "{'network':'net','person':'lead'}");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "membership-confirm", "lead", "accepted", NULL), 1);
    instant later = t.now + 30 * DAYS;
    assert_string_equal(confirm(&t, "preference.set", "net", "lead", later, t.now), "bad-value");
    assert_string_equal(confirm(&t, purpose, "net", "nobody", later, t.now), "not-found");
    assert_string_equal(confirm(&t, purpose, "net", "lead", t.now - 1, t.now), "too-late");
    assert_string_equal(confirm(&t, purpose, "net", "lead", later, t.now), "applied");
    assert_string_equal(confirm(&t, purpose, "net", "lead", later, t.now), "already");
    assert_int_equal(trial_table(&t, TABLE_DUE), trial_plans(&t, NULL, "planned"));
    trial_until(&t, "2022-05-01T08:00");
    assert_int_equal(trial_rows(&t, "membership-confirm", "lead", NULL, NULL), 1);
    assert_int_equal(trial_rows(&t, "membership-welcome", "lead", "accepted", NULL), 1);
    trial_get(&t, TABLE_MEMBERSHIP, key2(TEXT_LIT("net"), TEXT_LIT("lead")), &m);
    assert_true(text_is(m.state, "active"));
    trial_close(&t);
}

static void test_never_confirmed(void **context) {
    struct trial t;
    struct rec_membership m;
    (void)context;
    trial_open_six(&t);
    trial_do(&t, "membership.request", "{'network':'net','person':'lead'}");
    instant lapses = t.now + t.settings.confirm_within;
    trial_settle(&t);
    t.now = lapses + HOURS; /* said after it lapsed, applied before anybody looked */
    assert_string_equal(confirm(&t, "membership.confirm", "net", "lead", 0, lapses), "too-late");
    trial_settle(&t);
    trial_get(&t, TABLE_MEMBERSHIP, key2(TEXT_LIT("net"), TEXT_LIT("lead")), &m);
    assert_true(text_is(m.state, "lapsed"));
    assert_string_equal(confirm(&t, "membership.confirm", "net", "lead", 0, t.now), "too-late");
    trial_do(&t, "membership.request", "{'network':'net','person':'lead'}");
    trial_settle(&t);
    assert_string_equal(confirm(&t, "membership.confirm", "net", "lead", 0, t.now), "applied");
    trial_close(&t);
}

/* A case that is as long as a case can be is still read. */
static void test_longest_case(void **context) {
    struct trial t;
    struct rec_case c;
    (void)context;
    trial_open_six(&t);
    trial_do(&t, "support.request", "{'case':'c','network':'net','person':'a','text':'%04000d'}",
             0);
    for (unsigned i = 1; i < 200; i++) {
        if (i % 10 == 0)
            trial_commit(&t);
        trial_do(&t, i == 100 ? "support.answer" : "support.note", "{'case':'c','text':'%04000d'}",
                 i);
    }
    assert_string_equal(trial_say(&t, "support.note", "{'case':'c','text':'T'}"), "full");
    trial_settle(&t);
    trial_get(&t, TABLE_CASE, key1(TEXT_LIT("c")), &c);
    assert_int_equal(c.notes.count, 200);
    assert_int_equal(trial_rows(&t, "support-answered", "a", "accepted", NULL), 1);
    trial_close(&t);
}

/* What cannot be read is set aside, and the position moves on. */
static void test_unreadable(void **context) {
    struct trial t;
    struct rec_decision d;
    (void)context;
    trial_open_six(&t);
    assert_int_equal(step_event(&t.step, t.now, ++t.seq, (struct bytes){"\xc1", 1}), 0);
    trial_get(&t, TABLE_DECISION, key_no(t.seq), &d);
    assert_true(text_is(d.status, "quarantined"));
    assert_int_equal(trial_table(&t, TABLE_QUARANTINE), 1);
    uint64_t position;
    assert_int_equal(meta_get(t.txn, "position", &position), 0);
    assert_int_equal(position, t.seq);
    trial_close(&t);
}

/* While events are still to be applied, nothing later than the last of them falls due. */
static void test_until(void **context) {
    struct trial t;
    (void)context;
    trial_open_six(&t);
    trial_settle(&t);
    t.now = trial_wall("2022-06-01T08:00");
    assert_int_equal(step_due(&t.step, t.now, trial_wall("2022-05-17T08:59")), -ENOENT);
    assert_int_equal(step_due(&t.step, t.now, trial_wall("2022-05-17T09:00")), 0);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_every_code),
        cmocka_unit_test(test_material_moves),
        cmocka_unit_test(test_cut_sentence),
        cmocka_unit_test(test_poll),
        cmocka_unit_test(test_confirm),
        cmocka_unit_test(test_never_confirmed),
        cmocka_unit_test(test_longest_case),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_until),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
