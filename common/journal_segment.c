#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/journal_inner.h"

#define MAGIC 0x31474f4c4b524943u /* "CIRKLOG1" */
#define SIZE_FIRST ((size_t)1 << 20)
#define SIZE_MOST ((size_t)64 << 20)
#define SIZE_LEAST ((size_t)64 << 10)
#define CHUNK ((size_t)1 << 18)
#define SPOT_EVERY 4096 /* bytes between places to begin looking from */

static uint32_t sum_of(const struct segment_head *head) {
    struct segment_head h = *head;
    h.sum = 0;
    return crc32c(0, &h, sizeof h);
}

static uint32_t seed_of(uint64_t salt) {
    return crc32c(0, &salt, sizeof salt);
}

/* ---- reading ---- */

int segment_map(const struct journal *journal, uint32_t number, struct segment *ret) {
    char path[PATH_BYTES];
    struct segment_head head;
    struct stat st;
    int r = journal_path_no(journal, "log", number, path);
    int fd = r < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return r < 0 ? r : -errno;
    ssize_t n = pread(fd, &head, sizeof head, 0);
    if (n != sizeof head || head.magic != MAGIC || head.number != number ||
        head.sum != sum_of(&head) || head.size > UINT32_MAX || head.size < SEGMENT_HEAD ||
        head.before > UINT32_MAX)
        r = n < 0 ? -errno : -EBADMSG;
    else if (fstat(fd, &st) < 0)
        r = -errno;
    else if ((uint64_t)st.st_size < head.size)
        r = -EBADMSG; /* cut: a page that is not there must not be read */
    void *map = r < 0 ? MAP_FAILED : mmap(NULL, head.size, PROT_READ, MAP_SHARED, fd, 0);
    if (r == 0 && map == MAP_FAILED)
        r = -errno;
    close(fd);
    if (r == 0)
        *ret = (struct segment){.number = number,
                                .seed = seed_of(head.salt),
                                .map = map,
                                .before = head.before,
                                .size = head.size,
                                .first = head.first,
                                .first_aside = head.first_aside,
                                .last = head.first - 1,
                                .last_aside = head.first_aside - 1,
                                .end = SEGMENT_HEAD};
    return r;
}

void segment_unmap(struct segment *segment) {
    if (segment->map != NULL)
        munmap(segment->map, segment->size);
    free(segment->spots);
    segment->map = NULL;
    segment->spots = NULL;
}

void segment_note(struct segment *segment, const struct record *record, size_t at) {
    const struct spot *before =
        segment->spot_count > 0 ? &segment->spots[segment->spot_count - 1] : NULL;
    if (record->kind == RECORD_ASIDE) {
        segment->last_aside = record->number;
        return;
    }
    segment->last = record->number;
    if (before != NULL && at - before->at < SPOT_EVERY)
        return;
    if (segment->spot_count == segment->spot_room) {
        segment->spot_room = segment->spot_room > 0 ? 2 * segment->spot_room : 64;
        segment->spots = realloc(segment->spots, segment->spot_room * sizeof segment->spots[0]);
        must(segment->spots != NULL);
    }
    segment->spots[segment->spot_count++] = (struct spot){record->number, at};
}

static bool find(const struct segment *segment, size_t *at, size_t end, struct record *ret) {
    for (; *at < end; *at += 8)
        if (record_read(segment->map, *at, end, segment->seed, ret))
            return true;
    return false;
}

bool segment_find(const struct segment *segment, size_t *at, struct record *ret) {
    return find(segment, at, segment->end, ret);
}

void segment_walk(struct segment *segment, size_t limit) {
    struct record record;
    size_t at = segment->end;
    while (find(segment, &at, limit, &record)) {
        segment_note(segment, &record, at);
        at += record.bytes;
    }
    segment->end = limit;
}

size_t segment_limit(const struct journal *journal, unsigned index) {
    return index + 1 < journal->count ? journal->segments[index + 1].before
                                      : journal->segments[index].end;
}

/* ---- making ---- */

int segment_head_write(int fd, const struct segment_head *head) {
    struct segment_head h = *head;
    h.magic = MAGIC;
    h.sum = sum_of(&h);
    return journal_write_at(fd, &h, sizeof h, 0);
}

/* Written once, so that what is written over it later changes nothing but these bytes. */
static int fill(const char *path, size_t size) {
    static uint8_t zeros[CHUNK]; /* never written */
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640), r = 0;
    if (fd < 0)
        return -errno;
    if (fchmod(fd, 0640) < 0 || (fallocate(fd, 0, 0, (off_t)size) < 0 && errno != EOPNOTSUPP))
        r = -errno;
    for (size_t at = 0; at < size && r == 0; at += CHUNK) {
        r = journal_write_at(fd, zeros, size - at < CHUNK ? size - at : CHUNK, at);
        if (r == 0)
            (void)sync_file_range(fd, (off_t)at, (off_t)CHUNK, SYNC_FILE_RANGE_WRITE);
    }
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    close(fd);
    if (r < 0)
        (void)unlink(path);
    return r == -EDQUOT || r == -EFBIG ? -ENOSPC : r;
}

