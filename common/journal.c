#include "common/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/store.h"

#define ASIDES_KEPT 10000
#define ASIDE_BYTES 1024
#define DIGEST_BYTES (2 * JOURNAL_HASH_BYTES + 8)

enum { TABLE_LOG, TABLE_DIGEST, TABLE_ASIDE, TABLE_META, TABLES };
static const char *const tables[TABLES] = {"log", "digest", "aside", "meta"};

struct journal {
    struct store *store;
};

struct walk {
    unsigned left;
    journal_fn *fn;
    journal_digest_fn *digest_fn;
    void *ctx;
    int stopped; /* what fn returned */
};

static struct bytes meta_key(const char *name) {
    return (struct bytes){name, strlen(name)};
}

static struct key number_key(uint64_t number) {
    struct key key;
    key_clear(&key);
    key_u64(&key, number);
    return key;
}

/* A number that was never stored is 0. */
static int meta_get(struct txn *txn, const char *name, uint64_t *ret) {
    struct bytes value;
    size_t at = 0;
    int r = store_get(txn, TABLE_META, meta_key(name), &value);
    if (r == -ENOENT)
        *ret = 0;
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    return key_next_u64(value, &at, ret) ? 0 : -EBADMSG;
}

static int meta_put(struct txn *txn, const char *name, uint64_t number) {
    struct key value = number_key(number);
    return store_put(txn, TABLE_META, meta_key(name), key_bytes(&value));
}

/* The first (or last) number of a table, however damaged its row is; -ENOENT when empty. */
static int edge_of(struct txn *txn, unsigned table, bool last, uint64_t *ret) {
    struct bytes key, value;
    size_t at = 0;
    int r = last ? store_last(txn, table, &key, &value)
                 : store_seek(txn, table, (struct bytes){NULL, 0}, &key, &value);
    if (r < 0 && r != -EBADMSG)
        return r;
    return key_next_u64(key, &at, ret) ? 0 : -EBADMSG;
}

static int new_generation(struct txn *txn) {
    uint64_t generation = 0;
    while (generation == 0)
        if (getrandom(&generation, sizeof generation, 0) != sizeof generation)
            return -EIO;
    return meta_put(txn, "generation", generation);
}

/* Ends the transaction, and gives the first error. */
static int finish(struct txn *txn, int r) {
    if (r == 0)
        return store_commit(&txn);
    store_abort(&txn);
    return r;
}

static int make_generation(struct journal *journal) {
    struct txn *txn;
    uint64_t generation;
    int r = journal_generation(journal, &generation);
    if (r != -ENOENT)
        return r;
    r = store_begin_write(journal->store, &txn);
    return r < 0 ? r : finish(txn, new_generation(txn));
}

static void digest_encode(const struct journal_digest *digest, uint8_t ret[DIGEST_BYTES]) {
    struct key received = number_key((uint64_t)digest->received);
    memcpy(ret, digest->key, JOURNAL_HASH_BYTES);
    memcpy(ret + JOURNAL_HASH_BYTES, digest->content, JOURNAL_HASH_BYTES);
    memcpy(ret + 2 * JOURNAL_HASH_BYTES, received.b, received.n);
}

static int digest_decode(struct bytes value, struct journal_digest *ret) {
    const uint8_t *p = value.p;
    size_t at = 2 * JOURNAL_HASH_BYTES;
    uint64_t received;
    if (value.n != DIGEST_BYTES || !key_next_u64(value, &at, &received))
        return -EBADMSG;
    memcpy(ret->key, p, JOURNAL_HASH_BYTES);
    memcpy(ret->content, p + JOURNAL_HASH_BYTES, JOURNAL_HASH_BYTES);
    ret->received = (instant)received;
    return 0;
}

