#include "proto/codec_inner.h"

#include <errno.h>
#include <string.h>

#define FIELDS_MOST 64 /* of a shape: one bit each */

/* ---- decoding ---- */

static bool is_named(const struct field *f, struct text key) {
    return f->name[0] == key.p[0] && text_eq(field_name(f), key);
}

/* The row of `key`. Whoever encodes keeps the order of the rows, so it is looked for from *next on.
 */
static const struct field *find_row(const struct field *fields, const struct field **next,
                                    struct text key) {
    const struct field *f;

    if (key.n == 0)
        return NULL;
    for (f = *next; f->kind != FIELD_END; f++)
        if (is_named(f, key))
            break;
    if (f->kind == FIELD_END) {
        for (f = fields; f != *next; f++)
            if (is_named(f, key))
                break;
        if (f == *next)
            return NULL;
    }
    *next = f + 1;
    return f;
}

static int read_text(const struct decoding *d, const struct path *at, enum field_kind kind,
                     const struct field *f, struct pack_reader *r, struct text *ret) {
    struct text t;
    int err;

    if (!pack_read_text(r, &t))
        return codec_refuse(d, at, "bad-value", "must be a text");
    err = codec_check_text(d, at, kind, f->max, f->choices, t);
    if (err == 0)
        *ret = t;
    return err;
}

static struct text *language_of(struct texts *texts, struct text key) {
    if (text_is(key, "da"))
        return &texts->da;
    if (text_is(key, "sv"))
        return &texts->sv;
    if (text_is(key, "en"))
        return &texts->en;
    return NULL;
}

static int read_language(const struct decoding *d, const struct path *up, const struct field *f,
                         struct pack_reader *r, struct texts *texts) {
    struct text key = TEXT_NONE, *to;
    struct path at = {up, TEXT_NONE, 0};

    if (!pack_read_text(r, &key))
        return codec_refuse(d, up, "bad-value", "must be a text, or one for each language");
    at.name = key;
    to = language_of(texts, key);
    if (!to && d->mode != CODEC_STRICT && text_is(key, "any"))
        to = &texts->any;
    if (!to)
        return codec_refuse(d, &at, "bad-value", "must be da, sv or en");
    if (to->p)
        return codec_refuse(d, &at, "bad-value", "is given twice");
    if (pack_read_nil(r))
        return 0;
    return read_text(d, &at, FIELD_TEXT, f, r, to);
}

static int read_texts(const struct decoding *d, const struct path *at, const struct field *f,
                      struct pack_reader *r, struct texts *ret) {
    struct texts texts = {TEXT_NONE, TEXT_NONE, TEXT_NONE, TEXT_NONE};
    uint32_t count;
    int err = 0;

    if (pack_peek(r) == PACK_TEXT)
        return read_text(d, at, FIELD_TEXT, f, r, &ret->any);
    if (!pack_read_map(r, &count))
        return codec_refuse(d, at, "bad-value", "must be a text, or one for each of da, sv and en");
    for (; count > 0 && err == 0; count--)
        err = read_language(d, at, f, r, &texts);
    if (err < 0)
        return err;
    if (!texts_given(&texts))
        return codec_refuse(d, at, "bad-value", "must hold a text for da, sv or en");
    *ret = texts;
    return 0;
}

static int read_bytes(const struct decoding *d, const struct path *at, const struct field *f,
                      struct pack_reader *r, struct bytes *ret) {
    struct bytes b;

    if (!pack_read_bytes(r, &b))
        return codec_refuse(d, at, "bad-value", "must be bytes");
    if (b.n > (size_t)f->max)
        return codec_refuse(d, at, "too-long", "is %zu bytes; at most %lld", b.n,
                            (long long)f->max);
    *ret = b;
    return 0;
}

static int read_value(const struct decoding *d, const struct path *at, const struct field *f,
                      struct pack_reader *r, void *to) {
    switch (f->kind) {
    case FIELD_INT:
        return codec_read_int(d, at, f->min, f->max, r, to);
    case FIELD_BOOL:
        if (!pack_read_bool(r, to))
            return codec_refuse(d, at, "bad-value", "must be true or false");
        return 0;
    case FIELD_INSTANT:
        return codec_read_instant(d, at, r, to);
    case FIELD_TEXTS:
        return read_texts(d, at, f, r, to);
    case FIELD_LIST:
    case FIELD_MAP:
    case FIELD_ROWS:
        return codec_read_list(d, at, f, r, to);
    case FIELD_RAW:
        return read_bytes(d, at, f, r, to);
    default:
        return read_text(d, at, f->kind, f, r, to);
    }
}

