/* What the journal dropped lies in no file, however few at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/journal.h"
#include "tests/harness/folder.h"

static char folder[FOLDER_BYTES];

static bool is_in(const char *name, const char *words) {
    char path[FOLDER_BYTES + 32];
    struct buf b;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(read_file(path, (size_t)64 << 20, &b), 0);
    bool is = memmem(b.p, b.n, words, strlen(words)) != NULL;
    buf_free(&b);
    return is;
}

static void dropped_is_gone(void **state) {
    struct journal *journal;
    char words[32];
    (void)state;
    assert_int_equal(journal_open(&journal, folder, true, 0), 0);
    for (unsigned seq = 1; seq <= 300; seq++) {
        int n = snprintf(words, sizeof words, "entry %u", seq);
        struct journal_entry entry = {.payload = {words, (size_t)n}};
        uint64_t first;
        assert_int_equal(journal_append(journal, &entry, 1, NULL, 0, &first), 0);
    }
    assert_int_equal(journal_drop(journal, 100, 1000), 0);
    for (unsigned seq = 100; seq <= 300; seq++) { /* no number is the beginning of another */
        snprintf(words, sizeof words, "entry %u", seq);
        assert_true(is_in("log.00000001", words));
        assert_int_equal(journal_drop(journal, seq + 1, 1), 0);
        assert_false(is_in("log.00000001", words));
    }
    journal_close(&journal);
    assert_int_equal(journal_open(&journal, folder, true, 0), 0);
    uint64_t first, last;
    assert_int_equal(journal_range(journal, &first, &last), 0);
    assert_true(first == 301 && last == 300);
    journal_close(&journal);
}

static int make_folder(void **state) {
    (void)state;
    return folder_make(folder, "journal_drop_test");
}

static int drop_folder(void **state) {
    (void)state;
    return folder_remove(folder);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, make_folder, drop_folder)

int main(void) {
    const struct CMUnitTest tests[] = {ROW(dropped_is_gone)};
    return cmocka_run_group_tests_name("journal_drop", tests, NULL, NULL);
}
