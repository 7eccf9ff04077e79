#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/fault.h"
#include "common/store.h"
#include "common/store_inner.h"

#define MAP_ROOM ((size_t)16 << 20)
#define RESERVE_PAGES 64 /* kept for deletes when the store is full */
#define READER_CHECK_SECONDS 10
#define PROBE_BYTES ((off_t)1 << 20)

static struct txn *txn_new(struct store *store, bool write) {
    struct txn *txn = calloc(1, sizeof *txn + store->count * sizeof txn->cursor[0]);
    must(txn != NULL);
    txn->store = store;
    txn->write = write;
    return txn;
}

static int txn_try(struct txn *txn) {
    if (txn->mdb != NULL)
        return mdb_txn_renew(txn->mdb);
    return mdb_txn_begin(txn->store->env, NULL, txn->write ? 0 : MDB_RDONLY, &txn->mdb);
}

static int txn_start(struct txn *txn) {
    struct store *store = txn->store;
    int dead, rc = txn_try(txn);
    if (rc == MDB_MAP_RESIZED && store->open == 0) {
        rc = mdb_env_set_mapsize(store->env, 0);
        if (rc == 0)
            rc = txn_try(txn);
    } else if (rc == MDB_READERS_FULL) {
        rc = mdb_reader_check(store->env, &dead);
        if (rc == 0)
            rc = txn_try(txn);
    }
    if (rc == 0)
        store->open++;
    return store_error(rc);
}

/* A reader may be older than the writer's program and than its tables: it looks again after each
 * commit, until it knows them all. */
static int find_tables(struct store *store) {
    MDB_envinfo info;
    mdb_env_info(store->env, &info);
    if (store->missing == 0 || store->open > 0 || store->looked == info.me_last_txnid)
        return 0;
    int r = store_open_tables(store);
    if (r == 0)
        store->looked = info.me_last_txnid;
    return r == -EAGAIN ? 0 : r; /* beginning the transaction itself will mend that */
}

static void close_cursors(struct txn *txn) {
    for (unsigned i = 0; i < txn->store->count; i++) {
        if (txn->cursor[i] != NULL)
            mdb_cursor_close(txn->cursor[i]);
        txn->cursor[i] = NULL;
    }
}

static void read_end(struct txn *txn) {
    struct store *store = txn->store;
    store->open--;
    txn->error = 0;
    if (store->idle == NULL) {
        mdb_txn_reset(txn->mdb);
        store->idle = txn;
    } else {
        mdb_txn_abort(txn->mdb);
        free(txn);
    }
}

/* Grows the map in time. At its limit, tells whether only deletes still fit. */
static int make_room(struct store *store, bool *ret_full) {
    size_t used, size = store_map_size(store, &used);
    size_t room = size > used ? size - used : 0;
    bool tight = store->cramped || room < MAP_ROOM || room < size / 4;
    if (tight && size < store->limit && store->open == 0) {
        store->cramped = false;
        size_t grown = size > store->limit / 2 ? store->limit : size * 2;
        return store_error(mdb_env_set_mapsize(store->env, grown));
    }
    size_t reserve = store->limit / store->page / 8;
    if (reserve > RESERVE_PAGES)
        reserve = RESERVE_PAGES;
    if (size < store->limit || room / store->page >= reserve)
        return 0;
    size_t pages = 0;
    int r = store_free_pages(store, &pages);
    *ret_full = r == 0 && room / store->page + pages < reserve;
    return r;
}

/* A dead reader pins old pages, and the file grows without end. */
static int sweep_readers(struct store *store) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec - store->swept < READER_CHECK_SECONDS)
        return 0;
    store->swept = now.tv_sec;
    int dead;
    return store_error(mdb_reader_check(store->env, &dead));
}

/* A write that was cut short by a full disk is EIO to LMDB (measured). The transaction is gone and
 * its pages belong to nobody, so that going on is safe; were it the meta page, LMDB itself would
 * refuse the next transaction. */
static bool is_disk_full(const struct store *store) {
    struct stat st;
    int fd;
    return mdb_env_get_fd(store->env, &fd) == 0 && fstat(fd, &st) == 0 &&
           fallocate(fd, FALLOC_FL_KEEP_SIZE, st.st_size, PROBE_BYTES) < 0 && errno == ENOSPC;
}

/* After it the LMDB transaction is gone, whatever is returned. */
static int write_out(struct txn *txn) {
    int r = txn->error;
    if (r == 0)
        r = fault_point("store.before_commit");
    if (r < 0) {
        mdb_txn_abort(txn->mdb);
        return r;
    }
    r = store_error(mdb_txn_commit(txn->mdb));
    if (r == -EIO && is_disk_full(txn->store))
        r = -ENOSPC;
    return r == 0 ? fault_point("store.after_commit") : r;
}

static void write_end(struct txn *txn, int r) {
    struct store *store = txn->store;
    store->cramped = store->cramped || r == -ENOSPC;
    store->broken = store->broken || r == -EIO;
    store->writing = false;
    store->open--;
}

/* What was written is not there, and what it replaced is there again. */
static void rows_are_back(struct store *store) {
    for (unsigned i = 0; i < store->count; i++)
        store->changes[i]++;
}

int store_begin_read(struct store *store, struct txn **ret) {
    if (store->broken)
        return -EIO;
    int r = find_tables(store);
    if (r < 0)
        return r;
    struct txn *txn = store->idle != NULL ? store->idle : txn_new(store, false);
    store->idle = NULL;
    r = txn_start(txn);
    if (r < 0) {
        if (txn->mdb != NULL)
            mdb_txn_abort(txn->mdb);
        free(txn);
        return r;
    }
    *ret = txn;
    return 0;
}

int store_begin_write(struct store *store, struct txn **ret) {
    bool full = false;
    if (!store->writer)
        return -EPERM;
    if (store->broken)
        return -EIO;
    must(!store->writing);
    int r = sweep_readers(store);
    if (r == 0)
        r = make_room(store, &full);
    if (r < 0)
        return r;
    if (store->writer_txn == NULL)
        store->writer_txn = txn_new(store, true);
    struct txn *txn = store->writer_txn;
    txn->mdb = NULL;
    txn->error = 0;
    txn->writes = 0;
    txn->full = full;
    r = txn_start(txn);
    if (r < 0)
        return r;
    store->writing = true;
    *ret = txn;
    return 0;
}

int store_commit(struct txn **txn) {
    struct txn *t = *txn;
    *txn = NULL;
    must(t->scans == 0);
    close_cursors(t);
    if (!t->write) {
        read_end(t);
        return 0;
    }
    int r = write_out(t);
    if (r < 0)
        rows_are_back(t->store);
    write_end(t, r);
    return r;
}

void store_abort(struct txn **txn) {
    struct txn *t = *txn;
    *txn = NULL;
    if (t == NULL)
        return;
    must(t->scans == 0);
    close_cursors(t);
    if (!t->write) {
        read_end(t);
        return;
    }
    mdb_txn_abort(t->mdb);
    rows_are_back(t->store);
    if (t->store->gaps != NULL)
        memset(t->store->gaps, 0, t->store->count * sizeof t->store->gaps[0]);
    write_end(t, t->error);
}

uint64_t txn_writes(const struct txn *txn) {
    return txn->writes;
}

uint64_t txn_changes(const struct txn *txn, unsigned table) {
    return txn->write ? txn->store->changes[table] : 0;
}
