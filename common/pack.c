#include "common/pack.h"

#include <string.h>

struct head { /* what the first bytes of an object say */
    enum pack_kind kind;
    bool is_big; /* an integer above INT64_MAX */
    size_t size; /* of these first bytes; a number or a truth is complete with them */
    uint32_t n;  /* bytes of a text, items of an array, pairs of a map */
    int64_t value;
};

/* The first bytes 0xc0 to 0xdf: what follows, and how many bytes its number takes. */
static const struct {
    uint8_t kind, width;
    bool is_signed;
} wide[32] = {
    [0x00] = {PACK_NIL, 0, false},   [0x02] = {PACK_BOOL, 0, false},
    [0x03] = {PACK_BOOL, 0, false},  [0x04] = {PACK_BYTES, 1, false},
    [0x05] = {PACK_BYTES, 2, false}, [0x06] = {PACK_BYTES, 4, false},
    [0x0c] = {PACK_INT, 1, false},   [0x0d] = {PACK_INT, 2, false},
    [0x0e] = {PACK_INT, 4, false},   [0x0f] = {PACK_INT, 8, false},
    [0x10] = {PACK_INT, 1, true},    [0x11] = {PACK_INT, 2, true},
    [0x12] = {PACK_INT, 4, true},    [0x13] = {PACK_INT, 8, true},
    [0x19] = {PACK_TEXT, 1, false},  [0x1a] = {PACK_TEXT, 2, false},
    [0x1b] = {PACK_TEXT, 4, false},  [0x1c] = {PACK_ARRAY, 2, false},
    [0x1d] = {PACK_ARRAY, 4, false}, [0x1e] = {PACK_MAP, 2, false},
    [0x1f] = {PACK_MAP, 4, false},
};

static int64_t extend_sign(uint64_t v, unsigned width) {
    switch (width) {
    case 1:
        return (int8_t)(uint8_t)v;
    case 2:
        return (int16_t)(uint16_t)v;
    case 4:
        return (int32_t)(uint32_t)v;
    default:
        return (int64_t)v;
    }
}

static bool read_wide_head(const uint8_t *p, size_t left, struct head *ret) {
    unsigned row = p[0] - 0xc0u;
    unsigned width = wide[row].width;
    uint64_t v = 0;

    if (wide[row].kind == PACK_END || width >= left)
        return false;
    for (unsigned i = 1; i <= width; i++)
        v = v << 8 | p[i];
    *ret = (struct head){(enum pack_kind)wide[row].kind, false, 1 + (size_t)width, (uint32_t)v, 0};
    if (ret->kind == PACK_BOOL) {
        ret->value = row == 3;
    } else if (ret->kind == PACK_INT && wide[row].is_signed) {
        ret->value = extend_sign(v, width);
    } else if (ret->kind == PACK_INT) {
        ret->is_big = v > INT64_MAX;
        ret->value = (int64_t)v;
    }
    return true;
}

static inline bool read_head(const uint8_t *p, size_t left, struct head *ret) {
    uint8_t b;

    if (left == 0)
        return false;
    b = p[0];
    if (b >= 0xc0 && b < 0xe0)
        return read_wide_head(p, left, ret);
    if (b < 0x80 || b >= 0xe0)
        *ret = (struct head){PACK_INT, false, 1, 0, (int8_t)b};
    else if (b < 0x90)
        *ret = (struct head){PACK_MAP, false, 1, b & 15, 0};
    else if (b < 0xa0)
        *ret = (struct head){PACK_ARRAY, false, 1, b & 15, 0};
    else
        *ret = (struct head){PACK_TEXT, false, 1, b & 31, 0};
    return true;
}

static uint64_t children(const struct head *h) {
    return h->kind == PACK_ARRAY ? h->n : h->kind == PACK_MAP ? 2 * (uint64_t)h->n : 0;
}

static size_t blob(const struct head *h) {
    return h->kind == PACK_TEXT || h->kind == PACK_BYTES ? h->n : 0;
}

static bool is_plain(const uint8_t *p, size_t n) {
    uint64_t word;

    for (; n >= sizeof word; p += sizeof word, n -= sizeof word) {
        memcpy(&word, p, sizeof word);
        if (word & 0x8080808080808080u)
            return false;
    }
    for (; n > 0; p++, n--)
        if (*p & 0x80)
            return false;
    return true;
}

