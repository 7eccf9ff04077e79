/* Political backing, letters of intent, adopted plans: of an application, or of whoever takes part.
 */
#include "services/scheduler/records/evidence.h"

#include <errno.h>

#include "common/zone.h"
#include "services/scheduler/records/application.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/obligation.h"
#include "services/scheduler/reminders/plan.h"

/* The end of its last day; 0: it holds for ever. */
static instant ends(const struct office *o, const struct rec_evidence *e) {
    struct wall day;
    if (!e->valid_until.p || date_parse(e->valid_until, &day))
        return 0;
    return zone_instant(office_zone(o, e->zone), wall_add(day, 1, 0));
}

static bool holds(const struct rec_evidence *e) {
    return text_is(e->state, "given") || text_is(e->state, "accepted");
}

/* What holds to the programme's end need not be renewed. */
static int measure(struct office *o, struct rec_evidence *e) {
    struct rec_programme p;
    int rc = office_get(o, TABLE_PROGRAMME, key1(e->programme), &p);
    e->falls_short = rc == 0 && e->valid_until.p && text_cmp(e->valid_until, p.ends) < 0;
    return rc == -ENOENT ? 0 : rc;
}

static int put(struct office *o, const struct rec_evidence *was, struct rec_evidence *e) {
    struct key k = key1(e->evidence), of = key2(e->programme, e->organisation);
    instant at = ends(o, e);
    int rc = measure(o, e);
    key_text(&of, e->evidence);
    if (rc == 0 && at && was && holds(was))
        rc = due_del(o, at, "evidence", k);
    if (rc == 0 && at && holds(e))
        rc = due_add_wall(o, at, e->zone, "evidence", k);
    if (rc == 0)
        rc = office_mark(o, TABLE_EVIDENCE_OF, of, TEXT_LIT(""));
    if (rc == 0)
        rc = office_put(o, TABLE_EVIDENCE, k, e);
    if (rc == 0)
        rc = plan_derive(o, "evidence", e->evidence);
    return rc ? rc : office_fact(o, FACT_EVIDENCE_CHANGED, "evidence", e->evidence);
}

static int tell(struct office *o, const struct rec_evidence *was, struct rec_evidence *e) {
    office_about(o, "evidence", e->evidence);
    answer_text(o, "evidence", e->evidence);
    answer_text(o, "state", e->state);
    return put(o, was, e);
}

/* ---- political backing that ran out ---- */

/* The next evidence of whoever this one is of, from at->n == 0; -ENOENT at the end. */
static int next_of_same(struct office *o, const struct rec_evidence *e, struct key *at,
                        struct rec_evidence *ret) {
    struct key prefix = key2(e->programme, e->organisation);
    struct bytes value;
    int rc = office_next(o, TABLE_EVIDENCE_OF, &prefix, at, &value);
    return rc ? rc : office_get(o, TABLE_EVIDENCE, key1(key_part(at, 2)), ret);
}

static bool is_backing(const struct rec_evidence *e) {
    return text_is(e->kind, "political-backing");
}

/* It is owed anew, unless the programme ends as well, or other backing holds. */
static int owe_backing(struct office *o, const struct rec_evidence *e) {
    struct key at = {.n = 0};
    struct rec_evidence other;
    struct rec_participation p;
    int rc = office_get(o, TABLE_PARTICIPATION, key2(e->programme, e->organisation), &p);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    if (!is_backing(e) || !text_is(p.state, "running") || text_cmp(e->valid_until, p.ends) >= 0)
        return 0;
    while ((rc = next_of_same(o, e, &at, &other)) == 0)
        if (is_backing(&other) && holds(&other))
            return 0;
    if (rc != -ENOENT)
        return rc;
    struct owed owed = {.kind = "renew-backing",
                        .about_kind = "evidence",
                        .about = e->evidence,
                        .organisation = e->organisation,
                        .programme = e->programme,
                        .due = arena_printf(o->arena, "%.*sT23:59", TEXT_ARGS(e->valid_until)),
                        .zone = e->zone};
    return obligation_open(o, &owed);
}

static int meet_backing(struct office *o, const struct rec_evidence *e) {
    struct key at = {.n = 0};
    struct rec_evidence other;
    int rc = 0;
    while (is_backing(e) && (rc = next_of_same(o, e, &at, &other)) == 0)
        if (is_backing(&other) && text_is(other.state, "expired") &&
            (rc = obligation_meet(o, "renew-backing", "evidence", other.evidence, TEXT_NONE,
                                  TEXT_NONE)))
            return rc;
    return rc == -ENOENT ? 0 : rc;
}

/* ---- adding and judging ---- */

static int of_application(struct office *o, const struct msg_evidence_add *m,
                          struct rec_evidence *e) {
    struct rec_application a;
    int rc = find_application(o, m->application, "application", &a);
    if (rc)
        return rc;
    if (text_is(a.state, "withdrawn") || text_is(a.state, "declined") ||
        text_is(a.state, "refused") || text_is(a.state, "lapsed"))
        return refuse(o, "wrong-state", "application", "The application is %.*s.",
                      TEXT_ARGS(a.state));
    e->application = a.application;
    e->programme = a.programme;
    e->organisation = a.organisation;
    e->zone = a.zone;
    return 0;
}

static int of_participation(struct office *o, const struct msg_evidence_add *m,
                            struct rec_evidence *e) {
    struct rec_participation p;
    int rc = find_participation(o, m->programme, m->participation, &p);
    if (rc)
        return rc;
    e->programme = p.programme;
    e->organisation = p.organisation;
    e->zone = p.zone;
    return 0;
}

