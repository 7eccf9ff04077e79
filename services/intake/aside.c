#include "services/intake/aside.h"

#include "common/clock.h"

#define ASIDES_BYTES ((size_t)ASIDES_A_SECOND * 2048)

static bool may_keep(struct asides *asides) {
    msec now = clock_boot();
    if (now - asides->second >= 1 * SECONDS) {
        asides->second = now;
        asides->in_second = 0;
    }
    if (asides->count == ASIDES_A_SECOND || asides->in_second == ASIDES_A_SECOND)
        return false;
    asides->in_second++;
    return true;
}

void asides_init(struct asides *asides) {
    *asides = (struct asides){.count = 0};
    buf_init(&asides->encoded, ASIDES_BYTES);
}

void asides_free(struct asides *asides) {
    buf_free(&asides->encoded);
}

bool asides_note(struct asides *asides, struct text owner, const struct door_item *item) {
    struct rec_aside aside = {
        .owner = owner,
        .id = item->id,
        .type = item->type,
        .code = text_of(item->complaint.code),
        .field = text_of(item->complaint.field),
        .text = text_of(item->complaint.text),
        .at = clock_now(),
        .size = (int64_t)item->size,
    };
    asides->refused++;
    if (!may_keep(asides)) {
        asides->left_out++;
        return false;
    }
    asides->starts[asides->count++] = asides->encoded.n;
    codec_encode(&rec_shapes[REC_ASIDE], &aside, &asides->encoded);
    must(!asides->encoded.over);
    return true;
}

const struct bytes *asides_list(struct asides *asides) {
    for (unsigned i = 0; i < asides->count; i++) {
        size_t end = i + 1 < asides->count ? asides->starts[i + 1] : asides->encoded.n;
        asides->list[i] =
            (struct bytes){asides->encoded.p + asides->starts[i], end - asides->starts[i]};
    }
    return asides->list;
}

void asides_clear(struct asides *asides) {
    buf_clear(&asides->encoded);
    asides->count = 0;
}