static bool is_utf8(const uint8_t *p, size_t n) {
    return is_plain(p, n) || text_is_utf8((struct text){(const char *)p, n});
}

/* Iterative: need[d] counts what is still to come at depth d. Where it is a map's, an even number
 * means that a key comes next. */
size_t pack_scan(struct bytes in, unsigned depth) {
    const uint8_t *p = in.p;
    uint64_t need[PACK_DEPTH + 1] = {1};
    bool is_map[PACK_DEPTH + 1] = {false};
    unsigned d = 0;
    size_t at = 0;

    must(depth <= PACK_DEPTH);
    for (;;) {
        struct head h;
        uint64_t kids;

        if (!read_head(p + at, in.n - at, &h))
            return 0;
        if (is_map[d] && need[d] % 2 == 0 && h.kind != PACK_TEXT)
            return 0;
        at += h.size;
        if (blob(&h) > in.n - at)
            return 0;
        if (h.kind == PACK_TEXT && !is_utf8(p + at, h.n))
            return 0;
        at += blob(&h);
        kids = children(&h);
        if (kids > in.n - at) /* each takes a byte at least */
            return 0;
        if (kids > 0) {
            if (++d > depth)
                return 0;
            need[d] = kids;
            is_map[d] = h.kind == PACK_MAP;
            continue;
        }
        while (--need[d] == 0) {
            if (d == 0)
                return at;
            d--;
        }
    }
}

bool pack_is_one(struct bytes in, unsigned depth) {
    return in.n > 0 && pack_scan(in, depth) == in.n;
}

/* ---- reading ---- */

static bool next_head(const struct pack_reader *r, struct head *ret) {
    size_t left = (size_t)(r->end - r->p);

    return read_head(r->p, left, ret) && blob(ret) <= left - ret->size;
}

static bool next_of(const struct pack_reader *r, enum pack_kind kind, struct head *ret) {
    return next_head(r, ret) && ret->kind == kind;
}

struct pack_reader pack_read(struct bytes in) {
    const uint8_t *p = in.p;

    return (struct pack_reader){p, in.n ? p + in.n : p};
}

enum pack_kind pack_peek(const struct pack_reader *r) {
    struct head h;

    return next_head(r, &h) ? h.kind : PACK_END;
}

bool pack_read_nil(struct pack_reader *r) {
    if (r->p == r->end || *r->p != 0xc0)
        return false;
    r->p++;
    return true;
}

bool pack_read_bool(struct pack_reader *r, bool *ret) {
    struct head h;

    if (!next_of(r, PACK_BOOL, &h))
        return false;
    r->p += h.size;
    *ret = h.value != 0;
    return true;
}

bool pack_read_int(struct pack_reader *r, int64_t *ret) {
    struct head h;

    if (!next_of(r, PACK_INT, &h) || h.is_big)
        return false;
    r->p += h.size;
    *ret = h.value;
    return true;
}

/* One of at most 31 bytes, as most are and all names of fields. */
static bool read_short_text(struct pack_reader *r, struct text *ret) {
    size_t left = (size_t)(r->end - r->p);

    if (left == 0 || (r->p[0] & 0xe0) != 0xa0 || (r->p[0] & 31u) >= left)
        return false;
    *ret = (struct text){(const char *)r->p + 1, r->p[0] & 31};
    r->p += 1 + ret->n;
    return true;
}

bool pack_read_text(struct pack_reader *r, struct text *ret) {
    struct head h;

    if (read_short_text(r, ret))
        return true;
    if (!next_of(r, PACK_TEXT, &h))
        return false;
    *ret = (struct text){(const char *)r->p + h.size, h.n};
    r->p += h.size + h.n;
    return true;
}

bool pack_read_bytes(struct pack_reader *r, struct bytes *ret) {
    struct head h;

    if (!next_of(r, PACK_BYTES, &h))
        return false;
    *ret = (struct bytes){r->p + h.size, h.n};
    r->p += h.size + h.n;
    return true;
}

static bool read_count(struct pack_reader *r, enum pack_kind kind, uint32_t *ret) {
    struct head h;

    if (!next_of(r, kind, &h))
        return false;
    r->p += h.size;
    *ret = h.n;
    return true;
}

bool pack_read_array(struct pack_reader *r, uint32_t *ret_count) {
    return read_count(r, PACK_ARRAY, ret_count);
}

bool pack_read_map(struct pack_reader *r, uint32_t *ret_count) {
    return read_count(r, PACK_MAP, ret_count);
}

