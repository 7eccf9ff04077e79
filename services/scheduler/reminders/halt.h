/* halt - why nothing leaves: somebody paused sending, the clock cannot be trusted, or the data was
 * copied or restored.
 *
 * INVARIANTS A letter is armed only while there is no hold; everything else goes on: plans are
 *            made, fire, and wait in the outbox. A hold keeps the moment and the reason it began
 *            with.
 */
#ifndef SCHEDULER_HALT_H
#define SCHEDULER_HALT_H

#include "services/scheduler/office.h"

/* Whether there is one, in any transaction on core. */
MUST_CHECK int halt_any(struct txn *txn, bool *ret);
MUST_CHECK int halt_is(struct office *o, const char *hold, bool *ret);
/* Begins one, with its fact; one that is there already stays as it is. */
MUST_CHECK int halt_begin(struct office *o, const char *hold, struct text reason);
/* -ENOENT when there is none. When it was the last, what fell due meanwhile may wait on a catch-up
 * sheet: its number, or 0. */
MUST_CHECK int halt_end(struct office *o, const char *hold, uint64_t *ret_sheet);

#endif
