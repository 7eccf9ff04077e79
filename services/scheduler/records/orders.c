/* What operators order: sending paused and resumed, single letters, single plans. */
#include <errno.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/catchup.h"
#include "services/scheduler/reminders/digest.h"
#include "services/scheduler/reminders/existing.h"
#include "services/scheduler/reminders/halt.h"
#include "services/scheduler/reminders/hold.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/rule.h"
#include "services/scheduler/reminders/plan.h"

#define RESENDS_MOST 10 /* records_reminder.def */

int apply_sending_pause(struct office *o, const struct msg_sending_pause *m) {
    bool paused;
    int rc = halt_is(o, "pause", &paused);
    if (rc)
        return rc;
    if (paused)
        return refuse(o, "already", "", "Sending is paused already.");
    office_about(o, "sending", TEXT_LIT("all"));
    return halt_begin(o, "pause", m->reason);
}

/* What is still in the way, so that nobody takes one hold for all. */
static int tell_rest(struct office *o, uint64_t sheet) {
    bool held;
    if (sheet)
        answer_int(o, "sheet", (int64_t)sheet);
    int rc = halt_any(o->txn, &held);
    if (rc == 0 && held)
        answer_text(o, "still", TEXT_LIT("held; see cirkel queues"));
    return rc;
}

/* The reason why it ends stands in the event. */
static int end_hold(struct office *o, const char *hold, const char *not_there) {
    uint64_t sheet;
    bool held;
    int rc = halt_is(o, hold, &held);
    if (rc)
        return rc;
    if (!held)
        return refuse(o, "already", "", "%s", not_there);
    office_about(o, "sending", TEXT_LIT("all"));
    rc = halt_end(o, hold, &sheet);
    return rc ? rc : tell_rest(o, sheet);
}

int apply_sending_resume(struct office *o, const struct msg_sending_resume *m) {
    (void)m;
    return end_hold(o, "pause", "Sending is not paused.");
}

int apply_sending_release(struct office *o, const struct msg_sending_release *m) {
    return text_is(m->hold, "clock") ? end_hold(o, "clock", "The clock holds nothing.")
                                     : end_hold(o, "copy", "Nothing is held because of a copy.");
}

int apply_rules_apply(struct office *o, const struct msg_rules_apply *m) {
    struct existing_count count;
    if (!text_is(m->version, o->rules->name)) {
        if (o->reread != UINT64_MAX && o->reread != o->seq)
            return -ESTALE;
        return refuse(o, "conflict", "version",
                      "The configuration in force is %s; there is no %.*s in the home.",
                      o->rules->name, TEXT_ARGS(m->version));
    }
    office_about(o, "rules", m->version);
    if (!m->also_existing)
        return office_fact(o, FACT_RULES_APPLIED, "rules", m->version);
    int rc = existing_count(o, &count);
    if (rc)
        return rc;
    if (count.people != m->count)
        return refuse(o, "conflict", "count", "It would reach %lld %s there before, not %lld.",
                      (long long)count.people,
                      plural(count.people, "person who was", "people who were"),
                      (long long)m->count);
    answer_int(o, "count", count.people);
    rc = existing_wake(o, &count);
    return rc ? rc : office_fact(o, FACT_RULES_APPLIED, "rules", m->version);
}

static int order(struct office *o, int64_t no, const char *event, struct text reason) {
    struct rec_ledger row;
    int rc = ledger_get(o, (uint64_t)no, &row);
    if (rc == -ENOENT)
        return refuse(o, "not-found", "delivery", "There is no delivery %lld.", (long long)no);
    if (rc)
        return rc;
    office_about(o, "ledger", arena_printf(o->arena, "%lld", (long long)no));
    struct text was = row.state;
    bool again = text_is(text_of(event), "retry"), has_left = false;
    if (text_is(was, "digested") && (rc = digest_has_left(o, &row, &has_left)))
        return rc;
    if (has_left)
        return refuse(o, "wrong-state", "delivery", "The letter it is in may have left.");
    row.next_try = 0;
    row.deferred = again ? 0 : row.deferred;
    row.resends += again && text_is(was, "unknown") && row.resends < RESENDS_MOST;
    rc = again && hold_has(&row) ? hold_let_go(o, &row, o->now, reason)
                                 : ledger_move(o, &row, event, reason);
    if (rc == -EPROTO)
        return refuse(o, "wrong-state", "delivery", "The letter is %.*s; only one that %s.",
                      TEXT_ARGS(was),
                      again ? "failed, was deferred, is held or is of unknown fate is tried again"
                            : "waits can be withdrawn");
    answer_text(o, "state", row.state);
    return rc;
}

