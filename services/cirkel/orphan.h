/* orphan - workers that a supervisor left behind when it was killed: they hold the locks of the
 * home.
 *
 * What they inherit says that a supervisor started them: one that is killed between starting a
 * worker and noting it in run/NAME.pid leaves an orphan, too. Whoever was started by hand is left
 * alone.
 */
#ifndef CIRKEL_ORPHAN_H
#define CIRKEL_ORPHAN_H

#include "common/base.h"

void orphan_mark(void); /* whoever this process starts from now on is its worker */
MUST_CHECK int orphan_note(const char *home, const char *name, int pid);
int orphan_noted(const char *home, const char *name); /* 0: nobody was */
/* Whether it still does, by its name: who looks may be nobody's parent, and another user. */
bool orphan_runs(int pid, const char *name);
/* Stops workers of that program, by its path, that others started for this home: in order, and hard
 * after 10 s. True when there were any. */
bool orphan_stop(const char *home, const char *program);

#endif
