#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/journal_inner.h"

#define HEAD_MAGIC 0x3144414548474f4cu /* "LOGHEAD1" */
#define MARK_MAGIC 0x314b52414d474f4cu
#define HEAD_WORDS (sizeof(struct head) / 8 + 2) /* a magic before, a sum after */
#define MARK_WORDS (sizeof(struct mark) / 8 + 2)
#define MARK_BYTES 4096
#define TRIES 1000 /* while the writer writes it */

static uint64_t sum_of(const uint64_t *words, size_t count) {
    return crc32c(0, words, (count - 1) * sizeof words[0]);
}

/* ---- the head: what was dropped ---- */

int head_read(struct journal *journal) {
    char path[PATH_BYTES];
    uint64_t words[HEAD_WORDS];
    struct buf file;
    int r = journal_path(journal, "head", path);
    if (r == 0)
        r = read_file(path, sizeof words, &file);
    if (r < 0)
        return r == -EFBIG ? -EBADMSG : r;
    if (file.n == sizeof words)
        memcpy(words, file.p, sizeof words);
    if (file.n != sizeof words || words[0] != HEAD_MAGIC ||
        words[HEAD_WORDS - 1] != sum_of(words, HEAD_WORDS))
        r = -EBADMSG;
    else
        memcpy(&journal->head, words + 1, sizeof journal->head);
    buf_free(&file);
    return r;
}

int head_write(struct journal *journal) {
    char path[PATH_BYTES];
    uint64_t words[HEAD_WORDS] = {HEAD_MAGIC};
    memcpy(words + 1, &journal->head, sizeof journal->head);
    words[HEAD_WORDS - 1] = sum_of(words, HEAD_WORDS);
    int r = journal_path(journal, "head", path);
    return r < 0 ? r : write_file(path, 0640, (struct bytes){words, sizeof words});
}

/* ---- the mark: how far it is synced ---- */

/* Written, not only sized: a page of a full disk must not be missed when it is first written to. */
static int fill_mark(int fd) {
    static const uint8_t zeros[MARK_BYTES];
    struct stat st;
    if (fchmod(fd, 0640) < 0 || fstat(fd, &st) < 0)
        return -errno;
    return st.st_size < MARK_BYTES ? journal_write_at(fd, zeros, sizeof zeros, 0) : 0;
}

int mark_open(struct journal *journal) {
    char path[PATH_BYTES];
    struct stat st;
    bool writer = journal->writer;
    int r = journal->mark == NULL ? journal_path(journal, "mark", path) : -EALREADY;
    if (r < 0)
        return r == -EALREADY ? 0 : r;
    int fd = open(path, (writer ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC, 0640);
    if (fd < 0)
        return writer || errno != ENOENT ? -errno : 0;
    if (writer)
        r = fill_mark(fd);
    if (r == 0 && fstat(fd, &st) < 0)
        r = -errno;
    if (r == 0 && st.st_size >= MARK_BYTES) {
        void *map =
            mmap(NULL, MARK_BYTES, PROT_READ | (writer ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
        if (map == MAP_FAILED)
            r = -errno;
        else
            journal->mark = map;
    }
    close(fd);
    return r;
}

void mark_close(struct journal *journal) {
    if (journal->mark != NULL)
        munmap(journal->mark, MARK_BYTES);
    journal->mark = NULL;
}

bool mark_read(const struct journal *journal, struct mark *ret) {
    uint64_t words[MARK_WORDS];
    for (unsigned tries = 0; journal->mark != NULL && tries < TRIES; tries++) {
        for (unsigned i = 0; i < MARK_WORDS; i++)
            words[i] = __atomic_load_n(&journal->mark[i], __ATOMIC_ACQUIRE);
        if (words[0] == 0)
            return false;
        if (words[0] == MARK_MAGIC && words[MARK_WORDS - 1] == sum_of(words, MARK_WORDS)) {
            memcpy(ret, words + 1, sizeof *ret);
            return ret->generation == journal->head.generation;
        }
        sched_yield();
    }
    return false;
}

void mark_write(struct journal *journal) {
    const struct segment *tail = journal_tail(journal);
    struct mark mark = {.generation = journal->head.generation,
                        .segment = tail->number,
                        .offset = tail->end,
                        .last = tail->last,
                        .aside = tail->last_aside,
                        .first = journal->head.first,
                        .digest_first = journal->head.digest_first};
    uint64_t words[MARK_WORDS] = {MARK_MAGIC};
    if (journal->mark == NULL)
        return;
    memcpy(words + 1, &mark, sizeof mark);
    words[MARK_WORDS - 1] = sum_of(words, MARK_WORDS);
    for (unsigned i = 0; i < MARK_WORDS; i++)
        __atomic_store_n(&journal->mark[i], words[i], __ATOMIC_RELEASE);
}
