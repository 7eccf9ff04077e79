#include "proto/query.h"

#include <errno.h>

#include "common/pack.h"
#include "common/zone.h"
#include "proto/codec_inner.h"

/* ---- the rows ---- */

#include "proto/rows_fields.inc"
#define VIEW(name, record, doc)                                                                    \
    static const struct field *view_##name##_fields(void) {                                        \
        typedef struct rec_##record self;                                                          \
        static const struct field fields[] = {
#include "proto/views.def"
#include "proto/rows_end.inc"

/* A record is named by its struct here, and its enumerator is in capitals. */
enum record_index {
#include "proto/rows_none.inc"
#define RECORD(NAME, name, doc) INDEX_##name,
#include "proto/records.def"
#include "proto/rows_end.inc"
};

const struct view_info view_infos[VIEW_COUNT] = {
#include "proto/rows_none.inc"
#define VIEW(name_, record_, doc_)                                                                 \
    {{#name_, doc_, sizeof(struct rec_##record_), view_##name_##_fields, 0},                       \
     &rec_shapes[INDEX_##record_]},
#include "proto/views.def"
#include "proto/rows_end.inc"
};

#include "proto/rows_fields.inc"
#define QUERY(NAME, name, wire, who, count, view, link, doc)                                       \
    static const struct field *query_##name##_fields(void) {                                       \
        typedef struct query_##name self;                                                          \
        static const struct field fields[] = {
#include "proto/queries.def"
#include "proto/rows_end.inc"

const struct query_info query_infos[QUERY_COUNT] = {
#include "proto/rows_none.inc"
#define QUERY(NAME, name_, wire, who_, count_, view_, link_, doc_)                                 \
    {{wire, doc_, sizeof(struct query_##name_), query_##name_##_fields, 0},                        \
     QUERY_##who_,                                                                                 \
     QUERY_##count_,                                                                               \
     VIEW_##view_,                                                                                 \
     link_},
#include "proto/queries.def"
#include "proto/rows_end.inc"
};

int query_find(struct text name, enum query_type *ret) {
    for (unsigned i = 0; i < QUERY_COUNT; i++)
        if (text_is(name, query_infos[i].shape.name)) {
            *ret = (enum query_type)i;
            return 0;
        }
    return -ENOENT;
}

/* ---- what comes back ---- */

struct writing {
    struct text language;
    const struct zone *zone;
    struct buf *to;
};

static void write_shape(const struct writing *w, const struct shape *shape, const void *from,
                        uint32_t more);

static bool is_shown(const struct field *f, const void *value) {
    return f->required || codec_is_given(f, value);
}

static void write_texts(const struct writing *w, const struct texts *texts) {
    if (w->language.p)
        pack_text(w->to, texts_in(texts, w->language));
    else
        codec_add_texts(w->to, texts);
}

static void write_moment(const struct writing *w, instant at) {
    char moment[RFC3339_TEXT];

    instant_format(at, w->zone, moment);
    pack_str(w->to, moment);
}

static void write_wall(const struct writing *w, struct text t) {
    struct wall wall;

    if (wall_parse(t, &wall) == 0)
        write_moment(w, zone_instant(w->zone, wall));
    else
        pack_text(w->to, t);
}

static void write_rows(const struct writing *w, const struct field *f, struct list list) {
    union any_part part;

    pack_array(w->to, list.count);
    while (list.count > 0) {
        must(codec_next_part(&list, (enum part_type)(f->part - part_shapes), &part));
        write_shape(w, f->part, &part, 0);
    }
}

static void write_value(const struct writing *w, const struct field *f, const void *value) {
    const struct list *list = value;

    switch (f->kind) {
    case FIELD_INT:
        pack_int(w->to, *(const int64_t *)value);
        break;
    case FIELD_BOOL:
        pack_bool(w->to, *(const bool *)value);
        break;
    case FIELD_INSTANT:
        write_moment(w, *(const instant *)value);
        break;
    case FIELD_WALL:
        write_wall(w, *(const struct text *)value);
        break;
    case FIELD_TEXTS:
        write_texts(w, value);
        break;
    case FIELD_ROWS:
        write_rows(w, f, *list);
        break;
    case FIELD_LIST:
        pack_array(w->to, list->count);
        pack_raw(w->to, list->raw);
        break;
    case FIELD_MAP:
        pack_map(w->to, list->count);
        pack_raw(w->to, list->raw);
        break;
    case FIELD_RAW:
        pack_nil(w->to); /* no view shows a record inside a record */
        break;
    default:
        pack_text(w->to, *(const struct text *)value);
    }
}

static void write_shape(const struct writing *w, const struct shape *shape, const void *from,
                        uint32_t more) {
    const struct field *fields = shape->fields();

    for (const struct field *f = fields; f->kind != FIELD_END; f++)
        more += is_shown(f, (const char *)from + f->offset);
    pack_map(w->to, more);
    for (const struct field *f = fields; f->kind != FIELD_END; f++) {
        const void *value = (const char *)from + f->offset;
        if (!is_shown(f, value))
            continue;
        pack_text(w->to, field_name(f));
        write_value(w, f, value);
    }
}

/* Of a record that has none: UTC. */
static const struct zone *zone_of(const struct view_info *view, const void *record) {
    const struct field *f = shape_field(view->record, TEXT_LIT("zone"));
    const struct zone *zone;

    if (!f || zone_find(*(const struct text *)((const char *)record + f->offset), &zone))
        return zone_utc();
    return zone;
}

void query_write(enum view_type view, const void *record, struct text language, uint32_t more,
                 struct buf *to) {
    const struct view_info *info = &view_infos[view];
    const struct writing w = {language, zone_of(info, record), to};

    write_shape(&w, &info->shape, record, more);
}
