/* What becomes of a letter after it had left, and of the address it went to: what people settle,
 * what mail servers report, what that suppresses, and how it ends. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/suppression.h"
#include "tests/harness/trial.h"

#define RULE(class)                                                                                \
    "rule \"r\" { about = \"meeting\" when = {\"called\"} to = \"members\" letter = "              \
    "\"meeting-invitation\" class = \"" class "\" at_most_once = true }"

/* What is known of a letter's fate before anything is reported. */
enum fate { QUEUED, ARMED, DEFERRED, ACCEPTED, UNKNOWN, RESENT, FAILED, SUPERSEDED, FATES };

static void state_is(struct trial *t, int64_t no, const char *state, const char *what) {
    struct rec_ledger row = trial_row(t, no);
    if (!text_is(row.state, state))
        fail_msg("%s: it is %.*s (%.*s); expected %s", what, TEXT_ARGS(row.state),
                 TEXT_ARGS(row.reason), state);
}

static struct rec_ledger letter(struct trial *t, const char *rules, enum fate fate) {
    struct rec_ledger row;
    trial_open(t, rules, "2022-04-01T08:00");
    trial_world(t, true);
    trial_fire(t);
    assert_int_equal(trial_rows(t, rules ? "r" : "meeting-invitation", "a", "queued", &row), 1);
    if (fate == QUEUED)
        return row;
    assert_true(trial_arm(t, row.no, 1));
    if (fate == UNKNOWN || fate == RESENT)
        assert_int_equal(step_lost(&t->step, t->now, (uint64_t)row.no), 0);
    else if (fate != ARMED)
        trial_result(t, row.no, 1,
                     fate == ACCEPTED ? "accepted"
                     : fate == FAILED ? "failed"
                                      : "deferred");
    if (fate == SUPERSEDED)
        trial_do(t, "meeting.move", "{'meeting':'m','starts':'2022-05-25T09:00'}");
    return trial_row(t, row.no);
}

static const char *say_report(struct trial *t, const struct rec_ledger *row, const char *kind) {
    return trial_say(t, "delivery.report",
                     "{'delivery':%lld,'message_id':'%.*s','kind':'%s','status':'5.1.1',"
                     "'said':'550 5.1.1 a@boras.example unknown'}",
                     (long long)row->no, TEXT_ARGS(row->message_id), kind);
}

static void report(struct trial *t, const struct rec_ledger *row, const char *kind) {
    const char *code = say_report(t, row, kind);
    if (strcmp(code, "applied"))
        fail_msg("%s: %s (%s)", kind, code, t->refusal.text);
}

static const char *address_state(struct trial *t, const char *address) {
    static char state[200];
    struct rec_suppression s;
    if (suppression_of(&t->step.office, text_of(address), &s))
        return "";
    snprintf(state, sizeof state, "%.*s by %.*s%s", TEXT_ARGS(s.state), TEXT_ARGS(s.cause),
             s.until ? " until" : "");
    return state;
}

static const char *why_not(struct trial *t, const char *address, const char *class) {
    const char *why;
    assert_int_equal(suppression_why(&t->step.office, text_of(address), text_of(class), &why), 0);
    return why ? why : "";
}

