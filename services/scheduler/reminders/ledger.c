#include "services/scheduler/reminders/ledger.h"

#include <errno.h>
#include <string.h>

#include "proto/letter_id.h"
#include "services/scheduler/reminders/digest.h"
#include "services/scheduler/reminders/gentle.h"
#include "services/scheduler/reminders/hold.h"
#include "services/scheduler/reminders/morning.h"
#include "services/scheduler/reminders/told.h"
#include "services/scheduler/reminders/subject.h"

static const struct {
    const char *state;
    enum count count;
} ends[] = {
    {"accepted", COUNT_ENDED_ACCEPTED},     {"failed", COUNT_ENDED_FAILED},
    {"expired", COUNT_ENDED_EXPIRED},       {"withdrawn", COUNT_ENDED_WITHDRAWN},
    {"suppressed", COUNT_ENDED_SUPPRESSED}, {"superseded", COUNT_ENDED_SUPERSEDED},
    {"missed", COUNT_ENDED_MISSED},         {"not-due", COUNT_ENDED_NOT_DUE},
};

static void count_end(struct office *o, struct text state, int by) {
    for (unsigned i = 0; i < COUNT_OF(ends); i++)
        if (text_is(state, ends[i].state))
            o->counts[ends[i].count] += (uint64_t)(int64_t)by;
}

static bool is_end(struct text state) {
    for (unsigned i = 0; i < COUNT_OF(ends); i++)
        if (text_is(state, ends[i].state))
            return true;
    return false;
}

bool ledger_is_waiting(const struct rec_ledger *row) {
    return text_is(row->state, "queued") || text_is(row->state, "deferred");
}

static struct key outbox_key(const struct rec_ledger *row) {
    struct key k = key_no((uint64_t)row->next_try);
    key_u64(&k, (uint64_t)row->no);
    return k;
}

int ledger_get(struct office *o, uint64_t no, struct rec_ledger *ret) {
    return office_get(o, TABLE_LEDGER, key_no(no), ret);
}

/* From the moment a letter that tells a time may have left, its reader is owed corrections; also
 * when it was superseded, because then she has heard nothing yet. */
static int note_told(struct office *o, const struct rec_ledger *row) {
    if (text_is(row->state, "armed"))
        return told_note(o, row, TOLD_MAYBE);
    if (text_is(row->state, "accepted"))
        return told_note(o, row, TOLD_SURELY);
    return text_is(row->state, "superseded") ? told_note(o, row, TOLD_NOT) : 0;
}

static int add_row(struct office *o, struct rec_ledger *row) {
    struct key key = key1(row->key), by_person = key1(row->person),
               about = key2(row->about_kind, row->about);
    struct key no = key_no(o->counts[COUNT_LEDGER] + 1);
    int rc = store_add(o->txn, TABLE_FIRED, key_bytes(&key), key_bytes(&no));
    if (rc)
        return rc;
    row->no = (int64_t)office_count(o, COUNT_LEDGER);
    key_u64(&by_person, (uint64_t)row->no);
    key_u64(&about, (uint64_t)row->no);
    rc = office_mark(o, TABLE_LEDGER_PERSON, by_person, TEXT_LIT(""));
    if (rc == 0)
        rc = office_mark(o, TABLE_LEDGER_ABOUT, about, TEXT_LIT(""));
    if (rc == 0 && ledger_is_waiting(row))
        rc = office_mark(o, TABLE_OUTBOX, outbox_key(row), TEXT_LIT(""));
    if (rc == 0 && text_is(row->state, "digested"))
        rc = office_mark(o, TABLE_DIGESTED, digest_item_key(row), TEXT_LIT(""));
    if (rc == 0 && row->hold_no)
        rc = hold_joined(o, row);
    if (rc == 0 && text_is(row->state, "held"))
        rc = hold_entered(o, row);
    if (rc == 0)
        rc = gentle_note(o, row);
    if (rc == 0)
        rc = office_put(o, TABLE_LEDGER, no, row);
    if (rc == 0)
        rc = morning_note(o, row, TEXT_NONE);
    office_count(o, COUNT_FIRED);
    count_end(o, row->state, 1);
    return rc;
}

