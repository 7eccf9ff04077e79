/* play_clock - moves a trial home's virtual clock, hand in hand with its scheduler.
 *
 * ERRORS     0 or -errno; -ETIMEDOUT: the scheduler said nothing for two minutes; -ECHILD: the
 *            supervisor has ended; -EXDEV: the programs run on another clock.
 */
#ifndef CIRKEL_PLAY_CLOCK_H
#define CIRKEL_PLAY_CLOCK_H

#include "common/base.h"

#include <sys/types.h>

struct play_clock;
/* `supervisor`: watched if not 0. */
MUST_CHECK int play_clock_open(struct play_clock **ret, const char *home, pid_t supervisor);
void play_clock_close(struct play_clock **clock);

/* Lets all that falls due until then happen, each at its moment; afterwards it is `to`, or later
 * if it was later already. */
MUST_CHECK int play_clock_advance(struct play_clock *clock, instant to);
/* The same, but the clock stops at the last moment at which something fell due. */
MUST_CHECK int play_clock_run_out(struct play_clock *clock, instant until);
instant play_clock_now(const struct play_clock *clock);

#endif
