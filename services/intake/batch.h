/* batch - group commit without a timer: what came in a turn is one append, and who asked is told
 * after it.
 *
 * INVARIANTS Nobody is told "accepted" before the append with his event has returned 0. The same
 *            key never becomes two events, not even within one batch. A batch has at most
 *            BATCH_EVENTS and some BATCH_BYTES.
 * OWNERSHIP  What is added is copied. An ask is borrowed until it is answered here or by `pending`.
 * ERRORS     A full disk: all of the batch is told "retry", nothing is stored, and we go on. Any
 *            other failure leaves open what is stored: all are told "unknown", and on_failed() is
 *            called once, after which the process must end.
 */
#ifndef INTAKE_BATCH_H
#define INTAKE_BATCH_H

#include "common/base.h"
#include "common/journal.h"
#include "common/loop.h"
#include "services/intake/aside.h"
#include "services/intake/ask.h"
#include "services/intake/door.h"
#include "services/intake/memory.h"
#include "services/intake/pending.h"
#include "services/intake/room.h"

#define BATCH_EVENTS 2000
#define BATCH_WAITERS 4000 /* with those who said the same once more */
#define BATCH_BYTES ((size_t)8 << 20)

struct batch;

struct batch_options { /* all borrowed */
    struct loop *loop;
    struct journal *journal;
    struct memory *memory;
    struct pending *pending;
    struct asides *asides;
    struct room *room;
    /* After a commit. `awaited` is the first event that somebody waits to be decided; 0: none. */
    void (*on_accepted)(void *ctx, uint64_t last, uint64_t awaited);
    void (*on_ask)(void *ctx, uint64_t seq); /* the decision of an old event is wanted */
    void (*on_failed)(void *ctx, int error);
    instant (*now)(void *ctx); /* when an event is received */
    void *ctx;
};
MUST_CHECK int batch_new(struct batch **ret, const struct batch_options *options);
void batch_free(struct batch **batch); /* what was not committed is told "retry" */

/* A good request: a new event, or one that was said before. */
void batch_add(struct batch *batch, struct text owner, const struct door_item *item,
               struct ask *ask, unsigned slot);
/* Something waits in `asides`. */
void batch_wake(struct batch *batch);
void batch_commit(struct batch *batch);         /* now, not at the end of the turn */
uint64_t batch_last(const struct batch *batch); /* the last event stored; 0: none ever */

#endif
