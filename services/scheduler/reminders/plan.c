#include "services/scheduler/reminders/plan.h"

#include <errno.h>
#include <string.h>

#include "services/scheduler/reminders/letter.h"

struct key plan_key(const struct rec_plan *p) {
    struct key k = key2(p->about_kind, p->about);
    key_text(&k, p->rule);
    key_u64(&k, (uint64_t)p->step);
    key_text(&k, p->occurrence);
    return k;
}

static struct key due_key(instant at, const char *word, struct key key) {
    struct key k = key_no((uint64_t)at);
    key_text(&k, text_of(word));
    must(k.n + key.n <= STORE_KEY_MAX);
    memcpy(k.b + k.n, key.b, key.n);
    k.n += key.n;
    return k;
}

int due_add(struct office *o, instant at, const char *word, struct key key) {
    return office_mark(o, TABLE_DUE, due_key(at, word, key), TEXT_LIT(""));
}

int due_add_wall(struct office *o, instant at, struct text zone, const char *word, struct key key) {
    char wall[WALL_TEXT];
    const struct zone *in = office_zone(o, zone);
    wall_format(zone_wall(in, at), wall);
    return office_mark(o, TABLE_DUE, due_key(at, word, key),
                       arena_printf(o->arena, "%s %s", wall, zone_name(in)));
}

int due_del(struct office *o, instant at, const char *word, struct key key) {
    return office_del(o, TABLE_DUE, due_key(at, word, key));
}

int due_first(struct office *o, instant *ret_at, struct text *ret_word, struct key *ret_key) {
    struct bytes key, value;
    int rc = store_seek(o->txn, TABLE_DUE, (struct bytes){"", 0}, &key, &value);
    if (rc)
        return rc;
    size_t at = 0;
    uint64_t when;
    struct text word;
    if (!key_next_u64(key, &at, &when) || !key_next_text(key, &at, &word))
        return -EBADMSG;
    *ret_at = (instant)when;
    *ret_word = arena_text(o->arena, word);
    ret_key->n = key.n - at;
    memcpy(ret_key->b, (const uint8_t *)key.p + at, ret_key->n);
    return 0;
}

int plan_put(struct office *o, const struct rec_plan *plan) {
    return office_put(o, TABLE_PLAN, plan_key(plan), plan);
}

int plan_next(struct office *o, const char *kind, struct text id, struct key *at,
              struct rec_plan *ret) {
    struct key prefix = key2(text_of(kind), id);
    struct bytes value;
    int rc = office_next(o, TABLE_PLAN, &prefix, at, &value);
    return rc ? rc : office_read_at(o, TABLE_PLAN, key_bytes(at), value, ret);
}

static unsigned most_steps(const struct rulebook *book, const struct subject_kind *kind) {
    unsigned n = 0;
    for (unsigned i = 0; i < book->count; i++)
        n += book->rules[i].about == kind ? book->rules[i].steps : 0;
    return n;
}

/* 0: always. What lies before 1970 is over, and what comes after 2200 far away, but neither is an
 * instant that a record can hold. */
static instant useful_of(const struct rule *r, const struct subject *s, const struct zone *zone) {
    char unused[65];
    if (s->kind->table == TABLE_DIGEST && !r->useful.anchor)
        return s->rec.digest.useful;
    instant useful =
        r->useful.anchor ? moment_of(&r->useful, &s->rec, zone, s->country, unused) : 0;
    return useful < 0 ? 1 : useful > INSTANT_MOST ? INSTANT_MOST : useful;
}

/* Everything the rules want for this subject as it is now. */
static unsigned desire(struct office *o, const struct subject *s, struct rec_plan *want) {
    const struct zone *zone = office_zone(o, s->zone);
    unsigned n = 0;
    for (unsigned i = 0; i < o->rules->count; i++) {
        const struct rule *r = &o->rules->rules[i];
        if (r->about != s->kind || !rule_speaks(r, &s->rec))
            continue;
        for (unsigned step = 0; step < r->steps; step++) {
            char occurrence[65];
            instant due = rule_speaks_at(r, step, &s->rec)
                              ? moment_of(&r->when[step], &s->rec, zone, s->country, occurrence)
                              : 0;
            if (due <= 0 || due > INSTANT_MOST)
                continue;
            want[n++] = (struct rec_plan){
                .rule = text_of(r->name),
                .version = text_of(r->version),
                .about_kind = text_of(s->kind->name),
                .about = s->id,
                .step = step,
                .occurrence = arena_text(o->arena, text_of(occurrence)),
                .state = due < o->since ? TEXT_LIT("past") : TEXT_LIT("planned"),
                .due = due,
                .useful = useful_of(r, s, zone),
                .zone = s->zone,
                .made = o->said,
                .seq = (int64_t)o->seq,
                .brought = o->new_rules && due < o->said ? text_of(o->rules->name) : TEXT_NONE,
                .config = o->config,
                .after = o->config.p ? (int64_t)o->applied : 0,
            };
        }
    }
    return n;
}