int apply_delivery_retry(struct office *o, const struct msg_delivery_retry *m) {
    return order(o, m->delivery, "retry", TEXT_LIT("an operator asked for it"));
}

int apply_delivery_withdraw(struct office *o, const struct msg_delivery_withdraw *m) {
    return order(o, m->delivery, "withdraw", TEXT_LIT("an operator took it back"));
}

int apply_backup_record(struct office *o, const struct msg_backup_record *m) {
    struct rec_backup rec = {
        .no = m->input, .path = m->path, .position = m->position, .at = o->said};
    uint64_t from;
    int rc = meta_get(o->txn, "inputs-from", &from);
    if (rc)
        return rc;
    if ((uint64_t)m->position > o->seq)
        return refuse(o, "conflict", "position", "No event %lld has been applied here.",
                      (long long)m->position);
    if ((uint64_t)m->input < from)
        return refuse(o, "too-late", "input", "A later backup is known.");
    office_about(o, "backup", arena_printf(o->arena, "%lld", (long long)m->input));
    rc = meta_put(o->txn, "inputs-from", (uint64_t)m->input);
    if (rc == 0)
        rc = office_put(o, TABLE_BACKUP, key_no((uint64_t)m->input), &rec);
    return rc ? rc : office_fact(o, FACT_BACKUP_MADE, "backup", o->about);
}

/* Data that was restored does not know of letters that left after its backup was made. */
int apply_delivery_left(struct office *o, const struct msg_delivery_left *m) {
    struct rec_ledger row;
    bool held;
    int rc = halt_is(o, "copy", &held);
    if (rc == 0 && !held)
        return refuse(o, "wrong-state", "",
                      "Nothing here was copied or restored, or it has been released.");
    if (rc == 0 && !m->delivery)
        return ledger_remember_left(o, m->message_id);
    if (rc == 0)
        rc = ledger_get(o, (uint64_t)m->delivery, &row);
    if (rc == -ENOENT || (rc == 0 && !text_eq(row.message_id, m->message_id)))
        return refuse(o, "not-found", "delivery",
                      "Delivery %lld is no letter with that Message-ID.", (long long)m->delivery);
    return rc ? rc : order(o, m->delivery, "accept", LEDGER_LEFT);
}

/* "kind/subject/rule/step/occurrence", as forecast shows it. */
static int find_plan(struct office *o, struct text name, struct rec_plan *ret) {
    struct text kind, id = TEXT_NONE, part;
    struct key at = {.n = 0};
    struct text rest = name;
    const struct subject_kind *k;
    if (!text_cut(&rest, '/', &kind) || subject_kind_find(kind, &k) || !text_cut(&rest, '/', &id))
        return -ENOENT;
    if (k->parts == 2 && text_cut(&rest, '/', &part))
        id = subject_pair(o, id, part);
    for (;;) {
        int rc = plan_next(o, k->name, id, &at, ret);
        if (rc)
            return rc;
        struct text full =
            arena_printf(o->arena, "%.*s/%.*s/%.*s/%lld/%.*s", TEXT_ARGS(kind), TEXT_ARGS(id),
                         TEXT_ARGS(ret->rule), (long long)ret->step, TEXT_ARGS(ret->occurrence));
        if (text_eq(full, name))
            return 0;
    }
}

int apply_plan_skip(struct office *o, const struct msg_plan_skip *m) {
    struct rec_plan plan;
    int rc = find_plan(o, m->plan, &plan);
    if (rc == -ENOENT)
        return refuse(o, "not-found", "plan",
                      "There is no such plan; expected kind/subject/rule/step/occurrence.");
    if (rc)
        return rc;
    if (!text_is(plan.state, "planned"))
        return refuse(o, "wrong-state", "plan", "The plan is %.*s.", TEXT_ARGS(plan.state));
    office_about(o, "plan", plan.about);
    rc = due_del(o, plan.due, "plan", plan_key(&plan));
    plan.state = TEXT_LIT("skipped");
    plan.fired = o->said;
    return rc ? rc : plan_put(o, &plan);
}