static void *make(void *ctx) {
    struct maker *maker = ctx;
    maker->result = fill(maker->path, maker->size);
    return NULL;
}

/* Twice the one before, so that a small house stays small, and less where there is little room. */
static int size_for(const struct journal *journal, size_t need, size_t *ret) {
    const struct segment *tail = journal->count > 0 ? journal_tail(journal) : NULL;
    struct statvfs disk;
    if (statvfs(journal->dir, &disk) < 0)
        return -errno;
    size_t size = tail == NULL ? SIZE_FIRST : 2 * tail->size;
    size_t part = journal->limit / 8;
    uint64_t room = (uint64_t)disk.f_bavail * disk.f_frsize / 16;
    if (size > part)
        size = part;
    if (size > room)
        size = room;
    if (size > SIZE_MOST)
        size = SIZE_MOST;
    if (size < SIZE_LEAST)
        size = SIZE_LEAST;
    if (size < need + SEGMENT_HEAD)
        size = need + SEGMENT_HEAD;
    *ret = (size + SEGMENT_HEAD - 1) & ~(SEGMENT_HEAD - 1);
    return journal_used(journal) + *ret > journal->limit ? -ENOSPC : 0;
}

void segment_prepare(struct journal *journal) {
    struct maker *maker = &journal->maker;
    const struct segment *tail = journal_tail(journal);
    sigset_t all, before;
    if (maker->is_running || maker->is_there || tail->end < tail->size / 2)
        return;
    if (size_for(journal, 0, &maker->size) < 0 || journal_path(journal, "next", maker->path) < 0)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    maker->is_running = pthread_create(&maker->thread, NULL, make, maker) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void segment_prepare_end(struct journal *journal) {
    struct maker *maker = &journal->maker;
    if (!maker->is_running)
        return;
    must(pthread_join(maker->thread, NULL) == 0);
    maker->is_running = false;
    maker->is_there = maker->result == 0;
}

/* The file `next`, large enough. */
static int have_next(struct journal *journal, size_t need) {
    struct maker *maker = &journal->maker;
    segment_prepare_end(journal);
    if (maker->is_there && maker->size >= need + SEGMENT_HEAD)
        return 0;
    maker->is_there = false;
    int r = journal_path(journal, "next", maker->path);
    if (r == 0)
        r = size_for(journal, need, &maker->size);
    if (r == 0)
        r = fill(maker->path, maker->size);
    maker->is_there = r == 0;
    return r;
}

static int name_next(struct journal *journal, const struct segment_head *head, int *ret_fd) {
    char path[PATH_BYTES];
    int r = journal_path_no(journal, "log", head->number, path);
    int fd = r < 0 ? -1 : open(journal->maker.path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return r < 0 ? r : -errno;
    r = segment_head_write(fd, head);
    if (r == 0 && fdatasync(fd) < 0)
        r = -errno;
    if (r == 0 && rename(journal->maker.path, path) < 0)
        r = -errno;
    if (r == 0) {
        journal->maker.is_there = false;
        r = sync_dir(journal->dir);
    }
    if (r < 0)
        close(fd);
    else
        *ret_fd = fd;
    return r;
}

int segment_begin(struct journal *journal, size_t need) {
    struct segment *tail = journal->count > 0 ? journal_tail(journal) : NULL;
    struct segment_head head = {.number = tail == NULL ? 1 : tail->number + 1,
                                .before = tail == NULL ? 0 : tail->end,
                                .first = tail == NULL ? journal->head.first : tail->last + 1,
                                .first_aside =
                                    tail == NULL ? journal->head.aside + 1 : tail->last_aside + 1};
    int fd = -1, r = have_next(journal, need);
    head.size = journal->maker.size;
    if (r == 0 && getrandom(&head.salt, sizeof head.salt, 0) != sizeof head.salt)
        r = -EIO;
    if (r < 0)
        return r;
    r = name_next(journal, &head, &fd);
    if (r < 0) {
        journal->is_broken = r != -ENOSPC || !journal->maker.is_there;
        return r;
    }
    struct segment *grown = reallocarray(journal->segments, journal->count + 1, sizeof grown[0]);
    must(grown != NULL);
    journal->segments = grown;
    r = segment_map(journal, head.number, &grown[journal->count]);
    if (r < 0) {
        close(fd);
        journal->is_broken = true;
        return r;
    }
    journal->count++;
    if (journal->tail >= 0)
        close(journal->tail);
    journal->tail = fd;
    return 0;
}
