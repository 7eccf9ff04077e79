#include "proto/codec_inner.h"

#include <errno.h>

/* The type stands first where we wrote it, and anywhere where a newer one of us did. */
static bool find_type(struct bytes in, struct text *ret) {
    struct pack_reader r = pack_read(in);
    struct text key;
    uint32_t count;

    if (!pack_read_map(&r, &count))
        return false;
    for (; count > 0; count--) {
        if (!pack_read_text(&r, &key))
            return false;
        if (text_is(key, "t"))
            return pack_read_text(&r, ret);
        if (!pack_skip(&r))
            return false;
    }
    return false;
}

int frame_decode(struct bytes in, enum frame_type *ret_type, union any_frame *ret) {
    struct text type;

    if (!pack_is_one(in, CODEC_DEPTH) || !find_type(in, &type))
        return -EBADMSG;
    for (unsigned i = 0; i < FRAME_COUNT; i++) {
        const struct decoding d = {CODEC_LENIENT, NULL};
        struct pack_reader r = pack_read(in);
        if (!text_is(type, frame_shapes[i].name))
            continue;
        if (codec_read(&d, NULL, &frame_shapes[i], &r, ret) < 0)
            return -EBADMSG;
        *ret_type = (enum frame_type)i;
        return 0;
    }
    return -EBADMSG;
}

void frame_encode(enum frame_type type, const void *from, struct buf *to) {
    const struct shape *shape = &frame_shapes[type];

    pack_map(to, codec_count_fields(shape, from) + 1);
    pack_str(to, "t");
    pack_str(to, shape->name);
    codec_write_fields(shape, from, to);
}
