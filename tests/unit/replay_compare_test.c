/* What differs between core and what came of its inputs is named by table and key. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "services/scheduler/replay.h"
#include "tests/harness/folder.h"
#include "tests/harness/rows.h"

static struct store *open_store(const char *dir, struct txn **ret) {
    struct store_options o = {
        .dir = dir, .tables = table_names, .count = TABLE_COUNT, .writer = true};
    struct store *store;
    assert_int_equal(make_dir(dir, 0700), 0);
    assert_int_equal(store_open(&store, &o), 0);
    assert_int_equal(store_begin_write(store, ret), 0);
    return store;
}

static const struct {
    enum table table;
    const char *key, *core, *again; /* values; NULL: no such row */
    const char *what;               /* NULL: that is no difference */
} cases[] = {
    {TABLE_PERSON, "anna", "a", "a", NULL},
    {TABLE_PERSON, "anna", "a", "b", "it is not what came of the inputs"},
    {TABLE_PERSON, "anna", "a", NULL, "only core has it"},
    {TABLE_MEETING, "m1", NULL, "m", "core does not have it"},
    {TABLE_META, "position", "1", "2", "it is not what came of the inputs"},
    {TABLE_META, "suspect", "1", NULL, NULL},
    {TABLE_META, "now", "1", "2", NULL},
    {TABLE_INPUTS, "x", "1", NULL, NULL},
    {TABLE_CONFIG, "now", "1", "2", NULL},
};

static void try_one(unsigned i) {
    char dir[FOLDER_BYTES], path[FOLDER_BYTES + 16];
    struct replay_comparison c = {.rows = 0};
    struct txn *core, *again;
    assert_int_equal(folder_make(dir, "replay"), 0);
    snprintf(path, sizeof path, "%s/core", dir);
    struct store *a = open_store(path, &core);
    snprintf(path, sizeof path, "%s/again", dir);
    struct store *b = open_store(path, &again);
    for (const char *k = "bcd"; *k; k++) { /* rows on both sides of it */
        char key[2] = {*k, 0};
        rows_mark(core, cases[i].table, ROWS_KEY(key), "same");
        rows_mark(again, cases[i].table, ROWS_KEY(key), "same");
    }
    if (cases[i].core)
        rows_mark(core, cases[i].table, ROWS_KEY(cases[i].key), cases[i].core);
    if (cases[i].again)
        rows_mark(again, cases[i].table, ROWS_KEY(cases[i].key), cases[i].again);
    assert_int_equal(replay_compare(core, again, &c), 0);
    assert_int_equal(c.count, cases[i].what != NULL);
    if (cases[i].what) {
        assert_int_equal(c.first[0].table, cases[i].table);
        assert_string_equal(c.first[0].key, cases[i].key);
        assert_string_equal(c.first[0].what, cases[i].what);
    }
    store_abort(&core);
    store_abort(&again);
    store_close(&a);
    store_close(&b);
    assert_int_equal(folder_remove(dir), 0);
}

static void test_differences(void **context) {
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++)
        try_one(i);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_differences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
