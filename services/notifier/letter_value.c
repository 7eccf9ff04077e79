#include "services/notifier/letter_inner.h"
#include "proto/codec.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static void *member(void *record, const struct field *field) {
    return (char *)record + field->offset;
}

/* ---- records ---- */

static int decode_record(struct letter_values *v, enum rec_type type, struct bytes raw) {
    struct complaint complaint;
    if (raw.n == 0)
        return 0;
    void *record = arena_take(v->in->arena, rec_shapes[type].size);
    int rc = codec_decode(&rec_shapes[type], CODEC_LENIENT, raw, record, &complaint);
    if (rc == 0)
        v->records[type] = record;
    return rc;
}

/* The occasion keeps each record under its name. */
static struct bytes raw_record(const struct letter_in *in, enum rec_type type) {
    const struct shape *occasion = &rec_shapes[REC_OCCASION];
    const struct field *field = shape_field(occasion, text_of(rec_shapes[type].name));
    if (!field || field->kind != FIELD_RAW)
        return (struct bytes){NULL, 0};
    struct bytes raw;
    memcpy(&raw, (const char *)in->occasion + field->offset, sizeof raw);
    if (type == REC_REGISTRATION && !text_is(in->occasion->about_kind, "registration"))
        return in->row->registration;
    return raw;
}