/* Every report about a letter of every fate: what it settles, and what that says of the address. */
static void test_reports(void **context) {
    static const char *const kinds[] = {"delivered", "relayed",   "delayed", "soft",
                                        "hard",      "complaint", "answered"};
    static const char *const states[FATES][COUNT_OF(kinds)] = {
        [ARMED] = {"armed", "armed", "armed", "armed", "armed", "armed", "armed"},
        [DEFERRED] = {"accepted", "accepted", "accepted", "failed", "failed", "accepted",
                      "accepted"},
        [ACCEPTED] = {"accepted", "accepted", "accepted", "failed", "failed", "accepted",
                      "accepted"},
        [UNKNOWN] = {"accepted", "accepted", "accepted", "failed", "failed", "accepted",
                     "accepted"},
        [RESENT] = {"accepted", "accepted", "accepted", "failed", "failed", "accepted", "accepted"},
        [FAILED] = {"failed", "failed", "failed", "failed", "failed", "failed", "failed"},
        [SUPERSEDED] = {"superseded", "superseded", "superseded", "superseded", "superseded",
                        "superseded", "superseded"},
    };
    static const char *const addresses[COUNT_OF(kinds)] = {"",
                                                           "",
                                                           "watched by soft until",
                                                           "watched by soft until",
                                                           "suppressed by hard",
                                                           "suppressed by complaint",
                                                           ""};
    (void)context;
    for (enum fate f = ARMED; f < FATES; f++)
        for (unsigned k = 0; k < COUNT_OF(kinds); k++) {
            struct trial t;
            char what[64];
            struct rec_ledger row = letter(&t, f == UNKNOWN ? RULE("service") : NULL, f);
            snprintf(what, sizeof what, "fate %d, %s", (int)f, kinds[k]);
            t.now += HOURS;
            report(&t, &row, kinds[k]);
            state_is(&t, row.no, states[f][k], what);
            assert_string_equal(address_state(&t, "A@Boras.example"), addresses[k]);
            struct rec_ledger now = trial_row(&t, row.no);
            bool there = k == 0 || k == 5 || k == 6;
            assert_true(text_is(now.report, kinds[k]) && now.reported == t.now);
            assert_true(text_is(now.report_status, "5.1.1"));
            assert_true(now.delivered == (there ? t.now : 0)); /* accepted is not that */
            trial_close(&t);
        }
}

/* What a report may not do. */
static void test_strange_reports(void **context) {
    struct trial t;
    struct rec_ledger row = letter(&t, NULL, QUEUED), other;
    (void)context;
    assert_string_equal(say_report(&t, &row, "hard"), "wrong-state"); /* it has never left */
    assert_int_equal(trial_rows(&t, "meeting-invitation", "b", "queued", &other), 1);
    assert_true(trial_arm(&t, row.no, 1));
    trial_result(&t, row.no, 1, "accepted");
    other.no = row.no;
    assert_string_equal(say_report(&t, &other, "hard"), "conflict"); /* another's Message-ID */
    state_is(&t, row.no, "accepted", "a stranger's report");
    assert_int_equal(trial_table(&t, TABLE_SUPPRESSION), 0);
    report(&t, &row, "hard");
    uint64_t ended = trial_count(&t, COUNT_ENDED_FAILED);
    report(&t, &row, "hard"); /* under another key: it is noted, and changes nothing */
    report(&t, &row, "delivered");
    state_is(&t, row.no, "failed", "reported thrice");
    assert_int_equal(trial_count(&t, COUNT_ENDED_FAILED), ended);
    assert_int_equal(trial_count(&t, COUNT_ENDED_ACCEPTED), 0);
    trial_close(&t);
}

/* Of someone who was erased nothing comes back: no words, no address. */
static void test_report_of_the_erased(void **context) {
    struct trial t;
    struct rec_ledger row = letter(&t, NULL, ACCEPTED);
    (void)context;
    report(&t, &row, "soft");
    trial_do(&t, "person.erase", "{'person':'a'}");
    assert_int_equal(trial_table(&t, TABLE_SUPPRESSION), 0);
    report(&t, &row, "hard");
    assert_true(!trial_row(&t, row.no).reply.p && !trial_row(&t, row.no).address.p);
    assert_int_equal(trial_table(&t, TABLE_SUPPRESSION), 0);
    trial_close(&t);
}

