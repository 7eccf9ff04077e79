/* The first byte picks the shape, the rest is decoded: what decodes must encode, decode again, also
 * the quick way, and give the same bytes, also when its texts are not looked into because they were
 * stored. */
#include <string.h>

#include "common/pack.h"
#include "proto/codec.h"

#define BODY_BYTES ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

union any_struct {
    union any_msg msg;
    union any_frame frame;
#include "proto/rows_none.inc"
#define RECORD(NAME, name, doc) struct rec_##name of_##name;
#include "proto/records.def"
#include "proto/rows_end.inc"
};

static const struct shape *pick(uint8_t byte, enum codec_mode *ret_mode) {
    unsigned i = byte;

    *ret_mode = i < MSG_COUNT ? CODEC_STRICT : CODEC_LENIENT;
    if (i < MSG_COUNT)
        return &msg_shapes[i];
    i -= MSG_COUNT;
    if (i < REC_COUNT)
        return &rec_shapes[i];
    return &frame_shapes[(i - REC_COUNT) % FRAME_COUNT];
}

static void check_frame(struct bytes in) {
    enum frame_type type, type_again;
    union any_frame frame, again;
    struct buf b;

    if (frame_decode(in, &type, &frame) < 0)
        return;
    buf_init(&b, BODY_BYTES);
    frame_encode(type, &frame, &b);
    must(frame_decode(buf_as_bytes(&b), &type_again, &again) == 0 && type_again == type);
    buf_free(&b);
}

static void check_shape(const struct shape *shape, enum codec_mode mode, struct bytes in) {
    union any_struct decoded, again, followed;
    struct buf first, second;

    if (codec_decode(shape, mode, in, &decoded, &(struct complaint){"", "", ""}) < 0)
        return;
    buf_init(&first, BODY_BYTES);
    buf_init(&second, BODY_BYTES);
    codec_encode(shape, &decoded, &first);
    must(codec_decode(shape, mode, buf_as_bytes(&first), &again, NULL) == 0);
    codec_follow(shape, &decoded, buf_as_bytes(&first), &followed);
    must(memcmp(&followed, &again, shape->size) == 0);
    codec_encode(shape, &again, &second);
    must(bytes_eq(buf_as_bytes(&first), buf_as_bytes(&second)));
    buf_free(&first);
    buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum codec_mode mode;
    const struct shape *shape;

    if (size == 0)
        return 0;
    shape = pick(data[0], &mode);
    check_shape(shape, mode, (struct bytes){data + 1, size - 1});
    check_shape(shape, CODEC_STORED, (struct bytes){data + 1, size - 1});
    check_frame((struct bytes){data + 1, size - 1});
    return 0;
}
