/* Bytes written by hand: what is taken, what is refused, and what is the same whoever wrote it. */
#include "proto/codec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What was stored is not looked into again, but its structure and bounds are. */
static void test_stored(void **state) {
    static const char odd[] = "\x86\xa7"
                              "network\xa3"
                              "net\xa4"
                              "name\xa5"
                              "a\x01\xff"
                              "bc"
                              "\xa4"
                              "host\xa1h\xa4"
                              "lead\xa1l\xa5"
                              "state\xa4open\xa4zone\xa3UTC";
    const struct shape *shape = &rec_shapes[REC_NETWORK];
    struct rec_network n;

    (void)state;
    for (size_t size = 0; size < sizeof odd - 1; size++)
        assert_int_equal(codec_decode(shape, CODEC_STORED, (struct bytes){odd, size}, &n, NULL),
                         -EBADMSG);
    assert_int_equal(
        codec_decode(shape, CODEC_LENIENT, (struct bytes){odd, sizeof odd - 1}, &n, NULL),
        -EBADMSG);
    assert_int_equal(codec_decode(shape, CODEC_STORED, (struct bytes){odd, sizeof odd}, &n, NULL),
                     -EBADMSG); /* a byte too many */
    assert_int_equal(
        codec_decode(shape, CODEC_STORED, (struct bytes){odd, sizeof odd - 1}, &n, NULL), 0);
    assert_true(text_is(n.zone, "UTC"));
}

/* What our own names need of C is not on the wire. */
static void test_no_trailing_underscore(void **state) {
    struct msg_support_close msg;
    struct complaint c;

    (void)state;
    assert_int_equal(codec_decode(&msg_shapes[MSG_SUPPORT_CLOSE], CODEC_STRICT,
                                  (struct bytes){"\x81\xa4"
                                                 "case"
                                                 "\xa1"
                                                 "a",
                                                 8},
                                  &msg, &c),
                     0);
    assert_int_equal(codec_decode(&msg_shapes[MSG_SUPPORT_CLOSE], CODEC_STRICT,
                                  (struct bytes){"\x81\xa5"
                                                 "case_"
                                                 "\xa1"
                                                 "a",
                                                 9},
                                  &msg, &c),
                     -EBADMSG);
    assert_string_equal(c.code, "unknown-field");
}

static void test_empty_is_not_absent(void **state) {
    struct msg_person_update update = {.person = TEXT_LIT("p"), .functions = {{"", 0}, 0}};
    struct msg_person_update again;
    struct msg_sending_pause pause = {.reason = {"", 0}};
    struct complaint c;
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    codec_encode(&msg_shapes[MSG_PERSON_UPDATE], &update, &b);
    assert_int_equal(
        codec_decode(&msg_shapes[MSG_PERSON_UPDATE], CODEC_STRICT, buf_as_bytes(&b), &again, &c),
        0);
    assert_non_null(again.functions.raw.p);
    assert_null(again.organisations.raw.p);
    buf_clear(&b);
    codec_encode(&msg_shapes[MSG_SENDING_PAUSE], &pause, &b);
    assert_int_equal(
        codec_decode(&msg_shapes[MSG_SENDING_PAUSE], CODEC_STRICT, buf_as_bytes(&b), &pause, &c),
        -EBADMSG);
    assert_string_equal(c.code, "missing");
    buf_free(&b);
}

/* What is equal gives equal bytes, whoever encoded it: wide numbers, other orders, nils. */
static void test_canonical(void **state) {
    static const char odd[] = "\x82\xa7"
                              "entries"
                              "\xdc\x00\x01\x82\xa7"
                              "minutes"
                              "\xd3\0\0\0\0\0\0\0\x05\xa6"
                              "person"
                              "\xd9\x01p"
                              "\xda\x00\x07"
                              "meeting"
                              "\xa1m";
    static const char plain[] = "\x82\xa7"
                                "meeting"
                                "\xa1m\xa7"
                                "entries"
                                "\x91\x82\xa6"
                                "person"
                                "\xa1p\xa7"
                                "minutes"
                                "\x05";
    const struct shape *shape = &msg_shapes[MSG_ATTENDANCE_RECORD];
    struct msg_attendance_record msg;
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    assert_int_equal(
        codec_decode(shape, CODEC_STRICT, (struct bytes){odd, sizeof odd - 1}, &msg, NULL), 0);
    codec_encode(shape, &msg, &b);
    assert_true(bytes_eq(buf_as_bytes(&b), (struct bytes){plain, sizeof plain - 1}));
    buf_free(&b);
}

static void test_moments_as_text(void **state) {
    static const char body[] = "\x83\xa2"
                               "at\xb9"
                               "2022-05-24T09:00:00+02:00"
                               "\xa4kind\xa4note\xa4text\xa1x";
    struct part_note note;
    struct complaint c;

    (void)state;
    assert_int_equal(codec_decode(&part_shapes[PART_note], CODEC_STRICT,
                                  (struct bytes){body, sizeof body - 1}, &note, &c),
                     0);
    assert_int_equal(note.at, 1653375600000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stored),
        cmocka_unit_test(test_no_trailing_underscore),
        cmocka_unit_test(test_empty_is_not_absent),
        cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_moments_as_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
