/* verify_programme - programmes: indexes both ways, places, hours, and what falls due for them. */
#include "services/cirkel/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static bool get(struct verify *v, enum table table, struct key key, void *ret) {
    return look_get(&v->look, table, ret, key_bytes(&key)) == 0;
}

/* The text of an index row; absent when there is no such row. */
static struct text mark_of(struct verify *v, enum table table, struct key key) {
    struct bytes value;
    if (store_get(v->look.txn, table, key_bytes(&key), &value))
        return TEXT_NONE;
    return (struct text){value.n ? value.p : "", value.n};
}

static bool cut(struct verify *v, const char *index, struct bytes key, struct text *parts,
                unsigned count) {
    size_t at = 0;

    for (unsigned i = 0; i < count; i++)
        if (!key_next_text(key, &at, &parts[i])) {
            verify_find(v, "%s %s: no key of that index", index, verify_key_text(key));
            return false;
        }
    return true;
}

static instant wall_at(struct verify *v, struct text wall, struct text zone_text) {
    const struct zone *zone = v->look.office;
    struct wall w;

    if (wall_parse(wall, &w))
        return 0;
    if (zone_text.p && zone_find(zone_text, &zone))
        zone = v->look.office;
    return zone_instant(zone, w);
}

static instant day_ends(struct verify *v, struct text date, struct text zone_text) {
    const struct zone *zone = v->look.office;
    struct wall day;

    if (!date.p || date_parse(date, &day))
        return 0;
    if (zone_text.p && zone_find(zone_text, &zone))
        zone = v->look.office;
    return zone_instant(zone, wall_add(day, 1, 0));
}

/* ---- what falls due: one place says when each record does ---- */

static instant call_opens(struct verify *v, const void *rec) {
    const struct rec_call *c = rec;
    return text_is(c->state, "planned") ? wall_at(v, c->opens, c->zone) : 0;
}

static instant call_closes(struct verify *v, const void *rec) {
    const struct rec_call *c = rec;
    bool open = text_is(c->state, "planned") || text_is(c->state, "open");
    return open ? wall_at(v, c->closes, c->zone) + MINUTES : 0;
}

static instant place_ends(struct verify *v, const void *rec) {
    const struct rec_application *a = rec;
    (void)v;
    return text_is(a->state, "selected") ? a->offer_expires + MINUTES : 0;
}

static instant evidence_ends(struct verify *v, const void *rec) {
    const struct rec_evidence *e = rec;
    bool holds = text_is(e->state, "given") || text_is(e->state, "accepted");
    return holds ? day_ends(v, e->valid_until, e->zone) : 0;
}

static instant pace_looked(struct verify *v, const void *rec) {
    const struct rec_participation *p = rec;
    (void)v;
    return p->next_look;
}

static instant milestone_ends(struct verify *v, const void *rec) {
    const struct rec_milestone *m = rec;
    return text_is(m->state, "planned") ? day_ends(v, m->due, m->zone) : 0;
}

static instant obligation_ends(struct verify *v, const void *rec) {
    const struct rec_obligation *o = rec;
    return text_is(o->state, "open") ? wall_at(v, o->due, o->zone) + MINUTES : 0;
}

static instant suppression_ends(struct verify *v, const void *rec) {
    const struct rec_suppression *s = rec;
    (void)v;
    return s->until;
}

static instant offer_ends(struct verify *v, const void *rec) {
    const struct rec_registration *r = rec;
    (void)v;
    return r->offer_expires;
}

static instant request_lapses(struct verify *v, const void *rec) {
    const struct rec_membership *m = rec;
    (void)v;
    return m->lapses;
}

static instant poll_closes(struct verify *v, const void *rec) {
    const struct rec_poll *p = rec;
    return text_is(p->state, "open") ? wall_at(v, p->closes, p->zone) : 0;
}

