/* Taking part: its beginning and end, adviser and staff, the pace, absences, the test and the
 * solution. */
/* service: scheduler */
#include "services/scheduler/reminders/obligation.h"
#include "tests/unit/participation.inc"

static void test_begins(void **context) {
    struct trial t;
    (void)context;
    open_programme(&t, NO_RULES, "2022-03-10T12:00", "organisation");
    begin(&t, "x", "organisation");
    struct rec_participation p = participation(&t, "x");
    assert_true(text_is(p.state, "running") && text_is(p.contact, "x1") && p.staff.count == 0);
    assert_int_equal(p.budget_minutes, 36000);
    assert_int_equal(p.next_look, trial_wall("2022-04-01T08:00"));
    assert_string_equal(owes(&t, "x", "name-staff"), "open");
    assert_string_equal(owes(&t, "x", "publish-solution"), "open");
    begin(&t, "x", "organisation"); /* by another call: it stays as it is */
    assert_int_equal(participation(&t, "x").began, p.began);
    trial_until(&t, "2022-03-24T23:59");
    assert_string_equal(owes(&t, "x", "name-staff"), "open");
    trial_until(&t, "2022-03-25T00:00");
    assert_string_equal(owes(&t, "x", "name-staff"), "overdue");
    trial_do(&t, "staff.name", "{" IN "'persons':['x1','x2']}");
    assert_string_equal(owes(&t, "x", "name-staff"), "met");
    trial_close(&t);
}

static void test_ends(void **context) {
    struct trial t;
    (void)context;
    open_programme(&t, NO_RULES, "2022-03-10T12:00", "organisation");
    begin(&t, "x", "organisation");
    assert_int_equal(participation_complete_all(office_now(&t), TEXT_LIT("p")), 0);
    struct rec_participation p = participation(&t, "x");
    assert_true(text_is(p.state, "completed") && p.completed == t.now && !p.next_look);
    assert_string_equal(owes(&t, "x", "name-staff"), "moot");
    assert_string_equal(owes(&t, "x", "publish-solution"), "open");
    trial_until(&t, "2022-06-01T12:00");
    assert_int_equal(participation(&t, "x").month, 0);
    REFUSED(&t, "wrong-state", "participation", "staff.name", "{" IN "'persons':['x1','x2']}");
    REFUSED(&t, "wrong-state", "participation", "test.record", "{" IN "'hypothesis':'h'}");
    /* the community outlives the programme */
    trial_do(&t, "solution.publish", "{" IN "'title':'T','text':'t','visibility':'public'}");
    assert_string_equal(owes(&t, "x", "publish-solution"), "met");
    trial_close(&t);
}

static void test_adviser(void **context) {
    struct trial t;
    (void)context;
    open_staffed(&t);
    REFUSED(&t, "not-found", "programme", "adviser.assign",
            "{'programme':'q','participation':'x','person':'adviser'}");
    REFUSED(&t, "not-found", "participation", "adviser.assign",
            "{'programme':'p','participation':'host','person':'adviser'}");
    REFUSED(&t, "not-found", "person", "adviser.assign", "{" IN "'person':'nobody'}");
    trial_do(&t, "adviser.assign", "{" IN "'person':'adviser'}");
    assert_int_equal(participation(&t, "x").adviser_assigned, t.now);
    REFUSED(&t, "already", "person", "adviser.assign", "{" IN "'person':'adviser'}");
    trial_do(&t, "person.merge", "{'person':'adviser','into':'lead'}");
    assert_true(text_is(participation(&t, "x").adviser, "lead"));
    trial_do(&t, "person.erase", "{'person':'lead'}");
    assert_false(participation(&t, "x").adviser.p);
    trial_close(&t);
}

