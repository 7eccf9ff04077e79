/* What must hold of programmes, whatever was said. Sums and uniqueness are reckoned from the
 * records alone, not from the indexes that are to keep them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/walk_check.h"

static instant wall_of(struct text wall, struct text zone) {
    return office_wall(&walk.t.step.office, wall, zone);
}

/* The first moment after that day. */
static instant day_ends(struct text date, struct text zone) {
    struct wall day;
    must(date_parse(date, &day) == 0);
    return zone_instant(office_zone(&walk.t.step.office, zone), wall_add(day, 1, 0));
}

static bool is_alive(struct text state) {
    return !text_is(state, "withdrawn");
}

static bool has_place(const struct rec_application *a) {
    return text_is(a->state, "selected") || text_is(a->state, "accepted");
}

/* ---- places, ranks, one application an organisation ---- */

static struct pairs { /* of applications: alike ones must not meet */
    struct text programme, call, organisation;
    int64_t rank; /* of a reserve; 0: it is none */
    bool alive, place;
} applications[WALK_MOST];
static unsigned application_count;

static void check_application(struct bytes key, struct bytes value) {
    struct rec_application a;
    struct bytes id;
    (void)key;
    walk_read(TABLE_APPLICATION, value, &a);
    walk_must(application_count < WALK_MOST, "too many applications for this check");
    applications[application_count++] = (struct pairs){
        .programme = a.programme,
        .call = a.call,
        .organisation = a.organisation,
        .rank = text_is(a.state, "reserve") ? a.rank : 0,
        .alive = is_alive(a.state),
        .place = has_place(&a),
    };
    if (is_alive(a.state))
        walk_must(walk_there(TABLE_APPLIED, key2(a.call, a.organisation), &id) &&
                      text_eq((struct text){id.p, id.n}, a.application),
                  "%.*s is not the application of %.*s", TEXT_ARGS(a.application),
                  TEXT_ARGS(a.organisation));
    if (text_is(a.state, "selected"))
        walk_due(a.offer_expires + MINUTES, "place", key1(a.application));
    if (text_is(a.state, "reserve")) {
        struct key k = key1(a.programme);
        key_u64(&k, (uint64_t)a.rank);
        walk_must(walk_there(TABLE_RESERVE, k, &id) &&
                      text_eq((struct text){id.p, id.n}, a.application),
                  "%.*s is no reserve of rank %lld", TEXT_ARGS(a.application), (long long)a.rank);
        walk_seen.reserves++;
    }
}

static void check_unique(void) {
    for (unsigned i = 0; i < application_count; i++)
        for (unsigned k = i + 1; k < application_count; k++) {
            const struct pairs *a = &applications[i], *b = &applications[k];
            walk_must(!a->rank || a->rank != b->rank || !text_eq(a->programme, b->programme),
                      "two reserves of %.*s with rank %lld", TEXT_ARGS(a->programme),
                      (long long)a->rank);
            walk_must(!a->alive || !b->alive || !text_eq(a->call, b->call) ||
                          !text_eq(a->organisation, b->organisation),
                      "two applications of %.*s to %.*s", TEXT_ARGS(a->organisation),
                      TEXT_ARGS(a->call));
        }
}

static void check_programme(struct bytes key, struct bytes value) {
    struct rec_programme p;
    int64_t taken = 0;
    (void)key;
    walk_read(TABLE_PROGRAMME, value, &p);
    for (unsigned i = 0; i < application_count; i++)
        taken += applications[i].place && text_eq(applications[i].programme, p.programme);
    walk_must(p.taken == taken && taken <= p.places, "%.*s: %lld places, %lld taken, %lld hold one",
              TEXT_ARGS(p.programme), (long long)p.places, (long long)p.taken, (long long)taken);
}

