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

static bool is_among(const struct text *items, uint32_t n, struct text item) {
    for (uint32_t i = 0; i < n; i++)
        if (text_eq(items[i], item))
            return true;
    return false;
}

/* Everybody of the organisation, with another one in its place (absent: none). */
static int move_people(struct office *o, struct text from, struct text into) {
    struct key prefix = key1(from), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_STAFF, &prefix, &at, &value)) == 0) {
        struct rec_person was, p;
        struct text items[22], item;
        uint32_t n = 0;
        struct text person = key_part(&at, 1);
        if ((rc = office_get(o, TABLE_PERSON, key1(arena_text(o->arena, person)), &was)))
            return rc;
        p = was;
        struct list list = was.organisations;
        while (codec_next_text(&list, &item) && n < COUNT_OF(items)) {
            if (text_eq(item, from))
                item = into;
            if (item.p && !is_among(items, n, item))
                items[n++] = item;
        }
        p.organisations = office_list_of(o, items, n);
        if ((rc = person_put(o, &was, &p)))
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

static int move_pledges(struct office *o, struct text from, struct text into) {
    struct key prefix = key1(from), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_PLEDGE, &prefix, &at, &value)) == 0) {
        struct rec_pledge p, there;
        if ((rc = office_read(o, TABLE_PLEDGE, value, &p)))
            return rc;
        p.organisation = into;
        struct key to = key2(into, p.pledge);
        rc = office_get(o, TABLE_PLEDGE, to, &there);
        if (rc == -ENOENT)
            rc = office_put(o, TABLE_PLEDGE, to, &p);
        if (rc == 0)
            rc = office_del(o, TABLE_PLEDGE, at);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

int apply_organisation_merge(struct office *o, const struct msg_organisation_merge *m) {
    struct rec_organisation r, into;
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    if (text_eq(m->organisation, m->into))
        return refuse(o, "conflict", "into", "An organisation cannot be merged into itself.");
    int rc = find_organisation(o, m->organisation, "organisation", &r);
    if (rc == 0)
        rc = find_organisation(o, m->into, "into", &into);
    if (rc)
        return rc;
    while ((rc = office_next(o, TABLE_WHOLE, &none, &at, &value)) == 0) {
        struct rec_membership was, now, there;
        if ((rc = office_read(o, TABLE_WHOLE, value, &was)))
            return rc;
        if (!text_eq(was.organisation, m->organisation) || !text_is(was.state, "active"))
            continue;
        now = was;
        now.organisation = m->into;
        was.state = TEXT_LIT("ended");
        was.ended = o->said;
        rc = office_get(o, TABLE_WHOLE, key2(now.network, m->into), &there);
        if (rc == -ENOENT || (rc == 0 && !text_is(there.state, "active")))
            rc = membership_put(o, &now);
        if (rc == 0)
            rc = membership_put(o, &was);
        if (rc)
            return rc;
    }
    if (rc != -ENOENT)
        return rc;
    rc = move_people(o, m->organisation, m->into);
    if (rc == 0)
        rc = move_pledges(o, m->organisation, m->into);
    r.state = TEXT_LIT("merged");
    r.into = m->into;
    return rc ? rc : put(o, &r, FACT_ORGANISATION_MERGED);
}

int apply_organisation_close(struct office *o, const struct msg_organisation_close *m) {
    struct rec_organisation r;
    int rc = find_organisation(o, m->organisation, "organisation", &r);
    if (rc == 0)
        rc = office_move(o, "ORGANISATION", r.state, "close", "organisation", &r.state);
    if (rc == 0)
        rc = membership_end_all(o, TEXT_NONE, m->organisation);
    return rc ? rc : put(o, &r, FACT_ORGANISATION_CLOSED);
}
