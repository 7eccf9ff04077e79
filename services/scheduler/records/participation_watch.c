/* How those who take part fare: once a month their hours against the time that is gone, and after
 * every activity whether any of them was there. */
#include <errno.h>
#include <string.h>

#include "common/zone.h"
#include "services/scheduler/records/participation.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/audience.h"
#include "services/scheduler/reminders/plan.h"

#define BEHIND 15     /* per cent that the hours run behind the time */
#define ABSENT 3      /* activities in a row */
#define ACTIVITIES 12 /* looked back at */
#define LOOK_HOUR 8   /* of the first of a month */
#define PACE_MOST 100000

instant participation_first_look(struct office *o, const struct rec_participation *p) {
    const struct zone *zone = office_zone(o, p->zone);
    struct wall w = zone_wall(zone, o->said);
    w = (struct wall){
        .year = w.year + w.month / 12, .month = w.month % 12 + 1, .day = 1, .hour = LOOK_HOUR};
    return zone_instant(zone, w);
}

int participation_look_at(struct office *o, struct rec_participation *p, instant at) {
    struct key k = key2(p->programme, p->organisation);
    int rc = p->next_look ? due_del(o, p->next_look, "pace", k) : 0;
    p->next_look = at;
    return rc || !at ? rc : due_add(o, at, "pace", k);
}

int64_t participation_pace(const struct rec_participation *p) {
    if (!p->budget_minutes)
        return 0;
    int64_t pace = p->minutes * 100 / p->budget_minutes;
    return pace > PACE_MOST ? PACE_MOST : pace;
}

/* Per cent of its days that are over. */
static int64_t elapsed(struct office *o, const struct rec_participation *p) {
    struct wall today, starts, ends;
    if (date_parse(participation_day(o, p->zone, 0), &today) || date_parse(p->starts, &starts) ||
        date_parse(p->ends, &ends))
        return 0;
    int64_t gone = wall_minutes(today) - wall_minutes(starts);
    int64_t all = wall_minutes(wall_add(ends, 1, 0)) - wall_minutes(starts);
    return gone <= 0 ? 0 : gone >= all ? 100 : gone * 100 / all;
}

int participation_look(struct office *o, struct key key) {
    struct rec_participation p;
    int rc = office_get(o, TABLE_PARTICIPATION, key, &p);
    if (rc)
        return rc;
    if (!p.next_look || p.next_look > o->now)
        return -ENOENT; /* an old date of it */
    p.elapsed = elapsed(o, &p);
    p.pace = participation_pace(&p);
    if (p.elapsed) /* before its first day there is nothing to say */
        p.month = o->now;
    bool behind = p.budget_minutes && p.elapsed - p.pace >= BEHIND;
    p.fell_behind = behind && !p.behind;
    p.behind = !behind ? 0 : p.behind ? p.behind : o->now;
    rc = participation_look_at(o, &p, p.elapsed < 100 ? participation_first_look(o, &p) : 0);
    if (rc == 0)
        rc = participation_put(o, &p);
    return rc ? rc
              : office_fact(o, FACT_PARTICIPATION_CHANGED, "participation",
                            participation_id(o, &p));
}

/* ---- who is never there ---- */

struct activity {
    struct text meeting;
    instant at;
};
struct activities { /* the last ones, latest first */
    struct activity a[ACTIVITIES];
    unsigned count;
};

/* A meeting of a programme that its staff were meant for; it is known who was there. */
static bool is_activity(struct office *o, const struct rec_meeting *m, struct text programme) {
    struct audience a;
    struct buf why;
    if (!m->programme.p || !text_eq(m->programme, programme) || !m->attendance ||
        text_is(m->state, "cancelled") || office_wall(o, m->starts, m->zone) > o->said)
        return false;
    buf_init(&why, 1000);
    bool is = audience_parse(m->audience, &a, &why) == 0 &&
              (audience_mentions(&a, TERM_STAFF) || audience_mentions(&a, TERM_COHORT));
    buf_free(&why);
    return is;
}

static void remember(struct activities *all, struct text meeting, instant at) {
    unsigned i = 0;
    while (i < all->count &&
           (all->a[i].at > at || (all->a[i].at == at && text_cmp(all->a[i].meeting, meeting) > 0)))
        i++;
    if (i == ACTIVITIES)
        return;
    unsigned after = all->count < ACTIVITIES ? all->count - i : ACTIVITIES - 1 - i;
    memmove(&all->a[i + 1], &all->a[i], after * sizeof all->a[0]);
    all->a[i] = (struct activity){.meeting = meeting, .at = at};
    all->count += all->count < ACTIVITIES;
}

static int find_activities(struct office *o, struct text programme, struct activities *ret) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    struct rec_meeting m;
    int rc;
    ret->count = 0;
    while ((rc = office_next(o, TABLE_MEETING, &none, &at, &value)) == 0) {
        if ((rc = office_read(o, TABLE_MEETING, value, &m)))
            return rc;
        if (is_activity(o, &m, programme))
            remember(ret, m.meeting, office_wall(o, m.starts, m.zone));
    }
    return rc == -ENOENT ? 0 : rc;
}

/* Whether any who is or was of the staff attended. */
static int was_there(struct office *o, struct text meeting, const struct rec_participation *p,
                     bool *ret) {
    struct key prefix = key1(meeting), at = {.n = 0};
    struct bytes value;
    int rc;
    *ret = false;
    while (!*ret && (rc = office_next(o, TABLE_REGISTRATION, &prefix, &at, &value)) == 0) {
        struct rec_registration r;
        struct text now;
        if ((rc = office_read(o, TABLE_REGISTRATION, value, &r)))
            return rc;
        if (!text_is(r.state, "attended"))
            continue;
        struct key k = key2(r.person, p->programme);
        key_text(&k, p->organisation);
        rc = office_marked(o, TABLE_STAFF_OF, k, &now);
        if (rc && rc != -ENOENT)
            return rc;
        *ret = rc == 0;
    }
    return *ret || rc == -ENOENT ? 0 : rc;
}

static int note(struct office *o, const struct activities *all, struct rec_participation *p) {
    bool there = false;
    int64_t missed = 0;
    for (unsigned i = 0; i < all->count && all->a[i].at >= p->began; i++) {
        int rc = was_there(o, all->a[i].meeting, p, &there);
        if (rc)
            return rc;
        if (there)
            break;
        missed++;
    }
    if (missed == p->absences)
        return 0;
    p->absences = missed;
    p->absent = missed < ABSENT ? 0 : p->absent ? p->absent : o->said;
    int rc = participation_put(o, p);
    return rc ? rc
              : office_fact(o, FACT_PARTICIPATION_CHANGED, "participation", participation_id(o, p));
}

int participation_note_attendance(struct office *o, const struct rec_meeting *meeting) {
    struct activities all;
    struct rec_participation p;
    struct key at = {.n = 0};
    if (!is_activity(o, meeting, meeting->programme))
        return 0;
    int rc = find_activities(o, meeting->programme, &all);
    struct key prefix = key1(meeting->programme);
    while (rc == 0 && (rc = participation_next(o, &prefix, &at, &p)) == 0)
        if (text_is(p.state, "running") && p.staff.count) /* somebody is to come */
            rc = note(o, &all, &p);
    return rc == -ENOENT ? 0 : rc;
}
