#include "services/scheduler/reminders/hold.h"

#include <errno.h>

#include "services/scheduler/reminders/gentle.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/letter.h"
#include "services/scheduler/reminders/plan.h"

int hold_open(struct office *o, struct rec_hold *hold) {
    hold->no = (int64_t)office_count(o, COUNT_HOLD);
    hold->opened = o->now;
    return hold_put(o, hold);
}

int hold_get(struct office *o, uint64_t no, struct rec_hold *ret) {
    return office_get(o, TABLE_HOLD, key_no(no), ret);
}

int hold_put(struct office *o, const struct rec_hold *hold) {
    return office_put(o, TABLE_HOLD, key_no((uint64_t)hold->no), hold);
}

/* How many sheets are open: while there are none, no later step can overtake anything. */
static int count_sheets(struct office *o, const struct rec_hold *hold, bool was_open) {
    uint64_t sheets;
    bool open = text_is(hold->state, "open");
    if (!text_is(hold->kind, "catchup") || open == was_open)
        return 0;
    int rc = meta_get(o->txn, "sheets", &sheets);
    return rc ? rc : meta_put(o->txn, "sheets", open ? sheets + 1 : sheets - 1);
}

int hold_move(struct office *o, struct rec_hold *hold, const char *event) {
    struct text no = arena_printf(o->arena, "%lld", (long long)hold->no);
    bool was_open = text_is(hold->state, "open");
    must(machine_next("HOLD", hold->state, event, &hold->state) == 0);
    bool over = text_is(hold->state, "ended") || text_is(hold->state, "undone");
    if (over || text_is(hold->state, "passed"))
        hold->ended = o->now;
    int rc = hold_put(o, hold);
    if (rc == 0)
        rc = count_sheets(o, hold, was_open);
    return rc || !over ? rc : office_fact(o, FACT_HOLD_ENDED, "hold", no);
}

int hold_next(struct office *o, uint64_t no, struct key *at, struct rec_ledger *ret) {
    struct key prefix = key_no(no);
    struct bytes value;
    uint64_t row;
    size_t from = 8;
    int rc = office_next(o, TABLE_HOLD_ROW, &prefix, at, &value);
    if (rc)
        return rc;
    must(key_next_u64(key_bytes(at), &from, &row));
    rc = ledger_get(o, row, ret);
    return rc == -ENOENT ? -EBADMSG : rc;
}

bool hold_has(const struct rec_ledger *row) {
    return text_is(row->state, "held");
}

static int topic_of(struct office *o, const struct rec_ledger *row, struct text *ret) {
    struct rec_case c;
    *ret = TEXT_NONE;
    if (!text_is(row->about_kind, "case"))
        return 0;
    int rc = office_get(o, TABLE_CASE, key1(row->about), &c);
    if (rc == 0)
        *ret = c.topic;
    return rc == -ENOENT ? 0 : rc;
}

/* As if it had only now been decided that it goes: in a digest, after quiet hours, or at once. */
static int place(struct office *o, const struct rule *rule, bool late, struct rec_ledger *placed) {
    struct rec_person p;
    struct text topic;
    placed->state = TEXT_LIT("queued");
    placed->next_try = o->now;
    int rc = office_get(o, TABLE_PERSON, key1(placed->person), &p);
    if (rc || !rule) /* what nobody is to be asked about is found when it is armed */
        return rc == -ENOENT ? 0 : rc;
    rc = topic_of(o, placed, &topic);
    return rc ? rc : gentle_place(o, rule, topic, &p, late, placed);
}

/* *ret: what it went by; NULL: that rule is no more. An operator's letter is a rule for once. */
static int rule_of(struct office *o, const struct rec_ledger *row, struct rule *once,
                   const struct rule **ret) {
    struct rec_letter letter;
    *ret = rulebook_find(o->rules, row->rule);
    if (*ret || !text_is(row->rule, LETTER_RULE))
        return 0;
    int rc = office_get(o, TABLE_LETTER, key1(row->letter), &letter);
    if (rc == 0)
        rc = letter_rule(o, &letter, once);
    if (rc == 0)
        *ret = once;
    return rc == -ENOENT ? 0 : rc;
}

static const char *event_to(struct text state) {
    return text_is(state, "digested")     ? "gather"
           : text_is(state, "missed")     ? "miss"
           : text_is(state, "suppressed") ? "suppress"
                                          : "release";
}

