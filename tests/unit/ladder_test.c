/* Rules about obligations: reminders before the day, the ladder after it, whom each step reaches,
 * and when it stops. And the audiences of a programme. */
/* service: scheduler */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/audience.h"
#include "services/scheduler/reminders/obligation.h"
#include "services/scheduler/reminders/plan.h"
#include "tests/harness/trial.h"

static const char rules[] = "rule \"climb\" {\n about = \"obligation.name-staff\"\n"
                            " when = { \"due - 7d at 09:00\", \"due - 1d at 09:00\" }\n to = "
                            "\"owner\"\n letter = \"name-staff\"\n"
                            " ladder = { \"2 workdays at 09:00: colleagues\", \"4 workdays: "
                            "adviser\", \"6 workdays at 09:00: lead\" }\n}\n"
                            "rule \"other\" {\n about = \"obligation.publish-solution\"\n when = { "
                            "\"due\" }\n to = \"owner\"\n"
                            " letter = \"publish-solution\"\n}\n";

static struct trial t;

static struct office *office(void) {
    struct office *o = &t.step.office;
    o->now = o->said = o->since = t.now;
    return o;
}

static struct list ids(const char *words) {
    struct text rest = text_of(words), word, items[16];
    uint32_t n = 0;
    while (text_cut(&rest, ' ', &word))
        items[n++] = word;
    return office_list_of(office(), items, n);
}

static void put(enum table table, struct key key, const void *record) {
    assert_int_equal(office_put(office(), table, key, record), 0);
}

static void put_participation(const char *organisation, const char *contact, const char *staff,
                              const char *state) {
    struct rec_participation p = {.programme = TEXT_LIT("prog"),
                                  .organisation = text_of(organisation),
                                  .state = text_of(state),
                                  .zone = TEXT_LIT("Europe/Copenhagen"),
                                  .contact = text_of(contact),
                                  .adviser = TEXT_LIT("adam"),
                                  .staff = ids(staff),
                                  .starts = TEXT_LIT("2022-04-01"),
                                  .ends = TEXT_LIT("2024-03-31"),
                                  .began = t.now};
    if (text_is(p.organisation, "kolding"))
        p.application = TEXT_LIT("app");
    put(TABLE_PARTICIPATION, key2(p.programme, p.organisation), &p);
}

static void put_person(const char *person, const char *organisation) {
    trial_do(&t, "person.register",
             "{'person':'%s','name':'N','email':'%s@x.example','language':'da'%s%s%s}", person,
             person, organisation ? ",'organisation':'" : "", organisation ? organisation : "",
             organisation ? "'" : "");
}

static void put_application(void) {
    struct rec_application a = {.application = TEXT_LIT("app"),
                                .state = TEXT_LIT("accepted"),
                                .call = TEXT_LIT("call"),
                                .programme = TEXT_LIT("prog"),
                                .zone = TEXT_LIT("Europe/Copenhagen"),
                                .organisation = TEXT_LIT("kolding"),
                                .contact = TEXT_LIT("anna"),
                                .partners = ids("firma"),
                                .staff = ids("bo anna"),
                                .closes = TEXT_LIT("2022-01-28T23:59"),
                                .started = t.now};
    static const char *const states[][2] = {
        {"x1", "asked"}, {"x2", "conflict"}, {"x3", "submitted"}};
    put(TABLE_APPLICATION, key1(a.application), &a);
    for (unsigned i = 0; i < COUNT_OF(states); i++) {
        struct rec_assessment s = {.application = a.application,
                                   .person = text_of(states[i][0]),
                                   .state = text_of(states[i][1]),
                                   .programme = a.programme,
                                   .organisation = a.organisation,
                                   .zone = a.zone,
                                   .due = a.closes,
                                   .asked = t.now,
                                   .half = t.now};
        put(TABLE_ASSESSMENT, key2(a.application, s.person), &s);
    }
}

/* The programme "prog" of the lead "lea": Kolding (anna, its contact, bo and cai; adviser adam; its
 * partner firma with finn) and Odense (oda; ended). */
