/* fire - a plan has fallen due: look at its subject again, expand its audience now, and write a row
 * for everyone considered, a slice at a time. */
#ifndef SCHEDULER_FIRE_H
#define SCHEDULER_FIRE_H

#include "services/scheduler/reminders/plan.h"

/* One slice of at most settings.fire_slice people; when it is the last, the plan is fired. */
MUST_CHECK int fire_plan(struct office *o, struct key plan);
/* The occurrence of this plan for that person, as the ledger knows it. */
struct text fire_key(struct office *o, const struct rec_plan *plan, struct text person);
/* Somebody came to a meeting after letters about it had gone out: a row that says so for each. */
MUST_CHECK int fire_joined_later(struct office *o, struct text meeting, struct text person);

/* Why that person would not be written to, were it fired at `at`; NULL: she would be, by itself or
 * in a digest. Who is counted before an order is counted by this. Writes nothing. */
MUST_CHECK int fire_why_not(struct office *o, const struct rule *rule, const struct subject *s,
                            struct text person, instant at, instant useful, const char **ret);

#endif
