/* Whom a trial installation may write to. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "services/scheduler/reminders/allow.h"

static const struct {
    const char *list, *address;
    bool may;
} cases[] = {
    {"", "anna@kommun.example", true},
    {" , ", "anna@kommun.example", true},
    {"anna@kommun.example", "anna@kommun.example", true},
    {"Anna@Kommun.Example", "anna@kommun.example", true},
    {"anna@kommun.example", "bo@kommun.example", false},
    {"bo@kommun.example, anna@kommun.example", "anna@kommun.example", true},
    {"bo@kommun.example anna@kommun.example", "anna@kommun.example", true},
    {"@kommun.example", "anna@kommun.example", true},
    {"kommun.example", "anna@kommun.example", true},
    {"kommun.example", "anna@other.kommun.example", false},
    {"@kommun.example", "anna@notkommun.example", false},
    {"kommun.example", "kommun.example@elsewhere.example", false},
    {"ann@kommun.example", "anna@kommun.example", false},
    {"kommun.example", "nobody", false},
    {"kommun.example", "", false},
    {"anna@kommun.example", "anna+test@kommun.example", false},
    {"anna@kommun.example", "anna@kommun.example@evil.example", false},
    {"@", "anna@kommun.example", false},
    {"@kommun.example", "Anna@KOMMUN.example", true},
    {"ålborg.example", "anna@xn--lborg-lra.example", true},
    {"@xn--lborg-lra.example", "anna@ålborg.example", true},
    {"anna@ÅLBORG.example", "Anna@ålborg.example", true},
    {"ålborg.example", "anna@aalborg.example", false},
};

static void test_allowed(void **context) {
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++)
        if (allow_has(cases[i].list, text_of(cases[i].address)) != cases[i].may)
            fail_msg("\"%s\" and %s: not %d", cases[i].list, cases[i].address, cases[i].may);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_allowed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