static void test_staff_refused(void **context) {
    static const char *const rows[][4] = {
        {"staff.name", "missing", "persons", "'persons':[]"},
        {"staff.name", "bad-value", "persons", "'persons':['x1']"},
        {"staff.name", "conflict", "persons.1", "'persons':['x3','x3']"},
        {"staff.name", "not-found", "persons.1", "'persons':['x3','nobody']"},
        {"staff.name", "not-entitled", "persons.1", "'persons':['x3','y1']"},
        {"staff.name", "wrong-state", "persons.0", "'persons':['x4','x3']"},
        {"staff.name", "already", "persons", "'persons':['x2','x1']"},
        {"staff.replace", "not-found", "person", "'person':'x3','by':'x1'"},
        {"staff.replace", "already", "by", "'person':'x1','by':'x2'"},
        {"staff.replace", "already", "by", "'person':'x1','by':'x1'"},
        {"staff.replace", "not-found", "by", "'person':'x1','by':'nobody'"},
        {"staff.replace", "not-entitled", "by", "'person':'x1','by':'y1'"},
        {"staff.replace", "wrong-state", "by", "'person':'x1','by':'x4'"},
    };
    struct trial t;
    (void)context;
    open_staffed(&t);
    trial_do(&t, "person.erase", "{'person':'x4'}");
    for (unsigned i = 0; i < COUNT_OF(rows); i++)
        REFUSED(&t, rows[i][1], rows[i][2], rows[i][0], "{" IN "%s}", rows[i][3]);
    REFUSED(&t, "not-found", "participation", "staff.replace",
            "{'programme':'p','participation':'host','person':'x1','by':'x3'}");
    trial_close(&t);
}

static bool staff_has(struct trial *t, const char *person) {
    return list_has_text(participation(t, "x").staff, text_of(person));
}

static void test_staff_changes(void **context) {
    struct trial t;
    (void)context;
    open_staffed(&t);
    trial_do(&t, "staff.replace", "{" IN "'person':'x1','by':'x3'}");
    assert_true(staff_has(&t, "x2") && staff_has(&t, "x3") && !staff_has(&t, "x1"));
    trial_do(&t, "person.merge", "{'person':'x3','into':'x4'}"); /* goes on under the other name */
    assert_true(staff_has(&t, "x4") && participation(&t, "x").staff.count == 2);
    assert_string_equal(owes(&t, "x", "name-staff"), "met");
    trial_do(&t, "person.merge", "{'person':'x4','into':'x2'}"); /* the two were one */
    assert_int_equal(participation(&t, "x").staff.count, 1);
    assert_string_equal(owes(&t, "x", "name-staff"), "open");
    trial_do(&t, "staff.replace", "{" IN "'person':'x2','by':'x1'}"); /* still too few */
    assert_string_equal(owes(&t, "x", "name-staff"), "open");
    trial_do(&t, "staff.name", "{" IN "'persons':['x1','x2']}");
    assert_string_equal(owes(&t, "x", "name-staff"), "met");
    trial_do(&t, "person.erase", "{'person':'x1'}");
    assert_int_equal(participation(&t, "x").staff.count, 1);
    assert_string_equal(owes(&t, "x", "name-staff"), "open");
    assert_false(participation(&t, "x").contact.p);
    trial_until(&t, "2022-04-16T00:00");
    assert_string_equal(owes(&t, "x", "name-staff"), "overdue");
    trial_do(&t, "person.merge", "{'person':'x2','into':'adviser'}"); /* as few as before */
    assert_string_equal(owes(&t, "x", "name-staff"), "overdue");
    trial_close(&t);
}

static void test_budget_per_person(void **context) {
    struct trial t;
    (void)context;
    open_programme(&t, NO_RULES, "2022-04-01T12:00", "person");
    begin(&t, "x", "person");
    assert_int_equal(participation(&t, "x").budget_minutes, 0);
    trial_do(&t, "staff.name", "{" IN "'persons':['x1','x2','x3']}");
    assert_int_equal(participation(&t, "x").budget_minutes, 3 * 36000);
    trial_do(&t, "hours.log",
             "{" IN "'person':'x1','date':'2022-04-01','minutes':1080,'kind':'preparation'}");
    assert_int_equal(participation(&t, "x").pace, 1);
    trial_do(&t, "person.erase", "{'person':'x2'}");
    assert_int_equal(participation(&t, "x").budget_minutes, 2 * 36000);
    trial_close(&t);
}

