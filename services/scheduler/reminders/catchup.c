#include "services/scheduler/reminders/catchup.h"

#include <errno.h>

#include "services/scheduler/reminders/digest.h"
#include "services/scheduler/reminders/fire.h"
#include "services/scheduler/reminders/hold.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/plan.h"

/* ---- gathering ---- */

static int begin(struct office *o, instant due, uint64_t *ret_hold) {
    struct rec_hold hold = {.state = TEXT_NONE,
                            .kind = TEXT_LIT("catchup"),
                            .cause = TEXT_LIT("outage"),
                            .since = due,
                            .until = o->now};
    must(machine_next("HOLD", hold.state, "gather", &hold.state) == 0);
    int rc = hold_open(o, &hold);
    if (rc == 0)
        rc = due_add(o, hold.until, "sheet", key_no((uint64_t)hold.no));
    *ret_hold = (uint64_t)hold.no;
    return rc ? rc : meta_put(o->txn, "gathering", *ret_hold);
}

int catchup_sheet(struct office *o, instant due, bool asked, uint64_t *ret_hold) {
    bool late = o->now - due > o->settings->outage_after;
    int rc = meta_get(o->txn, "gathering", ret_hold);
    if (rc || *ret_hold || !(late || asked)) /* what falls due first is looked at first */
        return rc;
    return begin(o, due, ret_hold);
}

/* ---- overtaken ---- */

static int supersede(struct office *o, struct text key) {
    struct text value;
    struct rec_ledger row;
    uint64_t no;
    size_t at = 0;
    int rc = office_marked(o, TABLE_FIRED, key1(key), &value);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    if (!key_next_u64((struct bytes){value.p, value.n}, &at, &no))
        return -EBADMSG;
    rc = ledger_get(o, no, &row);
    if (rc || !hold_has(&row) || text_is(row.hold, "window"))
        return rc;
    return ledger_move(o, &row, "supersede", TEXT_LIT("overtaken by a later step of its rule"));
}

