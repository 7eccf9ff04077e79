#include "services/scheduler/reminders/delivery.h"

#include <errno.h>
#include <stdio.h>

#include "common/zone.h"
#include "services/scheduler/reminders/allow.h"
#include "services/scheduler/reminders/backoff.h"
#include "services/scheduler/reminders/digest.h"
#include "services/scheduler/reminders/gentle.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/quiet.h"
#include "services/scheduler/reminders/still.h"
#include "services/scheduler/reminders/suppression.h"

#define TRIES_MAX 8 /* as in the record */
#define TRY_REPLY_MAX 240
#define MEETING_CHANGED "the meeting has changed since"

/* Whoever tries it again does so whatever speaks against the address; what the other end put off
 * hears what came up meanwhile. */
static int recheck_address(struct office *o, const struct rec_ledger *row, bool moved,
                           const char **ret_why) {
    struct rec_suppression s;
    int rc = suppression_why(o, row->address, row->class, ret_why);
    if (rc == 0 && *ret_why && row->attempts && !moved) {
        rc = suppression_of(o, row->address, &s);
        if (rc == 0 && (!text_is(row->state, "deferred") || s.since < row->deferred))
            *ret_why = NULL;
    }
    return rc || !*ret_why ? rc : suppression_unsent(o, row->address, row->class);
}

/* What waits goes where its person is now. An address that a merged record brought is hers too, and
 * serves when the other one does not. */
int delivery_follow(struct office *o, struct rec_ledger *row, const struct rec_person *p,
                    bool *ret_moved) {
    const char *why = NULL;
    *ret_moved = p->email.p && !text_eq(p->email, row->address);
    if (!*ret_moved)
        return 0;
    int rc = row->merged ? suppression_why(o, p->email, row->class, &why) : 0;
    *ret_moved = rc == 0 && !why;
    if (*ret_moved)
        ledger_readdress(o, row, p->email);
    return rc;
}

static int recheck_person(struct office *o, struct rec_ledger *row, const char **ret_why) {
    struct rec_person p;
    bool out = false, still = true, moved = false;
    int rc = office_get(o, TABLE_PERSON, key1(row->person), &p);
    if (rc && rc != -ENOENT)
        return rc;
    int bad = rc == 0 ? delivery_follow(o, row, &p, &moved) : 0;
    if (bad == 0 && text_is(row->class, "news"))
        bad = quiet_opted_out(o, row->person, TEXT_NONE, &out);
    if (bad == 0)
        bad = still_for(o, row, &still);
    if (bad)
        return bad;
    *ret_why = rc                                                  ? "the person is gone"
               : text_is(p.state, "erased")                        ? "the person was erased"
               : p.protected                                       ? "protected identity"
               : p.restricted                                      ? "restricted processing"
               : out                                               ? "does not want news"
               : !still                                            ? STILL_NOT
               : !allow_has(o->settings->trial_only, row->address) ? ALLOW_REASON
                                                                   : NULL;
    return *ret_why ? 0 : recheck_address(o, row, moved, ret_why);
}

static int recheck_meeting(struct office *o, struct rec_ledger *row, bool *ret_old) {
    struct rec_meeting m;
    *ret_old = false;
    if (!row->told || !text_is(row->about_kind, "meeting"))
        return 0;
    int rc = office_get(o, TABLE_MEETING, key1(row->about), &m);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    *ret_old = row->told < m.revision + 1;
    return 0;
}

int delivery_why_not(struct office *o, const struct rec_ledger *row, const char **ret_why) {
    struct rec_ledger as_if = *row;
    bool old = false;
    int rc = recheck_person(o, &as_if, ret_why);
    if (rc == 0 && !*ret_why)
        rc = recheck_meeting(o, &as_if, &old);
    if (old)
        *ret_why = MEETING_CHANGED;
    return rc;
}

/* Past its use while it waited, or overtaken by what happened since: it ends, and must not leave.
 */
static int recheck(struct office *o, struct rec_ledger *row, bool *ret_ended) {
    const char *why = NULL;
    bool old;
    *ret_ended = true;
    if (row->useful && o->now > row->useful)
        return ledger_move(o, row, "expire", TEXT_LIT("past its use while it waited"));
    if (text_is(row->state, "deferred") && o->now - row->deferred > o->settings->give_up_after)
        return ledger_move(o, row, "expire", TEXT_LIT("not deliverable for too long"));
    int rc = recheck_person(o, row, &why);
    if (rc)
        return rc;
    if (why)
        return ledger_move(o, row, "suppress", text_of(why));
    rc = recheck_meeting(o, row, &old);
    if (rc)
        return rc;
    if (old)
        return ledger_move(o, row, "supersede", TEXT_LIT(MEETING_CHANGED));
    if (text_is(row->about_kind, "digest"))
        rc = digest_recheck(o, row, &old);
    if (rc)
        return rc;
    if (old)
        return ledger_move(o, row, "supersede", TEXT_LIT("something in it is no longer so"));
    return gentle_recheck(o, row, ret_ended);
}

