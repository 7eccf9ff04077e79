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
/* Of something that is to have it: it cannot name the audience of that. */
MUST_CHECK int find_audience(struct office *o, struct text expression, const char *field);
/* Of something about a meeting, whose audience it may name. */
MUST_CHECK int find_audience_of_meeting(struct office *o, struct text expression,
                                        const char *field);
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
/* The same when nothing but `registered`, `waiting` and `queue` changed: few rules ask for those.
 */
MUST_CHECK int meeting_put_counts(struct office *o, struct rec_meeting *m);
/* Puts a registration whose place was counted before (or not), moves the meeting's numbers, its
 * indexes and dues. `was` is NULL when there was none. The meeting is put by the caller. */
MUST_CHECK int registration_put(struct office *o, struct rec_meeting *meeting,
                                const struct rec_registration *was, struct rec_registration *r);
/* Gives free places to who waits, in order. Changes *meeting; the caller puts it. */
MUST_CHECK int registration_offer_free(struct office *o, struct rec_meeting *meeting);
MUST_CHECK int registration_expire(struct office *o, struct key key); /* due: an offer lapsed */
MUST_CHECK int registration_cancel_all(struct office *o, struct text person);

/* ---- programmes ---- */
MUST_CHECK int find_programme(struct office *o, struct text id, const char *field,
                              struct rec_programme *ret); /* not ended ones only */
MUST_CHECK int find_participation(struct office *o, struct text programme, struct text organisation,
                                  struct rec_participation *ret);        /* running ones only */
MUST_CHECK int call_begin(struct office *o, struct key key);             /* due: it opens */
MUST_CHECK int call_close(struct office *o, struct key key);             /* due: it closes */
MUST_CHECK int application_expire(struct office *o, struct key key);     /* due: its offer lapsed */
MUST_CHECK int decision_expire(struct office *o, struct rec_hold *hold); /* its window is over */
/* A mass letter's rows that wait in a hold leave, a slice at a time, or are taken back. */
MUST_CHECK int letter_go(struct office *o, struct rec_hold *hold);
MUST_CHECK int letter_take_back(struct office *o, struct rec_hold *hold);
MUST_CHECK int hold_expire(struct office *o, struct key key); /* due: its window is over */
/* A programme's decisions that wait in a hold are told now (or refused, and nothing changes), or
 * are as they were before. */
MUST_CHECK int decision_release_held(struct office *o, struct rec_hold *hold);
MUST_CHECK int decision_take_back(struct office *o, struct rec_hold *hold);
MUST_CHECK int evidence_expire(struct office *o, struct key key); /* due: its last day is over */
/* The application was accepted: the organisation takes part. */
MUST_CHECK int participation_begin(struct office *o, const struct rec_application *application,
                                   const struct rec_programme *programme);
/* The programme is over. */
MUST_CHECK int participation_complete_all(struct office *o, struct text programme);
/* Its last day is another one. */
MUST_CHECK int participation_move_end(struct office *o, const struct rec_programme *programme);
/* A person ends: nobody's staff, adviser or contact any more; whoever `into` is (may be absent)
 * takes her place and her hours. */
MUST_CHECK int participation_drop_person(struct office *o, struct text person, struct text into);
/* The same of applications that name her, and of what she assesses. */
MUST_CHECK int application_drop_person(struct office *o, struct text person, struct text into);
/* Attendance of the programme's or its groups' meetings logs itself; corrections replace it. */
MUST_CHECK int hours_from_attendance(struct office *o, const struct rec_meeting *meeting,
                                     struct text person, int64_t minutes);
/* After a meeting of the programme: who of a participation was there, and who was not for the third
 * time. */
MUST_CHECK int participation_note_attendance(struct office *o, const struct rec_meeting *meeting);
MUST_CHECK int participation_look(struct office *o, struct key key); /* due: monthly, the pace */
MUST_CHECK int milestone_expire(struct office *o, struct key key);   /* due: its day is over */

/* ---- polls ---- */
MUST_CHECK int poll_expire(struct office *o, struct key key); /* due: its time is over */

/* ---- support ---- */
MUST_CHECK int case_open(struct office *o, struct rec_case *c, struct text text);

#endif
