/* Decisions: made one by one and held, then told together. */
#include <errno.h>

#include "common/zone.h"
#include "services/scheduler/records/application.h"
#include "services/scheduler/records/assessment.h"
#include "services/scheduler/records/call.h"
#include "services/scheduler/records/place.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/hold.h"
#include "services/scheduler/reminders/plan.h"

/* Judged to be eligible, and not told anything yet. */
static bool is_candidate(const struct rec_application *a) {
    return text_is(a->state, "eligible") || text_is(a->state, "assessed");
}

static bool is_held(const struct rec_application *a) {
    return a->outcome.p && !a->released && (is_candidate(a) || text_is(a->state, "ineligible"));
}

/* ---- making one ---- */

static int check_decidable(struct office *o, const struct rec_application *a, struct text outcome) {
    struct rec_call c;
    int rc = find_call(o, a->call, "application", &c);
    if (rc)
        return rc;
    if (o->said < call_ends(o, &c))
        return refuse(o, "too-early", "application", "The call closes %.*s (%.*s).",
                      TEXT_ARGS(c.closes), TEXT_ARGS(c.zone));
    if (a->released)
        return refuse(o, "already", "application", "The decision was told already: %.*s.",
                      TEXT_ARGS(a->outcome));
    if (!is_candidate(a) && !(text_is(a->state, "ineligible") && text_is(outcome, "declined")))
        return refuse(o, "wrong-state", "application",
                      "The application is %.*s; %.*s cannot follow.", TEXT_ARGS(a->state),
                      TEXT_ARGS(outcome));
    return 0;
}