/* Either an application, or a programme and who takes part in it. */
static int find_whose(struct office *o, const struct msg_evidence_add *m, struct rec_evidence *e) {
    if (m->application.p && (m->programme.p || m->participation.p))
        return refuse(o, "conflict", "application",
                      "Expected an application or a participation, not both.");
    if (m->application.p)
        return of_application(o, m, e);
    const char *lacks = !m->programme.p       ? (m->participation.p ? "programme" : "application")
                        : !m->participation.p ? "participation"
                                              : NULL;
    if (lacks)
        return refuse(o, "missing", lacks,
                      "Expected an application, or a programme and a participation.");
    return of_participation(o, m, e);
}

int apply_evidence_add(struct office *o, const struct msg_evidence_add *m) {
    struct rec_evidence e = {.evidence = office_id(o, m->evidence, "evidence"),
                             .kind = m->kind,
                             .text = m->text,
                             .link = m->link,
                             .valid_until = m->valid_until,
                             .given = o->said};
    int rc = find_none(o, TABLE_EVIDENCE, key1(e.evidence), "evidence");
    if (rc == 0)
        rc = find_whose(o, m, &e);
    if (rc)
        return rc;
    if (!m->text.p && !m->link.p)
        return refuse(o, "missing", "text", "Expected a text or a link.");
    if (ends(o, &e) && ends(o, &e) <= o->said)
        return refuse(o, "too-late", "valid_until", "It held until %.*s only.",
                      TEXT_ARGS(m->valid_until));
    rc = office_move(o, "EVIDENCE", TEXT_NONE, "add", "evidence", &e.state);
    if (rc == 0)
        rc = tell(o, NULL, &e);
    return rc ? rc : meet_backing(o, &e);
}

int apply_evidence_judge(struct office *o, const struct msg_evidence_judge *m) {
    struct rec_evidence was = {.state = TEXT_NONE}, e;
    int rc = office_get(o, TABLE_EVIDENCE, key1(m->evidence), &was);
    if (rc && rc != -ENOENT)
        return rc;
    if (text_is(was.state, m->ok ? "accepted" : "rejected"))
        return refuse(o, "already", "evidence", "It was judged so already.");
    if (text_is(was.state, "expired") || (ends(o, &was) && ends(o, &was) <= o->said))
        return refuse(o, "too-late", "evidence", "It held until %.*s only.",
                      TEXT_ARGS(was.valid_until));
    e = was;
    rc = office_move(o, "EVIDENCE", was.state, m->ok ? "accept" : "reject", "evidence", &e.state);
    if (rc)
        return rc;
    e.reason = m->ok ? TEXT_NONE : m->reason;
    e.judged = o->said;
    return tell(o, &was, &e);
}

int evidence_expire(struct office *o, struct key key) {
    struct rec_evidence was, e;
    int rc = office_get(o, TABLE_EVIDENCE, key, &was);
    e = was;
    if (rc == 0)
        rc = machine_next("EVIDENCE", was.state, "expire", &e.state);
    if (rc)
        return rc;
    e.expired = o->said;
    rc = put(o, &was, &e);
    return rc ? rc : owe_backing(o, &e);
}

/* ---- an organisation ends, or goes by another id ---- */

int evidence_end_owed(struct office *o, const struct rec_participation *p, struct text reason) {
    struct key prefix = key2(p->programme, p->organisation), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_EVIDENCE_OF, &prefix, &at, &value)) == 0)
        if ((rc = obligation_end(o, NULL, "evidence", arena_text(o->arena, key_part(&at, 2)),
                                 reason)))
            return rc;
    return rc == -ENOENT ? 0 : rc;
}

/* Whether what it was handed in for is the other's now. */
static int has_moved(struct office *o, const struct rec_evidence *e, struct text into, bool *ret) {
    struct rec_application a;
    struct text there;
    int rc =
        e->application.p ? office_get(o, TABLE_APPLICATION, key1(e->application), &a) : -ENOENT;
    *ret = rc == 0 && text_eq(a.organisation, into);
    if (rc != -ENOENT)
        return rc;
    rc = office_marked(o, TABLE_PARTICIPATION, key2(e->programme, e->organisation), &there);
    *ret = rc == -ENOENT;
    return rc == -ENOENT ? 0 : rc;
}

int evidence_move(struct office *o, struct text from, struct text into) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_EVIDENCE, &none, &at, &value)) == 0) {
        struct rec_evidence was, e;
        bool moved = false;
        if ((rc = office_read(o, TABLE_EVIDENCE, value, &was)))
            return rc;
        if (!text_eq(was.organisation, from))
            continue;
        rc = has_moved(o, &was, into, &moved);
        if (rc || !moved) {
            if (rc)
                return rc;
            continue;
        }
        e = was;
        e.organisation = into;
        struct key of = key2(was.programme, from);
        key_text(&of, was.evidence);
        rc = office_del(o, TABLE_EVIDENCE_OF, of);
        if (rc == 0)
            rc = put(o, &was, &e);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

int evidence_measure(struct office *o, struct text programme) {
    struct key prefix = key1(programme), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_EVIDENCE_OF, &prefix, &at, &value)) == 0) {
        struct rec_evidence e;
        rc = office_get(o, TABLE_EVIDENCE, key1(key_part(&at, 2)), &e);
        bool was = e.falls_short;
        if (rc == 0)
            rc = measure(o, &e);
        if (rc == 0 && e.falls_short != was)
            rc = office_put(o, TABLE_EVIDENCE, key1(e.evidence), &e);
        if (rc == 0 && e.falls_short != was)
            rc = plan_derive(o, "evidence", e.evidence);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}
