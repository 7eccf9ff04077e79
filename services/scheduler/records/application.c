/* An application until it is submitted. What the office makes of it is in application_judge.c. */
#include "services/scheduler/records/application.h"

#include <errno.h>

#include "services/scheduler/records/call.h"
#include "services/scheduler/records/place.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/obligation.h"
#include "services/scheduler/reminders/plan.h"

#define MERGES_MAX 8 /* organisations merged one after another */

static bool is_state(const struct rec_application *a, const char *state) {
    return a && text_is(a->state, state);
}

static struct key reserve_key(const struct rec_application *a) {
    struct key k = key1(a->programme);
    key_u64(&k, (uint64_t)a->rank);
    return k;
}

int application_put(struct office *o, const struct rec_application *was,
                    struct rec_application *a) {
    struct key k = key1(a->application), applied = key2(a->call, a->organisation);
    int rc = 0;
    if (is_state(was, "reserve"))
        rc = office_del(o, TABLE_RESERVE, reserve_key(was));
    if (rc == 0 && is_state(was, "selected"))
        rc = due_del(o, place_ends(was), "place", k);
    if (rc == 0 && is_state(a, "reserve"))
        rc = office_mark(o, TABLE_RESERVE, reserve_key(a), a->application);
    if (rc == 0 && is_state(a, "selected"))
        rc = due_add(o, place_ends(a), "place", k);
    if (rc == 0 && was && !is_state(was, "withdrawn") &&
        !text_eq(was->organisation, a->organisation))
        rc = office_del(o, TABLE_APPLIED, key2(was->call, was->organisation));
    if (rc == 0 && !is_state(a, "withdrawn"))
        rc = office_mark(o, TABLE_APPLIED, applied, a->application);
    else if (rc == 0 && !is_state(was, "withdrawn")) /* by now it may be another's */
        rc = office_del(o, TABLE_APPLIED, applied);
    if (rc == 0)
        rc = office_put(o, TABLE_APPLICATION, k, a);
    return rc ? rc : plan_derive(o, "application", a->application);
}

int application_tell(struct office *o, const struct rec_application *was, struct rec_application *a,
                     enum fact_type fact) {
    office_about(o, "application", a->application);
    answer_text(o, "application", a->application);
    answer_text(o, "state", a->state);
    int rc = application_put(o, was, a);
    return rc ? rc : office_fact(o, fact, "application", a->application);
}

int application_next(struct office *o, struct text call, struct key *at,
                     struct rec_application *ret) {
    struct key prefix = key1(call);
    struct bytes value;
    int rc = office_next(o, TABLE_APPLIED, &prefix, at, &value);
    return rc ? rc : office_get(o, TABLE_APPLICATION, key1((struct text){value.p, value.n}), ret);
}

int application_owes(struct office *o, const struct rec_application *a) {
    struct owed owed = {.kind = "complete-application",
                        .about_kind = "application",
                        .about = a->application,
                        .organisation = a->organisation,
                        .programme = a->programme,
                        .due = a->closes,
                        .zone = a->zone};
    return obligation_open(o, &owed);
}

int application_speaks(struct office *o, const struct rec_person *p, struct text organisation) {
    for (unsigned i = 0; i < MERGES_MAX; i++) {
        struct rec_organisation r;
        if (list_has_text(p->organisations, organisation))
            return 1;
        int rc = office_get(o, TABLE_ORGANISATION, key1(organisation), &r);
        if (rc)
            return rc == -ENOENT ? 0 : rc;
        if (!r.into.p)
            return 0;
        organisation = r.into;
    }
    return 0;
}

static int check_contact(struct office *o, struct text contact, struct text organisation) {
    struct rec_person p;
    int rc = find_person(o, contact, "contact", &p);
    if (rc == 0)
        rc = application_speaks(o, &p, organisation);
    else
        return rc;
    if (rc == 0)
        return refuse(o, "not-entitled", "contact", "%.*s does not belong to %.*s.",
                      TEXT_ARGS(contact), TEXT_ARGS(organisation));
    return rc < 0 ? rc : 0;
}

