/* play - drives a trial home along a virtual clock: from moment to moment, as fast as it goes.
 *
 * INVARIANTS The clock is moved only when nothing is left to do at the moment it shows, and never
 *            back.
 * ERRORS     What the user must know is said on stderr; then an exit code.
 */
#ifndef CIRKEL_PLAY_H
#define CIRKEL_PLAY_H

#include "common/base.h"

#include <sys/types.h>

#define PLAY_AFTER "14d" /* time goes on so long after the last line, for the last letters */

struct play_options {
    const char *home, *file, *until; /* `until`: PLAY_AFTER when NULL */
    const char *away;                /* the last span before `until` the programs are stopped */
    bool keep_going, debug;
    bool serve; /* leave the programs running afterwards, and the clock going on */
};
/* `ret_supervisor`: the process that keeps them running, when `serve`; 0: none of ours. */
int play(const struct play_options *options, pid_t *ret_supervisor);

#endif
