/* look_workers - which programs of the service do not run, though it was started here.
 *
 * A program is noted in run/NAME.pid by whoever supervises it; asked is the kernel, so that one
 * that hangs counts as running: what it leaves undone is an alarm of its own.
 */
#ifndef CIRKEL_LOOK_WORKERS_H
#define CIRKEL_LOOK_WORKERS_H

#include "common/base.h"

#include <jansson.h>

struct look_workers {
    unsigned noted, away; /* how many were started here, and do not run */
    char names[80];       /* of those, with ", " between them */
};

/* Looks twice, a second apart, when some run and some do not: one may just be starting again. */
void look_workers(const char *home, struct look_workers *ret);
json_t *look_workers_tree(const struct look_workers *w); /* their names */

#endif
