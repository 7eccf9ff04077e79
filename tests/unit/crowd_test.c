/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "services/scheduler/reminders/crowd.h"

static void everybody_is_counted_once(void **unused) {
    static const unsigned heads[] = {0, 1, 2, 127, 128, 129, 5000};
    (void)unused;
    for (unsigned i = 0; i < COUNT_OF(heads); i++) {
        struct crowd c;
        char name[16];
        crowd_open(&c);
        for (unsigned k = 0; k < 3 * heads[i]; k++) {
            snprintf(name, sizeof name, "p%u", k % heads[i]);
            crowd_add(&c, text_of(name));
        }
        assert_int_equal(crowd_count(&c), heads[i]);
        crowd_close(&c);
    }
}

/* One may be the beginning of another. */
static void names_are_whole(void **unused) {
    struct crowd c;
    (void)unused;
    crowd_open(&c);
    for (unsigned n = 1; n <= 4; n++)
        crowd_add(&c, (struct text){"anna", n});
    crowd_add(&c, TEXT_LIT("ann"));
    assert_int_equal(crowd_count(&c), 4);
    crowd_close(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_is_counted_once),
        cmocka_unit_test(names_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
