/* look_halts - what keeps every letter from leaving: a pause, a copy, a clock in doubt; and what
 * ends it.
 *
 * OWNERSHIP  Texts borrow from the look's transaction.
 */
#ifndef CIRKEL_LOOK_HALTS_H
#define CIRKEL_LOOK_HALTS_H

#include "services/cirkel/look.h"

#include <jansson.h>

#define LOOK_HALTS 8

struct look_halts {
    struct rec_halt halt[LOOK_HALTS];
    unsigned count;
};

MUST_CHECK int look_halts(struct look *look, struct look_halts *ret);
const struct rec_halt *look_halts_find(const struct look_halts *h, const char *word); /* or NULL */
json_t *look_halts_tree(const struct look_halts *h, const char *zone);
void look_halts_print(const struct look_halts *h, const char *zone);

#endif
