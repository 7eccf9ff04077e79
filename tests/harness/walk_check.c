
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/plan.h"
#include "services/scheduler/reminders/subject.h"
#include "tests/harness/walk_check.h"

/* ---- what must hold ---- */

struct walk_seen walk_seen;

bool walk_next(enum table table, const struct key *prefix, struct key *from, struct bytes *ret_key,
               struct bytes *ret_value) {
    int rc = store_seek(walk.t.txn, table, key_bytes(from), ret_key, ret_value);
    walk_must(rc == 0 || rc == -ENOENT, "%s: %d", table_infos[table].name, rc);
    if (rc || !key_has_prefix(*ret_key, prefix))
        return false;
    memcpy(from->b, ret_key->p, ret_key->n);
    from->n = ret_key->n;
    from->b[from->n++] = 0;
    return true;
}

unsigned walk_each(enum table table, walk_row_fn *fn) {
    struct key none = {.n = 0}, from = none;
    struct bytes key, value;
    unsigned n = 0;
    for (; walk_next(table, &none, &from, &key, &value); n++)
        if (fn)
            fn((struct bytes){from.b, from.n - 1}, value);
    return n;
}

void walk_read(enum table table, struct bytes value, void *ret) {
    struct complaint c;
    struct bytes copy = arena_bytes(walk.t.arena, value);
    walk_must(codec_decode(&rec_shapes[table_infos[table].record], CODEC_LENIENT, copy, ret, &c) ==
                  0,
              "%s: %s: %s", table_infos[table].name, c.field, c.text);
}

bool walk_there(enum table table, struct key key, struct bytes *ret_value) {
    struct bytes value;
    return store_get(walk.t.txn, table, key_bytes(&key), ret_value ? ret_value : &value) == 0;
}

static struct key due_key(instant at, const char *word, struct key key) {
    struct key k = key_no((uint64_t)at);
    key_text(&k, text_of(word));
    memcpy(k.b + k.n, key.b, key.n);
    k.n += key.n;
    return k;
}

void walk_due(instant at, const char *word, struct key key) {
    walk_must(walk_there(TABLE_DUE, due_key(at, word, key), NULL), "%s at %lld is not due", word,
              (long long)at);
    walk_seen.dues++;
}

void walk_due_or_over(instant at, const char *word, struct key key) {
    if (at > walk.t.now)
        walk_due(at, word, key);
    else
        walk_seen.dues += walk_there(TABLE_DUE, due_key(at, word, key), NULL);
}

static void check_registration(struct bytes key, struct bytes value) {
    struct rec_registration r;
    struct rec_meeting m;
    (void)key;
    walk_read(TABLE_REGISTRATION, value, &r);
    trial_get(&walk.t, TABLE_MEETING, key1(r.meeting), &m);
    if (text_is(r.state, "waiting")) {
        struct bytes who;
        struct key k = key1(r.meeting);
        key_u64(&k, (uint64_t)r.queue);
        walk_must(walk_there(TABLE_WAITING, k, &who) &&
                      text_eq((struct text){who.p, who.n}, r.person),
                  "%.*s waits for %.*s, and is not on the list", TEXT_ARGS(r.person),
                  TEXT_ARGS(r.meeting));
        walk_seen.waiting++;
    }
    walk_must(text_is(r.state, "offered") == (r.offer_expires != 0), "%.*s is %.*s with an offer",
              TEXT_ARGS(r.person), TEXT_ARGS(r.state));
    if (r.offer_expires)
        walk_due(r.offer_expires, "offer", key2(r.meeting, r.person));
    walk_must(walk_there(TABLE_REGISTERED_FOR, key2(r.person, r.meeting), NULL), "not indexed");
}

static void check_meeting(struct bytes key, struct bytes value) {
    struct rec_meeting m;
    struct key prefix, from;
    struct bytes k, v;
    int64_t registered = 0, waiting = 0;
    (void)key;
    walk_read(TABLE_MEETING, value, &m);
    prefix = from = key1(m.meeting);
    while (store_seek(walk.t.txn, TABLE_REGISTRATION, key_bytes(&from), &k, &v) == 0 &&
           key_has_prefix(k, &prefix)) {
        struct rec_registration r;
        memcpy(from.b, k.p, k.n);
        from.n = k.n;
        from.b[from.n++] = 0;
        walk_read(TABLE_REGISTRATION, v, &r);
        bool video = text_is(m.mode, "hybrid") && text_is(r.mode, "video");
        registered += (text_is(r.state, "registered") || text_is(r.state, "offered")) && !video;
        waiting += text_is(r.state, "waiting");
    }
    walk_must(m.registered == registered && m.waiting == waiting,
              "%.*s counts %lld and %lld, there are %lld and %lld", TEXT_ARGS(m.meeting),
              (long long)m.registered, (long long)m.waiting, (long long)registered,
              (long long)waiting);
    bool ahead = office_wall(&walk.t.step.office, m.starts, m.zone) > walk.t.now;
    walk_must(!waiting || !text_is(m.state, "called") || !ahead ||
                  (m.capacity && registered >= m.capacity),
              "%.*s has a free place and %lld who wait", TEXT_ARGS(m.meeting), (long long)waiting);
}

