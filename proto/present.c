#include "proto/present.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/json.h"
#include "proto/codec_inner.h"

/* What holds any record, to look into a record inside a record. */
union any_record {
#include "proto/rows_none.inc"
#define RECORD(NAME, name, doc) struct rec_##name of_##name;
#include "proto/records.def"
#include "proto/rows_end.inc"
};

/* ---- JSON ---- */

struct presenting {
    const struct zone *zone;
    enum present_raw raw;
    struct buf *to;
};

static void present_object(const struct presenting *p, const struct shape *shape, const void *from);

static void separate(struct buf *to, bool *is_first) {
    if (!*is_first)
        buf_char(to, ',');
    *is_first = false;
}

static void present_texts(struct buf *to, const struct texts *texts) {
    const struct {
        const char *key;
        struct text t;
    } rows[] = {{"any", texts->any}, {"da", texts->da}, {"sv", texts->sv}, {"en", texts->en}};
    bool is_first = true;

    if (texts->any.p && !texts->da.p && !texts->sv.p && !texts->en.p) {
        json_text(to, texts->any);
        return;
    }
    buf_char(to, '{');
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].t.p) {
            separate(to, &is_first);
            buf_printf(to, "\"%s\":", rows[i].key);
            json_text(to, rows[i].t);
        }
    buf_char(to, '}');
}

static void present_list(const struct presenting *p, const struct field *f, struct list list) {
    bool is_first = true;
    union any_part part;
    struct text t;
    int64_t v;

    buf_char(p->to, '[');
    while (list.count > 0) {
        separate(p->to, &is_first);
        if (f->kind == FIELD_ROWS) {
            must(codec_next_part(&list, (enum part_type)(f->part - part_shapes), &part));
            present_object(p, f->part, &part);
        } else if (f->item == FIELD_INT) {
            must(codec_next_int(&list, &v));
            buf_printf(p->to, "%" PRId64, v);
        } else {
            must(codec_next_text(&list, &t));
            json_text(p->to, t);
        }
    }
    buf_char(p->to, ']');
}

static void present_map(const struct presenting *p, const struct field *f, struct list map) {
    bool is_first = true;
    struct text key, t;
    int64_t v;

    buf_char(p->to, '{');
    while (map.count > 0) {
        separate(p->to, &is_first);
        if (f->item == FIELD_INT)
            must(codec_next_pair_int(&map, &key, &v));
        else
            must(codec_next_pair_text(&map, &key, &t));
        json_text(p->to, key);
        buf_char(p->to, ':');
        if (f->item == FIELD_INT)
            buf_printf(p->to, "%" PRId64, v);
        else
            json_text(p->to, t);
    }
    buf_char(p->to, '}');
}

static const struct shape *shape_inside(const struct field *f) {
    for (unsigned i = 0; i < REC_COUNT; i++)
        if (text_is(field_name(f), rec_shapes[i].name))
            return &rec_shapes[i];
    return NULL;
}

static void present_inside(const struct presenting *p, const struct field *f, struct bytes raw) {
    const struct shape *shape = shape_inside(f);
    union any_record record;

    if (shape && codec_decode(shape, CODEC_LENIENT, raw, &record, NULL) == 0)
        present_object(p, shape, &record);
    else if (!pack_is_one(raw, PACK_DEPTH) || json_from_pack(raw, p->to) < 0)
        json_bytes(p->to, raw);
}

static void present_value(const struct presenting *p, const struct field *f, const void *value) {
    char moment[RFC3339_TEXT];

    switch (f->kind) {
    case FIELD_INT:
        buf_printf(p->to, "%" PRId64, *(const int64_t *)value);
        break;
    case FIELD_BOOL:
        buf_str(p->to, *(const bool *)value ? "true" : "false");
        break;
    case FIELD_INSTANT:
        instant_format(*(const instant *)value, p->zone, moment);
        json_text(p->to, text_of(moment));
        break;
    case FIELD_TEXTS:
        present_texts(p->to, value);
        break;
    case FIELD_LIST:
    case FIELD_ROWS:
        present_list(p, f, *(const struct list *)value);
        break;
    case FIELD_MAP:
        present_map(p, f, *(const struct list *)value);
        break;
    case FIELD_RAW:
        present_inside(p, f, *(const struct bytes *)value);
        break;
    default:
        json_text(p->to, *(const struct text *)value);
    }
}

