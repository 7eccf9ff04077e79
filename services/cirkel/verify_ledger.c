#include "services/cirkel/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static bool has(struct verify *v, enum table table, const struct key *key) {
    struct bytes value;
    return store_get(v->look.txn, table, key_bytes(key), &value) == 0;
}

static bool get_row(struct verify *v, uint64_t number, struct rec_ledger *ret) {
    struct key key = key_no(number);
    return look_get(&v->look, TABLE_LEDGER, ret, key_bytes(&key)) == 0;
}

static bool is_waiting(const struct rec_ledger *row) {
    return text_is(row->state, "queued") || text_is(row->state, "deferred");
}

/* ---- from the indexes to the ledger ---- */

static void fired_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_ledger row;
    struct text occurrence;
    uint64_t number;
    size_t at = 0, at_value = 0;

    if (!key_next_text(key, &at, &occurrence) || !key_next_u64(value, &at_value, &number) ||
        !get_row(v, number, &row))
        verify_find(v, "fired %s: there is no such row of the ledger", verify_key_text(key));
    else if (!text_eq(row.key, occurrence))
        verify_find(v, "fired %s: row %" PRIu64 " has another occurrence", verify_key_text(key),
                    number);
}

static void by_person_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_ledger row;
    struct text person;
    uint64_t number;
    size_t at = 0;

    (void)value;
    if (!key_next_text(key, &at, &person) || !key_next_u64(key, &at, &number) ||
        !get_row(v, number, &row) || !text_eq(row.person, person))
        verify_find(v, "ledger_person %s: there is no such row of the ledger",
                    verify_key_text(key));
}

static void by_subject_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_ledger row;
    struct text kind, about;
    uint64_t number;
    size_t at = 0;

    (void)value;
    if (!key_next_text(key, &at, &kind) || !key_next_text(key, &at, &about) ||
        !key_next_u64(key, &at, &number) || !get_row(v, number, &row) ||
        !text_eq(row.about_kind, kind) || !text_eq(row.about, about))
        verify_find(v, "ledger_about %s: there is no such row of the ledger", verify_key_text(key));
}

static void outbox_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_ledger row;
    uint64_t moment, number;
    size_t at = 0;

    (void)value;
    if (!key_next_u64(key, &at, &moment) || !key_next_u64(key, &at, &number) ||
        !get_row(v, number, &row))
        verify_find(v, "outbox %s: there is no such row of the ledger", verify_key_text(key));
    else if (!is_waiting(&row) || row.next_try != (instant)moment)
        verify_find(v, "outbox: letter %" PRIu64 " is %.*s, or to be tried at another time", number,
                    TEXT_ARGS(row.state));
}

static void armed_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_ledger row;
    uint64_t number;
    size_t at = 0;

    (void)value;
    if (!key_next_u64(key, &at, &number) || !get_row(v, number, &row))
        verify_find(v, "armed %s: there is no such row of the ledger", verify_key_text(key));
    else if (!text_is(row.state, "armed"))
        verify_find(v, "armed: letter %" PRIu64 " is %.*s", number, TEXT_ARGS(row.state));
}

static void digested_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_ledger row;
    struct rec_digest digest;
    struct text person, window, of;
    uint64_t number;
    size_t at = 0;

    (void)value;
    if (!key_next_text(key, &at, &person) || !key_next_text(key, &at, &window) ||
        !key_next_u64(key, &at, &number) || !get_row(v, number, &row)) {
        verify_find(v, "digested %s: there is no such row of the ledger", verify_key_text(key));
        return;
    }
    struct key digest_key = LOOK_KEY(person, window);
    if (look_get(&v->look, TABLE_DIGEST, &digest, key_bytes(&digest_key)))
        verify_find(v, "digested %s: there is no such digest", verify_key_text(key));
    else if (!text_is(row.state, "digested") || !text_cut(&row.digest, '/', &of) ||
             !text_eq(of, person) || !text_eq(row.digest, window))
        verify_find(v, "digested: letter %" PRIu64 " is %.*s, or in another digest", number,
                    TEXT_ARGS(row.state));
}

