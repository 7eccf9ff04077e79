/* shape - what a message, a record or a part of one consists of: data made from the rows of
 * messages.def, records.def and parts.def. One generic codec (codec.h) walks it.
 *
 * A row file is included several times with other meanings of the same words:
 *     MESSAGE(NAME, name, "wire.name", SPEAKERS, "doc") … END
 *     RECORD(NAME, name, "doc") … END            PART(name, "doc") … END
 * and between them one row a field, (name, need, limits …, "doc"). A name that C has taken carries
 * a trailing underscore here and none on the wire.
 */
#ifndef PROTO_SHAPE_H
#define PROTO_SHAPE_H

#include "common/base.h"

enum field_kind {
    FIELD_END,
    FIELD_ID,      /* struct text: 1 to 64 of a-z 0-9 - . _ */
    FIELD_TEXT,    /* struct text: UTF-8, at most `max` bytes, no control characters but \n */
    FIELD_TEXTS,   /* struct texts: one text for all languages, or one a language */
    FIELD_INT,     /* int64_t within min..max; absent reads as 0 */
    FIELD_BOOL,    /* bool; absent reads as false */
    FIELD_INSTANT, /* instant: milliseconds in the store, RFC 3339 where people read */
    FIELD_WALL,    /* struct text: "2022-05-24T09:00" in the zone of the subject */
    FIELD_DATE,    /* struct text: "2022-05-24" */
    FIELD_ADDRESS, /* struct text: one e-mail address, at most 254 bytes */
    FIELD_LINK,    /* struct text: an https address, at most 2,000 bytes */
    FIELD_WORD,    /* struct text: one of `choices` ("room|video|hybrid") */
    FIELD_LIST,    /* struct list: up to `max` scalars of kind `item` */
    FIELD_MAP,     /* struct list: up to `max` pairs of id and scalar of kind `item` */
    FIELD_ROWS,    /* struct list: up to `max` maps of shape `part` */
    FIELD_RAW,     /* struct bytes: an encoded record inside a record; never at the front door */
};

struct texts { /* at least one is present when the field is */
    struct text any, da, sv, en;
};
struct list {         /* encoded items, borrowed as they stand; walk with codec_next_*() */
    struct bytes raw; /* the items only, without the header */
    uint32_t count;
};

struct shape;
struct field {
    const char *name;
    size_t name_n; /* with the underscore that keeps it apart from a word of C */
    enum field_kind kind;
    enum field_kind item; /* of a LIST or MAP */
    bool required;
    size_t offset;
    int64_t min, max; /* of an INT; max: bytes of a text, items of a LIST, MAP or ROWS */
    int64_t item_max;
    const char *choices;
    const struct shape *part;
    const char *doc;
};
struct shape {
    const char *name; /* as on the wire: "meeting.plan", "meeting", "topic" */
    const char *doc;
    size_t size;                         /* of the struct */
    const struct field *(*fields)(void); /* a table that ends with FIELD_END */
    unsigned speakers;                   /* of a message or frame: enum speaker */
};

enum speaker { /* who may say a message */
               FRONTEND = 1,
               OPERATOR = 2,
               INTAKE = 4,
               SCHEDULER = 8,
               NOTIFIER = 16,
               CLI = 32,
};

#define REQUIRED true
#define OPTIONAL false
#define TEXT_LINE 200                             /* bytes of a title or a name */
#define TEXT_BODY 4000                            /* bytes of what somebody writes */
#define INSTANT_MOST ((instant)7289654400000 - 1) /* the end of 2200, as far as zone.h goes */

/* The name as it goes over the wire: without a trailing underscore. */
static inline struct text field_name(const struct field *field) {
    size_t n = field->name_n;
    return (struct text){field->name, field->name[n - 1] == '_' ? n - 1 : n};
}
const struct field *shape_field(const struct shape *shape, struct text name); /* NULL: none */
/* Since when a record is in its state: the instant that has its name; 0: none has. */
instant shape_since(const struct shape *shape, const void *rec);

/* ---- parts: struct part_topic, part_shapes[PART_topic] ---- */
#include "proto/rows_struct.inc"
#define PART(name, doc) struct part_##name {
#include "proto/parts.def"
#include "proto/rows_end.inc"

enum part_type {
#include "proto/rows_none.inc"
#define PART(name, doc) PART_##name,
#include "proto/parts.def"
#include "proto/rows_end.inc"
    PART_COUNT
};
extern const struct shape part_shapes[PART_COUNT];

/* ---- messages of the front door: struct msg_meeting_plan, msg_shapes[MSG_MEETING_PLAN] ---- */
#include "proto/rows_struct.inc"
#define MESSAGE(NAME, name, wire, who, doc) struct msg_##name {
#include "proto/messages.def"
#include "proto/rows_end.inc"

enum msg_type {
#include "proto/rows_none.inc"
#define MESSAGE(NAME, name, wire, who, doc) MSG_##NAME,
#include "proto/messages.def"
#include "proto/rows_end.inc"
    MSG_COUNT
};
extern const struct shape msg_shapes[MSG_COUNT];
MUST_CHECK int msg_find(struct text type, enum msg_type *ret); /* -ENOENT */

/* Big enough for any decoded message. */
union any_msg {
#include "proto/rows_none.inc"
#define MESSAGE(NAME, name, wire, who, doc) struct msg_##name name;
#include "proto/messages.def"
#include "proto/rows_end.inc"
};

/* ---- records of the store: struct rec_meeting, rec_shapes[REC_MEETING] ---- */
#include "proto/rows_struct.inc"
#define RECORD(NAME, name, doc) struct rec_##name {
#include "proto/records.def"
#include "proto/rows_end.inc"

enum rec_type {
#include "proto/rows_none.inc"
#define RECORD(NAME, name, doc) REC_##NAME,
#include "proto/records.def"
#include "proto/rows_end.inc"
    REC_COUNT,
    REC_NONE = REC_COUNT
};
extern const struct shape rec_shapes[REC_COUNT];

/* ---- frames between processes: struct frame_arm, frame_shapes[FRAME_ARM] ---- */
#include "proto/rows_struct.inc"
#define FRAME(NAME, name, wire, who, doc) struct frame_##name {
#include "proto/frames.def"
#include "proto/rows_end.inc"

enum frame_type {
#include "proto/rows_none.inc"
#define FRAME(NAME, name, wire, who, doc) FRAME_##NAME,
#include "proto/frames.def"
#include "proto/rows_end.inc"
    FRAME_COUNT
};
extern const struct shape frame_shapes[FRAME_COUNT];

union any_frame {
#include "proto/rows_none.inc"
#define FRAME(NAME, name, wire, who, doc) struct frame_##name name;
#include "proto/frames.def"
#include "proto/rows_end.inc"
};

#endif
