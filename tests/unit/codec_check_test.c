#include "proto/codec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"

static void test_paths_and_sentences(void **state) {
    struct msg_attendance_record msg;
    const struct shape *shape = &msg_shapes[MSG_ATTENDANCE_RECORD];
    struct complaint c;
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    pack_map(&b, 2);
    pack_str(&b, "meeting");
    pack_str(&b, "m");
    pack_str(&b, "entries");
    pack_array(&b, 2);
    for (int64_t minutes = 1440; minutes <= 1441; minutes++) {
        pack_map(&b, 2);
        pack_str(&b, "person");
        pack_str(&b, "p");
        pack_str(&b, "minutes");
        pack_int(&b, minutes);
    }
    assert_int_equal(codec_decode(shape, CODEC_STRICT, buf_as_bytes(&b), &msg, &c), -EBADMSG);
    assert_string_equal(c.code, "bad-value");
    assert_string_equal(c.field, "entries.1.minutes");
    assert_string_equal(c.text, "must be a whole number from 0 to 1440");
    b.n--;
    assert_int_equal(codec_decode(shape, CODEC_STRICT, buf_as_bytes(&b), &msg, &c), -EBADMSG);
    assert_string_equal(c.code, "malformed");
    assert_string_equal(c.field, "");
    buf_free(&b);
}

static void test_word_sentence(void **state) {
    struct msg_meeting_set_mode msg;
    struct complaint c;
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    pack_map(&b, 2);
    pack_str(&b, "meeting");
    pack_str(&b, "m");
    pack_str(&b, "mode");
    pack_str(&b, "vide");
    assert_int_equal(
        codec_decode(&msg_shapes[MSG_MEETING_SET_MODE], CODEC_STRICT, buf_as_bytes(&b), &msg, &c),
        -EBADMSG);
    assert_string_equal(c.field, "mode");
    assert_string_equal(c.text, "must be one of room, video, hybrid, undecided");
    buf_free(&b);
}

static void test_addresses(void **state) {
    static const char *const good[] = {"a@b", "anna.holm+x@city.example", "o'neil@a-b.dk",
                                       "anna@rødovre.dk", "anna@δοκιμή.ж"};
    static const char *const bad[] = {"",
                                      "a",
                                      "@b",
                                      "a@",
                                      "a@b@c",
                                      ".a@b",
                                      "a.@b",
                                      "a..b@c",
                                      "a@.b",
                                      "a@b.",
                                      "a@b..c",
                                      "a b@c",
                                      "a@b c",
                                      "<a@b>",
                                      "a,b@c",
                                      "a;b@c",
                                      "a:b@c",
                                      "a\\b@c",
                                      "\"a\"@b",
                                      "a(b)@c",
                                      "a[b]@c",
                                      "a\r\nb@c",
                                      "a@b\nc",
                                      "a@-b",
                                      "a@b-.c",
                                      "ø@b",
                                      "a@b_c",
                                      "a@\xe3\x80\x82",
                                      "a@b\xc2\xa0",
                                      "a@b\xc3"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++)
        if (check_address(text_of(good[i])) != 0)
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (check_address(text_of(bad[i])) != -EINVAL)
            fail_msg("taken: %s", bad[i]);
}

/* What becomes a subject or a name in mail is one line. */
static void test_one_line(void **state) {
    static const char *const bad[] = {"two\nlines", "\t", "a\tb", "end\n"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct msg_sending_resume msg;
        struct complaint c;
        struct buf b;
        buf_init(&b, 1000);
        pack_map(&b, 1);
        pack_str(&b, "reason");
        pack_str(&b, bad[i]);
        assert_int_equal(
            codec_decode(&msg_shapes[MSG_SENDING_RESUME], CODEC_STRICT, buf_as_bytes(&b), &msg, &c),
            -EBADMSG);
        assert_string_equal(c.field, "reason");
        assert_string_equal(c.text, "must be one line, without tabs");
        buf_free(&b);
    }
}

/* Controls are found wherever they stand among words of eight bytes. */
static void test_controls(void **state) {
    static const char *const bad[] = {"\x01", "\x1f", "\r", "\x7f", "\xc2\x80", "\xc2\x9f"};
    static const char *const good[] = {" ", "\n", "\t", "~", "\xc2\xa0", "ø"};

    (void)state;
    for (size_t at = 0; at < 20; at++)
        for (size_t i = 0; i < COUNT_OF(bad) + COUNT_OF(good); i++) {
            bool is_bad = i < COUNT_OF(bad);
            const char *odd = is_bad ? bad[i] : good[i - COUNT_OF(bad)];
            struct msg_support_note msg;
            char text[40];
            struct buf b;
            snprintf(text, sizeof text, "%.*s%s%s", (int)at, "abcdefghijklmnopqrstuvwxyz", odd,
                     "0123456789");
            buf_init(&b, 1000);
            pack_map(&b, 2);
            pack_str(&b, "case");
            pack_str(&b, "c1");
            pack_str(&b, "text");
            pack_str(&b, text);
            assert_int_equal(codec_decode(&msg_shapes[MSG_SUPPORT_NOTE], CODEC_STRICT,
                                          buf_as_bytes(&b), &msg, NULL),
                             is_bad ? -EBADMSG : 0);
            buf_free(&b);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_and_sentences),
        cmocka_unit_test(test_word_sentence),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_one_line),
        cmocka_unit_test(test_controls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