/* Of 731 days; 360 hours of 600 are 60 per cent. */
static void test_pace(void **context) {
    struct trial t;
    struct rec_participation p;
    (void)context;
    open_programme(&t, NO_RULES, "2022-02-10T12:00", "organisation");
    begin(&t, "x", "organisation");
    trial_do(&t, "staff.name", "{" IN "'persons':['x1','x2']}");
    trial_until(&t, "2022-04-30T12:00"); /* nothing of the time is gone on the first day */
    p = participation(&t, "x");
    assert_true(!p.month && !p.behind && p.next_look == trial_wall("2022-05-01T08:00"));
    trial_until(&t, "2022-05-01T08:00");
    p = participation(&t, "x");
    assert_int_equal(p.month, t.now);
    assert_int_equal(p.elapsed, 4);
    trial_until(&t, "2022-07-31T12:00"); /* 1 July: 91 of 731 days, 12 per cent */
    assert_int_equal(participation(&t, "x").behind, 0);
    trial_until(&t, "2022-09-10T12:00"); /* 1 August: 16 per cent */
    p = participation(&t, "x");
    assert_int_equal(p.behind, trial_wall("2022-08-01T08:00"));
    assert_int_equal(p.month, trial_wall("2022-09-01T08:00"));
    for (unsigned i = 1; i <= 9; i++)
        trial_do(&t, "hours.log",
                 "{" IN "'person':'x1','date':'2022-08-0%u','minutes':1200,'kind':'preparation'}",
                 i);
    assert_int_equal(participation(&t, "x").pace, 30);
    trial_until(&t, "2022-10-01T08:00");
    assert_int_equal(participation(&t, "x").behind, 0);
    trial_until(&t, "2023-06-10T12:00"); /* 1 March: 45 per cent; winter and summer at eight */
    p = participation(&t, "x");
    assert_int_equal(p.behind, trial_wall("2023-03-01T08:00"));
    assert_int_equal(p.month, trial_wall("2023-06-01T08:00"));
    trial_until(&t, "2024-06-10T12:00"); /* once after its end, then no more */
    p = participation(&t, "x");
    assert_int_equal(p.month, trial_wall("2024-04-01T08:00"));
    assert_true(p.elapsed == 100 && p.next_look == 0);
    trial_close(&t);
}

/* The office was away on the morning on which it is looked at: late is not never. */
static void test_pace_looked_at_late(void **context) {
    struct trial t;
    (void)context;
    open_programme(&t, NO_RULES, "2022-04-01T12:00", "organisation");
    begin(&t, "x", "organisation");
    trial_do(&t, "staff.name", "{" IN "'persons':['x1','x2']}");
    trial_do(&t, "adviser.assign", "{" IN "'person':'adviser'}");
    trial_rules(&t, NULL);
    trial_until(&t, "2022-05-31T12:00");
    assert_int_equal(trial_rows(&t, "hours-month", NULL, NULL, NULL), 1);
    t.now = trial_wall("2022-06-01T09:30");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "hours-month", NULL, NULL, NULL), 2);
    trial_until(&t, "2022-07-31T12:00");
    t.now = trial_wall("2022-08-01T13:00");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "hours-behind", NULL, NULL, NULL), 3);
    trial_close(&t);
}

