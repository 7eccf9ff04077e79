#include "proto/variable.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/owes.h"

#define RECORD_application REC_APPLICATION
#define RECORD_participation REC_PARTICIPATION
#define RECORD_meeting REC_MEETING
#define RECORD_membership REC_MEMBERSHIP
#define RECORD_network REC_NETWORK
#define RECORD_poll REC_POLL
const struct variable_link variable_links[] = {
#define LETTER_LINK(name_, message_, object_, value_, days_, doc)                                  \
    {#name_, message_, value_, RECORD_##object_, days_},
#include "proto/links.def"
#undef LETTER_LINK
};
const unsigned variable_link_count = COUNT_OF(variable_links);

bool variable_link_is_personal(const struct variable_link *link) {
    return strcmp(link->message, "preference.set") == 0 || strcmp(link->message, "query") == 0;
}

/* What each kind brings, itself first. An obligation brings itself and what its subject brings. */
#define BRINGS_MOST 4
static const struct {
    const char *about;
    unsigned count;
    enum rec_type records[BRINGS_MOST];
} brought[] = {
    {"network", 1, {REC_NETWORK}},
    {"membership", 2, {REC_MEMBERSHIP, REC_NETWORK}},
    {"meeting", 4, {REC_MEETING, REC_NETWORK, REC_PROGRAMME, REC_REGISTRATION}},
    {"registration", 4, {REC_REGISTRATION, REC_MEETING, REC_NETWORK, REC_PROGRAMME}},
    {"material", 4, {REC_MATERIAL, REC_MEETING, REC_NETWORK, REC_PROGRAMME}},
    {"idea", 2, {REC_IDEA, REC_NETWORK}},
    {"case", 2, {REC_CASE, REC_NETWORK}},
    {"poll", 2, {REC_POLL, REC_NETWORK}},
    {"programme", 1, {REC_PROGRAMME}},
    {"call", 2, {REC_CALL, REC_PROGRAMME}},
    {"application", 3, {REC_APPLICATION, REC_CALL, REC_PROGRAMME}},
    {"assessment", 4, {REC_ASSESSMENT, REC_APPLICATION, REC_CALL, REC_PROGRAMME}},
    {"participation", 2, {REC_PARTICIPATION, REC_PROGRAMME}},
    {"milestone", 3, {REC_MILESTONE, REC_PARTICIPATION, REC_PROGRAMME}},
    {"evidence", 4, {REC_EVIDENCE, REC_APPLICATION, REC_PARTICIPATION, REC_PROGRAMME}},
    {"solution", 3, {REC_SOLUTION, REC_PARTICIPATION, REC_PROGRAMME}},
    {"obligation", 1, {REC_OBLIGATION}},
    {"letter", 3, {REC_MEETING, REC_NETWORK, REC_PROGRAMME}},
    {"digest", 1, {REC_DIGEST}},
    {"morning", 1, {REC_MORNING}},
};

/* Names that are no field. `record`: what must be brought. */
static const struct {
    const char *name;
    enum variable_what what;
    enum variable_form form;
    enum rec_type record;
} specials[] = {
    {"person.name", VARIABLE_PERSON_NAME, VARIABLE_TEXT, REC_NONE},
    {"person.language", VARIABLE_PERSON_LANGUAGE, VARIABLE_TEXT, REC_NONE},
    {"office.name", VARIABLE_OFFICE_NAME, VARIABLE_TEXT, REC_NONE},
    {"network.host_name", VARIABLE_HOST_NAME, VARIABLE_TEXT, REC_NETWORK},
    {"network.lead_name", VARIABLE_LEAD_NAME, VARIABLE_TEXT, REC_NETWORK},
    {"programme.host_names", VARIABLE_HOST_NAME, VARIABLE_TEXT, REC_PROGRAMME},
    {"programme.lead_name", VARIABLE_LEAD_NAME, VARIABLE_TEXT, REC_PROGRAMME},
    {"case.adviser_name", VARIABLE_ADVISER_NAME, VARIABLE_TEXT, REC_CASE},
    {"participation.adviser_name", VARIABLE_ADVISER_NAME, VARIABLE_TEXT, REC_PARTICIPATION},
    {"organisation.name", VARIABLE_ORGANISATION_NAME, VARIABLE_TEXT, REC_CASE},
    {"organisation.name", VARIABLE_ORGANISATION_NAME, VARIABLE_TEXT, REC_APPLICATION},
    {"organisation.name", VARIABLE_ORGANISATION_NAME, VARIABLE_TEXT, REC_PARTICIPATION},
    {"organisation.name", VARIABLE_ORGANISATION_NAME, VARIABLE_TEXT, REC_OBLIGATION},
    {"meeting.other_zone", VARIABLE_OTHER_ZONE, VARIABLE_TEXT, REC_MEETING},
    {"overdue", VARIABLE_OVERDUE, VARIABLE_TRUTH, REC_OBLIGATION},
    {"case.answer", VARIABLE_CASE_ANSWER, VARIABLE_TEXT, REC_CASE},
    {"registration.breakout_name", VARIABLE_BREAKOUT_NAME, VARIABLE_TEXT, REC_REGISTRATION},
    {"poll.result", VARIABLE_POLL_RESULT, VARIABLE_LIST, REC_POLL},
    {"late", VARIABLE_LATE, VARIABLE_TRUTH, REC_NONE},
    {"digested", VARIABLE_DIGESTED, VARIABLE_TRUTH, REC_NONE},
    {"digest.letters", VARIABLE_DIGEST_LETTERS, VARIABLE_LIST, REC_DIGEST},
};

static bool has_choice(const char *choices, struct text word) {
    struct text rest = text_of(choices), one;
    while (text_cut(&rest, '|', &one))
        if (text_eq(one, word))
            return true;
    return false;
}

/* The form of a field by what follows its name ("" when nothing does). */
static int field_form(const struct field *field, struct text suffix, struct variable *ret) {
    if (suffix.n == 0) {
        ret->form = VARIABLE_TEXT;
        if (field->kind == FIELD_BOOL)
            ret->form = VARIABLE_TRUTH;
        if (field->kind == FIELD_LIST || field->kind == FIELD_ROWS)
            ret->form = VARIABLE_LIST;
        return field->kind == FIELD_MAP || field->kind == FIELD_RAW ? -ENOENT : 0;
    }
    bool is_moment = field->kind == FIELD_INSTANT || field->kind == FIELD_WALL;
    if (is_moment && text_is(suffix, "time"))
        ret->form = VARIABLE_TIME;
    else if ((is_moment || field->kind == FIELD_DATE) && text_is(suffix, "date"))
        ret->form = VARIABLE_DATE;
    else if (field->kind == FIELD_WORD && has_choice(field->choices, suffix))
        ret->form = VARIABLE_CHOICE;
    else
        return -ENOENT;
    ret->choice = suffix;
    return 0;
}

static int find_field(const struct shape *shape, struct text name, struct variable *ret) {
    struct text rest = name, field;
    if (!text_cut(&rest, '.', &field))
        return -ENOENT;
    bool has_suffix = field.n < name.n;
    if (has_suffix && rest.n == 0)
        return -ENOENT;
    ret->what = VARIABLE_FIELD;
    ret->field = shape_field(shape, field);
    return ret->field ? field_form(ret->field, has_suffix ? rest : TEXT_LIT(""), ret) : -ENOENT;
}

static int find_link(struct text about_kind, struct text name, struct variable *ret) {
    for (unsigned i = 0; i < variable_link_count; i++)
        if (text_is(name, variable_links[i].name)) {
            *ret = (struct variable){.what = VARIABLE_LINK,
                                     .form = VARIABLE_TEXT,
                                     .record = variable_links[i].object,
                                     .link = i};
            bool needs = !variable_link_is_personal(&variable_links[i]);
            return needs && !variable_brings(about_kind, ret->record) ? -ENOENT : 0;
        }
    return -ENOENT;
}

static int find_special(struct text about_kind, struct text name, struct variable *ret) {
    for (unsigned i = 0; i < COUNT_OF(specials); i++)
        if (text_is(name, specials[i].name)) {
            enum rec_type record = specials[i].record;
            if (record != REC_NONE && !variable_brings(about_kind, record))
                continue;
            *ret = (struct variable){
                .what = specials[i].what, .form = specials[i].form, .record = record};
            return 0;
        }
    return -ENOENT;
}

struct check {
    struct text about_kind;
    struct template_error *reterr;
    struct variable list; /* the last one begun: its items may stand in sections of it */
};

/* With what could be named: the records, or where the fields of the one that was meant are. */
static void say_unknown(struct text about_kind, struct text name, struct template_error *err) {
    struct text rest = name, record;
    struct buf what;
    buf_init(&what, sizeof err->what - 1);
    buf_printf(&what, "\"%.*s\" is no name of a letter about \"%.*s\"; ", TEXT_ARGS(name),
               TEXT_ARGS(about_kind));
    text_cut(&rest, '.', &record);
    for (unsigned i = 0; i < REC_COUNT; i++)
        if (text_is(record, rec_shapes[i].name) && variable_brings(about_kind, (enum rec_type)i)) {
            buf_printf(&what, "the fields of %.*s are in: cirkel protocol", TEXT_ARGS(record));
            record = TEXT_NONE;
        }
    if (record.p)
        buf_str(&what, "expected one that begins with person office link");
    for (unsigned i = 0; record.p && i < REC_COUNT; i++)
        if (variable_brings(about_kind, (enum rec_type)i))
            buf_printf(&what, " %s", rec_shapes[i].name);
    (void)snprintf(err->what, sizeof err->what, "%s", buf_cstr(&what));
    buf_free(&what);
}

static int check_use(void *ctx, const struct template_use *use) {
    struct check *check = ctx;
    struct variable found, item;
    bool is_known = variable_find(check->about_kind, use->name, &found) == 0;
    if (use->within.n && variable_find_item(&check->list, use->name, &item) == 0) {
        is_known = true;
        found = item;
    }
    if (is_known && use->is_section && found.form == VARIABLE_LIST)
        check->list = found;
    if (is_known && (use->is_section || found.form < VARIABLE_TRUTH))
        return 0;
    struct template_error *err = check->reterr;
    *err = (struct template_error){.line = use->line};
    (void)snprintf(err->source, sizeof err->source, "%.*s", TEXT_ARGS(use->source));
    if (is_known)
        (void)snprintf(err->what, sizeof err->what, "\"%.*s\" is no text, expected {{#%.*s}}",
                       TEXT_ARGS(use->name), TEXT_ARGS(use->name));
    else
        say_unknown(check->about_kind, use->name, err);
    return -ENOENT;
}

static bool brings(struct text about_kind, enum rec_type record) {
    for (unsigned i = 0; i < COUNT_OF(brought); i++)
        if (text_is(about_kind, brought[i].about))
            for (unsigned k = 0; k < brought[i].count; k++)
                if (brought[i].records[k] == record)
                    return true;
    return false;
}

bool variable_brings(struct text about_kind, enum rec_type record) {
    struct text what = about_kind, kind;
    if (brings(about_kind, record))
        return true;
    if (!text_cut(&what, '.', &kind) || !text_is(kind, "obligation"))
        return false;
    for (unsigned i = 0; i < owes_count; i++)
        if ((what.n == 0 || text_is(what, owes[i].kind)) &&
            (record == REC_OBLIGATION || brings(text_of(owes[i].about), record)))
            return true;
    return false;
}

int variable_find(struct text about_kind, struct text name, struct variable *ret) {
    struct text rest = name, record;
    if (find_special(about_kind, name, ret) == 0)
        return 0;
    if (!text_cut(&rest, '.', &record) || rest.n == 0)
        return -ENOENT;
    if (text_is(record, "link"))
        return find_link(about_kind, rest, ret);
    for (unsigned i = 0; i < REC_COUNT; i++)
        if (text_is(record, rec_shapes[i].name) && variable_brings(about_kind, (enum rec_type)i)) {
            *ret = (struct variable){.record = (enum rec_type)i};
            return find_field(&rec_shapes[i], rest, ret);
        }
    return -ENOENT;
}

int variable_find_item(const struct variable *list, struct text name, struct variable *ret) {
    *ret = (struct variable){.form = VARIABLE_TEXT, .record = list->record};
    if (list->what == VARIABLE_POLL_RESULT) {
        ret->what = text_is(name, "text") ? VARIABLE_POLL_TEXT : VARIABLE_POLL_VOTES;
        return text_is(name, "text") || text_is(name, "votes") ? 0 : -ENOENT;
    }
    if (list->what == VARIABLE_DIGEST_LETTERS) {
        ret->what = text_is(name, "subject") ? VARIABLE_DIGEST_SUBJECT : VARIABLE_DIGEST_TEXT;
        return text_is(name, "subject") || text_is(name, "text") ? 0 : -ENOENT;
    }
    if (list->form != VARIABLE_LIST)
        return -ENOENT;
    if (list->field->kind == FIELD_ROWS)
        return find_field(list->field->part, name, ret);
    ret->what = VARIABLE_ITEM;
    ret->field = list->field;
    return text_is(name, ".") ? 0 : -ENOENT;
}

int variable_check_template(struct text about_kind, const struct template *template,
                            struct template_error *reterr) {
    struct check check = {.about_kind = about_kind, .reterr = reterr};
    return template_names(template, check_use, &check);
}
