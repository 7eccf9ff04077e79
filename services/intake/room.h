/* room - what is still taken in when the disk is nearly full: what takes back, stops or forgets. */
#ifndef INTAKE_ROOM_H
#define INTAKE_ROOM_H

#include "common/base.h"

struct room {
    const char *home; /* borrowed */
    msec looked;      /* the boot clock */
    bool is_low;
};

/* False: there is room for cancellations and the like only, and this type is none. Looks at the
 * disk a few times a second, and logs when that changes. */
bool room_for(struct room *room, struct text type);
/* The disk is full to the last byte: true if there was ballast to throw away, and it is worth
 * trying again. */
bool room_make(struct room *room);

#endif