static const struct due_word {
    const char *word;
    enum table table;
    instant (*at)(struct verify *v, const void *rec); /* 0: it does not fall due */
    bool by_wall;
} due_words[] = {{"call-open", TABLE_CALL, call_opens, true},
                 {"call-close", TABLE_CALL, call_closes, true},
                 {"place", TABLE_APPLICATION, place_ends, false},
                 {"evidence", TABLE_EVIDENCE, evidence_ends, true},
                 {"pace", TABLE_PARTICIPATION, pace_looked, false},
                 {"milestone", TABLE_MILESTONE, milestone_ends, true},
                 {"obligation", TABLE_OBLIGATION, obligation_ends, true},
                 {"suppression", TABLE_SUPPRESSION, suppression_ends, false},
                 {"offer", TABLE_REGISTRATION, offer_ends, false},
                 {"lapse", TABLE_MEMBERSHIP, request_lapses, false},
                 {"poll", TABLE_POLL, poll_closes, true}};

/* With other zone data than the scheduler's we cannot say when. */
static bool is_known(const struct verify *v, const struct due_word *due) {
    return !due->by_wall || !v->other_zones;
}

static void due_row(struct verify *v, struct bytes key, struct bytes value) {
    union any_rec rec;
    struct bytes rest;
    struct text word;
    uint64_t moment;
    size_t at = 0;

    (void)value;
    if (!key_next_u64(key, &at, &moment) || !key_next_text(key, &at, &word))
        return; /* verify_plans() says so */
    rest = (struct bytes){(const char *)key.p + at, key.n - at};
    for (unsigned i = 0; i < COUNT_OF(due_words); i++) {
        const struct due_word *due = &due_words[i];
        if (!text_is(word, due->word))
            continue;
        if (look_get(&v->look, due->table, &rec, rest))
            verify_find(v, "due: %s %s: there is no such %s", due->word, verify_key_text(rest),
                        table_infos[due->table].name);
        else if (is_known(v, due) && due->at(v, &rec) != (instant)moment)
            verify_find(v, "due: %s %s: falls due at another time, or not at all", due->word,
                        verify_key_text(rest));
    }
}

/* What belongs to something that is over is passed by when it falls due, and stays as it is. */
static bool is_passed_by(struct verify *v, enum table table, const void *rec) {
    const struct rec_milestone *m = rec;
    const struct rec_call *c = rec;
    struct rec_participation participation;
    struct rec_programme programme;

    if (table == TABLE_MILESTONE)
        return get(v, TABLE_PARTICIPATION, LOOK_KEY(m->programme, m->organisation),
                   &participation) &&
               !text_is(participation.state, "running");
    return table == TABLE_CALL && text_is(c->state, "planned") &&
           get(v, TABLE_PROGRAMME, LOOK_KEY(c->programme), &programme) &&
           text_is(programme.state, "ended");
}

/* Every record of a table that falls due has its row. */
static void check_dues(struct verify *v, enum table table, struct bytes key, const void *rec) {
    for (unsigned i = 0; i < COUNT_OF(due_words); i++) {
        bool is_due = due_words[i].table == table && is_known(v, &due_words[i]);
        instant at = is_due ? due_words[i].at(v, rec) : 0;
        struct key due;
        if (!at)
            continue;
        key_clear(&due);
        key_u64(&due, (uint64_t)at);
        key_text(&due, text_of(due_words[i].word));
        if (due.n + key.n > STORE_KEY_MAX)
            continue;
        memcpy(due.b + due.n, key.p, key.n);
        due.n += key.n;
        if (!mark_of(v, TABLE_DUE, due).p && !is_passed_by(v, table, rec))
            verify_find(v, "%s %s: does not fall due (%s)", table_infos[table].name,
                        verify_key_text(key), due_words[i].word);
    }
}

/* ---- calls, applications and places ---- */

