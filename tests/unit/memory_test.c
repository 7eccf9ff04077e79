/* The memory of keys: a million of them, forgetting, and what a restart finds. */
/* service: intake */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/bus.h"
#include "common/token.h"
#include "services/intake/keep.h"
#include "services/intake/memory.h"
#include "tests/harness/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANY 1000000u

static char dir[FOLDER_BYTES];
static struct journal *journal;

static void key_of(uint64_t n, uint8_t ret[JOURNAL_HASH_BYTES]) {
    const struct bytes part = {&n, sizeof n};
    token_hash16(&part, 1, ret);
}

static int is_wanted(void *ctx, uint64_t seq) {
    return *(uint64_t *)ctx == 0 || *(uint64_t *)ctx == seq;
}

/* The number of a key of which any number will do; 0: there is none. */
static uint64_t find(const struct memory *memory, uint64_t n) {
    uint8_t key[JOURNAL_HASH_BYTES];
    uint64_t any = 0, seq;
    key_of(n, key);
    int r = memory_find(memory, key, is_wanted, &any, &seq);
    assert_true(r == 0 || r == -ENOENT);
    return r == 0 ? seq : 0;
}

static void put(struct memory *memory, uint64_t n) {
    uint8_t key[JOURNAL_HASH_BYTES];
    key_of(n, key);
    assert_int_equal(memory_put(memory, key, n), 0);
}

static void forget(struct memory *memory, uint64_t n) {
    uint8_t key[JOURNAL_HASH_BYTES];
    key_of(n, key);
    memory_del(memory, key, n);
}

static void a_million(void **state) {
    (void)state;
    struct memory *memory = memory_new(MEMORY_KEYS_MOST);
    for (uint64_t n = 1; n <= MANY; n++)
        put(memory, n);
    assert_int_equal(memory_count(memory), MANY);
    for (uint64_t n = 1; n <= MANY; n++)
        assert_int_equal(find(memory, n), n);
    assert_int_equal(find(memory, MANY + 1), 0);
    for (uint64_t n = 1; n <= MANY; n += 2)
        forget(memory, n);
    assert_int_equal(memory_count(memory), MANY / 2);
    for (uint64_t n = 1; n <= MANY; n++)
        assert_int_equal(find(memory, n), n % 2 ? 0 : n);
    memory_free(&memory);
}

static void the_same_key_twice(void **state) {
    (void)state;
    struct memory *memory = memory_new(MEMORY_KEYS_MOST);
    uint8_t key[JOURNAL_HASH_BYTES];
    uint64_t wanted = 9, seq = 0;
    key_of(1, key);
    assert_int_equal(memory_put(memory, key, 5), 0);
    assert_int_equal(memory_put(memory, key, 9), 0);
    assert_int_equal(memory_find(memory, key, is_wanted, &wanted, &seq), 0);
    assert_int_equal(seq, 9);
    memory_del(memory, key, 9);
    assert_int_equal(memory_find(memory, key, is_wanted, &wanted, &seq), -ENOENT);
    wanted = 5;
    assert_int_equal(memory_find(memory, key, is_wanted, &wanted, &seq), 0);
    memory_free(&memory);
}

/* Numbers of more than four bytes are told apart, and the largest there may be is kept whole. */
static void large_numbers(void **state) {
    (void)state;
    static const uint64_t numbers[] = {1, (uint64_t)1 << 32, ((uint64_t)1 << 32) + 1,
                                       ((uint64_t)1 << 48) - 1};
    struct memory *memory = memory_new(MEMORY_KEYS_MOST);
    for (unsigned i = 0; i < COUNT_OF(numbers); i++)
        put(memory, numbers[i]);
    for (unsigned i = 0; i < COUNT_OF(numbers); i++)
        assert_int_equal(find(memory, numbers[i]), numbers[i]);
    forget(memory, numbers[1]);
    assert_int_equal(find(memory, numbers[1]), 0);
    assert_int_equal(memory_count(memory), COUNT_OF(numbers) - 1);
    memory_free(&memory);
}

/* Events 1 … count, one received each millisecond. */
static void fill(unsigned count) {
    struct journal_entry *entries = calloc(count, sizeof *entries);
    uint64_t first = 0;
    assert_non_null(entries);
    for (unsigned i = 0; i < count; i++) {
        entries[i].payload = (struct bytes){"event", 5};
        key_of(i + 1, entries[i].digest.key);
        entries[i].digest.received = 1000 + i + 1;
    }
    assert_int_equal(journal_append(journal, entries, count, NULL, 0, &first), 0);
    assert_int_equal(first, 1);
    free(entries);
}

static void is_rebuilt(void **state) {
    (void)state;
    uint64_t damaged = 9;
    struct memory *memory = memory_new(MEMORY_KEYS_MOST);
    assert_int_equal(memory_load(memory, journal, &damaged), 0);
    assert_int_equal(memory_count(memory), 0);
    fill(25000);
    assert_int_equal(memory_load(memory, journal, &damaged), 0);
    assert_int_equal(damaged, 0);
    assert_int_equal(memory_count(memory), 25000);
    for (uint64_t n = 1; n <= 25000; n++)
        assert_int_equal(find(memory, n), n);
    memory_free(&memory);
}