static void world(const char *with) {
    static const char *const organisations[] = {"kolding", "odense", "firma"};
    static const char *const people[][2] = {
        {"anna", "kolding"}, {"bo", "kolding"}, {"cai", "kolding"}, {"oda", "odense"},
        {"finn", "firma"},   {"adam", NULL},    {"lea", NULL},      {"x1", NULL},
        {"x2", NULL},        {"x3", NULL}};
    trial_open(&t, with, "2022-03-01T10:00");
    for (unsigned i = 0; i < COUNT_OF(organisations); i++)
        trial_do(&t, "organisation.register",
                 "{'organisation':'%s','name':'O','kind':'municipality','country':'DK'}",
                 organisations[i]);
    for (unsigned i = 0; i < COUNT_OF(people); i++)
        put_person(people[i][0], people[i][1]);
    struct rec_programme p = {.programme = TEXT_LIT("prog"),
                              .state = TEXT_LIT("running"),
                              .name = {.any = TEXT_LIT("Programme")},
                              .hosts = ids("odense"),
                              .lead = TEXT_LIT("lea"),
                              .places = 6,
                              .starts = TEXT_LIT("2022-04-01"),
                              .ends = TEXT_LIT("2024-03-31"),
                              .zone = TEXT_LIT("Europe/Copenhagen"),
                              .opened = t.now};
    put(TABLE_PROGRAMME, key1(p.programme), &p);
    put_application();
    put_participation("kolding", "anna", "anna bo", "running");
    put_participation("odense", "oda", "oda", "completed");
}

static void owe(const char *due) {
    struct owed owed = {.kind = "name-staff",
                        .about_kind = "participation",
                        .about = TEXT_LIT("prog/kolding"),
                        .organisation = TEXT_LIT("kolding"),
                        .programme = TEXT_LIT("prog"),
                        .due = text_of(due),
                        .zone = TEXT_LIT("Europe/Copenhagen")};
    assert_int_equal(obligation_open(office(), &owed), 0);
}

static void meet_it(void) {
    assert_int_equal(obligation_meet(office(), "name-staff", "participation",
                                     TEXT_LIT("prog/kolding"), TEXT_NONE, TEXT_LIT("cai")),
                     0);
}

/* Who has got a letter of "climb" so far, in order: "anna anna bo". */
static const char *got(void) {
    static char names[400];
    struct key from = {.n = 0};
    struct bytes key, value;
    names[0] = 0;
    while (store_seek(t.txn, TABLE_LEDGER, key_bytes(&from), &key, &value) == 0) {
        struct rec_ledger row;
        size_t at = 0;
        uint64_t no;
        assert_true(key_next_u64(key, &at, &no));
        trial_get(&t, TABLE_LEDGER, key_no(no), &row);
        from = key_no(no + 1);
        assert_true(text_is(row.rule, "climb") && text_is(row.state, "accepted"));
        assert_true(text_is(row.about_kind, "participation") && text_is(row.about, "prog/kolding"));
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%.*s", names[0] ? " " : "",
                 TEXT_ARGS(row.person));
    }
    return names;
}

static void by(const char *wall, const char *names) {
    trial_until(&t, wall);
    if (strcmp(got(), names))
        fail_msg("by %s: %s; expected %s", wall, got(), names);
}

/* Due on the Tuesday before Easter: the workdays after it are 13 April, then 19, 20, 21, 22 and 25.
 */
static void test_climbs(void **state) {
    (void)state;
    world(rules);
    owe("2022-04-12T23:59");
    by("2022-04-05T08:59", "");
    by("2022-04-05T09:00", "anna");
    by("2022-04-11T09:00", "anna anna");
    by("2022-04-19T08:59", "anna anna");
    by("2022-04-19T09:00", "anna anna bo cai");
    by("2022-04-21T09:00", "anna anna bo cai");
    by("2022-04-21T23:59", "anna anna bo cai adam");
    by("2022-04-25T09:00", "anna anna bo cai adam lea");
    by("2022-06-25T09:00", "anna anna bo cai adam lea");
    trial_close(&t);
}

