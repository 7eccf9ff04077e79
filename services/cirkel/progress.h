/* progress - how far a long command is: a bar on a terminal, else a line every tenth, on stderr. */
#ifndef CIRKEL_PROGRESS_H
#define CIRKEL_PROGRESS_H

#include "common/base.h"

struct progress {
    const char *what;
    uint64_t total, done;
    unsigned tenth;
    msec shown;
    bool bar, drawn;
};

void progress_begin(struct progress *p, const char *what, uint64_t total);
void progress_to(struct progress *p, uint64_t done, const char *note);
/* A line above the bar. */
void progress_say(struct progress *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
void progress_end(struct progress *p);

bool terminal_colour(int fd); /* a terminal that wants colour; NO_COLOR wins */

#endif
