/* service: scheduler */
/* Attempts that did not succeed are kept with what became of them: the latest eight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/trial.h"

enum { TRIES = 11, KEPT = 8 };

static void attempts_are_kept(void **unused) {
    struct trial t;
    struct rec_ledger row;
    struct text one;
    char expected[40];
    (void)unused;
    trial_open(&t, NULL, "2022-05-01T09:00");
    trial_world(&t, true);
    trial_fire(&t);
    assert_int_equal(trial_rows(&t, "meeting-invitation", "a", "queued", &row), 1);
    assert_int_equal(row.tries.count, 0);
    for (int64_t i = 1; i <= TRIES; i++) {
        t.now += HOURS;
        assert_true(trial_arm(&t, row.no, i));
        trial_result(&t, row.no, i, i == TRIES ? "accepted" : "deferred");
    }
    assert_int_equal(trial_rows(&t, "meeting-invitation", "a", "accepted", &row), 1);
    assert_int_equal(row.tries.count, KEPT); /* of ten that failed; the last one did not */
    assert_true(codec_next_text(&row.tries, &one));
    snprintf(expected, sizeof expected, "2022-05-01T%02d:00:00+02:00 deferred", 9 + TRIES - KEPT);
    assert_true(text_starts(one, expected));
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(attempts_are_kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
