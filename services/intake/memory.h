/* memory - which keys were said before, and at which number: 16 to 32 bytes a key, beside the
 * digests that the journal keeps.
 *
 * INVARIANTS Every digest of the journal that is not damaged is here, and nothing else but what the
 *            batch that is being gathered put in.
 *            There is an end to it, so that what must be kept for all it accepted can be kept: a
 *            process that takes in more than it can hold could never start again.
 * OWNERSHIP  The journal is borrowed for the life of a call.
 * ERRORS     0 or -errno, those of the journal; -ENOMEM. Nothing here logs.
 */
#ifndef INTAKE_MEMORY_H
#define INTAKE_MEMORY_H

#include "common/base.h"
#include "common/journal.h"

#define MEMORY_KEYS_MOST ((uint64_t)3 << 24) /* 50 million, in 768 MiB */

struct memory;

struct memory *memory_new(uint64_t most); /* keys, at most MEMORY_KEYS_MOST */
void memory_free(struct memory **memory);

/* From the digests of the journal, at start. A damaged digest is forgotten and counted. */
MUST_CHECK int memory_load(struct memory *memory, struct journal *journal, uint64_t *ret_damaged);

/* `seq` is not 0 and below 2^48. The same key twice is two entries. -ENOMEM: there are too many. */
MUST_CHECK int memory_put(struct memory *memory, const uint8_t key[JOURNAL_HASH_BYTES],
                          uint64_t seq);
void memory_del(struct memory *memory, const uint8_t key[JOURNAL_HASH_BYTES], uint64_t seq);

/* It will be asked for soon: begins to fetch what memory_find() will look at. */
void memory_expect(const struct memory *memory, const uint8_t key[JOURNAL_HASH_BYTES]);
/* Asks is_it(ctx, seq) of every number that may be the key's: 1 yes, 0 no, or -errno.
 * 0 and the number; -ENOENT; or what is_it() returned. */
typedef int memory_ask_fn(void *ctx, uint64_t seq);
MUST_CHECK int memory_find(const struct memory *memory, const uint8_t key[JOURNAL_HASH_BYTES],
                           memory_ask_fn *is_it, void *ctx, uint64_t *ret_seq);

/* Forgets, here and in the journal, at most `max` of the oldest keys: those received before
 * `before`, with numbers below `below`. */
MUST_CHECK int memory_expire(struct memory *memory, struct journal *journal, instant before,
                             uint64_t below, unsigned max, unsigned *ret_forgotten);

uint64_t memory_count(const struct memory *memory);

#endif
