#include "services/intake/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/bus.h"
#include "common/token.h"

#define FIRST_BITS 12
#define LOAD_SLICE 10000 /* digests read in one transaction */

#define PART_BITS 48

/* Twelve bytes, as there may be millions. */
struct entry {
    uint32_t hash_low; /* of the key, which is a hash already: its first bytes */
    uint16_t hash_high;
    uint16_t seq_high;
    uint32_t seq_low; /* 0, both: the place is free */
};

struct memory {
    struct entry *entries; /* open addressing, linear probing */
    unsigned bits;
    uint64_t count, most;
    uint64_t seed;   /* nobody outside can aim at one place */
    uint64_t oldest; /* no digest is older; digests have no gaps */
};

static uint64_t hash_of(const uint8_t key[JOURNAL_HASH_BYTES]) {
    uint64_t hash = 0;
    memcpy(&hash, key, PART_BITS / 8);
    return hash;
}

static struct entry entry_of(uint64_t hash, uint64_t seq) {
    must(seq >> PART_BITS == 0);
    return (struct entry){(uint32_t)hash, (uint16_t)(hash >> 32), (uint16_t)(seq >> 32),
                          (uint32_t)seq};
}

static uint64_t entry_hash(const struct entry *entry) {
    return (uint64_t)entry->hash_high << 32 | entry->hash_low;
}

static uint64_t entry_seq(const struct entry *entry) {
    return (uint64_t)entry->seq_high << 32 | entry->seq_low;
}

static uint64_t places(const struct memory *memory) {
    return (uint64_t)1 << memory->bits;
}

static uint64_t place_of(const struct memory *memory, uint64_t hash) {
    return ((hash ^ memory->seed) * 0x9e3779b97f4a7c15u) >> (64 - memory->bits);
}

static void put_entry(struct memory *memory, struct entry entry) {
    uint64_t mask = places(memory) - 1, at = place_of(memory, entry_hash(&entry));
    while (entry_seq(&memory->entries[at]) != 0)
        at = (at + 1) & mask;
    memory->entries[at] = entry;
}

static size_t table_bytes(unsigned bits) {
    return sizeof(struct entry) << bits;
}