static void applied_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_application a;
    struct text parts[2];

    if (!cut(v, "applied", key, parts, 2))
        return;
    if (!get(v, TABLE_APPLICATION, LOOK_KEY(((struct text){value.p, value.n})), &a))
        verify_find(v, "applied %s: there is no such application", verify_key_text(key));
    else if (!text_eq(a.call, parts[0]) || !text_eq(a.organisation, parts[1]) ||
             text_is(a.state, "withdrawn"))
        verify_find(v, "applied %s: the application is another one's, or withdrawn",
                    verify_key_text(key));
}

static struct key rank_key(struct text programme, int64_t rank) {
    struct key key = LOOK_KEY(programme);
    key_u64(&key, (uint64_t)rank);
    return key;
}

static void reserve_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_application a;
    struct text programme;
    uint64_t rank;
    size_t at = 0;

    if (!key_next_text(key, &at, &programme) || !key_next_u64(key, &at, &rank))
        verify_find(v, "reserve %s: no key of that index", verify_key_text(key));
    else if (!get(v, TABLE_APPLICATION, LOOK_KEY(((struct text){value.p, value.n})), &a))
        verify_find(v, "reserve %s: there is no such application", verify_key_text(key));
    else if (!text_is(a.state, "reserve") || a.rank != (int64_t)rank ||
             !text_eq(a.programme, programme))
        verify_find(v, "reserve %s: the application is %.*s, with rank %" PRId64,
                    verify_key_text(key), TEXT_ARGS(a.state), a.rank);
}

static void application_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_application a;

    if (look_decode(REC_APPLICATION, value, &a))
        return;
    if (!text_is(a.state, "withdrawn") &&
        !text_eq(mark_of(v, TABLE_APPLIED, LOOK_KEY(a.call, a.organisation)), a.application))
        verify_find(v, "application %.*s: not in the index of its call", TEXT_ARGS(a.application));
    if (text_is(a.state, "reserve") &&
        !text_eq(mark_of(v, TABLE_RESERVE, rank_key(a.programme, a.rank)), a.application))
        verify_find(v, "application %.*s: a reserve, but not in their order",
                    TEXT_ARGS(a.application));
    check_dues(v, TABLE_APPLICATION, key, &a);
}

struct places {
    struct text programme;
    int64_t taken;
};

static int on_place(void *ctx, struct bytes key, struct bytes value) {
    struct places *places = ctx;
    struct rec_application a;

    (void)key;
    if (look_decode(REC_APPLICATION, value, &a) == 0 && text_eq(a.programme, places->programme))
        places->taken += text_is(a.state, "selected") || text_is(a.state, "accepted");
    return 0;
}

static void programme_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_programme p;
    struct places places;

    (void)key;
    if (look_decode(REC_PROGRAMME, value, &p))
        return;
    places = (struct places){.programme = p.programme};
    if (store_scan(v->look.txn, TABLE_APPLICATION, (struct bytes){"", 0}, on_place, &places) < 0)
        return;
    if (p.taken != places.taken)
        verify_find(v, "programme %.*s: says %" PRId64 " places taken, there are %" PRId64,
                    TEXT_ARGS(p.programme), p.taken, places.taken);
    if (p.taken > p.places)
        verify_find(v, "programme %.*s: %" PRId64 " places taken of %" PRId64,
                    TEXT_ARGS(p.programme), p.taken, p.places);
}

/* ---- evidence, milestones and obligations ---- */

static void evidence_of_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_evidence e;
    struct text parts[3];

    (void)value;
    if (!cut(v, "evidence_of", key, parts, 3))
        return;
    if (!get(v, TABLE_EVIDENCE, LOOK_KEY(parts[2]), &e) || !text_eq(e.programme, parts[0]) ||
        !text_eq(e.organisation, parts[1]))
        verify_find(v, "evidence_of %s: there is no such evidence", verify_key_text(key));
}

static void evidence_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_evidence e;

    if (look_decode(REC_EVIDENCE, value, &e))
        return;
    if (!mark_of(v, TABLE_EVIDENCE_OF, LOOK_KEY(e.programme, e.organisation, e.evidence)).p)
        verify_find(v, "evidence %.*s: not in the index of its organisation",
                    TEXT_ARGS(e.evidence));
    check_dues(v, TABLE_EVIDENCE, key, &e);
}

