/* What is held, letter by letter and hold by hold: it leaves now, or is taken back. */
#include <errno.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/hold.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/plan.h"

static int find_hold(struct office *o, int64_t no, struct rec_hold *ret) {
    int rc = hold_get(o, (uint64_t)no, ret);
    if (rc == -ENOENT)
        return refuse(o, "not-found", "hold", "There is no hold %lld.", (long long)no);
    if (rc)
        return rc;
    if (text_is(ret->kind, "catchup"))
        return refuse(o, "wrong-state", "hold",
                      "%lld is a catch-up sheet: catchup.release or catchup.skip decides.",
                      (long long)no);
    if (!text_is(ret->state, "open"))
        return refuse(o, text_is(ret->state, "ended") ? "too-late" : "already", "hold",
                      "Hold %lld is %.*s.", (long long)no, TEXT_ARGS(ret->state));
    office_about(o, "hold", arena_printf(o->arena, "%lld", (long long)no));
    return 0;
}

static int release_letter(struct office *o, int64_t no) {
    struct rec_ledger row;
    int rc = ledger_get(o, (uint64_t)no, &row);
    if (rc == -ENOENT)
        return refuse(o, "not-found", "delivery", "There is no delivery %lld.", (long long)no);
    if (rc == 0 && !hold_has(&row))
        return refuse(o, "wrong-state", "delivery", "The letter is %.*s; nobody holds it.",
                      TEXT_ARGS(row.state));
    if (rc)
        return rc;
    office_about(o, "ledger", arena_printf(o->arena, "%lld", (long long)no));
    rc = hold_let_go(o, &row, o->now, TEXT_LIT("an operator released it"));
    if (rc == 0)
        answer_text(o, "state", row.state);
    return rc;
}

/* A mass letter's window ends now: its rows leave a slice at a time. */
static int bring_forward(struct office *o, struct rec_hold *hold) {
    struct key key = key_no((uint64_t)hold->no);
    int rc = due_del(o, hold->until, "hold", key);
    hold->until = o->now;
    hold->released = true;
    if (rc == 0)
        rc = due_add(o, hold->until, "hold", key);
    return rc ? rc : hold_put(o, hold);
}

int hold_expire(struct office *o, struct key key) {
    struct rec_hold hold;
    int rc = office_get(o, TABLE_HOLD, key, &hold);
    if (rc)
        return rc;
    bool letter = text_is(hold.kind, "letter");
    if (text_is(hold.state, "undone") || (!letter && !text_is(hold.state, "open")))
        return -ENOENT;
    return letter ? letter_go(o, &hold) : decision_expire(o, &hold);
}

int apply_hold_release(struct office *o, const struct msg_hold_release *m) {
    struct rec_hold hold;
    if (!m->delivery == !m->hold)
        return refuse(o, m->hold ? "conflict" : "missing", "delivery",
                      "Expected either a letter or a hold.");
    if (m->delivery)
        return release_letter(o, m->delivery);
    int rc = find_hold(o, m->hold, &hold);
    if (rc || text_is(hold.kind, "decisions"))
        return rc ? rc : decision_release_held(o, &hold);
    return bring_forward(o, &hold);
}

int apply_hold_undo(struct office *o, const struct msg_hold_undo *m) {
    struct rec_hold hold;
    int rc = find_hold(o, m->hold, &hold);
    if (rc == 0 && o->said >= hold.until)
        return refuse(o, "too-late", "hold", "Its window is over.");
    if (rc)
        return rc;
    return text_is(hold.kind, "letter") ? letter_take_back(o, &hold) : decision_take_back(o, &hold);
}
