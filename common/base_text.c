#include "common/base.h"

#include <errno.h>
#include <string.h>

/* How many bytes the UTF-8 character at p takes; 0 when it is none (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *p, size_t n) {
    static const struct {
        unsigned char first, last, second_min, second_max, length;
    } rows[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t length = rows[i].length;
        if (p[0] < rows[i].first || p[0] > rows[i].last)
            continue;
        if (length > n)
            return 0;
        if (length > 1 && (p[1] < rows[i].second_min || p[1] > rows[i].second_max))
            return 0;
        for (size_t k = 2; k < length; k++)
            if ((p[k] & 0xc0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct text text_of(const char *s) {
    return (struct text){s, s ? strlen(s) : 0};
}

int text_cmp(struct text a, struct text b) {
    return bytes_cmp((struct bytes){a.p, a.n}, (struct bytes){b.p, b.n});
}

bool text_starts(struct text a, const char *prefix) {
    size_t n = strlen(prefix);

    return a.n >= n && (n == 0 || memcmp(a.p, prefix, n) == 0);
}

bool text_is_utf8(struct text a) {
    const unsigned char *p = (const unsigned char *)a.p;
    size_t at = 0;

    while (at < a.n) {
        size_t length = p[at] < 0x80 ? 1 : utf8_length(p + at, a.n - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

bool text_cut(struct text *rest, char sep, struct text *ret_part) {
    const char *found;

    if (rest->n == 0)
        return false;
    found = memchr(rest->p, sep, rest->n);
    if (!found) {
        *ret_part = *rest;
        *rest = (struct text){rest->p + rest->n, 0};
        return true;
    }
    *ret_part = (struct text){rest->p, (size_t)(found - rest->p)};
    *rest = (struct text){found + 1, rest->n - ret_part->n - 1};
    return true;
}

struct text text_cut_last(struct text *rest, char sep) {
    struct text last;
    size_t n = rest->n;

    while (n > 0 && rest->p[n - 1] != sep)
        n--;
    last = (struct text){rest->p + n, rest->n - n};
    rest->n = n > 0 ? n - 1 : 0;
    return last;
}

struct text text_trim(struct text a) {
    while (a.n > 0 && is_space(a.p[0])) {
        a.p++;
        a.n--;
    }
    while (a.n > 0 && is_space(a.p[a.n - 1]))
        a.n--;
    return a;
}

struct text text_unmarked(struct text a) {
    static const char mark[] = "\xef\xbb\xbf";
    const size_t n = sizeof mark - 1;
    return text_starts(a, mark) ? (struct text){a.p + n, a.n - n} : a;
}

int text_copy(struct text a, char *to, size_t size) {
    must(size > 0);
    to[0] = '\0';
    if (a.n >= size)
        return -EMSGSIZE;
    if (a.n == 0)
        return 0;
    if (memchr(a.p, '\0', a.n))
        return -EILSEQ;
    memcpy(to, a.p, a.n);
    to[a.n] = '\0';
    return 0;
}

int text_int(struct text a, int64_t *ret) {
    bool negative = a.n > 0 && a.p[0] == '-';
    int64_t value = 0;
    size_t at = negative ? 1 : 0;

    if (at == a.n)
        return -EINVAL;
    for (; at < a.n; at++) {
        int digit = a.p[at] - '0';
        if (digit < 0 || digit > 9)
            return -EINVAL;
        /* Counted downwards, because the least number has no positive twin. */
        if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
            __builtin_sub_overflow(value, (int64_t)digit, &value))
            return -ERANGE;
    }
    if (!negative && value == INT64_MIN)
        return -ERANGE;
    *ret = negative ? value : -value;
    return 0;
}
