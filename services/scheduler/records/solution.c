/* The tested model that a participation is to find. It outlives the programme. */
#include "services/scheduler/records/solution.h"

#include <errno.h>

#include "services/scheduler/records/participation.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/obligation.h"
#include "services/scheduler/reminders/plan.h"

#define VERSIONS_MOST 100000

int solution_is_there(struct office *o, const struct rec_participation *p, bool *ret) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    int rc;
    *ret = false;
    while (!*ret && (rc = office_next(o, TABLE_SOLUTION, &none, &at, &value)) == 0) {
        struct rec_solution r;
        if ((rc = office_read(o, TABLE_SOLUTION, value, &r)))
            return rc;
        *ret = text_eq(r.programme, p->programme) && text_eq(r.organisation, p->organisation);
    }
    return *ret || rc == -ENOENT ? 0 : rc;
}

/* The version before, or an empty one. */
static int find_before(struct office *o, struct text id, const struct rec_participation *p,
                       struct rec_solution *ret) {
    *ret = (struct rec_solution){.solution = id,
                                 .programme = p->programme,
                                 .organisation = p->organisation,
                                 .zone = p->zone};
    int rc = office_get(o, TABLE_SOLUTION, key1(id), ret);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    if (!text_eq(ret->programme, p->programme) || !text_eq(ret->organisation, p->organisation))
        return refuse(o, "not-allowed", "solution", "%.*s is the solution of %.*s.", TEXT_ARGS(id),
                      TEXT_ARGS(ret->organisation));
    if (ret->version >= VERSIONS_MOST)
        return refuse(o, "full", "solution", "There are %d versions.", VERSIONS_MOST);
    return 0;
}

int apply_solution_publish(struct office *o, const struct msg_solution_publish *m) {
    struct rec_participation p;
    struct rec_solution r;
    int rc = participation_get(o, m->programme, m->participation, &p);
    if (rc == 0)
        rc = find_before(o, office_id(o, m->solution, "solution"), &p, &r);
    if (rc == 0)
        rc = office_move(o, "SOLUTION", r.state, "publish", "solution", &r.state);
    if (rc)
        return rc;
    r.title = m->title;
    r.text = m->text;
    r.links = m->links.raw.p ? m->links : r.links;
    r.visibility = m->visibility;
    r.version++;
    r.published = o->said;
    office_about(o, "solution", r.solution);
    answer_text(o, "solution", r.solution);
    answer_int(o, "version", r.version);
    rc = office_put(o, TABLE_SOLUTION, key1(r.solution), &r);
    if (rc == 0)
        rc = plan_derive(o, "solution", r.solution);
    if (rc == 0)
        rc = obligation_meet(o, "publish-solution", "participation", participation_id(o, &p),
                             p.organisation, TEXT_NONE);
    return rc ? rc : office_fact(o, FACT_SOLUTION_PUBLISHED, "solution", r.solution);
}

int solution_move(struct office *o, struct text programme, struct text from, struct text into) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_SOLUTION, &none, &at, &value)) == 0) {
        struct rec_solution r;
        if ((rc = office_read(o, TABLE_SOLUTION, value, &r)))
            return rc;
        if (!text_eq(r.programme, programme) || !text_eq(r.organisation, from))
            continue;
        r.organisation = into;
        rc = office_put(o, TABLE_SOLUTION, at, &r);
        if (rc == 0)
            rc = plan_derive(o, "solution", r.solution);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}
