/* Assessors: asked, in conflict, or done; and what their scores come to. */
#include "services/scheduler/records/assessment.h"

#include <errno.h>

#include "services/scheduler/records/application.h"
#include "services/scheduler/records/call.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/obligation.h"
#include "services/scheduler/reminders/plan.h"

#define HIGHEST 5 /* score of a criterion that names none */

static struct text id_of(struct office *o, const struct rec_assessment *s) {
    return subject_pair(o, s->application, s->person);
}

static int put(struct office *o, struct rec_assessment *s) {
    struct text id = id_of(o, s);
    int rc = office_put(o, TABLE_ASSESSMENT, key2(s->application, s->person), s);
    if (rc == 0)
        rc = plan_derive(o, "assessment", id);
    return rc ? rc : office_fact(o, FACT_ASSESSMENT_CHANGED, "assessment", id);
}

static int owe(struct office *o, const struct rec_assessment *s) {
    struct owed owed = {.kind = "submit-assessment",
                        .about_kind = "assessment",
                        .about = id_of(o, s),
                        .person = s->person,
                        .programme = s->programme,
                        .due = s->due,
                        .zone = s->zone};
    return obligation_open(o, &owed);
}

int assessment_next(struct office *o, struct text application, struct key *at,
                    struct rec_assessment *ret) {
    struct key prefix = key1(application);
    struct bytes value;
    int rc = office_next(o, TABLE_ASSESSMENT, &prefix, at, &value);
    return rc ? rc : office_read(o, TABLE_ASSESSMENT, value, ret);
}

int assessment_stop(struct office *o, const struct rec_application *a, struct text reason) {
    struct key at = {.n = 0};
    struct rec_assessment s;
    int rc;
    while ((rc = assessment_next(o, a->application, &at, &s)) == 0)
        if (text_is(s.state, "asked") &&
            (rc = obligation_end(o, "submit-assessment", "assessment", id_of(o, &s), reason)))
            return rc;
    return rc == -ENOENT ? 0 : rc;
}

int assessment_resume(struct office *o, const struct rec_application *a) {
    struct key at = {.n = 0};
    struct rec_assessment s;
    int rc;
    while ((rc = assessment_next(o, a->application, &at, &s)) == 0)
        if (text_is(s.state, "asked") && (rc = owe(o, &s)))
            return rc;
    return rc == -ENOENT ? 0 : rc;
}

/* ---- what the scores come to ---- */

static int64_t rounded(int64_t sum, int64_t count) {
    return (sum + count / 2) / count;
}

int assessment_count(struct office *o, struct rec_application *a,
                     const struct rec_assessment *changed, bool *ret_done) {
    struct key at = {.n = 0};
    struct rec_assessment s;
    int64_t n = 0, open = 0, sum = 0, low = 0, high = 0;
    int rc;
    while ((rc = assessment_next(o, a->application, &at, &s)) == 0) {
        if (changed && text_eq(s.person, changed->person))
            s = *changed;
        open += text_is(s.state, "asked");
        if (!text_is(s.state, "submitted"))
            continue;
        low = n == 0 || s.weighted < low ? s.weighted : low;
        high = s.weighted > high ? s.weighted : high;
        sum += s.weighted;
        n++;
    }
    a->assessments = n;
    a->mean = n ? rounded(sum, n) : 0;
    a->spread = high - low;
    *ret_done = n > 0 && open == 0;
    return rc == -ENOENT ? 0 : rc;
}

/* Puts the assessment, and the application with what it comes to now. */
static int put_both(struct office *o, struct rec_assessment *s, const struct rec_application *was) {
    struct rec_application a = *was;
    bool done;
    int rc = assessment_count(o, &a, s, &done);
    if (rc)
        return rc;
    if (done && (text_is(a.state, "eligible") || text_is(a.state, "assessed")))
        must(machine_next("APPLICATION", was->state, "assess", &a.state) == 0);
    office_about(o, "assessment", id_of(o, s));
    answer_text(o, "state", s->state);
    rc = put(o, s);
    return rc ? rc : application_put(o, was, &a);
}

/* ---- an assessor ends ---- */

/* Of two assessments by one person the one that says more is kept: whoever is partial is so under
 * either name. */
static unsigned weight(const struct rec_assessment *s) {
    return text_is(s->state, "conflict") ? 2 : text_is(s->state, "submitted");
}

