#include "services/cirkel/look_why.h"

#include "proto/owes.h"
#include "services/cirkel/when.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_open(const struct rec_obligation *o) {
    return text_is(o->state, "open") || text_is(o->state, "overdue");
}

/* The subject itself, or what belongs to it: "ans-kolding" and "ans-kolding/anna". */
static bool is_within(struct text id, struct text subject) {
    return text_eq(id, subject) ||
           (id.n > subject.n && id.p[subject.n] == '/' && memcmp(id.p, subject.p, subject.n) == 0);
}

static bool is_hers(const struct why *why, const struct rec_obligation *o) {
    return text_eq(o->person, why->person) ||
           (o->organisation.p && list_has_text(why->who.organisations, o->organisation));
}

/* Somebody else may have been written to about it: colleagues, the adviser, the lead. */
static bool concerns(const struct why *why, const struct rec_obligation *o) {
    if (!why->subject.p)
        return is_hers(why, o) && is_open(o);
    if (text_eq(o->obligation, why->subject) || text_eq(o->about, why->subject))
        return true;
    return is_hers(why, o) &&
           (is_within(o->about, why->subject) || text_eq(o->programme, why->subject));
}

static void tell_obligation(struct why *why, const struct rec_obligation *o) {
    const struct owes *kind = owes_find(o->kind);
    char opened[RFC3339_TEXT], ended[RFC3339_TEXT];
    instant end = o->met ? o->met : o->ended ? o->ended : o->overdue;
    struct text reason = o->reason;

    when_format(o->opened, o->zone, opened);
    when_format(end, o->zone, ended);
    why_say(why, "obligation", "%.*s, about %.*s %.*s: %s Owed by %.*s%s since %s, due %.*s.",
            TEXT_ARGS(o->kind), TEXT_ARGS(o->about_kind), TEXT_ARGS(o->about),
            kind ? kind->doc : "", TEXT_ARGS(o->person.p ? o->person : o->organisation),
            o->person.p       ? ""
            : is_hers(why, o) ? " (anyone there may do it, so this person too)"
                              : " (anyone there may do it)",
            opened, TEXT_ARGS(o->due));
    if (text_is(o->state, "open"))
        return;
    if (reason.n && reason.p[reason.n - 1] == '.')
        reason.n--;
    why_say(why, "obligation", "It is %.*s since %s%s%.*s%s%.*s.", TEXT_ARGS(o->state), ended,
            o->met_by.p ? ", by " : "", TEXT_ARGS(o->met_by), reason.n ? ": " : "",
            TEXT_ARGS(reason));
}

/* ---- its ladder ---- */

struct ladder {
    struct why *why;
    const struct key *prefix;
};

static void tell_step(struct why *why, const struct rec_plan *plan) {
    char due[RFC3339_TEXT], fired[RFC3339_TEXT];

    when_format(plan->due, plan->zone, due);
    when_format(plan->fired, plan->zone, fired);
    if (text_is(plan->state, "planned"))
        why_say(why, "step", "Step %lld of %.*s comes at %s, if it is still owed.",
                (long long)plan->step + 1, TEXT_ARGS(plan->rule), due);
    else if (text_is(plan->state, "fired"))
        why_say(why, "step", "Step %lld of %.*s was at %s; %lld %s considered.",
                (long long)plan->step + 1, TEXT_ARGS(plan->rule), fired,
                (long long)plan->considered, plural(plan->considered, "person was", "people were"));
    else
        why_say(why, "step", "Step %lld of %.*s, due %s, is %.*s.", (long long)plan->step + 1,
                TEXT_ARGS(plan->rule), due, TEXT_ARGS(plan->state));
}

static int on_step(void *ctx, struct bytes key, struct bytes value) {
    struct ladder *ladder = ctx;
    struct rec_plan plan;

    if (!key_has_prefix(key, ladder->prefix))
        return 1;
    if (look_decode(REC_PLAN, value, &plan) == 0)
        tell_step(ladder->why, &plan);
    return 0;
}

static int on_obligation(void *ctx, struct bytes key, struct bytes value) {
    struct why *why = ctx;
    struct rec_obligation o;
    struct ladder ladder;
    struct key prefix;
    int rc;

    (void)key;
    if (look_decode(REC_OBLIGATION, value, &o) || !concerns(why, &o))
        return 0;
    tell_obligation(why, &o);
    prefix = LOOK_KEY(TEXT_LIT("obligation"), o.obligation);
    ladder = (struct ladder){why, &prefix};
    rc = store_scan(why->look.txn, TABLE_PLAN, key_bytes(&prefix), on_step, &ladder);
    return rc < 0 ? rc : 0;
}

int why_owed(struct why *why) {
    return store_scan(why->look.txn, TABLE_OBLIGATION, (struct bytes){"", 0}, on_obligation, why);
}
