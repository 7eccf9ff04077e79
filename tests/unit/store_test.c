/* Rows, transactions and processes on a real folder; a map that grows, and one that is full. */
#include "common/store.h"
#include "tests/harness/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)

enum { TABLE_A, TABLE_B, TABLES };
static const char *const tables[TABLES] = {"a", "b"};
static char dir[FOLDER_BYTES];

static struct bytes bytes_of(const char *s) {
    return (struct bytes){s, strlen(s)};
}

static bool value_is(struct bytes v, const char *s) {
    return bytes_eq(v, bytes_of(s));
}

static struct store *open_with(bool writer, unsigned count, size_t limit) {
    struct store *store = NULL;
    struct store_options o = {
        .dir = dir, .tables = tables, .count = count, .writer = writer, .limit = limit};
    assert_int_equal(store_open(&store, &o), 0);
    return store;
}

static struct store *open_writer(void) {
    return open_with(true, TABLES, 0);
}

static struct txn *begin(struct store *store) {
    struct txn *txn = NULL;
    assert_int_equal(store_begin_write(store, &txn), 0);
    return txn;
}

static struct txn *look(struct store *store) {
    struct txn *txn = NULL;
    assert_int_equal(store_begin_read(store, &txn), 0);
    return txn;
}

static void put(struct store *store, const char *key, const char *value) {
    struct txn *txn = begin(store);
    assert_int_equal(store_put(txn, TABLE_A, bytes_of(key), bytes_of(value)), 0);
    assert_int_equal(store_commit(&txn), 0);
    assert_null(txn);
}

static int count_row(void *ctx, struct bytes key, struct bytes value) {
    (void)key;
    (void)value;
    ++*(uint64_t *)ctx;
    return 0;
}

static uint64_t count_rows(struct store *store, unsigned table) {
    uint64_t n = 0;
    struct txn *txn = look(store);
    assert_int_equal(store_scan(txn, table, (struct bytes){NULL, 0}, count_row, &n), 0);
    assert_int_equal(store_commit(&txn), 0);
    return n;
}

/* A process of its own that opens the store as a reader and answers each byte with a row count. */
struct peer {
    pid_t pid;
    int ask, answer;
};

static void peer_main(int ask, int answer, unsigned table) {
    struct store_options o = {.dir = dir, .tables = tables, .count = TABLES};
    struct store *store;
    struct txn *txn;
    char c;
    if (store_open(&store, &o) < 0)
        _exit(2);
    while (read(ask, &c, 1) == 1) {
        uint64_t n = 0;
        if (store_begin_read(store, &txn) < 0 ||
            store_scan(txn, table, (struct bytes){NULL, 0}, count_row, &n) < 0)
            _exit(3);
        store_abort(&txn);
        if (write(answer, &n, sizeof n) != sizeof n)
            _exit(4);
    }
    store_close(&store);
    _exit(0);
}

static struct peer peer_start(unsigned table) {
    int ask[2], answer[2];
    assert_int_equal(pipe(ask), 0);
    assert_int_equal(pipe(answer), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ask[1]);
        close(answer[0]);
        peer_main(ask[0], answer[1], table);
    }
    close(ask[0]);
    close(answer[1]);
    return (struct peer){pid, ask[1], answer[0]};
}

static uint64_t peer_count(struct peer *peer) {
    uint64_t n = 0;
    assert_int_equal(write(peer->ask, "?", 1), 1);
    assert_int_equal(read(peer->answer, &n, sizeof n), sizeof n);
    return n;
}

static void peer_stop(struct peer *peer) {
    int status = 0;
    close(peer->ask);
    close(peer->answer);
    assert_int_equal(waitpid(peer->pid, &status, 0), peer->pid);
    assert_int_equal(status, 0);
}

