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
/* It waits to leave, and its use is over by the clock in force: it never will. */
bool look_ledger_is_past(const struct rec_ledger *row);
/* Why it is in its state, what keeps everything from leaving included, and until when it is held;
 * replaces what is in `to`. */
void look_ledger_reason(struct look *look, const struct rec_ledger *row, struct buf *to);
/* All that is told of it, as one object. */
json_t *look_ledger_tree(struct look *look, const struct rec_ledger *row);

#endif
