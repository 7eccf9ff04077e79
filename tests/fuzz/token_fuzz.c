/* Nothing that we did not sign reads, and what we sign reads back. */
#include "common/token.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct token_key key = {{1}};
    struct text text = {(const char *)data, size}, part = {text.p, size / 3};
    struct token token;
    char made[TOKEN_MAX];
    must(token_read(&key, text, &token) < 0);
    if (part.n <= TOKEN_FIELD_MAX) {
        must(token_make(&key, part, TEXT_LIT("x"), part, TEXT_LIT(""), (instant)size, made) == 0);
        must(token_read(&key, text_of(made), &token) == 0);
        must(text_eq(token.person, part) && token.expiry == (instant)size);
    }
    return 0;
}
