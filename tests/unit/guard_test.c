/* When the wall clock is not believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/guard.h"

#define NOON ((instant)1647342000000)

static const struct {
    msec wall, boot, awake; /* passed since the first look */
    enum guard_verdict verdict;
    msec by;
} cases[] = {
    {1000, 1000, 1000, GUARD_FINE, 0},
    {-4 * MINUTES, 0, 0, GUARD_FINE, 0},
    {-5 * MINUTES - 1, 0, 0, GUARD_BACK, 5 * MINUTES + 1},
    {-1 * DAYS, 1000, 1000, GUARD_BACK, 1 * DAYS + 1000},
    {1 * HOURS, 0, 0, GUARD_FINE, 0},
    {1 * HOURS + 1, 0, 0, GUARD_FORWARD, 1 * HOURS + 1},
    {3650 * DAYS, 1000, 1000, GUARD_FORWARD, 3650 * DAYS - 1000},
    {10 * MINUTES, 10 * MINUTES, 10 * MINUTES, GUARD_FINE, 0}, /* we stood still */
    {50 * MINUTES, 50 * MINUTES, 1000, GUARD_FINE, 0},
    {9 * HOURS, 9 * HOURS, 1000, GUARD_SLEPT, 9 * HOURS - 1000},
};

static void test_looks(void **context) {
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct guard g = {.wall = 0};
        msec by;
        assert_int_equal(guard_look(&g, NOON, 5000, 4000, &by), GUARD_FINE);
        struct guard first = g;
        assert_int_equal(
            guard_look(&g, NOON + cases[i].wall, 5000 + cases[i].boot, 4000 + cases[i].awake, &by),
            cases[i].verdict);
        if (cases[i].verdict == GUARD_FINE) { /* a small step is followed */
            assert_int_equal(guard_expected(&g, 5000 + cases[i].boot + 7),
                             NOON + cases[i].wall + 7);
        } else {
            assert_int_equal(by, cases[i].by);
            assert_memory_equal(&g, &first, sizeof g);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_looks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
