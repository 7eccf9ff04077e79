/* look_ledger - rows of the ledger by person, by subject or all of them, oldest first. */
#ifndef CIRKEL_LOOK_LEDGER_H
#define CIRKEL_LOOK_LEDGER_H

#include "services/cirkel/look.h"

#include <jansson.h>

typedef int look_ledger_fn(void *ctx, const struct rec_ledger *row);
/* `person` or `about` (an id, or kind:id) may be absent; 0 or -errno, or what fn returned. Of
 * `person` all, and of `about` all and some others: see look_is_about(). */
MUST_CHECK int look_ledger(struct look *look, struct text person, struct text about,
                           look_ledger_fn *fn, void *ctx);
bool look_is_about(const struct rec_ledger *row, struct text about);
/* Why it is in its state, and until when it is held; replaces what is in `to`. */
void look_ledger_reason(const struct rec_ledger *row, struct buf *to);
/* All that is told of it, as one object. */
json_t *look_ledger_tree(struct look *look, const struct rec_ledger *row);

#endif
