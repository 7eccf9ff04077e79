/* The people whom an organisation that takes part names. */
#include "services/scheduler/records/staff.h"

#include <errno.h>
#include <stdio.h>

#include "services/scheduler/records/hours.h"
#include "services/scheduler/records/participation.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/obligation.h"

#define STAFF_MOST 100
#define STAFF_DAYS 14 /* to name them */
#define BUDGET_MOST 1000000000

static struct key key_of(struct text person, const struct rec_participation *p) {
    struct key k = key2(person, p->programme);
    key_text(&k, p->organisation);
    return k;
}

int staff_is(struct office *o, const struct rec_participation *p, struct text person,
             enum staff_is *ret) {
    struct text is;
    int rc = office_marked(o, TABLE_STAFF_OF, key_of(person, p), &is);
    if (rc && rc != -ENOENT)
        return rc;
    *ret = rc ? STAFF_NEVER : text_is(is, "now") ? STAFF_NOW : STAFF_WAS;
    return 0;
}

int staff_owe(struct office *o, const struct rec_participation *p) {
    if (p->staff.count >= (uint64_t)p->least_staff)
        return 0;
    return participation_owes(o, p, "name-staff", participation_day(o, p->zone, STAFF_DAYS));
}

int staff_begin_anew(struct office *o, const struct rec_participation *was) {
    struct list staff = was->staff;
    struct text person;
    int rc = 0;
    while (rc == 0 && codec_next_text(&staff, &person))
        rc = office_mark(o, TABLE_STAFF_OF, key_of(person, was), TEXT_LIT("was"));
    return rc;
}

int64_t staff_budget(const struct rec_programme *programme, uint32_t people) {
    int64_t budget = programme->budget_minutes;
    if (text_is(programme->budget_per, "person"))
        budget *= people;
    return budget > BUDGET_MOST ? BUDGET_MOST : budget;
}

/* Another staff: what follows from it is changed, and the participation put. */
static int change(struct office *o, struct rec_participation *p, const struct text *people,
                  uint32_t count) {
    struct rec_programme programme;
    struct list before = p->staff;
    struct text person;
    int rc = office_get(o, TABLE_PROGRAMME, key1(p->programme), &programme);
    p->staff = office_list_of(o, people, count);
    while (rc == 0 && codec_next_text(&before, &person))
        if (!list_has_text(p->staff, person))
            rc = office_mark(o, TABLE_STAFF_OF, key_of(person, p), TEXT_LIT("was"));
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = office_mark(o, TABLE_STAFF_OF, key_of(people[i], p), TEXT_LIT("now"));
    if (rc)
        return rc;
    p->budget_minutes = staff_budget(&programme, count);
    p->pace = participation_pace(p);
    rc = participation_put(o, p);
    return rc ? rc
              : office_fact(o, FACT_PARTICIPATION_CHANGED, "participation", participation_id(o, p));
}

static int check_person(struct office *o, struct text organisation, struct text id,
                        const char *field) {
    struct rec_person person;
    int rc = find_person(o, id, field, &person);
    if (rc == 0 && !list_has_text(person.organisations, organisation))
        return refuse(o, "not-entitled", field, "%.*s is not of %.*s.", TEXT_ARGS(id),
                      TEXT_ARGS(organisation));
    return rc;
}

static int check_number(struct office *o, const struct rec_participation *p, uint32_t count) {
    long long least = p->least_staff ? p->least_staff : 1;
    if (count >= (uint64_t)least)
        return 0;
    return refuse(o, count ? "bad-value" : "missing", "persons",
                  "Expected at least %lld people; %u are named.", least, count);
}

int apply_staff_name(struct office *o, const struct msg_staff_name *m) {
    struct rec_participation p;
    struct text people[STAFF_MOST], person;
    struct list list = m->persons;
    uint32_t n = 0, new = 0;
    int rc = find_participation(o, m->programme, m->participation, &p);
    if (rc == 0)
        rc = check_number(o, &p, m->persons.count);
    while (rc == 0 && codec_next_text(&list, &person)) {
        char field[24];
        snprintf(field, sizeof field, "persons.%u", n);
        rc = check_person(o, p.organisation, person, field);
        for (uint32_t i = 0; rc == 0 && i < n; i++)
            if (text_eq(people[i], person))
                rc = refuse(o, "conflict", field, "%.*s is named twice.", TEXT_ARGS(person));
        new += !list_has_text(p.staff, person);
        people[n++] = person;
    }
    if (rc)
        return rc;
    if (!new &&n == p.staff.count)
        return refuse(o, "already", "persons", "They are the staff already.");
    p.staff_named = o->said;
    office_about(o, "participation", participation_id(o, &p));
    rc = change(o, &p, people, n);
    return rc ? rc
              : obligation_meet(o, "name-staff", "participation", participation_id(o, &p),
                                p.organisation, TEXT_NONE);
}

