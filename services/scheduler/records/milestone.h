/* milestone - the goals of a participation that ends, or goes by another id. */
#ifndef SCHEDULER_MILESTONE_H
#define SCHEDULER_MILESTONE_H

#include "services/scheduler/office.h"

/* What was not reached is dropped: nobody is reminded of it. */
MUST_CHECK int milestone_drop_all(struct office *o, const struct rec_participation *p);
MUST_CHECK int milestone_move_all(struct office *o, struct text programme, struct text from,
                                  struct text into);

#endif
