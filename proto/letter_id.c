#include "proto/letter_id.h"

#include "common/token.h"

#define WORD_CHARS (TOKEN_ID_MAX - 1)

struct text letter_id(struct arena *arena, struct text key, int64_t address, const char *domain) {
    char word[TOKEN_ID_MAX];
    struct bytes part = {key.p, key.n};
    token_hash_text(&part, 1, word);
    return address ? arena_printf(arena, "<%s.%lld@%s>", word, (long long)address, domain)
                   : arena_printf(arena, "<%s@%s>", word, domain);
}

/* "<" WORD, then "." and digits or nothing, then "@": where that stands; 0 when it is otherwise. */
static size_t at_of(struct text id) {
    size_t i = 1 + WORD_CHARS;
    if (id.n <= i || id.p[0] != '<')
        return 0;
    for (size_t k = 1; k < i; k++)
        if (id.p[k] == '.' || id.p[k] == '@')
            return 0;
    if (id.p[i] == '.')
        for (i++; i < id.n && id.p[i] >= '0' && id.p[i] <= '9';)
            i++;
    return i < id.n && id.p[i] == '@' ? i : 0;
}

struct text letter_id_first(struct arena *arena, struct text id) {
    size_t at = at_of(id);
    if (at <= 1 + WORD_CHARS)
        return id;
    return arena_printf(arena, "%.*s%.*s", 1 + WORD_CHARS, id.p, (int)(id.n - at), id.p + at);
}

struct text letter_id_word(struct text id) {
    return at_of(id) ? (struct text){id.p + 1, WORD_CHARS} : TEXT_NONE;
}