static void test_end_moves(void **context) {
    struct trial t;
    (void)context;
    open_staffed(&t);
    struct rec_programme programme = programme_of("organisation", 36000);
    trial_do(&t, "solution.publish",
             "{'programme':'p','participation':'y','title':'T','text':'t','visibility':'cohort'}");
    trial_until(&t, "2024-05-10T12:00");
    assert_string_equal(owes(&t, "x", "publish-solution"), "overdue");
    programme.ends = TEXT_LIT("2024-12-31");
    assert_int_equal(participation_move_end(office_now(&t), &programme), 0);
    assert_string_equal(owes(&t, "x", "publish-solution"), "open");
    assert_string_equal(owes(&t, "y", "publish-solution"), "met");
    assert_int_equal(participation(&t, "x").next_look, trial_wall("2024-06-01T08:00"));
    trial_do(&t, "hours.log",
             "{" IN "'person':'x1','date':'2024-05-01','minutes':60,'kind':'preparation'}");
    trial_close(&t);
}

/* What was let go stays so when the same last day is said again. */
static void test_end_said_again(void **context) {
    struct trial t;
    (void)context;
    open_staffed(&t);
    assert_int_equal(obligation_end(office_now(&t), "publish-solution", "participation",
                                    TEXT_LIT("p/x"), TEXT_LIT("So.")),
                     0);
    trial_do(&t, "programme.update", "{'programme':'p','ends':'2024-03-31'}");
    assert_string_equal(owes(&t, "x", "publish-solution"), "moot");
    trial_do(&t, "programme.update", "{'programme':'p','ends':'2024-04-30'}");
    assert_string_equal(owes(&t, "x", "publish-solution"), "open");
    trial_close(&t);
}

static void attend(struct trial *t, const char *meeting, const char *x, const char *y) {
    trial_do(t, "attendance.record", "{'meeting':'%s','entries':[%s%s%s]}", meeting, x,
             *x && *y ? "," : "", y);
}

#define X1 "{'person':'x1','minutes':100}"
#define X1_NOT "{'person':'x1','minutes':0}"
#define Y1 "{'person':'y1','minutes':100}"

static void test_absent(void **context) {
    struct trial t;
    instant since;
    (void)context;
    open_staffed(&t);
    meet(&t, "m1", "workshop", "staff", "2022-05-10T09:00");
    attend(&t, "m1", X1, Y1);
    meet(&t, "m2", "workshop", "staff", "2022-06-10T09:00");
    attend(&t, "m2", "", Y1);
    attend(&t, "m2", X1_NOT, Y1); /* twice is once */
    assert_int_equal(participation(&t, "x").absences, 1);
    meet(&t, "g", "follow-up", "members", "2022-06-20T09:00"); /* not for the staff */
    attend(&t, "g", "", Y1);
    meet(&t, "m3", "course", "cohort and not adviser", "2022-07-10T09:00");
    attend(&t, "m3", "", "");
    assert_int_equal(participation(&t, "x").absences, 2);
    assert_int_equal(participation(&t, "x").absent, 0);
    assert_int_equal(participation(&t, "y").absences, 1);
    meet(&t, "m4", "workshop", "staff", "2022-08-10T09:00");
    attend(&t, "m4", "", Y1);
    since = t.now;
    assert_int_equal(participation(&t, "x").absences, 3);
    assert_int_equal(participation(&t, "x").absent, since);
    assert_int_equal(participation(&t, "y").absences, 0);
    meet(&t, "m5", "workshop", "staff", "2022-09-10T09:00");
    attend(&t, "m5", "", Y1);
    assert_int_equal(participation(&t, "x").absences, 4);
    assert_int_equal(participation(&t, "x").absent, since); /* said once */
    attend(&t, "m4", X1, Y1);                               /* she was there after all */
    assert_int_equal(participation(&t, "x").absences, 1);
    assert_int_equal(participation(&t, "x").absent, 0);
    trial_do(&t, "staff.replace", "{" IN "'person':'x1','by':'x3'}");
    attend(&t, "m5", "", Y1); /* who was of the staff then counts */
    assert_int_equal(participation(&t, "x").absences, 1);
    trial_close(&t);
}

