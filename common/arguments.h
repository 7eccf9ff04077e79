/* arguments - what a service is started with: its home, what else all have, and what it adds
 * itself; where things lie in that home, and what its end means.
 *
 *     PROGRAM [--home DIR] [--clock] [--debug] [--check [--settings DIR]] …
 *
 * INVARIANTS A home is short enough that every path in it fits PATH_MAX, "ipc://" before it
 *            included.
 * OWNERSHIP  What is read borrows from argv.
 * ERRORS     Arguments that cannot be meant end the process: a sentence on stderr, EXIT_CONFIG.
 */
#ifndef COMMON_ARGUMENTS_H
#define COMMON_ARGUMENTS_H

#include <limits.h>

#include "common/base.h"

/* Beside EXIT_SUCCESS, stopped in order, and EXIT_FAILURE, could not start. */
#define EXIT_CONFIG 2   /* the configuration or the arguments are wrong: trying again is no use */
#define EXIT_STORAGE 74 /* EX_IOERR */

struct arguments {
    const char *home;
    const char *settings; /* the folder of its settings; not the home: they are only checked */
    bool with_clock, is_debug, is_check;
};

/* One that only this program has: with a word after it, or a switch. The other one is NULL. */
struct argument {
    const char *name;
    const char **text;
    bool *is_given;
};
/* `more` and its targets keep what they hold when they are not given. `usage` follows the name. */
void arguments_read(struct arguments *ret, int argc, char **argv, const char *usage,
                    const struct argument *more, unsigned count);

/* What lies in a home that arguments_read() took. */
void arguments_path(const char *home, const char *name, char ret[PATH_MAX]);
void arguments_endpoint(const char *home, const char *name, char ret[PATH_MAX]); /* ipc:// */

#endif
