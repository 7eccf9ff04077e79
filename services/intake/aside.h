/* aside - what was refused at the door, kept for whoever looks into it.
 *
 * INVARIANTS At most ASIDES_A_SECOND are kept, so that nobody fills the disk with them; the rest is
 *            counted.
 */
#ifndef INTAKE_ASIDE_H
#define INTAKE_ASIDE_H

#include "common/base.h"
#include "services/intake/door.h"

#define ASIDES_A_SECOND 200

struct asides {
    struct buf encoded;
    struct bytes list[ASIDES_A_SECOND]; /* made by asides_list() */
    size_t starts[ASIDES_A_SECOND];
    unsigned count;
    msec second; /* of the boot clock: when the counting began */
    unsigned in_second;
    uint64_t refused, left_out; /* ever */
};
void asides_init(struct asides *asides);
void asides_free(struct asides *asides);

/* True when it is kept: the list wants to be stored. */
bool asides_note(struct asides *asides, struct text owner, const struct door_item *item);
const struct bytes *asides_list(struct asides *asides); /* borrowed until the next call */
void asides_clear(struct asides *asides);

#endif