static int append_entries(struct txn *txn, const struct journal_entry *entries, unsigned count,
                          uint64_t *ret_first) {
    uint64_t last;
    int r = meta_get(txn, "last", &last);
    *ret_first = count > 0 ? last + 1 : 0;
    for (unsigned i = 0; i < count && r == 0; i++) {
        struct key key = number_key(++last);
        uint8_t digest[DIGEST_BYTES];
        digest_encode(&entries[i].digest, digest);
        r = store_append(txn, TABLE_LOG, key_bytes(&key), entries[i].payload);
        if (r == 0)
            r = store_append(txn, TABLE_DIGEST, key_bytes(&key),
                             (struct bytes){digest, sizeof digest});
    }
    /* Entries and digests may all be gone one day, and the number still must not come again. */
    return r == 0 && count > 0 ? meta_put(txn, "last", last) : r;
}

static int append_asides(struct txn *txn, const struct bytes *asides, unsigned count) {
    uint64_t no, first;
    int r = edge_of(txn, TABLE_ASIDE, true, &no);
    if (r == -ENOENT) {
        no = 0;
        r = 0;
    }
    for (unsigned i = 0; i < count && r == 0; i++) {
        struct key key = number_key(++no);
        struct bytes aside = asides[i];
        if (aside.n > ASIDE_BYTES)
            aside.n = ASIDE_BYTES;
        r = store_append(txn, TABLE_ASIDE, key_bytes(&key), aside);
    }
    while (r == 0 && (r = edge_of(txn, TABLE_ASIDE, false, &first)) == 0) {
        if (no - first < ASIDES_KEPT)
            break;
        struct key key = number_key(first);
        r = store_del(txn, TABLE_ASIDE, key_bytes(&key));
    }
    return r;
}

static int walk_row(void *ctx, struct bytes key, struct bytes value) {
    struct walk *walk = ctx;
    struct journal_digest digest;
    uint64_t number;
    size_t at = 0;
    if (!key_next_u64(key, &at, &number))
        return -EBADMSG;
    if (walk->fn != NULL)
        walk->stopped = walk->fn(walk->ctx, number, value);
    else if (digest_decode(value, &digest) < 0)
        return -EBADMSG;
    else
        walk->stopped = walk->digest_fn(walk->ctx, number, &digest);
    return walk->stopped != 0 || --walk->left == 0;
}

static int walk_table(struct journal *journal, unsigned table, uint64_t from, struct walk *walk) {
    struct txn *txn;
    struct key key = number_key(from);
    int r = store_begin_read(journal->store, &txn);
    if (r < 0)
        return r;
    if (walk->left > 0)
        r = store_scan(txn, table, key_bytes(&key), walk_row, walk);
    store_abort(&txn);
    return r < 0 ? r : walk->stopped;
}

static int drop_before(struct journal *journal, unsigned table, uint64_t seq, unsigned max) {
    struct txn *txn;
    uint64_t first;
    int r = store_begin_write(journal->store, &txn);
    if (r < 0)
        return r;
    for (unsigned i = 0; i < max; i++) {
        r = edge_of(txn, table, false, &first);
        if (r < 0 || first >= seq)
            break;
        struct key key = number_key(first);
        r = store_del(txn, table, key_bytes(&key));
        if (r < 0)
            break;
    }
    return finish(txn, r == -ENOENT ? 0 : r);
}

static void count_damage(void *ctx, struct bytes key) {
    (void)key;
    ++*(uint64_t *)ctx;
}

int journal_open(struct journal **ret, const char *dir, bool writer, size_t limit) {
    struct store_options options = {dir, tables, TABLES, writer, limit};
    struct journal *journal = calloc(1, sizeof *journal);
    must(journal != NULL);
    int r = store_open(&journal->store, &options);
    if (r == 0 && writer)
        r = make_generation(journal);
    if (r < 0)
        journal_close(&journal);
    else
        *ret = journal;
    return r;
}

void journal_close(struct journal **journal) {
    if (*journal == NULL)
        return;
    store_close(&(*journal)->store);
    free(*journal);
    *journal = NULL;
}

int journal_generation(struct journal *journal, uint64_t *ret) {
    struct txn *txn;
    uint64_t generation;
    int r = store_begin_read(journal->store, &txn);
    if (r < 0)
        return r;
    r = meta_get(txn, "generation", &generation);
    store_abort(&txn);
    if (r == 0 && generation == 0)
        r = -ENOENT;
    if (r == 0)
        *ret = generation;
    return r;
}

