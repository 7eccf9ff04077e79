/* What operators order: sending paused and resumed, single letters, single plans. */
#include <errno.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/catchup.h"
#include "services/scheduler/reminders/existing.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/rule.h"
#include "services/scheduler/reminders/plan.h"

static int set_paused(struct office *o, bool on, enum fact_type fact) {
    uint64_t paused;
    int rc = meta_get(o->txn, "paused", &paused);
    if (rc)
        return rc;
    if ((paused != 0) == on)
        return refuse(o, "already", "",
                      on ? "Sending is paused already." : "Sending is not paused.");
    office_about(o, "sending", TEXT_LIT("all"));
    rc = meta_put(o->txn, "paused", on ? (uint64_t)o->said : 0);
    return rc ? rc : office_fact(o, fact, "sending", TEXT_LIT("all"));
}

int apply_sending_pause(struct office *o, const struct msg_sending_pause *m) {
    (void)m; /* the reason stands in the event and in its decision */
    return set_paused(o, true, FACT_SENDING_PAUSED);
}

int apply_sending_resume(struct office *o, const struct msg_sending_resume *m) {
    (void)m;
    uint64_t since, sheet;
    int rc = meta_get(o->txn, "paused", &since);
    if (rc == 0)
        rc = set_paused(o, false, FACT_SENDING_RESUMED);
    if (rc == 0)
        rc = catchup_after(o, (instant)since, "pause", &sheet);
    if (rc == 0 && sheet)
        answer_int(o, "sheet", (int64_t)sheet);
    return rc;
}

int apply_rules_apply(struct office *o, const struct msg_rules_apply *m) {
    int64_t count;
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
    if (count != m->count)
        return refuse(o, "conflict", "count",
                      "It would reach %lld people who were there before, not %lld.",
                      (long long)count, (long long)m->count);
    answer_int(o, "count", count);
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
    row.next_try = 0;
    rc = ledger_move(o, &row, event, reason);
    if (rc == -EPROTO)
        return refuse(o, "wrong-state", "delivery", "The letter is %.*s; %s cannot follow.",
                      TEXT_ARGS(was), event);
    answer_text(o, "state", row.state);
    return rc;
}

int apply_delivery_retry(struct office *o, const struct msg_delivery_retry *m) {
    return order(o, m->delivery, "retry", TEXT_LIT("an operator asked for it"));
}

int apply_delivery_withdraw(struct office *o, const struct msg_delivery_withdraw *m) {
    return order(o, m->delivery, "withdraw", TEXT_LIT("an operator took it back"));
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