static bool is_empty_text(struct text t) {
    return t.p && t.n == 0;
}

/* An empty text or a list of nothing says nothing, so it does not do where something must be said.
 */
static bool says_nothing(const struct field *f, const void *value) {
    const struct texts *texts = value;

    switch (f->kind) {
    case FIELD_TEXT:
        return is_empty_text(*(const struct text *)value);
    case FIELD_TEXTS:
        return is_empty_text(texts->any) || is_empty_text(texts->da) || is_empty_text(texts->sv) ||
               is_empty_text(texts->en);
    case FIELD_INSTANT:
        return *(const instant *)value == 0;
    default:
        return false;
    }
}

static int read_field(const struct decoding *d, const struct path *up, const struct field *fields,
                      const struct field **next, struct pack_reader *r, uint64_t *seen, char *ret) {
    struct path at = {up, TEXT_NONE, 0};
    const struct field *f;
    uint64_t bit;
    int err;

    if (!pack_read_text(r, &at.name))
        return codec_refuse(d, up, "malformed", "must be a map of fields");
    f = find_row(fields, next, at.name);
    if (!f) {
        if (d->mode == CODEC_STRICT)
            return codec_refuse(d, &at, "unknown-field", "is not a field of this");
        return pack_skip(r) ? 0 : codec_refuse(d, up, "malformed", "is cut off");
    }
    bit = (uint64_t)1 << (f - fields);
    if (*seen & bit)
        return codec_refuse(d, &at, "bad-value", "is given twice");
    *seen |= bit;
    if (pack_read_nil(r))
        return f->required ? codec_refuse(d, &at, "missing", "is required") : 0;
    err = read_value(d, &at, f, r, ret + f->offset);
    if (err == 0 && f->required && d->mode == CODEC_STRICT && says_nothing(f, ret + f->offset))
        return codec_refuse(d, &at, "missing", "is required and empty");
    return err;
}

int codec_read(const struct decoding *d, const struct path *up, const struct shape *shape,
               struct pack_reader *r, void *ret) {
    const struct field *fields = shape->fields();
    const struct field *next = fields;
    uint64_t seen = 0;
    uint32_t count;

    memset(ret, 0, shape->size);
    if (!pack_read_map(r, &count))
        return codec_refuse(d, up, up ? "bad-value" : "malformed", "must be a map of fields");
    for (; count > 0; count--) {
        int err = read_field(d, up, fields, &next, r, &seen, ret);
        if (err < 0)
            return err;
    }
    for (const struct field *f = fields; f->kind != FIELD_END; f++) {
        must(f - fields < FIELDS_MOST);
        if (f->required && !(seen & (uint64_t)1 << (f - fields))) {
            struct path at = {up, field_name(f), 0};
            return codec_refuse(d, &at, "missing", "is required");
        }
    }
    return 0;
}

/* ---- encoding ---- */

bool codec_is_given(const struct field *f, const void *value) {
    switch (f->kind) {
    case FIELD_INT:
    case FIELD_INSTANT:
        return *(const int64_t *)value != 0;
    case FIELD_BOOL:
        return *(const bool *)value;
    case FIELD_TEXTS:
        return texts_given(value);
    case FIELD_LIST:
    case FIELD_MAP:
    case FIELD_ROWS:
        return ((const struct list *)value)->raw.p != NULL;
    case FIELD_RAW:
        return ((const struct bytes *)value)->p != NULL;
    default:
        return ((const struct text *)value)->p != NULL;
    }
}

static bool is_written(const struct field *f, const void *from) {
    return f->required || codec_is_given(f, (const char *)from + f->offset);
}

/* What could not be read again is our mistake, and better found now than in the store. */
static void write_text(const struct field *f, struct text t, struct buf *to) {
    must(t.n <= (size_t)f->max && (t.n > 0 || f->kind == FIELD_TEXT));
    pack_text(to, t);
}

