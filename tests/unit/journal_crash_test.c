/* The journal after what ends a process or a machine in the middle: torn batches, damage, kills. */
#include "common/journal.h"
#include "tests/harness/draw.h"
#include "tests/harness/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LOG_FROM 4096 /* where a segment's records begin */
#define BATCH_MOST 20
#define KILLS 40
#define MORE 4096 /* bytes that the next batch may have been written into */

static char dir[FOLDER_BYTES];
static uint64_t random_state;

static unsigned below(unsigned n) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % n;
}

static void seed(void) {
    random_state = draw_number("SEED", (unsigned long)time(NULL));
    print_message("SEED=%llu\n", (unsigned long long)random_state);
}

/* The n-th payload: its number, and as many bytes as it says. */
static struct bytes payload_of(uint64_t seq, char to[128]) {
    int n = snprintf(
        to, 128, "entry %llu %.*s", (unsigned long long)seq, (int)(seq * 7 % 90),
        "....................................................................................."
        "..........");
    return (struct bytes){to, (size_t)n};
}

static int append(struct journal *journal, uint64_t from, unsigned count) {
    struct journal_entry entries[BATCH_MOST] = {0};
    char texts[BATCH_MOST][128];
    uint64_t first;
    for (unsigned i = 0; i < count; i++) {
        entries[i].payload = payload_of(from + i, texts[i]);
        entries[i].digest.received = (instant)(from + i);
    }
    int r = journal_append(journal, entries, count, NULL, 0, &first);
    if (r == 0 && first != from)
        r = -EILSEQ;
    return r;
}

static int check_entry(void *ctx, uint64_t seq, struct bytes payload) {
    char text[128];
    uint64_t *next = ctx;
    if (seq != *next || !bytes_eq(payload, payload_of(seq, text)))
        return -EILSEQ;
    ++*next;
    return 0;
}

static int check_digest(void *ctx, uint64_t seq, const struct journal_digest *digest) {
    uint64_t *next = ctx;
    if (seq != *next || digest->received != (instant)seq)
        return -EILSEQ;
    ++*next;
    return 0;
}

/* How many entries it has, all of which are as they were said. */
static uint64_t entries_of(struct journal *journal) {
    uint64_t next = 1, next_digest = 1, first, last;
    assert_int_equal(journal_range(journal, &first, &last), 0);
    assert_int_equal(journal_read(journal, 1, UINT32_MAX, check_entry, &next), 0);
    assert_int_equal(journal_digests(journal, 1, UINT32_MAX, check_digest, &next_digest), 0);
    assert_int_equal(next, last + 1);
    assert_int_equal(next_digest, last + 1);
    return last;
}

static struct journal *open_journal(bool writer) {
    struct journal *journal = NULL;
    assert_int_equal(journal_open(&journal, dir, writer, 0), 0);
    return journal;
}

static void path_of(const char *name, char path[FOLDER_BYTES + 32]) {
    snprintf(path, FOLDER_BYTES + 32, "%s/%s", dir, name);
}

static void remove_file(const char *name) {
    char path[FOLDER_BYTES + 32];
    path_of(name, path);
    (void)remove(path);
}

static uint8_t *load_log(size_t *ret_size, size_t *ret_end) {
    char path[FOLDER_BYTES + 32];
    struct stat st;
    path_of("log.00000001", path);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    size_t size = (size_t)st.st_size, end;
    uint8_t *log = malloc(size);
    assert_non_null(log);
    assert_int_equal(read(fd, log, size), size);
    close(fd);
    for (end = size; end > LOG_FROM && log[end - 1] == 0; end--)
        ;
    *ret_size = size;
    *ret_end = (end + 7) & ~(size_t)7;
    return log;
}

static void store_log(const uint8_t *log, size_t from, size_t to) {
    char path[FOLDER_BYTES + 32];
    path_of("log.00000001", path);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, log + from, to - from, (off_t)from), to - from);
    close(fd);
}

/* Four entries, a batch of three after them, and where that begins. */
static uint8_t *two_batches(size_t *ret_from, size_t *ret_end) {
    size_t size, none;
    struct journal *journal = open_journal(true);
    assert_int_equal(append(journal, 1, 4), 0);
    journal_close(&journal);
    free(load_log(&size, ret_from));
    journal = open_journal(true);
    assert_int_equal(append(journal, 5, 3), 0);
    journal_close(&journal);
    uint8_t *log = load_log(&size, &none);
    *ret_end = none;
    return log;
}

/* The power went: the last batch is on the disk up to some byte, and the mark is
 * not there. It is all there or not at all, and the next batch follows. */
static void torn_tail(void **state) {
    (void)state;
    size_t from, end;
    uint8_t *log = two_batches(&from, &end), *torn = calloc(1, end + MORE);
    assert_non_null(torn);
    for (size_t cut = from; cut <= end; cut++) {
        memcpy(torn, log, cut);
        memset(torn + cut, 0, end + MORE - cut);
        bool is_whole = memcmp(torn, log, end) == 0;
        for (int write = 0; write < 2; write++) {
            store_log(torn, from, end + MORE);
            remove_file("mark");
            struct journal *journal = open_journal(write);
            assert_int_equal(entries_of(journal), is_whole ? 7 : 4);
            if (write)
                assert_int_equal(append(journal, is_whole ? 8 : 5, 1), 0);
            if (write)
                assert_int_equal(entries_of(journal), is_whole ? 8 : 5);
            journal_close(&journal);
        }
    }
    free(torn);
    free(log);
}

