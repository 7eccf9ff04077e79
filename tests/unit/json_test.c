#include "common/json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"

static void test_there_and_back(void **state) {
    static const char *const rows[] = {
        "{}",
        "[]",
        "null",
        "true",
        "-1",
        "9007199254740993",
        "9223372036854775807",
        "-9223372036854775808",
        "\"\"",
        "\"Årsmøde, \\\"godt\\\" \\\\ \\n\\t\\u0001\\u007f\"",
        "{\"v\":1,\"body\":{\"entries\":[{\"person\":\"a\",\"minutes\":0},[],{}]},\"x\":null}",
    };
    char error[JSON_ERROR_TEXT];
    struct buf pack, json;

    (void)state;
    buf_init(&pack, 1 << 16);
    buf_init(&json, 1 << 16);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        buf_clear(&pack);
        buf_clear(&json);
        assert_int_equal(json_to_pack(text_of(rows[i]), &pack, error), 0);
        assert_true(pack_is_one(buf_as_bytes(&pack), PACK_DEPTH));
        assert_int_equal(json_from_pack(buf_as_bytes(&pack), &json), 0);
        assert_string_equal(buf_cstr(&json), rows[i]);
    }
    buf_free(&pack);
    buf_free(&json);
}

static void test_refuses(void **state) {
    static const struct {
        const char *json, *error;
    } rows[] = {
        {"", "1:0: "},
        {"{\"a\":1,\"a\":2}", "1:10: duplicate"},
        {"{} x", "1:4: end of file expected"},
        {"{\n  \"a\": tru\n}", "2:"},
        {"[1,]", "1:4: "},
        {"[NaN]", "1:"},
        {"['a']", "1:2: "},
        {"9223372036854775808", "1:"},
        {"\"a\\u0000\"", "1:"},
        {"\"\xff\"", "1:"},
        {"1.5", "a whole number"},
        {"{\"entries\":[0,{\"minutes\":1e3}]}", "entries.1.minutes: a whole number"},
    };
    char error[JSON_ERROR_TEXT];
    struct buf pack;

    (void)state;
    buf_init(&pack, 1 << 16);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        buf_clear(&pack);
        assert_int_equal(json_to_pack(text_of(rows[i].json), &pack, error), -EINVAL);
        if (!text_starts(text_of(error), rows[i].error))
            fail_msg("%s: \"%s\", expected \"%s\"", rows[i].json, error, rows[i].error);
    }
    buf_free(&pack);
}

static void test_limits(void **state) {
    char error[JSON_ERROR_TEXT], deep[2 * PACK_DEPTH + 4];
    struct buf pack;

    (void)state;
    buf_init(&pack, 1 << 10);
    for (size_t depth = PACK_DEPTH; depth <= PACK_DEPTH + 1; depth++) {
        memset(deep, '[', depth);
        deep[depth] = '1';
        memset(deep + depth + 1, ']', depth);
        buf_clear(&pack);
        assert_int_equal(json_to_pack((struct text){deep, 2 * depth + 1}, &pack, error),
                         depth > PACK_DEPTH ? -EINVAL : 0);
    }
    buf_free(&pack);
    buf_init(&pack, 4);
    assert_int_equal(json_to_pack(TEXT_LIT("\"more than four\""), &pack, error), -EMSGSIZE);
    buf_free(&pack);
}

static void test_bytes_are_base64url(void **state) {
    static const struct {
        const char *bytes;
        const char *json;
    } rows[] = {{"", "\"\""}, {"\xff", "\"_w\""}, {"\xff\xef", "\"_-8\""}, {"fo0", "\"Zm8w\""}};
    struct buf pack, json;

    (void)state;
    buf_init(&pack, 100);
    buf_init(&json, 100);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        buf_clear(&pack);
        buf_clear(&json);
        pack_bytes(&pack, (struct bytes){rows[i].bytes, strlen(rows[i].bytes)});
        assert_int_equal(json_from_pack(buf_as_bytes(&pack), &json), 0);
        assert_string_equal(buf_cstr(&json), rows[i].json);
    }
    buf_free(&pack);
    buf_free(&json);
}

static void test_bad_bytes(void **state) {
    static const struct bytes rows[] = {
        {"", 0}, {"\xc1", 1}, {"\x01\x01", 2}, {"\x92\x01", 2}, {"\xcf\xff\0\0\0\0\0\0\0", 9}};
    struct buf json;

    (void)state;
    buf_init(&json, 100);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(json_from_pack(rows[i], &json), -EBADMSG);
    buf_free(&json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_limits),         cmocka_unit_test(test_bytes_are_base64url),
        cmocka_unit_test(test_bad_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
