/* store - LMDB with its sharp edges put away. The only user of <lmdb.h>.
 *
 * INVARIANTS No transaction outlives the callback that began it (store_open_txns() is 0 between
 *            turns). Only the process that opened as owner writes, and there is one (a lock file);
 *            any process may read. Every value carries a format byte and a CRC32C over key and
 *            value: what does not match is never handed out.
 *            A process opens a folder once (closing a second handle would drop LMDB's locks), after
 *            any fork.
 * OWNERSHIP  A key or value handed out is borrowed until the transaction ends or writes.
 * ERRORS     0, -ENOENT, -EBUSY (another writer lives), -EPERM (not the owner), -ENOSPC (the disk,
 *            also when it cuts a write short, or the configured limit; deletes still fit),
 *            -EBADMSG (a damaged row), -EINVAL (an empty or overlong key), -EMSGSIZE (an overlong
 *            value), -EAGAIN (the map must be followed, but another transaction of this process is
 *            open; or 256 readers live), -EIO (also rows out of order; stop the process: a later
 *            sync may lie; nothing can be begun any more). A transaction whose write failed cannot
 *            be committed: that error is returned again. The map is grown before it is full, a map
 *            grown by another process is followed, and readers that died are cleared, all inside
 *            store_begin_*(). Nothing here logs. Where LMDB itself stumbles over a damaged page the
 *            process says so on stderr and ends with EX_IOERR (74).
 */
#ifndef COMMON_STORE_H
#define COMMON_STORE_H

#include "common/base.h"

struct store;
struct txn;

#define STORE_KEY_MAX 511
#define STORE_VALUE_MAX ((size_t)16 << 20)

struct store_options {
    const char *dir;           /* a folder on a local disk */
    const char *const *tables; /* names; a table is its index */
    unsigned count;
    bool writer;  /* owner: creates what is missing, takes the lock; a reader finds
                   * -ENOENT where no store is, and a missing table empty */
    size_t limit; /* most bytes the file may grow to; 0: 64 GiB */
    /* A scratch store over another's read transaction, which must outlive it: what is not in it is
     * read from there, what is written stays in it, and nothing of it is ever synced. It takes
     * get, put, add, del and seek only. */
    struct txn *below;
};

MUST_CHECK int store_open(struct store **ret, const struct store_options *options);
void store_close(struct store **store);

MUST_CHECK int store_begin_read(struct store *store, struct txn **ret);
MUST_CHECK int store_begin_write(struct store *store, struct txn **ret);
MUST_CHECK int store_commit(struct txn **txn); /* ends it, whatever is returned; 0 means synced */
void store_abort(struct txn **txn);            /* NULL is fine */

MUST_CHECK int store_get(struct txn *txn, unsigned table, struct bytes key,
                         struct bytes *ret_value);
MUST_CHECK int store_put(struct txn *txn, unsigned table, struct bytes key, struct bytes value);
/* As put, but -EEXIST when the key is there: what must never be overwritten. */
MUST_CHECK int store_add(struct txn *txn, unsigned table, struct bytes key, struct bytes value);
/* As put, for a key greater than every key of the table (much faster); -EEXIST otherwise. */
MUST_CHECK int store_append(struct txn *txn, unsigned table, struct bytes key, struct bytes value);
MUST_CHECK int store_del(struct txn *txn, unsigned table, struct bytes key);

/* The first row whose key is >= from (store_last: the last row of the table); -ENOENT at the end.
 * On -EBADMSG *ret_key is written too, so that a damaged row can be stepped over or deleted. */
MUST_CHECK int store_seek(struct txn *txn, unsigned table, struct bytes from, struct bytes *ret_key,
                          struct bytes *ret_value);
MUST_CHECK int store_last(struct txn *txn, unsigned table, struct bytes *ret_key,
                          struct bytes *ret_value);
/* Rows with key >= from, in order, until fn returns non-zero; that value is returned. -EBADMSG at a
 * damaged row. fn must not write. */
typedef int store_row_fn(void *ctx, struct bytes key, struct bytes value);
MUST_CHECK int store_scan(struct txn *txn, unsigned table, struct bytes from, store_row_fn *fn,
                          void *ctx);

/* Rows, damaged ones included: how many, and fn(key) for each damaged one (fn may be NULL). */
MUST_CHECK int store_check(struct txn *txn, unsigned table, void (*fn)(void *ctx, struct bytes key),
                           void *ctx, uint64_t *ret_rows);

/* What the rows of a table take, in whole pages. */
MUST_CHECK int store_table_bytes(struct txn *txn, unsigned table, uint64_t *ret);

uint64_t txn_writes(const struct txn *txn); /* puts and dels so far */
/* What the writer has changed in a table: while it is the same number, no row of the table is
 * another. Of a reader 0: another process may write. */
uint64_t txn_changes(const struct txn *txn, unsigned table);
unsigned store_open_txns(const struct store *store); /* 0 between turns */
/* A compacted copy into an empty folder, from a read transaction. */
MUST_CHECK int store_copy(struct store *store, const char *dir);

/* A key of several parts: texts end in a zero byte (ids hold none), numbers are big-endian, so that
 * rows sort by their parts and a prefix finds its rows. */
struct key {
    uint8_t b[STORE_KEY_MAX];
    size_t n;
};
void key_clear(struct key *k);
void key_text(struct key *k, struct text t); /* must() fit and hold no zero byte */
void key_u64(struct key *k, uint64_t v);
struct key key1(struct text a);
struct key key2(struct text a, struct text b);
struct key key_no(uint64_t no);
struct bytes key_bytes(const struct key *k);
bool key_has_prefix(struct bytes key, const struct key *prefix);
/* Read a part back; *at moves on. Texts are borrowed from the key. False when there is none. */
bool key_next_text(struct bytes key, size_t *at, struct text *ret);
bool key_next_u64(struct bytes key, size_t *at, uint64_t *ret);
/* Part `i` of a key of texts, borrowed from it; absent when there is none. */
struct text key_text_at(struct bytes key, unsigned i);

#endif
