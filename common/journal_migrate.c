#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/journal_inner.h"
#include "common/store.h"

#define BATCH 256

enum { TABLE_LOG, TABLE_DIGEST, TABLE_ASIDE, TABLE_META, TABLES };
static const char *const tables[TABLES] = {"log", "digest", "aside", "meta"};

struct move {
    struct journal *journal;
    struct txn *txn;
    struct journal_entry entries[BATCH];
    unsigned count;
};

static struct key number_key(uint64_t number) {
    struct key key;
    key_clear(&key);
    key_u64(&key, number);
    return key;
}

static int meta_get(struct txn *txn, struct text name, uint64_t *ret) {
    struct bytes value;
    size_t at = 0;
    int r = store_get(txn, TABLE_META, (struct bytes){name.p, name.n}, &value);
    *ret = 0;
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    return key_next_u64(value, &at, ret) ? 0 : -EBADMSG;
}

/* The first number of a table, `other` when it is empty. */
static int first_of(struct txn *txn, unsigned table, uint64_t other, uint64_t *ret) {
    struct bytes key, value;
    size_t at = 0;
    int r = store_seek(txn, table, (struct bytes){NULL, 0}, &key, &value);
    *ret = other;
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    return key_next_u64(key, &at, ret) ? 0 : -EBADMSG;
}

static int digest_of(struct bytes value, struct journal_digest *ret) {
    size_t at = 2 * JOURNAL_HASH_BYTES;
    uint64_t received;
    if (value.n != DIGEST_BYTES || !key_next_u64(value, &at, &received))
        return -EBADMSG;
    digest_decode(value.p, ret);
    ret->received = (instant)received;
    return 0;
}

static int append(struct move *move) {
    uint64_t first;
    unsigned count = move->count;
    move->count = 0;
    return count > 0 ? journal_append(move->journal, move->entries, count, NULL, 0, &first) : 0;
}

static int on_entry(void *ctx, struct bytes key, struct bytes value) {
    struct move *move = ctx;
    struct journal_entry *entry = &move->entries[move->count++];
    struct bytes digest;
    int r = store_get(move->txn, TABLE_DIGEST, key, &digest);
    if (r < 0)
        return r;
    entry->payload = value;
    r = digest_of(digest, &entry->digest);
    return r == 0 && move->count == BATCH ? append(move) : r;
}

static int on_digest(void *ctx, struct bytes key, struct bytes value) {
    struct move *move = ctx;
    struct journal_digest digest;
    uint8_t encoded[DIGEST_BYTES];
    uint64_t seq;
    size_t at = 0;
    if (!key_next_u64(key, &at, &seq))
        return -EBADMSG;
    if (seq >= move->journal->head.first)
        return 1;
    int r = digest_of(value, &digest);
    digest_encode(&digest, encoded);
    return r < 0 ? r : shelf_put_digest(move->journal, seq, encoded);
}

static int on_aside(void *ctx, struct bytes key, struct bytes value) {
    struct move *move = ctx;
    uint64_t first;
    (void)key;
    return journal_append(move->journal, NULL, 0, &value, 1, &first);
}

static int move_head(struct move *move) {
    struct head *head = &move->journal->head;
    uint64_t last = 0;
    *head = (struct head){.segment = 1, .offset = SEGMENT_HEAD};
    int r = meta_get(move->txn, TEXT_LIT("generation"), &head->generation);
    if (r == 0 && head->generation == 0)
        r = -EBADMSG;
    if (r == 0)
        r = meta_get(move->txn, TEXT_LIT("last"), &last);
    if (r == 0)
        r = first_of(move->txn, TABLE_LOG, last + 1, &head->first);
    if (r == 0)
        r = first_of(move->txn, TABLE_DIGEST, last + 1, &head->digest_first);
    if (r == 0)
        r = first_of(move->txn, TABLE_ASIDE, 1, &head->aside);
    head->aside--;
    return r;
}

static int move_all(struct move *move) {
    const struct key from = number_key(0);
    int r = move_head(move);
    if (r == 0)
        r = segment_begin(move->journal, 0);
    if (r == 0)
        r = store_scan(move->txn, TABLE_LOG, key_bytes(&from), on_entry, move);
    if (r == 0)
        r = append(move);
    if (r == 0)
        r = store_scan(move->txn, TABLE_DIGEST, key_bytes(&from), on_digest, move);
    if (r >= 0)
        r = store_scan(move->txn, TABLE_ASIDE, key_bytes(&from), on_aside, move);
    return r == 0 ? shelf_sync(move->journal) : r;
}

/* What an earlier try left behind. */
static void remove_segments(const struct journal *journal) {
    char path[PATH_BYTES];
    for (uint64_t n = 1; journal_path_no(journal, "log", n, path) == 0 && unlink(path) == 0; n++)
        ;
}

bool migrate_is_needed(const struct journal *journal) {
    char path[PATH_BYTES];
    return journal_path(journal, "data.mdb", path) == 0 && access(path, F_OK) == 0;
}

int migrate(struct journal *journal) {
    struct store_options options = {.dir = journal->dir, .tables = tables, .count = TABLES};
    struct store *store = NULL;
    struct move *move = calloc(1, sizeof *move);
    must(move != NULL);
    move->journal = journal;
    remove_segments(journal);
    int r = store_open(&store, &options);
    if (r == 0)
        r = store_begin_read(store, &move->txn);
    if (r == 0)
        r = move_all(move);
    store_abort(&move->txn);
    store_close(&store);
    free(move);
    return r < 0 ? r : head_write(journal);
}

void migrate_end(const struct journal *journal) {
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    char path[PATH_BYTES];
    for (size_t i = 0; i < COUNT_OF(files); i++)
        if (journal_path(journal, files[i], path) == 0)
            (void)unlink(path);
}
