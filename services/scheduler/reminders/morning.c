#include "services/scheduler/reminders/morning.h"

#include <errno.h>

#include "common/zone.h"
#include "services/scheduler/reminders/digest.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/plan.h"
#include "services/scheduler/reminders/quiet.h"

#define MATTERS_MAX 40 /* records.def; what is over is only counted */

/* ---- asking for it ---- */

int morning_ask(struct office *o) {
    const struct zone *zone = office_zone(o, TEXT_NONE);
    char wall[WALL_TEXT];
    instant at = digest_closes(zone, quiet_minutes(text_of(o->settings->morning_at)), 0, o->now);
    wall_format(zone_wall(zone, at), wall);
    struct key key = key1(text_of(wall));
    key_u64(&key, (uint64_t)at); /* found again, whatever becomes of the office's zone */
    return due_add(o, at, "morning", key);
}

static bool is_trouble(struct text state) {
    return text_is(state, "held") || text_is(state, "unknown") || text_is(state, "failed");
}

/* A mass letter that can still be taken back goes by itself, and an item's digest is enough. */
static bool needs_somebody(const struct rec_ledger *row) {
    return is_trouble(row->state) && !row->digest.p &&
           !(text_is(row->state, "held") && text_is(row->hold, "window"));
}

static struct key attention_key(struct text state, const struct rec_ledger *row) {
    struct key k = key1(state);
    key_u64(&k, (uint64_t)row->no);
    return k;
}

int morning_note(struct office *o, const struct rec_ledger *row, struct text was) {
    int rc = 0;
    if (was.p && is_trouble(was))
        rc = office_del(o, TABLE_ATTENTION, attention_key(was, row));
    if (rc || !needs_somebody(row))
        return rc;
    rc = office_mark(o, TABLE_ATTENTION, attention_key(row->state, row), TEXT_LIT(""));
    return rc ? rc : morning_ask(o);
}

/* ---- what there is ---- */

struct tally {
    struct rec_morning m;
    struct part_matter matters[MATTERS_MAX];
    unsigned count;
    instant since;       /* the last morning */
    struct arena *arena; /* of their names */
};

static void add(struct tally *t, const char *what, struct text name) {
    for (unsigned i = 0; i < t->count; i++)
        if (text_is(t->matters[i].what, what) && text_eq(t->matters[i].name, name)) {
            t->matters[i].count++;
            return;
        }
    if (t->count < MATTERS_MAX)
        t->matters[t->count++] = (struct part_matter){
            .what = text_of(what), .name = arena_text(t->arena, name), .count = 1};
}

static int add_letter(struct office *o, struct tally *t, const char *state, int64_t *sum,
                      uint64_t no) {
    struct rec_ledger row;
    int rc = ledger_get(o, no, &row);
    if (rc)
        return rc;
    ++*sum;
    add(t, state, row.letter);
    return text_is(row.state, "failed")
               ? office_del(o, TABLE_ATTENTION, attention_key(row.state, &row))
               : 0;
}

static int add_letters(struct office *o, struct tally *t, const char *state, int64_t *sum) {
    struct key prefix = key1(text_of(state)), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_ATTENTION, &prefix, &at, &value)) == 0) {
        size_t from = prefix.n;
        uint64_t no;
        must(key_next_u64(key_bytes(&at), &from, &no));
        if ((rc = add_letter(o, t, state, sum, no)))
            return rc;
        arena_reset(o->arena);
    }
    return rc == -ENOENT ? 0 : rc;
}

static int add_quarantined(struct office *o, struct tally *t) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_QUARANTINE, &none, &at, &value)) == 0) {
        struct rec_quarantined q;
        if ((rc = office_read(o, TABLE_QUARANTINE, value, &q)))
            return rc;
        if (q.at > t->since) {
            t->m.quarantined++;
            add(t, "quarantined", arena_printf(o->arena, "event-%lld", (long long)q.seq));
        }
        arena_reset(o->arena);
    }
    return rc == -ENOENT ? 0 : rc;
}

static int add_overdue(struct office *o, struct tally *t) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_OWED, &none, &at, &value)) == 0) {
        struct rec_obligation r;
        rc = office_get(o, TABLE_OBLIGATION, key1(key_part(&at, 2)), &r);
        if (rc)
            return rc;
        if (text_is(r.state, "overdue") && r.overdue > t->since) {
            t->m.overdue++;
            add(t, "overdue", r.kind);
        }
        arena_reset(o->arena);
    }
    return rc == -ENOENT ? 0 : rc;
}

/* A hundred thousand may wait on a sheet: each is seen in memory that is free again after it. */
static int look(struct office *o, struct tally *t) {
    t->arena = o->arena;
    o->arena = o->scratch;
    int rc = add_letters(o, t, "held", &t->m.held);
    if (rc == 0)
        rc = add_letters(o, t, "unknown", &t->m.unknown);
    if (rc == 0)
        rc = add_letters(o, t, "failed", &t->m.failed);
    if (rc == 0)
        rc = add_quarantined(o, t);
    if (rc == 0)
        rc = add_overdue(o, t);
    o->arena = t->arena;
    return rc;
}

/* ---- telling ---- */

static int tell(struct office *o, struct tally *t) {
    struct buf b;
    buf_init(&b, 1 << 14);
    for (unsigned i = 0; i < t->count; i++)
        codec_add_part(&b, PART_matter, &t->matters[i]);
    must(!b.over);
    t->m.matters = (struct list){arena_bytes(o->arena, buf_as_bytes(&b)), t->count};
    buf_free(&b);
    int rc = office_put(o, TABLE_MORNING, key1(t->m.morning), &t->m);
    return rc ? rc : plan_derive(o, "morning", t->m.morning);
}

int morning_make(struct office *o, struct key key) {
    struct tally t = {.m = {.made = o->now}};
    uint64_t since, at;
    size_t from = 0;
    if (!key_next_text(key_bytes(&key), &from, &t.m.morning) ||
        !key_next_u64(key_bytes(&key), &from, &at))
        return -EBADMSG;
    t.m.morning = arena_text(o->arena, t.m.morning);
    int rc = due_del(o, (instant)at, "morning", key);
    if (rc == 0)
        rc = meta_get(o->txn, "morning", &since);
    if (rc)
        return rc;
    t.since = (instant)since;
    rc = look(o, &t);
    if (rc == 0)
        rc = meta_put(o->txn, "morning", (uint64_t)o->now);
    if (rc == 0 && (t.m.held || t.m.unknown))
        rc = morning_ask(o); /* until somebody has settled them */
    bool any = t.m.held || t.m.unknown || t.m.failed || t.m.quarantined || t.m.overdue;
    return rc || !any ? rc : tell(o, &t);
}