/* Who is left when her place is the other's, who may be absent or there already. */
static uint32_t replace(const struct rec_participation *p, struct text person, struct text by,
                        struct text people[STAFF_MOST]) {
    struct list list = p->staff;
    struct text one;
    uint32_t n = 0;
    while (codec_next_text(&list, &one)) {
        if (text_eq(one, person))
            one = list_has_text(p->staff, by) ? TEXT_NONE : by;
        if (one.p)
            people[n++] = one;
    }
    return n;
}

int apply_staff_replace(struct office *o, const struct msg_staff_replace *m) {
    struct rec_participation p;
    struct text people[STAFF_MOST];
    int rc = find_participation(o, m->programme, m->participation, &p);
    if (rc)
        return rc;
    if (!list_has_text(p.staff, m->person))
        return refuse(o, "not-found", "person", "%.*s is not among the staff.",
                      TEXT_ARGS(m->person));
    if (list_has_text(p.staff, m->by))
        return refuse(o, "already", "by", "%.*s is among the staff already.", TEXT_ARGS(m->by));
    rc = check_person(o, p.organisation, m->by, "by");
    office_about(o, "participation", participation_id(o, &p));
    return rc ? rc : change(o, &p, people, replace(&p, m->person, m->by, people));
}

/* ---- an organisation goes by another id ---- */

int staff_move(struct office *o, struct text programme, struct text from, struct text into) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_STAFF_OF, &none, &at, &value)) == 0) {
        if (!text_eq(key_part(&at, 1), programme) || !text_eq(key_part(&at, 2), from))
            continue;
        struct key to = key2(key_part(&at, 0), programme);
        key_text(&to, into);
        rc = office_mark(o, TABLE_STAFF_OF, to, (struct text){value.p, value.n});
        if (rc == 0)
            rc = office_del(o, TABLE_STAFF_OF, at);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* ---- a person leaves her organisation ---- */

/* She is of the staff no more; if they are too few now, others are to be named. */
static int leave(struct office *o, struct rec_participation *p, struct text person) {
    struct text people[STAFF_MOST];
    if (!text_is(p->state, "running") || !list_has_text(p->staff, person))
        return 0;
    p->staff_left = o->said;
    int rc = change(o, p, people, replace(p, person, TEXT_NONE, people));
    return rc ? rc : staff_owe(o, p);
}

int staff_leave(struct office *o, struct text person, struct text organisation) {
    struct key prefix = key1(person), at = {.n = 0};
    struct bytes value;
    struct rec_participation p;
    int rc;
    while ((rc = office_next(o, TABLE_STAFF_OF, &prefix, &at, &value)) == 0) {
        if (!text_eq(key_part(&at, 2), organisation))
            continue;
        rc = office_get(o, TABLE_PARTICIPATION, key2(key_part(&at, 1), organisation), &p);
        if (rc == 0)
            rc = leave(o, &p, person);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* ---- a person ends ---- */

/* Who was of the staff is so under the other name. */
static int move_marks(struct office *o, struct text person, struct text into) {
    struct key prefix = key1(person), at = {.n = 0};
    struct bytes value;
    struct text there;
    int rc;
    while (into.p && (rc = office_next(o, TABLE_STAFF_OF, &prefix, &at, &value)) == 0) {
        struct key to = key2(into, key_part(&at, 1));
        key_text(&to, key_part(&at, 2));
        rc = office_marked(o, TABLE_STAFF_OF, to, &there);
        if (rc == -ENOENT)
            rc = office_mark(o, TABLE_STAFF_OF, to, TEXT_LIT("was"));
        if (rc == 0)
            rc = office_del(o, TABLE_STAFF_OF, at);
        if (rc)
            return rc;
    }
    return !into.p || rc == -ENOENT ? 0 : rc;
}

static int drop(struct office *o, struct rec_participation *p, struct text person,
                struct text into) {
    struct text people[STAFF_MOST];
    bool adviser = text_eq(p->adviser, person), contact = text_eq(p->contact, person);
    if (!into.p && !text_is(p->state, "running"))
        return 0; /* who took part in what is over is history */
    if (adviser)
        p->adviser = into;
    if (adviser && !into.p)
        p->adviser_assigned = 0;
    if (contact)
        p->contact = into;
    if (list_has_text(p->staff, person)) {
        uint32_t before = p->staff.count, after = replace(p, person, into, people);
        int rc = change(o, p, people, after);
        return rc || after == before || !text_is(p->state, "running") ? rc : staff_owe(o, p);
    }
    return adviser || contact ? participation_put(o, p) : 0;
}

int participation_drop_person(struct office *o, struct text person, struct text into) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct rec_participation p;
    int rc;
    while ((rc = participation_next(o, &none, &at, &p)) == 0)
        if ((rc = drop(o, &p, person, into)))
            return rc;
    if (rc == -ENOENT)
        rc = move_marks(o, person, into);
    return rc ? rc : hours_move_person(o, person, into);
}