static void present_object(const struct presenting *p, const struct shape *shape,
                           const void *from) {
    bool is_first = true;

    buf_char(p->to, '{');
    for (const struct field *f = shape->fields(); f->kind != FIELD_END; f++) {
        const void *value = (const char *)from + f->offset;
        if (!codec_is_given(f, value) && !(f->required && f->kind != FIELD_RAW))
            continue;
        if (f->kind == FIELD_RAW && p->raw == PRESENT_NO_RAW)
            continue;
        separate(p->to, &is_first);
        json_text(p->to, field_name(f));
        buf_char(p->to, ':');
        present_value(p, f, value);
    }
    buf_char(p->to, '}');
}

void present_json(const struct shape *shape, const void *from, const struct zone *zone,
                  enum present_raw raw, struct buf *to) {
    const struct presenting p = {zone, raw, to};

    present_object(&p, shape, from);
}

/* ---- one line of a table ---- */

static void add_line(struct buf *to, struct text t) {
    for (size_t i = 0; i < t.n; i++)
        buf_char(to, t.p[i] == '\n' || t.p[i] == '\t' ? ' ' : t.p[i]);
}

static void add_list(const struct field *f, struct list list, struct text language,
                     const struct zone *zone, struct buf *to);

static void add_value(const struct field *f, const void *value, struct text language,
                      const struct zone *zone, struct buf *to) {
    char wall[WALL_TEXT];

    switch (f->kind) {
    case FIELD_INT:
        buf_printf(to, "%" PRId64, *(const int64_t *)value);
        break;
    case FIELD_BOOL:
        buf_str(to, *(const bool *)value ? "yes" : "no");
        break;
    case FIELD_INSTANT:
        wall_format(zone_wall(zone ? zone : zone_utc(), *(const instant *)value), wall);
        buf_str(to, wall);
        break;
    case FIELD_TEXTS:
        add_line(to, texts_in(value, language));
        break;
    case FIELD_LIST:
    case FIELD_MAP:
    case FIELD_ROWS:
        add_list(f, *(const struct list *)value, language, zone, to);
        break;
    case FIELD_RAW:
        buf_printf(to, "%zu bytes", ((const struct bytes *)value)->n);
        break;
    default:
        add_line(to, *(const struct text *)value);
    }
}

static void add_part(const struct shape *shape, const void *part, struct text language,
                     const struct zone *zone, struct buf *to) {
    const char *space = "";

    for (const struct field *f = shape->fields(); f->kind != FIELD_END; f++) {
        buf_str(to, space);
        add_value(f, (const char *)part + f->offset, language, zone, to);
        space = " ";
    }
}

static void add_list(const struct field *f, struct list list, struct text language,
                     const struct zone *zone, struct buf *to) {
    union any_part part;
    struct text key, t;
    int64_t v;

    for (const char *comma = ""; list.count > 0; comma = ", ") {
        buf_str(to, comma);
        if (f->kind == FIELD_ROWS) {
            must(codec_next_part(&list, (enum part_type)(f->part - part_shapes), &part));
            add_part(f->part, &part, language, zone, to);
        } else if (f->kind == FIELD_MAP && f->item == FIELD_INT) {
            must(codec_next_pair_int(&list, &key, &v));
            buf_printf(to, "%.*s %" PRId64, TEXT_ARGS(key), v);
        } else if (f->kind == FIELD_MAP) {
            must(codec_next_pair_text(&list, &key, &t));
            buf_printf(to, "%.*s ", TEXT_ARGS(key));
            add_line(to, t);
        } else if (f->item == FIELD_INT) {
            must(codec_next_int(&list, &v));
            buf_printf(to, "%" PRId64, v);
        } else {
            must(codec_next_text(&list, &t));
            add_line(to, t);
        }
    }
}

int present_field(const struct shape *shape, const void *from, struct text name,
                  struct text language, const struct zone *zone, struct buf *to) {
    const struct field *f = shape_field(shape, name);
    const void *value;

    if (!f)
        return -ENOENT;
    value = (const char *)from + f->offset;
    if (codec_is_given(f, value))
        add_value(f, value, language, zone, to);
    return 0;
}
