#include <errno.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/plan.h"

static int put(struct office *o, struct rec_organisation *r, enum fact_type fact) {
    office_about(o, "organisation", r->organisation);
    int rc = office_put(o, TABLE_ORGANISATION, key1(r->organisation), r);
    if (rc == 0)
        rc = plan_derive(o, "organisation", r->organisation);
    return rc ? rc : office_fact(o, fact, "organisation", r->organisation);
}

static int check_parent(struct office *o, struct text parent, struct text self) {
    struct rec_organisation r;
    if (!parent.p)
        return 0;
    if (self.p && text_eq(parent, self))
        return refuse(o, "conflict", "parent", "An organisation cannot be its own parent.");
    return find_organisation(o, parent, "parent", &r);
}

int apply_organisation_register(struct office *o, const struct msg_organisation_register *m) {
    struct rec_organisation r = {.organisation = office_id(o, m->organisation, "org"),
                                 .state = TEXT_LIT("active"),
                                 .name = m->name,
                                 .kind = m->kind,
                                 .country = m->country,
                                 .region = m->region,
                                 .number = m->number,
                                 .parent = m->parent};
    int rc = find_none(o, TABLE_ORGANISATION, key1(r.organisation), "organisation");
    if (rc == 0)
        rc = check_parent(o, m->parent, r.organisation);
    if (rc)
        return rc;
    answer_text(o, "organisation", r.organisation);
    return put(o, &r, FACT_ORGANISATION_REGISTERED);
}

int apply_organisation_update(struct office *o, const struct msg_organisation_update *m) {
    struct rec_organisation r;
    int rc = find_organisation(o, m->organisation, "organisation", &r);
    if (rc == 0)
        rc = check_parent(o, m->parent, m->organisation);
    if (rc)
        return rc;
    r.name = m->name.p ? m->name : r.name;
    r.kind = m->kind.p ? m->kind : r.kind;
    r.country = m->country.p ? m->country : r.country;
    r.region = m->region.p ? m->region : r.region;
    r.number = m->number.p ? m->number : r.number;
    r.parent = m->parent.p ? m->parent : r.parent;
    return put(o, &r, FACT_ORGANISATION_UPDATED);
}