static int grant(struct office *o, struct rec_ledger *row, const struct frame_arm *arm,
                 msec *ret_until) {
    struct armed armed = {.attempt = (uint64_t)arm->attempt, .until = o->boot + o->settings->lease};
    int rc = text_copy(arm->boot, armed.boot, sizeof armed.boot);
    if (rc)
        return rc;
    *ret_until = armed.until;
    return armed_put(o, (uint64_t)row->no, &armed);
}

/* Its arm was not used and will not be: nothing of this attempt has left. */
static int give_back(struct office *o, struct rec_ledger *row) {
    row->attempts--;
    row->next_try = o->now;
    return ledger_move(o, row, row->deferred ? "defer" : "release",
                       TEXT_LIT("its arm was given back; nothing had left"));
}

/* Said again, because our answer was lost: the same answer, while that holds. An arm that is over
 * is given back by whoever has it and has not used it; what happened since then is looked at. */
static int arm_again(struct office *o, struct rec_ledger *row, const struct frame_arm *arm,
                     bool *ret_granted, msec *ret_until) {
    struct armed armed;
    int rc = armed_get(o, (uint64_t)row->no, &armed);
    if (rc || armed.attempt != (uint64_t)arm->attempt || arm->readdressed != row->readdressed ||
        !text_is(arm->boot, armed.boot))
        return rc;
    if (o->boot < armed.until) {
        *ret_granted = true;
        return grant(o, row, arm, ret_until);
    }
    return arm->over == armed.until ? give_back(o, row) : 0;
}

int delivery_arm(struct office *o, const struct frame_arm *arm, bool *ret_granted,
                 msec *ret_until) {
    struct rec_ledger row;
    bool ended;
    *ret_granted = false;
    *ret_until = 0;
    int rc = ledger_get(o, (uint64_t)arm->delivery, &row);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    if (text_is(row.state, "armed") &&
        ((rc = arm_again(o, &row, arm, ret_granted, ret_until)) || *ret_granted))
        return rc;
    if (!ledger_is_waiting(&row) || arm->attempt != row.attempts + 1 ||
        arm->readdressed != row.readdressed)
        return 0;
    rc = recheck(o, &row, &ended);
    if (rc || ended)
        return rc;
    if (arm->readdressed != row.readdressed) /* it is given out anew, for where it goes now */
        return office_put(o, TABLE_LEDGER, key_no((uint64_t)row.no), &row);
    row.attempts = arm->attempt;
    rc = ledger_move(o, &row, "arm", TEXT_NONE);
    if (rc == 0)
        rc = grant(o, &row, arm, ret_until);
    *ret_granted = rc == 0;
    return rc;
}

static int defer(struct office *o, struct rec_ledger *row, const struct frame_result *r) {
    msec wait = backoff_next((unsigned)r->attempt, o->settings->retry_first,
                             o->settings->retry_longest, (uint64_t)row->no);
    if (r->wait > wait)
        wait = r->wait < o->settings->retry_longest ? r->wait : o->settings->retry_longest;
    row->next_try = o->now + wait;
    if (!row->deferred)
        row->deferred = o->now;
    return ledger_move(o, row, "defer",
                       TEXT_LIT("it could not be handed over now; it is tried again"));
}

static int fail(struct office *o, struct rec_ledger *row, const struct frame_result *r) {
    int rc = ledger_move(o, row, "fail",
                         r->bounced ? TEXT_LIT("the address was refused for good")
                                    : TEXT_LIT("refused for good"));
    if (rc || !r->bounced || !row->address.p)
        return rc;
    return suppression_report(o, row, "hard", TEXT_NONE);
}

/* "2022-05-24T09:00:00+02:00 deferred: 451 come back later"; the oldest goes when there are many.
 */
