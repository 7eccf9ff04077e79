#include "common/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/fault.h"
#include "common/journal_inner.h"

#define LIMIT ((size_t)64 << 30)

/* ---- files ---- */

int journal_path(const struct journal *journal, const char *name, char ret[PATH_BYTES]) {
    int n = snprintf(ret, PATH_BYTES, "%s/%s", journal->dir, name);
    return n < 0 || n >= PATH_BYTES ? -ENAMETOOLONG : 0;
}

int journal_path_no(const struct journal *journal, const char *name, uint64_t number,
                    char ret[PATH_BYTES]) {
    int n =
        snprintf(ret, PATH_BYTES, "%s/%s.%08llu", journal->dir, name, (unsigned long long)number);
    return n < 0 || n >= PATH_BYTES ? -ENAMETOOLONG : 0;
}

int journal_write_at(int fd, const void *p, size_t n, size_t at) {
    const uint8_t *from = p;
    while (n > 0) {
        ssize_t did = pwrite(fd, from, n, (off_t)at);
        if (did < 0 && errno == EINTR)
            continue;
        if (did < 0)
            return -errno;
        from += did;
        at += (size_t)did;
        n -= (size_t)did;
    }
    return 0;
}

void journal_punch(const char *path, size_t from, size_t to) {
    int fd = from < to ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    (void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
                    (off_t)(to - from));
    close(fd);
}

struct segment *journal_tail(const struct journal *journal) {
    return &journal->segments[journal->count - 1];
}

/* Room for digests counts as used from the start, so that dropping always gives some. */
uint64_t journal_used(const struct journal *journal) {
    uint64_t used = 0;
    if (journal->count > 0)
        used += (journal_tail(journal)->last + 1 - journal->head.digest_first) * DIGEST_ROW_BYTES;
    for (unsigned i = 0; i < journal->count; i++)
        used += journal->segments[i].size;
    if (journal->count > 0 && journal->segments[0].number == journal->head.segment)
        used -= journal->head.offset - SEGMENT_HEAD;
    return used;
}

/* ---- opening ---- */

static int new_generation(struct journal *journal) {
    uint64_t generation = 0;
    while (generation == 0)
        if (getrandom(&generation, sizeof generation, 0) != sizeof generation)
            return -EIO;
    journal->head.generation = generation;
    return 0;
}

/* The head comes last: where there is one, there is a journal. */
static int make(struct journal *journal) {
    journal->head =
        (struct head){.first = 1, .digest_first = 1, .segment = 1, .offset = SEGMENT_HEAD};
    int r = new_generation(journal);
    if (r == 0)
        r = segment_begin(journal, 0);
    if (r == 0)
        r = mark_open(journal);
    if (r < 0)
        return r;
    mark_write(journal);
    return head_write(journal);
}