/* Whose staff nobody has named, nobody keeps away. */
static void test_absent_nobody(void **context) {
    struct trial t;
    (void)context;
    open_programme(&t, NO_RULES, "2022-03-10T12:00", "organisation");
    begin(&t, "x", "organisation");
    for (unsigned i = 0; i < 3; i++) {
        char id[4], starts[20];
        snprintf(id, sizeof id, "m%u", i);
        snprintf(starts, sizeof starts, "2022-05-%02uT09:00", i + 1);
        meet(&t, id, "workshop", "staff", starts);
        attend(&t, id, "", Y1);
    }
    assert_int_equal(participation(&t, "x").absences, 0);
    trial_close(&t);
}

/* More activities than are looked back at; recorded late, and out of order. */
static void test_absent_for_long(void **context) {
    struct trial t;
    char id[4], starts[20];
    (void)context;
    open_staffed(&t);
    for (unsigned i = 0; i < 15; i++) {
        snprintf(id, sizeof id, "m%u", i);
        snprintf(starts, sizeof starts, "2022-05-%02uT09:00", i + 1);
        meet(&t, id, "workshop", "staff", starts);
    }
    for (unsigned i = 15; i-- > 0;) {
        snprintf(id, sizeof id, "m%u", i);
        attend(&t, id, i == 2 ? X1 : "", Y1);
    }
    assert_int_equal(participation(&t, "x").absences, 12);
    assert_int_equal(participation(&t, "y").absences, 0);
    attend(&t, "m14", X1, Y1);
    assert_int_equal(participation(&t, "x").absences, 0);
    trial_close(&t);
}

static void test_test(void **context) {
    struct trial t;
    (void)context;
    open_staffed(&t);
    REFUSED(&t, "not-found", "partners", "test.record",
            "{" IN "'hypothesis':'h','partners':['y','nobody']}");
    REFUSED(&t, "not-found", "participation", "test.record",
            "{'programme':'p','participation':'host','hypothesis':'h'}");
    trial_do(&t, "test.record", "{" IN "'hypothesis':'h','partners':['y']}");
    trial_do(&t, "test.record", "{" IN "'hypothesis':'i','result':'r'}");
    struct rec_participation p = participation(&t, "x");
    assert_true(text_is(p.hypothesis.any, "i") && text_is(p.test_result.any, "r") &&
                p.test_partners.count == 1 && p.tested == t.now);
    trial_close(&t);
}

static void test_solution(void **context) {
    struct trial t;
    struct rec_solution s;
    (void)context;
    open_staffed(&t);
    REFUSED(
        &t, "not-found", "participation", "solution.publish",
        "{'programme':'p','participation':'host','title':'T','text':'t','visibility':'public'}");
    trial_do(&t, "solution.publish",
             "{" IN "'solution':'s','title':'T','text':'t','links':['https://s.example/'],"
             "'visibility':'cohort'}");
    assert_string_equal(owes(&t, "x", "publish-solution"), "met");
    assert_string_equal(owes(&t, "y", "publish-solution"), "open");
    REFUSED(&t, "not-allowed", "solution", "solution.publish",
            "{'programme':'p','participation':'y','solution':'s','title':'T','text':'t',"
            "'visibility':'public'}");
    trial_do(&t, "solution.publish",
             "{" IN "'solution':'s','title':'U','text':'u','visibility':'public'}");
    trial_get(&t, TABLE_SOLUTION, key1(TEXT_LIT("s")), &s);
    assert_true(s.version == 2 && text_is(s.title.any, "U") && text_is(s.visibility, "public") &&
                text_is(s.state, "published") && s.links.count == 1);
    trial_close(&t);
}

#define MEETING                                                                                    \
    "'kind':'follow-up','title':'M','starts':'2022-05-10T09:00','minutes':60,'mode':'room',"       \
    "'place':'Hall','audience':'lead'}"