/* Those of the call of one application: cheap enough to be done after every step. */
static void check_places(struct bytes key, struct bytes value) {
    struct rec_application a, other;
    struct rec_programme p;
    struct key prefix, from;
    struct bytes k, id;
    int64_t taken = 0;
    (void)key;
    walk_read(TABLE_APPLICATION, value, &a);
    trial_get(&walk.t, TABLE_PROGRAMME, key1(a.programme), &p);
    prefix = from = key1(a.call);
    while (walk_next(TABLE_APPLIED, &prefix, &from, &k, &id)) {
        struct text of = arena_text(walk.t.arena, (struct text){id.p, id.n});
        trial_get(&walk.t, TABLE_APPLICATION, key1(of), &other);
        taken += has_place(&other);
    }
    walk_must(taken <= p.taken && p.taken <= p.places,
              "%.*s: %lld of a call hold places, %lld of %lld are taken", TEXT_ARGS(p.programme),
              (long long)taken, (long long)p.taken, (long long)p.places);
}

static void check_call(struct bytes key, struct bytes value) {
    struct rec_call c;
    struct rec_programme p;
    (void)key;
    walk_read(TABLE_CALL, value, &c);
    trial_get(&walk.t, TABLE_PROGRAMME, key1(c.programme), &p);
    if (text_is(p.state, "ended") && text_is(c.state, "planned")) { /* it does not come about */
        walk_due_or_over(wall_of(c.opens, c.zone), "call-open", key1(c.call));
        walk_due_or_over(wall_of(c.closes, c.zone) + MINUTES, "call-close", key1(c.call));
        return;
    }
    if (text_is(c.state, "planned"))
        walk_due(wall_of(c.opens, c.zone), "call-open", key1(c.call));
    if (text_is(c.state, "planned") || text_is(c.state, "open"))
        walk_due(wall_of(c.closes, c.zone) + MINUTES, "call-close", key1(c.call));
}

/* ---- participations and hours ---- */

static int64_t sum_hours(const struct rec_participation *p) {
    struct key prefix = key2(p->programme, p->organisation), from = prefix;
    struct bytes key, value;
    int64_t sum = 0;
    while (walk_next(TABLE_HOURS, &prefix, &from, &key, &value)) {
        struct rec_hours h;
        walk_read(TABLE_HOURS, value, &h);
        sum += h.minutes;
    }
    return sum;
}

static void check_participation(struct bytes key, struct bytes value) {
    struct rec_participation p;
    struct text person;
    struct bytes is;
    (void)key;
    walk_read(TABLE_PARTICIPATION, value, &p);
    int64_t sum = sum_hours(&p);
    walk_must(p.minutes == sum, "%.*s in %.*s: %lld minutes, the hours are %lld",
              TEXT_ARGS(p.organisation), TEXT_ARGS(p.programme), (long long)p.minutes,
              (long long)sum);
    if (p.next_look)
        walk_due(p.next_look, "pace", key2(p.programme, p.organisation));
    while (codec_next_text(&p.staff, &person)) {
        struct key k = key2(person, p.programme);
        key_text(&k, p.organisation);
        walk_must(walk_there(TABLE_STAFF_OF, k, &is) && text_is((struct text){is.p, is.n}, "now"),
                  "%.*s is not known to be staff of %.*s", TEXT_ARGS(person),
                  TEXT_ARGS(p.organisation));
    }
}

static void check_hours(struct bytes key, struct bytes value) {
    struct rec_hours h;
    struct key day, prefix, from;
    struct bytes k, minutes;
    int64_t sum = 0;
    (void)key;
    walk_read(TABLE_HOURS, value, &h);
    prefix = from = day = key2(h.person, h.date);
    key_text(&day, h.programme);
    key_text(&day, h.organisation);
    key_text(&day, h.hours);
    walk_must(walk_there(TABLE_HOURS_OF, day, NULL), "hours %.*s are not of their day",
              TEXT_ARGS(h.hours));
    while (walk_next(TABLE_HOURS_OF, &prefix, &from, &k, &minutes)) {
        uint64_t n;
        size_t at = 0;
        must(key_next_u64(minutes, &at, &n));
        sum += (int64_t)n;
    }
    walk_must(sum <= 24 * 60, "%.*s's %.*s has %lld minutes", TEXT_ARGS(h.person),
              TEXT_ARGS(h.date), (long long)sum);
    walk_seen.hours++;
}

/* ---- what is owed, and what ends by itself ---- */

static uint64_t *owed;
static unsigned owed_count, owed_room;

