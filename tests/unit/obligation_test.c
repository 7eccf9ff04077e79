/* Obligations: opened once, moved, met by anyone, overdue, waived, moot, handed over; and the rows
 * that go with them. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/obligation.h"
#include "tests/harness/trial.h"

static struct trial t;

static struct office *office(void) {
    struct office *o = &t.step.office;
    o->now = o->said = o->since = t.now;
    o->refusal.code = NULL;
    return o;
}

static struct owed staff_owed(const char *due) {
    return (struct owed){.kind = "name-staff",
                         .about_kind = "participation",
                         .about = TEXT_LIT("prog/kolding"),
                         .organisation = TEXT_LIT("kolding"),
                         .due = text_of(due),
                         .zone = TEXT_LIT("Europe/Stockholm")};
}

static struct owed slides_owed(const char *person, const char *due) {
    return (struct owed){.kind = "hand-in-slides",
                         .about_kind = "material",
                         .about = TEXT_LIT("slides"),
                         .person = text_of(person),
                         .due = text_of(due),
                         .zone = TEXT_LIT("Europe/Stockholm")};
}

static void open_it(struct owed owed) {
    assert_int_equal(obligation_open(office(), &owed), 0);
}

/* The one of that kind and state; fails when there is not exactly one. */
static struct rec_obligation the(const char *kind, const char *owner, const char *state) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    struct rec_obligation r, found = {.due = TEXT_NONE};
    unsigned n = 0;
    while (office_next(office(), TABLE_OBLIGATION, &none, &at, &value) == 0) {
        assert_int_equal(office_read(office(), TABLE_OBLIGATION, value, &r), 0);
        if (!text_is(r.kind, kind) || !text_is(r.person.p ? r.person : r.organisation, owner))
            continue;
        n++;
        found = r;
    }
    if (n != 1 || !text_is(found.state, state))
        fail_msg("%u of %s, %s; the last is %.*s, not %s", n, kind, owner, TEXT_ARGS(found.state),
                 state);
    trial_get(&t, TABLE_OBLIGATION, key1(found.obligation),
              &found); /* lives as long as the trial */
    return found;
}

static void world(void) {
    trial_open(&t, NULL, "2022-03-01T10:00");
    trial_do(&t, "organisation.register",
             "{'organisation':'kolding','name':'Kolding','kind':'municipality','country':'DK'}");
    trial_do(&t, "organisation.register",
             "{'organisation':'boras','name':'Borås','kind':'municipality','country':'SE'}");
    trial_do(&t, "person.register",
             "{'person':'anna','name':'A','email':'a@x.example','language':'da','organisation':'"
             "kolding'}");
    trial_do(
        &t, "person.register",
        "{'person':'bo','name':'B','email':'b@x.example','language':'sv','organisation':'boras'}");
    trial_do(&t, "person.register",
             "{'person':'carl','name':'C','email':'c@x.example','language':'sv','organisation':'"
             "boras'}");
}

static void test_open_once(void **state) {
    (void)state;
    world();
    open_it(staff_owed("2022-03-10T23:59"));
    struct rec_obligation r = the("name-staff", "kolding", "open");
    assert_true(text_is(r.country, "DK")); /* the organisation's, whatever the zone */
    assert_int_equal(trial_table(&t, TABLE_OWED), 1);
    unsigned due = trial_table(&t, TABLE_DUE), facts = trial_table(&t, TABLE_FACT);

    open_it(staff_owed("2022-03-10T23:59")); /* the same again is nothing */
    assert_int_equal(trial_table(&t, TABLE_FACT), facts);
    t.now += HOURS;
    open_it(staff_owed("2022-03-20T23:59")); /* another day */
    struct rec_obligation moved = the("name-staff", "kolding", "open");
    assert_true(text_is(moved.due, "2022-03-20T23:59"));
    assert_int_equal(moved.opened, r.opened);
    assert_int_equal(trial_table(&t, TABLE_OWED), 1);
    assert_int_equal(trial_table(&t, TABLE_DUE), due);

    assert_int_equal(obligation_meet(office(), "name-staff", "participation",
                                     TEXT_LIT("prog/kolding"), TEXT_NONE, TEXT_LIT("anna")),
                     0);
    r = the("name-staff", "kolding", "met");
    assert_true(text_is(r.met_by, "anna"));
    assert_int_equal(trial_table(&t, TABLE_OWED), 0);
    assert_int_equal(trial_plans(&t, NULL, "planned"), 0);
    open_it(staff_owed("2022-04-20T23:59")); /* owed again, under the same id */
    moved = the("name-staff", "kolding", "open");
    assert_true(text_eq(moved.obligation, r.obligation) && !moved.met && !moved.met_by.p);
    trial_close(&t);
}