static void note_try(struct office *o, struct rec_ledger *row, struct text outcome,
                     struct text reply) {
    struct text all[TRIES_MAX + 1];
    struct list before = row->tries;
    char at[RFC3339_TEXT];
    unsigned n = 0;
    while (n < TRIES_MAX && codec_next_text(&before, &all[n]))
        n++;
    instant_format(o->now, office_zone(o, row->zone), at);
    if (reply.n > TRY_REPLY_MAX)
        reply.n = TRY_REPLY_MAX;
    while (reply.n && !text_is_utf8(reply))
        reply.n--;
    all[n++] = arena_printf(o->arena, "%s %.*s%s%.*s", at, TEXT_ARGS(outcome), reply.n ? ": " : "",
                            TEXT_ARGS(reply));
    unsigned first = n > TRIES_MAX;
    row->tries = office_list_of(o, all + first, n - first);
}

/* The fate is unknown: once again by itself where that is allowed, else a person decides. */
static int lose(struct office *o, struct rec_ledger *row) {
    struct rec_occasion occasion;
    int rc = office_get(o, TABLE_OCCASION, key_no((uint64_t)row->occasion), &occasion);
    if (rc)
        return rc;
    rc = ledger_move(o, row, "lose", TEXT_LIT("the answer was lost; it may have left"));
    if (rc || occasion.at_most_once || row->resends >= o->settings->unknown_resends)
        return rc;
    row->resends++;
    row->next_try = o->now;
    return ledger_move(o, row, "resend", TEXT_LIT("its fate was unknown; the same letter again"));
}

int delivery_lost(struct office *o, uint64_t no) {
    struct rec_ledger row;
    int rc = ledger_get(o, no, &row);
    if (rc)
        return rc;
    if (text_is(row.state, "armed"))
        note_try(o, &row, TEXT_LIT("unknown"), TEXT_LIT("whoever sent it went away"));
    return text_is(row.state, "armed") ? lose(o, &row) : office_del(o, TABLE_ARMED, key_no(no));
}

/* Refused or put off before it could be armed, at an address that has become another one: it is
 * tried there at once, if nothing speaks against that one. */
static int follow_refused(struct office *o, struct rec_ledger *row, const struct frame_result *r,
                          bool *ret_moved) {
    struct rec_person p;
    struct rec_ledger was = *row;
    const char *why;
    int rc = office_get(o, TABLE_PERSON, key1(row->person), &p);
    *ret_moved = false;
    if (rc || row->attempts >= LEDGER_ATTEMPTS_MOST)
        return rc == -ENOENT ? 0 : rc;
    rc = delivery_follow(o, row, &p, ret_moved);
    if (rc || !*ret_moved)
        return rc;
    rc = recheck_address(o, row, true, &why);
    if (rc == 0)
        rc = why ? ledger_move(o, row, "suppress", text_of(why))
                 : office_put(o, TABLE_LEDGER, key_no((uint64_t)row->no), row);
    return rc || !r->bounced ? rc : suppression_report(o, &was, "hard", TEXT_NONE);
}

/* By whoever has the arm that is in force. */
static int release(struct office *o, struct rec_ledger *row, const struct frame_result *r) {
    struct armed armed;
    if (!text_is(row->state, "armed"))
        return 0;
    int rc = armed_get(o, (uint64_t)row->no, &armed);
    if (rc || armed.attempt != (uint64_t)r->attempt || !text_is(r->boot, armed.boot))
        return rc;
    return give_back(o, row);
}

int delivery_result(struct office *o, const struct frame_result *r) {
    struct rec_ledger row;
    bool moved = false;
    int rc = ledger_get(o, (uint64_t)r->delivery, &row);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    bool armed = text_is(row.state, "armed");
    bool ours = armed || text_is(row.state, "unknown") || ledger_is_waiting(&row);
    bool before = ledger_is_waiting(&row) && r->attempt == row.attempts + 1;
    if (!ours || (!before && r->attempt != row.attempts) ||
        r->readdressed != row.readdressed) /* said of another address */
        return 0;
    if (text_is(r->outcome, "released"))
        return release(o, &row, r);
    struct text reply = row.address.p ? r->reply : TEXT_NONE; /* it names who was erased */
    row.reply = reply;
    if (!text_is(r->outcome, "accepted"))
        note_try(o, &row, r->outcome, reply);
    row.attempts = r->attempt;
    if (before && (rc = follow_refused(o, &row, r, &moved)))
        return rc;
    if (moved)
        return 0;
    if (text_is(r->outcome, "accepted"))
        rc = ledger_move(o, &row, "accept", TEXT_NONE);
    else if (text_is(r->outcome, "failed"))
        rc = fail(o, &row, r);
    else if (text_is(r->outcome, "deferred"))
        rc = armed || before ? defer(o, &row, r) : 0;
    else if (armed)
        rc = lose(o, &row);
    return rc == -EPROTO ? 0 : rc;
}