static void milestone_of_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_milestone m;
    struct text parts[3];

    (void)value;
    if (!cut(v, "milestone_of", key, parts, 3))
        return;
    if (!get(v, TABLE_MILESTONE, LOOK_KEY(parts[2]), &m) || !text_eq(m.programme, parts[0]) ||
        !text_eq(m.organisation, parts[1]))
        verify_find(v, "milestone_of %s: there is no such milestone", verify_key_text(key));
}

static void milestone_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_milestone m;

    if (look_decode(REC_MILESTONE, value, &m))
        return;
    if (!mark_of(v, TABLE_MILESTONE_OF, LOOK_KEY(m.programme, m.organisation, m.milestone)).p)
        verify_find(v, "milestone %.*s: not in the index of its participation",
                    TEXT_ARGS(m.milestone));
    check_dues(v, TABLE_MILESTONE, key, &m);
}

static bool is_owed(const struct rec_obligation *o) {
    return text_is(o->state, "open") || text_is(o->state, "overdue");
}

static void owed_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_obligation o;
    struct text parts[3];

    (void)value;
    if (!cut(v, "owed", key, parts, 3))
        return;
    if (!get(v, TABLE_OBLIGATION, LOOK_KEY(parts[2]), &o) || !text_eq(o.about_kind, parts[0]) ||
        !text_eq(o.about, parts[1]))
        verify_find(v, "owed %s: there is no such obligation", verify_key_text(key));
    else if (!is_owed(&o))
        verify_find(v, "owed %s: the obligation is %.*s", verify_key_text(key), TEXT_ARGS(o.state));
}

static void obligation_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_obligation o;

    if (look_decode(REC_OBLIGATION, value, &o))
        return;
    if (is_owed(&o) && !mark_of(v, TABLE_OWED, LOOK_KEY(o.about_kind, o.about, o.obligation)).p)
        verify_find(v, "obligation %.*s: is %.*s, but not in the index of what is owed",
                    TEXT_ARGS(o.obligation), TEXT_ARGS(o.state));
    check_dues(v, TABLE_OBLIGATION, key, &o);
}

/* ---- participations, staff and hours ---- */

static void staff_of_row(struct verify *v, struct bytes key, struct bytes value) {
    struct text parts[3], is = {value.p, value.n};
    struct rec_participation p;

    if (!cut(v, "staff_of", key, parts, 3))
        return;
    if (!get(v, TABLE_PARTICIPATION, LOOK_KEY(parts[1], parts[2]), &p))
        verify_find(v, "staff_of %s: there is no such participation", verify_key_text(key));
    else if (list_has_text(p.staff, parts[0]) != text_is(is, "now"))
        verify_find(v, "staff_of %s: says %.*s, the participation does not", verify_key_text(key),
                    TEXT_ARGS(is));
}

static int64_t sum_hours(struct verify *v, const struct rec_participation *p) {
    struct key prefix = LOOK_KEY(p->programme, p->organisation), from = prefix;
    struct bytes key, value;
    struct rec_hours row;
    int64_t sum = 0;

    while (store_seek(v->look.txn, TABLE_HOURS, key_bytes(&from), &key, &value) == 0 &&
           key_has_prefix(key, &prefix) && key.n < STORE_KEY_MAX) {
        if (look_decode(REC_HOURS, value, &row) == 0)
            sum += row.minutes;
        memcpy(from.b, key.p, key.n); /* the smallest key after this one */
        from.b[key.n] = 0;
        from.n = key.n + 1;
    }
    return sum;
}

