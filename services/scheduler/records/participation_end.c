#include "services/scheduler/records/participation_end.h"

#include <errno.h>

#include "services/scheduler/records/application.h"
#include "services/scheduler/records/evidence.h"
#include "services/scheduler/records/hours.h"
#include "services/scheduler/records/milestone.h"
#include "services/scheduler/records/participation.h"
#include "services/scheduler/records/place.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/records/solution.h"
#include "services/scheduler/records/staff.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/obligation.h"
#include "services/scheduler/reminders/plan.h"

/* ---- the programme is over ---- */

static int complete(struct office *o, struct rec_participation *p) {
    const struct text why = TEXT_LIT("The programme is over.");
    struct text id = participation_id(o, p);
    p->completed = o->said;
    int rc = participation_look_at(o, p, 0);
    if (rc == 0)
        rc = participation_put(o, p);
    if (rc == 0) /* the solution may still come */
        rc = obligation_end(o, "name-staff", "participation", id, why);
    if (rc == 0)
        rc = evidence_end_owed(o, p, why);
    if (rc == 0)
        rc = milestone_drop_all(o, p);
    return rc ? rc : office_fact(o, FACT_PARTICIPATION_CHANGED, "participation", id);
}

int participation_complete_all(struct office *o, struct text programme) {
    struct key prefix = key1(programme), at = {.n = 0};
    struct rec_participation p;
    int rc;
    while ((rc = participation_next(o, &prefix, &at, &p)) == 0)
        if (machine_next("PARTICIPATION", p.state, "complete", &p.state) == 0 &&
            (rc = complete(o, &p)))
            return rc;
    return rc == -ENOENT ? 0 : rc;
}

/* ---- it leaves before ---- */

/* Nobody is asked by itself to join a programme that has begun. */
static bool is_for_the_next(struct office *o, const struct rec_participation *p,
                            struct text place) {
    if (place.p)
        return text_is(place, "next");
    return text_cmp(participation_day(o, p->zone, 0), p->starts) < 0;
}

/* The place it had by its application is another's, or nobody's. */
static int give_back(struct office *o, const struct rec_participation *p, struct text place) {
    struct rec_application was, a;
    int rc =
        p->application.p ? office_get(o, TABLE_APPLICATION, key1(p->application), &was) : -ENOENT;
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    a = was;
    if (machine_next("APPLICATION", was.state, "leave", &a.state))
        return 0;
    a.withdrawn = o->said;
    rc = application_put(o, &was, &a);
    if (rc)
        return rc;
    return is_for_the_next(o, p, place) ? place_free(o, p->programme) : place_keep(o, p->programme);
}

int participation_leave(struct office *o, struct rec_participation *p, const struct texts *reason,
                        struct text place) {
    struct text id = participation_id(o, p), why = texts_in(reason, TEXT_LIT("en"));
    must(machine_next("PARTICIPATION", p->state, "leave", &p->state) == 0);
    p->left = o->said;
    p->reason = *reason;
    int rc = participation_look_at(o, p, 0);
    if (rc == 0)
        rc = participation_put(o, p);
    if (rc == 0)
        rc = obligation_end(o, NULL, "participation", id, why);
    if (rc == 0)
        rc = evidence_end_owed(o, p, why);
    if (rc == 0)
        rc = milestone_drop_all(o, p);
    if (rc == 0)
        rc = office_fact(o, FACT_PARTICIPATION_LEFT, "participation", id);
    return rc ? rc : give_back(o, p, place);
}

int apply_participation_leave(struct office *o, const struct msg_participation_leave *m) {
    struct rec_participation p;
    int rc = participation_get(o, m->programme, m->participation, &p);
    if (rc)
        return rc;
    if (text_is(p.state, "left"))
        return refuse(o, "already", "participation", "%.*s has left already.",
                      TEXT_ARGS(m->participation));
    rc = find_participation(o, m->programme, m->participation, &p);
    if (rc)
        return rc;
    office_about(o, "participation", participation_id(o, &p));
    rc = participation_leave(o, &p, &m->reason, m->place);
    answer_text(o, "state", p.state);
    return rc;
}

/* ---- it goes by another id ---- */

int participation_rename(struct office *o, const struct rec_participation *was, struct text into) {
    struct rec_participation p = *was;
    struct text from_id = participation_id(o, was), id;
    p.organisation = into;
    id = participation_id(o, &p);
    int rc = was->next_look
                 ? due_del(o, was->next_look, "pace", key2(was->programme, was->organisation))
                 : 0;
    if (rc == 0 && p.next_look)
        rc = due_add(o, p.next_look, "pace", key2(p.programme, p.organisation));
    if (rc == 0)
        rc = office_del(o, TABLE_PARTICIPATION, key2(was->programme, was->organisation));
    if (rc == 0)
        rc = plan_rename(o, "participation", from_id, id);
    if (rc == 0)
        rc = ledger_rename(o, "participation", from_id, id);
    if (rc == 0)
        rc = staff_move(o, was->programme, was->organisation, into);
    if (rc == 0)
        rc = hours_move(o, was->programme, was->organisation, into);
    if (rc == 0)
        rc = participation_put(o, &p);
    if (rc == 0)
        rc = milestone_move_all(o, was->programme, was->organisation, into);
    if (rc == 0)
        rc = solution_move(o, was->programme, was->organisation, into);
    return rc ? rc : office_fact(o, FACT_PARTICIPATION_CHANGED, "participation", id);
}
