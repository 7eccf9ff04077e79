/* What the office makes of an application: asking for more, judging it; and its withdrawal. */
#include <errno.h>

#include "services/scheduler/records/application.h"
#include "services/scheduler/records/assessment.h"
#include "services/scheduler/records/call.h"
#include "services/scheduler/records/place.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/obligation.h"

int apply_application_ask_more(struct office *o, const struct msg_application_ask_more *m) {
    struct rec_application was, a;
    int rc = find_application(o, m->application, "application", &was);
    a = was;
    if (rc == 0)
        rc = office_move(o, "APPLICATION", was.state, "ask_more", "application", &a.state);
    if (rc)
        return rc;
    if (office_wall(o, m->due, was.zone) <= o->said)
        return refuse(o, "too-late", "due", "The answer would be due in the past.");
    a.more = m->questions;
    a.more_due = m->due;
    a.more_asked = o->said;
    a.more_answer = TEXT_NONE;
    a.more_answered = 0;
    struct owed owed = {.kind = "answer-more",
                        .about_kind = "application",
                        .about = a.application,
                        .organisation = a.organisation,
                        .programme = a.programme,
                        .due = m->due,
                        .zone = a.zone};
    rc = application_tell(o, &was, &a, FACT_APPLICATION_CHANGED);
    return rc ? rc : obligation_open(o, &owed);
}

int apply_application_answer_more(struct office *o, const struct msg_application_answer_more *m) {
    struct rec_application was, a;
    struct rec_call c;
    int rc = find_application(o, m->application, "application", &was);
    a = was;
    if (rc == 0)
        rc = office_move(o, "APPLICATION", was.state, "answer_more", "application", &a.state);
    if (rc == 0)
        rc = find_call(o, was.call, "application", &c);
    if (rc == 0)
        rc = application_check_complete(o, &was, &c);
    if (rc)
        return rc;
    a.more_answer = m->text;
    a.more_answered = o->said;
    rc = application_tell(o, &was, &a, FACT_APPLICATION_CHANGED);
    return rc ? rc
              : obligation_meet(o, "answer-more", "application", a.application, TEXT_NONE,
                                a.contact);
}

/* ---- eligibility ---- */

static int check_failed(struct office *o, struct list failed, const struct rec_call *c) {
    struct text id;
    struct part_criterion criterion;
    while (codec_next_text(&failed, &id)) {
        if (!call_criterion(c, id, &criterion))
            return refuse(o, "not-found", "failed", "The call has no criterion %.*s.",
                          TEXT_ARGS(id));
        if (!text_is(criterion.kind, "must"))
            return refuse(o, "bad-value", "failed",
                          "%.*s is scored; expected one that must be met.", TEXT_ARGS(id));
    }
    return 0;
}

static int check_judgement(struct office *o, const struct msg_application_judge_eligible *m,
                           const struct rec_application *a) {
    struct rec_call c;
    if (text_is(a->state, m->ok ? "eligible" : "ineligible") ||
        (m->ok && text_is(a->state, "assessed")))
        return refuse(o, "already", "application", "It was judged so already.");
    if (a->outcome.p)
        return refuse(o, "too-late", "application", "It was decided already: %.*s.",
                      TEXT_ARGS(a->outcome));
    if (!m->ok && !texts_given(&m->reasons))
        return refuse(o, "missing", "reasons", "Why not is required.");
    if (m->ok && m->failed.count)
        return refuse(o, "conflict", "failed", "What is eligible fails no criterion.");
    int rc = find_call(o, a->call, "application", &c);
    return rc ? rc : check_failed(o, m->failed, &c);
}

/* The assessors may have spoken before. */
static int judged(struct office *o, struct rec_application *a) {
    bool done = false;
    int rc = 0;
    if (text_is(a->state, "eligible"))
        rc = assessment_count(o, a, NULL, &done);
    if (done)
        must(machine_next("APPLICATION", a->state, "assess", &a->state) == 0);
    return rc;
}

static int judge_rest(struct office *o, const struct rec_application *was,
                      const struct rec_application *a) {
    int rc = 0;
    if (text_is(a->state, "ineligible")) {
        rc = assessment_stop(o, a, TEXT_LIT("The application is not eligible."));
        if (rc == 0)
            rc = obligation_end(o, "answer-more", "application", a->application,
                                TEXT_LIT("The application was judged."));
    } else if (text_is(was->state, "ineligible")) {
        rc = assessment_resume(o, a);
    }
    return rc;
}

int apply_application_judge_eligible(struct office *o,
                                     const struct msg_application_judge_eligible *m) {
    struct rec_application was, a;
    int rc = find_application(o, m->application, "application", &was);
    if (rc == 0)
        rc = check_judgement(o, m, &was);
    a = was;
    if (rc == 0)
        rc = office_move(o, "APPLICATION", was.state, m->ok ? "find_eligible" : "find_ineligible",
                         "application", &a.state);
    if (rc)
        return rc;
    a.judged = o->said;
    a.eligible = m->ok;
    a.judgement = a.reasons = m->reasons;
    a.failed = m->failed;
    rc = judged(o, &a);
    if (rc == 0)
        rc = application_tell(o, &was, &a, FACT_APPLICATION_JUDGED);
    return rc ? rc : judge_rest(o, &was, &a);
}

/* ---- withdrawal ---- */

int apply_application_withdraw(struct office *o, const struct msg_application_withdraw *m) {
    const struct text why = TEXT_LIT("The application was withdrawn.");
    struct rec_application was, a;
    int rc = find_application(o, m->application, "application", &was);
    if (rc)
        return rc;
    if (text_is(was.state, "withdrawn"))
        return refuse(o, "already", "application", "It was withdrawn before.");
    a = was;
    rc = office_move(o, "APPLICATION", was.state, "withdraw", "application", &a.state);
    if (rc)
        return rc;
    a.withdrawn = o->said;
    rc = application_tell(o, &was, &a, FACT_APPLICATION_WITHDRAWN);
    if (rc == 0)
        rc = obligation_end(o, NULL, "application", a.application, why);
    if (rc == 0)
        rc = assessment_stop(o, &a, why);
    return rc || !text_is(was.state, "selected") ? rc : place_free(o, a.programme);
}
