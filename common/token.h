/* token - signed words for links, and the hashes and random bytes the rest is made of. The only
 * user of libsodium beside the bus.
 *
 * A token is base64url without padding of a compact payload (version, purpose, object, person,
 * value, expiry) and a keyed 16-byte hash over all of it. It hides nothing and proves who made it.
 *
 * TRUST      The text of a token comes from anyone. Nothing is read from it before its hash fits.
 * OWNERSHIP  The fields of a struct token borrow from its own `raw`: they live as long as it does,
 *            and a struct token must not be copied.
 * ERRORS     0 or -errno. Nothing here logs.
 */
#ifndef COMMON_TOKEN_H
#define COMMON_TOKEN_H

#include "common/base.h"

#define TOKEN_KEY_BYTES 32
#define TOKEN_FIELD_MAX 64 /* bytes in each of purpose, object, person and value */
#define TOKEN_RAW_MAX (1 + 4 * (1 + TOKEN_FIELD_MAX) + 8 + 16)
/* Characters of a token, with the terminator. */
#define TOKEN_MAX ((TOKEN_RAW_MAX * 4 + 2) / 3 + 1)

struct token_key {
    unsigned char secret[TOKEN_KEY_BYTES];
};

struct token {
    struct text purpose, object, person, value; /* an empty field is empty, never absent */
    instant expiry;                             /* 0: never. Whether it is over is for the caller */
    unsigned char raw[TOKEN_RAW_MAX];
};

/* A file of 64 hexadecimal digits and perhaps a newline. -EBADMSG when it is anything else. */
MUST_CHECK int token_key_load(const char *path, struct token_key *ret);
/* Writes a new key, readable by its owner only; -EEXIST when there is one. */
MUST_CHECK int token_key_make(const char *path);

/* -EMSGSIZE when a field is longer than TOKEN_FIELD_MAX. */
MUST_CHECK int token_make(const struct token_key *key, struct text purpose, struct text object,
                          struct text person, struct text value, instant expiry,
                          char ret[TOKEN_MAX]);
/* -EBADMSG when it is not a token of this key; *ret is scratch then. For rotation try the new key,
 * then the old one. */
MUST_CHECK int token_read(const struct token_key *key, struct text text, struct token *ret);

/* Keyless hash of several parts. ("ab", "c") and ("a", "bc") differ: each part's length goes in. */
void token_hash16(const struct bytes *parts, unsigned count, unsigned char ret[16]);
/* Of two parts, by a lighter hash (SipHash-2-4 with 128 bits, Aumasson and Bernstein 2012, without
 * a secret). Whoever writes both of two things can make their sums the same: it tells what somebody
 * says again from something else of his own, and nobody from anybody else. */
void token_sum16(struct bytes a, struct bytes b, unsigned char ret[16]);
/* The hash as 26 characters of lower-case base32 (a-z, 2-7), terminated: for ids. */
#define TOKEN_ID_MAX 27
void token_hash_text(const struct bytes *parts, unsigned count, char ret[TOKEN_ID_MAX]);

void token_random(void *ret, size_t n); /* unpredictable bytes */

#endif
