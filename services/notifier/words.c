#include "services/notifier/words.h"

#include <sodium.h>
#include <string.h>

#define PLAIN_MOST 60
#define WORD_BYTES ((size_t)42) /* of text in a word: with "Subject: " it stays within 78 */
#define WORD_BEGIN "\n =?UTF-8?B?"
#define WORD_END "?="
#define WORD_CHARS (sizeof WORD_BEGIN + (WORD_BYTES / 3 + 1) * 4 + sizeof WORD_END)

static bool is_plain(struct text t, const char *also) {
    if (t.n > PLAIN_MOST)
        return false;
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        bool is_space = c == ' ' && i > 0 && i + 1 < t.n && t.p[i - 1] != ' ';
        if (!is_letter && !is_space && (c == '\0' || !strchr(also, c)))
            return false;
    }
    return true;
}

/* As much as fits a word without parting a character. */
static size_t part_of(struct text t) {
    size_t n = t.n < WORD_BYTES ? t.n : WORD_BYTES;
    while (n > 1 && n < t.n && ((unsigned char)t.p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

struct text words_encode(struct arena *arena, struct text t, const char *also) {
    t = text_trim(t);
    if (is_plain(t, also))
        return arena_text(arena, t);
    /* A word takes at least WORD_BYTES - 3 bytes of the text. */
    char *made = arena_take(arena, (t.n / (WORD_BYTES - 3) + 1) * WORD_CHARS), *to = made;
    while (t.n > 0) {
        size_t n = part_of(t);
        memcpy(to, WORD_BEGIN, sizeof WORD_BEGIN - 1);
        to += sizeof WORD_BEGIN - 1;
        /* exactly its length: the rest of what it is given would be zeroed */
        sodium_bin2base64(to, sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_ORIGINAL),
                          (const unsigned char *)t.p, n, sodium_base64_VARIANT_ORIGINAL);
        to += strlen(to);
        memcpy(to, WORD_END, sizeof WORD_END - 1);
        to += sizeof WORD_END - 1;
        t = (struct text){t.p + n, t.n - n};
    }
    size_t fold = strlen("\n "); /* before the first there is none */
    return (struct text){made + fold, (size_t)(to - made) - fold};
}
