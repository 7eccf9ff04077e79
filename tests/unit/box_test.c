#include "common/box.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/harness/folder.h"

static char folder[FOLDER_BYTES], path[FOLDER_BYTES + 8];

static uint64_t found_by_next(void) {
    struct box box;
    uint64_t found = 99;
    assert_int_equal(box_open(&box, path, &found), 0);
    box_close(&box);
    return found;
}

static void outlives_a_fall(void **state) {
    static const uint64_t puts[] = {7, 0, UINT64_MAX};
    (void)state;
    assert_int_equal(found_by_next(), 0);
    for (size_t i = 0; i < COUNT_OF(puts); i++) {
        pid_t child = fork();
        if (child == 0) {
            struct box box;
            uint64_t found;
            if (box_open(&box, path, &found) < 0)
                _exit(1);
            box_put(&box, 5);
            box_put(&box, puts[i]);
            raise(SIGKILL);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(found_by_next(), puts[i]);
    }
}

static void works_without_a_file(void **state) {
    struct box box;
    uint64_t found = 99;
    (void)state;
    assert_int_equal(box_open(&box, "/nowhere/box", &found), -ENOENT);
    assert_int_equal(found, 99);
    box_put(&box, 3);
    box_close(&box);
}

static void torn_file_is_empty(void **state) {
    (void)state;
    assert_int_equal(truncate(path, 3), 0);
    assert_int_equal(found_by_next(), 0);
}

static int make_path(void **state) {
    (void)state;
    int rc = folder_make(folder, "box_test");
    snprintf(path, sizeof path, "%s/box", folder);
    return rc;
}

static int remove_folder(void **state) {
    (void)state;
    return folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(outlives_a_fall),
                                       cmocka_unit_test(works_without_a_file),
                                       cmocka_unit_test(torn_file_is_empty)};
    return cmocka_run_group_tests_name("box", tests, make_path, remove_folder);
}