/* An operator's letter has one moment: when it was ordered. */
static unsigned desire_letter(struct office *o, const struct subject *s, struct rec_plan *want) {
    const struct rec_letter *l = &s->rec.letter;
    if (!text_is(l->state, "ordered"))
        return 0;
    *want = (struct rec_plan){
        .rule = TEXT_LIT(LETTER_RULE),
        .version = TEXT_LIT("1"),
        .about_kind = text_of(s->kind->name),
        .about = s->id,
        .occurrence = TEXT_LIT("ordered"),
        .state = l->ordered < o->said ? TEXT_LIT("past") : TEXT_LIT("planned"),
        .due = l->ordered,
        .zone = s->zone,
        .made = o->said,
        .seq = (int64_t)o->seq,
    };
    return 1;
}

static bool is_same(const struct rec_plan *a, const struct rec_plan *b) {
    return a->step == b->step && text_eq(a->rule, b->rule) && text_eq(a->occurrence, b->occurrence);
}

static int drop(struct office *o, const struct rec_plan *p) {
    struct key k = plan_key(p);
    int rc = due_del(o, p->due, "plan", k);
    return rc ? rc : office_del(o, TABLE_PLAN, k);
}

static int insert(struct office *o, const struct rec_plan *p) {
    int rc = plan_put(o, p);
    if (rc == 0 && text_is(p->state, "planned"))
        rc = due_add(o, p->due, "plan", plan_key(p));
    return rc;
}

/* Another version of the rule, with another moment that lies ahead: it is to speak then, whatever
 * the old one did. What changed otherwise reaches back to nobody. */
static bool is_new_moment(const struct rec_plan *was, const struct rec_plan *want) {
    return want && !text_eq(was->version, want->version) && was->due != want->due &&
           text_is(want->state, "planned") && !text_is(was->state, "skipped");
}

/* What only other rules or zone data want otherwise is still there because of what first brought
 * it. */
static void keep_origin(const struct rec_plan *was, struct rec_plan *now) {
    now->seq = was->seq;
    now->config = was->config;
    now->after = was->after;
}

/* What was there meets what is wanted. */
static int settle(struct office *o, const struct rec_plan *was, const struct rec_plan *want) {
    bool open = text_is(was->state, "planned") || text_is(was->state, "firing");
    if (!open && is_new_moment(was, want)) {
        struct rec_plan again = *want;
        again.fired = was->fired; /* letters of then may still wait */
        if (!again.seq && !again.config.p)
            keep_origin(was, &again);
        return insert(o, &again);
    }
    if (!open)
        return 0;
    if (text_is(was->state, "firing")) { /* its people are being considered; it may only stop */
        struct rec_plan stop = *was;
        if (want)
            return 0;
        stop.state = TEXT_LIT("fired");
        stop.fired = o->now;
        stop.cursor = TEXT_NONE;
        int rc = due_del(o, was->due, "plan", plan_key(was));
        return rc ? rc : plan_put(o, &stop);
    }
    if (!want)
        return drop(o, was);
    if (was->woken && text_is(want->state, "past")) /* else an edit of this very moment ends it */
        return 0;
    if (want->due == was->due && want->useful == was->useful &&
        text_eq(want->version, was->version) && text_eq(want->zone, was->zone))
        return 0;
    struct rec_plan now = *want;
    now.was = was->was;
    now.fired = was->fired;
    if (o->new_rules)
        keep_origin(was, &now);
    if (was->due < o->since || o->zones_changed) { /* overdue, and owed all the same */
        now.state = TEXT_LIT("planned");
        now.brought = TEXT_NONE;
    }
    if (o->zones_changed && want->due != was->due) {
        now.was = was->due;
        o->moved++;
    }
    int rc = drop(o, was);
    return rc ? rc : insert(o, &now);
}