bool pack_read_raw(struct pack_reader *r, struct bytes *ret) {
    const uint8_t *start = r->p;

    if (!pack_skip(r))
        return false;
    *ret = (struct bytes){start, (size_t)(r->p - start)};
    return true;
}

/* No depth to keep: objects stand behind each other, so counting those to come is enough. */
bool pack_skip(struct pack_reader *r) {
    struct pack_reader at = *r;
    uint64_t need = 1;

    while (need > 0) {
        struct head h;
        if (!next_head(&at, &h))
            return false;
        at.p += h.size + blob(&h);
        need += children(&h);
        if (--need > (uint64_t)(at.end - at.p))
            return false;
    }
    *r = at;
    return true;
}

/* ---- writing ---- */

/* A first byte and the number after it, in `width` bytes. */
static void write_wide(struct buf *to, uint8_t first, uint64_t v, unsigned width) {
    char *b = buf_take(to, 1 + width);

    if (!b)
        return;
    b[0] = (char)first;
    for (unsigned i = 0; i < width; i++)
        b[1 + i] = (char)(v >> (8 * (width - 1 - i)));
}

/* As most texts and all names of fields are. */
static void write_short_text(struct buf *to, struct text t) {
    char *b = buf_take(to, 1 + t.n);

    if (!b)
        return;
    b[0] = (char)(0xa0 | t.n);
    if (t.n)
        memcpy(b + 1, t.p, t.n);
}

/* The shortest form, as everywhere here: equal values, equal bytes. */
static void write_count(struct buf *to, uint8_t fix, uint8_t wide16, uint32_t count) {
    if (count <= 15)
        write_wide(to, (uint8_t)(fix | count), 0, 0);
    else if (count <= UINT16_MAX)
        write_wide(to, wide16, count, 2);
    else
        write_wide(to, wide16 + 1, count, 4);
}

void pack_nil(struct buf *to) {
    write_wide(to, 0xc0, 0, 0);
}

void pack_bool(struct buf *to, bool v) {
    write_wide(to, v ? 0xc3 : 0xc2, 0, 0);
}

void pack_int(struct buf *to, int64_t v) {
    if (v >= -32 && v < 128)
        write_wide(to, (uint8_t)v, 0, 0);
    else if (v >= 0)
        write_wide(to,
                   v <= UINT8_MAX    ? 0xcc
                   : v <= UINT16_MAX ? 0xcd
                   : v <= UINT32_MAX ? 0xce
                                     : 0xcf,
                   (uint64_t)v,
                   v <= UINT8_MAX    ? 1
                   : v <= UINT16_MAX ? 2
                   : v <= UINT32_MAX ? 4
                                     : 8);
    else
        write_wide(to,
                   v >= INT8_MIN    ? 0xd0
                   : v >= INT16_MIN ? 0xd1
                   : v >= INT32_MIN ? 0xd2
                                    : 0xd3,
                   (uint64_t)v,
                   v >= INT8_MIN    ? 1
                   : v >= INT16_MIN ? 2
                   : v >= INT32_MIN ? 4
                                    : 8);
}

void pack_text(struct buf *to, struct text t) {
    must(t.n <= UINT32_MAX);
    if (t.n <= 31) {
        write_short_text(to, t);
        return;
    }
    if (t.n <= UINT8_MAX)
        write_wide(to, 0xd9, t.n, 1);
    else
        write_wide(to, t.n <= UINT16_MAX ? 0xda : 0xdb, t.n, t.n <= UINT16_MAX ? 2 : 4);
    buf_text(to, t);
}

void pack_bytes(struct buf *to, struct bytes b) {
    must(b.n <= UINT32_MAX);
    if (b.n <= UINT8_MAX)
        write_wide(to, 0xc4, b.n, 1);
    else if (b.n <= UINT16_MAX)
        write_wide(to, 0xc5, b.n, 2);
    else
        write_wide(to, 0xc6, b.n, 4);
    buf_add(to, b.p, b.n);
}

void pack_array(struct buf *to, uint32_t count) {
    write_count(to, 0x90, 0xdc, count);
}

void pack_map(struct buf *to, uint32_t pairs) {
    write_count(to, 0x80, 0xde, pairs);
}

void pack_raw(struct buf *to, struct bytes encoded) {
    buf_add(to, encoded.p, encoded.n);
}
