/* look_about - the letters about a subject, by their numbers: those that the ledger says are about
 * it, and those whose occurrence key does (occurrence.h). */
#ifndef CIRKEL_LOOK_ABOUT_H
#define CIRKEL_LOOK_ABOUT_H

#include "services/cirkel/look.h"

/* fn for each, oldest first, some that may be about something else among them; non-zero stops and
 * is returned. 0 or -errno. */
MUST_CHECK int look_about(struct look *look, struct text about, look_number_fn *fn, void *ctx);

#endif
