/* records - what the office keeps: one handler a message (messages.def), apply_NAME(), and what the
 * handlers of several kinds share.
 *
 * INVARIANTS A handler looks, refuses or not, and only then writes.
 * ERRORS     0; -EPROTO refused (office.h); any other -errno is the store's.
 */
#ifndef SCHEDULER_RECORDS_H
#define SCHEDULER_RECORDS_H

#include "services/scheduler/office.h"

#include "proto/rows_none.inc"
#define MESSAGE(NAME, name, wire, who, doc)                                                        \
    MUST_CHECK int apply_##name(struct office *o, const struct msg_##name *m);
#include "proto/messages.def"
#include "proto/rows_end.inc"

/* Reads what a message names, or refuses with not-found (and, for people and organisations, with
 * wrong-state when they are no longer there). `field` is the message's field. */
MUST_CHECK int find_person(struct office *o, struct text id, const char *field,
                           struct rec_person *ret);
MUST_CHECK int find_organisation(struct office *o, struct text id, const char *field,
                                 struct rec_organisation *ret);
MUST_CHECK int find_network(struct office *o, struct text id, const char *field,
                            struct rec_network *ret); /* open ones only */
MUST_CHECK int find_meeting(struct office *o, struct text id, const char *field,
                            struct rec_meeting *ret);
MUST_CHECK int find_zone(struct office *o, struct text name, const char *field);
MUST_CHECK int find_audience(struct office *o, struct text expression, const char *field);
/* Refuses with already when a row with that key is there. */
MUST_CHECK int find_none(struct office *o, enum table table, struct key key, const char *field);

/* ---- people ---- */
MUST_CHECK int person_put(struct office *o, const struct rec_person *was, struct rec_person *p);
/* Somebody new by name and address, or whoever has that address. */
MUST_CHECK int person_by_address(struct office *o, struct text address, struct text *ret_person);

/* ---- memberships ---- */
MUST_CHECK int membership_put(struct office *o, struct rec_membership *m);
MUST_CHECK int membership_expire(struct office *o, struct key key); /* due: never confirmed */
MUST_CHECK int membership_end_all(struct office *o, struct text person, struct text organisation);

/* ---- meetings and registrations ---- */
MUST_CHECK int meeting_put(struct office *o, struct rec_meeting *m);
/* The same when nothing but `registered`, `waiting` and `queue` changed: few rules ask for those. */
MUST_CHECK int meeting_put_counts(struct office *o, struct rec_meeting *m);
/* Puts a registration whose place was counted before (or not), moves the meeting's numbers, its
 * indexes and dues. `was` is NULL when there was none. The meeting is put by the caller. */
MUST_CHECK int registration_put(struct office *o, struct rec_meeting *meeting,
                                const struct rec_registration *was, struct rec_registration *r);
/* Gives free places to who waits, in order. Changes *meeting; the caller puts it. */
MUST_CHECK int registration_offer_free(struct office *o, struct rec_meeting *meeting);
MUST_CHECK int registration_expire(struct office *o, struct key key); /* due: an offer lapsed */
MUST_CHECK int registration_cancel_all(struct office *o, struct text person);

/* ---- polls ---- */
MUST_CHECK int poll_expire(struct office *o, struct key key); /* due: its time is over */

/* ---- support ---- */
MUST_CHECK int case_open(struct office *o, struct rec_case *c, struct text text);

#endif
