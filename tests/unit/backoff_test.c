/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/scheduler/reminders/backoff.h"

static msec most_of(unsigned attempt, msec first, msec longest) {
    msec most = first;
    for (unsigned i = 1; i < attempt && most < longest; i++)
        most *= 2;
    return most < longest ? most : longest;
}

static void test_bounds(void **context) {
    static const struct {
        msec first, longest;
    } cases[] = {{MINUTES, 4 * HOURS}, {1, 1}, {SECONDS, DAYS}, {DAYS, DAYS}, {2 * HOURS, HOURS}};
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++)
        for (unsigned attempt = 0; attempt <= 1000; attempt++)
            for (uint64_t seed = 1; seed < 20; seed++) {
                msec first = cases[i].first, longest = cases[i].longest;
                msec wait = backoff_next(attempt, first, longest, seed);
                msec most = most_of(attempt, first, longest);
                msec least = first / 2 < most ? first / 2 : most;
                if (wait < least || wait > most)
                    fail_msg("attempt %u waits %lld of %lld to %lld", attempt, (long long)wait,
                             (long long)least, (long long)most);
                assert_int_equal(wait, backoff_next(attempt, first, longest, seed));
            }
}

/* A thousand letters that failed together do not come back together. */
static void test_spreads(void **context) {
    unsigned tenths[10] = {0};
    (void)context;
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        msec wait = backoff_next(5, MINUTES, 4 * HOURS, seed);
        unsigned tenth = (unsigned)(wait * 10 / (16 * MINUTES + 1));
        tenths[tenth]++;
    }
    for (unsigned i = 1; i < COUNT_OF(tenths); i++)
        assert_in_range(tenths[i], 50, 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bounds),
                                       cmocka_unit_test(test_spreads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
