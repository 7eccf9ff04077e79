/* recent - records decoded lately, so that a row read again and again (the network of every
 * registration, its lead, its meeting) is not decoded each time.
 *
 * INVARIANTS Decoding is a function of the bytes: a record is handed out only for the same bytes,
 *            so there is nothing to forget when a row changes or a transaction is aborted.
 * OWNERSHIP  Texts of a record handed out live until the next recent_turn().
 */
#ifndef SCHEDULER_RECENT_H
#define SCHEDULER_RECENT_H

#include "common/base.h"
#include "proto/shape.h"

struct recent;

struct recent *recent_new(void);
void recent_free(struct recent **recent);
void recent_turn(struct recent *recent); /* nobody holds what was handed out before */

/* Decodes `value`, which the store gave for `key`. -EBADMSG; -ENOENT: the caller must do it
 * himself, because the place is taken or the value is large. */
MUST_CHECK int recent_decode(struct recent *recent, enum rec_type type, struct bytes key,
                             struct bytes value, void *ret_record);

#endif
