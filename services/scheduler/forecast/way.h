/* way - a look ahead gives way to whoever works: it has the lowest priority, and while others want
 * the processors it rests for the greater part of the time. A low priority alone is not enough:
 * two that share a core are slower both, and each change from one to the other costs.
 *
 * ERRORS     None: what cannot be had is done without.
 */
#ifndef SCHEDULER_WAY_H
#define SCHEDULER_WAY_H

struct way {
    unsigned steps;
    long long worked; /* ns of the processor, when it last looked */
    long pushed;      /* how often somebody else was let in before us */
};

void way_lowest(void);          /* for the life of the process */
void way_give(struct way *way); /* now and then; rests if somebody waits */

#endif