static void test_settle(void **context) {
    static const struct {
        enum fate fate;
        const char *outcome, *code, *state, *other;
    } cases[] = {
        {UNKNOWN, "sent", "applied", "accepted", "wrong-state"},
        {UNKNOWN, "not-sent", "applied", "queued", "wrong-state"},
        {RESENT, "sent", "applied", "accepted", "wrong-state"}, /* the second copy stays here */
        {RESENT, "not-sent", "applied", "queued", "applied"},   /* it goes again as it is */
        {QUEUED, "sent", "wrong-state", "queued", "wrong-state"},
        {ARMED, "sent", "wrong-state", "armed", "wrong-state"},
        {DEFERRED, "not-sent", "wrong-state", "deferred", "wrong-state"},
        {ACCEPTED, "not-sent", "wrong-state", "accepted", "wrong-state"},
        {FAILED, "sent", "wrong-state", "failed", "wrong-state"},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct trial t;
        struct rec_ledger row =
            letter(&t, cases[i].fate == UNKNOWN ? RULE("service") : NULL, cases[i].fate);
        for (unsigned again = 0; again < 2; again++) { /* saying it twice changes nothing */
            const char *code = trial_say(&t, "delivery.settle", "{'delivery':%lld,'outcome':'%s'}",
                                         (long long)row.no, cases[i].outcome);
            if (strcmp(code, cases[i].code))
                fail_msg("case %u: %s; expected %s", i, code, cases[i].code);
            state_is(&t, row.no, cases[i].state, cases[i].outcome);
        }
        const char *opposite = strcmp(cases[i].outcome, "sent") ? "sent" : "not-sent";
        const char *code = trial_say(&t, "delivery.settle", "{'delivery':%lld,'outcome':'%s'}",
                                     (long long)row.no, opposite);
        if (strcmp(code, cases[i].other))
            fail_msg("case %u, then %s: %s; expected %s", i, opposite, code, cases[i].other);
        trial_close(&t);
    }
}

/* A person says it was not sent, and it goes again; what then comes back is believed. */
static void test_settled_then_reported(void **context) {
    struct trial t;
    struct rec_ledger row = letter(&t, RULE("service"), UNKNOWN);
    (void)context;
    trial_do(&t, "delivery.settle", "{'delivery':%lld,'outcome':'sent'}", (long long)row.no);
    report(&t, &row, "hard");
    state_is(&t, row.no, "failed", "came back after all");
    trial_close(&t);
}

/* What was in a digest came back with it. */
static void test_digest_came_back(void **context) {
    static const char *const polls[] = {"p1", "p2"};
    struct trial t;
    struct rec_ledger row;
    (void)context;
    trial_open(&t, NULL, "2022-04-01T08:30");
    trial_world(&t, false);
    trial_do(&t, "preference.set", "{'person':'a','class':'news','on':true,'digest':'daily'}");
    for (unsigned i = 0; i < COUNT_OF(polls); i++)
        trial_do(&t, "poll.open",
                 "{'poll':'%s','network':'net','question':'Q','options':[{'option':'x','text':'X'},"
                 "{'option':'y','text':'Y'}],'audience':'members','closes':'2022-04-30T12:00'}",
                 polls[i]);
    trial_until(&t, "2022-04-02T09:00");
    assert_int_equal(trial_rows(&t, "digest", "a", "accepted", &row), 1);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "accepted", NULL), 2);
    report(&t, &row, "soft");
    assert_int_equal(trial_rows(&t, "digest", "a", "failed", NULL), 1);
    assert_int_equal(trial_rows(&t, "poll-opened", "a", "failed", NULL), 2);
    trial_close(&t);
}

/* ---- suppression ---- */

/* A letter to a by the first free rule, accepted and then reported. */
static void one_more(struct trial *t, const char *kind, unsigned *made) {
    struct rec_ledger row;
    char meeting[16];
    snprintf(meeting, sizeof meeting, "x%u", ++*made);
    trial_do(t, "meeting.plan",
             "{'meeting':'%s','network':'net','kind':'network','title':'M','starts':"
             "'2023-05-24T09:00','minutes':120,'mode':'video','link':'https://video.example/m',"
             "'audience':'members'}",
             meeting);
    trial_do(t, "meeting.call", "{'meeting':'%s'}", meeting);
    trial_fire(t);
    assert_true(trial_rows(t, NULL, "a", NULL, &row) > 0);
    assert_true(text_is(row.about, meeting));
    if (!text_is(row.state, "queued"))
        fail_msg("%s: %.*s", meeting, TEXT_ARGS(row.reason));
    assert_true(trial_arm(t, row.no, 1));
    trial_result(t, row.no, 1, "accepted");
    report(t, &row, kind);
}

