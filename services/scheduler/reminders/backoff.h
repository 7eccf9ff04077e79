/* backoff - how long to wait before the next try. Pure. */
#ifndef SCHEDULER_BACKOFF_H
#define SCHEDULER_BACKOFF_H

#include "common/base.h"

/* Doubling from `first` up to `longest`, with full jitter: between half a first pause and the whole
 * of the doubled one, drawn from `seed` (so that the same attempt always waits the same). */
msec backoff_next(unsigned attempt, msec first, msec longest, uint64_t seed);

#endif
