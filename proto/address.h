/* address - the id under which the books know an e-mail address without holding it.
 *
 * TRUST      It hides an address from whoever reads the books, not from whoever guesses it.
 */
#ifndef PROTO_ADDRESS_H
#define PROTO_ADDRESS_H

#include "common/token.h"

#define ADDRESS_ID_MAX (TOKEN_ID_MAX + 2)

/* "a-…"; capitals make no difference. */
void address_id(struct text address, char ret[ADDRESS_ID_MAX]);

#endif
