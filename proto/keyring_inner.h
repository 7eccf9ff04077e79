/* keyring_inner - what reading and writing of keys share. */
#ifndef PROTO_KEYRING_INNER_H
#define PROTO_KEYRING_INNER_H

#include "proto/keyring.h"

bool keyring_is_owner(struct text owner);
/* Marks what the pattern fits; false when that is nothing. */
bool keyring_mark_types(struct text pattern, struct key_client *to);

#endif
