#include "tests/harness/walk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/plan.h"

/* ---- what must hold ---- */

typedef void row_fn(struct bytes key, struct bytes value);

static unsigned each(enum table table, row_fn *fn) {
    struct key from = {.n = 0};
    struct bytes key, value;
    unsigned n = 0;
    int rc;
    while ((rc = store_seek(walk.t.txn, table, key_bytes(&from), &key, &value)) == 0) {
        struct key at = {.n = key.n};
        memcpy(at.b, key.p, key.n);
        from = at;
        from.b[from.n++] = 0;
        if (fn)
            fn(key_bytes(&at), value);
        n++;
    }
    walk_must(rc == -ENOENT, "%s: %d", table_infos[table].name, rc);
    return n;
}

static void read_row(enum table table, struct bytes value, void *ret) {
    struct complaint c;
    struct bytes copy = arena_bytes(walk.t.arena, value);
    walk_must(codec_decode(&rec_shapes[table_infos[table].record], CODEC_LENIENT, copy, ret, &c) ==
                  0,
              "%s: %s: %s", table_infos[table].name, c.field, c.text);
}

static bool there(enum table table, struct key key, struct bytes *ret_value) {
    struct bytes value;
    return store_get(walk.t.txn, table, key_bytes(&key), ret_value ? ret_value : &value) == 0;
}

static struct {
    unsigned waiting, dues, outbox, armed, votes;
    uint64_t states[COUNT_COUNT], open;
} seen;

static void due_is(instant at, const char *word, struct key key) {
    struct key k = key_no((uint64_t)at);
    key_text(&k, text_of(word));
    memcpy(k.b + k.n, key.b, key.n);
    k.n += key.n;
    walk_must(there(TABLE_DUE, k, NULL), "%s at %lld is not due", word, (long long)at);
    seen.dues++;
}

static void check_registration(struct bytes key, struct bytes value) {
    struct rec_registration r;
    struct rec_meeting m;
    (void)key;
    read_row(TABLE_REGISTRATION, value, &r);
    trial_get(&walk.t, TABLE_MEETING, key1(r.meeting), &m);
    if (text_is(r.state, "waiting")) {
        struct bytes who;
        struct key k = key1(r.meeting);
        key_u64(&k, (uint64_t)r.queue);
        walk_must(there(TABLE_WAITING, k, &who) && text_eq((struct text){who.p, who.n}, r.person),
                  "%.*s waits for %.*s, and is not on the list", TEXT_ARGS(r.person),
                  TEXT_ARGS(r.meeting));
        seen.waiting++;
    }
    walk_must(text_is(r.state, "offered") == (r.offer_expires != 0), "%.*s is %.*s with an offer",
              TEXT_ARGS(r.person), TEXT_ARGS(r.state));
    if (r.offer_expires)
        due_is(r.offer_expires, "offer", key2(r.meeting, r.person));
    walk_must(there(TABLE_REGISTERED_FOR, key2(r.person, r.meeting), NULL), "not indexed");
}

