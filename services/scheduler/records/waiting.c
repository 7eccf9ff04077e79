/* Places and the waiting list. One writer owns them: numbers, rows and indexes change together. */
#include <errno.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/records/registration.h"
#include "services/scheduler/reminders/plan.h"

bool registration_needs_no_place(const struct rec_meeting *m, const struct rec_registration *r) {
    return text_is(m->mode, "hybrid") && text_is(r->mode, "video");
}

bool registration_free(const struct rec_meeting *m) {
    return !m->capacity || (m->registered < m->capacity && m->waiting == 0);
}

static bool takes_place(const struct rec_meeting *m, const struct rec_registration *r) {
    return (text_is(r->state, "registered") || text_is(r->state, "offered")) &&
           !registration_needs_no_place(m, r);
}

int registration_recount(struct office *o, struct rec_meeting *m) {
    struct key prefix = key1(m->meeting), at = {.n = 0};
    struct bytes value;
    int rc;
    m->registered = 0;
    while ((rc = office_next(o, TABLE_REGISTRATION, &prefix, &at, &value)) == 0) {
        struct rec_registration r;
        if ((rc = office_read(o, TABLE_REGISTRATION, value, &r)))
            return rc;
        m->registered += takes_place(m, &r);
    }
    return rc == -ENOENT ? 0 : rc;
}

static struct key waiting_key(const struct rec_registration *r) {
    struct key k = key1(r->meeting);
    key_u64(&k, (uint64_t)r->queue);
    return k;
}

static int index_waiting(struct office *o, struct rec_meeting *m, const struct rec_registration *r,
                         bool add) {
    if (!text_is(r->state, "waiting"))
        return 0;
    m->waiting += add ? 1 : -1;
    return add ? office_mark(o, TABLE_WAITING, waiting_key(r), r->person)
               : office_del(o, TABLE_WAITING, waiting_key(r));
}

int registration_put(struct office *o, struct rec_meeting *m, const struct rec_registration *was,
                     struct rec_registration *r) {
    struct key k = key2(r->meeting, r->person);
    int rc = 0;
    if (was) {
        m->registered -= takes_place(m, was);
        rc = index_waiting(o, m, was, false);
        if (rc == 0 && was->offer_expires)
            rc = due_del(o, was->offer_expires, "offer", k);
    }
    m->registered += takes_place(m, r);
    if (rc == 0)
        rc = index_waiting(o, m, r, true);
    if (rc == 0 && r->offer_expires)
        rc = due_add(o, r->offer_expires, "offer", k);
    if (rc == 0)
        rc = office_put(o, TABLE_REGISTRATION, k, r);
    if (rc == 0)
        rc = office_mark(o, TABLE_REGISTERED_FOR, key2(r->person, r->meeting), TEXT_LIT(""));
    return rc ? rc : plan_derive(o, "registration", subject_pair(o, r->meeting, r->person));
}

/* The first in line whose offer there is still time for. */
static int offer_first(struct office *o, struct rec_meeting *m, instant starts, bool *ret_offered) {
    struct key prefix = key1(m->meeting), at = {.n = 0};
    struct bytes value;
    struct rec_registration was, r;
    *ret_offered = false;
    int rc = office_next(o, TABLE_WAITING, &prefix, &at, &value);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    rc = registration_get(o, m->meeting, (struct text){value.p, value.n}, &was);
    if (rc)
        return rc;
    r = was;
    rc = machine_next("REGISTRATION", was.state, "offer", &r.state);
    if (rc)
        return rc;
    r.offered = o->now;
    r.offer_expires = o->now + o->settings->offer_holds;
    if (r.offer_expires > starts)
        r.offer_expires = starts;
    *ret_offered = true;
    rc = registration_put(o, m, &was, &r);
    return rc ? rc
              : office_fact(o, FACT_REGISTRATION_OFFERED, "registration",
                            subject_pair(o, r.meeting, r.person));
}

int registration_offer_free(struct office *o, struct rec_meeting *m) {
    instant starts = office_wall(o, m->starts, m->zone);
    bool offered = true;
    int rc = 0;
    if (!text_is(m->state, "called") || starts <= o->now)
        return 0;
    while (rc == 0 && offered && m->waiting > 0 && (!m->capacity || m->registered < m->capacity))
        rc = offer_first(o, m, starts, &offered);
    return rc;
}

int registration_expire(struct office *o, struct key key) {
    struct rec_registration was, r;
    struct rec_meeting m;
    struct text meeting = arena_text(o->arena, key_part(&key, 0)),
                person = arena_text(o->arena, key_part(&key, 1));
    int rc = registration_get(o, meeting, person, &was);
    if (rc == 0)
        rc = office_get(o, TABLE_MEETING, key1(meeting), &m);
    r = was;
    if (rc == 0)
        rc = machine_next("REGISTRATION", was.state, "expire", &r.state);
    if (rc)
        return rc;
    r.lapsed = text_is(m.state, "called") ? o->now : 0; /* no letter about a place nobody has */
    r.offer_expires = 0;
    r.queue = 0;
    rc = registration_put(o, &m, &was, &r);
    if (rc == 0)
        rc = registration_offer_free(o, &m);
    if (rc == 0)
        rc = meeting_put_counts(o, &m);
    return rc ? rc
              : office_fact(o, FACT_REGISTRATION_ENDED, "registration",
                            subject_pair(o, meeting, person));
}

static int cancel_one(struct office *o, struct text meeting_id, struct text person) {
    struct rec_registration was, r;
    struct rec_meeting m;
    int rc = registration_get(o, meeting_id, person, &was);
    r = was;
    if (rc || machine_next("REGISTRATION", was.state, "cancel", &r.state))
        return rc;
    rc = office_get(o, TABLE_MEETING, key1(meeting_id), &m);
    r.cancelled = o->said;
    r.offer_expires = 0;
    r.queue = 0;
    r.diet = TEXT_NONE;
    if (rc == 0)
        rc = registration_put(o, &m, &was, &r);
    if (rc == 0)
        rc = registration_offer_free(o, &m);
    return rc ? rc : meeting_put_counts(o, &m);
}

int registration_cancel_all(struct office *o, struct text person) {
    struct key prefix = key1(person), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_REGISTERED_FOR, &prefix, &at, &value)) == 0)
        if ((rc = cancel_one(o, arena_text(o->arena, key_part(&at, 1)), person)))
            return rc;
    return rc == -ENOENT ? 0 : rc;
}