int letter_values_open(struct letter_values *ret, const struct letter_in *in,
                       struct letter_dates *dates) {
    *ret = (struct letter_values){.in = in, .dates = dates, .zone = zone_utc()};
    ret->language = in->row->language.n ? in->row->language : TEXT_LIT("en");
    if (zone_find(in->row->zone, &ret->zone) < 0)
        return -EINVAL;
    for (unsigned i = 0; i < REC_COUNT; i++) {
        if (!variable_brings(in->occasion->about_kind, (enum rec_type)i))
            continue;
        int rc = decode_record(ret, (enum rec_type)i, raw_record(in, (enum rec_type)i));
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- how things show ---- */

static int show_text(struct text text, struct template_value *ret) {
    if (text.n)
        *ret = (struct template_value){.kind = TEMPLATE_TEXT, .text = text};
    return 0;
}

static int show_truth(bool is_true, struct template_value *ret) {
    *ret = (struct template_value){.kind = TEMPLATE_BOOL, .is_true = is_true};
    return 0;
}

static int show_list(uint32_t count, struct template_value *ret) {
    *ret = (struct template_value){.kind = TEMPLATE_LIST, .count = count};
    return 0;
}

/* A number can always be written; as a section, zero is false. */
static int show_int(struct letter_values *v, int64_t n, struct template_value *ret) {
    *ret = (struct template_value){.kind = TEMPLATE_BOOL, .is_true = n != 0};
    ret->text = arena_printf(v->in->arena, "%" PRId64, n);
    return 0;
}

static int show_wall(struct letter_values *v, enum variable_form form, bool is_date,
                     struct wall wall, struct template_value *ret) {
    enum letter_date as = form == VARIABLE_TIME              ? LETTER_TIME
                          : is_date || form == VARIABLE_DATE ? LETTER_DATE
                                                             : LETTER_MOMENT;
    return show_text(letter_date(v->dates, v->in->arena, v->language, as, wall), ret);
}

static int show_scalar(struct letter_values *v, enum field_kind kind, const struct variable *var,
                       void *at, struct template_value *ret) {
    struct wall wall;
    struct text *text = at;
    switch (kind) {
    case FIELD_TEXTS:
        return show_text(texts_in(at, v->language), ret);
    case FIELD_INT:
        return show_int(v, *(int64_t *)at, ret);
    case FIELD_BOOL:
        return show_truth(*(bool *)at, ret);
    case FIELD_INSTANT:
        return *(instant *)at == 0
                   ? 0
                   : show_wall(v, var->form, false, zone_wall(v->zone, *(instant *)at), ret);
    case FIELD_WALL:
    case FIELD_DATE:
        if (text->n == 0)
            return 0;
        if ((kind == FIELD_WALL ? wall_parse(*text, &wall) : date_parse(*text, &wall)) < 0)
            return -EBADMSG;
        return show_wall(v, var->form, kind == FIELD_DATE, wall, ret);
    default:
        return show_text(*text, ret);
    }
}

static int show_field(struct letter_values *v, const struct variable *var, void *record,
                      struct template_value *ret) {
    void *at = member(record, var->field);
    if (var->form == VARIABLE_LIST)
        return show_list(((struct list *)at)->count, ret);
    if (var->form == VARIABLE_CHOICE)
        return show_truth(text_eq(*(struct text *)at, var->choice), ret);
    return show_scalar(v, var->field->kind, var, at, ret);
}

/* ---- names that are no field ---- */

static int show_breakout(struct letter_values *v, struct template_value *ret) {
    const struct rec_registration *registration = v->records[REC_REGISTRATION];
    const struct rec_meeting *meeting = v->records[REC_MEETING];
    if (!registration || !meeting || registration->breakout.n == 0)
        return 0;
    struct list rows = meeting->breakouts;
    struct part_breakout row;
    while (codec_next_part(&rows, PART_breakout, &row))
        if (text_eq(row.breakout, registration->breakout))
            return show_text(texts_in(&row.name, v->language), ret);
    return 0;
}

static int show_answer(struct letter_values *v, struct template_value *ret) {
    const struct rec_case *record = v->records[REC_CASE];
    if (!record)
        return 0;
    struct list notes = record->notes;
    struct part_note note;
    struct text last = TEXT_NONE;
    while (codec_next_part(&notes, PART_note, &note))
        if (text_is(note.kind, "answer"))
            last = note.text;
    return show_text(last, ret);
}

static int show_overdue(struct letter_values *v, struct template_value *ret) {
    const struct rec_obligation *obligation = v->records[REC_OBLIGATION];
    return show_truth(obligation && text_is(obligation->state, "overdue"), ret);
}

/* Named where the reader could take the time for one of her own clock. */
static int show_other_zone(struct letter_values *v, struct template_value *ret) {
    const struct rec_meeting *meeting = v->records[REC_MEETING];
    const struct zone *own, *zone;
    struct wall starts;
    if (!meeting || !v->in->row->own_zone.n || zone_find(v->in->row->own_zone, &own) ||
        zone_find(meeting->zone, &zone) || wall_parse(meeting->starts, &starts))
        return 0;
    instant at = zone_instant(zone, starts);
    return zone_offset(own, at) == zone_offset(zone, at) ? 0 : show_text(meeting->zone, ret);
}

static int64_t votes_for(const struct rec_poll *poll, struct text option) {
    struct list votes = poll->votes;
    struct text id;
    int64_t count;
    while (codec_next_pair_int(&votes, &id, &count))
        if (text_eq(id, option))
            return count;
    return 0;
}

static int show_result(struct letter_values *v, const struct variable *var, unsigned index,
                       struct template_value *ret) {
    const struct rec_poll *poll = v->records[REC_POLL];
    if (!poll)
        return 0;
    if (var->what == VARIABLE_POLL_RESULT)
        return show_list(poll->options.count, ret);
    struct list options = poll->options;
    struct part_option option;
    for (unsigned i = 0; codec_next_part(&options, PART_option, &option); i++) {
        if (i != index)
            continue;
        if (var->what == VARIABLE_POLL_TEXT)
            return show_text(texts_in(&option.text, v->language), ret);
        return show_int(v, votes_for(poll, option.option), ret);
    }
    return 0;
}

/* The link carries the id of the record it is about, which is the field named as the record. */
static struct text object_of(struct letter_values *v, const struct variable_link *link) {
    enum rec_type type = link->object;
    if (!v->records[type])
        return TEXT_NONE;
    if (type == REC_MEMBERSHIP)
        return ((struct rec_membership *)v->records[type])->network;
    if (type == REC_PARTICIPATION) {
        const struct rec_participation *p = v->records[type];
        return arena_printf(v->in->arena, "%.*s/%.*s", TEXT_ARGS(p->programme),
                            TEXT_ARGS(p->organisation));
    }
    const struct shape *shape = &rec_shapes[type];
    const struct field *field = shape_field(shape, text_of(shape->name));
    must(field && field->kind == FIELD_ID);
    return *(struct text *)member(v->records[type], field);
}

static struct text make_link(struct letter_values *v, const struct variable_link *link) {
    const struct letter_in *in = v->in;
    struct text object = object_of(v, link);
    char token[TOKEN_MAX];
    if (object.n == 0 && !variable_link_is_personal(link))
        return TEXT_NONE;
    if (!in->links)
        return arena_printf(in->arena, "%ssample", in->settings->link_base);
    if (token_make(in->links, text_of(link->message), object, in->row->person, text_of(link->value),
                   in->row->due + link->days * DAYS, token) < 0)
        return TEXT_NONE;
    return arena_printf(in->arena, "%s%s", in->settings->link_base, token);
}

static int show_named(struct letter_values *v, const struct variable *var,
                      struct template_value *ret) {
    const struct letter_in *in = v->in;
    switch (var->what) {
    case VARIABLE_LINK:
        return show_text(make_link(v, &variable_links[var->link]), ret);
    case VARIABLE_PERSON_NAME:
        return show_text(in->row->name, ret);
    case VARIABLE_PERSON_LANGUAGE:
        return show_text(v->language, ret);
    case VARIABLE_OFFICE_NAME:
        return show_text(text_of(in->settings->office_name), ret);
    case VARIABLE_HOST_NAME:
        return show_text(in->occasion->host, ret);
    case VARIABLE_LEAD_NAME:
        return show_text(in->occasion->lead, ret);
    case VARIABLE_ADVISER_NAME:
        return show_text(in->occasion->adviser, ret);
    case VARIABLE_BREAKOUT_NAME:
        return show_breakout(v, ret);
    case VARIABLE_CASE_ANSWER:
        return show_answer(v, ret);
    case VARIABLE_POLL_RESULT:
        return show_result(v, var, 0, ret);
    case VARIABLE_ORGANISATION_NAME:
        return show_text(in->occasion->organisation, ret);
    case VARIABLE_OTHER_ZONE:
        return show_other_zone(v, ret);
    case VARIABLE_OVERDUE:
        return show_overdue(v, ret);
    case VARIABLE_LATE:
        return show_truth(in->occasion->late, ret);
    case VARIABLE_DIGESTED:
        return show_truth(in->digested, ret);
    case VARIABLE_DIGEST_LETTERS:
        return show_list(v->items ? in->item_count : 0, ret);
    default:
        return -ENOENT;
    }
}

/* ---- items ---- */

static int show_plain_item(struct letter_values *v, const struct variable *var, struct list list,
                           unsigned index, struct template_value *ret) {
    struct text text = TEXT_NONE;
    int64_t number = 0;
    bool is_int = var->field->item == FIELD_INT;
    for (unsigned i = 0; i <= index; i++)
        if (!(is_int ? codec_next_int(&list, &number) : codec_next_text(&list, &text)))
            return 0;
    return is_int ? show_int(v, number, ret) : show_text(text, ret);
}

static int show_item(struct letter_values *v, const struct variable *of, unsigned index,
                     const struct variable *item, struct template_value *ret) {
    if (of->what == VARIABLE_POLL_RESULT)
        return show_result(v, item, index, ret);
    if (of->what == VARIABLE_DIGEST_LETTERS)
        return show_text(item->what == VARIABLE_DIGEST_SUBJECT ? v->items[index].subject
                                                               : v->items[index].markdown,
                         ret);
    if (!v->records[of->record])
        return 0;
    struct list list = *(struct list *)member(v->records[of->record], of->field);
    if (item->what == VARIABLE_ITEM)
        return show_plain_item(v, item, list, index, ret);
    enum part_type part = (enum part_type)(of->field->part - part_shapes);
    void *row = arena_take(v->in->arena, of->field->part->size);
    for (unsigned i = 0; i <= index; i++)
        if (!codec_next_part(&list, part, row))
            return 0;
    return show_field(v, item, row, ret);
}

/* Items first, the innermost list before the others. */
int letter_value(void *ctx, const struct template_scope *scope, struct text name,
                 struct template_value *ret) {
    struct letter_values *v = ctx;
    struct text about_kind = v->in->occasion->about_kind;
    struct variable var, item;
    for (; scope; scope = scope->outer)
        if (variable_find(about_kind, scope->list, &var) == 0 &&
            variable_find_item(&var, name, &item) == 0)
            return show_item(v, &var, scope->index, &item, ret);
    if (variable_find(about_kind, name, &var) < 0)
        return -ENOENT;
    if (var.what != VARIABLE_FIELD)
        return show_named(v, &var, ret);
    void *record = v->records[var.record];
    if (record)
        return show_field(v, &var, record, ret);
    return 0; /* absent */
}

struct text letter_link(const struct letter_in *in, const char *name) {
    struct letter_values v;
    if (letter_values_open(&v, in, NULL) < 0)
        return TEXT_NONE;
    for (unsigned i = 0; i < variable_link_count; i++)
        if (strcmp(variable_links[i].name, name) == 0)
            return make_link(&v, &variable_links[i]);
    return TEXT_NONE;
}
