#include "common/journal_inner.h"
#include "tests/harness/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define ASIDES_KEPT 10000

static char dir[FOLDER_BYTES];

/* What a walk saw: how many, the first and last number, and a stop after so many. */
struct seen {
    unsigned count, stop_at;
    uint64_t first, last;
    size_t bytes;
};

static int see(struct seen *seen, uint64_t seq) {
    if (seen->count == 0)
        seen->first = seq;
    else
        assert_int_equal(seq, seen->last + 1);
    seen->last = seq;
    return ++seen->count == seen->stop_at ? -77 : 0;
}

static int see_entry(void *ctx, uint64_t seq, struct bytes payload) {
    struct seen *seen = ctx;
    char want[32];
    int n = snprintf(want, sizeof want, "entry %u", (unsigned)seq);
    assert_true(bytes_eq(payload, (struct bytes){want, (size_t)n}));
    return see(seen, seq);
}

static int see_aside(void *ctx, uint64_t no, struct bytes payload) {
    struct seen *seen = ctx;
    seen->bytes = payload.n;
    return see(seen, no);
}

static int see_digest(void *ctx, uint64_t seq, const struct journal_digest *digest) {
    for (unsigned i = 0; i < JOURNAL_HASH_BYTES; i++) {
        assert_int_equal(digest->key[i], (uint8_t)(seq + i));
        assert_int_equal(digest->content[i], (uint8_t)(seq * 3 + i));
    }
    assert_int_equal(digest->received, 1700000000000 + (instant)seq);
    return see(ctx, seq);
}

static struct journal *open_journal(bool writer, size_t limit) {
    struct journal *journal = NULL;
    assert_int_equal(journal_open(&journal, dir, writer, limit), 0);
    return journal;
}

/* `count` entries, numbered `from` on, with their text and digest. */
static int append(struct journal *journal, uint64_t from, unsigned count) {
    struct journal_entry entries[256];
    char text[256][32];
    uint64_t first = 0;
    assert_true(count <= 256);
    for (unsigned i = 0; i < count; i++) {
        uint64_t seq = from + i;
        int n = snprintf(text[i], sizeof text[i], "entry %u", (unsigned)seq);
        entries[i].payload = (struct bytes){text[i], (size_t)n};
        entries[i].digest.received = 1700000000000 + (instant)seq;
        for (unsigned j = 0; j < JOURNAL_HASH_BYTES; j++) {
            entries[i].digest.key[j] = (uint8_t)(seq + j);
            entries[i].digest.content[j] = (uint8_t)(seq * 3 + j);
        }
    }
    int r = journal_append(journal, entries, count, NULL, 0, &first);
    if (r == 0)
        assert_int_equal(first, from);
    return r;
}

static void expect_range(struct journal *journal, uint64_t first, uint64_t last) {
    uint64_t a = 99, b = 99;
    assert_int_equal(journal_range(journal, &a, &b), 0);
    assert_int_equal(a, first);
    assert_int_equal(b, last);
}

