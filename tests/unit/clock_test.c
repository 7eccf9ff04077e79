#include "common/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/harness/folder.h"

#define SPRING ((instant)1743296400000) /* 2025-03-30T01:00:00Z */

static char folder[FOLDER_BYTES], path[FOLDER_BYTES + 8];

static void test_the_machines_clock_is_used_first(void **state) {
    (void)state;
    assert_false(clock_is_virtual());
    assert_true(clock_now() - clock_real() < SECONDS);
    assert_true(clock_real() > SPRING);
    assert_true(clock_boot() > 0);
}

static void test_a_virtual_clock_stands_and_is_moved(void **state) {
    struct stat st;

    (void)state;
    assert_int_equal(clock_use(path), -ENOENT);
    assert_int_equal(clock_set(path, SPRING, false), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0137, 0);
    assert_int_equal(clock_use(path), 0);
    assert_true(clock_is_virtual());
    assert_true(clock_now() == SPRING);
    usleep(5000);
    assert_true(clock_now() == SPRING);
    assert_int_equal(clock_set(path, SPRING + DAYS, false), 0);
    assert_true(clock_now() == SPRING + DAYS);
    assert_true(clock_real() - clock_now() > 0);
    assert_int_equal(clock_use(NULL), 0);
    assert_false(clock_is_virtual());
}

static void test_a_virtual_clock_runs_on(void **state) {
    msec passed;

    (void)state;
    assert_int_equal(clock_set(path, SPRING, true), 0);
    assert_int_equal(clock_use(path), 0);
    usleep(30000);
    passed = clock_now() - SPRING;
    assert_true(passed >= 29 && passed < 5 * SECONDS);
    assert_int_equal(clock_use(NULL), 0);
}

/* A setting is its three parts together: a reader must never see one's base with another's flag. */
static void test_readers_see_whole_settings(void **state) {
    int status;
    pid_t pid;

    (void)state;
    assert_int_equal(clock_set(path, SPRING, false), 0);
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 3000; i++)
            if (clock_set(path, i % 2 ? SPRING : SPRING - 30 * DAYS, i % 2 == 0))
                _exit(1);
        _exit(clock_set(path, SPRING, false) != 0);
    }
    assert_int_equal(clock_use(path), 0);
    while (waitpid(pid, &status, WNOHANG) == 0)
        for (int i = 0; i < 1000; i++) {
            instant now = clock_now();
            assert_true(now == SPRING ||
                        (now >= SPRING - 30 * DAYS && now < SPRING - 30 * DAYS + MINUTES));
        }
    assert_int_equal(status, 0);
    assert_int_equal(clock_use(NULL), 0);
}

static void test_another_file_is_no_clock(void **state) {
    (void)state;
    assert_int_equal(truncate(path, 5), 0);
    assert_int_equal(clock_use(path), -EBADMSG);
    assert_int_equal(clock_set(path, SPRING, false), -EBADMSG);
}

static int make_path(void **state) {
    (void)state;
    int rc = folder_make(folder, "clock_test");
    snprintf(path, sizeof path, "%s/clock", folder);
    return rc;
}

static int remove_folder(void **state) {
    (void)state;
    return folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_machines_clock_is_used_first),
        cmocka_unit_test(test_a_virtual_clock_stands_and_is_moved),
        cmocka_unit_test(test_a_virtual_clock_runs_on),
        cmocka_unit_test(test_readers_see_whole_settings),
        cmocka_unit_test(test_another_file_is_no_clock),
    };
    return cmocka_run_group_tests(tests, make_path, remove_folder);
}
