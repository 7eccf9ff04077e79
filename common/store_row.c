#include <errno.h>
#include <lmdb.h>
#include <string.h>

#include "common/store.h"
#include "common/store_inner.h"

#define FORMAT 1
#define FORMAT_DEAD 2 /* over another store: the row below is deleted */

static MDB_val val_of(struct bytes b) {
    return (MDB_val){b.n, (void *)(uintptr_t)b.p};
}

/* A scratch store ends with its process: nothing can happen to its rows in between. */
static uint32_t row_crc(const struct store *store, struct bytes key, const void *p, size_t n) {
    return store->below ? 0 : crc32c(crc32c(0, key.p, key.n), p, n);
}

static bool is_dead(const struct store *store, const MDB_val *row) {
    return store->below && row->mv_size == STORE_HEAD_BYTES &&
           *(const uint8_t *)row->mv_data == FORMAT_DEAD;
}

static int row_check(const struct store *store, const MDB_val *key, const MDB_val *row,
                     struct bytes *ret) {
    const uint8_t *p = row->mv_data;
    if (row->mv_size < STORE_HEAD_BYTES || row->mv_size > STORE_HEAD_BYTES + STORE_VALUE_MAX ||
        p[0] != FORMAT)
        return -EBADMSG;
    uint32_t crc =
        (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | (uint32_t)p[4];
    struct bytes value = {p + STORE_HEAD_BYTES, row->mv_size - STORE_HEAD_BYTES};
    if (row_crc(store, (struct bytes){key->mv_data, key->mv_size}, value.p, value.n) != crc)
        return -EBADMSG;
    *ret = value;
    return 0;
}

/* The caller holds the cursor of a table while it walks, so that a walk inside it gets another. */
static int take_cursor(struct txn *txn, unsigned table, MDB_cursor **ret) {
    struct store *store = txn->store;
    must(table < store->count);
    if (store->dbi[table] == 0)
        return -ENOENT;
    if (txn->error != 0)
        return txn->error;
    if (txn->cursor[table] == NULL)
        return store_error(mdb_cursor_open(txn->mdb, store->dbi[table], ret));
    *ret = txn->cursor[table];
    txn->cursor[table] = NULL;
    return 0;
}

static void give_cursor(struct txn *txn, unsigned table, MDB_cursor *cursor) {
    if (txn->cursor[table] == NULL)
        txn->cursor[table] = cursor;
    else
        mdb_cursor_close(cursor);
}

/* Rows that are out of order, as a damaged page may have them, would be walked in circles. */
static int cursor_seek(MDB_cursor *cursor, struct bytes from, MDB_val *key, MDB_val *row) {
    if (from.n > STORE_KEY_MAX)
        return -EINVAL;
    *key = val_of(from);
    int r = store_error(mdb_cursor_get(cursor, key, row, from.n > 0 ? MDB_SET_RANGE : MDB_FIRST));
    if (r == 0 && from.n > 0 && bytes_cmp((struct bytes){key->mv_data, key->mv_size}, from) < 0)
        r = -EIO;
    return r;
}

static int cursor_next(MDB_cursor *cursor, MDB_val *key, MDB_val *row) {
    struct bytes before = {key->mv_data, key->mv_size};
    int r = store_error(mdb_cursor_get(cursor, key, row, MDB_NEXT));
    if (r == 0 && bytes_cmp((struct bytes){key->mv_data, key->mv_size}, before) <= 0)
        r = -EIO;
    return r;
}

/* A damaged page may claim any length: callers rely on the limits of the header. */
static int hand_out(const struct store *store, const MDB_val *key, const MDB_val *row,
                    struct bytes *ret_key, struct bytes *ret_value) {
    bool sound = key->mv_size <= STORE_KEY_MAX;
    *ret_key = (struct bytes){key->mv_data, sound ? key->mv_size : STORE_KEY_MAX};
    return sound ? row_check(store, key, row, ret_value) : -EBADMSG;
}

/* A cursor that stands in a table about to change is dropped rather than trusted. */
static int write_begin(struct txn *txn, unsigned table, struct bytes key) {
    must(table < txn->store->count);
    must(txn->scans == 0);
    if (!txn->write)
        return -EPERM;
    if (txn->error != 0)
        return txn->error;
    if (key.n == 0 || key.n > STORE_KEY_MAX)
        return -EINVAL;
    if (txn->cursor[table] != NULL)
        mdb_cursor_close(txn->cursor[table]);
    txn->cursor[table] = NULL;
    txn->store->changes[table]++;
    return 0;
}

static int write_end(struct txn *txn, int rc) {
    int r = store_error(rc);
    if (r == 0)
        txn->writes++;
    else if (r != -EEXIST && r != -ENOENT)
        txn->error = r;
    return r;
}

/* Key and value are copied first: they may be borrowed from a page this write moves. */
int store_row_put(struct txn *txn, unsigned table, struct bytes key, struct bytes value,
                  unsigned flags, bool dead) {
    int r = write_begin(txn, table, key);
    if (r < 0)
        return r;
    if (txn->full)
        return txn->error = -ENOSPC;
    if (value.n > STORE_VALUE_MAX)
        return -EMSGSIZE;
    uint32_t crc = row_crc(txn->store, key, value.p, value.n);
    const uint8_t head[STORE_HEAD_BYTES] = {dead ? FORMAT_DEAD : FORMAT, (uint8_t)(crc >> 24),
                                            (uint8_t)(crc >> 16), (uint8_t)(crc >> 8),
                                            (uint8_t)crc};
    struct buf *b = &txn->store->row;
    buf_clear(b);
    buf_add(b, key.p, key.n);
    buf_add(b, head, sizeof head);
    buf_add(b, value.p, value.n);
    must(!b->over);
    MDB_val k = {key.n, b->p};
    MDB_val v = {b->n - key.n, b->p + key.n};
    return write_end(txn, mdb_put(txn->mdb, txn->store->dbi[table], &k, &v, flags));
}

int store_row_get(struct txn *txn, unsigned table, struct bytes key, struct bytes *ret_value,
                  bool *ret_dead) {
    must(table < txn->store->count);
    if (txn->error != 0)
        return txn->error;
    if (txn->store->dbi[table] == 0 || key.n == 0 || key.n > STORE_KEY_MAX)
        return -ENOENT;
    MDB_val k = val_of(key), row;
    int r = store_error(mdb_get(txn->mdb, txn->store->dbi[table], &k, &row));
    if (r < 0)
        return r;
    *ret_dead = is_dead(txn->store, &row);
    return *ret_dead ? 0 : row_check(txn->store, &k, &row, ret_value);
}

int store_row_del(struct txn *txn, unsigned table, struct bytes key) {
    int r = write_begin(txn, table, key);
    if (r < 0)
        return r;
    uint8_t copy[STORE_KEY_MAX];
    memcpy(copy, key.p, key.n);
    MDB_val k = {key.n, copy};
    return write_end(txn, mdb_del(txn->mdb, txn->store->dbi[table], &k, NULL));
}

int store_row_seek(struct txn *txn, unsigned table, struct bytes from, struct bytes *ret_key,
                   struct bytes *ret_value, bool *ret_dead) {
    MDB_cursor *cursor;
    MDB_val key, row;
    int r = take_cursor(txn, table, &cursor);
    if (r < 0)
        return r;
    r = cursor_seek(cursor, from, &key, &row);
    give_cursor(txn, table, cursor);
    if (r < 0)
        return r;
    *ret_dead = is_dead(txn->store, &row);
    r = hand_out(txn->store, &key, &row, ret_key, ret_value);
    return *ret_dead ? 0 : r;
}

int store_get(struct txn *txn, unsigned table, struct bytes key, struct bytes *ret_value) {
    bool dead;
    return txn->store->below ? store_over_get(txn, table, key, ret_value)
                             : store_row_get(txn, table, key, ret_value, &dead);
}

int store_put(struct txn *txn, unsigned table, struct bytes key, struct bytes value) {
    return txn->store->below ? store_over_put(txn, table, key, value, false)
                             : store_row_put(txn, table, key, value, 0, false);
}

int store_add(struct txn *txn, unsigned table, struct bytes key, struct bytes value) {
    return txn->store->below ? store_over_put(txn, table, key, value, true)
                             : store_row_put(txn, table, key, value, MDB_NOOVERWRITE, false);
}

int store_append(struct txn *txn, unsigned table, struct bytes key, struct bytes value) {
    must(!txn->store->below);
    return store_row_put(txn, table, key, value, MDB_APPEND, false);
}

int store_del(struct txn *txn, unsigned table, struct bytes key) {
    return txn->store->below ? store_over_del(txn, table, key) : store_row_del(txn, table, key);
}

int store_seek(struct txn *txn, unsigned table, struct bytes from, struct bytes *ret_key,
               struct bytes *ret_value) {
    bool dead;
    return txn->store->below ? store_over_seek(txn, table, from, ret_key, ret_value)
                             : store_row_seek(txn, table, from, ret_key, ret_value, &dead);
}

int store_last(struct txn *txn, unsigned table, struct bytes *ret_key, struct bytes *ret_value) {
    MDB_cursor *cursor;
    MDB_val key, row;
    must(!txn->store->below);
    int r = take_cursor(txn, table, &cursor);
    if (r < 0)
        return r;
    r = store_error(mdb_cursor_get(cursor, &key, &row, MDB_LAST));
    give_cursor(txn, table, cursor);
    return r < 0 ? r : hand_out(txn->store, &key, &row, ret_key, ret_value);
}

int store_scan(struct txn *txn, unsigned table, struct bytes from, store_row_fn *fn, void *ctx) {
    MDB_cursor *cursor;
    MDB_val key, row;
    must(!txn->store->below);
    int r = take_cursor(txn, table, &cursor);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    txn->scans++;
    int step = cursor_seek(cursor, from, &key, &row);
    while (step == 0) {
        struct bytes k, v;
        r = hand_out(txn->store, &key, &row, &k, &v);
        if (r == 0)
            r = fn(ctx, k, v);
        if (r != 0)
            break;
        step = cursor_next(cursor, &key, &row);
    }
    if (step < 0 && step != -ENOENT)
        r = step;
    txn->scans--;
    give_cursor(txn, table, cursor);
    return r;
}

int store_check(struct txn *txn, unsigned table, void (*fn)(void *ctx, struct bytes key), void *ctx,
                uint64_t *ret_rows) {
    MDB_cursor *cursor;
    MDB_val key, row;
    uint64_t rows = 0;
    must(!txn->store->below);
    int r = take_cursor(txn, table, &cursor);
    if (r == 0) {
        txn->scans++;
        r = cursor_seek(cursor, (struct bytes){NULL, 0}, &key, &row);
        while (r == 0) {
            struct bytes k, v;
            rows++;
            if (hand_out(txn->store, &key, &row, &k, &v) < 0 && fn != NULL)
                fn(ctx, k);
            r = cursor_next(cursor, &key, &row);
        }
        txn->scans--;
        give_cursor(txn, table, cursor);
    }
    if (r != -ENOENT)
        return r;
    *ret_rows = rows;
    return 0;
}

int store_table_bytes(struct txn *txn, unsigned table, uint64_t *ret) {
    MDB_stat stat;
    must(table < txn->store->count && !txn->store->below);
    *ret = 0;
    if (txn->error != 0 || txn->store->dbi[table] == 0)
        return txn->error;
    int r = store_error(mdb_stat(txn->mdb, txn->store->dbi[table], &stat));
    if (r == 0)
        *ret = (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) *
               (uint64_t)stat.ms_psize;
    return r;
}
