#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/journal_inner.h"

#define REDO_CHUNK ((size_t)1 << 20)

static void forget_segments(struct journal *journal, unsigned count) {
    if (count == 0)
        return;
    for (unsigned i = 0; i < count; i++)
        segment_unmap(&journal->segments[i]);
    journal->count -= count;
    memmove(journal->segments, journal->segments + count,
            journal->count * sizeof journal->segments[0]);
}

static int add_segment(struct journal *journal, uint32_t number) {
    struct segment segment, *before;
    int r = segment_map(journal, number, &segment);
    if (r < 0)
        return r;
    if (journal->count > 0) {
        before = journal_tail(journal);
        if (segment.before > before->size || segment.first < before->first) {
            segment_unmap(&segment);
            return -EBADMSG;
        }
        before->last = segment.first - 1;
        before->last_aside = segment.first_aside - 1;
    }
    before = reallocarray(journal->segments, journal->count + 1, sizeof segment);
    must(before != NULL);
    journal->segments = before;
    journal->segments[journal->count++] = segment;
    return 0;
}

/* What was written but perhaps not synced is written once more: after a sync that failed, the pages
 * pass for clean though they are not on the disk. */
static int redo(int fd, const struct segment *segment, size_t from, size_t to) {
    uint8_t *copy = malloc(REDO_CHUNK);
    int r = 0;
    must(copy != NULL);
    for (size_t n; from < to && r == 0; from += n) {
        n = to - from < REDO_CHUNK ? to - from : REDO_CHUNK;
        memcpy(copy, segment->map + from, n);
        r = journal_write_at(fd, copy, n, from);
    }
    free(copy);
    return r;
}

/* Finds the end of the tail, and has all before it on the disk. */
static int settle(struct journal *journal) {
    struct segment *tail = journal_tail(journal);
    struct mark mark = {.segment = 0};
    size_t trusted = SEGMENT_HEAD;
    char path[PATH_BYTES];
    bool is_marked = mark_read(journal, &mark);
    if (is_marked && mark.segment > tail->number)
        return -EBADMSG; /* a segment is missing */
    if (is_marked && mark.segment == tail->number && mark.offset <= tail->size &&
        mark.offset >= SEGMENT_HEAD && mark.offset % 8 == 0)
        trusted = mark.offset;
    if (journal->head.segment == tail->number && journal->head.offset > trusted)
        trusted = journal->head.offset;
    size_t end = record_batches_end(tail->map, trusted, tail->size, tail->seed);
    int r = journal_path_no(journal, "log", tail->number, path);
    int fd = r < 0 ? -1 : open(path, (journal->writer ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (fd < 0)
        return r < 0 ? r : -errno;
    if (journal->writer)
        r = redo(fd, tail, trusted, end);
    if (r == 0 && fdatasync(fd) < 0)
        r = -errno;
    if (r < 0 || !journal->writer)
        close(fd);
    else
        journal->tail = fd;
    if (r < 0)
        return r;
    segment_walk(tail, end);
    /* Numbers that were ever given are not given again, even if what they were given to is lost. */
    if (is_marked && mark.last > tail->last)
        tail->last = mark.last;
    if (is_marked && mark.aside > tail->last_aside)
        tail->last_aside = mark.aside;
    if (journal->head.first > 0 && journal->head.first - 1 > tail->last)
        tail->last = journal->head.first - 1;
    if (journal->head.aside > tail->last_aside)
        tail->last_aside = journal->head.aside;
    return 0;
}

static int load_once(struct journal *journal) {
    int r = head_read(journal);
    forget_segments(journal, journal->count);
    if (r == 0 && journal->head.segment > UINT32_MAX)
        r = -EBADMSG;
    if (r < 0)
        return r;
    uint32_t number = (uint32_t)journal->head.segment;
    while ((r = add_segment(journal, number)) == 0)
        number++;
    if (r != -ENOENT)
        return r;
    if (journal->count == 0)
        return -EAGAIN;
    struct segment *first = &journal->segments[0];
    if (journal->head.offset < SEGMENT_HEAD || journal->head.offset > first->size ||
        journal->head.offset % 8 != 0)
        return -EBADMSG;
    first->end = journal->head.offset;
    if (journal->count == 1) {
        first->last = journal->head.first - 1;
        first->last_aside = journal->head.aside;
    }
    return 0;
}

int journal_load(struct journal *journal) {
    int r = -EAGAIN;
    /* The first segment may go between reading the head and opening it. */
    for (unsigned tries = 0; tries < 3 && r == -EAGAIN; tries++)
        r = load_once(journal);
    if (r < 0)
        return r == -EAGAIN ? -EBADMSG : r;
    r = mark_open(journal);
    if (r == 0)
        r = settle(journal);
    if (r == 0 && journal->writer)
        mark_write(journal);
    return r;
}

int journal_follow(struct journal *journal) {
    struct mark mark;
    int r = journal->writer ? 0 : mark_open(journal);
    if (r < 0 || journal->writer || !mark_read(journal, &mark))
        return r;
    while (r == 0 && journal_tail(journal)->number < mark.segment)
        r = add_segment(journal, journal_tail(journal)->number + 1);
    if (r == -ENOENT && journal->walking == 0)
        return journal_load(journal);
    if (r < 0)
        return r;
    struct segment *tail = journal_tail(journal);
    if (tail->number == mark.segment && mark.offset > tail->end && mark.offset <= tail->size)
        segment_walk(tail, mark.offset);
    if (mark.last > tail->last)
        tail->last = mark.last;
    if (mark.aside > tail->last_aside)
        tail->last_aside = mark.aside;
    if (mark.first > journal->head.first)
        journal->head.first = mark.first;
    if (mark.digest_first > journal->head.digest_first)
        journal->head.digest_first = mark.digest_first;
    unsigned gone = 0;
    while (journal->walking == 0 && gone + 1 < journal->count &&
           journal->segments[gone + 1].first <= journal->head.first &&
           journal->segments[gone].last < journal->head.first)
        gone++;
    forget_segments(journal, gone);
    return 0;
}
