/* While txn_changes() of a table is the same number, none of its rows is another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/store.h"
#include "tests/harness/folder.h"

enum { TABLE_A, TABLE_B, TABLES };
static const char *const tables[TABLES] = {"a", "b"};
static const struct bytes KEY = {"key", 3}, NEVER = {"never", 5}, VALUE = {"value", 5};
static char folder[FOLDER_BYTES];

static struct store *open_here(void) {
    struct store_options o = {.dir = folder, .tables = tables, .count = TABLES, .writer = true};
    struct store *store;
    assert_int_equal(store_open(&store, &o), 0);
    return store;
}

static struct txn *begin(struct store *store) {
    struct txn *txn;
    assert_int_equal(store_begin_write(store, &txn), 0);
    return txn;
}

static void test_each_write_is_told(void **state) {
    struct store *store = open_here();
    struct txn *txn = begin(store);
    uint64_t a = txn_changes(txn, TABLE_A), b = txn_changes(txn, TABLE_B);
    (void)state;
    assert_true(a != 0 && b != 0);
    assert_int_equal(store_put(txn, TABLE_A, KEY, VALUE), 0);
    assert_true(txn_changes(txn, TABLE_A) != a);
    assert_int_equal(txn_changes(txn, TABLE_B), b);
    a = txn_changes(txn, TABLE_A);
    assert_int_equal(store_commit(&txn), 0);
    txn = begin(store);
    assert_int_equal(txn_changes(txn, TABLE_A), a);
    assert_int_equal(store_del(txn, TABLE_A, KEY), 0);
    assert_true(txn_changes(txn, TABLE_A) != a);
    store_abort(&txn);
    store_close(&store);
}

static void test_what_an_abort_took_back_is_told(void **state) {
    struct store *store = open_here();
    struct txn *txn = begin(store);
    (void)state;
    assert_int_equal(store_put(txn, TABLE_A, KEY, VALUE), 0);
    uint64_t a = txn_changes(txn, TABLE_A);
    store_abort(&txn);
    txn = begin(store);
    assert_true(txn_changes(txn, TABLE_A) != a);
    store_abort(&txn);
    store_close(&store);
}

static void test_nothing_is_known_of_another_writer(void **state) {
    struct store *store = open_here();
    struct txn *txn = begin(store);
    uint64_t a = txn_changes(txn, TABLE_A);
    (void)state;
    assert_int_equal(store_put(txn, TABLE_B, NEVER, VALUE), 0);
    assert_int_equal(store_commit(&txn), 0);
    assert_int_equal(store_begin_read(store, &txn), 0);
    assert_int_equal(txn_changes(txn, TABLE_A), 0);
    store_abort(&txn);
    store_close(&store);
    store = open_here();
    txn = begin(store);
    assert_true(txn_changes(txn, TABLE_A) != a);
    store_abort(&txn);
    store_close(&store);
}

static int make_folder(void **state) {
    (void)state;
    return folder_make(folder, "store_changes_test");
}

static int drop_folder(void **state) {
    (void)state;
    return folder_remove(folder);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, make_folder, drop_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        ROW(test_each_write_is_told),
        ROW(test_what_an_abort_took_back_is_told),
        ROW(test_nothing_is_known_of_another_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