static void put_get_del(void **state) {
    (void)state;
    struct store *store = open_writer();
    put(store, "one", "1");
    put(store, "two", "2");
    put(store, "one", "uno");
    put(store, "empty", "");
    struct bytes v;
    struct txn *txn = begin(store);
    assert_int_equal(store_open_txns(store), 1);
    assert_int_equal(store_get(txn, TABLE_A, bytes_of("one"), &v), 0);
    assert_true(value_is(v, "uno"));
    assert_int_equal(store_get(txn, TABLE_A, bytes_of("empty"), &v), 0);
    assert_int_equal(v.n, 0);
    assert_int_equal(store_get(txn, TABLE_B, bytes_of("one"), &v), -ENOENT);
    assert_int_equal(store_del(txn, TABLE_A, bytes_of("one")), 0);
    assert_int_equal(store_del(txn, TABLE_A, bytes_of("one")), -ENOENT);
    assert_int_equal(txn_writes(txn), 1);
    assert_int_equal(store_put(txn, TABLE_A, bytes_of(""), bytes_of("x")), -EINVAL);
    assert_int_equal(store_commit(&txn), 0);
    txn = begin(store);
    assert_int_equal(store_put(txn, TABLE_A, bytes_of("three"), bytes_of("3")), 0);
    store_abort(&txn);
    store_abort(&txn);
    txn = look(store);
    assert_int_equal(store_put(txn, TABLE_A, bytes_of("x"), bytes_of("3")), -EPERM);
    assert_int_equal(store_get(txn, TABLE_A, bytes_of("three"), &v), -ENOENT);
    assert_int_equal(store_get(txn, TABLE_A, bytes_of("one"), &v), -ENOENT);
    store_abort(&txn);
    assert_int_equal(store_open_txns(store), 0);
    store_close(&store);
    store_close(&store);
}

static void add_and_append(void **state) {
    (void)state;
    struct store *store = open_writer();
    struct txn *txn = begin(store);
    struct bytes v;
    assert_int_equal(store_add(txn, TABLE_A, bytes_of("m"), bytes_of("first")), 0);
    assert_int_equal(store_add(txn, TABLE_A, bytes_of("m"), bytes_of("second")), -EEXIST);
    assert_int_equal(store_append(txn, TABLE_A, bytes_of("n"), bytes_of("third")), 0);
    assert_int_equal(store_append(txn, TABLE_A, bytes_of("n"), bytes_of("x")), -EEXIST);
    assert_int_equal(store_append(txn, TABLE_A, bytes_of("a"), bytes_of("x")), -EEXIST);
    assert_int_equal(store_commit(&txn), 0);
    txn = look(store);
    assert_int_equal(store_get(txn, TABLE_A, bytes_of("m"), &v), 0);
    assert_true(value_is(v, "first"));
    assert_int_equal(store_get(txn, TABLE_A, bytes_of("n"), &v), 0);
    assert_true(value_is(v, "third"));
    assert_int_equal(store_get(txn, TABLE_A, bytes_of("a"), &v), -ENOENT);
    store_abort(&txn);
    store_close(&store);
}

/* A value borrowed from a page may be put back under another key while that page moves. */
static void put_borrowed(void **state) {
    (void)state;
    struct store *store = open_writer();
    struct txn *txn = begin(store);
    char key[16], text[200];
    struct bytes k, v;
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "%03d", i * 2);
        snprintf(text, sizeof text, "value %d", i * 2);
        assert_int_equal(store_put(txn, TABLE_A, bytes_of(key), (struct bytes){text, sizeof text}),
                         0);
    }
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "%03d", i * 2);
        assert_int_equal(store_seek(txn, TABLE_A, bytes_of(key), &k, &v), 0);
        snprintf(key, sizeof key, "%03d", i * 2 + 1);
        assert_int_equal(store_put(txn, TABLE_A, bytes_of(key), v), 0);
    }
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "%03d", i);
        snprintf(text, sizeof text, "value %d", i - i % 2);
        assert_int_equal(store_get(txn, TABLE_A, bytes_of(key), &v), 0);
        assert_string_equal(v.p, text);
    }
    assert_int_equal(store_commit(&txn), 0);
    store_close(&store);
}

static int stop_at_c(void *ctx, struct bytes key, struct bytes value) {
    struct txn *txn = ctx;
    struct bytes k, v;
    assert_int_equal(store_seek(txn, TABLE_A, (struct bytes){NULL, 0}, &k, &v), 0); /* nested */
    assert_true(value_is(k, "a"));
    (void)value;
    return value_is(key, "c") ? 7 : 0;
}

