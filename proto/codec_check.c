#include "proto/codec_inner.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/zone.h"

#define ID_MOST 64
#define ADDRESS_MOST 254
#define LOCAL_PART_MOST 64
#define LABEL_MOST 63
#define PATH_NAME_MOST 40

static bool is_alnum(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* ---- complaints ---- */

/* Names may come from outside: only what cannot hurt a terminal or a log is repeated. */
static void add_name(struct complaint *c, size_t *n, struct text name) {
    for (size_t i = 0; i < name.n && i < PATH_NAME_MOST && *n + 1 < sizeof c->field; i++) {
        unsigned char ch = (unsigned char)name.p[i];
        c->field[(*n)++] = is_alnum(ch) || (ch && strchr("-._", ch)) ? (char)ch : '?';
    }
    c->field[*n] = '\0';
}

static void add_path(struct complaint *c, size_t *n, const struct path *at) {
    char index[12];

    if (at->up) {
        add_path(c, n, at->up);
        add_name(c, n, TEXT_LIT("."));
    }
    if (at->name.p) {
        add_name(c, n, at->name);
        return;
    }
    snprintf(index, sizeof index, "%u", at->index);
    add_name(c, n, text_of(index));
}

static void complain_args(struct complaint *c, const char *code, const char *fmt, va_list args) {
    c->code = code;
    c->field[0] = '\0';
    vsnprintf(c->text, sizeof c->text, fmt, args);
}

void complain(struct complaint *c, const char *code, const char *field, const char *fmt, ...) {
    va_list args;
    size_t n = 0;

    va_start(args, fmt);
    complain_args(c, code, fmt, args);
    va_end(args);
    for (; field && field[n] && n + 1 < sizeof c->field; n++)
        c->field[n] = field[n];
    c->field[n] = '\0';
}

int codec_refuse(const struct decoding *d, const struct path *at, const char *code, const char *fmt,
                 ...) {
    va_list args;
    size_t n = 0;

    if (!d->complaint)
        return -EBADMSG;
    va_start(args, fmt);
    complain_args(d->complaint, code, fmt, args);
    va_end(args);
    if (at)
        add_path(d->complaint, &n, at);
    return -EBADMSG;
}

/* ---- single values ---- */

int check_id(struct text t) {
    if (t.n == 0 || t.n > ID_MOST)
        return -EINVAL;
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_')
            return -EINVAL;
    }
    return 0;
}

static bool is_local_part(struct text t) {
    static const bool is_special[0x7f] = {
        ['<'] = true, ['>'] = true, [','] = true, [';'] = true, [':'] = true, ['\\'] = true,
        ['"'] = true, ['['] = true, [']'] = true, ['('] = true, [')'] = true, ['@'] = true,
    };
    if (t.n == 0 || t.n > LOCAL_PART_MOST || t.p[0] == '.' || t.p[t.n - 1] == '.')
        return false;
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c <= ' ' || c >= 0x7f || is_special[c])
            return false;
        if (c == '.' && t.p[i + 1] == '.') /* the last one is none, so there is a next */
            return false;
    }
    return true;
}

/* A letter of two bytes: Latin, Greek and Cyrillic, U+00C0 to U+052F without signs and accents.
 * What lies beyond holds spaces and full stops that only look like letters of a domain. */
static bool is_letter(unsigned char first, unsigned char second) {
    unsigned code = (first & 0x1fu) << 6 | (second & 0x3fu);

    return (first & 0xe0) == 0xc0 && (second & 0xc0) == 0x80 && code >= 0xc0 && code <= 0x52f &&
           code != 0xd7 && code != 0xf7 && (code < 0x2b0 || code > 0x36f);
}

static bool is_label(struct text t) {
    if (t.n == 0 || t.n > LABEL_MOST || t.p[0] == '-' || t.p[t.n - 1] == '-')
        return false;
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (is_alnum(c) || c == '-')
            continue;
        if (i + 1 == t.n || !is_letter(c, (unsigned char)t.p[i + 1]))
            return false;
        i++;
    }
    return true;
}

int check_address(struct text t) {
    struct text local, label;

    if (t.n > ADDRESS_MOST || !text_cut(&t, '@', &local) || !is_local_part(local))
        return -EINVAL;
    if (t.n == 0 || t.p[t.n - 1] == '.')
        return -EINVAL;
    while (text_cut(&t, '.', &label))
        if (!is_label(label))
            return -EINVAL;
    return 0;
}

static bool is_link(struct text t) {
    size_t start = strlen("https://");

    if (!text_starts(t, "https://") || t.n == start || strchr("/?#.:", t.p[start]))
        return false;
    for (size_t i = start; i < t.n; i++)
        if ((unsigned char)t.p[i] <= ' ' || strchr("<>\"\\", t.p[i]))
            return false;
    return true;
}

/* Eight bytes, none of them below a space, a delete or part of a longer character. */
static bool is_calm(const unsigned char *p) {
    const uint64_t ones = 0x0101010101010101u, high = 0x80 * ones;
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return ((word | (word - 0x20 * ones) | (word + ones)) & high) == 0;
}

