/* keep - what goes from the inbox: events some time after they were used, keys after a year or so.
 * In small steps, so that the disk is never held for long.
 *
 * INVARIANTS Only events that the scheduler has decided go. A key is remembered at least as long as
 *            its event is kept.
 */
#ifndef INTAKE_KEEP_H
#define INTAKE_KEEP_H

#include "common/base.h"
#include "common/journal.h"
#include "services/intake/memory.h"

#define KEEP_STEP 1000 /* events, and keys, a time */

struct keep {
    struct journal *journal; /* borrowed, like `memory` */
    struct memory *memory;
    msec keep_events, remember_keys;
};

/* One step at the time `now`. `position`: the last event decided; 0: unknown, and no event goes.
 * Writes whether there is more to do. 0 or -errno, those of the journal. */
MUST_CHECK int keep_step(const struct keep *keep, instant now, uint64_t position, bool *ret_more);

#endif
