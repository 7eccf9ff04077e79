/* A meeting gets another time or place, is decided on, or is cancelled: everything that people who
 * were told must be told at once. Each raises the revision, which is the calendar's SEQUENCE, and
 * supersedes letters that have not left and tell the old state. */
#include <errno.h>

#include "common/zone.h"
#include "services/scheduler/records/meeting.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/records/registration.h"
#include "services/scheduler/reminders/ledger.h"

/* A dependent wall time moves by as much as the start, unless given. */
static struct text moved(struct office *o, struct text given, struct text was, int64_t minutes) {
    struct wall w;
    char to[WALL_TEXT];
    if (given.p || !was.p || wall_parse(was, &w))
        return given;
    /* whole days by the calendar, the rest by the clock: no span overflows an int */
    wall_format(wall_add(w, (int)(minutes / 1440), (int)(minutes % 1440)), to);
    return arena_text(o->arena, text_of(to));
}

struct change { /* of time */
    struct text starts, zone, room_opens, registration_closes, decide_by;
    int64_t minutes;
};

static int change_time(struct office *o, struct rec_meeting *r, const struct change *c) {
    struct wall from, to;
    must(wall_parse(r->starts, &from) == 0 && wall_parse(c->starts, &to) == 0);
    int64_t by = wall_minutes(to) - wall_minutes(from);
    int rc = find_zone(o, c->zone, "zone");
    if (rc)
        return rc;
    r->was_starts = r->starts;
    r->room_opens = moved(o, c->room_opens, r->room_opens, by);
    r->registration_closes = moved(o, c->registration_closes, r->registration_closes, by);
    r->decide_by = moved(o, c->decide_by, r->decide_by, by);
    r->starts = c->starts;
    r->zone = c->zone.p ? c->zone : r->zone;
    r->minutes = c->minutes ? c->minutes : r->minutes;
    r->ends = meeting_ends(o, r->starts, r->zone, r->minutes);
    if (office_wall(o, r->starts, r->zone) < o->said)
        return refuse(o, "too-late", "starts", "The meeting would start in the past.");
    return meeting_check_times(o, r);
}

/* People who know it are told; what has not left and tells the old state does not leave. */
static int revise(struct office *o, struct rec_meeting *r, const char *why) {
    if (!text_is(r->state, "called") && !text_is(r->state, "cancelled"))
        return 0;
    r->revision++;
    return ledger_supersede_meeting(o, r->meeting, r->revision, text_of(why));
}

/* Who follows by video takes a place or not, as the mode has it; and once it is ahead again, a
 * place that became free after the old start is offered. */
static int change_places(struct office *o, struct rec_meeting *r) {
    int rc = registration_recount(o, r);
    return rc ? rc : registration_offer_free(o, r);
}

/* Two changes at the same moment are two: each is told of by its own letter. */
static instant following(instant was, instant said) {
    return said > was ? said : was + 1;
}

#define TOLD_AT_ONCE (1 * HOURS) /* before it starts, whenever people were told last */

static instant later(instant a, instant b) {
    return a > b ? a : b;
}

/* When to tell of an edit: at once, or together with those that follow soon after the last that
 * was told. */
static instant tell_when(const struct office *o, const struct rec_meeting *r) {
    instant last = later(later(r->move_told, r->mode_told), r->postponed);
    instant starts = office_wall(o, r->starts, r->zone);
    instant was = office_wall(o, r->was_starts, r->zone);
    instant first = was > o->said && was < starts ? was : starts;
    instant end = last > o->said ? last : last + o->settings->merge_edits;
    return last && end > o->said && end <= first - TOLD_AT_ONCE ? end : o->said;
}

static void tell_at(const struct office *o, instant at, instant *told) {
    *told = at > o->said || *told > o->said ? at : following(*told, o->said);
}

/* A letter of a move says where, too; so it takes the place of one that only says where. */
static void tell_move(const struct office *o, struct rec_meeting *r) {
    instant at = tell_when(o, r);
    r->moved = following(r->moved, o->said);
    tell_at(o, at, &r->move_told);
    if (r->mode_told > o->said)
        r->mode_told = 0;
}

static void tell_mode(const struct office *o, struct rec_meeting *r) {
    instant at = tell_when(o, r);
    r->mode_changed = following(r->mode_changed, o->said);
    tell_at(o, at, r->move_told > o->said ? &r->move_told : &r->mode_told);
}

/* Its own letter, which goes at once, says all there is to say. */
static void tell_nothing_else(const struct office *o, struct rec_meeting *r) {
    r->move_told = r->move_told > o->said ? 0 : r->move_told;
    r->mode_told = r->mode_told > o->said ? 0 : r->mode_told;
}

int apply_meeting_move(struct office *o, const struct msg_meeting_move *m) {
    struct rec_meeting r;
    int rc = find_meeting(o, m->meeting, "meeting", &r);
    if (rc == 0)
        rc = office_move(o, "MEETING", r.state, "move", "meeting", &r.state);
    if (rc)
        return rc;
    struct change c = {m->starts,    m->zone,   m->room_opens, m->registration_closes,
                       m->decide_by, m->minutes};
    bool same_zone = !m->zone.p || text_eq(m->zone, r.zone);
    if (text_eq(m->starts, r.starts) && same_zone && (!m->minutes || m->minutes == r.minutes))
        return refuse(o, "already", "starts", "The meeting starts then already.");
    rc = change_time(o, &r, &c);
    if (rc)
        return rc;
    r.reason = m->reason;
    if (text_is(r.state, "called"))
        tell_move(o, &r);
    rc = revise(o, &r, "the meeting was moved");
    if (rc == 0)
        rc = change_places(o, &r);
    return rc ? rc : meeting_tell(o, &r, FACT_MEETING_MOVED);
}