static void check_meeting(struct bytes key, struct bytes value) {
    struct rec_meeting m;
    struct key prefix, from;
    struct bytes k, v;
    int64_t registered = 0, waiting = 0;
    (void)key;
    read_row(TABLE_MEETING, value, &m);
    prefix = from = key1(m.meeting);
    while (store_seek(walk.t.txn, TABLE_REGISTRATION, key_bytes(&from), &k, &v) == 0 &&
           key_has_prefix(k, &prefix)) {
        struct rec_registration r;
        memcpy(from.b, k.p, k.n);
        from.n = k.n;
        from.b[from.n++] = 0;
        read_row(TABLE_REGISTRATION, v, &r);
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
    read_row(TABLE_MEMBERSHIP, value, &m);
    walk_must(text_is(m.state, "requested") == (m.lapses != 0),
              "membership %.*s of %.*s and lapses", TEXT_ARGS(m.state), TEXT_ARGS(m.person));
    if (m.lapses)
        due_is(m.lapses, "lapse", key2(m.network, m.person));
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
    read_row(TABLE_POLL, value, &p);
    struct list votes = p.votes;
    while (codec_next_pair_int(&votes, &option, &n))
        sum += n;
    walk_must(sum == votes_of(p.poll), "poll %.*s counts %lld", TEXT_ARGS(p.poll), (long long)sum);
    if (text_is(p.state, "open"))
        due_is(office_wall(&walk.t.step.office, p.closes, p.zone), "poll", key1(p.poll));
}

static void check_suppression(struct bytes key, struct bytes value) {
    struct rec_suppression s;
    (void)key;
    read_row(TABLE_SUPPRESSION, value, &s);
    bool ends =
        text_is(s.state, "watched") || (text_is(s.state, "suppressed") && text_is(s.cause, "soft"));
    walk_must(ends == (s.until != 0), "suppression %.*s by %.*s ends at %lld", TEXT_ARGS(s.state),
              TEXT_ARGS(s.cause), (long long)s.until);
    if (s.until)
        due_is(s.until, "suppression", key1(s.suppression));
}

static void check_plan(struct bytes key, struct bytes value) {
    struct rec_plan p;
    struct key k;
    read_row(TABLE_PLAN, value, &p);
    k = plan_key(&p);
    walk_must(bytes_eq(key, key_bytes(&k)), "a plan under another key");
    if (text_is(p.state, "planned") || text_is(p.state, "firing"))
        due_is(p.due, "plan", k);
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
    read_row(TABLE_LEDGER, value, &row);
    struct key mine = key_no((uint64_t)row.no), person = key1(row.person),
               about = key2(row.about_kind, row.about), outbox = key_no((uint64_t)row.next_try);
    key_u64(&person, (uint64_t)row.no);
    key_u64(&about, (uint64_t)row.no);
    key_u64(&outbox, (uint64_t)row.no);
    walk_must(there(TABLE_FIRED, key1(row.key), &no) && bytes_eq(no, key_bytes(&mine)),
              "%lld: its occurrence leads elsewhere", (long long)row.no);
    walk_must(there(TABLE_LEDGER_PERSON, person, NULL) && there(TABLE_LEDGER_ABOUT, about, NULL),
              "%lld is not indexed", (long long)row.no);
    walk_must(there(TABLE_OCCASION, key_no((uint64_t)row.occasion), NULL), "%lld has no occasion",
              (long long)row.no);
    for (unsigned i = 0; i < COUNT_OF(ends); i++)
        if (text_is(row.state, ends[i].state)) {
            seen.states[ends[i].count]++;
            ended = true;
        }
    seen.open += !ended;
    walk_must(ended == (row.ended != 0), "%lld is %.*s, ended %lld", (long long)row.no,
              TEXT_ARGS(row.state), (long long)row.ended);
    if (ledger_is_waiting(&row)) {
        walk_must(there(TABLE_OUTBOX, outbox, NULL), "%lld is not in the outbox",
                  (long long)row.no);
        seen.outbox++;
    }
    if (text_is(row.state, "armed")) {
        walk_must(there(TABLE_ARMED, mine, NULL), "%lld has no arm", (long long)row.no);
        seen.armed++;
    }
}

static void check_counters(unsigned rows) {
    uint64_t ends = 0;
    for (unsigned c = COUNT_ENDED_ACCEPTED; c <= COUNT_ENDED_NOT_DUE; c++) {
        uint64_t count = trial_count(&walk.t, (enum count)c);
        walk_must(count == seen.states[c], "counter %u is %llu, there are %llu", c,
                  (unsigned long long)count, (unsigned long long)seen.states[c]);
        ends += count;
    }
    walk_must(trial_count(&walk.t, COUNT_FIRED) == ends + seen.open &&
                  trial_count(&walk.t, COUNT_FIRED) == rows,
              "%llu fired, %llu ended, %llu open, %u rows",
              (unsigned long long)trial_count(&walk.t, COUNT_FIRED), (unsigned long long)ends,
              (unsigned long long)seen.open, rows);
}

static void check_person(struct bytes key, struct bytes value) {
    struct rec_person p;
    struct text organisation_id;
    (void)key;
    read_row(TABLE_PERSON, value, &p);
    struct list list = p.organisations;
    while (codec_next_text(&list, &organisation_id))
        walk_must(there(TABLE_STAFF, key2(organisation_id, p.person), NULL), "%.*s is no staff",
                  TEXT_ARGS(p.person));
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

void walk_check(void) {
    memset(&seen, 0, sizeof seen);
    arena_reset(walk.t.arena);
    (void)each(TABLE_REGISTRATION, check_registration);
    (void)each(TABLE_MEETING, check_meeting);
    (void)each(TABLE_MEMBERSHIP, check_membership);
    (void)each(TABLE_POLL, check_poll);
    (void)each(TABLE_PERSON, check_person);
    (void)each(TABLE_PLAN, check_plan);
    (void)each(TABLE_SUPPRESSION, check_suppression);
    (void)each(TABLE_TOLD, check_told);
    unsigned rows = each(TABLE_LEDGER, check_ledger);
    walk_must(each(TABLE_WAITING, NULL) == seen.waiting, "the waiting list holds others");
    walk_must(each(TABLE_DUE, NULL) == seen.dues, "more is due than there is");
    walk_must(each(TABLE_OUTBOX, NULL) == seen.outbox, "the outbox holds others");
    walk_must(each(TABLE_ARMED, NULL) == seen.armed, "arms without letters");
    walk_must(each(TABLE_FIRED, NULL) == rows, "%u rows under other occurrences", rows);
    walk_must(each(TABLE_LEDGER_PERSON, NULL) == rows && each(TABLE_LEDGER_ABOUT, NULL) == rows,
              "indexes of the ledger");
    check_counters(rows);
    check_derived();
}