static void participation_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_participation p;
    struct list staff;
    struct text person;
    int64_t sum;

    if (look_decode(REC_PARTICIPATION, value, &p))
        return;
    staff = p.staff;
    while (codec_next_text(&staff, &person))
        if (!text_is(mark_of(v, TABLE_STAFF_OF, LOOK_KEY(person, p.programme, p.organisation)),
                     "now"))
            verify_find(v, "participation %s: %.*s is not in the index of staff",
                        verify_key_text(key), TEXT_ARGS(person));
    sum = sum_hours(v, &p);
    if (p.minutes != sum)
        verify_find(v, "participation %s: says %" PRId64 " minutes, its hours are %" PRId64,
                    verify_key_text(key), p.minutes, sum);
    check_dues(v, TABLE_PARTICIPATION, key, &p);
}

static void hours_of_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_hours h;
    struct text parts[5];
    uint64_t minutes;
    size_t at = 0;

    if (!cut(v, "hours_of", key, parts, 5))
        return;
    if (!get(v, TABLE_HOURS, LOOK_KEY(parts[2], parts[3], parts[4]), &h) ||
        !text_eq(h.person, parts[0]) || !text_eq(h.date, parts[1]))
        verify_find(v, "hours_of %s: there are no such hours", verify_key_text(key));
    else if (!key_next_u64(value, &at, &minutes) || h.minutes != (int64_t)minutes)
        verify_find(v, "hours_of %s: the hours have another figure", verify_key_text(key));
}

static void hours_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_participation p;
    struct rec_hours h;

    if (look_decode(REC_HOURS, value, &h))
        return;
    if (!mark_of(v, TABLE_HOURS_OF,
                 LOOK_KEY(h.person, h.date, h.programme, h.organisation, h.hours))
             .p)
        verify_find(v, "hours %s: not in the index of the person's day", verify_key_text(key));
    if (!get(v, TABLE_PARTICIPATION, LOOK_KEY(h.programme, h.organisation), &p))
        verify_find(v, "hours %s: there is no such participation", verify_key_text(key));
}

static void suppression_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_suppression s;

    if (look_decode(REC_SUPPRESSION, value, &s))
        return;
    check_dues(v, TABLE_SUPPRESSION, key, &s);
    bool ends =
        text_is(s.state, "watched") || (text_is(s.state, "suppressed") && text_is(s.cause, "soft"));
    if (ends != (s.until != 0))
        verify_find(v, "suppression %s: is %.*s (%.*s), and %s", verify_key_text(key),
                    TEXT_ARGS(s.state), TEXT_ARGS(s.cause), ends ? "never ends" : "ends by itself");
}

static enum table due_table;

static void dues_row(struct verify *v, struct bytes key, struct bytes value) {
    union any_rec rec;
    if (look_decode(table_infos[due_table].record, value, &rec) == 0)
        check_dues(v, due_table, key, &rec);
}

void verify_programmes(struct verify *v) {
    static const struct {
        enum table table;
        verify_row_fn *fn;
    } rows[] = {{TABLE_PROGRAMME, programme_row},
                {TABLE_APPLIED, applied_row},
                {TABLE_RESERVE, reserve_row},
                {TABLE_APPLICATION, application_row},
                {TABLE_EVIDENCE_OF, evidence_of_row},
                {TABLE_EVIDENCE, evidence_row},
                {TABLE_MILESTONE_OF, milestone_of_row},
                {TABLE_MILESTONE, milestone_row},
                {TABLE_OWED, owed_row},
                {TABLE_OBLIGATION, obligation_row},
                {TABLE_STAFF_OF, staff_of_row},
                {TABLE_PARTICIPATION, participation_row},
                {TABLE_HOURS_OF, hours_of_row},
                {TABLE_HOURS, hours_row},
                {TABLE_SUPPRESSION, suppression_row},
                {TABLE_DUE, due_row}};

    static const enum table others[] = {TABLE_CALL, TABLE_REGISTRATION, TABLE_MEMBERSHIP,
                                        TABLE_POLL};

    for (unsigned i = 0; i < COUNT_OF(rows); i++)
        verify_each(v, rows[i].table, rows[i].fn);
    for (unsigned i = 0; i < COUNT_OF(others); i++) {
        due_table = others[i];
        verify_each(v, due_table, dues_row);
    }
}