/* At whatever address. */
static struct key left_key(struct office *o, struct text message_id) {
    char hash[TOKEN_ID_MAX];
    struct text first = letter_id_first(o->arena, message_id);
    struct bytes part = {first.p, first.n};
    token_hash_text(&part, 1, hash);
    return key1(text_of(hash));
}

int ledger_add(struct office *o, struct rec_ledger *row) {
    int rc = add_row(o, row);
    if (rc || !row->message_id.p || !(ledger_is_waiting(row) || text_is(row->state, "held")))
        return rc;
    struct key left = left_key(o, row->message_id);
    rc = store_del(o->txn, TABLE_LEFT, key_bytes(&left));
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    return ledger_move(o, row, "accept", LEDGER_LEFT);
}

/* What can never be tried again must not wait for it. */
static int end_hopeless(struct office *o, struct rec_ledger *row) {
    if (!row->address.p) /* it was away when she was erased */
        return ledger_move(o, row, "suppress", TEXT_LIT("the person was erased"));
    if (row->attempts >= LEDGER_ATTEMPTS_MOST)
        return ledger_move(o, row, "expire",
                           TEXT_LIT("not deliverable, however often it was tried"));
    return 0;
}

int ledger_move(struct office *o, struct rec_ledger *row, const char *event, struct text reason) {
    struct text next, was = row->state;
    struct rec_ledger before;
    if (machine_next("DELIVERY", was, event, &next))
        return -EPROTO;
    int rc = ledger_get(o, (uint64_t)row->no, &before);
    if (rc)
        return rc;
    if (ledger_is_waiting(&before))
        rc = office_del(o, TABLE_OUTBOX, outbox_key(&before));
    row->state = next;
    row->reason = reason.n ? reason : TEXT_NONE;
    row->ended = is_end(next) ? o->now : 0;
    row->held_until = 0;
    if (!ledger_is_waiting(row))
        row->next_try = 0;
    else if (!row->next_try)
        row->next_try = o->now;
    if (rc == 0 && ledger_is_waiting(row))
        rc = office_mark(o, TABLE_OUTBOX, outbox_key(row), TEXT_LIT(""));
    if (rc == 0 && text_is(was, "digested"))
        rc = office_del(o, TABLE_DIGESTED, digest_item_key(row));
    if (ledger_is_waiting(row)) /* it goes by itself */
        row->digest = TEXT_NONE;
    if (rc == 0 && text_is(next, "digested"))
        rc = office_mark(o, TABLE_DIGESTED, digest_item_key(row), TEXT_LIT(""));
    if (rc == 0 && text_is(was, "held"))
        rc = hold_left(o, &before);
    if (rc == 0 && text_is(next, "held"))
        rc = hold_entered(o, row);
    if (rc == 0 && text_is(was, "armed"))
        rc = office_del(o, TABLE_ARMED, key_no((uint64_t)row->no));
    if (rc == 0)
        rc = note_told(o, row);
    if (rc == 0)
        rc = gentle_moved(o, &before, row);
    if (rc == 0)
        rc = office_put(o, TABLE_LEDGER, key_no((uint64_t)row->no), row);
    count_end(o, was, -1);
    count_end(o, next, 1);
    if (rc == 0)
        rc = morning_note(o, row, was);
    if (rc == 0 && text_is(row->about_kind, "digest"))
        rc = digest_follow(o, row, event);
    if (rc == 0 && text_is(was, "digested") && !text_is(next, "digested"))
        rc = digest_item_left(o, &before);
    return rc || !ledger_is_waiting(row) ? rc : end_hopeless(o, row);
}

static int has_not_left(struct office *o, const struct rec_ledger *row, bool *ret) {
    bool has_left = false;
    int rc = text_is(row->state, "digested") ? digest_has_left(o, row, &has_left) : 0;
    *ret = ledger_is_waiting(row) || text_is(row->state, "held") ||
           (text_is(row->state, "digested") && !has_left);
    return rc;
}

struct stopping {
    struct text meeting, person; /* absent: any */
    int64_t below;               /* only letters that tell of an older revision; 0: all */
    const char *event;
    struct text reason;
    ledger_fits *fits; /* NULL: any */
    const void *ctx;
    bool owed; /* those of a meeting that has changed */
};

