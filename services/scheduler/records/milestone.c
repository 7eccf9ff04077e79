/* The goals of a participation and their days. */
#include "services/scheduler/records/milestone.h"

#include <errno.h>

#include "common/zone.h"
#include "services/scheduler/records/participation.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/plan.h"

#define MOVES_MOST 1000 /* counted */

/* When its day is over. */
static instant end_of(struct office *o, const struct rec_milestone *r) {
    struct wall day;
    if (date_parse(r->due, &day))
        return 0;
    return zone_instant(office_zone(o, r->zone), wall_add(day, 1, 0));
}

static int put(struct office *o, const struct rec_milestone *was, const struct rec_milestone *r) {
    struct key k = key1(r->milestone), of = key2(r->programme, r->organisation);
    int rc = 0;
    key_text(&of, r->milestone);
    if (was && text_is(was->state, "planned"))
        rc = due_del(o, end_of(o, was), "milestone", k);
    if (rc == 0 && text_is(r->state, "planned"))
        rc = due_add_wall(o, end_of(o, r), r->zone, "milestone", k);
    if (rc == 0)
        rc = office_put(o, TABLE_MILESTONE, k, r);
    if (rc == 0)
        rc = office_mark(o, TABLE_MILESTONE_OF, of, TEXT_LIT(""));
    if (rc == 0)
        rc = plan_derive(o, "milestone", r->milestone);
    return rc ? rc : office_fact(o, FACT_MILESTONE_CHANGED, "milestone", r->milestone);
}

static int tell(struct office *o, const struct rec_milestone *was, const struct rec_milestone *r) {
    office_about(o, "milestone", r->milestone);
    answer_text(o, "milestone", r->milestone);
    answer_text(o, "state", r->state);
    return put(o, was, r);
}

static int check_phase(struct office *o, struct text programme, struct text phase) {
    struct rec_programme r;
    struct part_phase one;
    bool found = !phase.p;
    int rc = found ? 0 : office_get(o, TABLE_PROGRAMME, key1(programme), &r);
    if (rc || found)
        return rc;
    while (codec_next_part(&r.phases, PART_phase, &one))
        found |= text_eq(one.phase, phase);
    return found ? 0
                 : refuse(o, "not-found", "phase", "The programme has no phase %.*s.",
                          TEXT_ARGS(phase));
}

static int check_due(struct office *o, const struct rec_participation *p, struct text due) {
    if (text_cmp(due, participation_day(o, p->zone, 0)) < 0)
        return refuse(o, "too-late", "due", "%.*s is in the past.", TEXT_ARGS(due));
    if (text_cmp(due, p->starts) < 0)
        return refuse(o, "too-early", "due", "The programme starts %.*s.", TEXT_ARGS(p->starts));
    if (text_cmp(due, p->ends) > 0)
        return refuse(o, "too-late", "due", "The programme ends %.*s.", TEXT_ARGS(p->ends));
    return 0;
}

int apply_milestone_plan(struct office *o, const struct msg_milestone_plan *m) {
    struct rec_participation p;
    struct rec_milestone r = {.milestone = office_id(o, m->milestone, "milestone"),
                              .programme = m->programme,
                              .organisation = m->participation,
                              .phase = m->phase,
                              .title = m->title,
                              .due = m->due,
                              .planned = o->said};
    int rc = find_none(o, TABLE_MILESTONE, key1(r.milestone), "milestone");
    if (rc == 0)
        rc = find_participation(o, m->programme, m->participation, &p);
    if (rc == 0)
        rc = check_phase(o, m->programme, m->phase);
    if (rc == 0)
        rc = check_due(o, &p, m->due);
    if (rc == 0)
        rc = office_move(o, "MILESTONE", TEXT_NONE, "plan", "milestone", &r.state);
    if (rc)
        return rc;
    r.zone = p.zone;
    return tell(o, NULL, &r);
}

