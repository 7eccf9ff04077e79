/* participation_end - a participation is over, or goes by another id. */
#ifndef SCHEDULER_PARTICIPATION_END_H
#define SCHEDULER_PARTICIPATION_END_H

#include "services/scheduler/office.h"

/* A running one leaves, and nothing is owed any more. Its place is the next reserve's ("next") or
 * stays free ("free"); TEXT_NONE: the next one's until the programme's first day, free after it. */
MUST_CHECK int participation_leave(struct office *o, struct rec_participation *p,
                                   const struct texts *reason, struct text place);
/* The organisation goes by another id, which takes part in nothing of that programme: staff, hours,
 * milestones, solutions, plans and letters go along. What is owed is moved by the caller. */
MUST_CHECK int participation_rename(struct office *o, const struct rec_participation *was,
                                    struct text into);

#endif
