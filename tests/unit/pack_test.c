#include "common/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <msgpack.h>

#include "tests/harness/draw.h"

#define BYTES(s) ((struct bytes){(s), sizeof(s) - 1})
#define ROUNDS 100000

static void test_scan_table(void **state) {
    static const struct {
        const char *p;
        size_t n;
        unsigned depth;
        size_t expected;
    } rows[] = {
#define ROW(s, depth, expected) {s, sizeof(s) - 1, depth, expected}
        ROW("", 8, 0),
        ROW("\x05", 0, 1),
        ROW("\x05\x06", 8, 1),
        ROW("\xc0", 8, 1),
        ROW("\xc1", 8, 0),
        ROW("\xcd\x01", 8, 0),
        ROW("\xcd\x01\x02", 8, 3),
        ROW("\xa3"
            "abc",
            8, 4),
        ROW("\xa3"
            "ab",
            8, 0),
        ROW("\xa1\xff", 8, 0),     /* not UTF-8 */
        ROW("\xa2\xc3\xa6", 8, 3), /* æ */
        ROW("\xc4\x01\xff", 8, 3), /* bytes may be anything */
        ROW("\xca\x00\x00\x00\x00", 8, 0),
        ROW("\xcb\x00\x00\x00\x00\x00\x00\x00\x00", 8, 0),
        ROW("\xd4\x01\x02", 8, 0),     /* extension */
        ROW("\xc7\x01\x05\x00", 8, 0), /* extension */
        ROW("\x81\xa1k\x01", 8, 4),
        ROW("\x81\x01\x01", 8, 0), /* a key that is no text */
        ROW("\x81\xa1k", 8, 0),
        ROW("\x82\xa1k\x91\x01\xa1l\x02", 8, 8),
        ROW("\x82\xa1k\x91\x01\x01\x02", 8, 0), /* the second key is none */
        ROW("\x90", 0, 1),                      /* nothing in it, so no depth */
        ROW("\x91\x01", 0, 0),
        ROW("\x91\x91\x91\x01", 3, 4),
        ROW("\x91\x91\x91\x01", 2, 0),
        ROW("\xdd\xff\xff\xff\xff", 8, 0), /* claims four thousand million */
        ROW("\xdf\xff\xff\xff\xff\xa0", 8, 0),
        ROW("\xdb\xff\xff\xff\xff", 8, 0),
        ROW("\xc6\xff\xff\xff\xff", 8, 0),
        ROW("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 8, 9), /* sound, but no reader takes it */
#undef ROW
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t n = pack_scan((struct bytes){rows[i].p, rows[i].n}, rows[i].depth);
        if (n != rows[i].expected)
            fail_msg("row %zu: %zu, expected %zu", i, n, rows[i].expected);
    }
}

static void test_read_what_was_written(void **state) {
    static const int64_t ints[] = {
        0,   1,    127,  128,    255,    256,     65535,     65536,     -1,        -32,
        -33, -128, -129, -32768, -32769, 1 << 30, INT64_MAX, INT64_MIN, INT32_MIN, UINT32_MAX};
    struct bytes raw, bytes;
    struct pack_reader r;
    struct text t;
    uint32_t count;
    struct buf b;
    bool truth;
    int64_t v;

    (void)state;
    buf_init(&b, 1 << 20);
    pack_array(&b, 7 + (uint32_t)COUNT_OF(ints));
    pack_nil(&b);
    pack_bool(&b, true);
    pack_str(&b, "møde");
    pack_text(&b, TEXT_NONE);
    pack_bytes(&b, BYTES("\x00\xff"));
    pack_map(&b, 1);
    pack_str(&b, "k");
    pack_raw(&b, BYTES("\x92\x01\x02"));
    pack_bool(&b, false);
    for (size_t i = 0; i < COUNT_OF(ints); i++)
        pack_int(&b, ints[i]);
    assert_true(pack_is_one(buf_as_bytes(&b), 3));
    assert_false(pack_is_one(buf_as_bytes(&b), 2));

    r = pack_read(buf_as_bytes(&b));
    assert_int_equal(pack_peek(&r), PACK_ARRAY);
    assert_false(pack_read_map(&r, &count));
    assert_true(pack_read_array(&r, &count));
    assert_false(pack_read_bool(&r, &truth));
    assert_true(pack_read_nil(&r));
    assert_true(pack_read_bool(&r, &truth) && truth);
    assert_true(pack_read_text(&r, &t) && text_is(t, "møde"));
    assert_true(pack_read_text(&r, &t) && t.n == 0);
    assert_true(pack_read_bytes(&r, &bytes) && bytes.n == 2);
    assert_true(pack_read_raw(&r, &raw) && raw.n == 6);
    assert_true(pack_skip(&r));
    for (size_t i = 0; i < COUNT_OF(ints); i++) {
        assert_true(pack_read_int(&r, &v));
        assert_int_equal(v, ints[i]);
    }
    assert_int_equal(pack_peek(&r), PACK_END);
    assert_false(pack_skip(&r));
    buf_free(&b);
}

static void test_reader_stays_inside(void **state) {
    struct pack_reader r = pack_read(BYTES("\xa5"
                                           "ab"));
    struct text t;
    int64_t v;

    (void)state;
    assert_false(pack_read_text(&r, &t));
    assert_false(pack_skip(&r));
    r = pack_read(BYTES("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"));
    assert_false(pack_read_int(&r, &v));
    assert_true(pack_skip(&r));
    r = pack_read(BYTES("\x93\x01\x02"));
    assert_false(pack_skip(&r));
    r = pack_read((struct bytes){NULL, 0});
    assert_int_equal(pack_peek(&r), PACK_END);
}

/* ---- agreement with msgpack-c ---- */

static uint32_t below(uint32_t n) {
    return (uint32_t)random() % n;
}

static void write_random(struct buf *b, unsigned depth) {
    switch (below(depth > 5 ? 6 : 8)) {
    case 0:
        pack_nil(b);
        break;
    case 1:
        pack_bool(b, below(2));
        break;
    case 2:
    case 3:
        pack_int(b, (int64_t)((uint64_t)random() << below(34)));
        break;
    case 4:
        pack_text(b, (struct text){"abcdefghijklmnopqrstuvwxyzæøåabcdefghijklmno", below(26)});
        break;
    case 5:
        pack_bytes(b, (struct bytes){"\0\1\2\3\4\5\6\7", below(8)});
        break;
    case 6: {
        uint32_t n = below(5);
        pack_array(b, n);
        while (n-- > 0)
            write_random(b, depth + 1);
        break;
    }
    default: {
        uint32_t n = below(4);
        pack_map(b, n);
        while (n-- > 0) {
            pack_str(b, "key");
            write_random(b, depth + 1);
        }
    }
    }
}

/* The shortest form of everything: digests of what was stored years ago are compared. */
static void test_writes_what_msgpack_writes(void **state) {
    static const int shifts[] = {0, 4, 5, 7, 8, 15, 16, 31, 32, 62};
    static const size_t sizes[] = {0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536};
    static char text[65536];
    struct buf ours;
    msgpack_sbuffer theirs;
    msgpack_packer to;

    (void)state;
    buf_init(&ours, 1 << 20);
    msgpack_sbuffer_init(&theirs);
    msgpack_packer_init(&to, &theirs, msgpack_sbuffer_write);
    for (size_t i = 0; i < COUNT_OF(shifts); i++)
        for (int64_t off = -1; off <= 1; off++)
            for (int sign = -1; sign <= 1; sign += 2) {
                int64_t v = sign * (((int64_t)1 << shifts[i]) + off);
                pack_int(&ours, v);
                msgpack_pack_int64(&to, v);
            }
    pack_int(&ours, INT64_MIN);
    msgpack_pack_int64(&to, INT64_MIN);
    pack_int(&ours, INT64_MAX);
    msgpack_pack_int64(&to, INT64_MAX);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        pack_text(&ours, (struct text){text, sizes[i]});
        msgpack_pack_str(&to, sizes[i]);
        msgpack_pack_str_body(&to, text, sizes[i]);
        pack_bytes(&ours, (struct bytes){text, sizes[i]});
        msgpack_pack_bin(&to, sizes[i]);
        msgpack_pack_bin_body(&to, text, sizes[i]);
        pack_array(&ours, (uint32_t)sizes[i]);
        msgpack_pack_array(&to, sizes[i]);
        pack_map(&ours, (uint32_t)sizes[i]);
        msgpack_pack_map(&to, sizes[i]);
    }
    pack_nil(&ours);
    msgpack_pack_nil(&to);
    pack_bool(&ours, true);
    msgpack_pack_true(&to);
    pack_bool(&ours, false);
    msgpack_pack_false(&to);
    assert_int_equal(ours.n, theirs.size);
    assert_memory_equal(ours.p, theirs.data, theirs.size);
    msgpack_sbuffer_destroy(&theirs);
    buf_free(&ours);
}