static void test_meetings(void **context) {
    struct trial t;
    (void)context;
    open_staffed(&t);
    REFUSED(&t, "not-found", "programme", "group.create",
            "{'group':'g','programme':'q','name':'G'}");
    REFUSED(&t, "conflict", "programme", "group.create",
            "{'group':'g','programme':'p','network':'net','name':'G'}");
    trial_do(&t, "group.create", "{'group':'g','programme':'p','name':'G'}");
    trial_do(&t, "group.create", "{'group':'other','name':'Other'}");
    trial_do(&t, "group.add", "{'group':'g','person':'adviser'}");
    REFUSED(&t, "missing", "network", "meeting.plan", "{" MEETING);
    REFUSED(&t, "conflict", "network", "meeting.plan", "{'network':'net','group':'g'," MEETING);
    REFUSED(&t, "conflict", "network", "meeting.plan", "{'network':'net','programme':'p'," MEETING);
    REFUSED(&t, "not-found", "programme", "meeting.plan", "{'programme':'q'," MEETING);
    REFUSED(&t, "not-found", "group", "meeting.plan", "{'group':'none'," MEETING);
    REFUSED(&t, "conflict", "group", "meeting.plan", "{'programme':'p','group':'other'," MEETING);
    trial_do(&t, "meeting.plan", "{'meeting':'m','group':'g'," MEETING);
    struct rec_meeting m = trial_meeting(&t, "m");
    assert_true(text_is(m.programme, "p") && text_is(m.zone, "Europe/Copenhagen"));
    trial_do(&t, "meeting.plan", "{'meeting':'n','group':'g','programme':'p'," MEETING);
    trial_do(&t, "meeting.call", "{'meeting':'m'}");
    trial_do(&t, "registration.make", "{'meeting':'m','person':'lead'}");    /* invited */
    trial_do(&t, "registration.make", "{'meeting':'m','person':'adviser'}"); /* of the group */
    trial_do(&t, "registration.make", "{'meeting':'m','person':'x1'}");      /* of a staff */
    REFUSED(&t, "not-entitled", "person", "registration.make", "{'meeting':'m','person':'x3'}");
    trial_do(&t, "staff.replace", "{" IN "'person':'x2','by':'x3'}");
    trial_do(&t, "registration.make", "{'meeting':'m','person':'x3'}");
    REFUSED(&t, "not-entitled", "person", "registration.make", "{'meeting':'m','person':'x2'}");
    trial_do(&t, "registration.cancel", "{'meeting':'m','person':'x3'}");
    trial_do(&t, "participation.leave", "{'programme':'p','participation':'x','reason':'So.'}");
    REFUSED(&t, "not-entitled", "person", "registration.make", "{'meeting':'m','person':'x3'}");
    trial_close(&t);
}

/* A group outlives its programme, and still meets; the programme does not. */
static void test_meetings_after_the_end(void **context) {
    struct trial t;
    (void)context;
    open_staffed(&t);
    trial_do(&t, "group.create", "{'group':'g','programme':'p','name':'G'}");
    struct rec_programme p = programme_of("organisation", 36000);
    p.state = TEXT_LIT("ended");
    assert_int_equal(office_put(office_now(&t), TABLE_PROGRAMME, key1(p.programme), &p), 0);
    REFUSED(&t, "wrong-state", "programme", "meeting.plan", "{'programme':'p'," MEETING);
    REFUSED(&t, "wrong-state", "programme", "group.create",
            "{'group':'h','programme':'p','name':'H'}");
    trial_do(&t, "meeting.plan", "{'meeting':'m','group':'g'," MEETING);
    trial_do(&t, "meeting.plan", "{'meeting':'n','group':'g','programme':'p'," MEETING);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begins),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_adviser),
        cmocka_unit_test(test_staff_refused),
        cmocka_unit_test(test_staff_changes),
        cmocka_unit_test(test_budget_per_person),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_pace_looked_at_late),
        cmocka_unit_test(test_end_moves),
        cmocka_unit_test(test_end_said_again),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_absent_nobody),
        cmocka_unit_test(test_absent_for_long),
        cmocka_unit_test(test_test),
        cmocka_unit_test(test_solution),
        cmocka_unit_test(test_meetings),
        cmocka_unit_test(test_meetings_after_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
