/* verbs - what every verb of the command is given, and what it answers the shell.
 *
 * A verb is a row of verbs.def: its name, its function, the options and arguments it takes and its
 * help. Dispatch, the check of options and `cirkel help` are made from the rows.
 *
 * OWNERSHIP  Options borrow from the command line.
 */
#ifndef CIRKEL_VERBS_H
#define CIRKEL_VERBS_H

#include "common/base.h"

struct options { /* NULL: not given; an option without argument is "" when given */
#define OPTION(name, long_name, argument, doc) const char *name;
#include "services/cirkel/options.def"
#undef OPTION
};

enum exit_code { /* documented in `cirkel help`; scripts rely on them */
                 EXIT_DONE = 0,
                 EXIT_TROUBLE = 1, /* the machine, or a service that is not running */
                 EXIT_USAGE = 2,   /* the command line or the configuration is wrong */
                 EXIT_REFUSED = 3, /* some of what was said was refused */
                 EXIT_FOUND = 4,   /* verify found something wrong, queues an alarm */
};

/* `argv` holds the arguments after the verb; returns an exit code. */
typedef int verb_fn(const struct options *options, int argc, char **argv);
#define GROUP(title)
#define VERB(name, function, options, arguments, line, help) verb_fn function;
#include "services/cirkel/verbs.def"
#undef VERB
#undef GROUP

const char *verb_arguments(const char *verb); /* as its help shows them */

/* One line on stderr, what is wrong and what to do next; they return the exit code. */
int trouble(const char *fmt, ...) PRINTF_LIKE(1, 2);
int usage(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
