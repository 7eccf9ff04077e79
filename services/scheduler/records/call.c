/* A call for applications: planned, open, closed, decided. What it asks never changes. */
#include <errno.h>

#include "services/scheduler/records/application.h"
#include "services/scheduler/records/call.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/obligation.h"
#include "services/scheduler/reminders/plan.h"

instant call_opens(const struct office *o, const struct rec_call *c) {
    return office_wall(o, c->opens, c->zone);
}

instant call_ends(const struct office *o, const struct rec_call *c) {
    return office_wall(o, c->closes, c->zone) + MINUTES;
}

int call_of(struct office *o, struct text programme, struct rec_call *ret) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    bool found = false;
    int rc;
    while ((rc = office_next(o, TABLE_CALL, &none, &at, &value)) == 0) {
        struct rec_call c;
        if ((rc = office_read(o, TABLE_CALL, value, &c)))
            return rc;
        if (!text_eq(c.programme, programme))
            continue;
        if (!found || !text_is(c.state, "decided"))
            *ret = c;
        found = true;
    }
    return rc == -ENOENT && found ? 0 : rc;
}

bool call_asks(const struct rec_call *c, struct text question) {
    struct list list = c->questions;
    struct part_question q;
    while (codec_next_part(&list, PART_question, &q))
        if (text_eq(q.question, question))
            return true;
    return false;
}

bool call_criterion(const struct rec_call *c, struct text criterion, struct part_criterion *ret) {
    struct list list = c->criteria;
    while (codec_next_part(&list, PART_criterion, ret))
        if (text_eq(ret->criterion, criterion))
            return true;
    return false;
}

int call_put(struct office *o, struct rec_call *c) {
    int rc = office_put(o, TABLE_CALL, key1(c->call), c);
    return rc ? rc : plan_derive(o, "call", c->call);
}

/* ---- what is asked ---- */

static int check_criteria(struct office *o, struct list criteria) {
    struct part_criterion a, b;
    while (codec_next_part(&criteria, PART_criterion, &a)) {
        struct list rest = criteria;
        if (text_is(a.kind, "must") && (a.weight || a.highest))
            return refuse(o, "conflict", "criteria",
                          "%.*s must be met: it has no weight and no highest score.",
                          TEXT_ARGS(a.criterion));
        while (codec_next_part(&rest, PART_criterion, &b))
            if (text_eq(a.criterion, b.criterion))
                return refuse(o, "conflict", "criteria", "The criterion %.*s is there twice.",
                              TEXT_ARGS(a.criterion));
    }
    return 0;
}

static int check_questions(struct office *o, struct list questions) {
    struct part_question a, b;
    while (codec_next_part(&questions, PART_question, &a)) {
        struct list rest = questions;
        while (codec_next_part(&rest, PART_question, &b))
            if (text_eq(a.question, b.question))
                return refuse(o, "conflict", "questions", "The question %.*s is there twice.",
                              TEXT_ARGS(a.question));
    }
    return 0;
}

static int check_times(struct office *o, const struct rec_call *c) {
    if (call_opens(o, c) >= office_wall(o, c->closes, c->zone))
        return refuse(o, "conflict", "closes", "The call would close before it opens.");
    if (call_ends(o, c) <= o->said)
        return refuse(o, "too-late", "closes", "The call would close in the past.");
    return 0;
}

/* ---- opening and closing ---- */

/* Its time has come: it and its programme move on. */
static int begin(struct office *o, struct rec_call *c, struct rec_programme *p) {
    int rc = machine_next("CALL", c->state, "begin", &c->state);
    if (rc == 0)
        rc = machine_next("PROGRAMME", p->state, "call", &p->state);
    if (rc)
        return rc;
    c->opened = o->said;
    rc = due_del(o, call_opens(o, c), "call-open", key1(c->call));
    if (rc == 0)
        rc = call_put(o, c);
    if (rc == 0)
        rc = programme_put(o, p);
    return rc ? rc : office_fact(o, FACT_CALL_OPENED, "call", c->call);
}

int apply_call_open(struct office *o, const struct msg_call_open *m) {
    struct rec_programme p;
    struct rec_call other, c = {.call = m->call,
                                .programme = m->programme,
                                .opens = m->opens,
                                .closes = m->closes,
                                .answer_by = m->answer_by,
                                .accept_days = m->accept_days,
                                .criteria = m->criteria,
                                .questions = m->questions,
                                .planned = o->said};
    struct text calling;
    int rc = find_none(o, TABLE_CALL, key1(m->call), "call");
    if (rc == 0)
        rc = find_programme(o, m->programme, "programme", &p);
    if (rc)
        return rc;
    c.zone = p.zone;
    rc = call_of(o, m->programme, &other);
    if (rc == 0 && !text_is(other.state, "decided"))
        return refuse(o, "conflict", "programme", "The programme has the call %.*s, which is %.*s.",
                      TEXT_ARGS(other.call), TEXT_ARGS(other.state));
    if (rc == 0 || rc == -ENOENT)
        rc = office_move(o, "PROGRAMME", p.state, "call", "programme", &calling);
    if (rc == 0)
        rc = check_times(o, &c);
    if (rc == 0)
        rc = check_criteria(o, m->criteria);
    if (rc == 0)
        rc = check_questions(o, m->questions);
    if (rc == 0)
        rc = office_move(o, "CALL", TEXT_NONE, "open", "call", &c.state);
    if (rc)
        return rc;
    office_about(o, "call", c.call);
    rc = due_add_wall(o, call_opens(o, &c), c.zone, "call-open", key1(c.call));
    if (rc == 0)
        rc = due_add_wall(o, call_ends(o, &c), c.zone, "call-close", key1(c.call));
    if (rc == 0)
        rc = call_put(o, &c);
    if (rc == 0)
        rc = office_fact(o, FACT_CALL_PLANNED, "call", c.call);
    if (rc == 0 && call_opens(o, &c) <= o->said)
        rc = begin(o, &c, &p);
    answer_text(o, "call", c.call);
    answer_text(o, "state", c.state);
    return rc;
}

