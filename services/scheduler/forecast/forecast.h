/* forecast - what will go out, and what would be different if: printed from futures (future.h). */
#ifndef SCHEDULER_FORECAST_H
#define SCHEDULER_FORECAST_H

#include <stdbool.h>

struct forecast_options { /* NULL: not given */
    const char *home;
    const char *until;          /* RFC 3339 */
    const char *with;           /* events as JSON Lines, said first: print the difference */
    const char *config;         /* another configuration: print the difference */
    const char *look;           /* a folder: also what is decided and does not leave
                                 * ("unsent"), and samples for the notifier go there */
    const char *person, *about; /* only these; about: an id, or kind:id */
    bool also_existing;         /* the other configuration reaches back */
    bool clock;                 /* the home's virtual clock is now */
};

/* Prints one JSON object a line, in order of time: every letter that is decided or leaves until
 * then, or was open and waits still; or every change ("change": added, moved, dropped, corrected,
 * reworded, rerouted, gathered, left-out, unsent; of events refused, again, unsaid) and a last line
 * "change": "sum". An exit code. */
int forecast(const struct forecast_options *options);

#endif