static void append_and_read(void **state) {
    (void)state;
    struct journal *journal = open_journal(true, 0);
    expect_range(journal, 0, 0);
    assert_int_equal(append(journal, 1, 3), 0);
    assert_int_equal(append(journal, 4, 1), 0);
    assert_int_equal(append(journal, 5, 200), 0);
    expect_range(journal, 1, 204);
    static const struct {
        uint64_t from;
        unsigned max, stop_at, count;
        int r;
    } rows[] = {
        {1, 1000, 0, 204, 0}, {0, 10, 0, 10, 0},  {200, 10, 0, 5, 0},
        {205, 10, 0, 0, 0},   {7, 10, 3, 3, -77}, {7, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct seen seen = {.stop_at = rows[i].stop_at}, digests = seen;
        assert_int_equal(journal_read(journal, rows[i].from, rows[i].max, see_entry, &seen),
                         rows[i].r);
        assert_int_equal(seen.count, rows[i].count);
        assert_int_equal(journal_digests(journal, rows[i].from, rows[i].max, see_digest, &digests),
                         rows[i].r);
        assert_int_equal(digests.count, rows[i].count);
        assert_int_equal(digests.first, seen.first);
    }
    uint64_t all = 0, some = 0, none = 9;
    assert_int_equal(journal_bytes(journal, 1, &all), 0);
    assert_int_equal(journal_bytes(journal, 150, &some), 0);
    assert_int_equal(journal_bytes(journal, 205, &none), 0);
    assert_true(all > 204 * 9 && some >= 55 * 9 && some < all && none == 0);
    journal_close(&journal);
    journal_close(&journal);
}

static void drop_and_forget(void **state) {
    (void)state;
    struct journal *journal = open_journal(true, 0);
    struct seen seen = {0}, digests = {0};
    assert_int_equal(journal_drop(journal, 100, 10), 0);
    assert_int_equal(append(journal, 1, 100), 0);
    assert_int_equal(journal_drop(journal, 51, 30), 0);
    expect_range(journal, 31, 100);
    assert_int_equal(journal_drop(journal, 51, 30), 0);
    expect_range(journal, 51, 100);
    assert_int_equal(journal_forget(journal, 11, 1000), 0);
    assert_int_equal(journal_read(journal, 1, 1000, see_entry, &seen), 0);
    assert_true(seen.first == 51 && seen.last == 100);
    assert_int_equal(journal_digests(journal, 1, 1000, see_digest, &digests), 0);
    assert_true(digests.first == 11 && digests.last == 100);
    assert_int_equal(journal_drop(journal, 101, 1000), 0);
    assert_int_equal(journal_forget(journal, 101, 1000), 0);
    expect_range(journal, 101, 100);
    journal_close(&journal);
    journal = open_journal(true, 0);
    expect_range(journal, 101, 100);
    assert_int_equal(append(journal, 101, 2), 0);
    expect_range(journal, 101, 102);
    journal_close(&journal);
}

static void asides_ring(void **state) {
    (void)state;
    struct journal *journal = open_journal(true, 0);
    static const char big[3000];
    struct bytes asides[500];
    uint64_t ever = 99, first = 99;
    assert_int_equal(journal_aside_count(journal, &ever), 0);
    assert_int_equal(ever, 0);
    for (unsigned i = 0; i < COUNT_OF(asides); i++)
        asides[i] = (struct bytes){big, i + 1 < COUNT_OF(asides) ? 7 : sizeof big};
    for (unsigned i = 0; i < 21; i++)
        assert_int_equal(journal_append(journal, NULL, 0, asides, COUNT_OF(asides), &first), 0);
    assert_int_equal(first, 0);
    assert_int_equal(journal_aside_count(journal, &ever), 0);
    assert_int_equal(ever, 10500);
    struct seen seen = {0};
    assert_int_equal(journal_asides(journal, 0, 20000, see_aside, &seen), 0);
    assert_int_equal(seen.count, ASIDES_KEPT);
    assert_int_equal(seen.last, ever);
    assert_int_equal(seen.bytes, 1024);
    expect_range(journal, 0, 0);
    journal_close(&journal);
}

static void reopen(void **state) {
    (void)state;
    uint64_t one, two, rows, damaged;
    struct journal *journal = NULL;
    assert_int_equal(journal_open(&journal, dir, false, 0), -ENOENT);
    assert_null(journal);
    journal = open_journal(true, 0);
    assert_int_equal(journal_generation(journal, &one), 0);
    assert_int_not_equal(one, 0);
    assert_int_equal(append(journal, 1, 10), 0);
    journal_close(&journal);
    journal = open_journal(true, 0);
    assert_int_equal(journal_generation(journal, &two), 0);
    assert_int_equal(one, two);
    assert_int_equal(append(journal, 11, 10), 0);
    assert_int_equal(journal_renew(journal), 0);
    assert_int_equal(journal_generation(journal, &two), 0);
    assert_int_not_equal(one, two);
    journal_close(&journal);
    journal = open_journal(false, 0);
    expect_range(journal, 1, 20);
    assert_int_equal(append(journal, 21, 1), -EPERM);
    assert_int_equal(journal_verify(journal, &rows, &damaged), 0);
    assert_int_equal(rows, 20);
    assert_int_equal(damaged, 0);
    journal_close(&journal);
}

/* Another process reads what was appended, while the journal stays open for writing. */
static void reader_follows(void **state) {
    (void)state;
    struct journal *journal = open_journal(true, 0);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(append(journal, i, 1), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct journal *reader;
            struct seen seen = {0};
            int r = journal_open(&reader, dir, false, 0);
            if (r == 0)
                r = journal_read(reader, 1, 100, see_entry, &seen);
            _exit(r < 0 || seen.count != i);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    journal_close(&journal);
}

static void full_and_again(void **state) {
    (void)state;
    struct journal *journal = open_journal(true, (size_t)1 << 20);
    uint64_t seq = 1;
    int r;
    while ((r = append(journal, seq, 100)) == 0)
        seq += 100;
    assert_int_equal(r, -ENOSPC);
    expect_range(journal, 1, seq - 1);
    uint64_t used = journal_used(journal);
    assert_true(used > 1 << 19 && used <= 1 << 20);
    for (uint64_t done = 0; done < seq; done += 100) {
        assert_int_equal(journal_drop(journal, seq, 100), 0);
        assert_int_equal(journal_forget(journal, seq, 100), 0);
    }
    assert_int_equal(append(journal, seq, 100), 0);
    expect_range(journal, seq, seq + 99);
    journal_close(&journal);
}

static void flip_in_file(const char *needle) {
    char path[FOLDER_BYTES + 32];
    struct buf b;
    buf_init(&b, (size_t)64 << 20);
    snprintf(path, sizeof path, "%s/log.00000001", dir);
    assert_int_equal(read_file(path, (size_t)64 << 20, &b), 0);
    size_t n = strlen(needle);
    int fd = open(path, O_WRONLY), hits = 0;
    for (char *at = b.p; at < b.p + b.n - n; at++)
        if (memcmp(at, needle, n) == 0)
            hits += pwrite(fd, "E", 1, at - b.p) == 1;
    assert_true(hits > 0);
    close(fd);
    buf_free(&b);
}

static void damage(void **state) {
    (void)state;
    uint64_t rows, damaged;
    struct journal *journal = open_journal(true, 0);
    assert_int_equal(append(journal, 1, 20), 0);
    journal_close(&journal);
    flip_in_file("entry 15");
    journal = open_journal(true, 0);
    struct seen before = {0}, after = {0};
    assert_int_equal(journal_read(journal, 1, 100, see_entry, &before), -EBADMSG);
    assert_int_equal(before.last, 14);
    assert_int_equal(journal_read(journal, before.last + 2, 100, see_entry, &after), 0);
    assert_true(after.first == 16 && after.last == 20);
    assert_int_equal(journal_verify(journal, &rows, &damaged), 0);
    assert_int_equal(rows, 20);
    assert_int_equal(damaged, 1);
    assert_int_equal(journal_drop(journal, 18, 100), 0);
    expect_range(journal, 18, 20);
    journal_close(&journal);
}

static int access_log(unsigned number) {
    char path[FOLDER_BYTES + 32];
    snprintf(path, sizeof path, "%s/log.%08u", dir, number);
    return access(path, F_OK);
}

/* Segments come and go, and what outlives them is still there. */
static void rotation(void **state) {
    (void)state;
    struct journal *journal = open_journal(true, (size_t)2 << 20);
    struct bytes aside = {"refused", 7};
    uint64_t seq = 1, rows, damaged, none;
    for (; seq <= 20000; seq += 100) {
        assert_int_equal(append(journal, seq, 100), 0);
        assert_int_equal(journal_append(journal, NULL, 0, &aside, 1, &none), 0);
        if (seq > 5000)
            assert_int_equal(journal_drop(journal, seq - 5000, 150), 0);
        if (seq % 5000 == 1) {
            journal_close(&journal);
            journal = open_journal(true, (size_t)2 << 20);
        }
    }
    struct seen events = {0}, digests = {0}, asides = {0};
    uint64_t first, last;
    assert_int_equal(journal_range(journal, &first, &last), 0);
    assert_true(first > 10000 && last == 20000);
    assert_int_equal(journal_read(journal, 1, 100000, see_entry, &events), 0);
    assert_true(events.first == first && events.last == 20000);
    assert_int_equal(journal_digests(journal, 1, 100000, see_digest, &digests), 0);
    assert_true(digests.first == 1 && digests.last == 20000);
    assert_int_equal(journal_asides(journal, 0, 1000, see_aside, &asides), 0);
    assert_true(asides.first == 1 && asides.last == 200 && asides.bytes == 7);
    assert_int_equal(journal_verify(journal, &rows, &damaged), 0);
    assert_true(rows >= 20000 && rows <= 20200); /* asides of dropped segments are not walked */
    assert_int_equal(damaged, 0);
    assert_int_equal(journal_forget(journal, 9001, 100000), 0);
    digests = (struct seen){0};
    assert_int_equal(journal_digests(journal, 1, 100000, see_digest, &digests), 0);
    assert_true(digests.first == 9001 && digests.last == 20000);
    assert_int_not_equal(access_log(1), 0);
    journal_close(&journal);
}

/* A copy is the same journal, whose own way begins where it was copied. */
static void copy(void **state) {
    (void)state;
    char there[FOLDER_BYTES + 32], own[FOLDER_BYTES];
    struct journal *journal = open_journal(true, 0);
    struct seen events = {0}, digests = {0};
    assert_int_equal(append(journal, 1, 200), 0);
    assert_int_equal(journal_drop(journal, 51, 1000), 0);
    snprintf(there, sizeof there, "%s/copy", dir);
    assert_int_equal(journal_copy(journal, there), 0);
    assert_int_equal(append(journal, 201, 1), 0);
    journal_close(&journal);
    memcpy(own, dir, sizeof own);
    assert_true(snprintf(dir, sizeof dir, "%s/copy", own) > 0);
    journal = open_journal(false, 0);
    expect_range(journal, 51, 200);
    journal_close(&journal);
    journal = open_journal(true, 0);
    assert_int_equal(append(journal, 201, 100), 0);
    assert_int_equal(journal_read(journal, 1, 1000, see_entry, &events), 0);
    assert_true(events.first == 51 && events.last == 300);
    assert_int_equal(journal_digests(journal, 1, 1000, see_digest, &digests), 0);
    assert_true(digests.first == 1 && digests.last == 300);
    journal_close(&journal);
    memcpy(dir, own, sizeof dir);
}

/* No file may grow past the limit: the next segment cannot be made, until it can. */
static void no_room_for_a_segment(void **state) {
    (void)state;
    struct rlimit before, small;
    struct journal *journal = open_journal(true, 0);
    uint64_t seq = 1;
    int r;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = (rlim_t)3 << 19;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    while ((r = append(journal, seq, 100)) == 0)
        seq += 100;
    assert_int_equal(r, -ENOSPC);
    assert_int_equal(append(journal, seq, 100), -ENOSPC);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(append(journal, seq, 100), 0);
    expect_range(journal, 1, seq + 99);
    journal_close(&journal);
    journal = open_journal(true, 0);
    expect_range(journal, 1, seq + 99);
    journal_close(&journal);
}

static void one_writer(void **state) {
    (void)state;
    struct journal *journal = open_journal(true, 0), *other = NULL;
    assert_int_equal(journal_open(&other, dir, true, 0), -EBUSY);
    assert_null(other);
    journal_close(&journal);
}

static void modes(void **state) {
    (void)state;
    static const char *const files[] = {"log.00000001", "head", "mark"};
    char path[FOLDER_BYTES + 32];
    struct stat st;
    mode_t before = umask(0);
    struct journal *journal = open_journal(true, 0);
    umask(before);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0640);
    }
    journal_close(&journal);
}

