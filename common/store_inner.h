/* store_inner - what the files of the store share: its structs and LMDB's errors in our words. */
#ifndef COMMON_STORE_INNER_H
#define COMMON_STORE_INNER_H

#include <lmdb.h>
#include <time.h>

#include "common/store.h"

#define STORE_HEAD_BYTES 5 /* before a value: the format and the checksum, big-endian */

struct txn {
    struct store *store;
    MDB_txn *mdb;
    bool write;
    bool full; /* only deletes fit */
    int error; /* what spoiled it: it can only be aborted */
    unsigned scans;
    uint64_t writes;
    MDB_cursor *cursor[]; /* of each table, opened when first needed */
};

struct store {
    MDB_env *env;
    int lock; /* descriptor of the writer's lock, -1 for a reader */
    bool writer;
    bool broken; /* a commit ended in -EIO */
    size_t limit, page;
    unsigned count, missing, open;
    uint64_t looked;  /* the commit at which missing tables were last looked for */
    time_t swept;     /* when dead readers were last cleared */
    struct txn *idle; /* a read transaction kept for the next one */
    struct txn *writer_txn;
    bool writing;
    bool cramped; /* a transaction did not fit: grow the map whatever room is left */
    struct txn *below;
    struct store_gap *gaps; /* of each table, over `below` */
    uint64_t *changes;      /* of each table; no two stores of a process share a number */
    struct buf row;
    char **names;
    MDB_dbi dbi[]; /* 0: the table does not exist yet */
};

/* Nothing lives from `from` up to `to`, so that a thousand rows deleted at the head of a table are
 * passed over once and not every time. */
struct store_gap {
    struct key from, to;
    bool known, to_end;
};

int store_error(int rc); /* of LMDB, as -errno */

/* How large the map is, and how much of it the file has ever used. */
size_t store_map_size(const struct store *store, size_t *ret_used);
/* Unused pages inside the file. */
MUST_CHECK int store_free_pages(struct store *store, size_t *ret);
/* ---- store_row.c: of this store alone ---- */
MUST_CHECK int store_row_get(struct txn *txn, unsigned table, struct bytes key,
                             struct bytes *ret_value, bool *ret_dead);
MUST_CHECK int store_row_put(struct txn *txn, unsigned table, struct bytes key, struct bytes value,
                             unsigned flags, bool dead);
MUST_CHECK int store_row_del(struct txn *txn, unsigned table, struct bytes key);
MUST_CHECK int store_row_seek(struct txn *txn, unsigned table, struct bytes from,
                              struct bytes *ret_key, struct bytes *ret_value, bool *ret_dead);
/* ---- store_over.c: of a store over another ---- */
MUST_CHECK int store_over_get(struct txn *txn, unsigned table, struct bytes key,
                              struct bytes *ret_value);
MUST_CHECK int store_over_put(struct txn *txn, unsigned table, struct bytes key, struct bytes value,
                              bool only_new);
MUST_CHECK int store_over_del(struct txn *txn, unsigned table, struct bytes key);
MUST_CHECK int store_over_seek(struct txn *txn, unsigned table, struct bytes from,
                               struct bytes *ret_key, struct bytes *ret_value);

/* Opens the handles of the tables that exist now; the writer makes those that do not. */
MUST_CHECK int store_open_tables(struct store *store);

#endif
