/* Catch-up sheets: what is on them leaves, or does not, when somebody has seen them. */
#include <errno.h>
#include <stdlib.h>

#include "common/zone.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/hold.h"
#include "services/scheduler/reminders/ledger.h"

struct pick { /* a held row of a sheet */
    instant useful;
    uint64_t no;
};

struct picks {
    struct pick *items;
    size_t count, room;
};

/* The most urgent first; what is always of use comes last. */
static int by_urgency(const void *va, const void *vb) {
    const struct pick *a = va, *b = vb;
    uint64_t ua = a->useful ? (uint64_t)a->useful : UINT64_MAX,
             ub = b->useful ? (uint64_t)b->useful : UINT64_MAX;
    if (ua != ub)
        return ua < ub ? -1 : 1;
    return a->no < b->no ? -1 : a->no > b->no;
}

static void add(struct picks *picks, const struct rec_ledger *row) {
    if (picks->count == picks->room) {
        picks->room = picks->room ? 2 * picks->room : 256;
        struct pick *more = realloc(picks->items, picks->room * sizeof *more);
        must(more);
        picks->items = more;
    }
    picks->items[picks->count++] = (struct pick){row->useful, (uint64_t)row->no};
}

static int pick_of(struct office *o, uint64_t hold, struct text rule, struct picks *picks) {
    struct arena *arena = o->arena;
    struct key at = {.n = 0};
    struct rec_ledger row;
    int rc = 0;
    o->arena = o->scratch;
    while (rc == 0 && (rc = hold_next(o, hold, &at, &row)) == 0) {
        if (hold_has(&row) && (!rule.p || text_eq(row.rule, rule)))
            add(picks, &row);
        arena_reset(o->scratch);
    }
    o->arena = arena;
    return rc == -ENOENT ? 0 : rc;
}

/* Of all open sheets, or of the one that is named. */
static int pick(struct office *o, int64_t sheet, struct text rule, struct picks *picks) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    struct rec_hold hold;
    bool any = false;
    int rc = 0;
    while (rc == 0 && (rc = office_next(o, TABLE_HOLD, &none, &at, &value)) == 0) {
        rc = office_read_at(o, TABLE_HOLD, key_bytes(&at), value, &hold);
        if (rc || !text_is(hold.kind, "catchup") || (sheet && hold.no != sheet) ||
            !text_is(hold.state, "open"))
            continue;
        any = true;
        rc = pick_of(o, (uint64_t)hold.no, rule, picks);
    }
    if (rc != -ENOENT)
        return rc;
    if (!any && sheet)
        return refuse(o, "not-found", "sheet", "There is no open catch-up sheet %lld.",
                      (long long)sheet);
    if (!any)
        return refuse(o, "not-found", "", "No catch-up sheet is open.");
    if (!picks->count)
        return refuse(o, "not-found", "rule", "No letter of rule %.*s waits on the catch-up sheet.",
                      TEXT_ARGS(rule));
    office_about(o, "catchup",
                 sheet ? arena_printf(o->arena, "%lld", (long long)sheet) : TEXT_LIT("all"));
    qsort(picks->items, picks->count, sizeof *picks->items, by_urgency);
    return 0;
}

typedef int pick_fn(struct office *o, struct rec_ledger *row, void *ctx);

static int each(struct office *o, const struct picks *picks, pick_fn *fn, void *ctx) {
    struct arena *arena = o->arena;
    int rc = 0;
    o->arena = o->scratch;
    for (size_t i = 0; rc == 0 && i < picks->count; i++) {
        struct rec_ledger row;
        rc = ledger_get(o, picks->items[i].no, &row);
        if (rc == 0)
            rc = fn(o, &row, ctx);
        arena_reset(o->scratch);
    }
    o->arena = arena;
    return rc;
}

/* ---- they leave ---- */

struct pace {
    int64_t rate; /* a minute; 0: all at once */
    int64_t released, left;
    int64_t ended; /* of those released: they may not leave after all */
    instant last;
};

static int release_one(struct office *o, struct rec_ledger *row, void *ctx) {
    struct pace *p = ctx;
    instant at = o->now + (p->rate ? p->released * MINUTES / p->rate : 0);
    if (row->useful && at > row->useful) { /* at this pace it would come too late */
        p->left++;
        return 0;
    }
    p->released++;
    p->last = at;
    int rc = hold_let_go(o, row, at, TEXT_LIT("released from the catch-up sheet"));
    p->ended += rc == 0 && row->ended;
    return rc;
}

int apply_catchup_release(struct office *o, const struct msg_catchup_release *m) {
    char last[RFC3339_TEXT];
    struct picks picks = {.items = NULL};
    struct pace pace = {.rate = m->rate ? m->rate : o->settings->release_rate};
    int rc = pick(o, m->sheet, m->rule, &picks);
    if (rc == 0)
        rc = each(o, &picks, release_one, &pace);
    free(picks.items);
    if (rc)
        return rc;
    answer_int(o, "released", pace.released - pace.ended);
    if (pace.left)
        answer_int(o, "left", pace.left);
    instant_format(pace.last, office_zone(o, TEXT_NONE), last);
    if (pace.released)
        answer_text(o, "last", arena_text(o->arena, text_of(last)));
    return 0;
}

/* ---- or not ---- */

static int skip_one(struct office *o, struct rec_ledger *row, void *ctx) {
    int64_t *skipped = ctx;
    ++*skipped;
    return ledger_move(o, row, "withdraw", TEXT_LIT("skipped on the catch-up sheet"));
}

int apply_catchup_skip(struct office *o, const struct msg_catchup_skip *m) {
    struct picks picks = {.items = NULL};
    int64_t skipped = 0;
    int rc = pick(o, m->sheet, m->rule, &picks);
    if (rc == 0)
        rc = each(o, &picks, skip_one, &skipped);
    free(picks.items);
    if (rc == 0)
        answer_int(o, "skipped", skipped);
    return rc;
}
