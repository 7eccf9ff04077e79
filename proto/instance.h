/* instance - who a home is: an id made with it, and a generation that grows at each restore; where
 * its files lie; and how far it had come.
 *
 * The files are HOME/instance and HOME/reached. Core keeps the same in its meta table; what differs
 * there tells that data was copied, restored, or put together from two homes.
 *
 * ERRORS     0 or -errno; -ENOENT when there is no such file; -EBADMSG when it cannot be read.
 */
#ifndef PROTO_INSTANCE_H
#define PROTO_INSTANCE_H

#include "common/base.h"

struct instance {
    int64_t instance, generation; /* both above 0 */
    int64_t inbox;                /* which inbox belongs to it (after a restore); 0: any */
    char restored[101]; /* "made 2026-…": the backup it comes from; empty: it was made here */
};

MUST_CHECK int instance_read(const char *home, struct instance *ret);
MUST_CHECK int instance_write(const char *home, const struct instance *instance);
MUST_CHECK int instance_make(const char *home); /* a new one, of the first generation */

/* A number that is another one for a copy of the files, or on another machine. Never 0. */
MUST_CHECK int instance_mark(const char *home, int64_t *ret);

/* The last event that was applied, written once in a while; 0 when nothing was noted. */
MUST_CHECK int instance_reached(const char *home, uint64_t *ret);
MUST_CHECK int instance_note_reached(const char *home, uint64_t position);

#endif