int call_begin(struct office *o, struct key key) {
    struct rec_call c;
    struct rec_programme p;
    int rc = office_get(o, TABLE_CALL, key, &c);
    if (rc == 0)
        rc = office_get(o, TABLE_PROGRAMME, key1(c.programme), &p);
    return rc ? rc : begin(o, &c, &p);
}

/* Nobody owes a draft any more. */
static int end_drafts(struct office *o, const struct rec_call *c) {
    struct key at = {.n = 0};
    struct rec_application a;
    int rc;
    while ((rc = application_next(o, c->call, &at, &a)) == 0) {
        if (!text_is(a.state, "draft"))
            continue;
        rc = obligation_end(o, "complete-application", "application", a.application,
                            TEXT_LIT("The call has closed."));
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

int call_shut(struct office *o, struct rec_call *c, struct rec_programme *p) {
    int rc = machine_next("CALL", c->state, "close", &c->state);
    if (rc == 0)
        rc = machine_next("PROGRAMME", p->state, "close", &p->state);
    if (rc)
        return rc;
    c->closed = o->said;
    rc = due_del(o, call_ends(o, c), "call-close", key1(c->call));
    if (rc == 0)
        rc = end_drafts(o, c);
    if (rc == 0)
        rc = call_put(o, c);
    return rc ? rc : office_fact(o, FACT_CALL_CLOSED, "call", c->call);
}

int call_drop(struct office *o, struct rec_call *c) {
    must(machine_next("CALL", c->state, "end", &c->state) == 0);
    c->closed = o->said;
    int rc = due_del(o, call_opens(o, c), "call-open", key1(c->call));
    if (rc == 0)
        rc = due_del(o, call_ends(o, c), "call-close", key1(c->call));
    if (rc == 0)
        rc = call_put(o, c);
    return rc ? rc : office_fact(o, FACT_CALL_CLOSED, "call", c->call);
}

int call_close(struct office *o, struct key key) {
    struct rec_call c;
    struct rec_programme p;
    int rc = office_get(o, TABLE_CALL, key, &c);
    if (rc == 0)
        rc = office_get(o, TABLE_PROGRAMME, key1(c.programme), &p);
    if (rc == 0)
        rc = call_shut(o, &c, &p);
    return rc ? rc : programme_put(o, &p);
}

/* ---- extending ---- */

static int extend_drafts(struct office *o, const struct rec_call *c) {
    struct key at = {.n = 0};
    struct rec_application was;
    int rc;
    while ((rc = application_next(o, c->call, &at, &was)) == 0) {
        struct rec_application a = was;
        if (!text_is(a.state, "draft"))
            continue;
        a.closes = c->closes;
        a.extended = c->extended;
        rc = application_put(o, &was, &a);
        if (rc == 0)
            rc = application_owes(o, &a);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

static int extend(struct office *o, struct rec_call *c, struct text closes) {
    int rc =
        text_is(c->state, "closed") ? 0 : due_del(o, call_ends(o, c), "call-close", key1(c->call));
    must(machine_next("CALL", c->state, "extend", &c->state) == 0);
    c->was_closes = c->closes;
    c->closes = closes;
    c->extended = o->said;
    c->closed = 0;
    if (rc == 0)
        rc = due_add_wall(o, call_ends(o, c), c->zone, "call-close", key1(c->call));
    if (rc == 0)
        rc = call_put(o, c);
    return rc ? rc : extend_drafts(o, c);
}

int apply_call_extend(struct office *o, const struct msg_call_extend *m) {
    struct rec_call c;
    struct rec_programme p;
    struct text next;
    int rc = find_call(o, m->call, "call", &c);
    if (rc == 0)
        rc = office_move(o, "CALL", c.state, "extend", "call", &next);
    if (rc == 0)
        rc = find_programme(o, c.programme, "call", &p);
    if (rc)
        return rc;
    if (text_cmp(m->closes, c.closes) <= 0) /* wall times sort as texts */
        return refuse(o, "conflict", "closes", "It closes %.*s already; expected a later time.",
                      TEXT_ARGS(c.closes));
    if (office_wall(o, m->closes, c.zone) + MINUTES <= o->said)
        return refuse(o, "too-late", "closes", "The call would close in the past.");
    bool again = text_is(c.state, "closed");
    if (again)
        rc = office_move(o, "PROGRAMME", p.state, "extend", "programme", &p.state);
    if (rc)
        return rc;
    office_about(o, "call", c.call);
    rc = extend(o, &c, m->closes);
    if (rc == 0 && again)
        rc = programme_put(o, &p);
    answer_text(o, "call", c.call);
    answer_text(o, "state", c.state);
    return rc ? rc : office_fact(o, FACT_CALL_EXTENDED, "call", c.call);
}
