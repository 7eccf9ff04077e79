/* The ballast: made once, thrown away once, and never where it would take the last room. */
#include "common/ballast.h"
#include "tests/harness/folder.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[FOLDER_BYTES];

static int set_up(void **state) {
    (void)state;
    return folder_make(dir, "ballast");
}

static int tear_down(void **state) {
    (void)state;
    return folder_remove(dir);
}

static void once_each_test(void **state) {
    char path[PATH_MAX + 16];
    struct stat st;
    (void)state;
    snprintf(path, sizeof path, "%s/ballast", dir);
    assert_int_equal(ballast_release(dir), -ENOENT);
    int r = ballast_load(dir);
    if (r == -ENOSPC || r == -EOPNOTSUPP) /* of this disk; the crash tests have their own */
        skip();
    assert_int_equal(r, 0);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > 0 && st.st_size <= 64 << 20);
    assert_true(st.st_blocks * 512 >= st.st_size);
    assert_int_equal(ballast_load(dir), 0);
    assert_int_equal(ballast_release(dir), 0);
    assert_int_equal(ballast_release(dir), -ENOENT);
}

static void no_folder_test(void **state) {
    (void)state;
    assert_int_equal(ballast_load("/nowhere/at/all"), -ENOENT);
    assert_int_equal(ballast_room("/nowhere/at/all"), ROOM_GOOD);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(once_each_test),
        cmocka_unit_test(no_folder_test),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
