/* said - the events of a future: those that wait in the inbox, and those of a file.
 *
 * OWNERSHIP  All of it lives in the arena it was given.
 * ERRORS     0 or -errno; -EBADMSG with lines "FILE:LINE: what is wrong".
 */
#ifndef SCHEDULER_SAID_H
#define SCHEDULER_SAID_H

#include "services/scheduler/forecast/future.h"

struct said_repeat { /* a line that would not be said, for something was under its id */
    unsigned line;
    bool conflict; /* something else */
};

struct said {
    struct arena *arena;
    struct future_event *events;
    unsigned count, room;
    struct said_repeat *repeats; /* of the file, in order of time */
    unsigned repeat_count;
    instant now;
};

void said_open(struct said *s, instant now);
void said_close(struct said *s);
/* Accepted, and not applied at `position` yet. */
MUST_CHECK int said_add_inbox(struct said *s, const char *home, uint64_t position);
/* {"id"?, "at"?, "type", "body"} a line; `at` may be ahead. Once, at last; what was said before in
 * that home, or in the file, is sorted out. */
MUST_CHECK int said_add_file(struct said *s, const char *home, const char *path,
                             struct buf *reterr);
/* For said_add_file(): of the events from `from` on those that were said before become repeats. */
MUST_CHECK int said_sort_out(struct said *said, unsigned from, const char *inbox);

#endif