static bool has_control(struct text t) {
    const unsigned char *p = (const unsigned char *)t.p;

    for (size_t i = 0; i < t.n; i++) {
        while (t.n - i >= sizeof(uint64_t) && is_calm(p + i))
            i += sizeof(uint64_t);
        if (i == t.n)
            break;
        if ((p[i] < ' ' && p[i] != '\n' && p[i] != '\t') || p[i] == 0x7f)
            return true;
        if (p[i] == 0xc2 && i + 1 < t.n && p[i + 1] < 0xa0)
            return true;
    }
    return false;
}

static bool is_choice(const char *choices, struct text t) {
    for (const char *p = choices;; p++) {
        const char *end = strchrnul(p, '|');
        if (text_eq(t, (struct text){p, (size_t)(end - p)}))
            return true;
        if (*end == '\0')
            return false;
        p = end;
    }
}

static int refuse_choice(const struct decoding *d, const struct path *at, const char *choices) {
    char words[160];
    size_t n = 0;

    for (const char *p = choices; *p && n + 3 < sizeof words; p++) {
        if (*p == '|')
            words[n++] = ',';
        words[n++] = *p == '|' ? ' ' : *p;
    }
    words[n] = '\0';
    if (!strchr(choices, '|'))
        return codec_refuse(d, at, "bad-value", "must be %s", words);
    return codec_refuse(d, at, "bad-value", "must be one of %s", words);
}

int codec_check_text(const struct decoding *d, const struct path *at, enum field_kind kind,
                     int64_t most, const char *choices, struct text t) {
    struct wall wall;

    if (kind == FIELD_WORD)
        return is_choice(choices, t) ? 0 : refuse_choice(d, at, choices);
    if (kind == FIELD_WALL)
        return wall_parse(t, &wall) == 0
                   ? 0
                   : codec_refuse(d, at, "bad-value", "must be a local time, 2022-05-24T09:00");
    if (kind == FIELD_DATE)
        return date_parse(t, &wall) == 0
                   ? 0
                   : codec_refuse(d, at, "bad-value", "must be a date, 2022-05-24");
    if (t.n > (size_t)most)
        return codec_refuse(d, at, "too-long", "is %zu bytes; at most %lld", t.n, (long long)most);
    if (d->mode == CODEC_STORED && kind != FIELD_ID)
        return t.n > 0 || kind == FIELD_TEXT
                   ? 0
                   : codec_refuse(d, at, "bad-value", "must not be empty");
    switch (kind) {
    case FIELD_ID:
        return check_id(t) == 0
                   ? 0
                   : codec_refuse(d, at, "bad-value", "must be an id: 1 to %lld of a-z 0-9 - . _",
                                  (long long)most);
    case FIELD_ADDRESS:
        return check_address(t) == 0
                   ? 0
                   : codec_refuse(d, at, "bad-value", "must be one e-mail address, name@domain");
    case FIELD_LINK:
        return is_link(t) && !has_control(t)
                   ? 0
                   : codec_refuse(d, at, "bad-value",
                                  "must be an address that begins with https://");
    default:
        if (has_control(t))
            return codec_refuse(d, at, "bad-value",
                                "must hold no control characters but line ends and tabs");
        /* a name or a title goes into subjects and names of mail, which are one line */
        return d->mode == CODEC_STRICT && most <= TEXT_LINE && t.n &&
                       (memchr(t.p, '\n', t.n) || memchr(t.p, '\t', t.n))
                   ? codec_refuse(d, at, "bad-value", "must be one line, without tabs")
                   : 0;
    }
}

static int refuse_int(const struct decoding *d, const struct path *at, int64_t least,
                      int64_t most) {
    if (most == INT64_MAX)
        return codec_refuse(d, at, "bad-value", "must be a whole number, at least %lld",
                            (long long)least);
    return codec_refuse(d, at, "bad-value", "must be a whole number from %lld to %lld",
                        (long long)least, (long long)most);
}

int codec_read_int(const struct decoding *d, const struct path *at, int64_t least, int64_t most,
                   struct pack_reader *r, int64_t *ret) {
    int64_t v;

    if (!pack_read_int(r, &v) || v < least || v > most)
        return refuse_int(d, at, least, most);
    *ret = v;
    return 0;
}

int codec_read_instant(const struct decoding *d, const struct path *at, struct pack_reader *r,
                       instant *ret) {
    struct text t;
    instant v;

    if (pack_read_text(r, &t)) {
        if (instant_parse(t, &v) < 0)
            v = -1;
    } else if (!pack_read_int(r, &v)) {
        v = -1;
    }
    if (v < 0 || v > INSTANT_MOST)
        return codec_refuse(d, at, "bad-value",
                            "must be a moment up to the year 2200: milliseconds since 1970, or "
                            "2022-05-24T09:00:00+02:00");
    *ret = v;
    return 0;
}