static int stop_one(struct office *o, const struct stopping *s, uint64_t no) {
    struct rec_ledger row;
    bool still;
    int rc = ledger_get(o, no, &row);
    if (rc)
        return rc;
    bool about =
        !s->meeting.p || (text_is(row.about_kind, "meeting") && text_eq(row.about, s->meeting));
    bool of = !s->person.p || text_eq(row.person, s->person);
    bool telling = !s->below || (row.told && row.told < s->below);
    if (!about || !of || !telling)
        return 0;
    rc = has_not_left(o, &row, &still);
    if (rc || !still)
        return rc;
    int fits = s->fits ? s->fits(o, &row, s->ctx) : 1;
    if (fits <= 0)
        return fits;
    rc = ledger_move(o, &row, s->event, s->reason);
    return rc || !s->owed ? rc : told_overtaken(o, &row);
}

/* A big meeting has ten thousand rows: each is looked at in memory that is free again after it. */
static int stop_matching(struct office *o, enum table index, struct key prefix,
                         const struct stopping *s) {
    struct arena *arena = o->arena;
    struct key at = {.n = 0};
    struct bytes value;
    int rc = 0;
    o->arena = o->scratch;
    while (rc == 0 && (rc = office_next(o, index, &prefix, &at, &value)) == 0) {
        size_t from = at.n - 8;
        uint64_t no;
        must(key_next_u64(key_bytes(&at), &from, &no));
        rc = stop_one(o, s, no);
        arena_reset(o->scratch);
    }
    o->arena = arena;
    return rc == -ENOENT ? 0 : rc;
}

int ledger_stop_person(struct office *o, struct text person, struct text meeting, bool telling,
                       const char *event, struct text reason) {
    struct stopping s = {.meeting = meeting,
                         .person = person,
                         .below = telling ? INT64_MAX : 0,
                         .event = event,
                         .reason = reason};
    return stop_matching(o, TABLE_LEDGER_PERSON, key1(person), &s);
}

int ledger_supersede_meeting(struct office *o, struct text meeting, int64_t revision,
                             struct text reason) {
    struct stopping s = {.meeting = meeting,
                         .below = revision + 1,
                         .event = "supersede",
                         .reason = reason,
                         .owed = true};
    return stop_matching(o, TABLE_LEDGER_ABOUT, key2(TEXT_LIT("meeting"), meeting), &s);
}

int ledger_supersede_if(struct office *o, enum table index, struct key prefix, ledger_fits *fits,
                        const void *ctx, struct text reason) {
    struct stopping s = {.event = "supersede", .reason = reason, .fits = fits, .ctx = ctx};
    return stop_matching(o, index, prefix, &s);
}

int ledger_rekey(struct office *o, struct rec_ledger *row, struct text key) {
    struct text there;
    struct key no = key_no((uint64_t)row->no);
    int rc = office_marked(o, TABLE_FIRED, key1(key), &there);
    if (rc != -ENOENT)
        return rc;
    rc = office_del(o, TABLE_FIRED, key1(row->key));
    row->key = key;
    return rc ? rc
              : office_mark(o, TABLE_FIRED, key1(key), (struct text){(const char *)no.b, no.n});
}

/* "rule+version/kind:subject/…" */
static int move_key(struct office *o, struct rec_ledger *row, struct text kind, struct text from,
                    struct text to) {
    struct text rest = row->key, rule;
    struct text was = arena_printf(o->arena, "%.*s:%.*s/", TEXT_ARGS(kind), TEXT_ARGS(from));
    (void)text_cut(&rest, '/', &rule);
    if (!text_starts(rest, was.p))
        return 0;
    struct text now =
        arena_printf(o->arena, "%.*s/%.*s:%.*s/%.*s", TEXT_ARGS(rule), TEXT_ARGS(kind),
                     TEXT_ARGS(to), (int)(rest.n - was.n), rest.p + was.n);
    return ledger_rekey(o, row, now);
}

/* The caller puts the row. */
static int go_by(struct office *o, struct rec_ledger *row, struct text kind, struct text from,
                 struct text to) {
    struct rec_occasion of;
    int rc = office_get(o, TABLE_OCCASION, key_no((uint64_t)row->occasion), &of);
    if (rc)
        return rc == -ENOENT ? -EBADMSG : rc;
    if (text_eq(of.about_kind, kind) && text_eq(of.about, from)) {
        of.about = to;
        rc = office_put(o, TABLE_OCCASION, key_no((uint64_t)row->occasion), &of);
    }
    return rc ? rc : move_key(o, row, kind, from, to);
}