static void news_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_ledger row;
    struct text person;
    uint64_t moment, number;
    size_t at = 0;

    (void)value;
    if (!key_next_text(key, &at, &person) || !key_next_u64(key, &at, &moment) ||
        !key_next_u64(key, &at, &number) || !get_row(v, number, &row) ||
        !text_is(row.class, "news"))
        verify_find(v, "news %s: there is no such letter of news", verify_key_text(key));
    else if ((instant)moment != (row.left ? row.left : is_waiting(&row) ? row.next_try : 0))
        verify_find(v, "news: letter %" PRIu64 " left, or is to leave, at another time", number);
}

static bool needs_somebody(const struct rec_ledger *row) {
    return !row->digest.p && (text_is(row->state, "unknown") ||
                              (text_is(row->state, "held") && !text_is(row->hold, "window")));
}

static void attention_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_ledger row;
    struct text state;
    uint64_t number;
    size_t at = 0;

    (void)value;
    if (!key_next_text(key, &at, &state) || !key_next_u64(key, &at, &number) ||
        !get_row(v, number, &row) || !text_eq(row.state, state))
        verify_find(v, "attention %s: there is no such letter", verify_key_text(key));
}

/* ---- digests ---- */

static void digest_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_digest digest;
    struct key due;

    if (look_decode(REC_DIGEST, value, &digest) || !text_is(digest.state, "open"))
        return;
    due = key_no((uint64_t)digest.closes);
    key_text(&due, TEXT_LIT("digest"));
    if (due.n + key.n > STORE_KEY_MAX)
        return;
    memcpy(due.b + due.n, key.p, key.n);
    due.n += key.n;
    if (!has(v, TABLE_DUE, &due))
        verify_find(v, "digest %s: is open, but never closes", verify_key_text(key));
}

/* ---- from the ledger to the indexes ---- */

static void check_digested(struct verify *v, const struct rec_ledger *row) {
    struct text person, window = row->digest;
    if (!text_is(row->state, "digested"))
        return;
    if (!text_cut(&window, '/', &person)) {
        verify_find(v, "letter %" PRId64 ": is digested, but in no digest", row->no);
        return;
    }
    struct key key = LOOK_KEY(person, window);
    key_u64(&key, (uint64_t)row->no);
    if (!has(v, TABLE_DIGESTED, &key))
        verify_find(v, "letter %" PRId64 ": is digested, but its digest does not know", row->no);
}

static void check_texts(struct verify *v, const struct rec_ledger *row) {
    struct key key = key_no((uint64_t)row->occasion);
    struct rec_occasion occasion;
    struct text language, hash;

    if (look_get(&v->look, TABLE_OCCASION, &occasion, key_bytes(&key))) {
        verify_find(v, "letter %" PRId64 ": its occasion %" PRId64 " is not there", row->no,
                    row->occasion);
        return;
    }
    while (codec_next_pair_text(&occasion.texts, &language, &hash)) {
        key = LOOK_KEY(hash);
        if (!has(v, TABLE_TEXT, &key))
            verify_find(v, "occasion %" PRId64 ": its text in %.*s is not there", row->occasion,
                        TEXT_ARGS(language));
    }
}

