/* Keys of several parts, made and taken apart. */
#include "common/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void parts_come_apart_again(void **state) {
    (void)state;
    struct key a, b;
    struct text t;
    uint64_t v;
    size_t at = 0;
    key_clear(&a);
    key_text(&a, TEXT_LIT("id"));
    b = a;
    key_u64(&a, 0x0102030405060708);
    key_text(&a, TEXT_LIT(""));
    assert_memory_equal(a.b, "id\0\1\2\3\4\5\6\7\10\0", 12);
    assert_int_equal(a.n, 12);
    assert_true(key_has_prefix(key_bytes(&a), &b));
    assert_false(key_has_prefix(key_bytes(&b), &a));
    assert_true(key_next_text(key_bytes(&a), &at, &t) && text_is(t, "id"));
    assert_true(key_next_u64(key_bytes(&a), &at, &v) && v == 0x0102030405060708);
    assert_false(key_next_u64(key_bytes(&a), &at, &v));
    assert_true(key_next_text(key_bytes(&a), &at, &t) && t.n == 0);
    assert_false(key_next_text(key_bytes(&a), &at, &t));
    assert_false(key_next_text((struct bytes){"open", 4}, &(size_t){0}, &t));
    key_clear(&a);
    key_text(&a, TEXT_LIT("id2"));
    assert_false(key_has_prefix(key_bytes(&a), &b));
    assert_true(bytes_cmp(key_bytes(&b), key_bytes(&a)) < 0);
    a = key2(TEXT_LIT("id"), TEXT_LIT("of"));
    assert_true(text_is(key_text_at(key_bytes(&a), 0), "id"));
    assert_true(text_is(key_text_at(key_bytes(&a), 1), "of"));
    assert_null(key_text_at(key_bytes(&a), 2).p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(parts_come_apart_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