static void expires_from_the_oldest(void **state) {
    (void)state;
    uint64_t damaged;
    unsigned forgotten = 9;
    struct memory *memory = memory_new(MEMORY_KEYS_MOST);
    fill(100);
    assert_int_equal(memory_load(memory, journal, &damaged), 0);
    assert_int_equal(memory_expire(memory, journal, 1001, 101, 10, &forgotten), 0);
    assert_int_equal(forgotten, 0);
    assert_int_equal(memory_expire(memory, journal, 1031, 101, 10, &forgotten), 0);
    assert_int_equal(forgotten, 10);
    assert_int_equal(memory_expire(memory, journal, 1031, 101, 1000, &forgotten), 0);
    assert_int_equal(forgotten, 20);
    assert_int_equal(find(memory, 30), 0);
    assert_int_equal(find(memory, 31), 31);
    /* Not those whose events are kept. */
    assert_int_equal(memory_expire(memory, journal, 9999, 51, 1000, &forgotten), 0);
    assert_int_equal(forgotten, 20);
    memory_free(&memory);
    memory = memory_new(MEMORY_KEYS_MOST);
    assert_int_equal(memory_load(memory, journal, &damaged), 0);
    assert_int_equal(memory_count(memory), 50);
    assert_int_equal(find(memory, 51), 51);
    assert_int_equal(memory_expire(memory, journal, 9999, 101, 1000, &forgotten), 0);
    assert_int_equal(memory_count(memory), 0);
    memory_free(&memory);
    memory = memory_new(MEMORY_KEYS_MOST);
    assert_int_equal(memory_load(memory, journal, &damaged), 0);
    assert_int_equal(memory_count(memory), 0);
    memory_free(&memory);
}

static void expect_first(uint64_t want) {
    uint64_t first, last;
    assert_int_equal(journal_range(journal, &first, &last), 0);
    assert_int_equal(first, want);
}

static void events_go_when_they_were_used(void **state) {
    (void)state;
    uint64_t damaged;
    bool more = true;
    struct memory *memory = memory_new(MEMORY_KEYS_MOST);
    struct keep keep = {journal, memory, 100, 1000};
    assert_int_equal(keep_step(&keep, 5000, 0, &more), 0);
    assert_false(more);
    fill(2500);
    assert_int_equal(memory_load(memory, journal, &damaged), 0);
    assert_int_equal(keep_step(&keep, 2000, 0, &more), 0);
    expect_first(1); /* nobody says that they were used */
    assert_int_equal(keep_step(&keep, 2000, 500, &more), 0);
    expect_first(501);
    assert_false(more);
    assert_int_equal(keep_step(&keep, 1800, 2500, &more), 0);
    expect_first(700); /* received before 1700 */
    assert_int_equal(memory_count(memory), 2500);
    assert_int_equal(keep_step(&keep, 9999, 2500, &more), 0);
    expect_first(1700);
    assert_true(more);
    assert_int_equal(memory_count(memory), 2500 - 699);
    for (int i = 0; i < 5; i++)
        assert_int_equal(keep_step(&keep, 9999, 2500, &more), 0);
    expect_first(2501);
    assert_false(more);
    assert_int_equal(memory_count(memory), 0);
    memory_free(&memory);
}

static void there_is_an_end(void **state) {
    struct memory *memory = memory_new(100);
    uint8_t key[JOURNAL_HASH_BYTES];
    (void)state;
    for (uint64_t n = 1; n <= 100; n++)
        put(memory, n);
    key_of(101, key);
    assert_int_equal(memory_put(memory, key, 101), -ENOMEM);
    assert_int_equal(find(memory, 101), 0);
    forget(memory, 7);
    assert_int_equal(memory_put(memory, key, 101), 0);
    assert_int_equal(find(memory, 101), 101);
    memory_free(&memory);
}

/* The end that strangers meet is not met by what was accepted: 13 million keys take 576 MiB while
 * the table grows. */
static void more_than_a_stranger_may(void **state) {
    struct memory *memory = memory_new(MEMORY_KEYS_MOST);
    uint64_t key[2] = {0};
    (void)state;
    assert_int_equal(bus_limit_process(), 0);
    for (uint64_t n = 1; n <= 13 * MANY; n++) {
        key[0] = n * 0x9e3779b97f4a7c15u;
        if (memory_put(memory, (const uint8_t *)key, n))
            fail_msg("the key of %llu", (unsigned long long)n);
    }
    assert_int_equal(memory_count(memory), 13 * MANY);
    memory_free(&memory);
}

static int make_journal(void **state) {
    (void)state;
    if (folder_make(dir, "memory_test"))
        return -1;
    return journal_open(&journal, dir, true, 0);
}

static int drop_journal(void **state) {
    (void)state;
    journal_close(&journal);
    return folder_remove(dir);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, make_journal, drop_journal)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million),       cmocka_unit_test(the_same_key_twice),
        cmocka_unit_test(large_numbers),   ROW(is_rebuilt),
        cmocka_unit_test(there_is_an_end), cmocka_unit_test(more_than_a_stranger_may),
        ROW(expires_from_the_oldest),      ROW(events_go_when_they_were_used),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
