/* beyond - what a future has in store, after its end, for a letter that another future decides
 * within it: moved beyond the look is not dropped.
 *
 * OWNERSHIP  The future is borrowed, and has run; so is each letter, until the next one is given.
 * ERRORS     0 or -errno.
 */
#ifndef SCHEDULER_BEYOND_H
#define SCHEDULER_BEYOND_H

#include "services/scheduler/forecast/outlook.h"

struct beyond {
    struct future *f;
    struct text same; /* of the last letter, without its person: the next one's plan is often its */
    instant at, useful; /* of the plan that is still to come; at 0: there is none */
    bool fired;
};

/* When the same letter is planned for the same person, as things are at the future's end; 0: it is
 * not, and *ret_reason says why, in the future's arena, as far as that is known. */
MUST_CHECK int beyond_look(struct beyond *b, const struct outlook_letter *letter, instant *ret_at,
                           struct text *ret_reason);

#endif
