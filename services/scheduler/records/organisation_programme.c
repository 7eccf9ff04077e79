/* An organisation ends while it applies or takes part. */
#include <errno.h>

#include "services/scheduler/records/application.h"
#include "services/scheduler/records/assessment.h"
#include "services/scheduler/records/evidence.h"
#include "services/scheduler/records/names.h"
#include "services/scheduler/records/organisation.h"
#include "services/scheduler/records/participation.h"
#include "services/scheduler/records/participation_end.h"
#include "services/scheduler/records/place.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/obligation.h"
#include "services/scheduler/reminders/plan.h"

/* The next application of an organisation, from at->n == 0; -ENOENT at the end. */
static int next_application(struct office *o, struct text organisation, struct key *at,
                            struct rec_application *ret) {
    struct key none = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_APPLICATION, &none, at, &value)) == 0) {
        rc = office_read(o, TABLE_APPLICATION, value, ret);
        if (rc || text_eq(ret->organisation, organisation))
            return rc;
    }
    return rc;
}

static int next_participation(struct office *o, struct text organisation, struct key *at,
                              struct rec_participation *ret) {
    struct key none = {.n = 0};
    int rc;
    while ((rc = participation_next(o, &none, at, ret)) == 0)
        if (text_eq(ret->organisation, organisation))
            return 0;
    return rc;
}

/* ---- may they be one? ---- */

/* Whether anything may still come of it, or has. */
static int is_over(struct office *o, const struct rec_application *a, bool *ret) {
    static const char *const over[] = {"declined", "refused", "lapsed", "withdrawn"};
    struct rec_programme p;
    int rc = office_get(o, TABLE_PROGRAMME, key1(a->programme), &p);
    *ret = rc == 0 && text_is(p.state, "ended");
    for (unsigned i = 0; i < COUNT_OF(over); i++)
        *ret |= text_is(a->state, over[i]);
    return rc == -ENOENT ? 0 : rc;
}

/* The application of the other one to the same call; *ret_has: there is one. */
static int find_rival(struct office *o, const struct rec_application *a, struct text into,
                      struct rec_application *ret, bool *ret_has) {
    struct text id;
    int rc = office_marked(o, TABLE_APPLIED, key2(a->call, into), &id);
    *ret_has = rc == 0;
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    return office_get(o, TABLE_APPLICATION, key1(id), ret);
}

static int check_application(struct office *o, const struct rec_application *a, struct text into) {
    struct rec_application other;
    bool has, over, other_over = false;
    int rc = find_rival(o, a, into, &other, &has);
    if (rc == 0)
        rc = is_over(o, a, &over);
    if (rc || !has || over)
        return rc;
    rc = is_over(o, &other, &other_over);
    if (rc)
        return rc;
    return refuse(o, "conflict", "into",
                  other_over ? "Both applied to %.*s, and %.*s goes on (%.*s does not): merge the "
                               "other way round."
                             : "Both applied to %.*s: %.*s and %.*s. Withdraw one first.",
                  TEXT_ARGS(a->call), TEXT_ARGS(a->application), TEXT_ARGS(other.application));
}

static int check_participation(struct office *o, const struct rec_participation *p,
                               struct text into) {
    struct rec_participation other;
    if (!text_is(p->state, "running"))
        return 0;
    int rc = office_get(o, TABLE_PARTICIPATION, key2(p->programme, into), &other);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    if (text_is(other.state, "running"))
        return refuse(o, "conflict", "into",
                      "Both take part in %.*s; one must leave first (participation.leave).",
                      TEXT_ARGS(p->programme));
    return refuse(o, "conflict", "into",
                  "Both have taken part in %.*s, and %.*s still does: merge the other way round.",
                  TEXT_ARGS(p->programme), TEXT_ARGS(p->organisation));
}

