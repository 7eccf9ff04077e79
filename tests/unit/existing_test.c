/* service: scheduler */
/* Another configuration while people wait: what it reaches, and whom it must not reach back to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/trial.h"

#define RULE(name, when, more)                                                                     \
    "rule \"" name "\" { about = \"meeting\" when = { " when " } only = { \"state = called\" } "   \
    "to = \"registered\" letter = \"meeting-week-before\" useful = \"starts\" " more " }\n"
#define WEEK RULE("week", "\"starts - 7d at 09:00\"", "")

/* Three are registered for the 24th of May. */
static void open_at(struct trial *t, const char *rules, const char *wall) {
    trial_open(t, rules, "2022-05-01T09:00");
    trial_world(t, true);
    for (const char *p = "abc"; *p; p++)
        trial_do(t, "registration.make", "{'meeting':'m','person':'%c'}", *p);
    trial_until(t, wall);
}

static const char *apply(struct trial *t, int count) {
    return trial_say(t, "rules.apply", "{'version':'%s','also_existing':true,'count':%d}",
                     t->rules.name, count);
}

/* At that moment the rules become others; afterwards it is the day after the meeting. */
static const struct {
    const char *name, *before, *wall, *after;
    unsigned letters;  /* in all, without --also-existing */
    unsigned existing; /* people who would be reached back to */
} cases[] = {
    {"nothing changes", WEEK, "2022-05-18T09:00", WEEK, 3, 0},
    {"a comment", WEEK, "2022-05-18T09:00", "# new\n" WEEK, 3, 0},
    {"a new rule whose moment lies behind", RULE("x", "\"starts - 1h\"", ""), "2022-05-18T09:00",
     WEEK, 0, 3},
    {"a new rule whose moment lies ahead", RULE("x", "\"starts - 1h\"", ""), "2022-05-16T09:00",
     WEEK, 3, 0},
    {"fired, and then about something else", WEEK, "2022-05-18T09:00",
     RULE("week", "\"starts - 7d at 09:00\"", "late = \"ask\""), 3, 0},
    {"not yet fired, and then about something else", WEEK, "2022-05-16T09:00",
     RULE("week", "\"starts - 7d at 09:00\"", "late = \"ask\""), 3, 0},
    {"fired, and then moved to what lies behind", WEEK, "2022-05-18T09:00",
     RULE("week", "\"starts - 8d at 09:00\"", ""), 3, 0},
    {"fired, and then moved to what lies ahead", WEEK, "2022-05-18T09:00",
     RULE("week", "\"starts - 2d at 09:00\"", ""), 6, 0},
    {"not yet fired, and moved to what lies behind", WEEK, "2022-05-16T09:00",
     RULE("week", "\"starts - 14d at 09:00\"", ""), 0, 3},
    {"not yet fired, and moved within what lies ahead", WEEK, "2022-05-16T09:00",
     RULE("week", "\"starts - 2d at 09:00\"", ""), 3, 0},
    {"the first of two steps goes, which has fired",
     RULE("week", "\"starts - 7d at 09:00\", \"starts - 2d at 09:00\"", ""), "2022-05-18T09:00",
     RULE("week", "\"starts - 2d at 09:00\"", ""), 6, 0},
    {"a step comes before the one that has fired", WEEK, "2022-05-18T09:00",
     RULE("week", "\"starts - 9d at 09:00\", \"starts - 7d at 09:00\"", ""), 3, 0},
    {"the rule goes, and what it planned", WEEK, "2022-05-16T09:00",
     RULE("x", "\"starts - 1h\"", ""), 0, 0},
    {"the rule gets another name after it has fired", WEEK, "2022-05-18T09:00",
     RULE("w", "\"starts - 7d at 09:00\"", ""), 3, 3},
    {"two new moments that lie behind", RULE("x", "\"starts - 1h\"", ""), "2022-05-18T09:00",
     RULE("week", "\"starts - 7d at 09:00\", \"starts - 9d at 09:00\"", ""), 0, 3},
    {"an earlier step comes after the one that has fired", WEEK, "2022-05-18T09:00",
     RULE("week", "\"starts - 7d at 09:00\", \"starts - 9d at 09:00\"", ""), 3, 0},
    {"two new moments, one behind and one ahead", RULE("x", "\"starts - 1h\"", ""),
     "2022-05-18T09:00", RULE("week", "\"starts - 9d at 09:00\", \"starts - 2d at 09:00\"", ""), 3,
     3},
    {"of no use any more", RULE("x", "\"starts - 1h\"", ""), "2022-05-25T10:00", WEEK, 0, 0},
};