static void test_stops_when_met(void **state) {
    (void)state;
    world(rules);
    owe("2022-04-12T23:59");
    by("2022-04-05T09:00", "anna");
    meet_it(); /* before its day */
    by("2022-05-05T09:00", "anna");
    owe("2022-06-14T23:59"); /* again; in time for both reminders */
    by("2022-06-16T09:00", "anna anna anna bo cai");
    meet_it(); /* while it climbs */
    by("2022-08-16T09:00", "anna anna anna bo cai");
    trial_close(&t);
}

static void test_another_day(void **state) {
    (void)state;
    world(rules);
    owe("2022-04-12T23:59");
    by("2022-04-20T09:00", "anna anna bo cai");
    owe("2022-05-30T23:59"); /* it was overdue: it starts over */
    by("2022-05-29T09:00", "anna anna bo cai anna anna");
    by("2022-06-01T09:00", "anna anna bo cai anna anna bo cai");
    trial_close(&t);
}

static const char *deferred(struct trial *on, const struct rec_ledger *row) {
    (void)on;
    (void)row;
    return "deferred";
}

static void reminder_is(const char *state, const char *reason) {
    struct rec_ledger row;
    assert_int_equal(trial_rows(&t, "climb", "anna", state, &row), 1);
    if (!text_is(row.reason, reason))
        fail_msg("%s: %.*s; expected %s", state, TEXT_ARGS(row.reason), reason);
}

/* A reminder that has not left when it is done, let go, or has another day, does not leave. */
static void test_done_while_it_waits(void **state) {
    static const char *const reasons[] = {"it has been done", "it is owed no more",
                                          "it has another day"};
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(reasons); i++) {
        struct rec_obligation r;
        struct rec_ledger row;
        world(rules);
        owe("2022-04-12T23:59");
        t.fate = deferred;
        trial_until(&t, "2022-04-05T09:00");
        t.fate = NULL;
        assert_int_equal(trial_rows(&t, "climb", "anna", "deferred", &row), 1);
        struct rec_occasion of;
        trial_get(&t, TABLE_OCCASION, key_no((uint64_t)row.occasion), &of);
        trial_get(&t, TABLE_OBLIGATION, key1(of.about), &r);
        if (i == 0)
            meet_it();
        else if (i == 1)
            trial_do(&t, "obligation.waive", "{'obligation':'%.*s','reason':'so'}",
                     TEXT_ARGS(r.obligation));
        else
            owe("2022-05-12T23:59");
        reminder_is("superseded", reasons[i]);
        trial_until(&t, "2022-04-20T09:00");
        assert_int_equal(trial_rows(&t, "climb", NULL, NULL, NULL), 1);
        trial_close(&t);
    }
}

/* The contact leaves the organisation: all its people are asked; there are no others to climb to.
 */
static void test_contact_leaves(void **state) {
    (void)state;
    world(rules);
    owe("2022-04-12T23:59");
    trial_do(&t, "person.update", "{'person':'anna','organisations':['odense']}");
    by("2022-04-05T09:00", "bo cai");
    by("2022-04-20T09:00", "bo cai bo cai");
    trial_do(&t, "person.merge",
             "{'person':'adam','into':'lea'}"); /* who advises is somebody else now */
    by("2022-04-21T23:59", "bo cai bo cai lea");
    trial_close(&t);
}

/* ---- audiences ---- */

static void is_for(const char *kind, const char *id, const char *expression, const char *names) {
    struct audience a;
    struct buf err, all;
    struct subject s;
    struct text person = TEXT_NONE;
    buf_init(&err, 1000);
    buf_init(&all, 1000);
    if (audience_parse(text_of(expression), &a, &err))
        fail_msg("%s: %s", expression, buf_cstr(&err));
    assert_int_equal(subject_load(office(), text_of(kind), text_of(id), &s), 0);
    while (audience_next(office(), &a, &s, person, &person) == 0)
        buf_printf(&all, "%s%.*s", all.n ? " " : "", TEXT_ARGS(person));
    if (strcmp(buf_cstr(&all), names))
        fail_msg("%s of %s %s: %s; expected %s", expression, kind, id, buf_cstr(&all), names);
    buf_free(&err);
    buf_free(&all);
}

