/* Whatever bytes a segment holds, and whatever is written over them: the scanner stays within them,
 * comes to an end, and finds the batches that were written. */
#include <stdlib.h>
#include <string.h>

#include "common/journal_inner.h"

#define SEED 77

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t write_batch(uint8_t *map, size_t at, size_t room, const uint8_t *data, size_t size) {
    static const uint8_t digest[DIGEST_BYTES];
    unsigned count = 1 + data[0] % 5;
    size_t begin = at;
    for (unsigned i = 0; i < count; i++) {
        struct record record = {.kind = data[i % size] % 4 ? RECORD_ENTRY : RECORD_ASIDE,
                                .number = i + 1,
                                .left = count - 1 - i,
                                .nonce = 5,
                                .batch = begin,
                                .digest = digest,
                                .payload = {data, data[(i + 1) % size] % (size + 1)}};
        if (record_bytes(record.kind, record.payload.n) > room - at)
            return begin;
        record_write(map + at, at, SEED, &record);
        at += record_bytes(record.kind, record.payload.n);
    }
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct record record;
    if (size < 8)
        return 0;
    size_t room = (2 * size + 1024) & ~(size_t)7;
    uint8_t *map = calloc(1, room);
    must(map != NULL);
    size_t end = write_batch(map, 0, room, data, size);
    end = write_batch(map, end, room, data + size / 2, size - size / 2);
    must(record_batches_end(map, 0, room, SEED) == end);
    size_t at = (size_t)data[1] * 8 % room;
    memcpy(map + at, data, size < room - at ? size : room - at);
    size_t found = record_batches_end(map, 0, room, SEED);
    must(found <= room && found % 8 == 0);
    for (size_t i = 0; i < room; i += 8)
        if (record_read(map, i, room, SEED, &record)) {
            must(record.bytes <= room - i && record.batch <= i);
            (void)record_is_whole(&record, SEED);
        }
    free(map);
    return 0;
}
