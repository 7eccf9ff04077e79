/* Programmes: their pages, participants, calls, assessments and solutions. */
#include "proto/visible.h"
#include "services/gateway/asking.h"

static int programme(struct asking *a, struct bytes key, struct bytes value) {
    struct rec_programme p;
    (void)key;
    if (asking_read(a, TABLE_PROGRAMME, value, &p) &&
        (a->request->query == QUERY_PROGRAMMES_SHOW ||
         asked(a->request->body.programmes_list.state, p.state)))
        asking_add(a, &p);
    return 0;
}

static void one_programme(struct asking *a) {
    key_text(&a->prefix, a->request->body.programmes_show.programme);
}

static void of_programme(struct asking *a) {
    key_text(&a->prefix, a->request->body.programmes_participants.programme);
}

static int participation(struct asking *a, struct bytes key, struct bytes value) {
    struct rec_participation p;
    struct rec_organisation organisation;
    (void)key;
    if (!asking_read(a, TABLE_PARTICIPATION, value, &p))
        return 0;
    struct key of = key1(p.organisation);
    int rc = asking_get(a, TABLE_ORGANISATION, &of, &organisation);
    if (rc > 0)
        asking_add_with(a, &p, VIEW_organisation, &organisation);
    return rc < 0 ? rc : 0;
}

/* ---- calls: not before they open ---- */

static int call(struct asking *a, struct bytes key, struct bytes value) {
    const struct query_calls_list *q = &a->request->body.calls_list;
    struct rec_call c;
    (void)key;
    if (!asking_read(a, TABLE_CALL, value, &c) || text_is(c.state, "planned"))
        return 0;
    if (a->request->query == QUERY_CALLS_SHOW ||
        (asked(q->programme, c.programme) && asked(q->state, c.state)))
        asking_add(a, &c);
    return 0;
}

static void one_call(struct asking *a) {
    key_text(&a->prefix, a->request->body.calls_show.call);
}

/* ---- assessments ---- */

static void of_application(struct asking *a) {
    key_text(&a->prefix, a->request->body.assessments_list.application);
}

static int may_see_others(struct asking *a, const struct rec_assessment *other) {
    struct rec_programme p;
    struct rec_assessment own;
    struct key key = key1(other->programme);
    int rc = asking_get(a, TABLE_PROGRAMME, &key, &p);
    if (rc <= 0)
        return rc;
    key = key2(other->application, a->person);
    rc = asking_get(a, TABLE_ASSESSMENT, &key, &own);
    return rc < 0 ? rc : visible_assessments(&p, rc ? &own : NULL, a->person);
}

static int assessment(struct asking *a, struct bytes key, struct bytes value) {
    struct rec_assessment s;
    (void)key;
    if (!asking_read(a, TABLE_ASSESSMENT, value, &s))
        return 0;
    int rc = text_eq(s.person, a->person) ? 1 : may_see_others(a, &s);
    if (rc > 0)
        asking_add(a, &s);
    return rc < 0 ? rc : 0;
}

/* ---- solutions ---- */

static int solution(struct asking *a, struct bytes key, struct bytes value) {
    struct rec_solution s;
    (void)key;
    if (!asking_read(a, TABLE_SOLUTION, value, &s) || !text_is(s.state, "published") ||
        (a->request->query == QUERY_SOLUTIONS_LIST &&
         !asked(a->request->body.solutions_list.programme, s.programme)))
        return 0;
    int rc = text_is(s.visibility, "public") ? 1 : sees_as_cohort(a, s.programme);
    if (rc > 0)
        asking_add(a, &s);
    return rc < 0 ? rc : 0;
}

static void one_solution(struct asking *a) {
    key_text(&a->prefix, a->request->body.solutions_show.solution);
}

const struct answerer answer_programmes_list = {TABLE_PROGRAMME, NULL, programme};
const struct answerer answer_programmes_show = {TABLE_PROGRAMME, one_programme, programme};
const struct answerer answer_programmes_participants = {TABLE_PARTICIPATION, of_programme,
                                                        participation};
const struct answerer answer_calls_list = {TABLE_CALL, NULL, call};
const struct answerer answer_calls_show = {TABLE_CALL, one_call, call};
const struct answerer answer_assessments_list = {TABLE_ASSESSMENT, of_application, assessment};
const struct answerer answer_solutions_list = {TABLE_SOLUTION, NULL, solution};
const struct answerer answer_solutions_show = {TABLE_SOLUTION, one_solution, solution};