static void test_audiences(void **state) {
    (void)state;
    world(rules);
    owe("2022-04-12T23:59");
    trial_do(
        &t, "network.open",
        "{'network':'net','name':'Net','host':'odense','lead':'oda','zone':'Europe/Stockholm'}");
    is_for("application", "app", "assessors", "x1 x3");
    is_for("application", "app", "applicant", "anna bo");
    is_for("application", "app", "partners", "finn");
    is_for("application", "app", "owner", "anna");
    is_for("application", "app", "owner.colleagues", "bo cai");
    is_for("application", "app", "lead", "lea");
    is_for("application", "app", "staff", "anna bo");
    is_for("assessment", "app/x1", "owner or applicant", "anna bo x1");
    is_for("participation", "prog/kolding", "staff", "anna bo");
    is_for("participation", "prog/kolding", "adviser or owner", "adam anna");
    is_for("participation", "prog/kolding", "cohort", "anna bo oda");
    is_for("participation", "prog/kolding", "partners and not owner", "finn");
    is_for("programme", "prog", "staff", "anna bo");
    is_for("programme", "prog", "cohort and not staff", "oda");
    is_for("programme", "prog", "lead", "lea");
    is_for("programme", "prog", "owner or adviser or applicant or assessors", "");
    is_for("network", "net", "staff or cohort or applicant", "");
    is_for("network", "net", "lead", "oda");
    trial_do(&t, "person.merge", "{'person':'bo','into':'cai'}");
    is_for("participation", "prog/kolding", "staff", "anna cai"); /* under the other name */
    trial_close(&t);
}

/* ---- rules that cannot be ---- */

static void is_refused(const char *text, const char *because) {
    struct rulebook book;
    struct buf err;
    char path[400];
    buf_init(&err, 1 << 16);
    snprintf(path, sizeof path, "%s/rules/trial.conf", t.home);
    assert_int_equal(write_file(path, 0600, (struct bytes){text, strlen(text)}), 0);
    assert_int_equal(rulebook_read(t.home, &book, &err), -EBADMSG);
    if (!strstr(buf_cstr(&err), because))
        fail_msg("%s\nnot: %s", buf_cstr(&err), because);
    buf_free(&err);
}

#define RULE(about, when, more)                                                                    \
    "rule \"r\" {\n about = \"" about "\"\n when = { \"" when                                      \
    "\" }\n to = \"owner\"\n letter = \"name-staff\"\n"                                            \
    " " more "\n}\n"

static void test_wrong_rules(void **state) {
    (void)state;
    world(rules);
    is_refused(RULE("obligation.nothing", "due", ""),
               "obligation.answer-offer, obligation.complete-application");
    is_refused(RULE("obligation.", "due", ""), "obligation.answer-offer");
    is_refused(RULE("participation.name-staff", "began", ""), "participation, milestone");
    is_refused(RULE("participation", "began", "ladder = { \"2 workdays: lead\" }"),
               "a rule about an obligation");
    is_refused(RULE("obligation.name-staff", "due", "ladder = { \"2 workdays\" }"),
               "a span and whom");
    is_refused(RULE("obligation.name-staff", "due", "ladder = { \"2 weeks: lead\" }"), "workdays");
    is_refused(RULE("obligation.name-staff", "due", "ladder = { \"2 workdays: boss\" }"),
               "\"boss\" is no audience");
#define GROUPS(a) "group:" a a a " or group:" a a " or "
#define LONG GROUPS("a-group-of-a-name") GROUPS("and-another-one") GROUPS("and-yet-another")
    is_refused(
        RULE("obligation.name-staff", "due", "ladder = { \"2 workdays: " LONG LONG "lead\" }"),
        "an audience of at most 400 bytes");
    is_refused(RULE("obligation.submit-assessment", "due", ""), "is no name of a letter about");
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_climbs),         cmocka_unit_test(test_stops_when_met),
        cmocka_unit_test(test_another_day),    cmocka_unit_test(test_done_while_it_waits),
        cmocka_unit_test(test_contact_leaves), cmocka_unit_test(test_audiences),
        cmocka_unit_test(test_wrong_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
