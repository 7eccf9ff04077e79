#include <endian.h>
#include <string.h>

#include "common/store.h"

void key_clear(struct key *k) {
    k->n = 0;
}

/* A zero byte inside a text would make two different keys look the same. */
void key_text(struct key *k, struct text t) {
    must(t.n < sizeof k->b - k->n);
    must(t.n == 0 || memchr(t.p, 0, t.n) == NULL);
    if (t.n > 0)
        memcpy(k->b + k->n, t.p, t.n);
    k->n += t.n;
    k->b[k->n++] = 0;
}

void key_u64(struct key *k, uint64_t v) {
    must(sizeof k->b - k->n >= sizeof v);
    const uint64_t big = htobe64(v);
    memcpy(k->b + k->n, &big, sizeof big);
    k->n += sizeof big;
}

struct key key1(struct text a) {
    struct key k;
    key_clear(&k);
    key_text(&k, a);
    return k;
}

struct key key2(struct text a, struct text b) {
    struct key k = key1(a);
    key_text(&k, b);
    return k;
}

struct key key_no(uint64_t no) {
    struct key k;
    key_clear(&k);
    key_u64(&k, no);
    return k;
}

struct bytes key_bytes(const struct key *k) {
    return (struct bytes){k->b, k->n};
}

bool key_has_prefix(struct bytes key, const struct key *prefix) {
    return key.n >= prefix->n && memcmp(key.p, prefix->b, prefix->n) == 0;
}

bool key_next_text(struct bytes key, size_t *at, struct text *ret) {
    const char *p = key.p;
    if (*at >= key.n)
        return false;
    const char *end = memchr(p + *at, 0, key.n - *at);
    if (end == NULL)
        return false;
    *ret = (struct text){p + *at, (size_t)(end - p) - *at};
    *at += ret->n + 1;
    return true;
}

bool key_next_u64(struct bytes key, size_t *at, uint64_t *ret) {
    uint64_t big;
    if (*at > key.n || key.n - *at < sizeof big)
        return false;
    memcpy(&big, (const uint8_t *)key.p + *at, sizeof big);
    *at += sizeof big;
    *ret = be64toh(big);
    return true;
}

struct text key_text_at(struct bytes key, unsigned i) {
    struct text t = TEXT_NONE;
    size_t at = 0;
    for (unsigned k = 0; k <= i; k++)
        if (!key_next_text(key, &at, &t))
            return TEXT_NONE;
    return t;
}
