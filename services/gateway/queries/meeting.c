/* Meetings, and one's own registrations for them. A group's meetings are seen by its members. */
#include "common/zone.h"
#include "services/gateway/asking.h"

/* The link stays only for who has a place. */
static int hide_link(struct asking *a, struct rec_meeting *m) {
    int rc = m->link.p ? sees_as_registered(a, m->meeting) : 0;
    if (rc <= 0)
        m->link = TEXT_NONE;
    return rc < 0 ? rc : 0;
}

static int add(struct asking *a, struct rec_meeting *m) {
    int rc = m->group.p ? sees_as_group(a, m->group) : 1;
    if (rc <= 0)
        return rc;
    rc = hide_link(a, m);
    if (rc == 0)
        asking_add(a, m);
    return rc;
}

static bool is_over(const struct asking *a, const struct rec_meeting *m) {
    const struct zone *zone;
    struct wall starts;
    if (zone_find(m->zone, &zone) || wall_parse(m->starts, &starts))
        return false;
    return zone_instant(zone, starts) + m->minutes * MINUTES <= a->now;
}

static int coming(struct asking *a, struct bytes key, struct bytes value) {
    const struct query_meetings_coming *q = &a->request->body.meetings_coming;
    struct rec_meeting m;
    (void)key;
    if (!asking_read(a, TABLE_MEETING, value, &m) || !text_is(m.state, "called") ||
        !asked(q->network, m.network) || !asked(q->programme, m.programme) ||
        !asked(q->group, m.group) || is_over(a, &m))
        return 0;
    return add(a, &m);
}

static int held(struct asking *a, struct bytes key, struct bytes value) {
    const struct query_meetings_held *q = &a->request->body.meetings_held;
    struct rec_meeting m;
    (void)key;
    if (!asking_read(a, TABLE_MEETING, value, &m) || !text_is(m.state, "held") ||
        !asked(q->network, m.network) || !asked(q->programme, m.programme) ||
        !asked(q->group, m.group))
        return 0;
    return add(a, &m);
}

static void one(struct asking *a) {
    key_text(&a->prefix, a->request->body.meetings_show.meeting);
}

static int show(struct asking *a, struct bytes key, struct bytes value) {
    struct rec_meeting m;
    (void)key;
    if (!asking_read(a, TABLE_MEETING, value, &m) || !m.called)
        return 0;
    return add(a, &m);
}

static void own(struct asking *a) {
    key_text(&a->prefix, a->person);
}

static int registration(struct asking *a, struct bytes key, struct bytes value) {
    struct rec_registration r;
    struct rec_meeting m;
    struct key of = key2(key_text_at(key, 1), a->person), meeting = key1(key_text_at(key, 1));
    (void)value;
    int rc = asking_get(a, TABLE_REGISTRATION, &of, &r);
    if (rc <= 0 || !asked(a->request->body.registrations_own.state, r.state))
        return rc < 0 ? rc : 0;
    rc = asking_get(a, TABLE_MEETING, &meeting, &m);
    if (rc <= 0)
        return rc;
    rc = hide_link(a, &m);
    if (rc == 0)
        asking_add_with(a, &r, VIEW_meeting, &m);
    return rc;
}

const struct answerer answer_meetings_coming = {TABLE_MEETING, NULL, coming};
const struct answerer answer_meetings_held = {TABLE_MEETING, NULL, held};
const struct answerer answer_meetings_show = {TABLE_MEETING, one, show};
const struct answerer answer_registrations_own = {TABLE_REGISTERED_FOR, own, registration};
