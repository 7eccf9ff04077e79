/* crowd - how many different people: each is counted once, however often she is named.
 *
 * OWNERSHIP  It keeps the names it was given.
 */
#ifndef SCHEDULER_CROWD_H
#define SCHEDULER_CROWD_H

#include "common/base.h"

struct crowd {
    struct arena *arena;
    struct text *seats; /* open addressing; `room` is a power of two */
    size_t count, room;
};

void crowd_open(struct crowd *c);
void crowd_close(struct crowd *c);
void crowd_add(struct crowd *c, struct text person);

#endif
