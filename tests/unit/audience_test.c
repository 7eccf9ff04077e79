/* Who is in an audience: how expressions are read, and whom they find in a small world. */
/* service: scheduler */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/audience.h"
#include "services/scheduler/reminders/subject.h"
#include "tests/harness/trial.h"

static void test_refused(void **context) {
    static const struct {
        const char *expression, *says;
    } cases[] = {
        {"", "ends where a term"},
        {"everybody", "is no audience"},
        {"members or", "ends where a term"},
        {"members and and lead", "is no audience"},
        {"members lead", "where and, or, or the end"},
        {"(members or lead", "not closed"},
        {"members)", "where and, or, or the end"},
        {"()", "is no audience"},
        {"topic", "takes an id"},
        {"topic:", "takes an id"},
        {"topic:Furniture!", "takes an id"},
        {"members:x", "takes nothing"},
        {"not", "ends where a term"},
        {"((((((((((members))))))))))", "nests deeper"},
        {"not not not not not not not not not not members", "nests deeper"},
        {":x", "is no audience"},
    };
    char many[600] = "lead";
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases) + 1; i++) {
        struct audience a;
        struct buf err;
        const char *expression = i < COUNT_OF(cases) ? cases[i].expression : many;
        buf_init(&err, 1000);
        while (i == COUNT_OF(cases) && strlen(many) < 150)
            strcat(many, " or lead");
        int rc = audience_parse(text_of(expression), &a, &err);
        const char *says = i < COUNT_OF(cases) ? cases[i].says : "more than 32";
        if (rc != -EINVAL || !strstr(buf_cstr(&err), says))
            fail_msg("\"%s\": %d, %s; expected %s", expression, rc, buf_cstr(&err), says);
        buf_free(&err);
    }
}

/* Everyone it finds, joined; the test for one person must agree with the walk over all. */
static const char *who(struct trial *t, const char *kind, const char *id, const char *expression) {
    static char found[300];
    struct audience a;
    struct buf err;
    struct subject s;
    struct office *o = &t->step.office;
    struct text person = TEXT_NONE;
    unsigned n = 0;
    int rc;
    buf_init(&err, 1000);
    if (audience_parse(text_of(expression), &a, &err))
        fail_msg("%s: %s", expression, buf_cstr(&err));
    buf_free(&err);
    o->arena = t->step.arena;
    if (subject_load(o, text_of(kind), text_of(id), &s))
        fail_msg("no %s %s", kind, id);
    found[0] = 0;
    while ((rc = audience_next(o, &a, &s, person, &person)) == 0) {
        n += (unsigned)snprintf(found + n, sizeof found - n, "%s%.*s", n ? " " : "",
                                TEXT_ARGS(person));
        assert_int_equal(audience_has(o, &a, &s, person), 1);
    }
    assert_int_equal(rc, -ENOENT);
    static const char *const all[] = {"a", "b", "c", "d", "e", "f", "lead"};
    unsigned count = 0, words = found[0] ? 1 : 0;
    for (unsigned i = 0; i < COUNT_OF(all); i++)
        count += audience_has(o, &a, &s, text_of(all[i])) == 1;
    for (const char *c = found; *c; c++)
        words += *c == ' ';
    if (count != words)
        fail_msg("%s finds %s, but has %u", expression, found, count);
    return found;
}

static void finds(struct trial *t, const char *expression, const char *expected) {
    const char *found = who(t, "meeting", "m", expression);
    if (strcmp(found, expected))
        fail_msg("%s finds \"%s\"; expected \"%s\"", expression, found, expected);
}

/* a, b and d are Borås; c, e, f and lead Mölndal; a, b and c are members. */
static void world(struct trial *t) {
    trial_open(t, NULL, "2022-04-01T08:00");
    trial_world(t, true);
    trial_do(t, "group.create", "{'group':'g','name':'G'}");
    trial_do(t, "group.add", "{'group':'g','person':'e'}");
    trial_do(t, "pledge.record", "{'organisation':'boras','pledge':'x','years':[2022]}");
    trial_do(t, "person.update", "{'person':'f','functions':['operator','buyer']}");
    trial_do(t, "membership.end", "{'network':'net','person':'c'}");
    trial_do(t, "membership.grant",
             "{'network':'net','person':'c','source':'s','topics':['mobler']}");
}

