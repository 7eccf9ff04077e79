/* work_load - what a letter is made of, read from the core in a short transaction.
 *
 * OWNERSHIP  What is read is copied into the arena.
 * ERRORS     0; -ENOENT: there is no such row; any other -errno is the store's. What stands in the
 *            row but cannot be used ends in `why`, not in an error.
 */
#ifndef NOTIFIER_WORK_LOAD_H
#define NOTIFIER_WORK_LOAD_H

#include "common/store.h"
#include "services/notifier/letter.h"

struct work_load {
    struct rec_ledger row;
    struct rec_occasion occasion;
    struct text hash, source;
    struct work_load *items; /* of a digest: the letters in it */
    unsigned item_count;
    const char *why; /* NULL, or why no letter can be made of it */
};

MUST_CHECK int work_load(struct txn *txn, int64_t delivery, struct arena *arena,
                         struct work_load *ret);

#endif
