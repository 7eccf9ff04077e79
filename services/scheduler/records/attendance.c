#include <errno.h>
#include <stdio.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/records/registration.h"

static int check_entries(struct office *o, struct list entries) {
    struct part_attendance e;
    struct list rest;
    unsigned i = 0;
    while (codec_next_part(&entries, PART_attendance, &e)) {
        struct rec_person p;
        struct part_attendance other;
        char field[40];
        snprintf(field, sizeof field, "entries.%u.person", i++);
        int rc = find_person(o, e.person, field, &p);
        if (rc)
            return rc;
        rest = entries;
        while (codec_next_part(&rest, PART_attendance, &other))
            if (text_eq(other.person, e.person))
                return refuse(o, "conflict", field, "%.*s is named twice.", TEXT_ARGS(e.person));
    }
    return 0;
}

static int put_one(struct office *o, struct rec_meeting *m, struct text person, int64_t minutes) {
    struct rec_registration was, r;
    int rc = registration_get(o, m->meeting, person, &was);
    r = was;
    if (rc == 0)
        rc = hours_from_attendance(o, m, person, minutes);
    if (rc || machine_next("REGISTRATION", was.state, minutes ? "attend" : "miss", &r.state))
        return rc; /* somebody who never had a place and did not come is nothing to write down */
    r.zone = m->zone;
    r.minutes = minutes;
    r.offer_expires = 0;
    r.queue = 0;
    return registration_put(o, m, was.state.p ? &was : NULL, &r);
}

static bool is_named(struct list entries, struct text person) {
    struct part_attendance e;
    while (codec_next_part(&entries, PART_attendance, &e))
        if (text_eq(e.person, person))
            return true;
    return false;
}

static int put_absent(struct office *o, struct rec_meeting *m, struct list entries) {
    struct key prefix = key1(m->meeting), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_REGISTRATION, &prefix, &at, &value)) == 0) {
        struct rec_registration r;
        if ((rc = office_read(o, TABLE_REGISTRATION, value, &r)))
            return rc;
        if (text_is(r.state, "registered") && !is_named(entries, r.person) &&
            (rc = put_one(o, m, r.person, 0)))
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

int apply_attendance_record(struct office *o, const struct msg_attendance_record *m) {
    struct rec_meeting meeting;
    struct part_attendance e;
    struct list entries = m->entries;
    int rc = find_meeting(o, m->meeting, "meeting", &meeting);
    if (rc)
        return rc;
    if (!text_is(meeting.state, "called") && !text_is(meeting.state, "held"))
        return refuse(o, "wrong-state", "meeting", "The meeting is %.*s.",
                      TEXT_ARGS(meeting.state));
    if (office_wall(o, meeting.starts, meeting.zone) > o->said)
        return refuse(o, "too-early", "meeting", "The meeting has not begun.");
    rc = check_entries(o, m->entries);
    if (rc)
        return rc;
    office_about(o, "meeting", m->meeting);
    while (rc == 0 && codec_next_part(&entries, PART_attendance, &e))
        rc = put_one(o, &meeting, e.person, e.minutes);
    if (rc == 0)
        rc = put_absent(o, &meeting, m->entries);
    meeting.attendance = o->said;
    if (rc == 0)
        rc = meeting_put(o, &meeting);
    if (rc == 0)
        rc = participation_note_attendance(o, &meeting);
    answer_int(o, "entries", m->entries.count);
    return rc ? rc : office_fact(o, FACT_ATTENDANCE_RECORDED, "meeting", m->meeting);
}
