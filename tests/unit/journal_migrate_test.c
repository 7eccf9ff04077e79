/* A journal as the engine before this one kept it, in tables of the store, is taken over whole. */
#include "common/journal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/store.h"
#include "tests/harness/folder.h"

#define GENERATION 4711

enum { TABLE_LOG, TABLE_DIGEST, TABLE_ASIDE, TABLE_META, TABLES };

static char dir[FOLDER_BYTES];

static void put(struct txn *txn, unsigned table, uint64_t number, const void *p, size_t n) {
    struct key key;
    key_clear(&key);
    key_u64(&key, number);
    assert_int_equal(store_put(txn, table, key_bytes(&key), (struct bytes){p, n}), 0);
}

static void put_number(struct txn *txn, const char *name, uint64_t number) {
    struct key value;
    key_clear(&value);
    key_u64(&value, number);
    assert_int_equal(
        store_put(txn, TABLE_META, (struct bytes){name, strlen(name)}, key_bytes(&value)), 0);
}

/* Digests of 1 … 1000, entries of 301 … 1000, asides 5 … 9. */
static void make_old(void) {
    static const char *const tables[TABLES] = {"log", "digest", "aside", "meta"};
    struct store_options options = {.dir = dir, .tables = tables, .count = TABLES, .writer = true};
    struct store *store;
    struct txn *txn;
    assert_int_equal(store_open(&store, &options), 0);
    assert_int_equal(store_begin_write(store, &txn), 0);
    put_number(txn, "generation", GENERATION);
    put_number(txn, "last", 1000);
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        uint8_t digest[2 * JOURNAL_HASH_BYTES + 8] = {(uint8_t)seq};
        digest[sizeof digest - 1] = (uint8_t)seq;
        put(txn, TABLE_DIGEST, seq, digest, sizeof digest);
        if (seq > 300)
            put(txn, TABLE_LOG, seq, &seq, sizeof seq);
    }
    for (uint64_t no = 5; no < 10; no++)
        put(txn, TABLE_ASIDE, no, "aside", 5);
    assert_int_equal(store_commit(&txn), 0);
    store_close(&store);
}

static int on_entry(void *ctx, uint64_t seq, struct bytes payload) {
    uint64_t *next = ctx;
    assert_int_equal(seq, (*next)++);
    assert_true(bytes_eq(payload, (struct bytes){&seq, sizeof seq}));
    return 0;
}

static int on_digest(void *ctx, uint64_t seq, const struct journal_digest *digest) {
    uint64_t *next = ctx;
    assert_int_equal(seq, (*next)++);
    assert_int_equal(digest->key[0], (uint8_t)seq);
    assert_int_equal(digest->received, (uint8_t)seq);
    return 0;
}

static int on_aside(void *ctx, uint64_t no, struct bytes payload) {
    uint64_t *next = ctx;
    assert_int_equal(no, (*next)++);
    assert_int_equal(payload.n, 5);
    return 0;
}

static void check(bool writer) {
    struct journal *journal;
    uint64_t generation, first, last, next = 301, next_digest = 1, next_aside = 5, rows, damaged;
    assert_int_equal(journal_open(&journal, dir, writer, 0), 0);
    assert_int_equal(journal_generation(journal, &generation), 0);
    assert_int_equal(generation, GENERATION);
    assert_int_equal(journal_range(journal, &first, &last), 0);
    assert_true(first == 301 && last == 1000);
    assert_int_equal(journal_read(journal, 1, 5000, on_entry, &next), 0);
    assert_int_equal(next, 1001);
    assert_int_equal(journal_digests(journal, 1, 5000, on_digest, &next_digest), 0);
    assert_int_equal(next_digest, 1001);
    assert_int_equal(journal_asides(journal, 5, 100, on_aside, &next_aside), 0);
    assert_int_equal(next_aside, 10);
    assert_int_equal(journal_verify(journal, &rows, &damaged), 0);
    assert_int_equal(damaged, 0);
    journal_close(&journal);
}

static void is_taken_over(void **state) {
    (void)state;
    char path[FOLDER_BYTES + 32];
    struct journal *journal = NULL;
    make_old();
    assert_int_equal(journal_open(&journal, dir, false, 0), -ENOENT); /* its writer does it */
    check(true);
    check(false);
    snprintf(path, sizeof path, "%s/data.mdb", dir);
    assert_int_not_equal(access(path, F_OK), 0);
    /* Ended before the head was there: it starts over. */
    assert_int_equal(unlink((snprintf(path, sizeof path, "%s/head", dir), path)), 0);
    make_old();
    check(true);
}

static int make_folder(void **state) {
    (void)state;
    return folder_make(dir, "journal_migrate");
}

static int drop_folder(void **state) {
    (void)state;
    return folder_remove(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_taken_over, make_folder, drop_folder),
    };
    return cmocka_run_group_tests_name("journal_migrate", tests, NULL, NULL);
}