/* One applies between its opening and its closing, both judged by when it was said. */
static int check_open(struct office *o, const struct rec_call *c) {
    if (o->said < call_opens(o, c))
        return refuse(o, "too-early", "call", "The call opens %.*s (%.*s).", TEXT_ARGS(c->opens),
                      TEXT_ARGS(c->zone));
    if (o->said >= call_ends(o, c) || text_is(c->state, "decided"))
        return refuse(o, "too-late", "call", "The call closed %.*s (%.*s).", TEXT_ARGS(c->closes),
                      TEXT_ARGS(c->zone));
    return 0;
}

static int check_first(struct office *o, struct text call, struct text organisation) {
    struct text other;
    int rc = office_marked(o, TABLE_APPLIED, key2(call, organisation), &other);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    return refuse(o, "already", "organisation", "%.*s applied already: %.*s.",
                  TEXT_ARGS(organisation), TEXT_ARGS(other));
}

int apply_application_start(struct office *o, const struct msg_application_start *m) {
    struct rec_call c;
    struct rec_programme p;
    struct rec_organisation organisation;
    struct rec_application a = {.application = office_id(o, m->application, "application"),
                                .call = m->call,
                                .organisation = m->organisation,
                                .contact = m->contact,
                                .started = o->said};
    int rc = find_none(o, TABLE_APPLICATION, key1(a.application), "application");
    if (rc == 0)
        rc = find_call(o, m->call, "call", &c);
    if (rc == 0)
        rc = find_programme(o, c.programme, "call", &p);
    if (rc == 0)
        rc = find_organisation(o, m->organisation, "organisation", &organisation);
    if (rc == 0)
        rc = check_contact(o, m->contact, m->organisation);
    if (rc == 0)
        rc = check_open(o, &c);
    if (rc == 0)
        rc = check_first(o, m->call, m->organisation);
    if (rc == 0)
        rc = office_move(o, "APPLICATION", TEXT_NONE, "start", "application", &a.state);
    if (rc)
        return rc;
    a.programme = c.programme;
    a.zone = c.zone;
    a.closes = c.closes;
    rc = application_tell(o, NULL, &a, FACT_APPLICATION_STARTED);
    return rc ? rc : application_owes(o, &a);
}

/* ---- editing ---- */

static bool answer_to(struct list answers, struct text question, struct text *ret) {
    struct text q, answer;
    while (codec_next_pair_text(&answers, &q, &answer))
        if (text_eq(q, question)) {
            *ret = answer;
            return true;
        }
    return false;
}

static int check_answers(struct office *o, struct list answers, const struct rec_call *c) {
    struct text question, answer;
    char field[sizeof o->refusal.field];
    while (codec_next_pair_text(&answers, &question, &answer)) {
        if (call_asks(c, question))
            continue;
        must(text_copy(arena_printf(o->arena, "answers.%.*s", TEXT_ARGS(question)), field,
                       sizeof field) == 0);
        return refuse(o, "not-found", field, "The call does not ask %.*s.", TEXT_ARGS(question));
    }
    return 0;
}

/* Answers one by one, in the order of the questions. */
static struct list merge_answers(struct office *o, const struct rec_call *c, struct list was,
                                 struct list more) {
    struct list questions = c->questions;
    struct part_question q;
    struct buf b;
    uint32_t n = 0;
    buf_init(&b, 1 << 20);
    while (codec_next_part(&questions, PART_question, &q)) {
        struct text answer;
        if (!answer_to(more, q.question, &answer) && !answer_to(was, q.question, &answer))
            continue;
        codec_add_text(&b, q.question);
        codec_add_text(&b, answer);
        n++;
    }
    must(!b.over);
    struct list list = {arena_bytes(o->arena, buf_as_bytes(&b)), n};
    buf_free(&b);
    return list;
}

static int check_partners(struct office *o, struct list partners, struct text lead) {
    struct text partner;
    struct rec_organisation r;
    while (codec_next_text(&partners, &partner)) {
        int rc = find_organisation(o, partner, "partners", &r);
        if (rc)
            return rc;
        if (text_eq(partner, lead))
            return refuse(o, "conflict", "partners", "%.*s leads the application.",
                          TEXT_ARGS(partner));
        if (list_has_text(partners, partner))
            return refuse(o, "conflict", "partners", "%.*s is there twice.", TEXT_ARGS(partner));
    }
    return 0;
}

static int check_staff(struct office *o, struct list staff) {
    struct text person;
    struct rec_person p;
    while (codec_next_text(&staff, &person)) {
        int rc = find_person(o, person, "staff", &p);
        if (rc)
            return rc;
        if (list_has_text(staff, person))
            return refuse(o, "conflict", "staff", "%.*s is there twice.", TEXT_ARGS(person));
    }
    return 0;
}