static uint64_t hash_of(struct text a, uint64_t seed) {
    return ((uint64_t)crc32c((uint32_t)seed, a.p, a.n) << 32) ^
           crc32c((uint32_t)(seed >> 32) + 7, a.p, a.n) ^ seed * 31;
}

static void check_obligation(struct bytes key, struct bytes value) {
    struct rec_obligation r;
    struct key k;
    (void)key;
    walk_read(TABLE_OBLIGATION, value, &r);
    bool open = text_is(r.state, "open") || text_is(r.state, "overdue");
    k = key2(r.about_kind, r.about);
    key_text(&k, r.obligation);
    walk_must(walk_there(TABLE_OWED, k, NULL) == open, "%.*s is %.*s", TEXT_ARGS(r.obligation),
              TEXT_ARGS(r.state));
    if (text_is(r.state, "open"))
        walk_due(wall_of(r.due, r.zone) + MINUTES, "obligation", key1(r.obligation));
    if (!open)
        return;
    if (owed_count == owed_room) {
        owed_room = owed_room ? 2 * owed_room : 256;
        owed = realloc(owed, owed_room * sizeof *owed);
        must(owed);
    }
    uint64_t h = hash_of(r.kind, 1);
    h = hash_of(r.about_kind, h);
    h = hash_of(r.about, h);
    h = hash_of(r.person.p ? r.person : r.organisation, h + (r.person.p ? 1 : 0));
    owed[owed_count++] = h;
}

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* One open obligation a reason: kind, subject and owner. */
static void check_owed(void) {
    if (owed_count)
        qsort(owed, owed_count, sizeof *owed, by_number);
    for (unsigned i = 1; i < owed_count; i++)
        walk_must(owed[i - 1] != owed[i], "the same is owed twice");
    walk_must(walk_each(TABLE_OWED, NULL) == owed_count, "more is owed than there is");
}

static void check_evidence(struct bytes key, struct bytes value) {
    struct rec_evidence e;
    (void)key;
    walk_read(TABLE_EVIDENCE, value, &e);
    if (e.valid_until.p && (text_is(e.state, "given") || text_is(e.state, "accepted")))
        walk_due(day_ends(e.valid_until, e.zone), "evidence", key1(e.evidence));
}

static void check_milestone(struct bytes key, struct bytes value) {
    struct rec_milestone m;
    struct rec_participation p;
    (void)key;
    walk_read(TABLE_MILESTONE, value, &m);
    trial_get(&walk.t, TABLE_PARTICIPATION, key2(m.programme, m.organisation), &p);
    if (text_is(m.state, "planned") && !text_is(p.state, "running"))
        walk_due_or_over(day_ends(m.due, m.zone), "milestone", key1(m.milestone));
    else if (text_is(m.state, "planned"))
        walk_due(day_ends(m.due, m.zone), "milestone", key1(m.milestone));
}

static const struct {
    enum table table;
    walk_row_fn *fn;
} checks[] = {
    {TABLE_CALL, check_call},           {TABLE_PARTICIPATION, check_participation},
    {TABLE_HOURS, check_hours},         {TABLE_EVIDENCE, check_evidence},
    {TABLE_MILESTONE, check_milestone},
};

walk_row_fn *walk_programme_check_of(enum table table) {
    for (unsigned i = 0; i < COUNT_OF(checks); i++)
        if (checks[i].table == table)
            return checks[i].fn;
    return table == TABLE_APPLICATION ? check_places : NULL;
}

void walk_check_programmes(void) {
    application_count = owed_count = 0;
    (void)walk_each(TABLE_APPLICATION, check_application);
    check_unique();
    (void)walk_each(TABLE_PROGRAMME, check_programme);
    for (unsigned i = 0; i < COUNT_OF(checks); i++)
        (void)walk_each(checks[i].table, checks[i].fn);
    (void)walk_each(TABLE_OBLIGATION, check_obligation);
    check_owed();
    walk_must(walk_each(TABLE_RESERVE, NULL) == walk_seen.reserves, "reserves that are none");
    walk_must(walk_each(TABLE_HOURS_OF, NULL) == walk_seen.hours, "days of no hours");
}
