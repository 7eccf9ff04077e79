/* look_kept - what `queues` says of what is kept for doing all over again (verify --replay): it
 * grows until a backup is made.
 */
#ifndef CIRKEL_LOOK_KEPT_H
#define CIRKEL_LOOK_KEPT_H

#include "services/cirkel/look.h"

#include <jansson.h>

struct look_kept {
    uint64_t events; /* that the inbox still has */
    uint64_t bytes;  /* its files, on the disk */
    instant backup;  /* when the last one was made; 0: never */
    char path[1001]; /* where it was put */
    uint64_t since;  /* events applied after it */
    instant gone;    /* what came before and no backup holds was let go; 0: it is all there */
};

/* `first` and `last`: of the inbox; `position`: of core. */
MUST_CHECK int look_kept(struct look *look, const char *home, uint64_t first, uint64_t last,
                         uint64_t position, struct look_kept *ret);
json_t *look_kept_tree(const struct look_kept *k, const char *zone);
void look_kept_print(const struct look_kept *k,
                     const char *zone); /* nothing when there is nothing */

#endif
