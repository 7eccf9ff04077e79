/* Rules: what is refused when they are read, and about which records they speak. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/rule.h"
#include "tests/harness/trial.h"

#define RULE(about, when, only, to, more)                                                          \
    "rule \"r\" {\n about = \"" about "\"\n when = { " when " }\n only = { " only                  \
    " }\n to = \"" to "\"\n letter = \"meeting-week-before\"\n" more "\n}\n"

static void test_refused(void **context) {
    static const struct {
        const char *rules, *says;
    } cases[] = {
        {RULE("meetings", "\"starts\"", "", "members", ""), "about"},
        {RULE("meeting", "\"title\"", "", "members", ""), "is no time"},
        {RULE("meeting", "\"starts at noon\"", "", "members", ""), "wall clock"},
        {RULE("meeting", "\"starts\"", "\"nothing = x\"", "members", ""), "field of the subject"},
        {RULE("meeting", "\"starts\"", "\"mode = boat\"", "members", ""), "room|video|hybrid"},
        {RULE("meeting", "\"starts\"", "\"called = 2022\"", "members", ""), "one word"},
        {RULE("meeting", "\"starts\"", "\"title = M\"", "members", ""), "one word"},
        {RULE("meeting", "\"starts\"", "", "friends", ""), "is no audience"},
        {RULE("meeting", "\"starts\"", "", "members", "class = \"spam\""), "service, duty or news"},
        {RULE("meeting", "\"starts\"", "", "members", "late = \"never\""),
         "send, note, digest, skip"},
        {"rule \"r\" { about = \"meeting\" when = {\"starts\"} to = \"members\" letter = "
         "\"meeting-nudge\" late = \"note\" }",
         "{{#late}} … {{/late}} in letters/meeting-nudge.da.md"},
        {RULE("meeting", "\"starts\"", "", "members", "nudge = true"), "class news"},
        {RULE("meeting", "\"starts\"", "", "members", "calendar = \"request\" late = \"digest\""),
         "without a calendar part"},
        {RULE("meeting", "\"starts\"", "", "members", "calendar = \"maybe\""), "request or cancel"},
        {RULE("meeting", "\"starts\"", "", "members", "useful = \"soon\""), "is no time"},
        {RULE("idea", "\"received\"", "", "owner", "calendar = \"request\""), "calendar"},
        {RULE("idea", "\"received\"", "", "owner", ""),
         "meeting-week-before"}, /* names a meeting */
        {RULE("meeting", "\"starts\"", "", "members", "")
             RULE("meeting", "\"starts\"", "", "members", ""),
         "duplicate title"},
        {"rule \"r\" { about = \"meeting\" when = {\"starts\"} to = \"members\" letter = \"none\" "
         "}",
         "none.da.md"},
        {"rule \"r\" { about = \"meeting\" when = {\"starts\"} to = \"members\" letter = \"../x\" "
         "}",
         "expected a name"},
        {"rule \"r\" { about = \"meeting\" }", "when"},
        {RULE("meeting", "\"starts - 1w\", \"starts\", \"starts - 7d\"", "", "members", ""),
         ".conf:1: when \"starts - 7d\": expected another moment"},
        {RULE("meeting", "\"starts\"", "", "members", "useful = \"starts - 3d\""),
         ".conf:1: useful \"starts - 3d\": expected a moment after \"starts\""},
    };
    struct trial t;
    (void)context;
    trial_open(&t, NULL, "2022-04-01T08:00");
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct buf err;
        buf_init(&err, 1 << 16);
        if (!trial_refuses(&t, cases[i].rules, &err) || !strstr(buf_cstr(&err), cases[i].says))
            fail_msg("case %u: \"%s\"; expected %s", i, buf_cstr(&err), cases[i].says);
        buf_free(&err);
    }
    trial_close(&t);
}

static void test_speaks(void **context) {
    static const struct {
        const char *only;
        bool called, held, room_minimum;
    } cases[] = {
        /* meetings: {called, video}, {held, video}, {called, room, minimum 4} */
        {"", true, true, true},
        {"\"state = called\"", true, false, true},
        {"\"state = called\", \"state = held\"", true, true, true},
        {"\"state = called\", \"mode = video\"", true, false, false},
        {"\"state = held\", \"mode = room\"", false, false, false},
        {"\"minimum\"", false, false, true},
        {"\"not minimum\"", true, true, false},
        {"\"minimum = 4\"", false, false, true},
        {"\"minimum = 5\"", false, false, false},
        {"\"not decision\", \"decision = postpone\"", true, true, true},
        {"\"place\", \"state = called\"", false, false, true},
        {"\"tentative = false\"", true, true, true},
    };
    struct rec_meeting called = {.state = TEXT_LIT("called"), .mode = TEXT_LIT("video")},
                       held = {.state = TEXT_LIT("held"), .mode = TEXT_LIT("video")},
                       room = {.state = TEXT_LIT("called"),
                               .mode = TEXT_LIT("room"),
                               .place = TEXT_LIT("Here"),
                               .minimum = 4};
    struct trial t;
    (void)context;
    trial_open(&t, NULL, "2022-04-01T08:00");
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        char rules[500];
        snprintf(rules, sizeof rules, RULE("meeting", "\"starts\"", "%s", "members", ""),
                 cases[i].only);
        trial_rules(&t, rules);
        const struct rule *r = rulebook_find(&t.rules, TEXT_LIT("r"));
        if (rule_speaks(r, &called) != cases[i].called || rule_speaks(r, &held) != cases[i].held ||
            rule_speaks(r, &room) != cases[i].room_minimum)
            fail_msg("only = { %s }", cases[i].only);
    }
    trial_close(&t);
}

/* What a rule says makes its version; the order of the file does not. */
static void test_version(void **context) {
    static const char *const rules[] = {
        RULE("meeting", "\"starts\"", "", "members", ""),
        RULE("meeting", "\"starts - 1d\"", "", "members", ""),
        RULE("meeting", "\"starts\"", "\"minimum\"", "members", ""),
        RULE("meeting", "\"starts\"", "", "registered", ""),
        RULE("meeting", "\"starts\"", "", "members", "late = \"skip\""),
        RULE("meeting", "\"starts\"", "", "members", "tells = true"),
        RULE("meeting", "\"starts\"", "", "members", "at_most_once = true"),
    };
    char versions[COUNT_OF(rules)][17];
    struct trial t;
    (void)context;
    trial_open(&t, NULL, "2022-04-01T08:00");
    for (unsigned i = 0; i < COUNT_OF(rules); i++) {
        trial_rules(&t, rules[i]);
        strcpy(versions[i], t.rules.rules[0].version);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(versions[i], versions[k]);
    }
    trial_rules(&t, rules[0]);
    assert_string_equal(t.rules.rules[0].version, versions[0]);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_speaks),
        cmocka_unit_test(test_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