static void check_membership(struct bytes key, struct bytes value) {
    struct rec_membership m;
    (void)key;
    walk_read(TABLE_MEMBERSHIP, value, &m);
    walk_must(text_is(m.state, "requested") == (m.lapses != 0),
              "membership %.*s of %.*s and lapses", TEXT_ARGS(m.state), TEXT_ARGS(m.person));
    if (m.lapses)
        walk_due(m.lapses, "lapse", key2(m.network, m.person));
}

static unsigned votes_of(struct text poll) {
    struct key prefix = key1(poll), from = prefix;
    struct bytes k, v;
    unsigned n = 0;
    while (store_seek(walk.t.txn, TABLE_POLL_ANSWER, key_bytes(&from), &k, &v) == 0 &&
           key_has_prefix(k, &prefix)) {
        memcpy(from.b, k.p, k.n);
        from.n = k.n;
        from.b[from.n++] = 0;
        n++;
    }
    return n;
}

static void check_poll(struct bytes key, struct bytes value) {
    struct rec_poll p;
    struct text option;
    int64_t n, sum = 0;
    (void)key;
    walk_read(TABLE_POLL, value, &p);
    struct list votes = p.votes;
    while (codec_next_pair_int(&votes, &option, &n))
        sum += n;
    walk_must(sum == votes_of(p.poll), "poll %.*s counts %lld", TEXT_ARGS(p.poll), (long long)sum);
    if (text_is(p.state, "open"))
        walk_due(office_wall(&walk.t.step.office, p.closes, p.zone), "poll", key1(p.poll));
}

static void check_suppression(struct bytes key, struct bytes value) {
    struct rec_suppression s;
    (void)key;
    walk_read(TABLE_SUPPRESSION, value, &s);
    bool ends =
        text_is(s.state, "watched") || (text_is(s.state, "suppressed") && text_is(s.cause, "soft"));
    walk_must(ends == (s.until != 0), "suppression %.*s by %.*s ends at %lld", TEXT_ARGS(s.state),
              TEXT_ARGS(s.cause), (long long)s.until);
    if (s.until)
        walk_due(s.until, "suppression", key1(s.suppression));
}

static void check_digest(struct bytes key, struct bytes value) {
    struct rec_digest d;
    (void)key;
    walk_read(TABLE_DIGEST, value, &d);
    if (text_is(d.state, "open"))
        walk_due(d.closes, "digest", key2(d.person, d.window));
}

/* Whoever is told what needs somebody: no record says so, but the letters do. */
static void check_due(struct bytes key, struct bytes value) {
    struct text word;
    uint64_t moment;
    size_t at = 0;
    (void)value;
    must(key_next_u64(key, &at, &moment) && key_next_text(key, &at, &word));
    walk_seen.dues += text_is(word, "morning");
}

static void check_plan(struct bytes key, struct bytes value) {
    struct rec_plan p;
    struct key k;
    walk_read(TABLE_PLAN, value, &p);
    k = plan_key(&p);
    walk_must(bytes_eq(key, key_bytes(&k)), "a plan under another key");
    if (text_is(p.state, "planned") || text_is(p.state, "firing"))
        walk_due(p.due, "plan", k);
}

