/* Time that people spend. Rows, index and the sum of the participation change together. */
#include "services/scheduler/records/hours.h"

#include <errno.h>
#include <string.h>

#include "common/token.h"
#include "services/scheduler/records/participation.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/records/staff.h"

#define DAY 1440 /* minutes */
#define HISTORY_MOST 50

static struct key row_key(const struct rec_hours *r) {
    struct key k = key2(r->programme, r->organisation);
    key_text(&k, r->hours);
    return k;
}

static struct key index_key(const struct rec_hours *r) {
    struct key k = key2(r->person, r->date);
    key_text(&k, r->programme);
    key_text(&k, r->organisation);
    key_text(&k, r->hours);
    return k;
}

/* `was` or `now` may be NULL. Changes *p; the caller puts it. */
static int put(struct office *o, struct rec_participation *p, const struct rec_hours *was,
               const struct rec_hours *now) {
    int rc = 0;
    if (was) {
        p->minutes -= was->minutes;
        rc = office_del(o, TABLE_HOURS_OF, index_key(was));
        if (rc == 0)
            rc = office_del(o, TABLE_HOURS, row_key(was));
    }
    if (now && rc == 0) {
        struct key minutes = key_no((uint64_t)now->minutes);
        p->minutes += now->minutes;
        rc = office_mark(o, TABLE_HOURS_OF, index_key(now),
                         (struct text){(const char *)minutes.b, minutes.n});
        if (rc == 0)
            rc = office_put(o, TABLE_HOURS, row_key(now), now);
    }
    p->pace = participation_pace(p);
    return rc;
}

static int tell(struct office *o, struct rec_participation *p, const struct rec_hours *r) {
    answer_text(o, "hours", r->hours);
    answer_int(o, "minutes", p->minutes);
    return participation_tell(o, p, FACT_HOURS_LOGGED);
}

/* What is left of the person's day, without this row. */
static int left_of_day(struct office *o, const struct rec_hours *r, int64_t *ret) {
    struct key prefix = key2(r->person, r->date), own = index_key(r), at = {.n = 0};
    struct bytes value;
    int rc;
    *ret = DAY;
    while ((rc = office_next(o, TABLE_HOURS_OF, &prefix, &at, &value)) == 0) {
        uint64_t minutes;
        size_t from = 0;
        if (!key_next_u64(value, &from, &minutes))
            return -EBADMSG;
        if (!bytes_eq(key_bytes(&at), key_bytes(&own)))
            *ret -= (int64_t)minutes;
    }
    *ret = *ret < 0 ? 0 : *ret;
    return rc == -ENOENT ? 0 : rc;
}

static int check_day(struct office *o, const struct rec_hours *r, int64_t minutes) {
    int64_t left;
    int rc = left_of_day(o, r, &left);
    if (rc == 0 && minutes > left)
        return refuse(o, "conflict", "minutes",
                      "A day has 24 hours; %lld minutes of %.*s's %.*s are left.", (long long)left,
                      TEXT_ARGS(r->person), TEXT_ARGS(r->date));
    return rc;
}

static int check_date(struct office *o, const struct rec_participation *p, struct text date) {
    if (text_cmp(date, participation_day(o, p->zone, 0)) > 0)
        return refuse(o, "too-early", "date", "%.*s is in the future.", TEXT_ARGS(date));
    if (text_cmp(date, p->starts) < 0 || text_cmp(date, p->ends) > 0)
        return refuse(o, "too-late", "date", "The programme runs from %.*s to %.*s.",
                      TEXT_ARGS(p->starts), TEXT_ARGS(p->ends));
    return 0;
}

static int check_new(struct office *o, const struct rec_participation *p,
                     const struct rec_hours *r) {
    struct rec_person person;
    struct text there;
    enum staff_is is = STAFF_NEVER;
    int rc = find_person(o, r->person, "person", &person);
    if (rc == 0)
        rc = staff_is(o, p, r->person, &is);
    if (rc == 0 && is == STAFF_NEVER)
        return refuse(o, "not-entitled", "person", "%.*s is not among the staff of %.*s.",
                      TEXT_ARGS(r->person), TEXT_ARGS(p->organisation));
    if (rc == 0)
        rc = check_date(o, p, r->date);
    if (rc)
        return rc;
    rc = office_marked(o, TABLE_HOURS, row_key(r), &there);
    if (rc == 0)
        return refuse(o, "already", "hours", "There are hours %.*s already.", TEXT_ARGS(r->hours));
    return rc == -ENOENT ? check_day(o, r, r->minutes) : rc;
}

