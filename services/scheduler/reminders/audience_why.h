/* audience_why - why somebody is not in an audience: the first term that keeps her out. */
#ifndef SCHEDULER_AUDIENCE_WHY_H
#define SCHEDULER_AUDIENCE_WHY_H

#include "services/scheduler/reminders/subject.h"
#include "services/scheduler/reminders/audience.h"

/* Adds nothing when she is in it, else "not in members: the membership lapsed 2022-03-01".
 * Returns what audience_has() does. */
MUST_CHECK int audience_why(struct office *o, const struct audience *audience,
                            const struct subject *subject, struct text person, struct buf *to);

#endif
