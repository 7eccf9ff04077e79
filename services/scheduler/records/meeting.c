/* A meeting from its plan to its end. Its changes of time and place are in meeting_change.c. */
#include <errno.h>

#include "common/zone.h"
#include "services/scheduler/records/meeting.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/plan.h"
#include "services/scheduler/reminders/rule.h"

int meeting_put(struct office *o, struct rec_meeting *m) {
    int rc = office_put(o, TABLE_MEETING, key1(m->meeting), m);
    return rc ? rc : plan_derive(o, "meeting", m->meeting);
}

int meeting_put_counts(struct office *o, struct rec_meeting *m) {
    return o->rules->asks_counts ? meeting_put(o, m)
                                 : office_put(o, TABLE_MEETING, key1(m->meeting), m);
}

int meeting_tell(struct office *o, struct rec_meeting *m, enum fact_type fact) {
    office_about(o, "meeting", m->meeting);
    answer_text(o, "meeting", m->meeting);
    answer_text(o, "state", m->state);
    int rc = meeting_put(o, m);
    return rc ? rc : office_fact(o, fact, "meeting", m->meeting);
}

struct text meeting_ends(struct office *o, struct text starts, struct text zone, int64_t minutes) {
    struct wall w;
    char ends[WALL_TEXT];
    must(wall_parse(starts, &w) == 0);
    wall_format(zone_later(office_zone(o, zone), w, minutes), ends);
    return arena_text(o->arena, text_of(ends));
}

int meeting_check_times(struct office *o, const struct rec_meeting *m) {
    instant starts = office_wall(o, m->starts, m->zone);
    instant closes = office_wall(o, m->registration_closes, m->zone);
    instant opens = office_wall(o, m->room_opens, m->zone);
    instant decide = office_wall(o, m->decide_by, m->zone);
    struct text walls[] = {m->starts, m->ends, m->room_opens, m->registration_closes, m->decide_by};
    struct wall w;
    for (unsigned i = 0; i < COUNT_OF(walls); i++)
        if (walls[i].p && wall_parse(walls[i], &w))
            return refuse(o, "bad-value", "starts",
                          "Expected times from 1970 to 2200; one would be %.*s.",
                          TEXT_ARGS(walls[i]));
    if (closes > starts + m->minutes * MINUTES)
        return refuse(o, "conflict", "registration_closes",
                      "Registration closes after the meeting ends.");
    if (opens > starts)
        return refuse(o, "conflict", "room_opens", "The room opens after the meeting starts.");
    if (decide > starts)
        return refuse(o, "conflict", "decide_by", "It is decided after the meeting starts.");
    if (decide && !m->minimum)
        return refuse(o, "missing", "minimum",
                      "A day of decision needs a minimum of participants.");
    if (m->capacity && m->minimum > m->capacity)
        return refuse(o, "conflict", "minimum", "The minimum is greater than the capacity.");
    return 0;
}

static int check_group(struct office *o, struct rec_meeting *r) {
    struct rec_group g;
    int rc = office_get(o, TABLE_GROUP, key1(r->group), &g);
    if (rc == -ENOENT)
        return refuse(o, "not-found", "group", "There is no group %.*s.", TEXT_ARGS(r->group));
    if (rc)
        return rc;
    if (r->programme.p && !(g.programme.p && text_eq(g.programme, r->programme)))
        return refuse(o, "conflict", "group", "The group %.*s is not of the programme %.*s.",
                      TEXT_ARGS(r->group), TEXT_ARGS(r->programme));
    r->programme = g.programme;
    return 0;
}

/* Whose meeting it is: a network's, a programme's or a group's, maybe of a programme, which the
 * group may outlive, also when both are named. Its zone, when it has none of its own. */
static int check_host(struct office *o, struct rec_meeting *r) {
    struct rec_network n;
    struct rec_programme p;
    bool alone = r->programme.p && !r->group.p, other = alone || r->group.p;
    if (!r->network.p == !other)
        return refuse(o, other ? "conflict" : "missing", "network",
                      "Expected either a network, or a programme or group.");
    int rc = r->network.p ? find_network(o, r->network, "network", &n) : 0;
    if (rc == 0 && r->group.p)
        rc = check_group(o, r);
    if (rc == 0 && alone)
        rc = find_programme(o, r->programme, "programme", &p);
    else if (rc == 0 && r->programme.p)
        rc = office_get(o, TABLE_PROGRAMME, key1(r->programme), &p);
    if (rc || r->zone.p)
        return rc;
    r->zone = text_of(o->settings->zone);
    if (r->network.p)
        r->zone = n.zone;
    else if (r->programme.p)
        r->zone = p.zone;
    return 0;
}

