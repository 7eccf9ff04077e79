/* journal_inner - what the files of the journal share.
 *
 * In its folder: `head`, what was dropped; `log.N`, segments of preallocated bytes that records are
 * written into, one batch after the other; `next`, the segment to come; `digest.N`, the digests of
 * dropped entries, in rows of a fixed place; `aside`, the ring of asides whose segment went;
 * `mark`, how far the log is synced, which readers follow.
 *
 * INVARIANTS Nothing beyond the mark is trusted before it was checked and synced by whoever reads
 *            it. A batch is whole when all of its records are, the last of which says that none is
 *            left. Digests and asides are on the disk before the head says that their entries went.
 */
#ifndef COMMON_JOURNAL_INNER_H
#define COMMON_JOURNAL_INNER_H

#include <pthread.h>

#include "common/journal.h"

#define ASIDES_KEPT 10000
#define ASIDE_BYTES 1024
#define DIGEST_BYTES (2 * JOURNAL_HASH_BYTES + 8)
#define DIGEST_ROW_BYTES 48
#define PATH_BYTES 512
#define SEGMENT_HEAD ((size_t)4096)
#define PAYLOAD_MAX (((size_t)16 << 20) - 1)

/* ---- records ---- */

enum record_kind { RECORD_ENTRY = 1, RECORD_ASIDE };

struct record {
    enum record_kind kind;
    uint64_t number;       /* of the entry or aside */
    uint32_t left;         /* records of its batch after it */
    uint32_t nonce;        /* of its batch: what an earlier try left behind has another */
    size_t batch;          /* where its batch begins */
    size_t bytes;          /* with all that belongs to it */
    uint32_t sum;          /* of the payload */
    const uint8_t *digest; /* DIGEST_BYTES, of an entry */
    struct bytes payload;
};

size_t record_bytes(enum record_kind kind, size_t payload);
/* Writes all of `record` but its sum and bytes, which are made here, as it stands at `at`. */
void record_write(uint8_t *to, size_t at, uint32_t seed, const struct record *record);
/* The record that stands at `at` and ends at `end` or before; false when there is none. */
bool record_read(const uint8_t *map, size_t at, size_t end, uint32_t seed, struct record *ret);
bool record_is_whole(const struct record *record, uint32_t seed); /* its payload too */
/* Where the whole batches end, from what is a batch or the rest of one. A batch that is damaged,
 * but is followed by another, counts as whole: nothing is written before what stands before it was
 * synced. */
size_t record_batches_end(const uint8_t *map, size_t from, size_t end, uint32_t seed);

void digest_encode(const struct journal_digest *digest, uint8_t ret[DIGEST_BYTES]);
void digest_decode(const uint8_t from[DIGEST_BYTES], struct journal_digest *ret);

/* ---- segments ---- */

struct spot {
    uint64_t seq;
    size_t at;
};

struct segment {
    uint32_t number, seed;
    uint8_t *map;
    size_t size;
    size_t before;               /* where the records of the segment before it end */
    uint64_t first, first_aside; /* numbers of the next entry and aside when it was begun */
    uint64_t last, last_aside;   /* the highest before `end` */
    size_t end;                  /* walked up to here */
    struct spot *spots;          /* where to begin looking for an entry */
    unsigned spot_count, spot_room;
};

struct segment_head { /* as it is in the file */
    uint64_t magic;
    uint32_t number, sum;
    uint64_t size, before, salt, first, first_aside;
};

/* ---- the journal ---- */

struct head {
    uint64_t generation, first, digest_first;
    uint64_t segment, offset, aside; /* of the first entry kept; the last aside before it */
};

struct mark {
    uint64_t generation, segment, offset, last, aside, first, digest_first;
};

struct maker { /* of the next segment, in a thread */
    pthread_t thread;
    bool is_running, is_there;
    char path[PATH_BYTES];
    size_t size;
    int result;
};