/* A rank is given once, among those told and those held. */
static int check_rank(struct office *o, const struct msg_decision_make *m,
                      const struct rec_application *a) {
    struct key k = key1(a->programme), at = {.n = 0};
    struct rec_application other;
    struct text told;
    bool reserve = text_is(m->outcome, "reserve");
    if (reserve != (m->rank != 0))
        return refuse(o, reserve ? "missing" : "conflict", "rank",
                      reserve ? "A reserve needs a rank." : "Only a reserve has a rank.");
    if (!reserve)
        return 0;
    key_u64(&k, (uint64_t)m->rank);
    int rc = office_marked(o, TABLE_RESERVE, k, &told);
    if (rc == 0)
        return refuse(o, "conflict", "rank", "The rank %lld is that of %.*s.", (long long)m->rank,
                      TEXT_ARGS(told));
    while (rc == -ENOENT && (rc = application_next(o, a->call, &at, &other)) == 0) {
        if (is_held(&other) && text_is(other.outcome, "reserve") && other.rank == m->rank &&
            !text_eq(other.application, a->application))
            return refuse(o, "conflict", "rank", "The rank %lld is that of %.*s.",
                          (long long)m->rank, TEXT_ARGS(other.application));
        rc = -ENOENT;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* How many places are promised but not told, leaving one application out. */
static int count_promised(struct office *o, struct text call, struct text except, int64_t *ret) {
    struct key at = {.n = 0};
    struct rec_application a;
    int64_t n = 0;
    int rc;
    while ((rc = application_next(o, call, &at, &a)) == 0)
        n += is_held(&a) && text_is(a.outcome, "selected") && !text_eq(a.application, except);
    *ret = n;
    return rc == -ENOENT ? 0 : rc;
}

static int check_places(struct office *o, const struct rec_application *a,
                        const struct rec_programme *p) {
    int64_t promised;
    int rc = count_promised(o, a->call, a->application, &promised);
    if (rc == 0 && p->taken + promised >= p->places)
        return refuse(o, "full", "outcome", "All %lld places are given: %lld told, %lld held.",
                      (long long)p->places, (long long)p->taken, (long long)promised);
    return rc;
}

/* Somebody has looked at them, and nothing may change until they are told or taken back. */
static int check_not_releasing(struct office *o, const struct rec_programme *p, const char *field) {
    struct rec_hold hold;
    char when[RFC3339_TEXT];
    if (!p->releasing)
        return 0;
    int rc = hold_get(o, (uint64_t)p->releasing, &hold);
    if (rc)
        return rc == -ENOENT ? -EBADMSG : rc;
    instant_format(hold.until, office_zone(o, p->zone), when);
    return refuse(o, "wrong-state", field,
                  "Its decisions are told at %s; to change that take them back: hold.undo %lld.",
                  when, (long long)p->releasing);
}

int apply_decision_make(struct office *o, const struct msg_decision_make *m) {
    struct rec_application was, a;
    struct rec_programme p;
    int rc = find_application(o, m->application, "application", &was);
    if (rc == 0)
        rc = find_programme(o, was.programme, "application", &p);
    if (rc == 0)
        rc = check_not_releasing(o, &p, "application");
    if (rc == 0)
        rc = check_decidable(o, &was, m->outcome);
    if (rc == 0)
        rc = check_rank(o, m, &was);
    if (rc == 0 && text_is(m->outcome, "selected"))
        rc = check_places(o, &was, &p);
    if (rc)
        return rc;
    a = was;
    a.outcome = m->outcome;
    a.rank = m->rank;
    a.reasons = m->reasons;
    a.decided = o->said;
    answer_text(o, "outcome", a.outcome);
    rc = application_tell(o, &was, &a, FACT_DECISION_MADE);
    return rc ? rc : assessment_stop(o, &a, TEXT_LIT("The application was decided."));
}

/* ---- telling them ---- */

/* The answer that a held decision gives to whoever speaks for it: 1 yes, -1 no, 0 neither. */
static int answer_of(const struct rec_application *a) {
    if (!is_held(a))
        return 0;
    return text_is(a->outcome, "selected") ? 1 : text_is(a->outcome, "declined") ? -1 : 0;
}

static int check_both(struct office *o, const struct rec_application *a) {
    struct key at = {.n = 0};
    struct rec_application other;
    int rc, answer = answer_of(a);
    if (answer <= 0) /* the pair is found from its yes */
        return 0;
    while ((rc = application_next(o, a->call, &at, &other)) == 0)
        if (answer_of(&other) < 0 && text_eq(other.contact, a->contact))
            return refuse(o, "conflict", "anyway", "%.*s would hear yes (%.*s) and no (%.*s).",
                          TEXT_ARGS(a->contact), TEXT_ARGS(a->application),
                          TEXT_ARGS(other.application));
    return rc == -ENOENT ? 0 : rc;
}

/* Whoever waits for an answer must have one. */
static int check_decided(struct office *o, const struct rec_application *a) {
    bool waits = text_is(a->state, "submitted") || text_is(a->state, "more-asked");
    char field[sizeof o->refusal.field];
    if (!waits && (!is_candidate(a) || a->outcome.p))
        return 0;
    must(text_copy(arena_printf(o->arena, "decision.%.*s", TEXT_ARGS(a->application)), field,
                   sizeof field) == 0);
    return refuse(o, "missing", field, "%.*s has not been %s.", TEXT_ARGS(a->application),
                  waits ? "judged" : "decided");
}

struct counts {
    int64_t selected, reserve, declined;
};

static int look_all(struct office *o, const struct rec_call *c, bool anyway, struct counts *ret) {
    struct key at = {.n = 0};
    struct rec_application a;
    struct counts n = {0, 0, 0};
    int rc;
    while ((rc = application_next(o, c->call, &at, &a)) == 0) {
        rc = check_decided(o, &a);
        if (rc == 0 && !anyway)
            rc = check_both(o, &a);
        if (rc)
            return rc;
        if (!is_held(&a))
            continue;
        n.selected += text_is(a.outcome, "selected");
        n.reserve += text_is(a.outcome, "reserve");
        n.declined += text_is(a.outcome, "declined");
    }
    *ret = n;
    return rc == -ENOENT ? 0 : rc;
}

static int tell_one(struct office *o, const struct rec_call *c, struct rec_programme *p,
                    struct rec_application *a) {
    struct rec_application was = *a;
    a->released = o->said;
    if (text_is(a->outcome, "selected"))
        return place_offer(o, p, c->accept_days, o->said, a);
    must(machine_next("APPLICATION", was.state,
                      text_is(a->outcome, "reserve") ? "reserve" : "decline", &a->state) == 0);
    return application_put(o, &was, a);
}

static int tell_all(struct office *o, const struct rec_call *c, struct rec_programme *p) {
    struct key at = {.n = 0};
    struct rec_application a;
    int rc;
    while ((rc = application_next(o, c->call, &at, &a)) == 0)
        if (is_held(&a) && (rc = tell_one(o, c, p, &a)))
            return rc;
    return rc == -ENOENT ? 0 : rc;
}

static int check_release(struct office *o, struct text programme, bool anyway,
                         struct rec_programme *p, struct rec_call *c, struct counts *ret) {
    int rc = find_programme(o, programme, "programme", p);
    if (rc == 0)
        rc = call_of(o, programme, c);
    if (rc == -ENOENT)
        return refuse(o, "not-found", "programme", "The programme has had no call.");
    if (rc)
        return rc;
    if (!text_is(c->state, "decided") && o->said < call_ends(o, c))
        return refuse(o, "too-early", "programme", "The call closes %.*s (%.*s).",
                      TEXT_ARGS(c->closes), TEXT_ARGS(c->zone));
    rc = look_all(o, c, anyway, ret);
    if (rc)
        return rc;
    if (text_is(c->state, "decided") && !(ret->selected + ret->reserve + ret->declined))
        return refuse(o, "already", "programme", "All decisions were told already.");
    if (p->taken + ret->selected > p->places)
        return refuse(o, "full", "programme",
                      "There are %lld places; %lld are taken, %lld more decided.",
                      (long long)p->places, (long long)p->taken, (long long)ret->selected);
    return 0;
}

/* The call may be over while nobody has looked after that yet. */
static int shut_first(struct office *o, struct rec_call *c, struct rec_programme *p) {
    if (text_is(c->state, "open"))
        return call_shut(o, c, p);
    return 0;
}

/* All that a release is, at this moment. */
static int release(struct office *o, struct rec_programme *p, struct rec_call *c) {
    int rc = shut_first(o, c, p);
    if (rc == 0)
        rc = office_move(o, "CALL", c->state, "release", "call", &c->state);
    if (rc == 0)
        rc = office_move(o, "PROGRAMME", p->state, "release", "programme", &p->state);
    if (rc)
        return rc;
    p->released = c->decided = o->said;
    p->releasing = 0;
    rc = tell_all(o, c, p);
    if (rc == 0)
        rc = call_put(o, c);
    if (rc == 0)
        rc = programme_put(o, p);
    return rc ? rc : office_fact(o, FACT_DECISIONS_RELEASED, "programme", p->programme);
}

/* Nothing changes but that it is held: what is taken back was never there. */
static int open_window(struct office *o, const struct msg_decision_release *m,
                       struct rec_programme *p, int64_t count) {
    char until[RFC3339_TEXT];
    struct rec_hold hold = {.kind = TEXT_LIT("decisions"),
                            .until = o->said + m->window * MINUTES,
                            .programme = p->programme,
                            .count = count,
                            .anyway = m->anyway};
    must(machine_next("HOLD", hold.state, "open", &hold.state) == 0);
    int rc = hold_open(o, &hold);
    if (rc == 0)
        rc = due_add(o, hold.until, "hold", key_no((uint64_t)hold.no));
    p->releasing = hold.no;
    if (rc == 0)
        rc = programme_put(o, p);
    instant_format(hold.until, office_zone(o, p->zone), until);
    answer_int(o, "hold", hold.no);
    answer_text(o, "until", arena_text(o->arena, text_of(until)));
    return rc ? rc : office_fact(o, FACT_HOLD_OPENED, "programme", p->programme);
}

int apply_decision_release(struct office *o, const struct msg_decision_release *m) {
    struct rec_programme p;
    struct rec_call c;
    struct counts n = {0, 0, 0};
    int rc = check_release(o, m->programme, m->anyway, &p, &c, &n);
    if (rc == 0)
        rc = check_not_releasing(o, &p, "programme");
    if (rc)
        return rc;
    int64_t count = n.selected + n.reserve + n.declined;
    if (m->count && m->count != count)
        return refuse(o, "conflict", "count", "It would tell %lld %s, not %lld.", (long long)count,
                      plural(count, "decision", "decisions"), (long long)m->count);
    office_about(o, "programme", p.programme);
    rc = m->window ? open_window(o, m, &p, count) : release(o, &p, &c);
    answer_int(o, "selected", n.selected);
    answer_int(o, "reserve", n.reserve);
    answer_int(o, "declined", n.declined);
    return rc;
}

int decision_release_held(struct office *o, struct rec_hold *hold) {
    struct rec_programme p;
    struct rec_call c;
    struct counts n = {0, 0, 0};
    int rc = check_release(o, hold->programme, hold->anyway, &p, &c, &n);
    if (rc == 0)
        rc = release(o, &p, &c);
    if (rc == 0)
        rc = due_del(o, hold->until, "hold", key_no((uint64_t)hold->no));
    return rc ? rc : hold_move(o, hold, "end");
}

int decision_take_back(struct office *o, struct rec_hold *hold) {
    struct rec_programme p;
    int rc = office_get(o, TABLE_PROGRAMME, key1(hold->programme), &p);
    if (rc)
        return rc == -ENOENT ? -EBADMSG : rc;
    p.releasing = 0;
    rc = due_del(o, hold->until, "hold", key_no((uint64_t)hold->no));
    if (rc == 0)
        rc = programme_put(o, &p);
    return rc ? rc : hold_move(o, hold, "undo");
}

int decision_expire(struct office *o, struct rec_hold *hold) {
    int rc = decision_release_held(o, hold);
    if (rc != -EPROTO)
        return rc;
    hold->reason = arena_text(o->arena, text_of(o->refusal.text));
    return decision_take_back(o, hold); /* meanwhile something stands against it */
}