/* Not lock_file(): this lock goes when the journal is closed, not when the process ends. */
static int own(struct journal *journal) {
    char path[PATH_BYTES];
    int r = make_dir(journal->dir, 0750);
    if (r == 0)
        r = journal_path(journal, "writer.lock", path);
    if (r < 0)
        return r;
    journal->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (journal->lock < 0)
        return -errno;
    if (flock(journal->lock, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? -EBUSY : -errno;
    if (getrandom(&journal->nonce, sizeof journal->nonce, 0) != sizeof journal->nonce)
        return -EIO;
    r = head_read(journal);
    return r == -ENOENT ? make(journal) : r;
}

int journal_open(struct journal **ret, const char *dir, bool writer, size_t limit) {
    struct journal *journal = calloc(1, sizeof *journal);
    must(journal != NULL);
    journal->writer = writer;
    journal->limit = limit > 0 ? limit : LIMIT;
    journal->lock = journal->tail = journal->shelf = journal->ring = -1;
    watch_faults();
    int r = text_copy(text_of(dir), journal->dir, sizeof journal->dir);
    if (r == 0 && writer)
        r = own(journal);
    if (journal->tail >= 0)
        close(journal->tail);
    journal->tail = -1;
    if (r == 0)
        r = journal_load(journal);
    if (r < 0)
        journal_close(&journal);
    else
        *ret = journal;
    return r;
}

void journal_close(struct journal **journal) {
    struct journal *j = *journal;
    *journal = NULL;
    if (j == NULL)
        return;
    segment_prepare_end(j);
    shelf_close(j);
    for (unsigned i = 0; i < j->count; i++)
        segment_unmap(&j->segments[i]);
    free(j->segments);
    mark_close(j);
    if (j->tail >= 0)
        close(j->tail);
    if (j->lock >= 0)
        close(j->lock);
    free(j->out);
    free(j);
}

int journal_generation(struct journal *journal, uint64_t *ret) {
    *ret = journal->head.generation;
    return 0;
}

int journal_range(struct journal *journal, uint64_t *ret_first, uint64_t *ret_last) {
    int r = journal_follow(journal);
    if (r < 0)
        return r;
    uint64_t last = journal_tail(journal)->last;
    *ret_first = last > 0 ? journal->head.first : 0;
    *ret_last = last;
    return 0;
}

/* ---- appending ---- */

static size_t batch_bytes(const struct journal_entry *entries, unsigned count,
                          const struct bytes *asides, unsigned aside_count) {
    size_t n = 0;
    for (unsigned i = 0; i < count; i++)
        n += record_bytes(RECORD_ENTRY, entries[i].payload.n);
    for (unsigned i = 0; i < aside_count; i++)
        n += record_bytes(RECORD_ASIDE, asides[i].n < ASIDE_BYTES ? asides[i].n : ASIDE_BYTES);
    return n;
}

static void put(struct journal *journal, size_t *n, struct record *record) {
    const struct segment *tail = journal_tail(journal);
    record->batch = tail->end;
    record->nonce = journal->nonce;
    record_write(journal->out + *n, tail->end + *n, tail->seed, record);
    *n += record_bytes(record->kind, record->payload.n);
    record->number++;
    record->left--;
}

static void encode(struct journal *journal, const struct journal_entry *entries, unsigned count,
                   const struct bytes *asides, unsigned aside_count) {
    const struct segment *tail = journal_tail(journal);
    uint8_t digest[DIGEST_BYTES];
    struct record record = {.kind = RECORD_ENTRY,
                            .number = tail->last + 1,
                            .left = count + aside_count - 1,
                            .digest = digest};
    size_t n = 0;
    for (unsigned i = 0; i < count; i++) {
        digest_encode(&entries[i].digest, digest);
        record.payload = entries[i].payload;
        put(journal, &n, &record);
    }
    record.kind = RECORD_ASIDE;
    record.number = tail->last_aside + 1;
    for (unsigned i = 0; i < aside_count; i++) {
        record.payload = asides[i];
        if (record.payload.n > ASIDE_BYTES)
            record.payload.n = ASIDE_BYTES;
        put(journal, &n, &record);
    }
}

/* A disk that is full has cut the write: that is no batch, and the next one is written over it.
 * After any other failure nobody knows what is where. */
static int write_out(struct journal *journal, size_t n) {
    struct segment *tail = journal_tail(journal);
    journal->nonce++;
    int r = journal_write_at(journal->tail, journal->out, n, tail->end);
    if (r == -ENOSPC || r == -EDQUOT)
        return -ENOSPC;
    if (r == 0)
        r = fault_point("journal.before_sync");
    if (r == 0 && fdatasync(journal->tail) < 0)
        r = -errno;
    if (r == 0)
        r = fault_point("journal.after_sync");
    if (r < 0)
        journal->is_broken = true;
    return r < 0 ? -EIO : 0;
}

int journal_append(struct journal *journal, const struct journal_entry *entries, unsigned count,
                   const struct bytes *asides, unsigned aside_count, uint64_t *ret_first) {
    size_t n = batch_bytes(entries, count, asides, aside_count);
    int r = 0;
    if (!journal->writer || journal->is_broken)
        return journal->writer ? -EIO : -EPERM;
    for (unsigned i = 0; i < count; i++)
        if (entries[i].payload.n > PAYLOAD_MAX)
            return -EMSGSIZE;
    if (n > journal_tail(journal)->size - journal_tail(journal)->end)
        r = segment_begin(journal, n);
    if (r < 0)
        return r;
    if (n > journal->out_room) {
        free(journal->out);
        journal->out = malloc(n);
        must(journal->out != NULL);
        journal->out_room = n;
    }
    if (n > 0) {
        encode(journal, entries, count, asides, aside_count);
        r = write_out(journal, n);
    }
    if (r < 0)
        return r;
    struct segment *tail = journal_tail(journal);
    uint64_t first = tail->last + 1;
    segment_walk(tail, tail->end + n);
    must(tail->last + 1 == first + count);
    *ret_first = count > 0 ? first : 0;
    mark_write(journal);
    segment_prepare(journal);
    return 0;
}

/* ---- dropping ---- */

/* Passes the records before the first entry that is kept; what outlives them is put aside. */
static int pass(struct journal *journal, uint64_t seq, unsigned max, struct head *ret) {
    struct cursor cursor, before;
    struct record record;
    uint64_t last_aside = journal_tail(journal)->last_aside;
    int r = 0;
    cursor_at_head(journal, &cursor);
    before = cursor;
    ret->first = seq <= journal_tail(journal)->last ? seq : journal_tail(journal)->last + 1;
    for (unsigned passed = 0; r == 0 && cursor_next(&cursor, &record); before = cursor) {
        if (record.kind == RECORD_ASIDE) {
            if (record.number + ASIDES_KEPT > last_aside &&
                record_is_whole(&record, journal->segments[cursor.index].seed))
                r = shelf_put_aside(journal, record.number, record.payload);
            ret->aside = record.number;
        } else if (record.number >= seq || passed++ == max) {
            if (record.number < seq)
                ret->first = record.number;
            break;
        } else if (record.number >= journal->head.digest_first) {
            r = shelf_put_digest(journal, record.number, record.digest);
        }
    }
    ret->segment = journal->segments[before.index].number;
    ret->offset = before.at;
    return r;
}

static void drop_segments(struct journal *journal, uint64_t offset) {
    char path[PATH_BYTES];
    unsigned gone = 0;
    while (journal->segments[gone].number < journal->head.segment) {
        if (journal_path_no(journal, "log", journal->segments[gone].number, path) == 0)
            (void)unlink(path);
        segment_unmap(&journal->segments[gone++]);
    }
    journal->count -= gone;
    memmove(journal->segments, journal->segments + gone,
            journal->count * sizeof journal->segments[0]);
    if (journal_path_no(journal, "log", journal->head.segment, path) == 0)
        journal_punch(path, gone > 0 ? SEGMENT_HEAD : offset, journal->head.offset);
}

int journal_drop(struct journal *journal, uint64_t seq, unsigned max) {
    struct head before = journal->head, head = before;
    if (!journal->writer || journal->is_broken)
        return journal->writer ? -EIO : -EPERM;
    if (seq <= head.first || max == 0 || journal_tail(journal)->last < head.first)
        return 0;
    int r = pass(journal, seq, max, &head);
    if (r == 0)
        r = shelf_sync(journal);
    if (r == 0) {
        journal->head = head;
        r = head_write(journal);
    }
    if (r < 0) {
        journal->head = before;
        return r;
    }
    mark_write(journal);
    drop_segments(journal, before.offset);
    return 0;
}

int journal_forget(struct journal *journal, uint64_t seq, unsigned max) {
    uint64_t before = journal->head.digest_first, end = journal_tail(journal)->last + 1;
    if (!journal->writer || journal->is_broken)
        return journal->writer ? -EIO : -EPERM;
    if (seq > end)
        seq = end;
    if (seq <= before)
        return 0;
    journal->head.digest_first = seq - before > max ? before + max : seq;
    int r = head_write(journal);
    if (r < 0) {
        journal->head.digest_first = before;
        return r;
    }
    mark_write(journal);
    shelf_forget(journal, before);
    return 0;
}

int journal_renew(struct journal *journal) {
    struct head before = journal->head;
    if (!journal->writer || journal->is_broken)
        return journal->writer ? -EIO : -EPERM;
    int r = new_generation(journal);
    if (r == 0)
        r = head_write(journal);
    if (r < 0)
        journal->head = before;
    else
        mark_write(journal);
    return r;
}