static void check_ledger(struct bytes key, struct bytes value) {
    static const struct {
        const char *state;
        enum count count;
    } ends[] = {{"accepted", COUNT_ENDED_ACCEPTED},     {"failed", COUNT_ENDED_FAILED},
                {"expired", COUNT_ENDED_EXPIRED},       {"withdrawn", COUNT_ENDED_WITHDRAWN},
                {"suppressed", COUNT_ENDED_SUPPRESSED}, {"superseded", COUNT_ENDED_SUPERSEDED},
                {"missed", COUNT_ENDED_MISSED},         {"not-due", COUNT_ENDED_NOT_DUE}};
    struct rec_ledger row;
    struct bytes no;
    bool ended = false;
    (void)key;
    walk_read(TABLE_LEDGER, value, &row);
    struct key mine = key_no((uint64_t)row.no), person = key1(row.person),
               about = key2(row.about_kind, row.about), outbox = key_no((uint64_t)row.next_try);
    key_u64(&person, (uint64_t)row.no);
    key_u64(&about, (uint64_t)row.no);
    key_u64(&outbox, (uint64_t)row.no);
    walk_must(walk_there(TABLE_FIRED, key1(row.key), &no) && bytes_eq(no, key_bytes(&mine)),
              "%lld: its occurrence leads elsewhere", (long long)row.no);
    walk_must(walk_there(TABLE_LEDGER_PERSON, person, NULL) &&
                  walk_there(TABLE_LEDGER_ABOUT, about, NULL),
              "%lld is not indexed", (long long)row.no);
    walk_must(walk_there(TABLE_OCCASION, key_no((uint64_t)row.occasion), NULL),
              "%lld has no occasion", (long long)row.no);
    for (unsigned i = 0; i < COUNT_OF(ends); i++)
        if (text_is(row.state, ends[i].state)) {
            walk_seen.states[ends[i].count]++;
            ended = true;
        }
    walk_seen.open += !ended;
    walk_must(ended == (row.ended != 0), "%lld is %.*s, ended %lld", (long long)row.no,
              TEXT_ARGS(row.state), (long long)row.ended);
    if (ledger_is_waiting(&row)) {
        walk_must(walk_there(TABLE_OUTBOX, outbox, NULL), "%lld is not in the outbox",
                  (long long)row.no);
        walk_seen.outbox++;
    }
    if (text_is(row.state, "held"))
        walk_check_held(&row);
    if (text_is(row.state, "armed")) {
        walk_must(walk_there(TABLE_ARMED, mine, NULL), "%lld has no arm", (long long)row.no);
        walk_seen.armed++;
    }
}

static void check_one_row(uint64_t no) {
    struct key k = key_no(no);
    struct bytes value;
    walk_must(store_get(walk.t.txn, TABLE_LEDGER, key_bytes(&k), &value) == 0, "row %llu is gone",
              (unsigned long long)no);
    check_ledger(key_bytes(&k), value);
}

static void check_counters(unsigned rows) {
    uint64_t ends = 0;
    for (unsigned c = COUNT_ENDED_ACCEPTED; c <= COUNT_ENDED_NOT_DUE; c++) {
        uint64_t count = trial_count(&walk.t, (enum count)c);
        walk_must(count == walk_seen.states[c], "counter %u is %llu, there are %llu", c,
                  (unsigned long long)count, (unsigned long long)walk_seen.states[c]);
        ends += count;
    }
    walk_must(trial_count(&walk.t, COUNT_FIRED) == ends + walk_seen.open &&
                  trial_count(&walk.t, COUNT_FIRED) == rows,
              "%llu fired, %llu ended, %llu open, %u rows",
              (unsigned long long)trial_count(&walk.t, COUNT_FIRED), (unsigned long long)ends,
              (unsigned long long)walk_seen.open, rows);
}

static void check_person(struct bytes key, struct bytes value) {
    struct rec_person p;
    struct text organisation_id, function;
    (void)key;
    walk_read(TABLE_PERSON, value, &p);
    struct list list = p.organisations;
    while (codec_next_text(&list, &organisation_id))
        walk_must(walk_there(TABLE_STAFF, key2(organisation_id, p.person), NULL),
                  "%.*s is no staff", TEXT_ARGS(p.person));
    list = p.functions;
    while (codec_next_text(&list, &function))
        walk_must(walk_there(TABLE_FUNCTION, key2(function, p.person), NULL),
                  "%.*s is not found by a function", TEXT_ARGS(p.person));
    walk_must(text_is(p.state, "active") || (!p.email.p && !p.name.p),
              "%.*s is %.*s with an address", TEXT_ARGS(p.person), TEXT_ARGS(p.state));
}

static void check_told(struct bytes key, struct bytes value) {
    struct rec_meeting m;
    struct text id, who;
    size_t at = 0, at_value = 0;
    uint64_t revision;
    must(key_next_text(key, &at, &id) && key_next_text(key, &at, &who) &&
         key_next_u64(value, &at_value, &revision));
    trial_get(&walk.t, TABLE_MEETING, key1(id), &m);
    walk_must(revision <= (uint64_t)m.revision + 1, "%.*s was told what is to come",
              TEXT_ARGS(who));
}