static int rename_one(struct office *o, struct text kind, struct text from, struct text to,
                      uint64_t no) {
    struct rec_ledger row;
    struct key k = key2(kind, to);
    int rc = ledger_get(o, no, &row);
    key_u64(&k, no);
    row.about = to;
    if (rc == 0)
        rc = office_mark(o, TABLE_LEDGER_ABOUT, k, TEXT_LIT(""));
    if (rc == 0)
        rc = go_by(o, &row, kind, from, to);
    return rc ? rc : office_put(o, TABLE_LEDGER, key_no(no), &row);
}

int ledger_rename(struct office *o, const char *kind, struct text from, struct text to) {
    struct arena *arena = o->arena;
    struct key prefix = key2(text_of(kind), from), at = {.n = 0};
    struct bytes value;
    int rc = 0;
    o->arena = o->scratch;
    while (rc == 0 && (rc = office_next(o, TABLE_LEDGER_ABOUT, &prefix, &at, &value)) == 0) {
        size_t end = at.n - 8;
        uint64_t no;
        must(key_next_u64(key_bytes(&at), &end, &no));
        rc = office_del(o, TABLE_LEDGER_ABOUT, at);
        if (rc == 0)
            rc = rename_one(o, text_of(kind), from, to, no);
        arena_reset(o->scratch);
    }
    o->arena = arena;
    return rc == -ENOENT ? 0 : rc;
}

int ledger_rename_under(struct office *o, const char *kind, struct text from, struct text to) {
    struct arena *arena = o->arena;
    struct key at = {.n = 0};
    struct bytes value;
    struct subject s;
    int rc = subject_load(o, text_of(kind), to, &s);
    if (rc)
        return rc;
    struct key prefix = key2(s.main_kind, s.main_id);
    o->arena = o->scratch;
    while (rc == 0 && (rc = office_next(o, TABLE_LEDGER_ABOUT, &prefix, &at, &value)) == 0) {
        size_t end = at.n - 8;
        uint64_t no;
        must(key_next_u64(key_bytes(&at), &end, &no));
        struct rec_ledger row = {.no = 0};
        rc = ledger_get(o, no, &row);
        const char *was = row.key.p;
        if (rc == 0)
            rc = go_by(o, &row, text_of(kind), from, to);
        if (rc == 0 && row.key.p != was) /* most are about it otherwise */
            rc = office_put(o, TABLE_LEDGER, key_no(no), &row);
        arena_reset(o->scratch);
    }
    o->arena = arena;
    return rc == -ENOENT ? 0 : rc;
}

void ledger_readdress(struct office *o, struct rec_ledger *row, struct text address) {
    row->address = address;
    row->merged = false;
    row->readdressed++;
    row->message_id = letter_id(o->arena, row->key, row->readdressed, o->settings->message_domain);
    row->report = row->report_status = TEXT_NONE;
    row->reported = row->delivered = 0;
}

int ledger_remember_left(struct office *o, struct text message_id) {
    return office_mark(o, TABLE_LEFT, left_key(o, message_id), TEXT_LIT(""));
}

int armed_get(struct office *o, uint64_t no, struct armed *ret) {
    struct text value;
    struct bytes v;
    size_t at = 0;
    uint64_t until;
    struct text boot;
    int rc = office_marked(o, TABLE_ARMED, key_no(no), &value);
    if (rc)
        return rc;
    v = (struct bytes){value.p, value.n};
    if (!key_next_u64(v, &at, &ret->attempt) || !key_next_u64(v, &at, &until) ||
        !key_next_text(v, &at, &boot) || text_copy(boot, ret->boot, sizeof ret->boot))
        return -EBADMSG;
    ret->until = (msec)until;
    return 0;
}

int armed_put(struct office *o, uint64_t no, const struct armed *armed) {
    struct key v = key_no(armed->attempt);
    key_u64(&v, (uint64_t)armed->until);
    key_text(&v, text_of(armed->boot));
    return office_mark(o, TABLE_ARMED, key_no(no), (struct text){(const char *)v.b, v.n});
}
