/* An organisation ends: merged into another one, or closed. Its side in programmes is in
 * organisation_programme.c. */
#include <errno.h>

#include "services/scheduler/records/mentions.h"
#include "services/scheduler/records/names.h"
#include "services/scheduler/records/organisation.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/plan.h"

static int put(struct office *o, struct rec_organisation *r, enum fact_type fact) {
    office_about(o, "organisation", r->organisation);
    r->ended = o->said;
    int rc = office_put(o, TABLE_ORGANISATION, key1(r->organisation), r);
    if (rc == 0)
        rc = plan_derive(o, "organisation", r->organisation);
    return rc ? rc : office_fact(o, fact, "organisation", r->organisation);
}

/* ---- two are one ---- */

/* She is a member for the other organisation now. */
static int move_memberships(struct office *o, struct text person, struct text from,
                            struct text into) {
    struct key prefix = key1(person), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_MEMBER_OF, &prefix, &at, &value)) == 0) {
        struct rec_membership m;
        rc = office_get(o, TABLE_MEMBERSHIP, key2(key_part(&at, 1), person), &m);
        if (rc == 0 && name_change(&m.organisation, from, into))
            rc = membership_put(o, &m);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

static int move_people(struct office *o, struct text from, struct text into) {
    struct key prefix = key1(from), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_STAFF, &prefix, &at, &value)) == 0) {
        struct rec_person was, p;
        struct text person = arena_text(o->arena, key_part(&at, 1));
        if ((rc = office_get(o, TABLE_PERSON, key1(person), &was)))
            return rc;
        p = was;
        names_change(o, &p.organisations, from, into);
        rc = person_put(o, &was, &p);
        if (rc == 0)
            rc = move_memberships(o, person, from, into);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

static int move_whole(struct office *o, struct text from, struct text into) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_WHOLE, &none, &at, &value)) == 0) {
        struct rec_membership was, now, there;
        if ((rc = office_read(o, TABLE_WHOLE, value, &was)))
            return rc;
        if (!text_eq(was.organisation, from) || !text_is(was.state, "active"))
            continue;
        now = was;
        now.organisation = into;
        was.state = TEXT_LIT("ended");
        was.ended = o->said;
        rc = office_get(o, TABLE_WHOLE, key2(now.network, into), &there);
        if (rc == -ENOENT || (rc == 0 && !text_is(there.state, "active")))
            rc = membership_put(o, &now);
        if (rc == 0)
            rc = membership_put(o, &was);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

#define YEARS_MOST 20

/* Both made the same pledge: for the years of either, and as far as the one that goes on. */
static void join_pledges(struct office *o, const struct rec_pledge *gone, struct rec_pledge *r) {
    struct list lists[] = {r->years, gone->years};
    int64_t years[YEARS_MOST], year;
    uint32_t n = 0;
    struct buf b;
    buf_init(&b, 1000);
    for (unsigned i = 0; i < COUNT_OF(lists); i++)
        while (codec_next_int(&lists[i], &year)) {
            bool known = false;
            for (uint32_t k = 0; k < n; k++)
                known |= years[k] == year;
            if (known || n == YEARS_MOST)
                continue;
            years[n++] = year;
            codec_add_int(&b, year);
        }
    must(!b.over);
    r->years = (struct list){arena_bytes(o->arena, buf_as_bytes(&b)), n};
    r->evidence = r->evidence.p ? r->evidence : gone->evidence;
    r->follow_up = r->follow_up.p ? r->follow_up : gone->follow_up;
    buf_free(&b);
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
        rc = office_get(o, TABLE_PLEDGE, key2(into, p.pledge), &there);
        if (rc == 0 && !text_is(there.state, "ended")) {
            join_pledges(o, &p, &there);
            p = there;
        }
        if (rc == 0 || rc == -ENOENT)
            rc = office_put(o, TABLE_PLEDGE, key2(into, p.pledge), &p);
        if (rc == 0)
            rc = office_del(o, TABLE_PLEDGE, at);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

int apply_organisation_merge(struct office *o, const struct msg_organisation_merge *m) {
    struct rec_organisation r, into;
    if (text_eq(m->organisation, m->into))
        return refuse(o, "conflict", "into", "An organisation cannot be merged into itself.");
    int rc = find_organisation(o, m->organisation, "organisation", &r);
    if (rc == 0)
        rc = find_organisation(o, m->into, "into", &into);
    if (rc == 0)
        rc = organisation_check_merge(o, m->organisation, m->into);
    if (rc)
        return rc;
    rc = move_whole(o, m->organisation, m->into);
    if (rc == 0)
        rc = move_people(o, m->organisation, m->into);
    if (rc == 0)
        rc = move_pledges(o, m->organisation, m->into);
    if (rc == 0)
        rc = mentions_move_organisation(o, m->organisation, m->into);
    if (rc == 0)
        rc = office_get(o, TABLE_ORGANISATION, key1(m->organisation), &r);
    r.state = TEXT_LIT("merged");
    r.into = m->into;
    if (rc == 0)
        rc = put(o, &r, FACT_ORGANISATION_MERGED);
    return rc ? rc : organisation_move_programmes(o, m->organisation, m->into);
}

/* ---- it is no more ---- */

static int end_pledges(struct office *o, struct text organisation) {
    struct key prefix = key1(organisation), at = {.n = 0};
    struct bytes value;
    struct rec_pledge p;
    int rc;
    while ((rc = office_next(o, TABLE_PLEDGE, &prefix, &at, &value)) == 0) {
        rc = office_read(o, TABLE_PLEDGE, value, &p);
        if (rc == 0 && machine_next("PLEDGE", p.state, "end", &p.state) == 0)
            rc = office_put(o, TABLE_PLEDGE, at, &p);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

int apply_organisation_close(struct office *o, const struct msg_organisation_close *m) {
    struct rec_organisation r;
    int rc = find_organisation(o, m->organisation, "organisation", &r);
    if (rc == 0)
        rc = office_move(o, "ORGANISATION", r.state, "close", "organisation", &r.state);
    if (rc)
        return rc;
    struct text reason = m->reason.p ? m->reason : TEXT_LIT("The organisation was closed.");
    rc = membership_end_all(o, TEXT_NONE, m->organisation);
    if (rc == 0)
        rc = end_pledges(o, m->organisation);
    if (rc == 0)
        rc = organisation_leave_programmes(o, m->organisation, reason);
    r.reason = m->reason;
    return rc ? rc : put(o, &r, FACT_ORGANISATION_CLOSED);
}
