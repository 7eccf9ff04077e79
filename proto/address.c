#include "proto/address.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

void address_id(struct text address, char ret[ADDRESS_ID_MAX]) {
    char hash[TOKEN_ID_MAX];
    char *lower = malloc(address.n + 1);
    must(lower);
    for (size_t i = 0; i < address.n; i++)
        lower[i] = (char)tolower((unsigned char)address.p[i]);
    struct bytes part = {lower, address.n};
    token_hash_text(&part, 1, hash);
    (void)snprintf(ret, ADDRESS_ID_MAX, "a-%s", hash);
    free(lower);
}