int apply_hours_log(struct office *o, const struct msg_hours_log *m) {
    struct rec_participation p;
    struct rec_hours r = {.hours = office_id(o, m->hours, "hours"),
                          .programme = m->programme,
                          .organisation = m->participation,
                          .person = m->person,
                          .date = m->date,
                          .minutes = m->minutes,
                          .kind = m->kind,
                          .text = m->text,
                          .logged = o->said};
    int rc = find_participation(o, m->programme, m->participation, &p);
    if (rc == 0)
        rc = check_new(o, &p, &r);
    if (rc == 0)
        rc = put(o, &p, NULL, &r);
    return rc ? rc : tell(o, &p, &r);
}

/* Another figure; the one before is kept, and of those before it as many as there is room for. */
static void correct(struct office *o, struct rec_hours *r, int64_t minutes, struct text reason) {
    struct part_correction c, now = {.at = o->said, .minutes = r->minutes, .reason = reason};
    struct list before = r->history;
    struct buf b;
    uint32_t skip = r->history.count < HISTORY_MOST ? 0 : r->history.count - HISTORY_MOST + 1;
    uint32_t n = 0;
    buf_init(&b, 1 << 16);
    while (codec_next_part(&before, PART_correction, &c))
        if (n++ >= skip)
            codec_add_part(&b, PART_correction, &c);
    codec_add_part(&b, PART_correction, &now);
    must(!b.over);
    r->history = (struct list){arena_bytes(o->arena, buf_as_bytes(&b)), n - skip + 1};
    r->minutes = minutes;
    buf_free(&b);
}

int apply_hours_correct(struct office *o, const struct msg_hours_correct *m) {
    struct rec_participation p;
    struct rec_hours was,
        now = {.hours = m->hours, .programme = m->programme, .organisation = m->participation};
    int rc = find_participation(o, m->programme, m->participation, &p);
    if (rc)
        return rc;
    rc = office_get(o, TABLE_HOURS, row_key(&now), &was);
    if (rc == -ENOENT)
        return refuse(o, "not-found", "hours", "%.*s has no hours %.*s.",
                      TEXT_ARGS(m->participation), TEXT_ARGS(m->hours));
    if (rc)
        return rc;
    if (was.meeting.p)
        return refuse(o, "conflict", "hours",
                      "They come from the attendance of %.*s; correct that.",
                      TEXT_ARGS(was.meeting));
    if (was.minutes == m->minutes)
        return refuse(o, "already", "minutes", "They are %lld minutes already.",
                      (long long)was.minutes);
    if (was.history.count >= HISTORY_MOST)
        return refuse(o, "full", "hours", "They were corrected %d times.", HISTORY_MOST);
    rc = check_day(o, &was, m->minutes);
    if (rc)
        return rc;
    now = was;
    correct(o, &now, m->minutes, m->reason);
    rc = put(o, &p, &was, &now);
    return rc ? rc : tell(o, &p, &now);
}

/* ---- attendance ---- */

/* One row a meeting and person, whoever writes it and however often. */
static struct text attendance_id(struct office *o, struct text meeting, struct text person) {
    char hash[TOKEN_ID_MAX];
    struct bytes parts[] = {{meeting.p, meeting.n}, {person.p, person.n}};
    token_hash_text(parts, COUNT_OF(parts), hash);
    return arena_printf(o->arena, "attendance-%.13s", hash);
}

/* Of the participations whose staff the person is, or was, the one that has the row, else the first
 * whose staff she is now; -ENOENT. *ret_was is without an id when there is no row. */
static int find_row(struct office *o, const struct rec_meeting *meeting, struct text person,
                    struct rec_participation *ret, struct rec_hours *ret_was) {
    struct key prefix = key2(person, meeting->programme), at = {.n = 0};
    struct text id = attendance_id(o, meeting->meeting, person), organisation = TEXT_NONE;
    struct bytes value;
    int rc;
    *ret_was = (struct rec_hours){.hours = TEXT_NONE};
    while ((rc = office_next(o, TABLE_STAFF_OF, &prefix, &at, &value)) == 0) {
        struct text one = arena_text(o->arena, key_part(&at, 2));
        struct rec_hours r = {.hours = id, .programme = meeting->programme, .organisation = one};
        rc = office_get(o, TABLE_HOURS, row_key(&r), ret_was);
        if (rc != -ENOENT)
            return rc ? rc : office_get(o, TABLE_PARTICIPATION, key2(meeting->programme, one), ret);
        if (!organisation.p && text_is((struct text){value.p, value.n}, "now"))
            organisation = one;
    }
    if (rc != -ENOENT || !organisation.p)
        return rc;
    return office_get(o, TABLE_PARTICIPATION, key2(meeting->programme, organisation), ret);
}