static int find(struct office *o, struct text id, struct rec_milestone *ret,
                struct rec_participation *ret_of) {
    int rc = office_get(o, TABLE_MILESTONE, key1(id), ret);
    if (rc == -ENOENT)
        return refuse(o, "not-found", "milestone", "There is no milestone %.*s.", TEXT_ARGS(id));
    return rc ? rc : find_participation(o, ret->programme, ret->organisation, ret_of);
}

int apply_milestone_move(struct office *o, const struct msg_milestone_move *m) {
    struct rec_participation p;
    struct rec_milestone was, r;
    int rc = find(o, m->milestone, &was, &p);
    if (rc)
        return rc;
    r = was;
    rc = office_move(o, "MILESTONE", was.state, "move", "milestone", &r.state);
    if (rc == 0 && text_eq(m->due, was.due))
        return refuse(o, "already", "due", "It is due %.*s already.", TEXT_ARGS(was.due));
    if (rc == 0)
        rc = check_due(o, &p, m->due);
    if (rc)
        return rc;
    r.due = m->due;
    r.reason = m->reason;
    r.moves += r.moves < MOVES_MOST;
    r.moved = o->said;
    r.overdue = 0;
    return tell(o, &was, &r);
}

int apply_milestone_reach(struct office *o, const struct msg_milestone_reach *m) {
    struct rec_participation p;
    struct rec_milestone was, r;
    int rc = find(o, m->milestone, &was, &p);
    if (rc)
        return rc;
    if (text_is(was.state, "reached"))
        return refuse(o, "already", "milestone", "It was reached before.");
    r = was;
    rc = office_move(o, "MILESTONE", was.state, "reach", "milestone", &r.state);
    r.reached = o->said;
    return rc ? rc : tell(o, &was, &r);
}

int milestone_expire(struct office *o, struct key key) {
    struct rec_participation p;
    struct rec_milestone was, r;
    int rc = office_get(o, TABLE_MILESTONE, key, &was);
    if (rc == 0)
        rc = office_get(o, TABLE_PARTICIPATION, key2(was.programme, was.organisation), &p);
    if (rc)
        return rc;
    r = was;
    if (!text_is(p.state, "running") || end_of(o, &was) > o->now)
        return -ENOENT; /* over with the participation; or an old date of it */
    rc = machine_next("MILESTONE", was.state, "expire", &r.state);
    r.overdue = o->now;
    return rc ? rc : put(o, &was, &r);
}

/* ---- its participation ends, or goes by another id ---- */

static int drop(struct office *o, const struct rec_milestone *was) {
    struct rec_milestone r = *was;
    if (machine_next("MILESTONE", was->state, "drop", &r.state))
        return 0;
    r.dropped = o->said;
    return put(o, was, &r);
}

/* The next milestone of a participation, from at->n == 0; -ENOENT at the end. */
static int next_of(struct office *o, struct text programme, struct text organisation,
                   struct key *at, struct rec_milestone *ret) {
    struct key prefix = key2(programme, organisation);
    struct bytes value;
    int rc = office_next(o, TABLE_MILESTONE_OF, &prefix, at, &value);
    return rc ? rc : office_get(o, TABLE_MILESTONE, key1(key_part(at, 2)), ret);
}

int milestone_drop_all(struct office *o, const struct rec_participation *p) {
    struct key at = {.n = 0};
    struct rec_milestone r;
    int rc;
    while ((rc = next_of(o, p->programme, p->organisation, &at, &r)) == 0)
        if ((rc = drop(o, &r)))
            return rc;
    return rc == -ENOENT ? 0 : rc;
}

int milestone_move_all(struct office *o, struct text programme, struct text from,
                       struct text into) {
    struct key at = {.n = 0};
    struct rec_milestone was, r;
    int rc;
    while ((rc = next_of(o, programme, from, &at, &was)) == 0) {
        r = was;
        r.organisation = into;
        rc = office_del(o, TABLE_MILESTONE_OF, at);
        if (rc == 0)
            rc = put(o, &was, &r);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}