/* While it moves, both tables are there. */
static int set_bits(struct memory *memory, unsigned bits) {
    struct entry *old = memory->entries;
    unsigned old_bits = memory->bits;
    int r = bus_limit_memory(2 * table_bytes(bits));
    if (r < 0)
        return r;
    void *entries =
        mmap(NULL, table_bytes(bits), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (entries == MAP_FAILED)
        return -ENOMEM;
    (void)madvise(entries, table_bytes(bits), MADV_HUGEPAGE); /* each key is on a page of its own */
    memory->entries = entries;
    memory->bits = bits;
    for (uint64_t i = 0; old && i < (uint64_t)1 << old_bits; i++)
        if (entry_seq(&old[i]) != 0)
            put_entry(memory, old[i]);
    if (old)
        munmap(old, table_bytes(old_bits));
    return 0;
}

/* A place is left free only where no later entry is found by passing it. */
static void close_gap(struct memory *memory, uint64_t gap) {
    uint64_t mask = places(memory) - 1, at = gap;
    for (;;) {
        at = (at + 1) & mask;
        struct entry entry = memory->entries[at];
        if (entry_seq(&entry) == 0)
            break;
        if (((at - place_of(memory, entry_hash(&entry))) & mask) >= ((at - gap) & mask)) {
            memory->entries[gap] = entry;
            gap = at;
        }
    }
    memory->entries[gap] = (struct entry){.seq_low = 0};
}

struct walk {
    struct memory *memory;
    uint64_t next; /* the number after the last one seen */
    instant before;
    uint64_t below;
    uint8_t (*keys)[JOURNAL_HASH_BYTES]; /* of those to forget */
    uint64_t *seqs;
    unsigned count;
};

static int load_one(void *ctx, uint64_t seq, const struct journal_digest *digest) {
    struct walk *walk = ctx;
    if (walk->memory->count == 0)
        walk->memory->oldest = seq;
    walk->next = seq + 1;
    return memory_put(walk->memory, digest->key, seq);
}

static int note_old(void *ctx, uint64_t seq, const struct journal_digest *digest) {
    struct walk *walk = ctx;
    if (seq >= walk->below || digest->received >= walk->before)
        return 1;
    memcpy(walk->keys[walk->count], digest->key, JOURNAL_HASH_BYTES);
    walk->seqs[walk->count++] = seq;
    walk->next = seq + 1;
    return 0;
}

/* Notes up to `max` old digests, stepping over damaged ones. */
static int find_old(struct walk *walk, struct journal *journal, unsigned max) {
    for (unsigned left = max; left > 0 && walk->next < walk->below; left--) {
        int r = journal_digests(journal, walk->next, max - walk->count, note_old, walk);
        if (r != -EBADMSG)
            return r < 0 ? r : 0;
        walk->next++;
    }
    return 0;
}

struct memory *memory_new(uint64_t most) {
    struct memory *memory = calloc(1, sizeof *memory);
    must(memory != NULL);
    token_random(&memory->seed, sizeof memory->seed);
    memory->oldest = 1;
    memory->most = most;
    must(most <= MEMORY_KEYS_MOST && set_bits(memory, FIRST_BITS) == 0);
    return memory;
}

void memory_free(struct memory **memory) {
    if (!*memory)
        return;
    munmap((*memory)->entries, table_bytes((*memory)->bits));
    free(*memory);
    *memory = NULL;
}

int memory_load(struct memory *memory, struct journal *journal, uint64_t *ret_damaged) {
    struct walk walk = {.memory = memory, .next = 1};
    uint64_t first, last, damaged = 0;
    int r = journal_range(journal, &first, &last);
    while (r == 0 && walk.next <= last) {
        uint64_t from = walk.next;
        r = journal_digests(journal, from, LOAD_SLICE, load_one, &walk);
        if (r == -EBADMSG) {
            damaged++;
            walk.next++;
            r = 0;
        } else if (walk.next == from) {
            break; /* the newest ones are forgotten, too */
        }
    }
    if (memory->count == 0)
        memory->oldest = last + 1;
    if (r == 0)
        *ret_damaged = damaged;
    return r;
}

int memory_put(struct memory *memory, const uint8_t key[JOURNAL_HASH_BYTES], uint64_t seq) {
    int r = 0;
    must(seq != 0);
    if (memory->count >= memory->most)
        return -ENOMEM;
    if (memory->count >= places(memory) / 4 * 3)
        r = set_bits(memory, memory->bits + 1);
    if (r < 0)
        return r;
    put_entry(memory, entry_of(hash_of(key), seq));
    memory->count++;
    return 0;
}

void memory_del(struct memory *memory, const uint8_t key[JOURNAL_HASH_BYTES], uint64_t seq) {
    uint64_t mask = places(memory) - 1, hash = hash_of(key);
    for (uint64_t at = place_of(memory, hash); entry_seq(&memory->entries[at]) != 0;
         at = (at + 1) & mask)
        if (entry_seq(&memory->entries[at]) == seq && entry_hash(&memory->entries[at]) == hash) {
            close_gap(memory, at);
            memory->count--;
            return;
        }
}

void memory_expect(const struct memory *memory, const uint8_t key[JOURNAL_HASH_BYTES]) {
    __builtin_prefetch(&memory->entries[place_of(memory, hash_of(key))]);
}

int memory_find(const struct memory *memory, const uint8_t key[JOURNAL_HASH_BYTES],
                memory_ask_fn *is_it, void *ctx, uint64_t *ret_seq) {
    uint64_t mask = places(memory) - 1, hash = hash_of(key);
    for (uint64_t at = place_of(memory, hash); entry_seq(&memory->entries[at]) != 0;
         at = (at + 1) & mask) {
        if (entry_hash(&memory->entries[at]) != hash)
            continue;
        uint64_t seq = entry_seq(&memory->entries[at]);
        int r = is_it(ctx, seq);
        if (r == 1)
            *ret_seq = seq;
        if (r != 0)
            return r < 0 ? r : 0;
    }
    return -ENOENT;
}

int memory_expire(struct memory *memory, struct journal *journal, instant before, uint64_t below,
                  unsigned max, unsigned *ret_forgotten) {
    struct walk walk = {.memory = memory, .next = memory->oldest, .before = before, .below = below};
    walk.keys = calloc(max, sizeof *walk.keys);
    walk.seqs = calloc(max, sizeof *walk.seqs);
    must(walk.keys != NULL && walk.seqs != NULL);
    int r = find_old(&walk, journal, max);
    if (r == 0 && walk.count > 0)
        r = journal_forget(journal, walk.seqs[walk.count - 1] + 1, 2 * max);
    if (r == 0 && walk.count > 0) {
        for (unsigned i = 0; i < walk.count; i++)
            memory_del(memory, walk.keys[i], walk.seqs[i]);
        memory->oldest = walk.seqs[walk.count - 1] + 1;
    }
    if (r == 0)
        *ret_forgotten = walk.count;
    free(walk.keys);
    free(walk.seqs);
    return r;
}

uint64_t memory_count(const struct memory *memory) {
    return memory->count;
}
