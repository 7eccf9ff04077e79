/* solution - what a participation has published of what it was to find. */
#ifndef SCHEDULER_SOLUTION_H
#define SCHEDULER_SOLUTION_H

#include "services/scheduler/office.h"

MUST_CHECK int solution_is_there(struct office *o, const struct rec_participation *p, bool *ret);
/* The organisation goes by another id in a programme. */
MUST_CHECK int solution_move(struct office *o, struct text programme, struct text from,
                             struct text into);

#endif
