#include "common/token.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#define VERSION 1
#define MAC_BYTES 16
#define FIELDS 4
#define EXPIRY_BYTES 8
#define WHOLE_MOST 512 /* bytes gathered on the stack to be hashed */
#define HEX_DIGITS ((size_t)2 * TOKEN_KEY_BYTES)
#define KEY_FILE_MAX (HEX_DIGITS + 2)

static void start(void) {
    static bool is_started; /* asking again takes a lock */
    if (!is_started)
        must(sodium_init() >= 0); /* 1 when it was started before */
    is_started = true;
}

static void put_uint64(uint64_t n, unsigned char ret[8]) {
    for (unsigned i = 0; i < 8; i++)
        ret[i] = (unsigned char)(n >> (56 - 8 * i));
}

static void mac(const struct token_key *key, const unsigned char *raw, size_t n,
                unsigned char ret[MAC_BYTES]) {
    must(crypto_generichash(ret, MAC_BYTES, raw, n, key->secret, sizeof key->secret) == 0);
}

/* Takes one field off the payload; false when it does not fit in what is left. */
static bool take_field(const unsigned char **at, const unsigned char *end, struct text *ret) {
    if (*at == end || **at > TOKEN_FIELD_MAX || (size_t)(end - *at - 1) < **at)
        return false;
    *ret = (struct text){(const char *)*at + 1, **at};
    *at += 1 + ret->n;
    return true;
}

int token_key_load(const char *path, struct token_key *ret) {
    start();
    struct buf content;
    buf_init(&content, KEY_FILE_MAX);
    int rc = read_file(path, KEY_FILE_MAX, &content);
    if (rc == -EFBIG)
        rc = -EBADMSG;
    if (rc == 0) {
        struct text hex = text_trim(buf_as_text(&content));
        struct token_key key;
        size_t n = 0;
        if (hex.n != HEX_DIGITS ||
            sodium_hex2bin(key.secret, sizeof key.secret, hex.p, hex.n, NULL, &n, NULL) != 0 ||
            n != sizeof key.secret)
            rc = -EBADMSG;
        else
            *ret = key;
        sodium_memzero(&key, sizeof key);
    }
    if (content.p)
        sodium_memzero(content.p, content.n);
    buf_free(&content);
    return rc;
}

int token_key_make(const char *path) {
    start();
    struct stat there;
    if (stat(path, &there) == 0)
        return -EEXIST;
    struct token_key key;
    token_random(key.secret, sizeof key.secret);
    char hex[HEX_DIGITS + 1];
    sodium_bin2hex(hex, sizeof hex, key.secret, sizeof key.secret);
    hex[HEX_DIGITS] = '\n';
    int rc = write_file(path, 0600, (struct bytes){hex, sizeof hex});
    sodium_memzero(&key, sizeof key);
    sodium_memzero(hex, sizeof hex);
    return rc;
}

int token_make(const struct token_key *key, struct text purpose, struct text object,
               struct text person, struct text value, instant expiry, char ret[TOKEN_MAX]) {
    start();
    unsigned char raw[TOKEN_RAW_MAX];
    size_t n = 0;
    raw[n++] = VERSION;
    const struct text fields[FIELDS] = {purpose, object, person, value};
    for (unsigned i = 0; i < FIELDS; i++) {
        if (fields[i].n > TOKEN_FIELD_MAX)
            return -EMSGSIZE;
        raw[n++] = (unsigned char)fields[i].n;
        if (fields[i].n)
            memcpy(raw + n, fields[i].p, fields[i].n);
        n += fields[i].n;
    }
    for (unsigned i = 0; i < EXPIRY_BYTES; i++)
        raw[n++] = (unsigned char)((uint64_t)expiry >> (56 - 8 * i));
    mac(key, raw, n, raw + n);
    n += MAC_BYTES;
    must(sodium_bin2base64(ret, TOKEN_MAX, raw, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING));
    return 0;
}

int token_read(const struct token_key *key, struct text text, struct token *ret) {
    start();
    size_t n = 0;
    if (text.n >= TOKEN_MAX ||
        sodium_base642bin(ret->raw, sizeof ret->raw, text.p ? text.p : "", text.n, NULL, &n, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        n < 1 + FIELDS + EXPIRY_BYTES + MAC_BYTES)
        return -EBADMSG;
    const unsigned char *at = ret->raw, *end = ret->raw + n - MAC_BYTES;
    unsigned char expected[MAC_BYTES];
    mac(key, ret->raw, n - MAC_BYTES, expected);
    if (sodium_memcmp(expected, end, MAC_BYTES) != 0 || *at++ != VERSION)
        return -EBADMSG;
    if (!take_field(&at, end, &ret->purpose) || !take_field(&at, end, &ret->object) ||
        !take_field(&at, end, &ret->person) || !take_field(&at, end, &ret->value) ||
        end - at != EXPIRY_BYTES)
        return -EBADMSG;
    uint64_t expiry = 0;
    while (at < end)
        expiry = expiry << 8 | *at++;
    ret->expiry = (instant)expiry;
    return 0;
}

static void hash_parts(const struct bytes *parts, unsigned count, unsigned char ret[16]) {
    crypto_generichash_state state;
    must(crypto_generichash_init(&state, NULL, 0, 16) == 0);
    for (unsigned i = 0; i < count; i++) {
        unsigned char length[8];
        put_uint64(parts[i].n, length);
        must(crypto_generichash_update(&state, length, sizeof length) == 0);
        if (parts[i].n)
            must(crypto_generichash_update(&state, parts[i].p, parts[i].n) == 0);
    }
    must(crypto_generichash_final(&state, ret, 16) == 0);
}

/* The same hash. Little is hashed faster in one piece. */
void token_hash16(const struct bytes *parts, unsigned count, unsigned char ret[16]) {
    start();
    unsigned char whole[WHOLE_MOST];
    size_t n = 0;
    for (unsigned i = 0; i < count; i++) {
        if (parts[i].n > sizeof whole - n || sizeof whole - n - parts[i].n < 8) {
            hash_parts(parts, count, ret);
            return;
        }
        put_uint64(parts[i].n, whole + n);
        if (parts[i].n)
            memcpy(whole + n + 8, parts[i].p, parts[i].n);
        n += 8 + parts[i].n;
    }
    must(crypto_generichash(ret, 16, whole, n, NULL, 0) == 0);
}

/* The sum of one part is the key of the other's, so there is nothing to copy together. */
void token_sum16(struct bytes a, struct bytes b, unsigned char ret[16]) {
    static const unsigned char none[crypto_shorthash_siphashx24_KEYBYTES];
    unsigned char key[crypto_shorthash_siphashx24_BYTES];
    start();
    must(crypto_shorthash_siphashx24(key, a.p, a.n, none) == 0);
    must(crypto_shorthash_siphashx24(ret, b.p, b.n, key) == 0);
}

void token_hash_text(const struct bytes *parts, unsigned count, char ret[TOKEN_ID_MAX]) {
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char hash[16];
    token_hash16(parts, count, hash);
    unsigned bits = 0, have = 0, n = 0;
    for (unsigned i = 0; i < sizeof hash; i++) {
        bits = bits << 8 | hash[i];
        for (have += 8; have >= 5; have -= 5)
            ret[n++] = digits[bits >> (have - 5) & 31];
        bits &= (1u << have) - 1;
    }
    ret[n++] = digits[bits << (5 - have) & 31]; /* 128 = 25 * 5 + 3 */
    ret[n] = '\0';
}

void token_random(void *ret, size_t n) {
    start();
    randombytes_buf(ret, n);
}
