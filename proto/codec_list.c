#include "proto/codec_inner.h"

#include <errno.h>

/* ---- reading lists ---- */

static int read_item(const struct decoding *d, const struct path *at, enum field_kind kind,
                     int64_t most, struct pack_reader *r) {
    struct text t;
    int64_t v;

    if (kind == FIELD_INT)
        return codec_read_int(d, at, 0, most, r, &v);
    if (!pack_read_text(r, &t))
        return codec_refuse(d, at, "bad-value", "must be a text");
    return codec_check_text(d, at, kind, most, NULL, t);
}

static int read_pair(const struct decoding *d, const struct path *up, const struct field *f,
                     struct pack_reader *r) {
    struct path at = {up, TEXT_NONE, 0};

    if (!pack_read_text(r, &at.name) || check_id(at.name) < 0)
        return codec_refuse(d, up, "bad-value", "must have ids as keys: 1 to 64 of a-z 0-9 - . _");
    return read_item(d, &at, f->item, f->item_max, r);
}

static int read_one(const struct decoding *d, const struct path *up, const struct field *f,
                    uint32_t index, struct pack_reader *r) {
    struct path at = {up, TEXT_NONE, index};
    union any_part part;

    if (f->kind == FIELD_MAP)
        return read_pair(d, up, f, r);
    if (f->kind == FIELD_LIST)
        return read_item(d, &at, f->item, f->item_max, r);
    return codec_read(d, &at, f->part, r, &part);
}

int codec_read_list(const struct decoding *d, const struct path *at, const struct field *field,
                    struct pack_reader *r, struct list *ret) {
    bool is_map = field->kind == FIELD_MAP;
    const uint8_t *start;
    uint32_t count;

    if (is_map ? !pack_read_map(r, &count) : !pack_read_array(r, &count))
        return codec_refuse(d, at, "bad-value", "must be a %s", is_map ? "map" : "list");
    if (count > field->max)
        return codec_refuse(d, at, "too-long", "has %u items; at most %lld", count,
                            (long long)field->max);
    start = r->p;
    for (uint32_t i = 0; i < count; i++) {
        int err = read_one(d, at, field, i, r);
        if (err < 0)
            return err;
    }
    *ret = (struct list){{start, (size_t)(r->p - start)}, count};
    return 0;
}

/* ---- walking lists ---- */

/* Moves the list on to where the reader is; false keeps it where it was. */
static bool move_on(struct list *list, const struct pack_reader *r, bool was_read) {
    if (!was_read || list->count == 0)
        return false;
    list->count--;
    list->raw = (struct bytes){r->p, (size_t)(r->end - r->p)};
    return true;
}

bool codec_next_text(struct list *list, struct text *ret) {
    struct pack_reader r = pack_read(list->raw);

    return list->count > 0 && move_on(list, &r, pack_read_text(&r, ret));
}

bool codec_next_int(struct list *list, int64_t *ret) {
    struct pack_reader r = pack_read(list->raw);

    return list->count > 0 && move_on(list, &r, pack_read_int(&r, ret));
}

bool codec_next_pair_text(struct list *map, struct text *ret_key, struct text *ret_value) {
    struct pack_reader r = pack_read(map->raw);

    return map->count > 0 &&
           move_on(map, &r, pack_read_text(&r, ret_key) && pack_read_text(&r, ret_value));
}

bool codec_next_pair_int(struct list *map, struct text *ret_key, int64_t *ret_value) {
    struct pack_reader r = pack_read(map->raw);

    return map->count > 0 &&
           move_on(map, &r, pack_read_text(&r, ret_key) && pack_read_int(&r, ret_value));
}

bool codec_next_part(struct list *list, enum part_type part, void *ret) {
    const struct decoding d = {CODEC_STORED, NULL}; /* the list was checked as a whole */
    struct pack_reader r = pack_read(list->raw);

    return list->count > 0 &&
           move_on(list, &r, codec_read(&d, NULL, &part_shapes[part], &r, ret) == 0);
}

bool list_has_text(struct list list, struct text t) {
    struct text item;

    while (codec_next_text(&list, &item))
        if (text_eq(item, t))
            return true;
    return false;
}

/* ---- building lists ---- */

void codec_add_text(struct buf *to, struct text t) {
    pack_text(to, t);
}

void codec_add_int(struct buf *to, int64_t v) {
    pack_int(to, v);
}

void codec_add_part(struct buf *to, enum part_type part, const void *from) {
    codec_encode(&part_shapes[part], from, to);
}

struct list codec_list(const struct buf *of, size_t start, uint32_t count) {
    struct bytes all = buf_as_bytes(of);

    must(start <= all.n);
    return (struct list){{(const char *)all.p + start, all.n - start}, count};
}

static bool copy_scalar(const struct field *f, struct list *list, struct buf *to) {
    struct text t;
    int64_t v;

    if (f->item == FIELD_INT) {
        if (!codec_next_int(list, &v))
            return false;
        pack_int(to, v);
        return true;
    }
    if (!codec_next_text(list, &t))
        return false;
    pack_text(to, t);
    return true;
}

static bool copy_pair(const struct field *f, struct list *map, struct buf *to) {
    struct text key, t;
    int64_t v;

    if (f->item == FIELD_INT) {
        if (!codec_next_pair_int(map, &key, &v))
            return false;
        pack_text(to, key);
        pack_int(to, v);
        return true;
    }
    if (!codec_next_pair_text(map, &key, &t))
        return false;
    pack_text(to, key);
    pack_text(to, t);
    return true;
}

static bool copy_part(const struct field *f, struct list *list, struct buf *to) {
    union any_part part;

    if (!codec_next_part(list, (enum part_type)(f->part - part_shapes), &part))
        return false;
    codec_encode(f->part, &part, to);
    return true;
}

/* Item by item, because whoever encoded them may have done it otherwise than we do, and what is
 * equal must give equal bytes. */
void codec_write_list(const struct field *field, struct list list, struct buf *to) {
    must(list.count <= field->max);
    if (field->kind == FIELD_MAP)
        pack_map(to, list.count);
    else
        pack_array(to, list.count);
    while (list.count > 0) {
        if (field->kind == FIELD_MAP)
            must(copy_pair(field, &list, to));
        else if (field->kind == FIELD_ROWS)
            must(copy_part(field, &list, to));
        else
            must(copy_scalar(field, &list, to));
    }
    must(list.raw.n == 0); /* else something stands in it that was not counted */
}

/* ---- texts ---- */

void codec_add_texts(struct buf *to, const struct texts *texts) {
    const struct {
        const char *key;
        struct text t;
    } rows[] = {{"any", texts->any}, {"da", texts->da}, {"sv", texts->sv}, {"en", texts->en}};
    uint32_t count = 0;

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        count += rows[i].t.p != NULL;
    if (count == 0 || (count == 1 && texts->any.p)) {
        pack_text(to, texts->any);
        return;
    }
    pack_map(to, count);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].t.p) {
            pack_str(to, rows[i].key);
            pack_text(to, rows[i].t);
        }
}

struct text texts_in(const struct texts *texts, struct text language) {
    const struct text *own = text_is(language, "da")   ? &texts->da
                             : text_is(language, "sv") ? &texts->sv
                                                       : &texts->en;
    const struct text *rows[] = {own, &texts->any, &texts->en, &texts->sv, &texts->da};

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i]->p)
            return *rows[i];
    return TEXT_NONE;
}

bool texts_given(const struct texts *texts) {
    return texts->any.p || texts->da.p || texts->sv.p || texts->en.p;
}
