/* replay - gives the step once more what it was given since a backup, or since the beginning, and
 * compares what comes of it with core, row by row and byte by byte.
 *
 * The inputs are those of table INPUTS, the events those of the inbox, the configuration that of
 * table CONFIG. Nothing is changed; the fold happens in a scratch store.
 *
 * ERRORS     0 or -errno, with a sentence in `err` where one helps.
 */
#ifndef SCHEDULER_REPLAY_H
#define SCHEDULER_REPLAY_H

#include <stdbool.h>

#include "common/store.h"
#include "proto/table.h"

/* Prints one JSON object: {"good", "inputs", "events", "rows", "difference_count", "differences"},
 * or {"error"}. `from`: the folder of a backup; NULL: from nothing. Returns an exit code: 0, also
 * when they differ, 1 trouble, 2 it cannot be done with what there is. */
int replay(const char *home, const char *from);

/* ---- replay_compare.c ---- */

#define REPLAY_SHOWN 20

struct replay_difference {
    enum table table;
    char key[3 * STORE_KEY_MAX + 1]; /* as people can read it */
    const char *what;
};
struct replay_comparison {
    uint64_t rows, count; /* compared; different */
    struct replay_difference first[REPLAY_SHOWN];
};
/* All that the step keeps: not the inputs themselves, nor the marks of the process. */
MUST_CHECK int replay_compare(struct txn *core, struct txn *again, struct replay_comparison *ret);

#endif
