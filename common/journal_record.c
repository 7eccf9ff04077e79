#include <string.h>

#include "common/journal_inner.h"

struct record_head { /* as it is in the file; a digest, the payload and padding to 8 bytes follow */
    uint32_t head_sum, sum;
    uint32_t size; /* of the payload; the kind in the highest byte */
    uint32_t left;
    uint32_t batch; /* in units of 8 bytes */
    uint32_t nonce;
    uint64_t number;
};

#define KIND_SHIFT 24
#define SUMMED_FROM sizeof(uint32_t)

static size_t digest_bytes(enum record_kind kind) {
    return kind == RECORD_ENTRY ? DIGEST_BYTES : 0;
}

/* What stands at another place of another segment does not fit here. */
static uint32_t seed_at(uint32_t seed, size_t at) {
    return seed ^ ((uint32_t)(at / 8) * 0x9e3779b1u);
}

static uint32_t head_sum(const uint8_t *p, size_t at, uint32_t seed, enum record_kind kind) {
    return crc32c(seed_at(seed, at), p + SUMMED_FROM,
                  sizeof(struct record_head) - SUMMED_FROM + digest_bytes(kind));
}

size_t record_bytes(enum record_kind kind, size_t payload) {
    return (sizeof(struct record_head) + digest_bytes(kind) + payload + 7) & ~(size_t)7;
}

void record_write(uint8_t *to, size_t at, uint32_t seed, const struct record *record) {
    size_t begin = sizeof(struct record_head) + digest_bytes(record->kind);
    struct record_head head = {.sum = crc32c(seed, record->payload.p, record->payload.n),
                               .left = record->left,
                               .batch = (uint32_t)(record->batch / 8),
                               .nonce = record->nonce,
                               .number = record->number};
    must(record->payload.n <= PAYLOAD_MAX);
    head.size = (uint32_t)record->payload.n | (uint32_t)record->kind << KIND_SHIFT;
    memcpy(to, &head, sizeof head);
    if (record->kind == RECORD_ENTRY)
        memcpy(to + sizeof head, record->digest, DIGEST_BYTES);
    head.head_sum = head_sum(to, at, seed, record->kind);
    memcpy(to, &head.head_sum, sizeof head.head_sum);
    if (record->payload.n > 0)
        memcpy(to + begin, record->payload.p, record->payload.n);
    size_t n = begin + record->payload.n;
    memset(to + n, 0, record_bytes(record->kind, record->payload.n) - n);
}

bool record_read(const uint8_t *map, size_t at, size_t end, uint32_t seed, struct record *ret) {
    struct record_head head;
    if (end < at || end - at < sizeof head)
        return false;
    memcpy(&head, map + at, sizeof head);
    enum record_kind kind = (enum record_kind)(head.size >> KIND_SHIFT);
    if (kind != RECORD_ENTRY && kind != RECORD_ASIDE)
        return false;
    size_t size = head.size & PAYLOAD_MAX, begin = at + sizeof head + digest_bytes(kind);
    if (record_bytes(kind, size) > end - at || (size_t)head.batch * 8 > at ||
        head.head_sum != head_sum(map + at, at, seed, kind))
        return false;
    *ret = (struct record){.kind = kind,
                           .number = head.number,
                           .left = head.left,
                           .nonce = head.nonce,
                           .batch = (size_t)head.batch * 8,
                           .bytes = record_bytes(kind, size),
                           .sum = head.sum,
                           .digest = map + at + sizeof head,
                           .payload = {map + begin, size}};
    return true;
}

bool record_is_whole(const struct record *record, uint32_t seed) {
    return crc32c(seed, record->payload.p, record->payload.n) == record->sum;
}

/* Moves *at over the records of the batch that begins there, or is cut there; true when it is
 * whole. */
static bool pass_batch(const uint8_t *map, size_t *at, size_t end, uint32_t seed, bool is_cut) {
    struct record first = {.left = 0}, record;
    size_t from = *at;
    while (record_read(map, *at, end, seed, &record) && record_is_whole(&record, seed)) {
        if (*at == from)
            first = record;
        else if (record.batch != first.batch || record.nonce != first.nonce ||
                 record.left != first.left - 1)
            return false;
        if (record.batch != from && !is_cut)
            return false;
        first.left = record.left;
        *at += record.bytes;
        if (record.left == 0)
            return true;
    }
    return false;
}

size_t record_batches_end(const uint8_t *map, size_t from, size_t end, uint32_t seed) {
    size_t at = from, whole = from;
    for (;;) {
        struct record record;
        size_t batch = at;
        if (pass_batch(map, &at, end, seed, batch == from)) {
            whole = at;
            continue;
        }
        do {
            at += 8;
            if (at >= end)
                return whole;
        } while (!record_read(map, at, end, seed, &record) || record.batch <= batch);
        at = whole = record.batch;
    }
}

void digest_encode(const struct journal_digest *digest, uint8_t ret[DIGEST_BYTES]) {
    memcpy(ret, digest->key, JOURNAL_HASH_BYTES);
    memcpy(ret + JOURNAL_HASH_BYTES, digest->content, JOURNAL_HASH_BYTES);
    memcpy(ret + 2 * JOURNAL_HASH_BYTES, &digest->received, sizeof digest->received);
}

void digest_decode(const uint8_t from[DIGEST_BYTES], struct journal_digest *ret) {
    memcpy(ret->key, from, JOURNAL_HASH_BYTES);
    memcpy(ret->content, from + JOURNAL_HASH_BYTES, JOURNAL_HASH_BYTES);
    memcpy(&ret->received, from + 2 * JOURNAL_HASH_BYTES, sizeof ret->received);
}
