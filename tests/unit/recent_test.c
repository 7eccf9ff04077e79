/* service: scheduler */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/codec.h"
#include "services/scheduler/recent.h"

static const struct bytes KEY = {"net", 3};

static struct rec_network network_of(const char *host) {
    return (struct rec_network){.network = TEXT_LIT("net"),
                                .name = {.any = TEXT_LIT("Climate")},
                                .host = text_of(host),
                                .lead = TEXT_LIT("anna"),
                                .state = TEXT_LIT("open"),
                                .zone = TEXT_LIT("Europe/Stockholm")};
}

static struct bytes encoded(struct buf *b, const char *host) {
    struct rec_network n = network_of(host);
    buf_init(b, 10000);
    codec_encode(&rec_shapes[REC_NETWORK], &n, b);
    return buf_as_bytes(b);
}

static void test_same_bytes_same_record(void **state) {
    struct recent *recent = recent_new();
    struct rec_network n;
    struct buf a, b;
    struct bytes first = encoded(&a, "here"), second = encoded(&b, "there");

    (void)state;
    assert_int_equal(recent_decode(recent, TABLE_NETWORK, KEY, 7, first, &n), 0);
    assert_true(text_is(n.host, "here"));
    assert_int_equal(recent_decode(recent, TABLE_NETWORK, KEY, 7, first, &n), 0);
    assert_true(text_is(n.host, "here"));
    /* What was handed out in this turn does not move. */
    struct rec_network other;
    assert_int_equal(recent_decode(recent, TABLE_NETWORK, KEY, 8, second, &other), 0);
    assert_true(text_is(other.host, "there"));
    assert_true(text_is(n.host, "here"));
    recent_turn(recent);
    assert_int_equal(recent_decode(recent, TABLE_NETWORK, KEY, 7, first, &n), 0);
    assert_true(text_is(n.host, "here"));
    buf_free(&a);
    buf_free(&b);
    recent_free(&recent);
    recent_free(&recent);
}

static void test_found_while_nothing_changes(void **state) {
    static const struct bytes other = {"net2", 4};
    struct recent *recent = recent_new();
    struct rec_network n;
    struct buf b;
    struct bytes first = encoded(&b, "here");

    (void)state;
    assert_false(recent_find(recent, TABLE_NETWORK, KEY, 7, &n));
    assert_int_equal(recent_decode(recent, TABLE_NETWORK, KEY, 7, first, &n), 0);
    recent_turn(recent);
    n.host = TEXT_NONE;
    assert_true(recent_find(recent, TABLE_NETWORK, KEY, 7, &n));
    assert_true(text_is(n.host, "here"));
    assert_false(recent_find(recent, TABLE_NETWORK, KEY, 8, &n));
    assert_false(recent_find(recent, TABLE_NETWORK, other, 7, &n));
    assert_false(recent_find(recent, TABLE_MEETING, KEY, 7, &n));
    /* Where another process may write, only the bytes tell. */
    assert_int_equal(recent_decode(recent, TABLE_NETWORK, KEY, 0, first, &n), 0);
    assert_false(recent_find(recent, TABLE_NETWORK, KEY, 0, &n));
    assert_false(recent_find(recent, TABLE_NETWORK, KEY, 7, &n));
    buf_free(&b);
    recent_free(&recent);
}

/* All that one turn hands out stays as it is, and there is an end to it. */
static void test_a_turn_has_an_end(void **state) {
    enum { TURNS = 3, MANY = 100 };
    struct recent *recent = recent_new();
    struct buf b[MANY];
    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        char host[8];
        snprintf(host, sizeof host, "h%u", i);
        (void)encoded(&b[i], host);
    }
    for (unsigned turn = 0; turn < TURNS; turn++) {
        struct rec_network n[MANY];
        unsigned count = 0;
        while (count < MANY && recent_decode(recent, TABLE_NETWORK, KEY, 7, buf_as_bytes(&b[count]),
                                             &n[count]) == 0)
            count++;
        assert_in_range(count, 2, MANY - 1);
        for (unsigned i = 0; i < count; i++)
            assert_int_equal(atoi(n[i].host.p + 1), i);
        recent_turn(recent);
    }
    for (unsigned i = 0; i < MANY; i++)
        buf_free(&b[i]);
    recent_free(&recent);
}

static void write_host(struct recent *recent, const char *host, uint64_t changes) {
    struct rec_network n = network_of(host);
    struct buf b;
    buf_init(&b, 10000);
    codec_encode(&rec_shapes[REC_NETWORK], &n, &b);
    recent_write(recent, TABLE_NETWORK, KEY, changes, buf_as_bytes(&b), &n);
    buf_free(&b);
}

static void test_what_is_written_is_known(void **state) {
    struct recent *recent = recent_new();
    struct rec_network n, after;
    struct buf b;
    struct bytes first = encoded(&b, "here");

    (void)state;
    write_host(recent, "nowhere", 6); /* nobody asked for it */
    assert_false(recent_find(recent, TABLE_NETWORK, KEY, 6, &n));
    assert_int_equal(recent_decode(recent, TABLE_NETWORK, KEY, 7, first, &n), 0);
    write_host(recent, "there", 8);
    assert_true(recent_find(recent, TABLE_NETWORK, KEY, 8, &after));
    assert_true(text_is(after.host, "there") && text_is(after.name.any, "Climate"));
    assert_true(text_is(n.host, "here")); /* in this turn */
    assert_false(recent_find(recent, TABLE_NETWORK, KEY, 7, &n));
    recent_turn(recent);
    write_host(recent, "elsewhere", 9);
    assert_true(recent_find(recent, TABLE_NETWORK, KEY, 9, &after));
    assert_true(text_is(after.host, "elsewhere"));
    buf_free(&b);
    recent_free(&recent);
}

static void test_bad_bytes_leave_nothing(void **state) {
    struct recent *recent = recent_new();
    struct rec_network n;
    struct buf a;
    struct bytes whole = encoded(&a, "here");
    struct bytes cut = {whole.p, whole.n - 1};

    (void)state;
    assert_int_equal(recent_decode(recent, TABLE_NETWORK, KEY, 7, cut, &n), -EBADMSG);
    assert_int_equal(recent_decode(recent, TABLE_NETWORK, KEY, 7, cut, &n), -EBADMSG);
    assert_int_equal(recent_decode(recent, TABLE_NETWORK, KEY, 7, whole, &n), 0);
    assert_int_equal(recent_decode(recent, TABLE_MEETING, KEY, 7, whole, &n) == 0, 0);
    buf_free(&a);
    recent_free(&recent);
}

static void test_large_ones_are_not_kept(void **state) {
    static const char large[4000];
    struct recent *recent = recent_new();
    struct rec_network n;

    (void)state;
    assert_int_equal(
        recent_decode(recent, TABLE_NETWORK, KEY, 7, (struct bytes){large, sizeof large}, &n),
        -ENOENT);
    recent_free(&recent);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes_same_record),
        cmocka_unit_test(test_found_while_nothing_changes),
        cmocka_unit_test(test_a_turn_has_an_end),
        cmocka_unit_test(test_what_is_written_is_known),
        cmocka_unit_test(test_bad_bytes_leave_nothing),
        cmocka_unit_test(test_large_ones_are_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