int journal_append(struct journal *journal, const struct journal_entry *entries, unsigned count,
                   const struct bytes *asides, unsigned aside_count, uint64_t *ret_first) {
    struct txn *txn;
    uint64_t first;
    int r = store_begin_write(journal->store, &txn);
    if (r < 0)
        return r;
    r = append_entries(txn, entries, count, &first);
    if (r == 0 && aside_count > 0)
        r = append_asides(txn, asides, aside_count);
    r = finish(txn, r);
    if (r == 0)
        *ret_first = first;
    return r;
}

int journal_read(struct journal *journal, uint64_t from, unsigned max, journal_fn *fn, void *ctx) {
    struct walk walk = {.left = max, .fn = fn, .ctx = ctx};
    return walk_table(journal, TABLE_LOG, from, &walk);
}

int journal_range(struct journal *journal, uint64_t *ret_first, uint64_t *ret_last) {
    struct txn *txn;
    uint64_t first, last;
    int r = store_begin_read(journal->store, &txn);
    if (r < 0)
        return r;
    r = meta_get(txn, "last", &last);
    if (r == 0)
        r = edge_of(txn, TABLE_LOG, false, &first);
    store_abort(&txn);
    if (r == -ENOENT) {
        first = last > 0 ? last + 1 : 0;
        r = 0;
    }
    if (r < 0)
        return r;
    *ret_first = first;
    *ret_last = last;
    return 0;
}

int journal_digests(struct journal *journal, uint64_t from, unsigned max, journal_digest_fn *fn,
                    void *ctx) {
    struct walk walk = {.left = max, .digest_fn = fn, .ctx = ctx};
    return walk_table(journal, TABLE_DIGEST, from, &walk);
}

int journal_asides(struct journal *journal, uint64_t from, unsigned max, journal_fn *fn,
                   void *ctx) {
    struct walk walk = {.left = max, .fn = fn, .ctx = ctx};
    return walk_table(journal, TABLE_ASIDE, from, &walk);
}

int journal_aside_count(struct journal *journal, uint64_t *ret_ever) {
    struct txn *txn;
    int r = store_begin_read(journal->store, &txn);
    if (r < 0)
        return r;
    r = edge_of(txn, TABLE_ASIDE, true, ret_ever);
    store_abort(&txn);
    if (r == -ENOENT) {
        *ret_ever = 0;
        r = 0;
    }
    return r;
}

int journal_drop(struct journal *journal, uint64_t seq, unsigned max) {
    return drop_before(journal, TABLE_LOG, seq, max);
}

int journal_forget(struct journal *journal, uint64_t seq, unsigned max) {
    return drop_before(journal, TABLE_DIGEST, seq, max);
}

int journal_verify(struct journal *journal, uint64_t *ret_rows, uint64_t *ret_damaged) {
    struct txn *txn;
    uint64_t rows = 0, damaged = 0;
    int r = store_begin_read(journal->store, &txn);
    if (r < 0)
        return r;
    for (unsigned table = 0; table < TABLES && r == 0; table++) {
        uint64_t n = 0;
        r = store_check(txn, table, count_damage, &damaged, &n);
        rows += n;
    }
    store_abort(&txn);
    if (r < 0)
        return r;
    *ret_rows = rows;
    *ret_damaged = damaged;
    return 0;
}

int journal_copy(struct journal *journal, const char *dir) {
    return store_copy(journal->store, dir);
}

int journal_renew(struct journal *journal) {
    struct txn *txn;
    int r = store_begin_write(journal->store, &txn);
    return r < 0 ? r : finish(txn, new_generation(txn));
}

int journal_space(struct journal *journal, struct journal_space *ret) {
    struct store_space space;
    int r = store_space(journal->store, &space);
    if (r < 0)
        return r;
    *ret = (struct journal_space){space.used, space.limit, space.disk_free};
    return 0;
}
