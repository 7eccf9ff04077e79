/* Who comes: registering, answering, changing one's mind. The waiting list is in waiting.c. */
#include <errno.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/records/registration.h"
#include "services/scheduler/reminders/answered.h"
#include "services/scheduler/reminders/audience.h"
#include "services/scheduler/reminders/fire.h"
#include "services/scheduler/reminders/ledger.h"

int registration_get(struct office *o, struct text meeting, struct text person,
                     struct rec_registration *ret) {
    *ret = (struct rec_registration){.meeting = meeting, .person = person};
    int rc = office_get(o, TABLE_REGISTRATION, key2(meeting, person), ret);
    return rc == -ENOENT ? 0 : rc;
}

/* Only a meeting that was called and is still ahead takes registrations. */
static int check_open(struct office *o, const struct rec_meeting *m, bool coming) {
    instant closes = office_wall(o, m->registration_closes, m->zone);
    if (text_is(m->state, "tentative"))
        return refuse(o, "too-early", "meeting", "The meeting has not been called.");
    if (text_is(m->state, "cancelled"))
        return refuse(o, "wrong-state", "meeting", "The meeting was cancelled.");
    if (text_is(m->state, "held") || office_wall(o, m->ends, m->zone) <= o->said)
        return refuse(o, "too-late", "meeting", "The meeting is over.");
    if (coming && closes && o->said >= closes + MINUTES) /* the minute it names still counts */
        return refuse(o, "too-late", "registration_closes", "Registration closed %.*s (%.*s).",
                      TEXT_ARGS(m->registration_closes), TEXT_ARGS(m->zone));
    return 0;
}

static int check_details(struct office *o, const struct rec_meeting *m, struct text breakout,
                         struct text mode) {
    struct list list = m->breakouts;
    struct part_breakout b;
    bool found = !breakout.p;
    while (codec_next_part(&list, PART_breakout, &b))
        found |= text_eq(b.breakout, breakout);
    if (!found)
        return refuse(o, "not-found", "breakout", "The meeting has no group %.*s.",
                      TEXT_ARGS(breakout));
    if (mode.p && !text_is(m->mode, "hybrid") && !text_eq(mode, m->mode))
        return refuse(o, "conflict", "mode", "The meeting is %.*s.", TEXT_ARGS(m->mode));
    return 0;
}

/* The staff of whoever takes part in the programme that meets, or did to its end, and the members
 * of the group. */
static int belongs(struct office *o, const struct subject *s, struct text person) {
    static const struct audience cohort = {.nodes = {{.term = TERM_COHORT}}, .count = 1};
    const struct rec_meeting *m = &s->meeting;
    struct text there;
    int rc = -ENOENT;
    if (m->group.p)
        rc = office_marked(o, TABLE_GROUP_MEMBER, key2(m->group, person), &there);
    if (rc == -ENOENT)
        return audience_has(o, &cohort, s, person);
    return rc ? rc : 1;
}

static int is_invited(struct office *o, const struct subject *s, struct text person) {
    struct audience a;
    struct buf why;
    buf_init(&why, 1000);
    int rc = audience_parse(s->audience, &a, &why) ? -EBADMSG : 0;
    buf_free(&why);
    return rc ? rc : audience_has(o, &a, s, person);
}

/* The audience says who is invited; any member of the network, programme or group may come too, and
 * most are. */
static int check_entitled(struct office *o, struct text meeting, struct text person) {
    static const struct audience members = {.nodes = {{.term = TERM_MEMBERS}}, .count = 1};
    struct subject s;
    int rc = subject_load(o, TEXT_LIT("meeting"), meeting, &s);
    if (rc)
        return rc;
    rc = audience_has(o, &members, &s, person);
    if (rc == 0)
        rc = is_invited(o, &s, person);
    if (rc == 0)
        rc = belongs(o, &s, person);
    if (rc == 0)
        return refuse(o, "not-entitled", "person",
                      "%.*s is neither a member nor among those invited (%.*s).", TEXT_ARGS(person),
                      TEXT_ARGS(s.audience));
    return rc < 0 ? rc : 0;
}

static int tell(struct office *o, struct rec_meeting *m, const struct rec_registration *r,
                enum fact_type fact) {
    answer_text(o, "state", r->state);
    int rc = meeting_put_counts(o, m);
    return rc ? rc : office_fact(o, fact, "registration", subject_pair(o, r->meeting, r->person));
}

/* A place, or the next number on the waiting list. */
static int take_place(struct office *o, struct rec_meeting *m, const struct rec_registration *was,
                      struct rec_registration *r) {
    bool place = registration_needs_no_place(m, r) || registration_free(m);
    int rc = office_move(o, "REGISTRATION", was->state, place ? "make" : "wait", "registration",
                         &r->state);
    if (rc)
        return rc;
    r->zone = m->zone;
    r->cancelled = r->declined = r->lapsed = r->offered = r->offer_expires = 0;
    r->answered = o->said;
    r->registered = place ? o->said : 0;
    r->waiting = place ? 0 : o->said;
    r->queue = place ? 0 : ++m->queue;
    rc = registration_put(o, m, was->state.p ? was : NULL, r);
    if (rc == 0)
        rc = answered_meeting(o, r->meeting, r->person);
    if (rc == 0 && place)
        rc = fire_joined_later(o, r->meeting, r->person);
    if (rc == 0 && !place)
        answer_int(o, "place", m->waiting);
    return rc ? rc : tell(o, m, r, place ? FACT_REGISTRATION_MADE : FACT_REGISTRATION_WAITING);
}

