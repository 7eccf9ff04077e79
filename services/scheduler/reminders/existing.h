/* existing - whom a new configuration did not reach, because their moments lay behind it: they are
 * written to only when an operator says so, with their number.
 */
#ifndef SCHEDULER_EXISTING_H
#define SCHEDULER_EXISTING_H

#include "services/scheduler/office.h"

struct existing_count {
    int64_t people;  /* each once */
    int64_t letters; /* to them, as many as rules and subjects speak */
};

/* Who would be written to, if the plans that this configuration found past (and are still of use)
 * were due now: of a rule's moments for the same people the last. */
MUST_CHECK int existing_count(struct office *o, struct existing_count *ret);
/* Makes them due now; the same numbers. */
MUST_CHECK int existing_wake(struct office *o, struct existing_count *ret);

#endif