static int count_digest(void *ctx, uint64_t seq, const struct journal_digest *digest) {
    (void)seq;
    (void)digest;
    ++*(unsigned *)ctx;
    return 0;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What a start costs with a million entries. */
static void a_million(void **state) {
    (void)state;
    enum { BATCH = 2000, COUNT = 1000000 };
    static char text[300];
    struct journal_entry *entries = calloc(BATCH, sizeof *entries);
    struct journal *journal = open_journal(true, 0);
    uint64_t first;
    unsigned count = 0;
    assert_non_null(entries);
    for (unsigned i = 0; i < BATCH; i++)
        entries[i].payload = (struct bytes){text, sizeof text};
    double began = seconds();
    for (unsigned i = 0; i < COUNT; i += BATCH)
        assert_int_equal(journal_append(journal, entries, BATCH, NULL, 0, &first), 0);
    double appended = seconds();
    journal_close(&journal);
    journal = open_journal(true, 0);
    double opened = seconds();
    assert_int_equal(journal_digests(journal, 1, COUNT, count_digest, &count), 0);
    print_message(
        "a million of 300 bytes: appended in %.2f s, opened in %.3f s, digests in %.3f s\n",
        appended - began, opened - appended, seconds() - opened);
    assert_int_equal(count, COUNT);
    journal_close(&journal);
    free(entries);
}

static int make_folder(void **state) {
    (void)state;
    return folder_make(dir, "journal_test");
}

static int drop_folder(void **state) {
    (void)state;
    return folder_remove(dir);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, make_folder, drop_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        ROW(append_and_read),
        ROW(drop_and_forget),
        ROW(asides_ring),
        ROW(reopen),
        ROW(reader_follows),
        ROW(full_and_again),
        ROW(damage),
        ROW(rotation),
        ROW(copy),
        ROW(no_room_for_a_segment),
        ROW(one_writer),
        ROW(modes),
        ROW(a_million),
    };
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