/* A smaller batch over what a torn one left behind. */
static void leftovers(void **state) {
    (void)state;
    size_t from, end;
    uint8_t *log = two_batches(&from, &end);
    memset(log + from, 0, 8);
    for (unsigned n = 1; n < 3; n++) {
        store_log(log, from, end);
        remove_file("mark");
        struct journal *journal = open_journal(true);
        assert_int_equal(entries_of(journal), 4);
        assert_int_equal(append(journal, 5, n), 0);
        journal_close(&journal);
        remove_file("mark");
        journal = open_journal(true);
        assert_int_equal(entries_of(journal), 4 + n);
        journal_close(&journal);
    }
    free(log);
}

/* A bit flips in what was synced: an entry is damaged, never another one, and none comes twice. */
static void bit_flips(void **state) {
    (void)state;
    size_t from, end;
    uint8_t *log = two_batches(&from, &end);
    for (size_t bit = LOG_FROM * 8; bit < end * 8; bit += 1 + below(5)) {
        uint64_t next = 1, first, last, rows, damaged;
        log[bit / 8] ^= (uint8_t)(1u << bit % 8);
        store_log(log, LOG_FROM, end);
        struct journal *journal = open_journal(below(2) == 0);
        assert_int_equal(journal_range(journal, &first, &last), 0);
        assert_true(first == 1 && last == 7);
        assert_int_equal(journal_verify(journal, &rows, &damaged), 0);
        while (next <= last) {
            int r = journal_read(journal, next, 100, check_entry, &next);
            assert_true(r == 0 || r == -EBADMSG);
            if (r == -EBADMSG) {
                assert_true(damaged > 0);
                next++;
            }
        }
        journal_close(&journal);
        log[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    store_log(log, LOG_FROM, end);
    free(log);
}

/* ---- processes ---- */

static int read_along(uint64_t until) {
    struct journal *journal;
    uint64_t next = 1, first, last = 0;
    int r = journal_open(&journal, dir, false, 0);
    while (r == 0 && next <= until) {
        uint64_t before = last;
        r = journal_range(journal, &first, &last);
        if (r == 0 && last < before)
            r = -EILSEQ;
        if (r == 0)
            r = journal_read(journal, next, 1 + (unsigned)(next % 50), check_entry, &next);
    }
    if (r == 0)
        journal_close(&journal);
    return r;
}

static void readers_beside_the_writer(void **state) {
    (void)state;
    enum { READERS = 2, UNTIL = 40000 };
    pid_t pids[READERS];
    struct journal *journal = open_journal(true);
    for (unsigned i = 0; i < READERS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0)
            _exit(-read_along(UNTIL));
    }
    for (uint64_t seq = 1; seq <= UNTIL;) {
        unsigned n = 1 + below(BATCH_MOST);
        assert_int_equal(append(journal, seq, n), 0);
        seq += n;
    }
    for (unsigned i = 0; i < READERS; i++) {
        int status = 0;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    journal_close(&journal);
}

/* Appends and says on the pipe how far it came, until it is killed. */
static _Noreturn void append_for_ever(int pipe) {
    struct journal *journal;
    uint64_t first, last;
    if (journal_open(&journal, dir, true, 0) < 0 || journal_range(journal, &first, &last) < 0)
        _exit(1);
    for (;;) {
        unsigned n = 1 + below(BATCH_MOST);
        if (append(journal, last + 1, n) < 0)
            _exit(2);
        last += n;
        if (write(pipe, &last, sizeof last) != sizeof last)
            _exit(3);
    }
}

static void killed(void **state) {
    (void)state;
    uint64_t acked = 0, last = 0;
    for (unsigned i = 0; i < KILLS; i++) {
        int ends[2], status;
        assert_int_equal(pipe(ends), 0);
        (void)below(2);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(ends[0]);
            append_for_ever(ends[1]);
        }
        close(ends[1]);
        usleep(5000 + below(40000));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        while (read(ends[0], &acked, sizeof acked) == sizeof acked)
            ;
        close(ends[0]);
        if (below(3) == 0)
            remove_file("mark");
        struct journal *journal = NULL;
        int r = journal_open(&journal, dir, below(2) == 0, 0);
        if (r == -ENOENT && acked == 0)
            continue; /* killed before the journal was made */
        assert_int_equal(r, 0);
        last = entries_of(journal);
        assert_true(last >= acked);
        journal_close(&journal);
    }
    print_message("%u kills, %llu entries\n", KILLS, (unsigned long long)last);
}

static int make_folder(void **state) {
    (void)state;
    return folder_make(dir, "journal_crash");
}

static int drop_folder(void **state) {
    (void)state;
    return folder_remove(dir);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, make_folder, drop_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        ROW(torn_tail), ROW(leftovers), ROW(bit_flips), ROW(readers_beside_the_writer), ROW(killed),
    };
    seed();
    return cmocka_run_group_tests_name("journal_crash", tests, NULL, NULL);
}
