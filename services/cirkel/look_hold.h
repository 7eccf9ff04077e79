/* look_hold - what is held, hold by hold: catch-up sheets and what can still be taken back.
 *
 * ERRORS     0 or -errno of the store; -EBADMSG when a hold or one of its letters cannot be read.
 */
#ifndef CIRKEL_LOOK_HOLD_H
#define CIRKEL_LOOK_HOLD_H

#include "services/cirkel/look.h"

#include <jansson.h>

#define HOLD_RULES 256

struct hold_rule { /* what became of a rule's letters in a hold */
    char rule[65];
    int64_t held, overtaken, past, released, skipped, other;
    instant until; /* the first of the held ones is missed after this; 0: none is */
};

struct hold_look {
    struct rec_hold hold;
    unsigned count;
    struct hold_rule rules[HOLD_RULES], all;
};

typedef int look_hold_fn(void *ctx, const struct rec_hold *hold);
/* Every hold, oldest first, until fn returns other than 0. */
MUST_CHECK int look_holds(struct look *look, look_hold_fn *fn, void *ctx);
/* Its letters, counted by rule. */
MUST_CHECK int look_hold(struct look *look, const struct rec_hold *hold, struct hold_look *ret);
bool hold_is_open(const struct rec_hold *hold);

#endif
