/* The names letters may use: every field of every record a kind brings, every link, every special.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proto/variable.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* As a letter is checked. */
static int check(const char *about, const char *source, struct template_error *reterr) {
    struct template *template = NULL;
    *reterr = (struct template_error){.line = 0};
    int rc = template_parse(&template, text_of(source), NULL, NULL, reterr);
    if (rc == 0)
        rc = variable_check_template(text_of(about), template, reterr);
    template_free(&template);
    return rc;
}

static void test_names(void **state) {
    static const struct {
        const char *about, *name;
        bool is_section;
        int rc;
    } cases[] = {
        {"meeting", "meeting.title", false, 0},
        {"meeting", "meeting.starts", false, 0},
        {"meeting", "meeting.starts.date", false, 0},
        {"meeting", "meeting.starts.time", false, 0},
        {"meeting", "meeting.starts.hour", false, -ENOENT},
        {"meeting", "meeting.title.date", false, -ENOENT},
        {"meeting", "meeting.starts.", false, -ENOENT},
        {"meeting", "meeting.", false, -ENOENT},
        {"meeting", "meeting", true, -ENOENT},
        {"meeting", "meeting.mode", false, 0},
        {"meeting", "meeting.mode.video", true, 0},
        {"meeting", "meeting.mode.video", false, -ENOENT},
        {"meeting", "meeting.mode.phone", true, -ENOENT},
        {"meeting", "meeting.breakouts", true, 0},
        {"meeting", "meeting.breakouts", false, -ENOENT},
        {"meeting", "meeting.tentative", true, 0},
        {"meeting", "meeting.tentative", false, -ENOENT},
        {"meeting", "meeting.capacity", false, 0},
        {"meeting", "network.name", false, 0},
        {"meeting", "network.host_name", false, 0},
        {"meeting", "registration.state.waiting", true, 0},
        {"meeting", "registration.breakout_name", false, 0},
        {"meeting", "case.adviser_name", false, -ENOENT},
        {"meeting", "person.name", false, 0},
        {"meeting", "person.email", false, -ENOENT},
        {"meeting", "office.name", false, 0},
        {"meeting", "late", true, 0},
        {"meeting", "late", false, -ENOENT},
        {"meeting", "link.yes", false, 0},
        {"meeting", "link.confirm", false, -ENOENT},
        {"meeting", "link.nothing", false, -ENOENT},
        {"meeting", "poll.question", false, -ENOENT},
        {"registration", "meeting.title", false, 0},
        {"registration", "link.accept", false, 0},
        {"membership", "membership.lapses.date", false, 0},
        {"membership", "link.confirm", false, 0},
        {"membership", "link.leave", false, 0},
        {"membership", "meeting.title", false, -ENOENT},
        {"material", "material.due", false, 0},
        {"material", "material.due.date", false, 0},
        {"material", "material.due.time", false, -ENOENT},
        {"material", "meeting.title", false, 0},
        {"idea", "idea.case", false, 0},
        {"case", "case.case", false, 0},
        {"case", "case.answer", false, 0},
        {"case", "case.adviser_name", false, 0},
        {"poll", "poll.result", true, 0},
        {"poll", "poll.votes", true, -ENOENT},
        {"poll", "link.poll", false, 0},
        {"person", "person.name", false, 0},
        {"person", "link.unsubscribe", false, 0},
        {"person", "link.leave", false, -ENOENT},
        {"person", "network.name", false, -ENOENT},
        {"nothing", "network.name", false, -ENOENT},
        {"meeting", "programme.name", false, 0},
        {"meeting", "organisation.name", false, -ENOENT},
        {"meeting", "overdue", true, -ENOENT},
        {"case", "organisation.name", false, 0},
        {"call", "call.closes.date", false, 0},
        {"call", "programme.host_names", false, 0},
        {"call", "application.closes", false, -ENOENT},
        {"application", "application.state.selected", true, 0},
        {"application", "call.accept_days", false, 0},
        {"application", "organisation.name", false, 0},
        {"application", "link.accept_place", false, 0},
        {"application", "link.hours", false, -ENOENT},
        {"assessment", "assessment.due", false, 0},
        {"assessment", "application.problem", false, 0},
        {"assessment", "link.assess", false, 0},
        {"participation", "participation.pace", false, 0},
        {"participation", "participation.adviser_name", false, 0},
        {"participation", "programme.lead_name", false, 0},
        {"participation", "link.hours", false, 0},
        {"participation", "network.name", false, -ENOENT},
        {"milestone", "milestone.title", false, 0},
        {"milestone", "participation.adviser_name", false, 0},
        {"evidence", "evidence.valid_until", false, 0},
        {"solution", "solution.title", false, 0},
        {"obligation.answer-offer", "obligation.due", false, 0},
        {"obligation.answer-offer", "overdue", true, 0},
        {"obligation.answer-offer", "application.offer_expires", false, 0},
        {"obligation.answer-offer", "participation.pace", false, -ENOENT},
        {"obligation.name-staff", "participation.least_staff", false, 0},
        {"obligation.name-staff", "application.problem", false, -ENOENT},
        {"obligation.hand-in-slides", "material.title", false, 0},
        {"obligation.hand-in-slides", "network.name", false, 0},
        {"obligation.nothing", "obligation.due", false, -ENOENT},
        {"obligation", "application.problem", false, 0},
        {"obligation", "participation.pace", false, 0},
        {"obligation", "poll.question", false, -ENOENT},
    };
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        char source[200];
        struct template_error err;
        (void)snprintf(source, sizeof source, cases[i].is_section ? "{{#%s}}{{/%s}}" : "{{%s}}",
                       cases[i].name, cases[i].name);
        int rc = check(cases[i].about, source, &err);
        if (rc != cases[i].rc)
            print_error("%s: %s: %d\n", cases[i].about, cases[i].name, rc);
        assert_int_equal(rc, cases[i].rc);
    }
}