/* So many within the window suppress the address for a while; then it is tried again. */
static void test_soft(void **context) {
    struct trial t;
    unsigned made = 0;
    (void)context;
    trial_open(&t, RULE("service"), "2022-04-01T08:00");
    trial_world(&t, false);
    one_more(&t, "soft", &made);
    t.now += t.settings.soft_window - HOURS;
    one_more(&t, "delayed", &made);
    assert_string_equal(address_state(&t, "a@boras.example"), "watched by soft until");
    t.now += 2 * HOURS; /* the window is over, and with it the two */
    trial_fire(&t);
    assert_string_equal(address_state(&t, "a@boras.example"), "lifted by soft");
    for (int64_t i = 0; i < t.settings.soft_bounces; i++) {
        assert_string_equal(why_not(&t, "a@boras.example", "service"), "");
        t.now += HOURS;
        one_more(&t, "soft", &made);
    }
    assert_string_equal(address_state(&t, "a@boras.example"), "suppressed by soft until");
    assert_string_equal(why_not(&t, "a@boras.example", "duty"),
                        "the address could not be reached again and again");
    t.now += t.settings.soft_holds;
    trial_fire(&t);
    assert_string_equal(address_state(&t, "a@boras.example"), "lifted by soft");
    one_more(&t, "delivered", &made);
    trial_close(&t);
}

/* One letter counts once, however often it is reported. */
static void test_soft_once(void **context) {
    struct trial t;
    struct rec_ledger row = letter(&t, NULL, ACCEPTED);
    (void)context;
    for (unsigned i = 0; i < 5; i++)
        report(&t, &row, "delayed");
    report(&t, &row, "soft");
    assert_string_equal(address_state(&t, "a@boras.example"), "watched by soft until");
    trial_close(&t);
}

static void test_soft_never(void **context) {
    struct trial t;
    unsigned made = 0;
    (void)context;
    trial_open(&t, RULE("service"), "2022-04-01T08:00");
    trial_world(&t, false);
    t.settings.soft_bounces = 0;
    for (unsigned i = 0; i < 10; i++)
        one_more(&t, "soft", &made);
    assert_string_equal(address_state(&t, "a@boras.example"), "watched by soft until");
    trial_close(&t);
}

/* Refused for good: quietly suppressed, counted for the office, and ended by a new address or by
 * whoever knows better. */
static void test_hard(void **context) {
    static const struct {
        const char *type, *body, *state;
    } ends[] = {
        {"person.update", "{'person':'a','name':'A'}", "suppressed by hard"},
        {"person.update", "{'person':'a','email':'a@boras.example'}", "lifted by hard"},
        {"person.update", "{'person':'a','email':'new@boras.example'}", "suppressed by hard"},
        {"suppression.lift", "{'suppression':'a','reason':'She mended it'}", "lifted by hard"},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(ends); i++) {
        struct trial t;
        struct rec_suppression s;
        struct rec_ledger row = letter(&t, RULE("service"), ACCEPTED);
        report(&t, &row, "hard");
        trial_do(&t, "meeting.plan",
                 "{'meeting':'n','network':'net','kind':'network','title':'M','starts':"
                 "'2022-05-24T09:00','minutes':120,'mode':'video','link':'https://v.example/m',"
                 "'audience':'members'}");
        trial_do(&t, "meeting.call", "{'meeting':'n'}");
        trial_fire(&t);
        assert_int_equal(trial_rows(&t, "r", "a", "suppressed", &row), 1);
        assert_true(text_is(row.reason, "the address was refused for good") && row.ended);
        assert_int_equal(suppression_of(&t.step.office, TEXT_LIT("a@boras.example"), &s), 0);
        assert_int_equal(s.unsent, 1);
        t.now += 400 * DAYS; /* it does not end by itself */
        trial_fire(&t);
        trial_do(&t, ends[i].type, "%s", ends[i].body);
        assert_string_equal(address_state(&t, "a@boras.example"), ends[i].state);
        assert_string_equal(why_not(&t, "new@boras.example", "service"), "");
        trial_close(&t);
    }
}