static void test_overdue(void **state) {
    (void)state;
    world();
    open_it(staff_owed("2022-03-10T12:00"));
    trial_until(&t, "2022-03-10T12:00");
    the("name-staff", "kolding", "open"); /* the minute it names still counts */
    trial_until(&t, "2022-03-10T12:01");
    assert_int_equal(the("name-staff", "kolding", "overdue").overdue,
                     trial_wall("2022-03-10T12:01"));
    assert_int_equal(trial_table(&t, TABLE_OWED), 1);

    open_it(staff_owed("2022-03-12T12:00")); /* it has another day, and is not overdue any more */
    assert_int_equal(the("name-staff", "kolding", "open").overdue, 0);
    trial_until(&t, "2022-03-13T12:00");
    the("name-staff", "kolding", "overdue");
    assert_int_equal(obligation_meet(office(), "name-staff", "participation",
                                     TEXT_LIT("prog/kolding"), TEXT_LIT("boras"), TEXT_NONE),
                     0);
    the("name-staff", "kolding", "overdue"); /* another's */
    assert_int_equal(obligation_meet(office(), "name-staff", "participation",
                                     TEXT_LIT("prog/kolding"), TEXT_LIT("kolding"), TEXT_NONE),
                     0);
    the("name-staff", "kolding", "met");
    assert_int_equal(trial_table(&t, TABLE_OWED), 0);
    trial_close(&t);
}

static void test_waive(void **state) {
    (void)state;
    world();
    open_it(staff_owed("2022-03-10T12:00"));
    struct rec_obligation r = the("name-staff", "kolding", "open");
    assert_string_equal(trial_say(&t, "obligation.waive", "{'obligation':'none','reason':'R'}"),
                        "not-found");
    trial_do(&t, "obligation.waive", "{'obligation':'%.*s','reason':'R'}", TEXT_ARGS(r.obligation));
    assert_string_equal(trial_say(&t, "obligation.waive", "{'obligation':'%.*s','reason':'R'}",
                                  TEXT_ARGS(r.obligation)),
                        "wrong-state");
    r = the("name-staff", "kolding", "waived");
    assert_true(text_is(r.reason, "R") && r.ended == t.now);
    trial_until(&t, "2022-05-10T12:01");
    assert_int_equal(trial_rows(&t, NULL, NULL, NULL, NULL), 0); /* nobody hears of it */
    trial_close(&t);
}

static void test_the_subject_goes(void **state) {
    (void)state;
    world();
    open_it(staff_owed("2022-03-10T12:00"));
    struct owed solution = staff_owed("2022-03-30T12:00");
    solution.kind = "publish-solution";
    open_it(solution);
    open_it(slides_owed("bo", "2022-03-10T12:00"));
    struct text about = TEXT_LIT("prog/kolding");
    assert_int_equal(obligation_end(office(), "name-staff", "participation", about, TEXT_LIT("R")),
                     0);
    the("name-staff", "kolding", "moot");
    the("publish-solution", "kolding", "open");
    assert_int_equal(obligation_end(office(), NULL, "participation", about, TEXT_LIT("R")), 0);
    assert_true(text_is(the("publish-solution", "kolding", "moot").reason, "R"));
    the("hand-in-slides", "bo", "open");
    assert_int_equal(trial_table(&t, TABLE_OWED), 1);
    trial_close(&t);
}

static void test_countries(void **state) {
    (void)state;
    world();
    struct owed owed = slides_owed("bo", "2022-03-10T12:00");
    owed.zone = TEXT_LIT("Europe/Copenhagen");
    open_it(owed);
    assert_true(
        text_is(the("hand-in-slides", "bo", "open").country, "SE")); /* her organisation's */
    trial_do(&t, "person.register",
             "{'person':'dan','name':'D','email':'d@x.example','language':'da'}");
    owed.person = TEXT_LIT("dan");
    open_it(owed);
    assert_true(text_is(the("hand-in-slides", "dan", "open").country, "DK")); /* the zone's */
    owed.person = TEXT_LIT("carl");
    owed.country = TEXT_LIT("DK");
    open_it(owed);
    assert_true(text_is(the("hand-in-slides", "carl", "open").country, "DK")); /* as said */
    trial_close(&t);
}

static void test_people_end(void **state) {
    (void)state;
    world();
    open_it(slides_owed("bo", "2022-03-10T12:00"));
    trial_do(&t, "person.merge", "{'person':'bo','into':'carl'}");
    the("hand-in-slides", "bo", "moot");
    struct rec_obligation r = the("hand-in-slides", "carl", "open");
    assert_true(text_is(r.due, "2022-03-10T12:00"));
    trial_do(&t, "person.erase", "{'person':'carl'}");
    the("hand-in-slides", "carl", "moot");
    assert_int_equal(trial_table(&t, TABLE_OWED), 0);
    trial_close(&t);
}

/* What the one owes and the other has done is not owed again. */
static void test_merge_with_one_who_did(void **state) {
    (void)state;
    world();
    open_it(slides_owed("bo", "2022-03-10T12:00"));
    open_it(slides_owed("carl", "2022-03-12T12:00"));
    assert_int_equal(obligation_meet(office(), "hand-in-slides", "material", TEXT_LIT("slides"),
                                     TEXT_LIT("carl"), TEXT_LIT("carl")),
                     0);
    trial_do(&t, "person.merge", "{'person':'bo','into':'carl'}");
    the("hand-in-slides", "carl", "met");
    assert_int_equal(trial_table(&t, TABLE_OWED), 0);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_once),
        cmocka_unit_test(test_overdue),
        cmocka_unit_test(test_waive),
        cmocka_unit_test(test_the_subject_goes),
        cmocka_unit_test(test_countries),
        cmocka_unit_test(test_people_end),
        cmocka_unit_test(test_merge_with_one_who_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
