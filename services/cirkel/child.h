/* child - runs one of our programs and waits for it. */
#ifndef CIRKEL_CHILD_H
#define CIRKEL_CHILD_H

#include "common/base.h"

/* `output`: gets what it writes on stdout (made by buf_init; what does not fit is dropped, `over`);
 * NULL: it writes where we do. Its exit code, 1 when it was killed; -errno when it did not start.
 */
MUST_CHECK int child_run(char *const argv[], struct buf *output);
/* The same of a program that checks its part of a home's configuration, and says on stderr what is
 * wrong: then EXIT_USAGE. `settings`: the folder whose cirkel.conf it is; NULL: the home's. */
MUST_CHECK int child_check(const char *program, const char *home, const char *settings);

#endif
