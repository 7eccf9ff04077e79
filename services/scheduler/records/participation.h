/* participation - what the handlers of participations, their staff, hours, milestones and solutions
 * share.
 *
 * INVARIANTS The staff are those whose row in STAFF_OF says "now"; who left says "was".
 *            A participation's minutes are the sum of its rows in HOURS: both change together
 *            (hours.c).
 *            While it runs, its next_look is what DUE holds for it.
 */
#ifndef SCHEDULER_PARTICIPATION_H
#define SCHEDULER_PARTICIPATION_H

#include "services/scheduler/office.h"

/* Whatever its state; refuses with not-found. */
MUST_CHECK int participation_get(struct office *o, struct text programme, struct text organisation,
                                 struct rec_participation *ret);
MUST_CHECK int participation_put(struct office *o, struct rec_participation *p);
/* Puts it, says that the event was about it, and tells the fact. */
MUST_CHECK int participation_tell(struct office *o, struct rec_participation *p,
                                  enum fact_type fact);
struct text participation_id(struct office *o, const struct rec_participation *p);
/* It owes something until the evening of that day. */
MUST_CHECK int participation_owes(struct office *o, const struct rec_participation *p,
                                  const char *kind, struct text date);
/* The next one of a programme, in order, from at->n == 0; -ENOENT at the end. */
MUST_CHECK int participation_next(struct office *o, const struct key *prefix, struct key *at,
                                  struct rec_participation *ret);

/* The day it is there, so many days on: "2022-05-24". */
struct text participation_day(struct office *o, struct text zone, int days);
/* When the pace is looked at for the first time after now. */
instant participation_first_look(struct office *o, const struct rec_participation *p);
/* Changes when it is looked at; 0: never again. The caller puts it. */
MUST_CHECK int participation_look_at(struct office *o, struct rec_participation *p, instant at);
/* Per cent of the budget that is spent. */
int64_t participation_pace(const struct rec_participation *p);

#endif