int hours_from_attendance(struct office *o, const struct rec_meeting *meeting, struct text person,
                          int64_t minutes) {
    struct rec_participation p;
    struct rec_hours was, now;
    int64_t left;
    int rc = meeting->programme.p ? find_row(o, meeting, person, &p, &was) : -ENOENT;
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    bool there = was.hours.p != NULL, workshop = text_is(meeting->kind, "workshop");
    now = was;
    if (!there)
        now = (struct rec_hours){.hours = attendance_id(o, meeting->meeting, person),
                                 .programme = p.programme,
                                 .organisation = p.organisation,
                                 .person = person,
                                 .date = arena_printf(o->arena, "%.10s", meeting->starts.p),
                                 .kind = workshop ? TEXT_LIT("workshop") : TEXT_LIT("meeting"),
                                 .meeting = meeting->meeting,
                                 .logged = o->said};
    bool over = p.left && office_wall(o, meeting->starts, meeting->zone) > p.left;
    if (!there &&
        (!minutes || over || text_cmp(now.date, p.starts) < 0 || text_cmp(now.date, p.ends) > 0))
        return 0;
    rc = left_of_day(o, &now, &left);
    if (rc)
        return rc;
    minutes = minutes > left ? left : minutes; /* no day has more than 24 hours */
    if (there && minutes == was.minutes)
        return 0;
    if (there)
        correct(o, &now, minutes, TEXT_NONE);
    else
        now.minutes = minutes;
    rc = put(o, &p, there ? &was : NULL, &now);
    if (rc == 0)
        rc = participation_put(o, &p);
    return rc ? rc : office_fact(o, FACT_HOURS_LOGGED, "participation", participation_id(o, &p));
}

/* ---- an organisation goes by another id ---- */

int hours_move(struct office *o, struct text programme, struct text from, struct text into) {
    struct key prefix = key2(programme, from), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_HOURS, &prefix, &at, &value)) == 0) {
        struct rec_participation sum = {.minutes = 0}; /* goes along as it is */
        struct rec_hours was, now;
        if ((rc = office_read(o, TABLE_HOURS, value, &was)))
            return rc;
        now = was;
        now.organisation = into;
        if ((rc = put(o, &sum, &was, &now)))
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* ---- a person ends ---- */

/* Both were written down at the same meeting: the longer stay counts. */
static int join(struct office *o, struct rec_participation *p, const struct rec_hours *was,
                struct rec_hours *now) {
    struct rec_hours there;
    if (!was->meeting.p)
        return 0;
    now->hours = attendance_id(o, was->meeting, now->person);
    int rc = office_get(o, TABLE_HOURS, row_key(now), &there);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    now->minutes = there.minutes > was->minutes ? there.minutes : was->minutes;
    return put(o, p, &there, NULL);
}

/* Both records have time on that day, and one person has no more than 24 hours of it. */
static int fit_day(struct office *o, struct rec_hours *now) {
    int64_t left;
    int rc = left_of_day(o, now, &left);
    if (rc == 0 && now->minutes > left)
        correct(o, now, left, TEXT_LIT("The person was merged; a day has 24 hours."));
    return rc;
}

/* What somebody wrote of her goes; that it was corrected stays. */
static struct list without_reasons(struct office *o, struct list history) {
    struct part_correction c;
    struct buf b;
    uint32_t n = 0;
    buf_init(&b, 1 << 16);
    while (codec_next_part(&history, PART_correction, &c)) {
        c.reason = TEXT_NONE;
        codec_add_part(&b, PART_correction, &c);
        n++;
    }
    must(!b.over);
    struct list list = {arena_bytes(o->arena, buf_as_bytes(&b)), n};
    buf_free(&b);
    return list;
}

static int move_row(struct office *o, struct key at, struct text into) {
    struct rec_participation p;
    struct rec_hours was, now = {.programme = arena_text(o->arena, key_part(&at, 2)),
                                 .organisation = arena_text(o->arena, key_part(&at, 3)),
                                 .hours = arena_text(o->arena, key_part(&at, 4))};
    int rc = office_get(o, TABLE_HOURS, row_key(&now), &was);
    if (rc == 0)
        rc = office_get(o, TABLE_PARTICIPATION, key2(now.programme, now.organisation), &p);
    if (rc)
        return rc;
    now = was;
    now.person = into.p ? into : was.person;
    now.text = into.p ? was.text : TEXT_NONE;
    if (into.p)
        rc = join(o, &p, &was, &now);
    else
        now.history = without_reasons(o, now.history);
    if (rc == 0 && into.p)
        rc = fit_day(o, &now);
    if (rc == 0)
        rc = put(o, &p, &was, &now);
    return rc ? rc : participation_put(o, &p);
}

int hours_move_person(struct office *o, struct text person, struct text into) {
    struct key prefix = key1(person), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_HOURS_OF, &prefix, &at, &value)) == 0)
        if ((rc = move_row(o, at, into)))
            return rc;
    return rc == -ENOENT ? 0 : rc;
}
