/* What a letter is about, by the ledger's word and by its occurrence key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/occurrence.h"

static void test_subject(void **context) {
    static const struct {
        const char *key, *kind, *id; /* kind NULL: there is none */
    } rows[] = {
        {"week+1f/meeting:m1/0:starts=2022-05-24T09:00/anna/maildir", "meeting", "m1"},
        {"ok+1f/registration:m1/anna/0:registered=2022-05-24T09:00/anna/smtp", "registration",
         "m1/anna"},
        {"late+1f/digest:anna/news.2022-05-24T08:00/0:closes=2022-05-24T08:00/anna/smtp", "digest",
         "anna/news.2022-05-24T08:00"},
        {"", NULL, NULL},
        {"week+1f", NULL, NULL},
        {"week+1f/anna/maildir", NULL, NULL},
        {"week+1f/meeting/0:x/anna/maildir", NULL, NULL},
        {"week+1f/meeting:/0:x/anna/maildir", NULL, NULL},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        struct text kind, id;
        bool has = occurrence_subject(text_of(rows[i].key), &kind, &id);
        assert_int_equal(has, rows[i].kind != NULL);
        if (!has)
            continue;
        assert_true(text_is(kind, rows[i].kind));
        assert_true(text_is(id, rows[i].id));
    }
}

static void test_is_about(void **context) {
    static const char key[] = "ok+1f/registration:m1/anna/0:registered=2022-05-24T09:00/anna/smtp";
    static const struct {
        const char *asked;
        bool is;
    } rows[] = {
        {"m1", true},
        {"meeting:m1", true},
        {"m1/anna", true},
        {"registration:m1/anna", true},
        {"registration:m1", true}, /* all there are for it */
        {"registration:m1/ann", false},
        {"registration:m1/", false},
        {"registration:m", false},
        {"registration:", false},
        {"registration", false},
        {"meeting:", false},
        {"meeting:m1/anna", false},
        {"membership:m1/anna", false},
        {"anna", false},
        {"m", false},
        {"", false},
        {"m1/bo", false},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        bool is = occurrence_is_about(text_of(rows[i].asked), TEXT_LIT("meeting"), TEXT_LIT("m1"),
                                      text_of(key));
        if (is != rows[i].is)
            print_error("asked: %s\n", rows[i].asked);
        assert_int_equal(is, rows[i].is);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subject),
        cmocka_unit_test(test_is_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
