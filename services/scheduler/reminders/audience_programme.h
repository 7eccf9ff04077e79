/* audience_programme - the people of applications and participations: the audiences assessors,
 * applicant, partners, staff and cohort. Not for others than audience_has.c and
 * audience_walk.c. */
#ifndef SCHEDULER_AUDIENCE_PROGRAMME_H
#define SCHEDULER_AUDIENCE_PROGRAMME_H

#include "services/scheduler/reminders/audience.h"
#include "services/scheduler/reminders/subject.h"

/* 1, 0 or -errno. */
MUST_CHECK int audience_programme_has(struct office *o, const struct subject *s,
                                      enum audience_term term, struct text person);
/* The next one after `after` (absent: the first), in order of id; -ENOENT at the end. In the arena.
 */
MUST_CHECK int audience_programme_next(struct office *o, const struct subject *s,
                                       enum audience_term term, struct text after,
                                       struct text *ret_person);

#endif
