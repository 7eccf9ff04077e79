/* orphan - workers that a supervisor left behind when it was killed: they hold the locks of the
 * home.
 *
 * A worker is noted in run/NAME.pid. Whoever has that number later is left alone unless it is that
 * very program, for that very home.
 */
#ifndef CIRKEL_ORPHAN_H
#define CIRKEL_ORPHAN_H

#include "common/base.h"

MUST_CHECK int orphan_note(const char *home, const char *name, int pid);
int orphan_noted(const char *home, const char *name); /* 0: nobody was */
/* Whether it still does, by its name: who looks may be nobody's parent, and another user. */
bool orphan_runs(int pid, const char *name);
/* Stops the worker noted last, if it still runs: in order, and hard after 10 s. True when it did.
 */
bool orphan_stop(const char *home, const char *name, const char *program);

#endif
