/* Message-IDs of a letter at one address and another. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/letter_id.h"

static void test_made(void **context) {
    struct arena *arena = arena_new();
    struct text first = letter_id(arena, TEXT_LIT("a/b/c"), 0, "cirkel.example"),
                second = letter_id(arena, TEXT_LIT("a/b/c"), 12, "cirkel.example"),
                other = letter_id(arena, TEXT_LIT("a/b/d"), 0, "cirkel.example");
    (void)context;
    assert_false(text_eq(first, second));
    assert_false(text_eq(first, other));
    assert_true(text_eq(letter_id_first(arena, first), first));
    assert_true(text_eq(letter_id_first(arena, second), first));
    assert_true(text_eq(letter_id_word(first), letter_id_word(second)));
    assert_false(text_eq(letter_id_word(first), letter_id_word(other)));
    assert_int_equal(letter_id_word(first).n, 26);
    arena_free(&arena);
}

static void test_of_others(void **context) {
    static const char *const ids[] = {"",
                                      "<",
                                      "<>",
                                      "<a@b>",
                                      "<abcdefghijklmnopqrstuvwxyz>",
                                      "<abcdefghijklmnopqrstuvwxyz.1",
                                      "<abcdefghijklmnopqrstuvwxyz.1x@y>",
                                      "<abcdefghijklmnopqrstuvwxyza@y>",
                                      "<abcdefghijklm.opqrstuvwxyz@y>",
                                      "abcdefghijklmnopqrstuvwxyz@y"};
    struct arena *arena = arena_new();
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(ids); i++) {
        assert_true(text_is(letter_id_first(arena, text_of(ids[i])), ids[i]));
        assert_int_equal(letter_id_word(text_of(ids[i])).n, 0);
    }
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made),
        cmocka_unit_test(test_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
