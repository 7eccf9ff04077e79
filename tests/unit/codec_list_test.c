#include "proto/codec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "common/pack.h"

static void test_lists(void **state) {
    struct part_breakout in = {.breakout = TEXT_LIT("a"), .name = {.sv = TEXT_LIT("stolar")}}, out;
    struct list list;
    struct text key, t;
    struct buf b;
    int64_t v;

    (void)state;
    buf_init(&b, 1000);
    codec_add_text(&b, TEXT_LIT("one"));
    codec_add_text(&b, TEXT_LIT("two"));
    list = codec_list(&b, 0, 2);
    assert_true(list_has_text(list, TEXT_LIT("two")));
    assert_false(list_has_text(list, TEXT_LIT("three")));
    assert_true(codec_next_text(&list, &t) && text_is(t, "one"));
    assert_false(codec_next_int(&list, &v));
    assert_true(codec_next_text(&list, &t) && text_is(t, "two"));
    assert_false(codec_next_text(&list, &t));
    buf_clear(&b);
    codec_add_text(&b, TEXT_LIT("k"));
    codec_add_int(&b, 7);
    list = codec_list(&b, 0, 1);
    assert_true(codec_next_pair_int(&list, &key, &v) && text_is(key, "k") && v == 7);
    assert_false(codec_next_pair_int(&list, &key, &v));
    list = codec_list(&b, 0, 1);
    assert_false(codec_next_pair_text(&list, &key, &t));
    buf_clear(&b);
    codec_add_part(&b, PART_breakout, &in);
    list = codec_list(&b, 0, 1);
    assert_true(codec_next_part(&list, PART_breakout, &out));
    assert_true(text_is(out.name.sv, "stolar") && !out.name.any.p);
    assert_false(codec_next_part(&list, PART_breakout, &out));
    buf_free(&b);
}

static void test_texts_in(void **state) {
    struct texts all = {TEXT_LIT("any"), TEXT_LIT("da"), TEXT_LIT("sv"), TEXT_LIT("en")};

    (void)state;
    assert_true(text_is(texts_in(&all, TEXT_LIT("sv")), "sv"));
    all.sv = TEXT_NONE;
    assert_true(text_is(texts_in(&all, TEXT_LIT("sv")), "any"));
    all.any = TEXT_NONE;
    assert_true(text_is(texts_in(&all, TEXT_LIT("sv")), "en"));
    all.en = TEXT_NONE;
    assert_true(text_is(texts_in(&all, TEXT_LIT("sv")), "da"));
    assert_true(texts_given(&all));
    all.da = TEXT_NONE;
    assert_false(texts_given(&all));
    assert_null(texts_in(&all, TEXT_LIT("da")).p);
}

static void test_frames(void **state) {
    struct frame_arm arm = {.delivery = 7, .attempt = 2, .boot = TEXT_LIT("b")};
    enum frame_type type;
    union any_frame got;
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    frame_encode(FRAME_ARM, &arm, &b);
    assert_int_equal(frame_decode(buf_as_bytes(&b), &type, &got), 0);
    assert_int_equal(type, FRAME_ARM);
    assert_int_equal(got.arm.delivery, 7);
    assert_true(text_is(got.arm.boot, "b"));
    b.n--;
    assert_int_equal(frame_decode(buf_as_bytes(&b), &type, &got), -EBADMSG);
    buf_clear(&b);
    pack_map(&b, 1);
    pack_str(&b, "t");
    pack_str(&b, "no-such-frame");
    assert_int_equal(frame_decode(buf_as_bytes(&b), &type, &got), -EBADMSG);
    assert_int_equal(frame_decode((struct bytes){"\x80", 1}, &type, &got), -EBADMSG);
    assert_int_equal(frame_decode((struct bytes){"\xc0", 1}, &type, &got), -EBADMSG);
    buf_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_texts_in),
        cmocka_unit_test(test_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