struct rows { /* of a digest file, mapped */
    uint64_t number;
    uint8_t *map;
};

struct journal {
    char dir[PATH_BYTES];
    bool writer, is_broken;
    size_t limit;
    int lock, tail, shelf, ring; /* descriptors, -1: none */
    uint64_t shelf_number;       /* of the digest file open for writing */
    bool is_dir_dirty;
    struct head head;
    uint64_t *mark; /* mapped */
    struct segment *segments;
    unsigned count, walking;
    struct rows rows;
    struct maker maker;
    uint32_t nonce;
    uint8_t *out;
    size_t out_room;
};

MUST_CHECK int journal_path(const struct journal *journal, const char *name, char ret[PATH_BYTES]);
MUST_CHECK int journal_path_no(const struct journal *journal, const char *name, uint64_t number,
                               char ret[PATH_BYTES]);
MUST_CHECK int journal_write_at(int fd, const void *p, size_t n, size_t at); /* all of it */
/* Where the file system can: nothing is left of what stood there, and whole pages go back to the
 * disk. */
void journal_punch(const char *path, size_t from, size_t to);
struct segment *journal_tail(const struct journal *journal);
uint64_t journal_used(const struct journal *journal);

MUST_CHECK int segment_map(const struct journal *journal, uint32_t number, struct segment *ret);
void segment_unmap(struct segment *segment);
/* Learns of the records up to `limit`, and takes it for their end. */
void segment_walk(struct segment *segment, size_t limit);
/* Where the records of a segment end, the tail's as far as is known. */
size_t segment_limit(const struct journal *journal, unsigned index);
void segment_note(struct segment *segment, const struct record *record, size_t at);
/* The first record at or after *at; false at the end. *at moves on to it. */
bool segment_find(const struct segment *segment, size_t *at, struct record *ret);
/* Makes the one that comes after the tail, large enough for `need`, and opens it for writing. */
MUST_CHECK int segment_begin(struct journal *journal, size_t need);
void segment_prepare(struct journal *journal); /* begins to, when the tail is half full */
void segment_prepare_end(struct journal *journal);
MUST_CHECK int segment_head_write(int fd, const struct segment_head *head);

MUST_CHECK int head_read(struct journal *journal);
MUST_CHECK int head_write(struct journal *journal);
/* A reader finds none, and has no news, until there has been a writer. */
MUST_CHECK int mark_open(struct journal *journal);
void mark_close(struct journal *journal);
bool mark_read(const struct journal *journal, struct mark *ret); /* false: there is none to trust */
void mark_write(struct journal *journal);

/* What outlives its segment. */
MUST_CHECK int shelf_put_digest(struct journal *journal, uint64_t seq, const uint8_t *digest);
MUST_CHECK int shelf_put_aside(struct journal *journal, uint64_t no, struct bytes aside);
MUST_CHECK int shelf_sync(struct journal *journal);
void shelf_forget(struct journal *journal,
                  uint64_t before); /* digests from there to digest_first */
MUST_CHECK int shelf_digest(struct journal *journal, uint64_t seq, struct journal_digest *ret);
MUST_CHECK int shelf_aside(struct journal *journal, uint64_t no, struct buf *ret);
MUST_CHECK int shelf_copy(struct journal *journal, const struct journal *to);
void shelf_close(struct journal *journal);

/* A walk over the records of the log. */
struct cursor {
    struct journal *journal;
    unsigned index; /* of the segment */
    size_t at;
};
void cursor_at_entry(struct journal *journal, uint64_t seq, struct cursor *ret);
void cursor_at_head(struct journal *journal, struct cursor *ret);
bool cursor_next(struct cursor *cursor, struct record *ret); /* *cursor is left after it */

/* Opens what there is; a reader follows its writer. */
MUST_CHECK int journal_load(struct journal *journal);
MUST_CHECK int journal_follow(struct journal *journal);

#endif