/* Every plan is what would be made of its subject now: deriving again writes nothing. */
static void check_derived(void) {
    struct key cursor = {.n = 0};
    unsigned table = 0;
    bool done = false;
    uint64_t writes = txn_writes(walk.t.txn);
    while (!done)
        must(step_rules(&walk.t.step, walk.t.now, &cursor, &table, &done) == 0);
    walk_must(txn_writes(walk.t.txn) - writes == walk.t.rules.text_count + 1,
              "deriving again wrote %llu rows",
              (unsigned long long)(txn_writes(walk.t.txn) - writes - walk.t.rules.text_count - 1));
}

/* ---- all of it, and what an input touched ---- */

static const struct {
    enum table table;
    walk_row_fn *fn;
} checks[] = {
    {TABLE_REGISTRATION, check_registration},
    {TABLE_MEETING, check_meeting},
    {TABLE_MEMBERSHIP, check_membership},
    {TABLE_POLL, check_poll},
    {TABLE_PERSON, check_person},
    {TABLE_DIGEST, check_digest},
    {TABLE_PLAN, check_plan},
    {TABLE_SUPPRESSION, check_suppression},
    {TABLE_TOLD, check_told},
};

static walk_row_fn *check_of(enum table table) {
    for (unsigned i = 0; i < COUNT_OF(checks); i++)
        if (checks[i].table == table)
            return checks[i].fn;
    return walk_programme_check_of(table);
}

static void check_one(enum table table, struct key key) {
    struct bytes value;
    walk_row_fn *fn = check_of(table);
    if (fn && store_get(walk.t.txn, table, key_bytes(&key), &value) == 0)
        fn(key_bytes(&key), value);
}

/* The record with its plans: deriving them again writes nothing. */
static void check_about(void) {
    struct office *o = &walk.t.step.office;
    const struct subject_kind *kind;
    struct text meeting;
    uint64_t writes = txn_writes(walk.t.txn);
    if (!o->about_kind.p || subject_kind_find(o->about_kind, &kind))
        return;
    if (kind->parts == 2 && !memchr(o->about.p, '/', o->about.n))
        return;
    struct text about = arena_text(walk.t.arena, o->about);
    check_one(kind->table, subject_key(kind, about));
    if (kind->table == TABLE_REGISTRATION && text_cut(&about, '/', &meeting))
        check_one(TABLE_MEETING, key1(meeting));
    walk_must(plan_derive(o, kind->name, o->about) == 0 && txn_writes(walk.t.txn) == writes,
              "deriving %s %.*s again wrote %llu rows", kind->name, TEXT_ARGS(o->about),
              (unsigned long long)(txn_writes(walk.t.txn) - writes));
}

void walk_check_row(int64_t no) {
    check_one_row((uint64_t)no);
}

void walk_check_input(bool applied) {
    static uint64_t seen_rows;
    uint64_t rows = trial_count(&walk.t, COUNT_LEDGER), ends = 0;
    if (seen_rows > rows) /* another world */
        seen_rows = 0;
    while (seen_rows < rows)
        check_one_row(++seen_rows);
    for (unsigned c = COUNT_ENDED_ACCEPTED; c <= COUNT_ENDED_NOT_DUE; c++)
        ends += trial_count(&walk.t, (enum count)c);
    walk_must(trial_count(&walk.t, COUNT_FIRED) == rows && ends <= rows,
              "%llu fired, %llu rows, %llu ended",
              (unsigned long long)trial_count(&walk.t, COUNT_FIRED), (unsigned long long)rows,
              (unsigned long long)ends);
    if (applied)
        check_about();
}

void walk_check(void) {
    memset(&walk_seen, 0, sizeof walk_seen);
    arena_reset(walk.t.arena);
    for (unsigned i = 0; i < COUNT_OF(checks); i++)
        (void)walk_each(checks[i].table, checks[i].fn);
    walk_check_programmes();
    walk_check_holds();
    unsigned rows = walk_each(TABLE_LEDGER, check_ledger);
    walk_must(walk_each(TABLE_WAITING, NULL) == walk_seen.waiting, "the waiting list holds others");
    walk_must(walk_each(TABLE_DUE, check_due) == walk_seen.dues, "more is due than there is");
    walk_must(walk_each(TABLE_OUTBOX, NULL) == walk_seen.outbox, "the outbox holds others");
    walk_must(walk_each(TABLE_ARMED, NULL) == walk_seen.armed, "arms without letters");
    walk_must(walk_each(TABLE_FIRED, NULL) == rows, "%u rows under other occurrences", rows);
    walk_must(walk_each(TABLE_LEDGER_PERSON, NULL) == rows &&
                  walk_each(TABLE_LEDGER_ABOUT, NULL) == rows,
              "indexes of the ledger");
    check_counters(rows);
    check_derived();
}
