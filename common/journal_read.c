#include <errno.h>
#include <string.h>

#include "common/journal_inner.h"

/* ---- cursors ---- */

/* A segment that is not the tail is walked when it is first looked into. */
static void know(struct journal *journal, unsigned index) {
    struct segment *segment = &journal->segments[index];
    size_t limit = segment_limit(journal, index);
    uint64_t last = segment->last, last_aside = segment->last_aside;
    if (segment->end >= limit)
        return;
    segment_walk(segment, limit);
    segment->last = last;
    segment->last_aside = last_aside;
}

void cursor_at_head(struct journal *journal, struct cursor *ret) {
    const struct segment *first = &journal->segments[0];
    *ret = (struct cursor){journal, 0, SEGMENT_HEAD};
    if (first->number == journal->head.segment)
        ret->at = journal->head.offset;
    know(journal, 0);
}

void cursor_at_entry(struct journal *journal, uint64_t seq, struct cursor *ret) {
    unsigned low = 0, high = journal->count;
    cursor_at_head(journal, ret);
    while (high - low > 1) { /* the last one that begins at or before it */
        unsigned middle = low + (high - low) / 2;
        if (journal->segments[middle].first <= seq)
            low = middle;
        else
            high = middle;
    }
    if (low > 0)
        *ret = (struct cursor){journal, low, SEGMENT_HEAD};
    know(journal, low);
    const struct segment *segment = &journal->segments[low];
    unsigned from = 0, to = segment->spot_count;
    while (from < to) {
        unsigned middle = from + (to - from) / 2;
        if (segment->spots[middle].seq <= seq)
            from = middle + 1;
        else
            to = middle;
    }
    if (from > 0 && segment->spots[from - 1].at > ret->at)
        ret->at = segment->spots[from - 1].at;
}

bool cursor_next(struct cursor *cursor, struct record *ret) {
    struct journal *journal = cursor->journal;
    for (;;) {
        if (segment_find(&journal->segments[cursor->index], &cursor->at, ret)) {
            cursor->at += ret->bytes;
            return true;
        }
        if (cursor->index + 1 >= journal->count)
            return false;
        know(journal, ++cursor->index);
        cursor->at = SEGMENT_HEAD;
    }
}

/* ---- walks ---- */

struct walk {
    enum record_kind kind;
    uint64_t next, last;
    unsigned left;
    journal_fn *fn;
    journal_digest_fn *digest_fn;
    void *ctx;
};

/* The reader may be behind the writer, which gave this one back to the disk meanwhile. */
static bool is_gone(struct walk *walk, struct journal *journal) {
    struct mark mark;
    if (journal->writer || walk->kind != RECORD_ENTRY || !mark_read(journal, &mark) ||
        mark.first <= walk->next)
        return false;
    walk->next = mark.first;
    return true;
}

static int tell(struct walk *walk, const struct segment *segment, const struct record *record) {
    struct journal_digest digest;
    if (walk->digest_fn != NULL) {
        digest_decode(record->digest, &digest);
        return walk->digest_fn(walk->ctx, record->number, &digest);
    }
    if (!record_is_whole(record, segment->seed))
        return -EBADMSG;
    return walk->fn(walk->ctx, record->number, record->payload);
}

static int walk_log(struct walk *walk, struct cursor *cursor) {
    struct journal *journal = cursor->journal;
    struct record record;
    while (walk->left > 0 && walk->next <= walk->last && cursor_next(cursor, &record)) {
        if (record.kind != walk->kind || record.number < walk->next)
            continue;
        if (record.number > walk->next && (!is_gone(walk, journal) || record.number > walk->next))
            return -EBADMSG;
        if (record.number < walk->next)
            continue;
        int r = tell(walk, &journal->segments[cursor->index], &record);
        if (r == -EBADMSG && is_gone(walk, journal))
            continue;
        if (r != 0)
            return r;
        walk->left--;
        walk->next++;
    }
    return walk->left > 0 && walk->next <= walk->last && !is_gone(walk, journal) ? -EBADMSG : 0;
}

static int walk_shelf(struct journal *journal, struct walk *walk) {
    struct journal_digest digest;
    while (walk->left > 0 && walk->next <= walk->last && walk->next < journal->head.first) {
        int r = shelf_digest(journal, walk->next, &digest);
        if (r == 0)
            r = walk->digest_fn(walk->ctx, walk->next, &digest);
        if (r != 0)
            return r;
        walk->left--;
        walk->next++;
    }
    return 0;
}

int journal_read(struct journal *journal, uint64_t from, unsigned max, journal_fn *fn, void *ctx) {
    struct cursor cursor;
    int r = journal_follow(journal);
    if (r < 0)
        return r;
    struct walk walk = {.kind = RECORD_ENTRY, .next = from, .left = max, .fn = fn, .ctx = ctx};
    walk.last = journal_tail(journal)->last;
    if (walk.next < journal->head.first)
        walk.next = journal->head.first;
    if (walk.next > walk.last || max == 0)
        return 0;
    journal->walking++;
    cursor_at_entry(journal, walk.next, &cursor);
    r = walk_log(&walk, &cursor);
    journal->walking--;
    return r;
}

