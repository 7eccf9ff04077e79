/* participation_end - a participation is over, or goes by another id. */
#ifndef SCHEDULER_PARTICIPATION_END_H
#define SCHEDULER_PARTICIPATION_END_H

#include "services/scheduler/office.h"

/* A running one leaves: nothing is owed any more, and its place goes to the next reserve unless it
 * is kept free. */
MUST_CHECK int participation_leave(struct office *o, struct rec_participation *p,
                                   const struct texts *reason, bool keep);
/* The organisation goes by another id, which takes part in nothing of that programme: staff, hours,
 * milestones, solutions, plans and letters go along. What is owed is moved by the caller. */
MUST_CHECK int participation_rename(struct office *o, const struct rec_participation *was,
                                    struct text into);

#endif