/* A draft until the call closes; where more was asked, until that is due. */
static int check_editable(struct office *o, const struct rec_application *a,
                          const struct rec_call *c) {
    struct text next;
    int rc = office_move(o, "APPLICATION", a->state, "edit", "application", &next);
    if (rc || text_is(a->state, "draft"))
        return rc ? rc : check_open(o, c);
    if (o->said >= office_wall(o, a->more_due, a->zone) + MINUTES)
        return refuse(o, "too-late", "application", "More was asked until %.*s (%.*s).",
                      TEXT_ARGS(a->more_due), TEXT_ARGS(a->zone));
    return 0;
}

int apply_application_edit(struct office *o, const struct msg_application_edit *m) {
    struct rec_application was, a;
    struct rec_call c;
    int rc = find_application(o, m->application, "application", &was);
    if (rc == 0)
        rc = find_call(o, was.call, "application", &c);
    if (rc == 0)
        rc = check_editable(o, &was, &c);
    if (rc == 0 && m->contact.p)
        rc = check_contact(o, m->contact, was.organisation);
    if (rc == 0)
        rc = check_answers(o, m->answers, &c);
    if (rc == 0)
        rc = check_partners(o, m->partners, was.organisation);
    if (rc == 0)
        rc = check_staff(o, m->staff);
    if (rc)
        return rc;
    a = was;
    a.contact = m->contact.p ? m->contact : was.contact;
    a.answers = m->answers.count ? merge_answers(o, &c, was.answers, m->answers) : was.answers;
    a.partners = m->partners.raw.p ? m->partners : was.partners;
    a.staff = m->staff.raw.p ? m->staff : was.staff;
    a.problem = m->problem.p ? m->problem : was.problem;
    a.budget_accepted |= m->budget_accepted;
    return application_tell(o, &was, &a, FACT_APPLICATION_CHANGED);
}

/* ---- submitting ---- */

static int check_answered(struct office *o, const struct rec_application *a,
                          const struct rec_call *c) {
    struct list questions = c->questions;
    struct part_question q;
    struct text answer;
    char field[sizeof o->refusal.field];
    while (codec_next_part(&questions, PART_question, &q)) {
        if (!q.required || (answer_to(a->answers, q.question, &answer) && text_trim(answer).n))
            continue;
        must(text_copy(arena_printf(o->arena, "answers.%.*s", TEXT_ARGS(q.question)), field,
                       sizeof field) == 0);
        return refuse(o, "missing", field, "The question %.*s must be answered.",
                      TEXT_ARGS(q.question));
    }
    return 0;
}

int application_check_complete(struct office *o, const struct rec_application *a,
                               const struct rec_call *c) {
    struct rec_programme p;
    int rc = find_programme(o, a->programme, "application", &p);
    if (rc == 0)
        rc = check_answered(o, a, c);
    if (rc)
        return rc;
    if (p.least_staff && !a->staff.count) /* whether they are enough is judged later */
        return refuse(o, "missing", "staff",
                      "Expected the people who would be named, at least %lld.",
                      (long long)p.least_staff);
    if (p.budget_minutes && !a->budget_accepted)
        return refuse(o, "missing", "budget_accepted", "The hours must be accepted.");
    return 0;
}

int apply_application_submit(struct office *o, const struct msg_application_submit *m) {
    struct rec_application was, a;
    struct rec_call c;
    int rc = find_application(o, m->application, "application", &was);
    if (rc)
        return rc;
    if (text_is(was.state, "submitted"))
        return refuse(o, "already", "application", "It was submitted before.");
    a = was;
    rc = office_move(o, "APPLICATION", was.state, "submit", "application", &a.state);
    if (rc == 0)
        rc = find_call(o, was.call, "application", &c);
    if (rc == 0)
        rc = check_open(o, &c);
    if (rc == 0)
        rc = application_check_complete(o, &was, &c);
    if (rc)
        return rc;
    a.submitted = o->said;
    rc = application_tell(o, &was, &a, FACT_APPLICATION_SUBMITTED);
    return rc ? rc
              : obligation_meet(o, "complete-application", "application", a.application, TEXT_NONE,
                                a.contact);
}
