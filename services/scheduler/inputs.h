/* inputs - what the step was given, transaction by transaction, so that it can be done over again
 * and compared (replay.h).
 *
 * INVARIANTS Written in the transaction whose inputs it holds. Events are named by their numbers
 *            only: the inbox keeps them as long as they are needed here.
 * ERRORS     0; -errno of the store: the transaction must be aborted.
 */
#ifndef SCHEDULER_INPUTS_H
#define SCHEDULER_INPUTS_H

#include "common/store.h"
#include "proto/codec.h"

struct inputs;

struct inputs *inputs_new(void);
void inputs_free(struct inputs **inputs);

void inputs_clear(struct inputs *inputs); /* nothing was given yet in this transaction */
void inputs_note(struct inputs *inputs, const struct rec_input *input);
MUST_CHECK int inputs_write(struct inputs *inputs,
                            struct txn *txn); /* nothing when none was noted */

/* Number of the last row; 0: there is none. */
MUST_CHECK int inputs_last(struct txn *txn, uint64_t *ret);

/* fn for each input of a row, in order, until it returns non-zero, which is returned. -EBADMSG. */
typedef int inputs_fn(void *ctx, const struct rec_input *input);
MUST_CHECK int inputs_each(struct bytes row, inputs_fn *fn, void *ctx);

#endif