static void ledger_row(struct verify *v, struct bytes key_of_row, struct bytes value) {
    struct rec_ledger row;
    struct key fired, person, about, outbox, armed;

    (void)key_of_row;
    if (look_decode(REC_LEDGER, value, &row))
        return;
    fired = LOOK_KEY(row.key);
    person = LOOK_KEY(row.person);
    about = LOOK_KEY(row.about_kind, row.about);
    outbox = key_no((uint64_t)row.next_try);
    armed = key_no((uint64_t)row.no);
    key_u64(&person, (uint64_t)row.no);
    key_u64(&about, (uint64_t)row.no);
    key_u64(&outbox, (uint64_t)row.no);
    if (!has(v, TABLE_FIRED, &fired))
        verify_find(v, "letter %" PRId64 ": its occurrence is not marked as fired", row.no);
    if (!has(v, TABLE_LEDGER_PERSON, &person))
        verify_find(v, "letter %" PRId64 ": not in the index of its person", row.no);
    if (!has(v, TABLE_LEDGER_ABOUT, &about))
        verify_find(v, "letter %" PRId64 ": not in the index of its subject", row.no);
    if (is_waiting(&row) && !has(v, TABLE_OUTBOX, &outbox))
        verify_find(v, "letter %" PRId64 ": is %.*s, but not in the outbox", row.no,
                    TEXT_ARGS(row.state));
    if (text_is(row.state, "armed") && !has(v, TABLE_ARMED, &armed))
        verify_find(v, "letter %" PRId64 ": is armed, but has no arm", row.no);
    check_digested(v, &row);
    struct key attention = LOOK_KEY(row.state);
    key_u64(&attention, (uint64_t)row.no);
    if (needs_somebody(&row) && !has(v, TABLE_ATTENTION, &attention))
        verify_find(v, "letter %" PRId64 ": is %.*s, but nobody will be told", row.no,
                    TEXT_ARGS(row.state));
    check_texts(v, &row);
}

/* ---- holds ---- */

static struct key pair_key(uint64_t a, uint64_t b) {
    struct key key = key_no(a);

    key_u64(&key, b);
    return key;
}

static struct key due_key(instant at, const char *word, uint64_t number) {
    struct key key = key_no((uint64_t)at);

    key_text(&key, text_of(word));
    key_u64(&key, number);
    return key;
}

static void hold_row_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_ledger row;
    uint64_t hold, number;
    size_t at = 0;

    (void)value;
    if (!key_next_u64(key, &at, &hold) || !key_next_u64(key, &at, &number) ||
        !get_row(v, number, &row) || (uint64_t)row.hold_no != hold)
        verify_find(v, "hold_row %s: there is no such row of the ledger", verify_key_text(key));
}

/* A held row is in a hold, and is missed by itself when it is of no use any more. */
static void held_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_ledger row;
    struct key of, due;

    (void)key;
    if (look_decode(REC_LEDGER, value, &row))
        return;
    of = pair_key((uint64_t)row.hold_no, (uint64_t)row.no);
    due = due_key(row.useful + 1, "held", (uint64_t)row.no);
    if (row.hold_no && !has(v, TABLE_HOLD_ROW, &of))
        verify_find(v, "letter %" PRId64 ": not in the index of its hold %" PRId64, row.no,
                    row.hold_no);
    if (!text_is(row.state, "held"))
        return;
    if (!row.hold_no)
        verify_find(v, "letter %" PRId64 ": is held, but in no hold", row.no);
    if (row.useful && !has(v, TABLE_DUE, &due))
        verify_find(v, "letter %" PRId64 ": is held, but would never be missed", row.no);
}

struct tally {
    struct verify *v;
    int64_t rows, held;
};

static int on_hold_row(void *ctx, uint64_t number) {
    struct tally *t = ctx;
    struct rec_ledger row;

    t->rows++;
    t->held += get_row(t->v, number, &row) && text_is(row.state, "held");
    return 0;
}

