/* recent - records read lately, so that a row read again and again (the network of every
 * registration, its lead, its meeting) is neither looked for nor decoded each time.
 *
 * INVARIANTS A record is handed out for the same bytes, of which decoding is a function, or for the
 *            same key while nothing of its table has changed (txn_changes()). So there is nothing
 *            to forget when a row changes or a transaction is aborted.
 * OWNERSHIP  Texts of a record handed out live until the next recent_turn().
 */
#ifndef SCHEDULER_RECENT_H
#define SCHEDULER_RECENT_H

#include "common/base.h"
#include "proto/table.h"

struct recent;

struct recent *recent_new(void);
void recent_free(struct recent **recent);
void recent_turn(struct recent *recent); /* nobody holds what was handed out before */

/* The row of `key` while its table is at `changes` (not 0); false: read it. */
MUST_CHECK bool recent_find(struct recent *recent, enum table table, struct bytes key,
                            uint64_t changes, void *ret_record);
/* Decodes `value`, which the store gave for `key` at `changes`, 0 if that is not known. -EBADMSG;
 * -ENOENT: the caller must do it himself, because the value is large, or too much was handed out in
 * this turn. */
MUST_CHECK int recent_decode(struct recent *recent, enum table table, struct bytes key,
                             uint64_t changes, struct bytes value, void *ret_record);
/* `value` was made of `record` and written under `key`, after which its table is at `changes`. Kept
 * if it was read lately, for then it will be read again. */
void recent_write(struct recent *recent, enum table table, struct bytes key, uint64_t changes,
                  struct bytes value, const void *record);

#endif