int hold_let_go(struct office *o, struct rec_ledger *row, instant at, struct text reason) {
    const struct rule *rule;
    struct rule once;
    bool late = at - row->due > o->settings->late_after;
    struct rec_ledger placed = *row;
    placed.reason = reason;
    int rc = rule_of(o, row, &once, &rule);
    if (rc == 0)
        rc = place(o, rule, late, &placed);
    if (rc)
        return rc;
    row->digest = placed.digest;
    row->next_try = placed.next_try > at ? placed.next_try : at;
    row->late = late && rule && rule->late == LATE_NOTE;
    return ledger_move(o, row, event_to(placed.state), placed.reason);
}

/* The moment after which it is of no use: at `useful` itself it still is. */
static instant useless_from(const struct rec_ledger *row) {
    return row->useful + 1;
}

/* ---- what the ledger tells ---- */

static struct key row_key(const struct rec_ledger *row) {
    struct key k = key_no((uint64_t)row->hold_no);
    key_u64(&k, (uint64_t)row->no);
    return k;
}

static int count(struct office *o, const struct rec_ledger *row, int rows, int held,
                 struct rec_hold *ret) {
    int rc = hold_get(o, (uint64_t)row->hold_no, ret);
    if (rc)
        return rc == -ENOENT ? -EBADMSG : rc;
    ret->rows += rows;
    ret->held += held;
    must(ret->held >= 0);
    return hold_put(o, ret);
}

/* Few passed once, and are counted again with many. */
static int leave(struct office *o, const struct rec_ledger *row) {
    struct rec_hold hold;
    int rc = office_del(o, TABLE_HOLD_ROW, row_key(row));
    return rc ? rc : count(o, row, -1, 0, &hold);
}

int hold_take(struct office *o, struct rec_ledger *row, uint64_t hold, const char *why) {
    struct rec_hold to;
    int rc = row->hold_no ? leave(o, row) : 0;
    if (rc == 0)
        rc = hold_get(o, hold, &to);
    row->hold_no = (int64_t)hold;
    row->hold = text_of(why);
    if (rc == 0)
        rc = hold_joined(o, row);
    if (rc)
        return rc;
    return ledger_move(o, row, "hold",
                       arena_printf(o->arena, "fell due in %s; catch-up sheet %llu",
                                    text_is(to.cause, "outage")  ? "an outage"
                                    : text_is(to.cause, "pause") ? "a pause"
                                                                 : "a hold",
                                    (unsigned long long)hold));
}

int hold_until(struct office *o, struct rec_ledger *row, instant useful) {
    int rc = row->useful ? due_del(o, useless_from(row), "held", key_no((uint64_t)row->no)) : 0;
    row->useful = row->held_until = useful;
    if (rc == 0 && useful)
        rc = due_add(o, useless_from(row), "held", key_no((uint64_t)row->no));
    return rc ? rc : office_put(o, TABLE_LEDGER, key_no((uint64_t)row->no), row);
}

int hold_joined(struct office *o, const struct rec_ledger *row) {
    struct rec_hold hold;
    int rc = office_mark(o, TABLE_HOLD_ROW, row_key(row), TEXT_LIT(""));
    return rc ? rc : count(o, row, 1, 0, &hold);
}

int hold_entered(struct office *o, struct rec_ledger *row) {
    struct rec_hold hold;
    int rc = count(o, row, 0, 1, &hold);
    if (rc == 0 && row->useful)
        rc = due_add(o, useless_from(row), "held", key_no((uint64_t)row->no));
    row->held_until = text_is(row->hold, "window") ? hold.until : row->useful;
    return rc;
}

int hold_left(struct office *o, const struct rec_ledger *row) {
    struct rec_hold hold;
    struct rec_plan plan;
    int rc = row->useful ? due_del(o, useless_from(row), "held", key_no((uint64_t)row->no)) : 0;
    if (rc == 0)
        rc = count(o, row, 0, -1, &hold);
    if (rc || hold.held || !text_is(hold.state, "open"))
        return rc;
    if (text_is(hold.kind, "letter") && (rc = letter_plan(o, hold.letter, &plan)) != -ENOENT)
        return rc; /* there are more to come; it ends with its window */
    rc = 0;
    if (!text_is(hold.kind, "catchup"))
        rc = due_del(o, hold.until, "hold", key_no((uint64_t)hold.no));
    if (rc)
        return rc;
    return hold_move(o, &hold, "end");
}

int hold_miss(struct office *o, struct key key) {
    struct rec_ledger row;
    int rc = office_get(o, TABLE_LEDGER, key, &row);
    if (rc)
        return rc;
    return hold_has(&row)
               ? ledger_move(o, &row, "miss", TEXT_LIT("nobody released it while it was of use"))
               : -ENOENT;
}
