/* guard - whether the wall clock can be believed: it is held against the boot clock from one look
 * to the next. Small steps are followed.
 */
#ifndef COMMON_GUARD_H
#define COMMON_GUARD_H

#include "common/base.h"

#define GUARD_BACK_MOST (5 * MINUTES)
#define GUARD_FORWARD_MOST (1 * HOURS)
#define GUARD_SLEEP_MOST (1 * HOURS)

enum guard_verdict { GUARD_FINE, GUARD_BACK, GUARD_FORWARD, GUARD_SLEPT };

struct guard { /* the last look that was fine; zero before the first */
    instant wall;
    msec boot, awake;
};

/* `awake`: the boot clock without suspend. *ret_by: how far it jumped, or slept. Only a look that
 * is fine is remembered: what was jumped from stays what is known. */
enum guard_verdict guard_look(struct guard *g, instant wall, msec boot, msec awake, msec *ret_by);
/* What the wall clock should say. */
instant guard_expected(const struct guard *g, msec boot);

#endif