/* Whoever complained gets no news, and everything else. Only an operator lifts that. */
static void test_complaint(void **context) {
    struct trial t;
    unsigned made = 0;
    (void)context;
    trial_open(&t, RULE("news"), "2022-04-01T08:00");
    trial_world(&t, false);
    one_more(&t, "complaint", &made);
    assert_string_equal(why_not(&t, "a@boras.example", "news"), "complained of our news");
    assert_string_equal(why_not(&t, "a@boras.example", "service"), "");
    assert_string_equal(why_not(&t, "a@boras.example", "duty"), "");
    trial_do(&t, "meeting.call", "{'meeting':'m'}");
    trial_fire(&t);
    assert_int_equal(trial_rows(&t, "r", "a", "suppressed", NULL), 1);
    struct rec_suppression s;
    assert_int_equal(suppression_of(&t.step.office, TEXT_LIT("a@boras.example"), &s), 0);
    assert_int_equal(s.unsent, 0); /* nobody misses news */
    trial_do(&t, "person.update", "{'person':'a','email':'a@boras.example'}");
    assert_string_equal(address_state(&t, "a@boras.example"), "suppressed by complaint");
    trial_do(&t, "suppression.lift", "{'suppression':'%.*s'}", TEXT_ARGS(s.suppression));
    assert_string_equal(why_not(&t, "a@boras.example", "news"), "");
    assert_string_equal(trial_say(&t, "suppression.lift", "{'suppression':'a'}"), "already");
    trial_close(&t);
}

static const char *deferred(struct trial *t, const struct rec_ledger *row) {
    (void)t;
    (void)row;
    return "deferred";
}

/* What the other end put off hears what came up meanwhile; whoever tries it again does so all the
 * same, however often it is put off then. */
static void test_put_off(void **context) {
    struct trial t;
    struct rec_ledger row = letter(&t, NULL, DEFERRED), other;
    (void)context;
    t.now += 1;
    assert_int_equal(trial_rows(&t, "membership-welcome", "a", "queued", &other), 1);
    assert_true(trial_arm(&t, other.no, 1));
    trial_result(&t, other.no, 1, "accepted");
    report(&t, &other, "hard");
    trial_until(&t, "2022-04-01T20:00");
    state_is(&t, row.no, "suppressed", "put off");
    assert_true(text_is(trial_row(&t, row.no).reason, "the address was refused for good"));
    state_is(&t, other.no, "failed", "came back");
    trial_do(&t, "delivery.retry", "{'delivery':%lld}", (long long)other.no);
    t.fate = deferred;
    trial_until(&t, "2022-04-01T20:01");
    state_is(&t, other.no, "deferred", "tried again");
    t.fate = NULL;
    trial_until(&t, "2022-04-02T20:00");
    state_is(&t, other.no, "accepted", "tried again, and put off");
    trial_close(&t);
}

/* A complaint outlives what came over it. */
static void test_complaint_stays(void **context) {
    struct trial t;
    struct rec_ledger row = letter(&t, NULL, ACCEPTED);
    (void)context;
    report(&t, &row, "complaint");
    report(&t, &row, "hard");
    assert_string_equal(address_state(&t, "a@boras.example"), "suppressed by hard");
    trial_do(&t, "person.update", "{'person':'a','email':'a@boras.example'}");
    assert_string_equal(address_state(&t, "a@boras.example"), "suppressed by complaint");
    report(&t, &row, "hard");
    trial_do(&t, "suppression.lift", "{'suppression':'a'}");
    assert_string_equal(address_state(&t, "a@boras.example"), "lifted by hard");
    trial_close(&t);
}

/* Two people with one address: it is the address that does not work. */
static void test_shared_address(void **context) {
    struct trial t;
    struct rec_ledger row = letter(&t, NULL, ACCEPTED);
    (void)context;
    trial_do(&t, "person.update", "{'person':'b','email':'A@BORAS.example'}");
    report(&t, &row, "hard");
    assert_int_equal(trial_rows(&t, "meeting-invitation", "b", "queued", &row), 1);
    trial_do(&t, "registration.make", "{'meeting':'m','person':'b'}");
    trial_fire(&t);
    assert_int_equal(trial_rows(&t, "registration-confirmed", "b", "suppressed", NULL), 1);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_strange_reports),
        cmocka_unit_test(test_report_of_the_erased),
        cmocka_unit_test(test_settle),
        cmocka_unit_test(test_settled_then_reported),
        cmocka_unit_test(test_digest_came_back),
        cmocka_unit_test(test_soft),
        cmocka_unit_test(test_soft_once),
        cmocka_unit_test(test_soft_never),
        cmocka_unit_test(test_hard),
        cmocka_unit_test(test_complaint),
        cmocka_unit_test(test_put_off),
        cmocka_unit_test(test_complaint_stays),
        cmocka_unit_test(test_shared_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
