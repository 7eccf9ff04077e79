/* What is signed reads back; anything else does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sodium.h>

#include "common/token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/folder.h"

static const struct token_key key = {{1, 2, 3}}, other_key = {{1, 2, 4}};

static void make(char ret[TOKEN_MAX]) {
    assert_int_equal(token_make(&key, TEXT_LIT("rsvp"), TEXT_LIT("meeting-7"), TEXT_LIT("p-19"),
                                TEXT_LIT("yes"), 1772524800000, ret),
                     0);
}

static void reads_back(void **state) {
    (void)state;
    char text[TOKEN_MAX];
    make(text);
    assert_null(strpbrk(text, "+/= "));
    struct token token;
    assert_int_equal(token_read(&key, text_of(text), &token), 0);
    assert_true(text_is(token.purpose, "rsvp"));
    assert_true(text_is(token.object, "meeting-7"));
    assert_true(text_is(token.person, "p-19"));
    assert_true(text_is(token.value, "yes"));
    assert_int_equal(token.expiry, 1772524800000);
}

static void every_field_may_be_empty_or_full(void **state) {
    (void)state;
    char text[TOKEN_MAX], full[TOKEN_FIELD_MAX + 1];
    memset(full, 'x', sizeof full);
    struct text most = {full, TOKEN_FIELD_MAX}, more = {full, TOKEN_FIELD_MAX + 1};
    struct token token;
    assert_int_equal(token_make(&key, most, most, most, most, INT64_MAX, text), 0);
    assert_int_equal(strlen(text), TOKEN_MAX - 1);
    assert_int_equal(token_read(&key, text_of(text), &token), 0);
    assert_true(text_eq(token.value, most));
    assert_int_equal(token_make(&key, TEXT_NONE, TEXT_NONE, TEXT_NONE, TEXT_NONE, 0, text), 0);
    assert_int_equal(token_read(&key, text_of(text), &token), 0);
    assert_int_equal(token.value.n, 0);
    assert_int_equal(token_make(&key, TEXT_NONE, TEXT_NONE, more, TEXT_NONE, 0, text), -EMSGSIZE);
}

static void nothing_else_reads(void **state) {
    (void)state;
    char text[TOKEN_MAX];
    struct token token;
    make(text);
    assert_int_equal(token_read(&other_key, text_of(text), &token), -EBADMSG);
    for (size_t i = 0; i < strlen(text); i++) {
        char changed[TOKEN_MAX];
        memcpy(changed, text, sizeof changed);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_int_equal(token_read(&key, text_of(changed), &token), -EBADMSG);
        assert_int_equal(token_read(&key, (struct text){text, i}, &token), -EBADMSG);
    }
    char longer[2 * TOKEN_MAX];
    memset(longer, 'A', sizeof longer);
    const struct text bad[] = {TEXT_NONE,
                               TEXT_LIT(""),
                               TEXT_LIT("="),
                               TEXT_LIT("not a token"),
                               {longer, TOKEN_MAX - 1},
                               {longer, sizeof longer}};
    for (unsigned i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(token_read(&key, bad[i], &token), -EBADMSG);
}

static void keys_are_kept_in_files(void **state) {
    (void)state;
    char folder[FOLDER_BYTES], path[FOLDER_BYTES + 8];
    assert_int_equal(folder_make(folder, "token"), 0);
    snprintf(path, sizeof path, "%s/key", folder);
    struct token_key made, again;
    assert_int_equal(token_key_load(path, &made), -ENOENT);
    assert_int_equal(token_key_make(path), 0);
    assert_int_equal(token_key_make(path), -EEXIST);
    assert_int_equal(token_key_load(path, &made), 0);
    assert_int_equal(token_key_load(path, &again), 0);
    assert_memory_equal(&made, &again, sizeof made);

    const char *bad[] = {"",
                         "00",
                         "zz", /* 63 digits, 66 digits, a blank inside: */
                         "000000000000000000000000000000000000000000000000000000000000000",
                         "000000000000000000000000000000000000000000000000000000000000000000",
                         "0000000000000000000000000000000 00000000000000000000000000000000"};
    for (unsigned i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(write_file(path, 0600, (struct bytes){bad[i], strlen(bad[i])}), 0);
        assert_int_equal(token_key_load(path, &again), -EBADMSG);
    }
    assert_int_equal(folder_remove(folder), 0);
}

