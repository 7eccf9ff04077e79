#include "common/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "common/pack.h"

/* ---- from JSON ---- */

struct place { /* where we are in the value, on the stack */
    const struct place *up;
    const char *key; /* NULL: an item, by its index */
    size_t index;
    unsigned depth;
};
struct conversion {
    struct buf *to;
    char *error; /* JSON_ERROR_TEXT bytes */
};

static void add_place(char *error, const struct place *at) {
    size_t n;

    if (at->up)
        add_place(error, at->up);
    n = strlen(error);
    if (at->key)
        snprintf(error + n, JSON_ERROR_TEXT - n, "%s%.40s", n ? "." : "", at->key);
    else if (at->depth > 0)
        snprintf(error + n, JSON_ERROR_TEXT - n, "%s%zu", n ? "." : "", at->index);
}

static int refuse(const struct conversion *c, const struct place *at, const char *what) {
    size_t n;

    c->error[0] = '\0';
    add_place(c->error, at);
    n = strlen(c->error);
    snprintf(c->error + n, JSON_ERROR_TEXT - n, "%s%s", n ? ": " : "", what);
    return -EINVAL;
}

static int write_value(const struct conversion *c, const struct place *at, json_t *value);

static int write_object(const struct conversion *c, const struct place *up, json_t *object) {
    const char *key;
    json_t *value;

    pack_map(c->to, (uint32_t)json_object_size(object));
    json_object_foreach(object, key, value) {
        struct place at = {up, key, 0, up->depth + 1};
        int err;
        pack_str(c->to, key);
        err = write_value(c, &at, value);
        if (err < 0)
            return err;
    }
    return 0;
}

static int write_array(const struct conversion *c, const struct place *up, json_t *array) {
    pack_array(c->to, (uint32_t)json_array_size(array));
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct place at = {up, NULL, i, up->depth + 1};
        int err = write_value(c, &at, json_array_get(array, i));
        if (err < 0)
            return err;
    }
    return 0;
}

static int write_value(const struct conversion *c, const struct place *at, json_t *value) {
    bool is_nest = json_is_object(value) || json_is_array(value);

    if (is_nest && at->depth >= PACK_DEPTH)
        return refuse(c, at, "nested too deep");
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return write_object(c, at, value);
    case JSON_ARRAY:
        return write_array(c, at, value);
    case JSON_STRING:
        pack_text(c->to, (struct text){json_string_value(value), json_string_length(value)});
        return 0;
    case JSON_INTEGER:
        pack_int(c->to, json_integer_value(value));
        return 0;
    case JSON_REAL:
        return refuse(c, at, "a whole number is expected, without fraction or exponent");
    case JSON_TRUE:
    case JSON_FALSE:
        pack_bool(c->to, json_is_true(value));
        return 0;
    case JSON_NULL:
        break;
    }
    pack_nil(c->to);
    return 0;
}

int json_to_pack(struct text json, struct buf *to, char reterr[JSON_ERROR_TEXT]) {
    const struct conversion c = {to, reterr};
    const struct place top = {NULL, NULL, 0, 0};
    json_error_t error;
    json_t *value;
    int err;

    value =
        json_loadb(json.p ? json.p : "", json.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!value) {
        snprintf(reterr, JSON_ERROR_TEXT, "%d:%d: %s", error.line, error.column, error.text);
        return -EINVAL;
    }
    err = write_value(&c, &top, value);
    json_decref(value);
    if (err == 0 && to->over) {
        snprintf(reterr, JSON_ERROR_TEXT, "larger than %zu bytes", to->limit);
        return -EMSGSIZE;
    }
    return err;
}

/* ---- to JSON ---- */

void json_text(struct buf *to, struct text t) {
    size_t start = 0;

    buf_char(to, '"');
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c >= ' ' && c != '"' && c != '\\' && c != 0x7f)
            continue;
        buf_add(to, t.p + start, i - start);
        start = i + 1;
        if (c == '"' || c == '\\')
            buf_printf(to, "\\%c", c);
        else if (c == '\n')
            buf_str(to, "\\n");
        else if (c == '\t')
            buf_str(to, "\\t");
        else
            buf_printf(to, "\\u%04x", c);
    }
    if (t.n > start)
        buf_add(to, t.p + start, t.n - start);
    buf_char(to, '"');
}

void json_bytes(struct buf *to, struct bytes b) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const uint8_t *p = b.p;

    buf_char(to, '"');
    for (size_t i = 0; i < b.n; i += 3) {
        size_t have = b.n - i < 3 ? b.n - i : 3;
        uint32_t v = (uint32_t)p[i] << 16;
        if (have > 1)
            v |= (uint32_t)p[i + 1] << 8;
        if (have > 2)
            v |= p[i + 2];
        for (size_t k = 0; k <= have; k++)
            buf_char(to, digits[v >> (18 - 6 * k) & 63]);
    }
    buf_char(to, '"');
}

static bool print_value(struct pack_reader *r, struct buf *to);

static bool print_array(struct pack_reader *r, struct buf *to) {
    uint32_t count;

    if (!pack_read_array(r, &count))
        return false;
    buf_char(to, '[');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            buf_char(to, ',');
        if (!print_value(r, to))
            return false;
    }
    buf_char(to, ']');
    return true;
}

static bool print_map(struct pack_reader *r, struct buf *to) {
    struct text key;
    uint32_t count;

    if (!pack_read_map(r, &count))
        return false;
    buf_char(to, '{');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            buf_char(to, ',');
        if (!pack_read_text(r, &key))
            return false;
        json_text(to, key);
        buf_char(to, ':');
        if (!print_value(r, to))
            return false;
    }
    buf_char(to, '}');
    return true;
}

/* Recursion is bounded: the bytes were scanned, at most PACK_DEPTH deep. */
static bool print_value(struct pack_reader *r, struct buf *to) {
    struct bytes b = {NULL, 0};
    struct text t;
    int64_t v;
    bool truth;

    if (pack_peek(r) == PACK_ARRAY)
        return print_array(r, to);
    if (pack_peek(r) == PACK_MAP)
        return print_map(r, to);
    if (pack_read_nil(r))
        buf_str(to, "null");
    else if (pack_read_bool(r, &truth))
        buf_str(to, truth ? "true" : "false");
    else if (pack_read_int(r, &v))
        buf_printf(to, "%" PRId64, v);
    else if (pack_read_text(r, &t))
        json_text(to, t);
    else if (pack_read_bytes(r, &b))
        json_bytes(to, b);
    else
        return false;
    return true;
}

int json_from_pack(struct bytes in, struct buf *to) {
    struct pack_reader r = pack_read(in);

    if (!pack_is_one(in, PACK_DEPTH) || !print_value(&r, to))
        return -EBADMSG;
    return to->over ? -EMSGSIZE : 0;
}
