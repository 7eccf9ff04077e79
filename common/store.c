#include "common/store.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/store_inner.h"

#define MAP_START ((size_t)64 << 20)
#define MAP_LIMIT ((size_t)64 << 30)
#define MAP_SCRATCH ((size_t)16 << 30) /* at once: one transaction may be the whole of it */
#define READERS_MAX 256
#define FREE_DBI 0 /* LMDB's own table of free pages */
#define PATH_BYTES 512

static int dir_path(const char *dir, const char *name, char ret[PATH_BYTES]) {
    int n = snprintf(ret, PATH_BYTES, "%s/%s", dir, name);
    return n < 0 || n >= PATH_BYTES ? -ENAMETOOLONG : 0;
}

/* Not lock_file(): this lock goes when the store is closed, not when the process ends. */
static int writer_lock(struct store *store, const char *dir) {
    char path[PATH_BYTES];
    int r = dir_path(dir, "writer.lock", path);
    if (r < 0)
        return r;
    store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (store->lock < 0)
        return -errno;
    if (flock(store->lock, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? -EBUSY : -errno;
    return 0;
}

/* Readers of another user must be able to write LMDB's lock file, and only that one. It is made
 * before LMDB opens it, for closing it later would drop the locks LMDB holds on it. */
static int writer_files(const char *dir) {
    char path[PATH_BYTES];
    int r = dir_path(dir, "lock.mdb", path);
    if (r < 0)
        return r;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
    if (fd < 0)
        return -errno;
    r = fchmod(fd, 0660) < 0 ? -errno : 0;
    close(fd);
    return r;
}

/* A file just made by the writer may still be empty; LMDB would take it for its own to fill. */
static int reader_files(const char *dir) {
    char path[PATH_BYTES];
    struct stat st;
    int r = dir_path(dir, "data.mdb", path);
    if (r < 0)
        return r;
    if (stat(path, &st) < 0)
        return -errno;
    return st.st_size > 0 ? 0 : -ENOENT;
}

/* A file that was cut is refused before a page that is missing is read. */
static int check_size(const struct store *store, int fd) {
    struct stat st;
    size_t used;
    (void)store_map_size(store, &used);
    if (fstat(fd, &st) < 0)
        return -errno;
    return (size_t)st.st_size >= used ? 0 : -EBADMSG;
}

/* The file as it is in memory may be ahead of the disk when its writer was killed inside a commit:
 * what is acted upon must be on the disk first. */
static int env_open(struct store *store, const char *dir) {
    unsigned flags = MDB_NOTLS | (store->writer ? 0 : MDB_RDONLY) | (store->below ? MDB_NOSYNC : 0);
    int rc = mdb_env_set_maxdbs(store->env, store->count);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(store->env, READERS_MAX);
    if (rc == 0)
        rc = mdb_env_open(store->env, dir, flags, 0640);
    int fd = -1;
    if (rc == 0)
        rc = mdb_env_get_fd(store->env, &fd);
    if (rc != 0)
        return store_error(rc);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    if (store->writer && fchmod(fd, 0640) < 0)
        return -errno;
    if (fdatasync(fd) < 0)
        return -errno;
    int dead;
    rc = mdb_reader_check(store->env, &dead);
    MDB_stat stat;
    mdb_env_stat(store->env, &stat);
    store->page = stat.ms_psize;
    store->limit -= store->limit % store->page;
    int r = check_size(store, fd);
    if (r < 0)
        return r;
    size_t used, size = store_map_size(store, &used);
    size_t wish = store->below ? MAP_SCRATCH : MAP_START;
    size_t start = store->limit < wish ? store->limit : wish;
    if (rc == 0 && store->writer && (size < start || size > store->limit))
        rc = mdb_env_set_mapsize(store->env, start > used ? start : used);
    return store_error(rc);
}

/* LMDB asserts what a damaged page breaks. Nothing was committed: the process ends as it does when
 * the storage fails, and says so. */
static void stop_damaged(MDB_env *env, const char *what) {
    const char *dir = "?";
    (void)mdb_env_get_path(env, &dir);
    fprintf(stderr,
            "t=- error storage_damaged dir=%s what=\"%s\" do=\"cirkel verify says what is damaged; "
            "then restore a backup\"\n",
            dir, what);
    _exit(EX_IOERR);
}

static struct store *store_new(const struct store_options *options) {
    static _Atomic uint64_t stores; /* that this process has opened */
    struct store *store = calloc(1, sizeof *store + options->count * sizeof store->dbi[0]);
    must(store != NULL);
    store->lock = -1;
    store->writer = options->writer;
    store->below = options->below;
    store->gaps = store->below ? calloc(options->count + 1, sizeof *store->gaps) : NULL;
    must(!store->below || (store->gaps != NULL && store->writer));
    store->changes = calloc(options->count + 1, sizeof *store->changes);
    must(store->changes != NULL);
    uint64_t first = ++stores << 40;
    for (unsigned i = 0; i < options->count; i++)
        store->changes[i] = first;
    store->limit = options->limit > 0 ? options->limit : MAP_LIMIT;
    store->count = options->count;
    buf_init(&store->row, STORE_KEY_MAX + STORE_HEAD_BYTES + STORE_VALUE_MAX);
    store->names = calloc(options->count + 1, sizeof store->names[0]);
    must(store->names != NULL);
    for (unsigned i = 0; i < options->count; i++) {
        store->names[i] = strdup(options->tables[i]);
        must(store->names[i] != NULL);
    }
    return store;
}

static int writer_prepare(struct store *store, const char *dir) {
    int r = make_dir(dir, 0750);
    if (r == 0)
        r = writer_lock(store, dir);
    return r == 0 ? writer_files(dir) : r;
}

int store_error(int rc) {
    switch (rc) {
    case MDB_SUCCESS:
        return 0;
    case MDB_NOTFOUND:
        return -ENOENT;
    case MDB_KEYEXIST:
        return -EEXIST;
    case MDB_MAP_FULL:
    case EDQUOT:
        return -ENOSPC;
    case MDB_MAP_RESIZED:
    case MDB_READERS_FULL:
        return -EAGAIN;
    default:
        return rc > 0 ? -rc : -EIO;
    }
}

size_t store_map_size(const struct store *store, size_t *ret_used) {
    MDB_envinfo info;
    mdb_env_info(store->env, &info);
    *ret_used = (info.me_last_pgno + 1) * store->page;
    return info.me_mapsize;
}

/* LMDB shows that table to read transactions only. A value starts with the count of its pages. */
int store_free_pages(struct store *store, size_t *ret) {
    MDB_txn *mdb;
    MDB_cursor *cursor;
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &mdb);
    if (rc != 0)
        return store_error(rc);
    size_t sum = 0, n;
    rc = mdb_cursor_open(mdb, FREE_DBI, &cursor);
    if (rc == 0) {
        MDB_val key, value;
        while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
            memcpy(&n, value.mv_data, sizeof n);
            sum += n;
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(mdb);
    if (rc != MDB_NOTFOUND)
        return store_error(rc);
    *ret = sum;
    return 0;
}

/* Later transactions know a handle only once the transaction that opened it has committed. */
int store_open_tables(struct store *store) {
    MDB_txn *mdb;
    int rc = mdb_txn_begin(store->env, NULL, store->writer ? 0 : MDB_RDONLY, &mdb);
    if (rc != 0)
        return store_error(rc);
    unsigned missing = 0;
    for (unsigned i = 0; i < store->count && rc == 0; i++) {
        if (store->dbi[i] != 0)
            continue;
        rc = mdb_dbi_open(mdb, store->names[i], store->writer ? MDB_CREATE : 0, &store->dbi[i]);
        if (rc == MDB_NOTFOUND) {
            store->dbi[i] = 0;
            missing++;
            rc = 0;
        }
    }
    if (rc != 0) {
        mdb_txn_abort(mdb);
        return store_error(rc);
    }
    store->missing = missing;
    return store_error(mdb_txn_commit(mdb));
}

int store_open(struct store **ret, const struct store_options *options) {
    struct store *store = store_new(options);
    watch_faults();
    int r = store->writer ? writer_prepare(store, options->dir) : reader_files(options->dir);
    if (r == 0)
        r = store_error(mdb_env_create(&store->env));
    if (r == 0)
        r = store_error(mdb_env_set_assert(store->env, stop_damaged));
    if (r == 0)
        r = env_open(store, options->dir);
    if (r == 0)
        r = store_open_tables(store);
    if (r == 0 && store->writer)
        r = sync_dir(options->dir);
    if (r < 0)
        store_close(&store);
    else
        *ret = store;
    return r;
}

void store_close(struct store **store) {
    struct store *s = *store;
    *store = NULL;
    if (s == NULL)
        return;
    must(s->open == 0);
    if (s->idle != NULL)
        mdb_txn_abort(s->idle->mdb);
    free(s->idle);
    free(s->writer_txn);
    free(s->gaps);
    free(s->changes);
    if (s->env != NULL)
        mdb_env_close(s->env);
    if (s->lock >= 0)
        close(s->lock);
    for (unsigned i = 0; i < s->count; i++)
        free(s->names[i]);
    free(s->names);
    buf_free(&s->row);
    free(s);
}

unsigned store_open_txns(const struct store *store) {
    return store->open;
}

int store_copy(struct store *store, const char *dir) {
    char path[PATH_BYTES];
    struct txn *txn;
    int r = dir_path(dir, "data.mdb", path);
    if (r == 0)
        r = make_dir(dir, 0750);
    if (r == 0)
        r = store_begin_read(store, &txn); /* so that a map grown elsewhere is followed */
    if (r < 0)
        return r;
    store_abort(&txn);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0)
        return -errno;
    r = store_error(mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT));
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    close(fd);
    return r == 0 ? sync_dir(dir) : r;
}
