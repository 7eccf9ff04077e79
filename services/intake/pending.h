/* pending - requests whose event is stored and whose decision is awaited, for a second at most.
 *
 * INVARIANTS At most PENDING_MAX wait; whoever comes then is told "accepted" at once, as is
 *            everybody after PENDING_WAIT. They wait in the order in which they came.
 * OWNERSHIP  An ask is borrowed until it is answered here.
 */
#ifndef INTAKE_PENDING_H
#define INTAKE_PENDING_H

#include "common/base.h"
#include "common/loop.h"
#include "services/intake/ask.h"

#define PENDING_MAX 20000
#define PENDING_WAIT (1 * SECONDS)

struct pending;

struct pending *pending_new(struct loop *loop, const struct askers *askers);
void pending_free(struct pending **pending); /* what waits is told "accepted" */

/* The slot is answered by one of the two below, by time, or at once. */
void pending_add(struct pending *pending, uint64_t seq, bool again, struct ask *ask, unsigned slot);
/* Tells all who wait for this event. `seq` and `again` of the answer are filled in here. */
void pending_decide(struct pending *pending, uint64_t seq, const struct answer *answer);
void pending_release(struct pending *pending); /* all: "accepted" */

#endif