int organisation_check_merge(struct office *o, struct text from, struct text into) {
    struct key at = {.n = 0};
    struct rec_application a;
    struct rec_participation p;
    int rc;
    while ((rc = next_application(o, from, &at, &a)) == 0)
        if ((rc = check_application(o, &a, into)))
            return rc;
    at.n = 0;
    while (rc == -ENOENT && (rc = next_participation(o, from, &at, &p)) == 0) {
        rc = check_participation(o, &p, into);
        rc = rc ? rc : -ENOENT;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* ---- moving ---- */

static int move_assessments(struct office *o, const struct rec_application *a) {
    struct key at = {.n = 0};
    struct rec_assessment s;
    int rc;
    while ((rc = assessment_next(o, a->application, &at, &s)) == 0) {
        s.organisation = a->organisation;
        if ((rc = office_put(o, TABLE_ASSESSMENT, key2(s.application, s.person), &s)))
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* Unless the other has one for that call, which then says more. */
static int move_application(struct office *o, const struct rec_application *was, struct text into) {
    struct rec_application other, a = *was;
    bool has;
    int rc = find_rival(o, was, into, &other, &has);
    if (rc || (has && !text_is(was->state, "withdrawn")))
        return rc;
    a.organisation = into;
    names_change(o, &a.partners, into, TEXT_NONE);
    rc = application_put(o, was, &a);
    return rc ? rc : move_assessments(o, &a);
}

static int move_applications(struct office *o, struct text from, struct text into) {
    struct key at = {.n = 0};
    struct rec_application a;
    int rc;
    while ((rc = next_application(o, from, &at, &a)) == 0)
        if ((rc = move_application(o, &a, into)))
            return rc;
    return rc == -ENOENT ? 0 : rc;
}

static int move_participations(struct office *o, struct text from, struct text into) {
    struct key at = {.n = 0};
    struct rec_participation p;
    struct text there;
    int rc;
    while ((rc = next_participation(o, from, &at, &p)) == 0) {
        rc = office_marked(o, TABLE_PARTICIPATION, key2(p.programme, into), &there);
        if (rc == -ENOENT)
            rc = participation_rename(o, &p, into);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* In the tests of whoever takes part they are partners. */
static int move_partners(struct office *o, struct text from, struct text into) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct rec_participation p;
    int rc;
    while ((rc = participation_next(o, &none, &at, &p)) == 0) {
        bool self = text_eq(p.organisation, into);
        if (names_change(o, &p.test_partners, from, self ? TEXT_NONE : into) &&
            (rc = participation_put(o, &p)))
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* Whose the subject of an obligation is by now, and its id. */
static int subject_now(struct office *o, const struct rec_obligation *r, struct text into,
                       struct text *ret_about, bool *ret_moved) {
    struct rec_application a;
    struct rec_evidence e;
    struct text rest = r->about, programme, there;
    int rc = 0;
    *ret_about = r->about;
    *ret_moved = false;
    if (text_is(r->about_kind, "application")) {
        rc = office_get(o, TABLE_APPLICATION, key1(r->about), &a);
        *ret_moved = rc == 0 && text_eq(a.organisation, into);
    } else if (text_is(r->about_kind, "evidence")) {
        rc = office_get(o, TABLE_EVIDENCE, key1(r->about), &e);
        *ret_moved = rc == 0 && text_eq(e.organisation, into);
    } else if (text_is(r->about_kind, "participation") && text_cut(&rest, '/', &programme)) {
        rc = office_marked(o, TABLE_PARTICIPATION, key2(programme, rest), &there);
        *ret_moved = rc == -ENOENT; /* it goes by the other id */
        if (*ret_moved)
            *ret_about = subject_pair(o, programme, into);
    }
    return rc == -ENOENT ? 0 : rc;
}

static int move_obligations(struct office *o, struct text from, struct text into) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_OBLIGATION, &none, &at, &value)) == 0) {
        struct rec_obligation r;
        struct text about;
        bool moved;
        if ((rc = office_read(o, TABLE_OBLIGATION, value, &r)))
            return rc;
        if (!r.organisation.p || !text_eq(r.organisation, from))
            continue;
        rc = subject_now(o, &r, into, &about, &moved);
        if (rc == 0 && moved)
            rc = obligation_rename(o, &r, about, into);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

int organisation_move_programmes(struct office *o, struct text from, struct text into) {
    int rc = move_applications(o, from, into);
    if (rc == 0)
        rc = move_participations(o, from, into);
    if (rc == 0)
        rc = evidence_move(o, from, into);
    if (rc == 0)
        rc = move_partners(o, from, into);
    return rc ? rc : move_obligations(o, from, into);
}

/* ---- leaving ---- */

static int withdraw(struct office *o, const struct rec_application *was, struct text reason) {
    struct rec_application a = *was;
    if (machine_next("APPLICATION", was->state, "withdraw", &a.state))
        return 0;
    a.withdrawn = o->said;
    int rc = application_put(o, was, &a);
    if (rc == 0)
        rc = obligation_end(o, NULL, "application", a.application, reason);
    if (rc == 0)
        rc = assessment_stop(o, &a, reason);
    if (rc == 0)
        rc = office_fact(o, FACT_APPLICATION_WITHDRAWN, "application", a.application);
    return rc || !text_is(was->state, "selected") ? rc : place_free(o, a.programme);
}

int organisation_leave_programmes(struct office *o, struct text organisation, struct text reason) {
    struct texts why = {.any = reason};
    struct key at = {.n = 0};
    struct rec_application a;
    struct rec_participation p;
    int rc;
    while ((rc = next_participation(o, organisation, &at, &p)) == 0)
        if (text_is(p.state, "running") && (rc = participation_leave(o, &p, &why, TEXT_NONE)))
            return rc;
    at.n = 0;
    while (rc == -ENOENT && (rc = next_application(o, organisation, &at, &a)) == 0) {
        rc = withdraw(o, &a, reason);
        rc = rc ? rc : -ENOENT;
    }
    return rc == -ENOENT ? 0 : rc;
}