int catchup_overtake(struct office *o, const struct rec_plan *plan, struct text person) {
    struct key prefix = key2(plan->about_kind, plan->about), at = {.n = 0};
    struct rec_plan earlier;
    struct bytes value;
    int rc;
    key_text(&prefix, plan->rule);
    while ((rc = office_next(o, TABLE_PLAN, &prefix, &at, &value)) == 0) {
        rc = office_read_at(o, TABLE_PLAN, key_bytes(&at), value, &earlier);
        if (rc == 0 && earlier.due < plan->due && earlier.step != plan->step)
            rc = supersede(o, fire_key(o, &earlier, person));
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

static int overtake_earlier(struct office *o, const struct rec_ledger *row) {
    struct rec_occasion of;
    int rc = office_get(o, TABLE_OCCASION, key_no((uint64_t)row->occasion), &of);
    if (rc)
        return rc == -ENOENT ? -EBADMSG : rc;
    struct rec_plan plan = {.rule = of.rule,
                            .about_kind = of.about_kind,
                            .about = of.about,
                            .step = of.step,
                            .due = of.due};
    return catchup_overtake(o, &plan, row->person);
}

/* ---- counting ---- */

static bool is_many(const struct office *o, const struct rec_hold *hold) {
    return hold->held && hold->rows > o->settings->catchup_ask;
}

static int settle_row(struct office *o, struct rec_ledger *row, bool many) {
    if (!hold_has(row))
        return 0;
    int rc = overtake_earlier(o, row); /* also those on a sheet of an outage before */
    if (rc || many || text_is(row->hold, "ask"))
        return rc;
    return hold_let_go(o, row, o->now, TEXT_NONE);
}

/* Goes from row to row after hold->cursor, each in memory that is free again after it; -ENOENT at
 * the end. */
static int settle_slice(struct office *o, const struct rec_hold *hold, bool many,
                        int64_t *ret_cursor) {
    struct arena *arena = o->arena;
    struct key at = key_no((uint64_t)hold->no);
    struct rec_ledger row;
    int rc = 0;
    key_u64(&at, (uint64_t)hold->cursor);
    *ret_cursor = hold->cursor;
    o->arena = o->scratch;
    for (int64_t i = 0; rc == 0 && i < o->settings->fire_slice; i++) {
        rc = hold_next(o, (uint64_t)hold->no, &at, &row);
        if (rc == 0) {
            *ret_cursor = row.no;
            rc = settle_row(o, &row, many);
        }
        arena_reset(o->scratch);
    }
    o->arena = arena;
    return rc;
}

static int finish(struct office *o, struct rec_hold *hold) {
    bool asks = hold->held != 0;
    int rc = due_del(o, hold->until, "sheet", key_no((uint64_t)hold->no));
    if (rc == 0)
        rc = meta_put(o->txn, "gathering", 0);
    if (rc == 0)
        rc = hold_move(o, hold, asks ? "ask" : "pass");
    if (rc || !asks)
        return rc;
    return office_fact(o, FACT_CATCHUP_OPENED, "hold",
                       arena_printf(o->arena, "%lld", (long long)hold->no));
}

int catchup_settle(struct office *o, struct key key) {
    struct rec_hold hold;
    int64_t cursor;
    int rc = office_get(o, TABLE_HOLD, key, &hold);
    if (rc)
        return rc;
    if (!text_is(hold.state, "gathering"))
        return -ENOENT;
    rc = settle_slice(o, &hold, is_many(o, &hold), &cursor);
    bool done = rc == -ENOENT;
    if (rc && !done)
        return rc;
    rc = office_get(o, TABLE_HOLD, key, &hold); /* its rows counted themselves out */
    hold.cursor = done ? 0 : cursor;
    if (rc)
        return rc;
    return done ? finish(o, &hold) : hold_put(o, &hold);
}

/* ---- after a pause ---- */

struct waiting {
    uint64_t hold; /* 0: only count */
    instant since;
    int64_t count;
    bool asks, asked_only;
};

/* It fell due by itself since then, a mass letter with its window; what somebody has let go is not
 * asked about again. */
static int is_asked(struct office *o, const struct waiting *w, const struct rec_ledger *row,
                    bool *ret) {
    struct rec_hold hold;
    *ret = row->decided >= w->since;
    if (!row->hold_no)
        return 0;
    int rc = hold_get(o, (uint64_t)row->hold_no, &hold);
    if (rc)
        return rc == -ENOENT ? -EBADMSG : rc;
    if (text_is(row->hold, "window"))
        *ret = hold.until >= w->since && !hold.released && !row->reason.p;
    else
        *ret &= text_is(hold.state, "passed");
    return 0;
}

static int look_at(struct office *o, struct waiting *w, uint64_t no) {
    struct rec_ledger row;
    int rc = ledger_get(o, no, &row);
    if (rc || !text_is(row.state, "queued") || row.attempts || row.next_try > o->now)
        return rc;
    bool asked;
    rc = is_asked(o, w, &row, &asked);
    if (rc || !asked)
        return rc;
    if (text_is(row.about_kind, "digest") && (rc = digest_until(o, &row, &row.useful)))
        return rc == -ENOENT ? 0 : rc; /* nothing is in it: that is found when it is to leave */
    const struct rule *rule = rulebook_find(o->rules, row.rule);
    bool ask = rule && rule->late == LATE_ASK && o->now - row.due > o->settings->late_after;
    w->count++;
    w->asks |= ask;
    if (!w->hold || (w->asked_only && !ask))
        return 0;
    rc = hold_take(o, &row, w->hold, ask ? "ask" : "catchup");
    if (rc == 0 && row.useful && o->now > row.useful)
        return ledger_move(o, &row, "miss", TEXT_LIT("past its use while nothing could leave"));
    return rc ? rc : overtake_earlier(o, &row);
}

static int look_through(struct office *o, struct waiting *w) {
    struct arena *arena = o->arena;
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    int rc = 0;
    o->arena = o->scratch;
    while (rc == 0 && (rc = office_next(o, TABLE_OUTBOX, &none, &at, &value)) == 0) {
        size_t from = 0;
        uint64_t due, no;
        must(key_next_u64(key_bytes(&at), &from, &due) && key_next_u64(key_bytes(&at), &from, &no));
        if ((instant)due > o->now)
            break;
        rc = look_at(o, w, no);
        arena_reset(o->scratch);
    }
    o->arena = arena;
    return rc == -ENOENT ? 0 : rc;
}

int catchup_after(struct office *o, instant since, const char *cause, uint64_t *ret_hold) {
    struct waiting w = {.since = since};
    struct rec_hold hold = {
        .kind = TEXT_LIT("catchup"), .cause = text_of(cause), .since = since, .until = o->now};
    *ret_hold = 0;
    if (o->now - since <= o->settings->outage_after)
        return 0;
    int rc = look_through(o, &w);
    bool many = w.count > o->settings->catchup_ask;
    if (rc || !(many || w.asks))
        return rc;
    must(machine_next("HOLD", hold.state, "gather", &hold.state) == 0);
    if ((rc = hold_open(o, &hold)))
        return rc;
    *ret_hold = w.hold = (uint64_t)hold.no;
    w.asked_only = !many;
    rc = look_through(o, &w);
    if (rc == 0)
        rc = hold_get(o, w.hold, &hold);
    if (rc == 0)
        rc = hold_move(o, &hold, hold.held ? "ask" : "pass");
    if (rc || !hold.held)
        return rc;
    return office_fact(o, FACT_CATCHUP_OPENED, "hold",
                       arena_printf(o->arena, "%lld", (long long)hold.no));
}