static unsigned sent(struct trial *t) {
    return trial_rows(t, "week", NULL, "accepted", NULL) +
           trial_rows(t, "w", NULL, "accepted", NULL);
}

static void a_new_configuration_reaches_back_to_nobody(void **unused) {
    (void)unused;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct trial t;
        open_at(&t, cases[i].before, cases[i].wall);
        trial_rules(&t, cases[i].after);
        trial_until(&t, "2022-05-26T09:00");
        if (sent(&t) != cases[i].letters)
            fail_msg("%s: %u letters, not %u", cases[i].name, sent(&t), cases[i].letters);
        trial_close(&t);
    }
}

static void it_does_when_told_so_with_the_number(void **unused) {
    (void)unused;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct trial t;
        unsigned before;
        int existing = (int)cases[i].existing;
        open_at(&t, cases[i].before, cases[i].wall);
        trial_rules(&t, cases[i].after);
        trial_settle(&t);
        before = sent(&t);
        if (strcmp(apply(&t, existing + 1), "conflict") || strcmp(apply(&t, existing), "applied"))
            fail_msg("%s: %s", cases[i].name, t.refusal.text);
        trial_settle(&t);
        if (sent(&t) != before + cases[i].existing)
            fail_msg("%s: %u people reached", cases[i].name, sent(&t) - before);
        assert_string_equal(apply(&t, 0), "applied"); /* once */
        trial_until(&t, "2022-05-26T09:00");
        if (sent(&t) != cases[i].letters + cases[i].existing)
            fail_msg("%s: %u letters in the end", cases[i].name, sent(&t));
        trial_close(&t);
    }
}

static const char *refused_for_a(struct trial *t, const struct rec_ledger *row) {
    (void)t;
    return text_is(row->person, "a") ? "bounced" : "accepted";
}

/* Somebody's address is suppressed: she is not counted, and counting changes nothing. */
static void counting_is_no_sending(void **unused) {
    struct trial t;
    (void)unused;
    open_at(&t, WEEK, "2022-05-16T09:00");
    t.fate = refused_for_a;
    trial_until(&t, "2022-05-18T09:00");
    trial_rules(&t, RULE("w", "\"starts - 7d at 09:00\"", ""));
    assert_string_equal(apply(&t, 3), "conflict");
    assert_string_equal(apply(&t, 2), "applied");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "w", NULL, "accepted", NULL), 2);
    assert_int_equal(trial_rows(&t, "w", "a", "suppressed", NULL), 1);
    trial_close(&t);
}

/* Two rules get other names: three people would have two letters each, and are three. */
static void who_is_written_to_twice_is_one(void **unused) {
    struct trial t;
    (void)unused;
    open_at(&t, RULE("x", "\"starts - 1h\"", ""), "2022-05-18T09:00");
    trial_rules(&t, WEEK RULE("w", "\"starts - 8d at 09:00\"", ""));
    assert_string_equal(apply(&t, 6), "conflict");
    assert_string_equal(t.refusal.text, "It would reach 3 people who were there before, not 6.");
    assert_string_equal(apply(&t, 3), "applied");
    trial_settle(&t);
    assert_int_equal(sent(&t), 6);
    trial_close(&t);
}