/* Whatever a record holds can be named, but for maps and records in records. */
static void test_every_field(void **state) {
    (void)state;
    for (unsigned r = 0; r < REC_COUNT; r++) {
        struct text about = text_of(rec_shapes[r].name);
        if (!variable_brings(about, (enum rec_type)r))
            continue;
        for (const struct field *f = rec_shapes[r].fields(); f->kind != FIELD_END; f++) {
            char name[200];
            struct variable found;
            (void)snprintf(name, sizeof name, "%s.%.*s", rec_shapes[r].name,
                           TEXT_ARGS(field_name(f)));
            bool is_hidden = f->kind == FIELD_MAP || f->kind == FIELD_RAW;
            assert_int_equal(variable_find(about, text_of(name), &found), is_hidden ? -ENOENT : 0);
            if (!is_hidden)
                assert_ptr_equal(found.field, f);
        }
    }
}

/* A letter shows a record as it was when it was decided: the occasion has a place for each kind
 * that letters can name, or they would be blank. */
static void test_occasions_keep_what_letters_name(void **state) {
    (void)state;
    for (unsigned about = 0; about < REC_COUNT; about++)
        for (unsigned r = 0; r < REC_COUNT; r++) {
            if (!variable_brings(text_of(rec_shapes[about].name), (enum rec_type)r))
                continue;
            const struct field *f =
                shape_field(&rec_shapes[REC_OCCASION], text_of(rec_shapes[r].name));
            if (!f || f->kind != FIELD_RAW)
                fail_msg("record occasion has no RAW field %s, which letters about %s can name",
                         rec_shapes[r].name, rec_shapes[about].name);
        }
}

static void test_links(void **state) {
    (void)state;
    for (unsigned i = 0; i < variable_link_count; i++) {
        enum msg_type type;
        bool looks = strcmp(variable_links[i].message, "query") == 0; /* it says nothing */
        assert_int_equal(msg_find(text_of(variable_links[i].message), &type), looks ? -ENOENT : 0);
        assert_true(!looks || variable_link_is_personal(&variable_links[i]));
        assert_true(variable_links[i].object < REC_COUNT);
        assert_true(variable_links[i].days > 0);
    }
}

static void test_templates(void **state) {
    static const struct {
        const char *about, *source;
        unsigned line; /* of the complaint; 0: none */
    } cases[] = {
        {"meeting", "{{#meeting.breakouts}}{{name}}{{/meeting.breakouts}}", 0},
        {"meeting", "{{#meeting.breakouts}}{{meeting.title}}{{/meeting.breakouts}}", 0},
        {"meeting", "{{#meeting.breakouts}}{{title}}{{/meeting.breakouts}}", 1},
        {"meeting", "Hi\n{{name}}", 2},
        {"meeting", "{{#meeting.place}}{{meeting.place}}{{/meeting.place}}", 0},
        {"meeting", "\n\n{{meeting.tentative}}", 3},
        {"network", "{{#network.funders}}{{.}}{{/network.funders}}", 0},
        {"network", "{{.}}", 1},
        {"case",
         "{{#case.notes}}{{at.date}} {{#kind.answer}}{{text}}{{/kind.answer}}{{/case.notes}}", 0},
        {"poll", "{{#poll.result}}{{text}}: {{votes}}{{/poll.result}}", 0},
    };
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct template_error err;
        int rc = check(cases[i].about, cases[i].source, &err);
        if (rc != (cases[i].line ? -ENOENT : 0))
            print_error("%s: %s\n", cases[i].source, err.what);
        assert_int_equal(rc, cases[i].line ? -ENOENT : 0);
        assert_int_equal(err.line, cases[i].line);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_every_field),
        cmocka_unit_test(test_occasions_keep_what_letters_name),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_templates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