static bool set_place(struct rec_meeting *r, struct text mode, struct text place,
                      struct text link) {
    bool changed = (mode.p && !text_eq(mode, r->mode)) || (place.p && !text_eq(place, r->place)) ||
                   (link.p && !text_eq(link, r->link));
    r->mode = mode.p ? mode : r->mode;
    r->place = place.p ? place : r->place;
    r->link = link.p ? link : r->link;
    if (text_is(r->mode, "video"))
        r->place = TEXT_NONE;
    if (text_is(r->mode, "room"))
        r->link = TEXT_NONE;
    return changed;
}

int apply_meeting_set_mode(struct office *o, const struct msg_meeting_set_mode *m) {
    struct rec_meeting r;
    int rc = find_meeting(o, m->meeting, "meeting", &r);
    if (rc == 0)
        rc = office_move(o, "MEETING", r.state, "set_mode", "meeting", &r.state);
    if (rc)
        return rc;
    if (!set_place(&r, m->mode, m->place, m->link))
        return refuse(o, "already", "mode", "The meeting has that mode and place already.");
    if (text_is(r.state, "called"))
        tell_mode(o, &r);
    rc = revise(o, &r, "the meeting's mode or place changed");
    if (rc == 0)
        rc = change_places(o, &r);
    return rc ? rc : meeting_tell(o, &r, FACT_MEETING_MODE_SET);
}

static int postpone(struct office *o, const struct msg_meeting_decide *m, struct rec_meeting *r) {
    struct change c = {.starts = m->starts,
                       .room_opens = m->room_opens,
                       .registration_closes = m->registration_closes,
                       .decide_by = m->decide_by,
                       .minutes = m->minutes};
    if (!m->starts.p)
        return refuse(o, "missing", "starts", "A meeting that is postponed needs a new start.");
    if (text_eq(m->starts, r->starts))
        return refuse(o, "conflict", "starts", "The meeting starts then already.");
    int rc = change_time(o, r, &c);
    if (rc)
        return rc;
    (void)set_place(r, m->mode, m->place, m->link);
    if (text_is(r->mode, "undecided")) {
        r->place = m->place;
        r->link = m->link;
    }
    r->postponed = following(r->postponed, o->said);
    tell_nothing_else(o, r);
    rc = revise(o, r, "the meeting was postponed");
    return rc ? rc : change_places(o, r);
}

static int go(struct office *o, const struct msg_meeting_decide *m, struct rec_meeting *r) {
    bool video = text_is(m->decision, "video");
    if (m->starts.p)
        return refuse(o, "conflict", "starts",
                      "Only a meeting that is postponed gets a new start.");
    if (video && !m->link.p && !r->link.p)
        return refuse(o, "missing", "link", "A meeting held as video needs a link.");
    bool changed = set_place(r, video ? TEXT_LIT("video") : m->mode, m->place, m->link);
    r->tentative = false;
    r->decided = following(r->decided, o->said);
    if (!changed)
        return 0;
    tell_mode(o, r);
    int rc = revise(o, r, "the meeting's mode or place changed");
    return rc ? rc : change_places(o, r);
}

int apply_meeting_decide(struct office *o, const struct msg_meeting_decide *m) {
    struct rec_meeting r;
    int rc = find_meeting(o, m->meeting, "meeting", &r);
    if (rc == 0)
        rc = office_move(o, "MEETING", r.state, "decide", "meeting", &r.state);
    if (rc)
        return rc;
    if (office_wall(o, r.starts, r.zone) < o->said)
        return refuse(o, "too-late", "meeting", "The meeting has begun.");
    r.reason = m->reason;
    rc = text_is(m->decision, "postpone") ? postpone(o, m, &r) : go(o, m, &r);
    r.decision = m->decision;
    return rc ? rc : meeting_tell(o, &r, FACT_MEETING_DECIDED);
}

int apply_meeting_cancel(struct office *o, const struct msg_meeting_cancel *m) {
    struct rec_meeting r;
    int rc = find_meeting(o, m->meeting, "meeting", &r);
    if (rc)
        return rc;
    if (text_is(r.state, "cancelled"))
        return refuse(o, "already", "meeting", "The meeting was cancelled before.");
    bool was_called = text_is(r.state, "called");
    rc = office_move(o, "MEETING", r.state, "cancel", "meeting", &r.state);
    if (rc)
        return rc;
    if (office_wall(o, r.starts, r.zone) < o->said)
        return refuse(o, "too-late", "meeting", "The meeting has begun; record it instead.");
    r.reason = m->reason;
    if (was_called)
        r.cancelled = o->said;
    tell_nothing_else(o, &r);
    rc = was_called ? revise(o, &r, "the meeting was cancelled") : 0;
    return rc ? rc : meeting_tell(o, &r, FACT_MEETING_CANCELLED);
}
