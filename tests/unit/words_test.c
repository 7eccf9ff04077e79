/* service: notifier */
/* Text in headers: as it is where that is safe, else encoded, and never two things at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "services/notifier/words.h"

#include <sodium.h>
#include <string.h>

static void test_words(void **state) {
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", ""},
        {"  ", ""},
        {"Anna-Karin O'Neill", "Anna-Karin O'Neill"},
        {" Anna ", "Anna"},
        {"Anna  Ek", "=?UTF-8?B?QW5uYSAgRWs=?="},
        {"Ek, Anna", "=?UTF-8?B?RWssIEFubmE=?="},
        {"Åsa", "=?UTF-8?B?w4VzYQ==?="},
        {"=?utf-8?Q?=0D=0ABcc:?=", "=?UTF-8?B?PT91dGYtOD9RPz0wRD0wQUJjYzo/PQ==?="},
        {"a\r\nBcc: b", "=?UTF-8?B?YQ0KQmNjOiBi?="},
        {"a\"b", "=?UTF-8?B?YSJi?="},
        {"a <b@c>", "=?UTF-8?B?YSA8YkBjPg==?="},
    };
    struct arena *arena = arena_new();
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct text words = words_encode(arena, text_of(cases[i].text), "-'");
        assert_int_equal(words.n, strlen(cases[i].words));
        assert_memory_equal(words.p, cases[i].words, words.n);
    }
    arena_free(&arena);
}

static void assert_whole(struct text line) {
    unsigned char decoded[80];
    size_t n = 0;
    struct text word = text_trim(line);
    assert_true(text_starts(word, "=?UTF-8?B?"));
    assert_int_equal(sodium_base642bin(decoded, sizeof decoded, word.p + 10, word.n - 12, NULL, &n,
                                       NULL, sodium_base64_VARIANT_ORIGINAL),
                     0);
    assert_true(n > 0 && text_is_utf8((struct text){(const char *)decoded, n}));
}

/* Whatever the length and the characters: short lines of ASCII, and no character is parted. */
static void test_folding(void **state) {
    static const char *const characters[] = {"a,", "ø", "日", "🎉", "a🎉"};
    char text[900];
    (void)state;
    for (unsigned c = 0; c < COUNT_OF(characters); c++)
        for (size_t n = 1; n < 200; n++) {
            struct arena *arena = arena_new();
            text[0] = '\0';
            for (size_t i = 0; i < n && strlen(text) + 6 < sizeof text; i++)
                strcat(text, characters[c]);
            struct text rest = words_encode(arena, text_of(text), ""), line;
            while (text_cut(&rest, '\n', &line)) {
                assert_true(line.n <= 69);
                assert_whole(line);
            }
            arena_free(&arena);
        }
}

/* One after the other until each end of the arena's memory was met: nothing is written past it (the
 * address sanitizer sees it). */
static void test_stays_in_its_room(void **state) {
    struct arena *arena = arena_new();
    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        struct text words = words_encode(arena, TEXT_LIT("Träffen är flyttad, till ön"), "");
        assert_true(words.n > 0);
        (void)arena_take(arena,
                         i % 640 + 1); /* so that a piece ends at each distance from the end */
    }
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_folding),
        cmocka_unit_test(test_stays_in_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
