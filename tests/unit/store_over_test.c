/* A scratch store over another behaves as one that was copied, and leaves the other alone: both get
 * the same random writes, and must answer alike. SEED= repeats a run. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/store.h"
#include "tests/harness/draw.h"
#include "tests/harness/folder.h"

enum { KEYS = 40, STEPS = 20000 };
static const char *const tables[] = {"a", "b"};
static char folder[FOLDER_BYTES];

static struct store *open_at(const char *name, struct txn *below) {
    char dir[300];
    struct store *store;
    snprintf(dir, sizeof dir, "%s/%s", folder, name);
    struct store_options o = {
        .dir = dir, .tables = tables, .count = 2, .writer = true, .below = below};
    assert_int_equal(store_open(&store, &o), 0);
    return store;
}

static uint64_t state;
static unsigned draw(unsigned n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

/* Keys of several lengths, the longest of which has no longer neighbour. */
static struct key draw_key(void) {
    struct key k = {.n = 0};
    unsigned no = draw(KEYS);
    if (no == 0) {
        memset(k.b, 0xFF, STORE_KEY_MAX);
        k.n = STORE_KEY_MAX;
        return k;
    }
    k.n = (size_t)snprintf((char *)k.b, sizeof k.b, "%.*s", (int)(1 + no % 3), "aaa");
    k.b[k.n++] = (uint8_t)(no * 6);
    return k;
}

struct pair {
    struct txn *plain, *over;
};

static void assert_same_seek(struct pair t, unsigned table, struct bytes from) {
    struct bytes key[2], value[2];
    int a = store_seek(t.plain, table, from, &key[0], &value[0]);
    assert_int_equal(store_seek(t.over, table, from, &key[1], &value[1]), a);
    if (a)
        return;
    assert_true(bytes_eq(key[0], key[1]));
    assert_true(bytes_eq(value[0], value[1]));
}

static void step(struct pair t) {
    struct key k = draw_key();
    struct bytes key = key_bytes(&k), value[2];
    unsigned table = draw(2), what = draw(8);
    char text[20];
    struct bytes v = {text, (size_t)snprintf(text, sizeof text, "%u", draw(1000))};
    if (what < 2) {
        assert_int_equal(store_put(t.plain, table, key, v), 0);
        assert_int_equal(store_put(t.over, table, key, v), 0);
    } else if (what < 5) { /* mostly, so that gaps come into being */
        int a = store_del(t.plain, table, key);
        assert_int_equal(store_del(t.over, table, key), a);
    } else if (what == 5) {
        int a = store_add(t.plain, table, key, v);
        assert_int_equal(store_add(t.over, table, key, v), a);
    } else if (what == 6) {
        int a = store_get(t.plain, table, key, &value[0]);
        assert_int_equal(store_get(t.over, table, key, &value[1]), a);
        assert_true(a != 0 || bytes_eq(value[0], value[1]));
    } else {
        assert_same_seek(t, table, draw(2) ? key : (struct bytes){"", 0});
    }
}

static void fill(struct txn *txn) {
    for (unsigned i = 0; i < KEYS; i++) {
        struct key k = draw_key();
        assert_int_equal(store_put(txn, draw(2), key_bytes(&k), (struct bytes){"old", 3}), 0);
    }
}

static uint64_t rows(struct store *store, unsigned table, uint32_t *ret_sum) {
    struct txn *txn;
    struct bytes key, value;
    struct key at = {.n = 0};
    uint64_t n = 0;
    *ret_sum = 0;
    assert_int_equal(store_begin_read(store, &txn), 0);
    while (at.n < STORE_KEY_MAX && store_seek(txn, table, key_bytes(&at), &key, &value) == 0) {
        *ret_sum = crc32c(crc32c(*ret_sum, key.p, key.n), value.p, value.n);
        memcpy(at.b, key.p, key.n);
        at.n = key.n;
        if (at.n < STORE_KEY_MAX)
            at.b[at.n++] = 0;
        n++;
    }
    store_abort(&txn);
    return n;
}

static void over_is_as_a_copy(void **unused) {
    struct pair t;
    struct txn *below;
    uint32_t before, after;
    (void)unused;
    state = draw_number("SEED", (unsigned long)time(NULL));
    print_message("SEED=%llu\n", (unsigned long long)state);
    assert_int_equal(folder_make(folder, "over"), 0);
    struct store *base = open_at("base", NULL), *plain = open_at("plain", NULL);
    for (unsigned i = 0; i < 2; i++) { /* the same in both */
        uint64_t again = state;
        struct txn *txn;
        assert_int_equal(store_begin_write(i ? plain : base, &txn), 0);
        fill(txn);
        assert_int_equal(store_commit(&txn), 0);
        state = i ? state : again;
    }
    uint64_t had = rows(base, 0, &before);
    assert_int_equal(store_begin_read(base, &below), 0);
    struct store *over = open_at("over", below);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(store_begin_write(plain, &t.plain), 0);
        assert_int_equal(store_begin_write(over, &t.over), 0);
        for (unsigned k = 0; k < STEPS / 20; k++)
            step(t);
        if (i % 3 == 2) { /* what was only begun never was */
            store_abort(&t.plain);
            store_abort(&t.over);
            continue;
        }
        assert_int_equal(store_commit(&t.plain), 0);
        assert_int_equal(store_commit(&t.over), 0);
    }
    store_close(&over);
    store_abort(&below);
    assert_int_equal(rows(base, 0, &after), had);
    assert_int_equal(after, before);
    store_close(&base);
    store_close(&plain);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(over_is_as_a_copy)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
