/* An organisation takes part in a programme, from its place to the programme's end. Its staff is in
 * staff.c, its time in hours.c, how it fares in participation_watch.c. */
#include "services/scheduler/records/participation.h"

#include <errno.h>

#include "common/zone.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/records/solution.h"
#include "services/scheduler/records/staff.h"
#include "services/scheduler/reminders/obligation.h"
#include "services/scheduler/reminders/plan.h"

static struct key key_of(const struct rec_participation *p) {
    return key2(p->programme, p->organisation);
}

struct text participation_id(struct office *o, const struct rec_participation *p) {
    return subject_pair(o, p->programme, p->organisation);
}

int participation_get(struct office *o, struct text programme, struct text organisation,
                      struct rec_participation *ret) {
    struct text there;
    if (!programme.p || !organisation.p)
        return refuse(o, "missing", programme.p ? "participation" : "programme",
                      "Expected a programme and the organisation that takes part.");
    int rc = office_get(o, TABLE_PARTICIPATION, key2(programme, organisation), ret);
    if (rc != -ENOENT)
        return rc;
    rc = office_marked(o, TABLE_PROGRAMME, key1(programme), &there);
    if (rc == -ENOENT)
        return refuse(o, "not-found", "programme", "There is no programme %.*s.",
                      TEXT_ARGS(programme));
    return rc ? rc
              : refuse(o, "not-found", "participation", "%.*s does not take part in %.*s.",
                       TEXT_ARGS(organisation), TEXT_ARGS(programme));
}

int find_participation(struct office *o, struct text programme, struct text organisation,
                       struct rec_participation *ret) {
    int rc = participation_get(o, programme, organisation, ret);
    if (rc == 0 && !text_is(ret->state, "running"))
        return refuse(o, "wrong-state", "participation", "The participation of %.*s is %.*s.",
                      TEXT_ARGS(organisation), TEXT_ARGS(ret->state));
    return rc;
}

int participation_put(struct office *o, struct rec_participation *p) {
    int rc = office_put(o, TABLE_PARTICIPATION, key_of(p), p);
    return rc ? rc : plan_derive(o, "participation", participation_id(o, p));
}

int participation_tell(struct office *o, struct rec_participation *p, enum fact_type fact) {
    struct text id = participation_id(o, p);
    office_about(o, "participation", id);
    int rc = participation_put(o, p);
    return rc ? rc : office_fact(o, fact, "participation", id);
}

int participation_next(struct office *o, const struct key *prefix, struct key *at,
                       struct rec_participation *ret) {
    struct bytes value;
    int rc = office_next(o, TABLE_PARTICIPATION, prefix, at, &value);
    return rc ? rc : office_read(o, TABLE_PARTICIPATION, value, ret);
}

struct text participation_day(struct office *o, struct text zone, int days) {
    char text[WALL_TEXT];
    wall_format(wall_add(zone_wall(office_zone(o, zone), o->said), days, 0), text);
    return arena_printf(o->arena, "%.10s", text);
}

int participation_owes(struct office *o, const struct rec_participation *p, const char *kind,
                       struct text date) {
    struct owed owed = {.kind = kind,
                        .about_kind = "participation",
                        .about = participation_id(o, p),
                        .organisation = p->organisation,
                        .programme = p->programme,
                        .due = arena_printf(o->arena, "%.*sT23:59", TEXT_ARGS(date)),
                        .zone = p->zone};
    return obligation_open(o, &owed);
}

int participation_begin(struct office *o, const struct rec_application *application,
                        const struct rec_programme *programme) {
    struct rec_participation p = {.programme = programme->programme,
                                  .organisation = application->organisation,
                                  .application = application->application,
                                  .zone = programme->zone,
                                  .contact = application->contact,
                                  .least_staff = programme->least_staff,
                                  .starts = programme->starts,
                                  .ends = programme->ends,
                                  .budget_minutes = staff_budget(programme, 0),
                                  .began = o->said};
    struct rec_participation was = {.state = TEXT_NONE};
    int rc = office_get(o, TABLE_PARTICIPATION, key_of(&p), &was);
    if (rc && rc != -ENOENT)
        return rc;
    if (machine_next("PARTICIPATION", was.state, "begin", &p.state))
        return 0;            /* it takes part already, by another call */
    p.minutes = was.minutes; /* its hours from before it left */
    rc = staff_begin_anew(o, &was);
    if (rc == 0)
        rc = participation_look_at(o, &p, participation_first_look(o, &p));
    if (rc == 0)
        rc = participation_put(o, &p);
    if (rc == 0)
        rc = staff_owe(o, &p);
    if (rc == 0)
        rc = participation_owes(o, &p, "publish-solution", p.ends);
    return rc ? rc
              : office_fact(o, FACT_PARTICIPATION_BEGAN, "participation", participation_id(o, &p));
}

static int move_end(struct office *o, struct rec_participation *p, struct text ends) {
    bool there;
    p->ends = ends;
    int rc = p->next_look ? 0 : participation_look_at(o, p, participation_first_look(o, p));
    if (rc == 0)
        rc = participation_put(o, p);
    if (rc == 0)
        rc = solution_is_there(o, p, &there);
    return rc || there ? rc : participation_owes(o, p, "publish-solution", ends);
}

int participation_move_end(struct office *o, const struct rec_programme *programme) {
    struct key prefix = key1(programme->programme), at = {.n = 0};
    struct rec_participation p;
    int rc;
    while ((rc = participation_next(o, &prefix, &at, &p)) == 0)
        if (text_is(p.state, "running") && (rc = move_end(o, &p, programme->ends)))
            return rc;
    return rc == -ENOENT ? 0 : rc;
}

int apply_adviser_assign(struct office *o, const struct msg_adviser_assign *m) {
    struct rec_participation p;
    struct rec_person adviser;
    int rc = find_participation(o, m->programme, m->participation, &p);
    if (rc == 0)
        rc = find_person(o, m->person, "person", &adviser);
    if (rc)
        return rc;
    if (text_eq(p.adviser, m->person))
        return refuse(o, "already", "person", "%.*s is the adviser already.", TEXT_ARGS(m->person));
    p.adviser = m->person;
    p.adviser_assigned = o->said;
    return participation_tell(o, &p, FACT_PARTICIPATION_CHANGED);
}

int apply_test_record(struct office *o, const struct msg_test_record *m) {
    struct rec_participation p;
    struct rec_organisation partner;
    struct list partners = m->partners;
    struct text id;
    int rc = find_participation(o, m->programme, m->participation, &p);
    while (rc == 0 && codec_next_text(&partners, &id))
        rc = find_organisation(o, id, "partners", &partner);
    if (rc)
        return rc;
    p.hypothesis = m->hypothesis;
    p.test_partners = m->partners.raw.p ? m->partners : p.test_partners;
    p.test_result = texts_given(&m->result) ? m->result : p.test_result;
    p.tested = o->said;
    return participation_tell(o, &p, FACT_PARTICIPATION_CHANGED);
}