static void write_int(const struct field *f, int64_t v, struct buf *to) {
    must(v >= f->min && v <= f->max);
    pack_int(to, v);
}

static void write_value(const struct field *f, const void *value, struct buf *to) {
    switch (f->kind) {
    case FIELD_INT:
        write_int(f, *(const int64_t *)value, to);
        break;
    case FIELD_BOOL:
        pack_bool(to, *(const bool *)value);
        break;
    case FIELD_INSTANT:
        must(*(const instant *)value >= 0 && *(const instant *)value <= INSTANT_MOST);
        pack_int(to, *(const instant *)value);
        break;
    case FIELD_TEXTS:
        codec_add_texts(to, value);
        break;
    case FIELD_LIST:
    case FIELD_MAP:
    case FIELD_ROWS:
        codec_write_list(f, *(const struct list *)value, to);
        break;
    case FIELD_RAW:
        pack_bytes(to, *(const struct bytes *)value);
        break;
    default:
        write_text(f, *(const struct text *)value, to);
    }
}

uint32_t codec_count_fields(const struct shape *shape, const void *from) {
    uint32_t count = 0;

    for (const struct field *f = shape->fields(); f->kind != FIELD_END; f++)
        count += is_written(f, from);
    return count;
}

void codec_write_fields(const struct shape *shape, const void *from, struct buf *to) {
    for (const struct field *f = shape->fields(); f->kind != FIELD_END; f++)
        if (is_written(f, from)) {
            pack_text(to, field_name(f));
            write_value(f, (const char *)from + f->offset, to);
        }
}

int codec_decode(const struct shape *shape, enum codec_mode mode, struct bytes in, void *ret,
                 struct complaint *reterr) {
    const struct decoding d = {mode, reterr};

    if (mode != CODEC_STORED && !pack_is_one(in, CODEC_DEPTH))
        return codec_refuse(&d, NULL, "malformed",
                            "must be one MessagePack map with texts as keys, nested at most %d "
                            "deep, in UTF-8, without fractions or extension types",
                            CODEC_DEPTH);
    return codec_decode_scanned(shape, mode, in, ret, reterr);
}

int codec_decode_scanned(const struct shape *shape, enum codec_mode mode, struct bytes in,
                         void *ret, struct complaint *reterr) {
    const struct decoding d = {mode, reterr};
    struct pack_reader r = pack_read(in);
    int err = codec_read(&d, NULL, shape, &r, ret);

    if (err == 0 && r.p != r.end)
        return codec_refuse(&d, NULL, "malformed", "must be one map, and nothing after it");
    return err;
}

void codec_encode(const struct shape *shape, const void *from, struct buf *to) {
    pack_map(to, codec_count_fields(shape, from));
    codec_write_fields(shape, from, to);
}

/* ---- what was encoded just now ---- */

static bool follow_value(const struct field *f, const void *from, struct pack_reader *r, void *to) {
    const struct decoding d = {CODEC_STORED, NULL};
    const struct path at = {NULL, TEXT_NONE, 0};

    switch (f->kind) {
    case FIELD_INT:
    case FIELD_INSTANT:
        memcpy(to, from, sizeof(int64_t));
        return pack_skip(r);
    case FIELD_BOOL:
        return pack_read_bool(r, to);
    case FIELD_RAW:
        return pack_read_bytes(r, to);
    case FIELD_TEXTS:
        return read_texts(&d, &at, f, r, to) == 0;
    case FIELD_LIST:
    case FIELD_MAP:
    case FIELD_ROWS:
        return codec_read_list(&d, &at, f, r, to) == 0;
    default:
        return pack_read_text(r, to);
    }
}

void codec_follow(const struct shape *shape, const void *from, struct bytes in, void *ret) {
    struct pack_reader r = pack_read(in);
    struct text name;
    uint32_t count;

    memset(ret, 0, shape->size);
    must(pack_read_map(&r, &count));
    for (const struct field *f = shape->fields(); count > 0; f++) {
        must(f->kind != FIELD_END);
        if (!is_written(f, from))
            continue;
        must(pack_read_text(&r, &name) &&
             follow_value(f, (const char *)from + f->offset, &r, (char *)ret + f->offset));
        count--;
    }
    must(r.p == r.end);
}