static void hold_row(struct verify *v, struct bytes key, struct bytes value) {
    struct tally t = {v, 0, 0};
    struct rec_hold hold;
    struct key prefix = {.n = key.n}, due;

    if (look_decode(REC_HOLD, value, &hold))
        return;
    memcpy(prefix.b, key.p, key.n);
    if (look_numbers(&v->look, TABLE_HOLD_ROW, &prefix, on_hold_row, &t))
        verify_find(v, "hold %" PRId64 ": its letters cannot be read", hold.no);
    if (t.rows != hold.rows || t.held != hold.held)
        verify_find(v,
                    "hold %" PRId64 " counts %" PRId64 " letters, %" PRId64
                    " of them held; there are %" PRId64 " and %" PRId64,
                    hold.no, hold.rows, hold.held, t.rows, t.held);
    if (hold.held && !text_is(hold.state, "open") && !text_is(hold.state, "gathering"))
        verify_find(v, "hold %" PRId64 " is %.*s, but holds letters", hold.no,
                    TEXT_ARGS(hold.state));
    due = due_key(hold.until, "hold", (uint64_t)hold.no);
    if (!text_is(hold.kind, "catchup") && text_is(hold.state, "open") && !has(v, TABLE_DUE, &due))
        verify_find(v, "hold %" PRId64 ": its window would never end", hold.no);
    due = due_key(hold.until, "sheet", (uint64_t)hold.no);
    if (text_is(hold.state, "gathering") && !has(v, TABLE_DUE, &due))
        verify_find(v, "hold %" PRId64 ": gathers, but would never be counted", hold.no);
}

void verify_holds(struct verify *v) {
    verify_each(v, TABLE_HOLD_ROW, hold_row_row);
    verify_each(v, TABLE_LEDGER, held_row);
    verify_each(v, TABLE_HOLD, hold_row);
}

/* ---- plans ---- */

static bool is_open_plan(const struct rec_plan *plan) {
    return text_is(plan->state, "planned") || text_is(plan->state, "firing");
}

static void due_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_plan plan;
    struct text word;
    struct bytes rest;
    uint64_t moment;
    size_t at = 0;

    (void)value;
    if (!key_next_u64(key, &at, &moment) || !key_next_text(key, &at, &word)) {
        verify_find(v, "due %s: no key of that index", verify_key_text(key));
        return;
    }
    if (!text_is(word, "plan"))
        return;
    rest = (struct bytes){(const char *)key.p + at, key.n - at};
    if (look_get(&v->look, TABLE_PLAN, &plan, rest))
        verify_find(v, "due %s: there is no such plan", verify_key_text(rest));
    else if (!is_open_plan(&plan) || plan.due != (instant)moment)
        verify_find(v, "due %s: the plan is %.*s, or due at another time", verify_key_text(rest),
                    TEXT_ARGS(plan.state));
}

static void plan_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_plan plan;
    struct key due;

    if (look_decode(REC_PLAN, value, &plan) || !is_open_plan(&plan))
        return;
    due = key_no((uint64_t)plan.due);
    key_text(&due, TEXT_LIT("plan"));
    if (due.n + key.n > STORE_KEY_MAX)
        return;
    memcpy(due.b + due.n, key.p, key.n);
    due.n += key.n;
    if (!has(v, TABLE_DUE, &due))
        verify_find(v, "plan %s: is %.*s, but does not fall due", verify_key_text(key),
                    TEXT_ARGS(plan.state));
}

void verify_ledger(struct verify *v) {
    verify_each(v, TABLE_FIRED, fired_row);
    verify_each(v, TABLE_LEDGER_PERSON, by_person_row);
    verify_each(v, TABLE_LEDGER_ABOUT, by_subject_row);
    verify_each(v, TABLE_OUTBOX, outbox_row);
    verify_each(v, TABLE_ARMED, armed_row);
    verify_each(v, TABLE_DIGESTED, digested_row);
    verify_each(v, TABLE_NEWS, news_row);
    verify_each(v, TABLE_ATTENTION, attention_row);
    verify_each(v, TABLE_DIGEST, digest_row);
    verify_each(v, TABLE_LEDGER, ledger_row);
}

void verify_plans(struct verify *v) {
    verify_each(v, TABLE_DUE, due_row);
    verify_each(v, TABLE_PLAN, plan_row);
}
