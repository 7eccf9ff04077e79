#include "services/scheduler/reminders/audience_programme.h"

#include <errno.h>

/* ---- one walk for both questions: every person of an audience is met once or more, in any order
 * ---- */

struct people { /* either: is `person` among them; or: the first after `after` */
    struct text person, after, first;
    bool found;
};

static int meet(struct office *o, struct people *m, struct text person) {
    if (!person.p)
        return 0;
    int rc = subject_follow(o, &person);
    m->found |= m->person.p && text_eq(person, m->person);
    if (m->after.n && text_cmp(person, m->after) <= 0)
        return rc;
    if (!m->first.p || text_cmp(person, m->first) < 0)
        m->first = person;
    return rc;
}

static int meet_all(struct office *o, struct people *m, struct list people) {
    struct text person;
    int rc = 0;
    while (rc == 0 && codec_next_text(&people, &person))
        rc = meet(o, m, person);
    return rc;
}

static int meet_assessors(struct office *o, const struct subject *s, struct people *m) {
    struct key prefix = key1(s->application.application), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_ASSESSMENT, &prefix, &at, &value)) == 0) {
        struct rec_assessment a;
        if ((rc = office_read(o, TABLE_ASSESSMENT, value, &a)))
            return rc;
        if (!text_is(a.state, "conflict") && (rc = meet(o, m, a.person)))
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

static int meet_organisation(struct office *o, struct text organisation, struct people *m) {
    struct key prefix = key1(organisation), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_STAFF, &prefix, &at, &value)) == 0)
        if ((rc = meet(o, m, arena_text(o->arena, key_part(&at, 1)))))
            return rc;
    return rc == -ENOENT ? 0 : rc;
}

static int meet_partners(struct office *o, const struct subject *s, struct people *m) {
    struct list partners = s->application.partners;
    struct text organisation;
    int rc = 0;
    while (rc == 0 && codec_next_text(&partners, &organisation))
        rc = meet_organisation(o, organisation, m);
    return rc;
}

static int meet_participations(struct office *o, const struct subject *s, bool ended,
                               struct people *m) {
    struct key prefix = key1(s->programme.programme), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_PARTICIPATION, &prefix, &at, &value)) == 0) {
        struct rec_participation p;
        if ((rc = office_read(o, TABLE_PARTICIPATION, value, &p)))
            return rc;
        if (text_is(p.state, "running") || (ended && text_is(p.state, "completed")))
            rc = meet_all(o, m, p.staff);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* What is still to be done is nobody's once the participation has ended; what came of it, and its
 * end itself, concern them all the same. */
static bool has_staff(const struct subject *s) {
    return text_is(s->participation.state, "running") || s->kind->table == TABLE_PARTICIPATION ||
           s->kind->table == TABLE_SOLUTION;
}

static int walk(struct office *o, const struct subject *s, enum audience_term term,
                struct people *m) {
    int rc;
    switch (term) {
    case TERM_ASSESSORS:
        return s->has_application ? meet_assessors(o, s, m) : 0;
    case TERM_PARTNERS:
        return s->has_application ? meet_partners(o, s, m) : 0;
    case TERM_APPLICANT:
        rc = s->has_application ? meet(o, m, s->application.contact) : 0;
        return rc || !s->has_application ? rc : meet_all(o, m, s->application.staff);
    case TERM_STAFF:
        if (s->has_participation)
            return has_staff(s) ? meet_all(o, m, s->participation.staff) : 0;
        return s->has_programme ? meet_participations(o, s, false, m) : 0;
    case TERM_COHORT:
        return s->has_programme ? meet_participations(o, s, true, m) : 0;
    default:
        return 0;
    }
}

int audience_programme_has(struct office *o, const struct subject *s, enum audience_term term,
                           struct text person) {
    struct people m = {.person = person};
    int rc = walk(o, s, term, &m);
    return rc ? rc : m.found;
}

int audience_programme_next(struct office *o, const struct subject *s, enum audience_term term,
                            struct text after, struct text *ret_person) {
    struct people m = {.after = after};
    int rc = walk(o, s, term, &m);
    if (rc || !m.first.p)
        return rc ? rc : -ENOENT;
    *ret_person = m.first;
    return 0;
}
