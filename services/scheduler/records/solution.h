/* solution - whether a participation has published what it was to find. */
#ifndef SCHEDULER_SOLUTION_H
#define SCHEDULER_SOLUTION_H

#include "services/scheduler/office.h"

MUST_CHECK int solution_is_there(struct office *o, const struct rec_participation *p, bool *ret);

#endif