static void test_terms_and_joints(void **context) {
    static const struct {
        const char *expression, *expected;
    } cases[] = {
        {"members", "a b c"},
        {"audience", "a b c"},
        {"lead", "lead"},
        {"group:g", "e"},
        {"group:none", ""},
        {"pledge:x", "a b d"},
        {"region:vg", "a b c d e f lead"},
        {"region:none", ""},
        {"function:buyer", "f"},
        {"operators", "f"},
        {"topic:mobler", "c"},
        {"topic:none", ""},
        {"owner", ""},
        {"adviser", ""},
        {"members and pledge:x", "a b"},
        {"members or lead or lead", "a b c lead"},
        {"members or group:g and lead", "a b c"}, /* and binds closer */
        {"(members or group:g) and not lead", "a b c e"},
        {"not members", "d e f lead"},
        {"not members and not lead", "d e f"},
        {"not not members", "a b c"},
        {"pledge:x and not members", "d"},
        {"members and not (pledge:x or lead)", "c"},
        {"not-answered", "a b c"},
        {"  ( members )  ", "a b c"},
    };
    struct trial t;
    (void)context;
    world(&t);
    for (unsigned i = 0; i < COUNT_OF(cases); i++)
        finds(&t, cases[i].expression, cases[i].expected);
    trial_close(&t);
}

static void test_functions_come_and_go(void **context) {
    struct trial t;
    (void)context;
    world(&t);
    trial_do(&t, "person.update", "{'person':'f','functions':['buyer']}");
    trial_do(&t, "person.update", "{'person':'e','functions':['operator','chair']}");
    finds(&t, "operators", "e");
    finds(&t, "function:buyer", "f");
    trial_do(&t, "person.merge", "{'person':'e','into':'d'}");
    finds(&t, "operators", "d"); /* they go over with a merge */
    trial_do(&t, "person.erase", "{'person':'d'}");
    finds(&t, "function:chair", "");
    trial_close(&t);
}

static void test_inherited_membership(void **context) {
    struct trial t;
    (void)context;
    world(&t);
    trial_do(&t, "membership.grant", "{'network':'net','organisation':'boras','source':'s'}");
    finds(&t, "members", "a b c d");
    finds(&t, "topic:mobler", "c");
    trial_do(&t, "preference.set", "{'person':'d','class':'news','on':false}");
    finds(&t, "subscribers", "a b c");
    trial_do(&t, "person.update", "{'person':'d','organisations':['molndal']}");
    finds(&t, "members", "a b c");
    trial_do(&t, "person.update", "{'person':'e','organisations':['molndal','boras']}");
    finds(&t, "members", "a b c e");
    trial_do(&t, "membership.end", "{'network':'net','organisation':'boras'}");
    finds(&t, "members", "a b c");
    trial_do(&t, "network.close", "{'network':'net'}");
    finds(&t, "members", "");
    trial_close(&t);
}

static void test_registrations(void **context) {
    struct trial t;
    (void)context;
    world(&t);
    trial_do(&t, "meeting.update", "{'meeting':'m','capacity':1}");
    trial_do(&t, "registration.make", "{'meeting':'m','person':'a'}");
    trial_do(&t, "registration.make", "{'meeting':'m','person':'b'}");
    trial_do(&t, "registration.answer", "{'meeting':'m','person':'c','answer':'maybe'}");
    finds(&t, "registered", "a");
    finds(&t, "waiting", "b");
    finds(&t, "undecided", "c");
    finds(&t, "not-answered", "c");
    trial_do(&t, "registration.answer", "{'meeting':'m','person':'c','answer':'no'}");
    finds(&t, "not-answered", "");
    trial_do(&t, "registration.cancel", "{'meeting':'m','person':'a'}");
    finds(&t, "offered", "b");
    finds(&t, "registered or offered or waiting", "b");
    trial_do(&t, "registration.accept_offer", "{'meeting':'m','person':'b'}");
    /* asked again, a yes from before is no answer */
    trial_until(&t, "2022-04-02T08:00");
    trial_do(&t, "meeting.decide",
             "{'meeting':'m','decision':'postpone','starts':'2022-06-01T09:00'}");
    finds(&t, "not-answered", "b");
    trial_until(&t, "2022-04-03T08:00");
    trial_do(&t, "registration.answer", "{'meeting':'m','person':'b','answer':'yes'}");
    finds(&t, "not-answered", "");
    assert_string_equal(who(&t, "registration", "m/b", "owner"), "b");
    assert_string_equal(who(&t, "registration", "m/b", "owner.colleagues"), "a d");
    t.now = trial_wall("2022-06-01T12:00");
    trial_do(&t, "attendance.record", "{'meeting':'m','entries':[{'person':'a','minutes':60}]}");
    finds(&t, "attended", "a");
    finds(&t, "absent", "b");
    trial_close(&t);
}