/* Said at the very moment at which the letters were let go, before they are. */
static void an_edit_of_that_moment_takes_nothing_back(void **unused) {
    struct trial t;
    (void)unused;
    open_at(&t, RULE("x", "\"starts - 1h\"", ""), "2022-05-18T09:00");
    trial_rules(&t, WEEK);
    assert_string_equal(apply(&t, 3), "applied");
    trial_do(&t, "meeting.update", "{'meeting':'m','title':{'sv':'Ny titel'}}");
    trial_settle(&t);
    assert_int_equal(sent(&t), 3);
    trial_close(&t);
}

/* One of three was considered when the rule got another moment: it speaks then, too. */
static void a_rule_that_changes_while_it_speaks(void **unused) {
    struct trial t;
    (void)unused;
    open_at(&t, WEEK, "2022-05-17T08:59");
    t.settings.fire_slice = 1;
    t.now = trial_wall("2022-05-17T09:00");
    assert_int_equal(step_due(&t.step, t.now, t.now), 0);
    assert_int_equal(trial_plans(&t, "week", "firing"), 1);
    trial_rules(&t, RULE("week", "\"starts - 2d at 09:00\"", ""));
    trial_until(&t, "2022-05-26T09:00");
    assert_int_equal(sent(&t), 6);
    trial_close(&t);
}

static void a_moment_that_the_subject_missed_is_no_new_rule(void **unused) {
    struct trial t;
    (void)unused;
    open_at(&t, WEEK, "2022-05-18T09:00");
    trial_do(&t, "meeting.move", "{'meeting':'m','starts':'2022-05-24T13:00'}");
    assert_int_equal(trial_plans(&t, "week", "past"), 1); /* came into being too late by itself */
    trial_rules(&t, WEEK RULE("x", "\"starts - 1h\"", ""));
    assert_string_equal(apply(&t, 0), "applied");
    trial_close(&t);
}

static void what_was_skipped_stays_so(void **unused) {
    struct trial t;
    (void)unused;
    open_at(&t, WEEK, "2022-05-16T09:00");
    trial_do(&t, "plan.skip", "{'plan':'meeting/m/week/0/starts=2022-05-24T09:00'}");
    trial_rules(&t, RULE("week", "\"starts - 2d at 09:00\"", ""));
    trial_until(&t, "2022-05-26T09:00");
    assert_int_equal(sent(&t), 0);
    trial_close(&t);
}

static void only_the_configuration_in_force_can_be_applied(void **unused) {
    struct trial t;
    (void)unused;
    open_at(&t, WEEK, "2022-05-16T09:00");
    assert_string_equal(trial_say(&t, "rules.apply", "{'version':'0123456789abcdef'}"), "conflict");
    assert_string_equal(trial_say(&t, "rules.apply", "{'version':'%s'}", t.rules.name), "applied");
    trial_close(&t);
}

static void who_came_after_the_moment_is_not_written_to(void **unused) {
    struct trial t;
    struct rec_ledger row;
    (void)unused;
    open_at(&t, WEEK, "2022-05-17T08:59");
    trial_do(&t, "membership.grant", "{'network':'net','person':'d','source':'test'}");
    t.now = trial_wall("2022-05-17T12:00"); /* we were away, and somebody came meanwhile */
    trial_do(&t, "registration.make", "{'meeting':'m','person':'d'}");
    trial_settle(&t);
    assert_int_equal(sent(&t), 3);
    assert_int_equal(trial_rows(&t, "week", "d", "not-due", &row), 1);
    assert_true(text_is(row.reason, "joined after it was due"));
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_configuration_reaches_back_to_nobody),
        cmocka_unit_test(it_does_when_told_so_with_the_number),
        cmocka_unit_test(a_rule_that_changes_while_it_speaks),
        cmocka_unit_test(an_edit_of_that_moment_takes_nothing_back),
        cmocka_unit_test(counting_is_no_sending),
        cmocka_unit_test(who_is_written_to_twice_is_one),
        cmocka_unit_test(a_moment_that_the_subject_missed_is_no_new_rule),
        cmocka_unit_test(what_was_skipped_stays_so),
        cmocka_unit_test(only_the_configuration_in_force_can_be_applied),
        cmocka_unit_test(who_came_after_the_moment_is_not_written_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
