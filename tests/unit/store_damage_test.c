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
#include <unistd.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)64 << 20)
#define NODE_KEY_SIZE 2 /* bytes before a key in LMDB's leaf: the length it claims */

static const char *const tables[] = {"a"};
static char dir[FOLDER_BYTES];
static char path[FOLDER_BYTES + 32];

static struct bytes bytes_of(const char *s) {
    return (struct bytes){s, strlen(s)};
}

static struct store *open_store(void) {
    struct store *store = NULL;
    struct store_options o = {
        .dir = dir, .tables = tables, .count = COUNT_OF(tables), .writer = true};
    assert_int_equal(store_open(&store, &o), 0);
    return store;
}

static void put_rows(void) {
    static const char *const rows[][2] = {
        {"good", "whole"}, {"hurt", "a text that is there once"}, {"still", "whole too"}};
    struct store *store = open_store();
    struct txn *txn;
    assert_int_equal(store_begin_write(store, &txn), 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(store_put(txn, 0, bytes_of(rows[i][0]), bytes_of(rows[i][1])), 0);
    assert_int_equal(store_commit(&txn), 0);
    store_close(&store);
}

/* Writes `bytes` at `offset` from every place where the needle stands; how many there are. */
static unsigned damage(const char *needle, long offset, const void *bytes, size_t n) {
    struct buf b;
    unsigned found = 0;
    buf_init(&b, FILE_MAX);
    assert_int_equal(read_file(path, FILE_MAX, &b), 0);
    int fd = open(path, O_WRONLY);
    for (size_t i = 0; i + strlen(needle) <= b.n; i++) {
        if (memcmp(b.p + i, needle, strlen(needle)) != 0)
            continue;
        assert_int_equal(pwrite(fd, bytes, n, (off_t)i + offset), (ssize_t)n);
        found++;
    }
    close(fd);
    buf_free(&b);
    return found;
}

static int count_row(void *ctx, struct bytes key, struct bytes value) {
    (void)key;
    (void)value;
    ++*(unsigned *)ctx;
    return 0;
}

static void note_damage(void *ctx, struct bytes key) {
    assert_true(key.n <= STORE_KEY_MAX);
    assert_memory_equal(key.p, "hurt", 4);
    ++*(unsigned *)ctx;
}

static void check_noticed(struct txn *txn) {
    struct bytes k, v;
    unsigned damaged = 0, before = 0;
    uint64_t rows = 0;
    assert_int_equal(store_get(txn, 0, bytes_of("good"), &v), 0);
    assert_int_equal(store_seek(txn, 0, bytes_of("h"), &k, &v), -EBADMSG);
    assert_true(k.n <= STORE_KEY_MAX);
    assert_int_equal(store_scan(txn, 0, bytes_of("a"), count_row, &before), -EBADMSG);
    assert_int_equal(before, 1);
    assert_int_equal(store_check(txn, 0, note_damage, &damaged, &rows), 0);
    assert_int_equal(damaged, 1);
    assert_int_equal(rows, 3);
}

static void value_flipped(void **state) {
    (void)state;
    put_rows();
    assert_int_equal(damage("a text that is there once", 0, "b", 1), 1);
    struct store *store = open_store();
    struct txn *txn;
    struct bytes v;
    assert_int_equal(store_begin_read(store, &txn), 0);
    check_noticed(txn);
    assert_int_equal(store_get(txn, 0, bytes_of("hurt"), &v), -EBADMSG);
    store_abort(&txn);
    store_close(&store);
}

/* Whoever takes a key relies on STORE_KEY_MAX. */
static void key_claims_too_much(void **state) {
    (void)state;
    const uint16_t size = STORE_KEY_MAX + 1000;
    put_rows();
    assert_int_equal(damage("hurt", -NODE_KEY_SIZE, &size, sizeof size), 1);
    struct store *store = open_store();
    struct txn *txn;
    assert_int_equal(store_begin_read(store, &txn), 0);
    check_noticed(txn);
    store_abort(&txn);
    store_close(&store);
}

static int make_folder(void **state) {
    (void)state;
    if (folder_make(dir, "store_damage"))
        return -1;
    snprintf(path, sizeof path, "%s/data.mdb", dir);
    return 0;
}

static int drop_folder(void **state) {
    (void)state;
    return folder_remove(dir);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, make_folder, drop_folder)

int main(void) {
    const struct CMUnitTest tests[] = {ROW(value_flipped), ROW(key_claims_too_much)};
    return cmocka_run_group_tests_name("store_damage", tests, NULL, NULL);
}
