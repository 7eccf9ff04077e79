#include "common/base.h"
#include "tests/harness/folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[FOLDER_BYTES];

static const char *in_folder(const char *name) {
    static char path[FOLDER_BYTES + 32];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void test_texts_are_compared_and_cut(void **state) {
    struct text rest = TEXT_LIT("a,,b,"), part;
    char to[4];

    (void)state;
    assert_true(text_is(text_of("abc"), "abc"));
    assert_false(text_is(text_of("abc"), "ab"));
    assert_true(text_eq(TEXT_NONE, TEXT_LIT("")));
    assert_true(text_cmp(TEXT_LIT("ab"), TEXT_LIT("abc")) < 0);
    assert_true(text_cmp(TEXT_LIT("b"), TEXT_LIT("abc")) > 0);
    assert_true(text_starts(TEXT_LIT("ipc://x"), "ipc://"));
    assert_false(text_starts(TEXT_LIT("ipc"), "ipc://"));
    assert_true(text_is(text_trim(TEXT_LIT(" \t a b\r\n")), "a b"));
    assert_true(text_is(text_trim(TEXT_LIT("  ")), ""));
    assert_true(text_is(text_unmarked(TEXT_LIT("\xef\xbb\xbf\xef\xbb\xbf")), "\xef\xbb\xbf"));
    assert_true(text_is(text_unmarked(TEXT_LIT("\xef\xbb")), "\xef\xbb"));

    assert_true(text_cut(&rest, ',', &part) && text_is(part, "a"));
    assert_true(text_cut(&rest, ',', &part) && text_is(part, ""));
    assert_true(text_cut(&rest, ',', &part) && text_is(part, "b"));
    assert_false(text_cut(&rest, ',', &part));

    assert_int_equal(text_copy(TEXT_LIT("abc"), to, sizeof to), 0);
    assert_string_equal(to, "abc");
    assert_int_equal(text_copy(TEXT_LIT("abcd"), to, sizeof to), -EMSGSIZE);
    assert_string_equal(to, "");
    assert_int_equal(text_copy(TEXT_LIT("a\0b"), to, sizeof to), -EILSEQ);
    assert_int_equal(text_copy(TEXT_NONE, to, sizeof to), 0);
}

static void test_numbers_are_read_strictly(void **state) {
    static const struct {
        const char *text;
        int rc;
        int64_t value;
    } rows[] = {
        {"0", 0, 0},
        {"-1", 0, -1},
        {"007", 0, 7},
        {"9223372036854775807", 0, INT64_MAX},
        {"-9223372036854775808", 0, INT64_MIN},
        {"9223372036854775808", -ERANGE, 0},
        {"-9223372036854775809", -ERANGE, 0},
        {"99999999999999999999999", -ERANGE, 0},
        {"", -EINVAL, 0},
        {"-", -EINVAL, 0},
        {"+1", -EINVAL, 0},
        {" 1", -EINVAL, 0},
        {"1x", -EINVAL, 0},
        {"0x10", -EINVAL, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t value = 0;
        assert_int_equal(text_int(text_of(rows[i].text), &value), rows[i].rc);
        assert_true(value == rows[i].value);
    }
}

static void test_utf8_is_known_from_other_bytes(void **state) {
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"", true},
        {"smørrebrød", true},
        {"\xe2\x82\xac", true},
        {"\xf0\x9f\x98\x80", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"\xc0\x80", false},         /* a long zero */
        {"\xc1\xbf", false},         /* a long DEL */
        {"\xe0\x9f\xbf", false},     /* too long */
        {"\xed\xa0\x80", false},     /* half of a pair */
        {"\xf0\x8f\xbf\xbf", false}, /* too long */
        {"\xf4\x90\x80\x80", false}, /* past the end */
        {"\xf5\x80\x80\x80", false},
        {"\x80", false},
        {"a\xff", false},
        {"\xe2\x82", false}, /* cut short */
        {"\xe2\x28\xa1", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(text_is_utf8(text_of(rows[i].text)), rows[i].good);
}

static void test_bytes_are_in_store_order(void **state) {
    (void)state;
    assert_true(bytes_eq((struct bytes){NULL, 0}, (struct bytes){"", 0}));
    assert_true(bytes_cmp((struct bytes){"\x01", 1}, (struct bytes){"\x01\x00", 2}) < 0);
    assert_true(bytes_cmp((struct bytes){"\xff", 1}, (struct bytes){"\x01\x00", 2}) > 0);
    assert_int_equal(bytes_cmp((struct bytes){"ab", 2}, (struct bytes){"ab", 2}), 0);
}

static void test_a_buf_stops_at_its_limit(void **state) {
    struct buf b;

    (void)state;
    buf_init(&b, 10);
    assert_string_equal(buf_cstr(&b), "");
    buf_str(&b, "12345");
    buf_printf(&b, "%d", 67890);
    assert_false(b.over);
    assert_string_equal(buf_cstr(&b), "1234567890");
    buf_char(&b, 'x');
    assert_true(b.over);
    assert_string_equal(buf_cstr(&b), "1234567890");
    buf_clear(&b);
    assert_false(b.over);
    buf_str(&b, "1234567");
    buf_printf(&b, "%s", "abcdef");
    assert_true(b.over);
    buf_char(&b, 'x'); /* it would fit, but the text would have a hole */
    assert_string_equal(buf_cstr(&b), "1234567");
    buf_free(&b);

    buf_init(&b, 100000);
    for (int i = 0; i < 10000; i++)
        buf_printf(&b, "%04d.", i);
    assert_false(b.over);
    assert_int_equal(b.n, 50000);
    assert_memory_equal(b.p + 49990, "9998.9999.", 10);
    buf_free(&b);
}

static void test_html_is_text(void **state) {
    struct buf b;

    (void)state;
    buf_init(&b, 100);
    buf_html(&b, TEXT_LIT("<a href=\"x\">&amp; 'y' \xc3\xa5</a>"));
    assert_string_equal(buf_cstr(&b),
                        "&lt;a href=&quot;x&quot;&gt;&amp;amp; 'y' \xc3\xa5&lt;/a&gt;");
    buf_free(&b);
}

static void test_an_arena_gives_and_takes_back(void **state) {
    struct arena *arena = arena_new();
    struct text kept, absent;

    (void)state;
    for (int round = 0; round < 3; round++) {
        kept = arena_printf(arena, "%d-%s", round, "kept");
        for (size_t n = 0; n < 9000; n += 7) {
            char *p = arena_take(arena, n);
            assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
            memset(p, 0xee, n);
        }
        assert_int_equal(kept.n, 6);
        assert_memory_equal(kept.p + 1, "-kept", 6);
        absent = arena_text(arena, TEXT_NONE);
        assert_null(absent.p);
        assert_string_equal(arena_text(arena, TEXT_LIT("abc")).p, "abc");
        arena_reset(arena);
    }
    arena_free(&arena);
    assert_null(arena);
    arena_free(&arena);
}

static void test_crc32c_is_castagnolis(void **state) {
    unsigned char p[48];
    uint32_t parts;

    (void)state;
    assert_int_equal(crc32c(0, "", 0), 0);
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    memset(p, 0, 32); /* the vectors of RFC 3720, B.4 */
    assert_int_equal(crc32c(0, p, 32), 0x8a9136aa);
    memset(p, 0xff, 32);
    assert_int_equal(crc32c(0, p, 32), 0x62a8ab43);
    for (unsigned i = 0; i < 32; i++)
        p[i] = (unsigned char)i;
    assert_int_equal(crc32c(0, p, 32), 0x46dd794e);
    for (unsigned i = 0; i < 32; i++)
        p[i] = (unsigned char)(31 - i);
    assert_int_equal(crc32c(0, p, 32), 0x113fdb5c);
    for (size_t cut = 0; cut <= 32; cut++) {
        parts = crc32c(crc32c(0, p, cut), p + cut, 32 - cut);
        assert_int_equal(parts, 0x113fdb5c);
    }
}

static void test_files_are_written_and_read(void **state) {
    char path[FOLDER_BYTES + 32];
    struct buf b;
    struct stat st;

    (void)state;
    snprintf(path, sizeof path, "%s", in_folder("file"));
    assert_int_equal(read_file(path, 10, &b), -ENOENT);
    assert_int_equal(write_file(path, 0640, (struct bytes){"content", 7}), 0);
    assert_int_equal(write_file(path, 0640, (struct bytes){"content2", 8}), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(read_file(path, 8, &b), 0);
    assert_string_equal(buf_cstr(&b), "content2");
    buf_free(&b);
    assert_int_equal(read_file(path, 7, &b), -EFBIG);
    buf_free(&b);
    assert_int_equal(write_file(in_folder("none/file"), 0640, (struct bytes){"", 0}), -ENOENT);

    assert_int_equal(make_dir(in_folder("a/b/c"), 0750), 0);
    assert_int_equal(make_dir(in_folder("a/b/c"), 0750), 0);
    assert_int_equal(make_dir(in_folder("a/b/"), 0750), 0);
    assert_int_equal(make_dir(in_folder("file"), 0750), -ENOTDIR);
    assert_int_equal(make_dir(in_folder("file/x"), 0750), -ENOTDIR);
}

static int note_name(void *ctx, const char *name) {
    struct buf *names = ctx;
    buf_str(names, name);
    return strcmp(name, "stop") == 0 ? 7 : 0;
}

static void test_folders_are_walked_and_removed(void **state) {
    char tree[FOLDER_BYTES + 32];
    struct buf names;

    (void)state;
    snprintf(tree, sizeof tree, "%s", in_folder("tree"));
    buf_init(&names, 100);
    assert_int_equal(each_file(tree, note_name, &names), -ENOENT);
    assert_int_equal(make_dir(in_folder("tree/within"), 0750), 0);
    assert_int_equal(write_file(in_folder("tree/.hidden"), 0640, (struct bytes){"", 0}), 0);
    assert_int_equal(write_file(in_folder("tree/within/deep"), 0640, (struct bytes){"", 0}), 0);
    assert_int_equal(each_file(tree, note_name, &names), 0);
    assert_int_equal(names.n, 0);
    assert_int_equal(write_file(in_folder("tree/one"), 0640, (struct bytes){"", 0}), 0);
    assert_int_equal(each_file(tree, note_name, &names), 0);
    assert_string_equal(buf_cstr(&names), "one");
    assert_int_equal(write_file(in_folder("tree/stop"), 0640, (struct bytes){"", 0}), 0);
    assert_int_equal(each_file(tree, note_name, &names), 7);
    assert_int_equal(sync_dir(tree), 0);
    remove_tree(tree);
    assert_int_equal(sync_dir(tree), -ENOENT);
    buf_free(&names);
}

static void test_a_lock_has_one_holder(void **state) {
    int fd;

    (void)state;
    assert_int_equal(lock_file_fd(in_folder("lock"), &fd), 0);
    assert_int_equal(lock_file(in_folder("lock")), -EBUSY);
    close(fd);
    assert_int_equal(lock_file(in_folder("lock")), 0);
    assert_int_equal(lock_file(in_folder("lock")), -EBUSY);
}

static int make_folder(void **state) {
    (void)state;
    return folder_make(folder, "base_test");
}

static int remove_folder(void **state) {
    (void)state;
    return folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_are_compared_and_cut),
        cmocka_unit_test(test_numbers_are_read_strictly),
        cmocka_unit_test(test_utf8_is_known_from_other_bytes),
        cmocka_unit_test(test_bytes_are_in_store_order),
        cmocka_unit_test(test_a_buf_stops_at_its_limit),
        cmocka_unit_test(test_html_is_text),
        cmocka_unit_test(test_an_arena_gives_and_takes_back),
        cmocka_unit_test(test_crc32c_is_castagnolis),
        cmocka_unit_test(test_files_are_written_and_read),
        cmocka_unit_test(test_folders_are_walked_and_removed),
        cmocka_unit_test(test_a_lock_has_one_holder),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