static void hashes_keep_parts_apart(void **state) {
    (void)state;
    const struct bytes one[] = {{"ab", 2}, {"c", 1}}, two[] = {{"a", 1}, {"bc", 2}},
                       three[] = {{"abc", 3}};
    char a[TOKEN_ID_MAX], b[TOKEN_ID_MAX], c[TOKEN_ID_MAX], again[TOKEN_ID_MAX];
    token_hash_text(one, 2, a);
    token_hash_text(two, 2, b);
    token_hash_text(three, 1, c);
    token_hash_text(one, 2, again);
    assert_int_equal(strlen(a), 26);
    assert_int_equal(strspn(a, "abcdefghijklmnopqrstuvwxyz234567"), 26);
    assert_string_equal(a, again);
    assert_string_not_equal(a, b);
    assert_string_not_equal(a, c);
}

/* However much it is: the lengths, eight bytes each, and the parts behind each other. */
static void short_and_long_are_hashed_alike(void **state) {
    static unsigned char bytes[1100];
    (void)state;
    token_random(bytes + 16, 1000);
    for (size_t n = 300; n < 800; n++) {
        const struct bytes parts[] = {{bytes + 16, n}, {"", 0}};
        unsigned char hash[16], expected[16];
        token_hash16(parts, 2, hash);
        memset(bytes + 8, 0, 6);
        bytes[14] = (unsigned char)(n >> 8);
        bytes[15] = (unsigned char)n;
        unsigned char kept[8];
        memcpy(kept, bytes + 16 + n, sizeof kept);
        memset(bytes + 16 + n, 0, sizeof kept);
        assert_int_equal(crypto_generichash(expected, 16, bytes + 8, n + 16, NULL, 0), 0);
        memcpy(bytes + 16 + n, kept, sizeof kept);
        assert_memory_equal(hash, expected, sizeof hash);
    }
}

static void sums_tell_apart(void **state) {
    static const struct bytes parts[][2] = {
        {{"ab", 2}, {"c", 1}}, {{"a", 1}, {"bc", 2}}, {{"abc", 3}, {"", 0}},
        {{"", 0}, {"abc", 3}}, {{"c", 1}, {"ab", 2}}, {{"ab", 2}, {"d", 1}},
    };
    unsigned char sums[COUNT_OF(parts)][16], again[16];
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(parts); i++) {
        token_sum16(parts[i][0], parts[i][1], sums[i]);
        token_sum16(parts[i][0], parts[i][1], again);
        assert_memory_equal(again, sums[i], sizeof again);
        for (unsigned k = 0; k < i; k++)
            assert_memory_not_equal(sums[k], sums[i], sizeof sums[i]);
    }
}

/* The base32 of RFC 4648, lower case, against a decoder that works bit by bit. */
static void hash_text_is_base32_of_hash16(void **state) {
    (void)state;
    for (uint32_t n = 0; n < 1000; n++) {
        const struct bytes part = {&n, sizeof n};
        unsigned char hash[16], decoded[17] = {0};
        char text[TOKEN_ID_MAX];
        token_hash16(&part, 1, hash);
        token_hash_text(&part, 1, text);
        for (unsigned bit = 0; bit < 26 * 5; bit++) {
            char c = text[bit / 5];
            int digit = c >= 'a' ? c - 'a' : c - '2' + 26;
            if (digit >> (4 - bit % 5) & 1)
                decoded[bit / 8] |= (unsigned char)(0x80u >> bit % 8);
        }
        assert_memory_equal(hash, decoded, sizeof hash);
        assert_int_equal(decoded[16], 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back),
        cmocka_unit_test(every_field_may_be_empty_or_full),
        cmocka_unit_test(nothing_else_reads),
        cmocka_unit_test(keys_are_kept_in_files),
        cmocka_unit_test(hashes_keep_parts_apart),
        cmocka_unit_test(short_and_long_are_hashed_alike),
        cmocka_unit_test(sums_tell_apart),
        cmocka_unit_test(hash_text_is_base32_of_hash16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
