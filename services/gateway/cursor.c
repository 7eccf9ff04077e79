#include "services/gateway/cursor.h"

#include <errno.h>
#include <string.h>

#define BYTES_MOST (CURSOR_SUM_BYTES + STORE_KEY_MAX)

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int digit_value(char c) {
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static uint32_t sum_of(struct text of, struct bytes key) {
    return crc32c(crc32c(0, of.p, of.n), key.p, key.n);
}

void cursor_write(struct text of, struct bytes key, char ret[CURSOR_TEXT]) {
    uint8_t raw[BYTES_MOST];
    uint32_t sum = sum_of(of, key), bits = 0;
    unsigned have = 0;
    must(key.n <= STORE_KEY_MAX);
    for (unsigned i = 0; i < CURSOR_SUM_BYTES; i++)
        raw[i] = (uint8_t)(sum >> (24 - 8 * i));
    memcpy(raw + CURSOR_SUM_BYTES, key.p, key.n);
    for (size_t i = 0; i < CURSOR_SUM_BYTES + key.n; i++) {
        bits = (bits << 8 | raw[i]) & 0x3fff;
        for (have += 8; have >= 6; have -= 6)
            *ret++ = digits[bits >> (have - 6) & 63];
    }
    if (have > 0)
        *ret++ = digits[bits << (6 - have) & 63];
    *ret = '\0';
}

int cursor_read(struct text of, struct text cursor, struct key *ret) {
    uint8_t raw[BYTES_MOST];
    uint32_t bits = 0, sum = 0;
    unsigned have = 0;
    size_t n = 0;
    if (cursor.n >= CURSOR_TEXT)
        return -EBADMSG;
    for (size_t i = 0; i < cursor.n; i++) {
        int value = digit_value(cursor.p[i]);
        if (value < 0)
            return -EBADMSG;
        bits = (bits << 6 | (uint32_t)value) & 0x3fff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            must(n < sizeof raw);
            raw[n++] = (uint8_t)(bits >> have);
        }
    }
    if (n <= CURSOR_SUM_BYTES)
        return -EBADMSG;
    for (unsigned i = 0; i < CURSOR_SUM_BYTES; i++)
        sum = sum << 8 | raw[i];
    n -= CURSOR_SUM_BYTES;
    if (sum != sum_of(of, (struct bytes){raw + CURSOR_SUM_BYTES, n}))
        return -EBADMSG;
    memcpy(ret->b, raw + CURSOR_SUM_BYTES, n);
    ret->n = n;
    return 0;
}