static int has_already(struct office *o, const struct rec_registration *r) {
    if (text_is(r->state, "registered") || text_is(r->state, "waiting") ||
        text_is(r->state, "offered") || text_is(r->state, "attended"))
        return refuse(o, "already", "person", "%.*s is %.*s already.", TEXT_ARGS(r->person),
                      TEXT_ARGS(r->state));
    return 0;
}

int apply_registration_make(struct office *o, const struct msg_registration_make *m) {
    struct rec_meeting meeting;
    struct rec_person person;
    struct rec_registration was, r;
    int rc = find_meeting(o, m->meeting, "meeting", &meeting);
    if (rc == 0)
        rc = find_person(o, m->person, "person", &person);
    if (rc == 0)
        rc = registration_get(o, m->meeting, m->person, &was);
    if (rc == 0)
        rc = has_already(o, &was);
    if (rc == 0)
        rc = check_open(o, &meeting, true);
    if (rc == 0)
        rc = check_details(o, &meeting, m->breakout, m->mode);
    if (rc == 0)
        rc = check_entitled(o, m->meeting, m->person);
    if (rc)
        return rc;
    office_about(o, "meeting", m->meeting);
    r = was;
    r.breakout = m->breakout;
    r.diet = m->diet;
    r.mode = m->mode;
    r.answer = TEXT_LIT("yes");
    return take_place(o, &meeting, &was, &r);
}

/* Reads both, and refuses what cannot be changed any more. */
static int find_both(struct office *o, struct text meeting_id, struct text person, bool coming,
                     struct rec_meeting *meeting, struct rec_registration *r) {
    int rc = find_meeting(o, meeting_id, "meeting", meeting);
    if (rc == 0)
        rc = registration_get(o, meeting_id, person, r);
    if (rc == 0 && !r->state.p)
        return refuse(o, "not-found", "person", "%.*s has no registration for %.*s.",
                      TEXT_ARGS(person), TEXT_ARGS(meeting_id));
    office_about(o, "meeting", meeting_id);
    return rc ? rc : check_open(o, meeting, coming);
}

/* Who waited for a place in the room and now follows by video waits for nothing. */
static void come_in(struct office *o, struct rec_registration *r) {
    must(machine_next("REGISTRATION", r->state, "offer", &r->state) == 0);
    must(machine_next("REGISTRATION", r->state, "accept", &r->state) == 0);
    r->registered = o->said;
    r->waiting = 0;
    r->queue = 0;
}

int apply_registration_change(struct office *o, const struct msg_registration_change *m) {
    struct rec_meeting meeting;
    struct rec_registration was, r;
    int rc = find_both(o, m->meeting, m->person, false, &meeting, &was);
    r = was;
    if (rc == 0)
        rc = office_move(o, "REGISTRATION", was.state, "change", "registration", &r.state);
    if (rc == 0)
        rc = check_details(o, &meeting, m->breakout, m->mode);
    if (rc)
        return rc;
    r.breakout = m->breakout.p ? m->breakout : r.breakout;
    r.diet = m->diet.p ? m->diet : r.diet;
    r.mode = m->mode.p ? m->mode : r.mode;
    if (registration_needs_no_place(&meeting, &was) && !registration_needs_no_place(&meeting, &r) &&
        !registration_free(&meeting))
        return refuse(o, "full", "mode", "There is no place left in the room.");
    bool let_in = text_is(was.state, "waiting") && registration_needs_no_place(&meeting, &r);
    if (let_in)
        come_in(o, &r);
    rc = registration_put(o, &meeting, &was, &r);
    if (rc == 0 && let_in)
        rc = fire_joined_later(o, r.meeting, r.person);
    if (rc == 0)
        rc = registration_offer_free(o, &meeting);
    return rc ? rc : tell(o, &meeting, &r, FACT_REGISTRATION_CHANGED);
}

/* The place is given back; what was about to leave for it does not. */
static int leave(struct office *o, struct rec_meeting *meeting, const struct rec_registration *was,
                 struct rec_registration *r) {
    r->offer_expires = 0;
    r->queue = 0;
    r->answered = o->said;
    int rc = ledger_stop_person(o, r->person, r->meeting, true, "supersede",
                                TEXT_LIT("they do not come"));
    if (rc == 0)
        rc = registration_put(o, meeting, was->state.p ? was : NULL, r);
    if (rc == 0)
        rc = registration_offer_free(o, meeting);
    return rc ? rc : tell(o, meeting, r, FACT_REGISTRATION_ENDED);
}