int journal_bytes(struct journal *journal, uint64_t from, uint64_t *ret) {
    struct cursor cursor;
    int r = journal_follow(journal);
    if (r < 0)
        return r;
    *ret = 0;
    if (from > journal_tail(journal)->last)
        return 0;
    cursor_at_entry(journal, from, &cursor);
    for (unsigned i = cursor.index; i < journal->count; i++) {
        size_t end = segment_limit(journal, i), at = i == cursor.index ? cursor.at : SEGMENT_HEAD;
        *ret += end > at ? end - at : 0;
    }
    return 0;
}

int journal_digests(struct journal *journal, uint64_t from, unsigned max, journal_digest_fn *fn,
                    void *ctx) {
    struct cursor cursor;
    int r = journal_follow(journal);
    if (r < 0)
        return r;
    struct walk walk = {
        .kind = RECORD_ENTRY, .next = from, .left = max, .digest_fn = fn, .ctx = ctx};
    walk.last = journal_tail(journal)->last;
    if (walk.next < journal->head.digest_first)
        walk.next = journal->head.digest_first;
    journal->walking++;
    r = walk_shelf(journal, &walk);
    if (r == 0 && walk.left > 0 && walk.next <= walk.last) {
        cursor_at_entry(journal, walk.next, &cursor);
        r = walk_log(&walk, &cursor);
    }
    journal->walking--;
    return r;
}

/* ---- asides ---- */

static int walk_ring(struct journal *journal, struct walk *walk) {
    struct buf aside;
    int r = 0;
    buf_init(&aside, ASIDE_BYTES);
    while (r == 0 && walk->left > 0 && walk->next <= walk->last &&
           walk->next <= journal->head.aside) {
        r = shelf_aside(journal, walk->next, &aside);
        if (r == 0)
            r = walk->fn(walk->ctx, walk->next, buf_as_bytes(&aside));
        if (r == 0) {
            walk->left--;
            walk->next++;
        }
    }
    buf_free(&aside);
    return r;
}

int journal_asides(struct journal *journal, uint64_t from, unsigned max, journal_fn *fn,
                   void *ctx) {
    struct cursor cursor;
    int r = journal_follow(journal);
    if (r < 0)
        return r;
    struct walk walk = {.kind = RECORD_ASIDE, .next = from, .left = max, .fn = fn, .ctx = ctx};
    walk.last = journal_tail(journal)->last_aside;
    if (walk.last > ASIDES_KEPT && walk.next <= walk.last - ASIDES_KEPT)
        walk.next = walk.last - ASIDES_KEPT + 1;
    if (walk.next == 0)
        walk.next = 1;
    journal->walking++;
    r = walk_ring(journal, &walk);
    if (r == 0 && walk.left > 0 && walk.next <= walk.last) {
        cursor_at_head(journal, &cursor);
        r = walk_log(&walk, &cursor);
    }
    journal->walking--;
    return r;
}

int journal_aside_count(struct journal *journal, uint64_t *ret_ever) {
    int r = journal_follow(journal);
    if (r == 0)
        *ret_ever = journal_tail(journal)->last_aside;
    return r;
}

/* ---- all of it ---- */

static void verify_log(struct journal *journal, uint64_t *rows, uint64_t *damaged) {
    uint64_t next = journal->head.first, last = journal_tail(journal)->last;
    uint64_t next_aside = journal->head.aside + 1, last_aside = journal_tail(journal)->last_aside;
    struct cursor cursor;
    struct record record;
    cursor_at_head(journal, &cursor);
    while (cursor_next(&cursor, &record)) {
        uint64_t *expected = record.kind == RECORD_ENTRY ? &next : &next_aside;
        if (record.number < *expected)
            continue;
        *damaged += record.number - *expected +
                    !record_is_whole(&record, journal->segments[cursor.index].seed);
        *rows += record.number + 1 - *expected;
        *expected = record.number + 1;
    }
    *damaged += last + 1 - next + (last_aside + 1 - next_aside);
    *rows += last + 1 - next + (last_aside + 1 - next_aside);
}

int journal_verify(struct journal *journal, uint64_t *ret_rows, uint64_t *ret_damaged) {
    uint64_t rows = 0, damaged = 0;
    struct journal_digest digest;
    int r = journal_follow(journal);
    if (r < 0)
        return r;
    journal->walking++;
    verify_log(journal, &rows, &damaged);
    for (uint64_t seq = journal->head.digest_first; seq < journal->head.first; seq++) {
        r = shelf_digest(journal, seq, &digest);
        if (r < 0 && r != -EBADMSG)
            break;
        rows++;
        damaged += r == -EBADMSG;
        r = 0;
    }
    journal->walking--;
    if (r < 0)
        return r;
    *ret_rows = rows;
    *ret_damaged = damaged;
    return 0;
}