static int move(struct office *o, struct rec_assessment *s, struct text into) {
    struct rec_assessment other;
    struct text was = id_of(o, s);
    struct owed owed = {
        .kind = "submit-assessment", .about_kind = "assessment", .about = was, .person = s->person};
    int rc = office_get(o, TABLE_ASSESSMENT, key2(s->application, into), &other);
    if (rc && rc != -ENOENT)
        return rc;
    bool alone = rc == -ENOENT, moved = alone || weight(s) > weight(&other);
    rc = office_del(o, TABLE_ASSESSMENT, key2(s->application, s->person));
    s->person = into;
    if (rc == 0)
        rc = alone ? plan_rename(o, "assessment", was, id_of(o, s))
                   : plan_derive(o, "assessment", was);
    if (rc == 0 && moved)
        rc = put(o, s);
    if (rc == 0 && alone)
        rc = ledger_rename_under(o, "assessment", was, id_of(o, s));
    if (rc == 0 && moved)
        rc = obligation_hand(o, &owed, id_of(o, s), into);
    if (rc == 0)
        rc = obligation_end(o, owed.kind, owed.about_kind, was,
                            TEXT_LIT("The assessor was merged."));
    if (rc || !moved || text_is(s->state, "asked"))
        return rc;
    return obligation_meet(o, owed.kind, owed.about_kind, id_of(o, s), TEXT_NONE, into);
}

static int retire(struct office *o, struct rec_assessment *s) {
    if (machine_next("ASSESSMENT", s->state, "declare_conflict", &s->state))
        return 0; /* what was handed in stays */
    s->conflicted = o->said;
    s->reason = TEXT_LIT("The assessor is no longer there.");
    int rc = put(o, s);
    return rc ? rc : obligation_end(o, "submit-assessment", "assessment", id_of(o, s), s->reason);
}

int assessment_drop_person(struct office *o, struct text application, struct text person,
                           struct text into) {
    struct rec_assessment s;
    struct rec_application a;
    bool done;
    int rc = office_get(o, TABLE_ASSESSMENT, key2(application, person), &s);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    rc = into.p ? move(o, &s, into) : retire(o, &s);
    if (rc == 0)
        rc = office_get(o, TABLE_APPLICATION, key1(application), &a);
    if (rc)
        return rc;
    struct rec_application was = a;
    rc = assessment_count(o, &a, NULL, &done);
    if (rc == 0 && done && text_is(a.state, "eligible"))
        must(machine_next("APPLICATION", was.state, "assess", &a.state) == 0);
    return rc ? rc : application_put(o, &was, &a);
}

/* ---- assigning ---- */

/* Nobody judges the own organisation, a partner's, or an application that names her: 1, 0, -errno.
 */
static int is_partial(struct office *o, const struct rec_person *p,
                      const struct rec_application *a) {
    struct list partners = a->partners;
    struct text partner;
    int rc = application_speaks(o, p, a->organisation);
    while (rc == 0 && codec_next_text(&partners, &partner))
        rc = application_speaks(o, p, partner);
    if (rc)
        return rc;
    return text_eq(p->person, a->contact) || list_has_text(a->staff, p->person);
}

static int check_open(struct office *o, const struct rec_application *a) {
    if (a->outcome.p)
        return refuse(o, "too-late", "application", "It was decided already.");
    if (!text_is(a->state, "submitted") && !text_is(a->state, "eligible") &&
        !text_is(a->state, "assessed"))
        return refuse(o, "wrong-state", "application", "The application is %.*s.",
                      TEXT_ARGS(a->state));
    return 0;
}

static int check_assessor(struct office *o, const struct msg_assessor_assign *m,
                          const struct rec_application *a) {
    struct rec_person p;
    struct rec_assessment s;
    int rc = find_person(o, m->person, "person", &p);
    if (rc)
        return rc;
    rc = office_get(o, TABLE_ASSESSMENT, key2(m->application, m->person), &s);
    if (rc == 0)
        return refuse(o, "already", "person", "%.*s was asked before.", TEXT_ARGS(m->person));
    rc = rc == -ENOENT ? is_partial(o, &p, a) : rc;
    if (rc > 0)
        return refuse(o, "conflict", "person", "%.*s belongs to the applicants.",
                      TEXT_ARGS(m->person));
    return rc;
}

int apply_assessor_assign(struct office *o, const struct msg_assessor_assign *m) {
    struct rec_application a;
    struct rec_assessment s = {
        .application = m->application, .person = m->person, .due = m->due, .asked = o->said};
    int rc = find_application(o, m->application, "application", &a);
    if (rc == 0)
        rc = check_open(o, &a);
    if (rc == 0)
        rc = check_assessor(o, m, &a);
    if (rc)
        return rc;
    instant due = office_wall(o, m->due, a.zone);
    if (due <= o->said)
        return refuse(o, "too-late", "due", "The assessment would be due in the past.");
    rc = office_move(o, "ASSESSMENT", TEXT_NONE, "assign", "assessment", &s.state);
    if (rc)
        return rc;
    s.programme = a.programme;
    s.organisation = a.organisation;
    s.zone = a.zone;
    s.half = o->said + (due - o->said) / 2;
    office_about(o, "assessment", id_of(o, &s));
    answer_text(o, "state", s.state);
    rc = put(o, &s);
    return rc ? rc : owe(o, &s);
}

