/* difference - what two futures of the same office do not have in common.
 *
 * What goes within a digest is no letter: the digest is one. Of that it is told only when it is in
 * a digest in one future alone, and does not go by itself in the other.
 *
 * Letters are the same when rule, subject, step and person are. Of those, what leaves at
 * the same instant is paired first, then the rest in order of time. What only waits for the end of
 * a pause or hold is a letter like one that leaves, unless it leaves in the other future.
 */
#ifndef SCHEDULER_DIFFERENCE_H
#define SCHEDULER_DIFFERENCE_H

#include "services/scheduler/forecast/outlook.h"

enum change {
    CHANGE_ADDED,
    CHANGE_MOVED,
    CHANGE_DROPPED,
    CHANGE_CORRECTED, /* added, for somebody who was told something else */
    CHANGE_REWORDED,  /* at the same instant, by another version of its rule or in other words */
    CHANGE_REROUTED,  /* at the same instant, by another channel */
    CHANGE_GATHERED,  /* goes within a digest, and did not go */
    CHANGE_LEFT_OUT,  /* went within a digest, and does not go */
    CHANGE_UNSENT,    /* decided about in the second alone, and has not left at its end */
    CHANGE_NONE,
};
extern const char *const change_words[CHANGE_NONE];

/* `was` or `is` is NULL when there is none. `why` (of what is dropped or left out) is what becomes
 * of it instead; NULL when nothing does. */
typedef int difference_fn(void *ctx, enum change change, const struct outlook_letter *was,
                          const struct outlook_letter *is, const struct outlook_letter *why);

/* Sorts both. fn for each letter of either, CHANGE_NONE included, in order of `same`; non-zero
 * stops and is returned. */
MUST_CHECK int difference(struct outlook *was, struct outlook *is, difference_fn *fn, void *ctx);

#endif
