/* halted - why a letter that waits does not leave: the holds there are, and the end of its use, in
 * the same words wherever they are shown.
 *
 * ERRORS     0 or -errno of the store.
 */
#ifndef PROTO_HALTED_H
#define PROTO_HALTED_H

#include "common/store.h"
#include "common/zone.h"

/* Adds "sending is paused: REASON", and so of each hold, in any transaction on core; nothing when
 * there is none. */
MUST_CHECK int halted_say(struct txn *txn, struct buf *to);
/* Adds that it is past its use, if it is at `now`. `useful`: 0: it never is. */
void halted_say_past(instant useful, instant now, const struct zone *zone, struct buf *to);
/* Between two reasons. */
void halted_join(struct buf *to);

#endif
