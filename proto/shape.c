#include "proto/shape.h"

#include <errno.h>
#include <string.h>

/* One function a block, because only inside it can `self` name the block's struct. */
#include "proto/rows_fields.inc"
#define PART(name, doc)                                                                            \
    static const struct field *part_##name##_fields(void) {                                        \
        typedef struct part_##name self;                                                           \
        static const struct field fields[] = {
#include "proto/parts.def"
#include "proto/rows_end.inc"

const struct shape part_shapes[PART_COUNT] = {
#include "proto/rows_none.inc"
#define PART(name_, doc_) {#name_, doc_, sizeof(struct part_##name_), part_##name_##_fields, 0},
#include "proto/parts.def"
#include "proto/rows_end.inc"
};

#include "proto/rows_fields.inc"
#define MESSAGE(NAME, name, wire, who, doc)                                                        \
    static const struct field *msg_##name##_fields(void) {                                         \
        typedef struct msg_##name self;                                                            \
        static const struct field fields[] = {
#include "proto/messages.def"
#include "proto/rows_end.inc"

const struct shape msg_shapes[MSG_COUNT] = {
#include "proto/rows_none.inc"
#define MESSAGE(NAME, name_, wire, who, doc_)                                                      \
    {wire, doc_, sizeof(struct msg_##name_), msg_##name_##_fields, who},
#include "proto/messages.def"
#include "proto/rows_end.inc"
};

#include "proto/rows_fields.inc"
#define RECORD(NAME, name, doc)                                                                    \
    static const struct field *rec_##name##_fields(void) {                                         \
        typedef struct rec_##name self;                                                            \
        static const struct field fields[] = {
#include "proto/records.def"
#include "proto/rows_end.inc"

const struct shape rec_shapes[REC_COUNT] = {
#include "proto/rows_none.inc"
#define RECORD(NAME, name_, doc_)                                                                  \
    {#name_, doc_, sizeof(struct rec_##name_), rec_##name_##_fields, 0},
#include "proto/records.def"
#include "proto/rows_end.inc"
};

#include "proto/rows_fields.inc"
#define FRAME(NAME, name, wire, who, doc)                                                          \
    static const struct field *frame_##name##_fields(void) {                                       \
        typedef struct frame_##name self;                                                          \
        static const struct field fields[] = {
#include "proto/frames.def"
#include "proto/rows_end.inc"

const struct shape frame_shapes[FRAME_COUNT] = {
#include "proto/rows_none.inc"
#define FRAME(NAME, name_, wire, who, doc_)                                                        \
    {wire, doc_, sizeof(struct frame_##name_), frame_##name_##_fields, who},
#include "proto/frames.def"
#include "proto/rows_end.inc"
};

const struct field *shape_field(const struct shape *shape, struct text name) {
    for (const struct field *f = shape->fields(); f->kind != FIELD_END; f++)
        if (text_eq(field_name(f), name))
            return f;
    return NULL;
}

instant shape_since(const struct shape *shape, const void *rec) {
    const struct field *state = shape_field(shape, TEXT_LIT("state")), *since = NULL;
    if (state)
        since = shape_field(shape, *(const struct text *)((const char *)rec + state->offset));
    if (!since || since->kind != FIELD_INSTANT)
        return 0;
    return *(const instant *)((const char *)rec + since->offset);
}

/* Lengths stand apart: every request is looked up, at the door and when it is applied. */
int msg_find(struct text type, enum msg_type *ret) {
    static const uint8_t lengths[MSG_COUNT] = {
#include "proto/rows_none.inc"
#define MESSAGE(NAME, name_, wire, who, doc_) sizeof wire - 1,
#include "proto/messages.def"
#include "proto/rows_end.inc"
    };
    for (unsigned i = 0; i < MSG_COUNT; i++)
        if (type.n == lengths[i] && memcmp(type.p, msg_shapes[i].name, lengths[i]) == 0) {
            *ret = (enum msg_type)i;
            return 0;
        }
    return -ENOENT;
}