static void seek_and_scan(void **state) {
    (void)state;
    struct store *store = open_writer();
    struct bytes k, v;
    struct txn *txn = look(store);
    assert_int_equal(store_last(txn, TABLE_A, &k, &v), -ENOENT);
    assert_int_equal(store_seek(txn, TABLE_A, (struct bytes){NULL, 0}, &k, &v), -ENOENT);
    store_abort(&txn);
    put(store, "a", "1");
    put(store, "c", "3");
    put(store, "e", "5");
    static const struct {
        const char *from, *want;
    } rows[] = {{"", "a"}, {"a", "a"}, {"b", "c"}, {"e", "e"}, {"d", "e"}, {"f", NULL}, {"0", "a"}};
    for (int write = 0; write < 2; write++) {
        txn = write ? begin(store) : look(store);
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            int r = store_seek(txn, TABLE_A, bytes_of(rows[i].from), &k, &v);
            assert_int_equal(r, rows[i].want ? 0 : -ENOENT);
            assert_true(r < 0 || value_is(k, rows[i].want));
        }
        assert_int_equal(store_last(txn, TABLE_A, &k, &v), 0);
        assert_true(value_is(k, "e") && value_is(v, "5"));
        assert_int_equal(store_scan(txn, TABLE_A, bytes_of("a"), stop_at_c, txn), 7);
        assert_int_equal(store_scan(txn, TABLE_A, bytes_of("d"), stop_at_c, txn), 0);
        assert_int_equal(store_scan(txn, TABLE_A, bytes_of("f"), stop_at_c, txn), 0);
        store_abort(&txn);
    }
    txn = begin(store); /* take from the front until empty */
    int n = 0;
    while (store_seek(txn, TABLE_A, (struct bytes){NULL, 0}, &k, &v) == 0) {
        assert_int_equal(store_del(txn, TABLE_A, k), 0);
        n++;
    }
    assert_int_equal(n, 3);
    assert_int_equal(store_commit(&txn), 0);
    store_close(&store);
}

static void one_writer(void **state) {
    (void)state;
    struct store_options o = {.dir = dir, .tables = tables, .count = TABLES};
    struct store *store = NULL, *other = NULL;
    assert_int_equal(store_open(&other, &o), -ENOENT);
    store = open_writer();
    o.writer = true;
    assert_int_equal(store_open(&other, &o), -EBUSY);
    assert_null(other);
    store_close(&store);
    store = open_with(false, TABLES, 0);
    struct txn *txn = NULL;
    assert_int_equal(store_begin_write(store, &txn), -EPERM);
    assert_null(txn);
    store_close(&store);
    store = open_writer();
    store_close(&store);
    static const struct {
        const char *name;
        unsigned mode;
    } files[] = {{"", 0750}, {"data.mdb", 0640}, {"lock.mdb", 0660}};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        char path[FOLDER_BYTES + 32];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", dir, files[i].name);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, files[i].mode);
    }
}

static void reader_follows(void **state) {
    (void)state;
    struct store *store = open_with(true, 1, 0); /* of an older program: table b is not there */
    store_close(&store);
    struct peer peer = peer_start(TABLE_B);
    assert_int_equal(peer_count(&peer), 0);
    store = open_writer();
    for (unsigned i = 0; i < 3; i++) {
        struct txn *txn = begin(store);
        struct key key = {.n = 0};
        key_u64(&key, i);
        assert_int_equal(store_append(txn, TABLE_B, key_bytes(&key), bytes_of("x")), 0);
        assert_int_equal(peer_count(&peer), i);
        assert_int_equal(store_commit(&txn), 0);
        assert_int_equal(peer_count(&peer), i + 1);
    }
    peer_stop(&peer);
    store_close(&store);
}

/* `rows` rows of 1000 bytes in transactions of 2000; the first error, if any. */
static int fill(struct store *store, uint64_t from, uint64_t rows) {
    static const char value[1000];
    struct txn *txn = NULL;
    int r = 0;
    for (uint64_t i = from; i < from + rows && r == 0; i++) {
        struct key key = {.n = 0};
        key_u64(&key, i);
        r = txn == NULL ? store_begin_write(store, &txn) : 0;
        if (r == 0)
            r = store_put(txn, TABLE_A, key_bytes(&key), (struct bytes){value, sizeof value});
        if (r == 0 && i % 2000 == 1999)
            r = store_commit(&txn);
    }
    if (txn == NULL)
        return r;
    int end = store_commit(&txn);
    return r < 0 ? r : end;
}

static size_t file_bytes(void) {
    char path[FOLDER_BYTES + 32];
    struct stat file;
    snprintf(path, sizeof path, "%s/data.mdb", dir);
    assert_int_equal(stat(path, &file), 0);
    return (size_t)file.st_size;
}

static void map_grows(void **state) {
    (void)state;
    struct store *store = open_writer();
    struct peer peer = peer_start(TABLE_A);
    assert_int_equal(fill(store, 0, 1000), 0);
    assert_int_equal(peer_count(&peer), 1000);
    assert_int_equal(fill(store, 1000, 89000), 0);
    assert_true(file_bytes() > 90 * MIB);
    assert_int_equal(peer_count(&peer), 90000);
    assert_int_equal(count_rows(store, TABLE_A), 90000);
    peer_stop(&peer);
    store_close(&store);
    store = open_writer();
    assert_int_equal(fill(store, 90000, 10), 0);
    assert_int_equal(count_rows(store, TABLE_A), 90010);
    store_close(&store);
}