/* The same moment of the same rule, only counted otherwise: nobody is to be reached back to. */
static void note_known(const struct rec_plan *was, struct rec_plan *want) {
    if (was->due == want->due && text_eq(was->rule, want->rule) &&
        text_eq(was->occurrence, want->occurrence)) {
        want->brought = TEXT_NONE;
        if (want->config.p)
            keep_origin(was, want);
    }
}

static const struct subject_kind *kind_of(const char *name) {
    const struct subject_kind *kind;
    must(subject_kind_find(text_of(name), &kind) == 0);
    return kind;
}

int plan_derive(struct office *o, const char *kind, struct text id) {
    struct subject s;
    unsigned most = most_steps(o->rules, kind_of(kind)) + 1; /* a letter has one without a rule */
    struct rec_plan was, *want = arena_take(o->arena, most * sizeof *want + 1);
    bool *met = arena_take(o->arena, most + 1);
    struct key at = {.n = 0};
    unsigned n = 0;
    memset(met, 0, most + 1);
    int rc = subject_load(o, text_of(kind), id, &s);
    if (rc == 0)
        n = s.kind->table == TABLE_LETTER ? desire_letter(o, &s, want) : desire(o, &s, want);
    else if (rc != -ENOENT)
        return rc;
    while ((rc = plan_next(o, kind, id, &at, &was)) == 0) {
        const struct rec_plan *to = NULL;
        for (unsigned i = 0; i < n; i++) {
            note_known(&was, &want[i]);
            if (is_same(&was, &want[i])) {
                met[i] = true;
                to = &want[i];
            }
        }
        if ((rc = settle(o, &was, to)))
            return rc;
    }
    if (rc != -ENOENT)
        return rc;
    rc = 0;
    for (unsigned i = 0; i < n && rc == 0; i++)
        if (!met[i])
            rc = insert(o, &want[i]);
    return rc;
}

int plan_rename(struct office *o, const char *kind, struct text from, struct text to) {
    struct key at = {.n = 0};
    struct rec_plan was, now;
    int rc;
    while ((rc = plan_next(o, kind, from, &at, &was)) == 0) {
        now = was;
        now.about = to;
        rc = drop(o, &was);
        if (rc == 0)
            rc = insert(o, &now);
        if (rc == 0 && text_is(now.state, "firing"))
            rc = due_add(o, now.due, "plan", plan_key(&now));
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* A slice of what is due on a wall, after that zone's data changed. */
static int move_dues(struct office *o, unsigned slice, struct key *cursor, bool *ret_done) {
    struct key none = {.n = 0};
    struct bytes value;
    while (slice-- > 0) {
        int rc = office_next(o, TABLE_DUE, &none, cursor, &value);
        *ret_done = rc == -ENOENT;
        if (rc)
            return *ret_done ? 0 : rc;
        struct text zone = {value.p, value.n}, wall, word;
        uint64_t at;
        size_t rest = 0;
        if (!zone.n || !text_cut(&zone, ' ', &wall))
            continue;
        if (!key_next_u64(key_bytes(cursor), &rest, &at) ||
            !key_next_text(key_bytes(cursor), &rest, &word))
            return -EBADMSG;
        instant now = office_wall(o, wall, zone);
        if (!now || now == (instant)at)
            continue;
        struct key moved = key_no((uint64_t)now);
        memcpy(moved.b + moved.n, cursor->b + moved.n, cursor->n - moved.n);
        moved.n = cursor->n;
        rc = office_del(o, TABLE_DUE, *cursor);
        if (rc == 0)
            rc = office_mark(o, TABLE_DUE, moved, (struct text){value.p, value.n});
        if (rc)
            return rc;
        o->moved++;
    }
    return 0;
}

int plan_derive_all(struct office *o, unsigned slice, struct key *cursor, unsigned *table_no,
                    bool *ret_done) {
    struct key none = {.n = 0};
    struct bytes value;
    *ret_done = false;
    if (*table_no == subject_kind_count)
        return move_dues(o, slice, cursor, ret_done);
    while (slice-- > 0) {
        const struct subject_kind *kind = &subject_kinds[*table_no];
        int rc = office_next(o, kind->table, &none, cursor, &value);
        if (rc == -ENOENT) {
            cursor->n = 0;
            if (++*table_no == subject_kind_count) {
                *ret_done = !o->zones_changed;
                return 0;
            }
            continue;
        }
        if (rc)
            return rc;
        struct text id = arena_text(o->arena, key_part(cursor, 0));
        if (kind->parts == 2)
            id = subject_pair(o, id, key_part(cursor, 1));
        if ((rc = plan_derive(o, kind->name, id)))
            return rc;
    }
    return 0;
}
