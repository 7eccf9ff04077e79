/* look_addresses - what `queues` says of addresses that do not work, and of mail nobody understood.
 *
 * ERRORS     0 or -errno of the store; rows that cannot be read are passed over.
 */
#ifndef CIRKEL_LOOK_ADDRESSES_H
#define CIRKEL_LOOK_ADDRESSES_H

#include "services/cirkel/look.h"

#include <jansson.h>

#define LOOK_ADDRESSES_NAMED 20

struct look_addresses {
    uint64_t hard, soft, complaint, watched;
    uint64_t without;                     /* people whom service or duty letters did not reach */
    char named[LOOK_ADDRESSES_NAMED][65]; /* their ids, the first of them */
    unsigned trial_only;                  /* names in that setting; 0: everybody is written to */
    uint64_t unread;                      /* mail that waits for a person */
    char folder[4200];                    /* where */
};

MUST_CHECK int look_addresses(struct look *look, const char *home, struct look_addresses *ret);
json_t *look_addresses_tree(const struct look_addresses *a);
void look_addresses_print(const struct look_addresses *a); /* nothing when there is nothing */

#endif