static uint64_t delete_all(struct store *store) {
    struct bytes k, v;
    uint64_t n = 0;
    for (;;) {
        struct txn *txn = begin(store);
        int r = store_seek(txn, TABLE_A, (struct bytes){NULL, 0}, &k, &v);
        if (r == 0)
            assert_int_equal(store_del(txn, TABLE_A, k), 0);
        assert_int_equal(store_commit(&txn), 0);
        if (r < 0)
            return n;
        n++;
    }
}

static void limit_holds(void **state) {
    (void)state;
    static const struct {
        size_t limit;
        uint64_t step, at_least;
    } rows[] = {{MIB, 1, 400}, {2 * MIB + 100, 7, 800}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct store *store = open_with(true, TABLES, rows[i].limit);
        uint64_t n = 0;
        int r;
        while ((r = fill(store, n, rows[i].step)) == 0)
            n += rows[i].step;
        assert_int_equal(r, -ENOSPC);
        assert_true(n > rows[i].at_least);
        assert_int_equal(count_rows(store, TABLE_A), n);
        assert_int_equal(fill(store, n, rows[i].step), -ENOSPC);
        assert_int_equal(delete_all(store), n);
        assert_true(file_bytes() <= rows[i].limit);
        assert_int_equal(fill(store, 0, n / 2), 0);
        assert_int_equal(delete_all(store), n / 2);
        store_close(&store);
    }
}

/* One transaction larger than the room that is kept fails once, then fits. */
static void large_transaction(void **state) {
    (void)state;
    struct store *store = open_writer();
    char *value = calloc(1, 4 * MIB);
    int r = -1;
    for (int try = 0; try < 4 && r != 0; try++) {
        struct txn *txn = begin(store);
        for (uint64_t i = 0; i < 30; i++) {
            struct key key = {.n = 0};
            key_u64(&key, i);
            r = store_put(txn, TABLE_A, key_bytes(&key), (struct bytes){value, 4 * MIB});
        }
        int end = store_commit(&txn);
        assert_int_equal(r, end);
    }
    assert_int_equal(r, 0);
    struct txn *txn = begin(store);
    assert_int_equal(store_put(txn, TABLE_A, bytes_of("x"), (struct bytes){value, 17 * MIB}),
                     -EMSGSIZE);
    store_abort(&txn);
    free(value);
    assert_int_equal(count_rows(store, TABLE_A), 30);
    store_close(&store);
}

static void dead_readers(void **state) {
    (void)state;
    struct store *store = open_writer();
    put(store, "a", "1");
    for (int i = 0; i < 260; i++) { /* more than the table of readers holds */
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct store_options o = {.dir = dir, .tables = tables, .count = TABLES};
            struct txn *txn;
            _exit(store_open(&store, &o) < 0 || store_begin_read(store, &txn) < 0);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count_rows(store, TABLE_A), 1);
    store_close(&store);
}

static void copy(void **state) {
    (void)state;
    char from[FOLDER_BYTES], to[FOLDER_BYTES + 8];
    struct store *store = open_writer();
    put(store, "a", "1");
    put(store, "b", "2");
    snprintf(to, sizeof to, "%s/copy", dir);
    assert_int_equal(store_copy(store, to), 0);
    assert_int_equal(store_copy(store, to), -EEXIST);
    store_close(&store);
    memcpy(from, dir, sizeof from);
    strcat(dir, "/copy");
    store = open_writer();
    assert_int_equal(count_rows(store, TABLE_A), 2);
    put(store, "c", "3");
    store_close(&store);
    memcpy(dir, from, sizeof dir);
}

static void bytes_of_a_table(void **state) {
    (void)state;
    struct store *store = open_writer();
    char value[9000] = "";
    uint64_t a, b;
    put(store, "a", memset(value, 'x', sizeof value - 1));
    struct txn *txn = look(store);
    assert_int_equal(store_table_bytes(txn, TABLE_A, &a) | store_table_bytes(txn, TABLE_B, &b), 0);
    assert_true(a >= 9000 && a < 30000 && b == 0);
    store_abort(&txn);
    store_close(&store);
}

static int make_folder(void **state) {
    (void)state;
    return folder_make(dir, "store_test") || chmod(dir, 0750) < 0;
}

static int drop_folder(void **state) {
    (void)state;
    return folder_remove(dir);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, make_folder, drop_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        ROW(put_get_del),  ROW(add_and_append),    ROW(put_borrowed), ROW(seek_and_scan),
        ROW(one_writer),   ROW(reader_follows),    ROW(map_grows),    ROW(limit_holds),
        ROW(dead_readers), ROW(large_transaction), ROW(copy),         ROW(bytes_of_a_table),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