int apply_registration_cancel(struct office *o, const struct msg_registration_cancel *m) {
    struct rec_meeting meeting;
    struct rec_registration was, r;
    int rc = find_both(o, m->meeting, m->person, false, &meeting, &was);
    r = was;
    if (rc == 0 && text_is(was.state, "cancelled"))
        return refuse(o, "already", "person", "The registration was cancelled before.");
    if (rc == 0)
        rc = office_move(o, "REGISTRATION", was.state, "cancel", "registration", &r.state);
    if (rc)
        return rc;
    r.cancelled = o->said;
    return leave(o, &meeting, &was, &r);
}

static int accept(struct office *o, struct rec_meeting *meeting,
                  const struct rec_registration *was) {
    struct rec_registration r = *was;
    if (text_is(was->state, "lapsed") ||
        (text_is(was->state, "offered") && was->offer_expires <= o->said))
        return refuse(o, "too-late", "person", "The offer has lapsed; the place went to the next.");
    if (text_is(was->state, "registered"))
        return refuse(o, "already", "person", "The place was taken before.");
    int rc = office_move(o, "REGISTRATION", was->state, "accept", "registration", &r.state);
    if (rc)
        return rc;
    r.registered = r.answered = o->said;
    r.answer = TEXT_LIT("yes");
    r.offer_expires = 0;
    r.queue = 0;
    rc = registration_put(o, meeting, was, &r);
    if (rc == 0)
        rc = fire_joined_later(o, r.meeting, r.person);
    return rc ? rc : tell(o, meeting, &r, FACT_REGISTRATION_MADE);
}

int apply_registration_accept_offer(struct office *o,
                                    const struct msg_registration_accept_offer *m) {
    struct rec_meeting meeting;
    struct rec_registration was;
    int rc = find_both(o, m->meeting, m->person, false, &meeting, &was);
    return rc ? rc : accept(o, &meeting, &was);
}

static int decline(struct office *o, struct rec_meeting *meeting,
                   const struct rec_registration *was) {
    struct rec_registration r = *was;
    int rc = office_move(o, "REGISTRATION", was->state, "decline", "registration", &r.state);
    if (rc)
        return rc;
    r.zone = meeting->zone;
    r.declined = o->said;
    r.answer = TEXT_LIT("no");
    return leave(o, meeting, was, &r);
}

int apply_registration_decline_offer(struct office *o,
                                     const struct msg_registration_decline_offer *m) {
    struct rec_meeting meeting;
    struct rec_registration was;
    int rc = find_both(o, m->meeting, m->person, false, &meeting, &was);
    if (rc)
        return rc;
    if (!text_is(was.state, "offered"))
        return refuse(o, "wrong-state", "person", "No place is offered: the registration is %.*s.",
                      TEXT_ARGS(was.state));
    return decline(o, &meeting, &was);
}

/* Yes from somebody who has a place confirms it; from anybody else it asks for one. */
static int say_yes(struct office *o, struct rec_meeting *meeting,
                   const struct rec_registration *was) {
    struct rec_registration r = *was;
    r.answer = TEXT_LIT("yes");
    if (text_is(was->state, "offered"))
        return accept(o, meeting, was);
    if (!text_is(was->state, "registered")) {
        int rc = has_already(o, was);
        return rc ? rc : take_place(o, meeting, was, &r);
    }
    r.answered = o->said;
    int rc = registration_put(o, meeting, was, &r);
    if (rc == 0)
        rc = answered_meeting(o, r.meeting, r.person);
    return rc ? rc : tell(o, meeting, &r, FACT_REGISTRATION_CHANGED);
}

static int say_maybe(struct office *o, struct rec_meeting *meeting,
                     const struct rec_registration *was) {
    struct rec_registration r = *was;
    bool keeps = text_is(was->state, "registered");
    int rc =
        keeps ? 0 : office_move(o, "REGISTRATION", was->state, "maybe", "registration", &r.state);
    if (rc)
        return rc;
    r.zone = meeting->zone;
    r.answer = TEXT_LIT("maybe");
    if (!keeps) /* with a place it counts as no answer yet, so that they are asked again */
        r.answered = o->said;
    rc = registration_put(o, meeting, was->state.p ? was : NULL, &r);
    return rc ? rc : tell(o, meeting, &r, FACT_REGISTRATION_CHANGED);
}

int apply_registration_answer(struct office *o, const struct msg_registration_answer *m) {
    struct rec_meeting meeting;
    struct rec_person person;
    struct rec_registration was;
    bool no = text_is(m->answer, "no");
    int rc = find_meeting(o, m->meeting, "meeting", &meeting);
    if (rc == 0)
        rc = find_person(o, m->person, "person", &person);
    if (rc == 0)
        rc = registration_get(o, m->meeting, m->person, &was);
    if (rc == 0)
        rc = check_open(o, &meeting, !no);
    if (rc == 0 && !was.state.p)
        rc = check_entitled(o, m->meeting, m->person);
    if (rc)
        return rc;
    office_about(o, "meeting", m->meeting);
    if (no)
        return decline(o, &meeting, &was);
    return text_is(m->answer, "yes") ? say_yes(o, &meeting, &was) : say_maybe(o, &meeting, &was);
}
