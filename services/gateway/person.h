/* person - as whom a request is asked: by a signed token, or by id if the key has that right. Pure.
 *
 * TRUST      A token proves that whoever asks was given a link made for this person. Of the links
 *            in letters only those that the query's row names open it.
 */
#ifndef GATEWAY_PERSON_H
#define GATEWAY_PERSON_H

#include "common/token.h"
#include "services/gateway/request.h"

#define PERSON_PURPOSE "query" /* of a token that opens every query of its person */

/* -EBADMSG with a complaint in the request. *ret is absent when it is asked as nobody; it borrows
 * from *hold and from the request. */
MUST_CHECK int person_find(struct request *request, const struct token_key *links, instant now,
                           struct token *hold, struct text *ret);

#endif
