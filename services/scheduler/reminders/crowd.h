/* crowd - how many different people: each is counted once, however often she is named.
 *
 * OWNERSHIP  It keeps the names it was given.
 */
#ifndef SCHEDULER_CROWD_H
#define SCHEDULER_CROWD_H

#include "common/base.h"

struct crowd {
    struct arena *arena;
    struct text *people; /* some of them more than once */
    size_t named, room;
};

void crowd_open(struct crowd *c);
void crowd_close(struct crowd *c);
void crowd_add(struct crowd *c, struct text person);
size_t crowd_count(struct crowd *c);

#endif