int apply_meeting_plan(struct office *o, const struct msg_meeting_plan *m) {
    struct rec_meeting r = {.meeting = office_id(o, m->meeting, "meeting"),
                            .network = m->network,
                            .programme = m->programme,
                            .group = m->group,
                            .kind = m->kind,
                            .title = m->title,
                            .text = m->text,
                            .starts = m->starts,
                            .zone = m->zone,
                            .minutes = m->minutes,
                            .room_opens = m->room_opens,
                            .mode = m->mode,
                            .place = m->place,
                            .link = m->link,
                            .capacity = m->capacity,
                            .minimum = m->minimum,
                            .decide_by = m->decide_by,
                            .breakouts = m->breakouts,
                            .audience = m->audience,
                            .registration_closes = m->registration_closes,
                            .tentative = m->tentative,
                            .planned = o->said};
    int rc = find_none(o, TABLE_MEETING, key1(r.meeting), "meeting");
    if (rc == 0)
        rc = check_host(o, &r);
    if (rc == 0)
        rc = find_zone(o, r.zone, "zone");
    if (rc == 0)
        rc = find_audience(o, m->audience, "audience");
    if (rc)
        return rc;
    r.ends = meeting_ends(o, r.starts, r.zone, r.minutes);
    if (office_wall(o, r.starts, r.zone) < o->said)
        return refuse(o, "too-late", "starts", "The meeting would start in the past.");
    rc = meeting_check_times(o, &r);
    if (rc == 0)
        rc = office_move(o, "MEETING", TEXT_NONE, "plan", "meeting", &r.state);
    return rc ? rc : meeting_tell(o, &r, FACT_MEETING_PLANNED);
}

int apply_meeting_update(struct office *o, const struct msg_meeting_update *m) {
    struct rec_meeting r;
    int rc = find_meeting(o, m->meeting, "meeting", &r);
    if (rc == 0)
        rc = office_move(o, "MEETING", r.state, "update", "meeting", &r.state);
    if (rc == 0 && m->audience.p)
        rc = find_audience(o, m->audience, "audience");
    if (rc)
        return rc;
    if (m->audience.p && !text_is(r.state, "tentative"))
        return refuse(o, "wrong-state", "audience", "The audience was invited already.");
    if (m->capacity && m->capacity < r.registered)
        return refuse(o, "conflict", "capacity", "%lld places are taken already.",
                      (long long)r.registered);
    r.title = texts_given(&m->title) ? m->title : r.title;
    r.text = texts_given(&m->text) ? m->text : r.text;
    r.capacity = m->capacity ? m->capacity : r.capacity;
    r.minimum = m->minimum ? m->minimum : r.minimum;
    r.decide_by = m->decide_by.p ? m->decide_by : r.decide_by;
    r.room_opens = m->room_opens.p ? m->room_opens : r.room_opens;
    r.registration_closes =
        m->registration_closes.p ? m->registration_closes : r.registration_closes;
    r.breakouts = m->breakouts.raw.p ? m->breakouts : r.breakouts;
    r.audience = m->audience.p ? m->audience : r.audience;
    rc = meeting_check_times(o, &r);
    if (rc == 0 && text_is(r.state, "called"))
        rc = registration_offer_free(o, &r);
    return rc ? rc : meeting_tell(o, &r, FACT_MEETING_UPDATED);
}

int apply_meeting_call(struct office *o, const struct msg_meeting_call *m) {
    struct rec_meeting r;
    int rc = find_meeting(o, m->meeting, "meeting", &r);
    if (rc)
        return rc;
    if (text_is(r.state, "called"))
        return refuse(o, "already", "meeting", "The meeting was called before.");
    rc = office_move(o, "MEETING", r.state, "call", "meeting", &r.state);
    if (rc)
        return rc;
    if (office_wall(o, r.starts, r.zone) < o->said)
        return refuse(o, "too-late", "meeting", "The meeting's start is in the past.");
    r.called = o->said;
    return meeting_tell(o, &r, FACT_MEETING_CALLED);
}

int apply_meeting_record(struct office *o, const struct msg_meeting_record *m) {
    struct rec_meeting r;
    int rc = find_meeting(o, m->meeting, "meeting", &r);
    if (rc)
        return rc;
    if (text_is(r.state, "held"))
        return refuse(o, "already", "meeting", "The meeting was recorded before.");
    rc = office_move(o, "MEETING", r.state, "record", "meeting", &r.state);
    if (rc)
        return rc;
    if (office_wall(o, r.starts, r.zone) > o->said)
        return refuse(o, "too-early", "meeting", "The meeting has not begun.");
    r.held = o->said;
    return meeting_tell(o, &r, FACT_MEETING_HELD);
}