/* Told: somebody to whom a letter with an older time may have left, and who still means to come. */
static void test_told(void **context) {
    struct trial t;
    (void)context;
    world(&t);
    trial_settle(&t); /* the invitations leave: to a, b and c */
    finds(&t, "told", "");
    trial_do(&t, "registration.answer", "{'meeting':'m','person':'b','answer':'no'}");
    t.now += HOURS;
    trial_do(&t, "meeting.move", "{'meeting':'m','starts':'2022-05-25T09:00'}");
    finds(&t, "told", "a c");
    trial_settle(&t);
    finds(&t, "told", "");
    trial_close(&t);
}

/* An operator's letter about a meeting is for the meeting's people, also those who kept silent. */
static void test_letter_about_a_meeting(void **context) {
    struct trial t;
    (void)context;
    world(&t);
    trial_do(&t, "registration.answer", "{'meeting':'m','person':'b','answer':'no'}");
    trial_do(&t, "letter.send",
             "{'letter':'l','class':'service','meeting':'m','audience':'not-answered',"
             "'subject':'S','text':'T','count':2}");
    assert_string_equal(who(&t, "letter", "l", "audience"), "a b c");
    assert_string_equal(who(&t, "letter", "l", "not-answered"), "a c");
    trial_close(&t);
}

/* A meeting cannot be for its own audience, however that is said. */
static void test_names_itself(void **context) {
    struct trial t;
    (void)context;
    world(&t);
    static const char *const selves[] = {"audience", "members or audience", "not not-answered"};
    for (unsigned i = 0; i < COUNT_OF(selves); i++)
        assert_string_equal(
            trial_say(&t, "meeting.plan",
                      "{'meeting':'m2','network':'net','kind':'network','title':'M','starts':"
                      "'2022-05-24T09:00','minutes':120,'mode':'video','audience':'%s'}",
                      selves[i]),
            "bad-value");
    /* one that an older version let in */
    struct rec_meeting m = trial_meeting(&t, "m");
    m.audience = TEXT_LIT("audience or lead");
    assert_int_equal(office_put(&t.step.office, TABLE_MEETING, key1(TEXT_LIT("m")), &m), 0);
    finds(&t, "audience", "lead");
    finds(&t, "not-answered", "lead");
    trial_close(&t);
}

/* The longest expression there can be is one that a registration is judged by. */
static void test_longest(void **context) {
    struct trial t;
    char longest[400] = "group:g";
    (void)context;
    world(&t);
    for (unsigned i = 1; i < 16; i++)
        strcat(longest, " or group:g");
    trial_do(&t, "meeting.plan",
             "{'meeting':'m2','network':'net','kind':'network','title':'M','starts':"
             "'2022-05-24T09:00','minutes':120,'mode':'video','audience':'%s'}",
             longest);
    trial_do(&t, "meeting.call", "{'meeting':'m2'}");
    trial_do(&t, "registration.make", "{'meeting':'m2','person':'e'}");
    trial_do(&t, "registration.make", "{'meeting':'m2','person':'a'}");
    assert_string_equal(trial_say(&t, "registration.make", "{'meeting':'m2','person':'f'}"),
                        "not-entitled");
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_terms_and_joints),
        cmocka_unit_test(test_functions_come_and_go),
        cmocka_unit_test(test_inherited_membership),
        cmocka_unit_test(test_registrations),
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_letter_about_a_meeting),
        cmocka_unit_test(test_names_itself),
        cmocka_unit_test(test_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