static void mutate(struct buf *b) {
    for (uint32_t n = below(4); n > 0; n--)
        b->p[below((uint32_t)b->n)] = (char)below(256);
    if (below(8) == 0)
        b->n = below((uint32_t)b->n) + 1;
}

static void test_agrees_with_msgpack(void **state) {
    unsigned seed = (unsigned)draw_number("SEED", (unsigned long)time(NULL));
    unsigned accepted = 0;
    struct buf b;

    (void)state;
    printf("seed: SEED=%u\n", seed);
    srandom(seed);
    buf_init(&b, 1 << 20);
    for (unsigned i = 0; i < ROUNDS; i++) {
        msgpack_unpacked unpacked;
        msgpack_unpack_return got;
        size_t off = 0, n;
        buf_clear(&b);
        write_random(&b, 0);
        mutate(&b);
        n = pack_scan(buf_as_bytes(&b), PACK_DEPTH);
        if (n == 0)
            continue;
        accepted++;
        msgpack_unpacked_init(&unpacked);
        got = msgpack_unpack_next(&unpacked, b.p, b.n, &off);
        assert_true(got == MSGPACK_UNPACK_SUCCESS || got == MSGPACK_UNPACK_EXTRA_BYTES);
        assert_int_equal(off, n);
        msgpack_unpacked_destroy(&unpacked);
    }
    assert_in_range(accepted, ROUNDS / 10, ROUNDS);
    buf_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan_table),
        cmocka_unit_test(test_read_what_was_written),
        cmocka_unit_test(test_reader_stays_inside),
        cmocka_unit_test(test_agrees_with_msgpack),
        cmocka_unit_test(test_writes_what_msgpack_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
