/* box - the flight recorder of a process: one number in a file mapped into memory. What was put
 * last outlives a fall of the process, at the price of one store; it need not outlive the machine.
 *
 * INVARIANTS What is found at opening is what the process before put last, or 0.
 * OWNERSHIP  One process at a time has it open: its caller holds a lock of the same folder.
 * ERRORS     0 or -errno. A box that could not be opened can be written to all the same.
 */
#ifndef COMMON_BOX_H
#define COMMON_BOX_H

#include "common/base.h"

struct box {
    volatile uint64_t *at;
    uint64_t spare; /* where there is no file */
};

/* Makes the file when there is none. */
MUST_CHECK int box_open(struct box *ret, const char *path, uint64_t *ret_found);
void box_close(struct box *box);
static inline void box_put(struct box *box, uint64_t value) {
    *box->at = value;
}

#endif
