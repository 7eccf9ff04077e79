/* journal - an append-only log of accepted things, behind an interface another engine can take
 * over. Today's engine is preallocated log files with one sync an append; nothing else may know.
 *
 * Three streams live in one: the entries themselves, dropped some time after they were used; a
 * digest of each (who said it under which key, and a hash of what), kept far longer; and the
 * asides, a bounded ring of what was refused at the door.
 *
 * INVARIANTS Entries are numbered from 1 without gaps. An append is all of its batch or nothing,
 *            and is on stable storage when it returns 0. A number is never used twice in a
 *            generation.
 * OWNERSHIP  What a callback is handed is borrowed until it returns.
 * ERRORS     0 or -errno as in store.h. Nothing here logs.
 */
#ifndef COMMON_JOURNAL_H
#define COMMON_JOURNAL_H

#include "common/base.h"

struct journal;

#define JOURNAL_HASH_BYTES 16
struct journal_digest {
    uint8_t key[JOURNAL_HASH_BYTES];     /* of the owner and the idempotency key */
    uint8_t content[JOURNAL_HASH_BYTES]; /* of what was said */
    instant received;
};
struct journal_entry {
    struct bytes payload;
    struct journal_digest digest;
};

MUST_CHECK int journal_open(struct journal **ret, const char *dir, bool writer, size_t limit);
void journal_close(struct journal **journal);

/* A random number made when the journal was made; a restored copy gets a new one (journal_renew).
 * Never 0. */
MUST_CHECK int journal_generation(struct journal *journal, uint64_t *ret);

/* Appends `count` entries and `aside_count` asides (each cut at 1 KiB) in one commit; writes the
 * number of the first entry, 0 when there is none. */
MUST_CHECK int journal_append(struct journal *journal, const struct journal_entry *entries,
                              unsigned count, const struct bytes *asides, unsigned aside_count,
                              uint64_t *ret_first);

/* fn(seq, payload) from `from` on, until it returns non-zero (which is returned) or `max` were
 * read. -EBADMSG at a damaged entry, after those before it: numbers have no gaps, so read on at the
 * next. */
typedef int journal_fn(void *ctx, uint64_t seq, struct bytes payload);
MUST_CHECK int journal_read(struct journal *journal, uint64_t from, unsigned max, journal_fn *fn,
                            void *ctx);
/* Both 0 when nothing ever came; `first` is the first entry not dropped (last + 1 when all were),
 * `last` the last ever appended. */
MUST_CHECK int journal_range(struct journal *journal, uint64_t *ret_first, uint64_t *ret_last);

/* About how many bytes of the log the entries from `from` on take, with what stands between them.
 */
MUST_CHECK int journal_bytes(struct journal *journal, uint64_t from, uint64_t *ret);

typedef int journal_digest_fn(void *ctx, uint64_t seq, const struct journal_digest *digest);
MUST_CHECK int journal_digests(struct journal *journal, uint64_t from, unsigned max,
                               journal_digest_fn *fn, void *ctx);

/* Asides, oldest first, the latest 10 000; `no` counts all ever kept. */
MUST_CHECK int journal_asides(struct journal *journal, uint64_t from, unsigned max, journal_fn *fn,
                              void *ctx);
MUST_CHECK int journal_aside_count(struct journal *journal, uint64_t *ret_ever);

/* Drops at most `max` entries (digests) before `seq`, so that a drop never holds the disk for long.
 */
MUST_CHECK int journal_drop(struct journal *journal, uint64_t seq, unsigned max);
MUST_CHECK int journal_forget(struct journal *journal, uint64_t seq, unsigned max);

/* Walks every row; *ret_damaged counts those whose checksum fails. */
MUST_CHECK int journal_verify(struct journal *journal, uint64_t *ret_rows, uint64_t *ret_damaged);

/* A compacted copy into an empty folder; and what makes a restored copy another journal. */
MUST_CHECK int journal_copy(struct journal *journal, const char *dir);
MUST_CHECK int journal_renew(struct journal *journal);

#endif