/* ---- what assessors say ---- */

static int find(struct office *o, struct text application, struct text person,
                struct rec_application *ret_application, struct rec_assessment *ret) {
    struct rec_person p;
    int rc = find_application(o, application, "application", ret_application);
    if (rc == 0)
        rc = find_person(o, person, "person", &p);
    if (rc)
        return rc;
    rc = office_get(o, TABLE_ASSESSMENT, key2(application, person), ret);
    if (rc == -ENOENT)
        return refuse(o, "not-entitled", "person", "%.*s was not asked to assess %.*s.",
                      TEXT_ARGS(person), TEXT_ARGS(application));
    return rc;
}

int apply_assessment_declare_conflict(struct office *o,
                                      const struct msg_assessment_declare_conflict *m) {
    struct rec_application a;
    struct rec_assessment s;
    int rc = find(o, m->application, m->person, &a, &s);
    if (rc)
        return rc;
    if (text_is(s.state, "conflict"))
        return refuse(o, "already", "person", "The conflict was declared before.");
    rc = office_move(o, "ASSESSMENT", s.state, "declare_conflict", "assessment", &s.state);
    if (rc)
        return rc;
    s.conflicted = o->said;
    s.reason = m->reason;
    rc = put_both(o, &s, &a);
    return rc ? rc
              : obligation_end(o, "submit-assessment", "assessment", id_of(o, &s),
                               TEXT_LIT("A conflict was declared."));
}

static bool score_of(struct list scores, struct text criterion, int64_t *ret) {
    struct text id;
    while (codec_next_pair_int(&scores, &id, ret))
        if (text_eq(id, criterion))
            return true;
    return false;
}

static int refuse_score(struct office *o, const char *code, struct text criterion,
                        const char *why) {
    char field[sizeof o->refusal.field];
    must(text_copy(arena_printf(o->arena, "scores.%.*s", TEXT_ARGS(criterion)), field,
                   sizeof field) == 0);
    return refuse(o, code, field, "%.*s %s.", TEXT_ARGS(criterion), why);
}

/* Exactly what is scored, each within its limits; the weighted mean of it in hundredths. */
static int weigh(struct office *o, struct list scores, const struct rec_call *c, int64_t *ret) {
    struct list criteria = c->criteria, given = scores;
    struct part_criterion criterion;
    struct text id;
    int64_t score, sum = 0, weights = 0;
    while (codec_next_pair_int(&given, &id, &score))
        if (!call_criterion(c, id, &criterion) || !text_is(criterion.kind, "score"))
            return refuse_score(o, "bad-value", id, "is not scored");
    while (codec_next_part(&criteria, PART_criterion, &criterion)) {
        int64_t weight = criterion.weight ? criterion.weight : 1;
        if (!text_is(criterion.kind, "score"))
            continue;
        if (!score_of(scores, criterion.criterion, &score))
            return refuse_score(o, "missing", criterion.criterion, "must be scored");
        if (score < 0 || score > (criterion.highest ? criterion.highest : HIGHEST))
            return refuse_score(o, "bad-value", criterion.criterion,
                                "is scored from 0 to its highest score");
        sum += weight * score;
        weights += weight;
    }
    *ret = weights ? rounded(100 * sum, weights) : 0;
    return 0;
}

static int check_submit(struct office *o, const struct rec_application *a,
                        const struct rec_assessment *s) {
    struct rec_person p;
    if (text_is(s->state, "conflict"))
        return refuse(o, "not-allowed", "person", "%.*s declared a conflict.",
                      TEXT_ARGS(s->person));
    int rc = check_open(o, a);
    if (rc == 0)
        rc = find_person(o, s->person, "person", &p);
    if (rc == 0)
        rc = is_partial(o, &p, a);
    if (rc > 0)
        return refuse(o, "not-allowed", "person", "%.*s belongs to the applicants.",
                      TEXT_ARGS(s->person));
    return rc;
}

int apply_assessment_submit(struct office *o, const struct msg_assessment_submit *m) {
    struct rec_application a;
    struct rec_assessment s;
    struct rec_call c;
    int rc = find(o, m->application, m->person, &a, &s);
    if (rc == 0)
        rc = check_submit(o, &a, &s);
    if (rc == 0)
        rc = find_call(o, a.call, "application", &c);
    if (rc == 0)
        rc = weigh(o, m->scores, &c, &s.weighted);
    if (rc == 0)
        rc = office_move(o, "ASSESSMENT", s.state, "submit", "assessment", &s.state);
    if (rc)
        return rc;
    s.scores = m->scores;
    s.remarks = m->remarks;
    s.recommendation = m->recommendation;
    s.submitted = o->said;
    rc = put_both(o, &s, &a);
    return rc ? rc
              : obligation_meet(o, "submit-assessment", "assessment", id_of(o, &s), s.person,
                                s.person);
}
