/* hold - letters that wait together for a word: the rows of a catch-up sheet, or of a mass letter
 * that can still be taken back.
 *
 * INVARIANTS A row is in state held if and only if its hold counts it; it is in HOLD_ROW for ever.
 *            While it is held and can become useless it has a row in DUE: then it is missed, and
 *            visible as such. A hold that nothing is held in any more has ended.
 */
#ifndef SCHEDULER_HOLD_H
#define SCHEDULER_HOLD_H

#include "services/scheduler/office.h"

/* Writes it under a number of its own. */
MUST_CHECK int hold_open(struct office *o, struct rec_hold *hold);
MUST_CHECK int hold_get(struct office *o, uint64_t no, struct rec_hold *ret);
MUST_CHECK int hold_put(struct office *o, const struct rec_hold *hold);
/* `event` of machine HOLD; the caller knows that it can follow. With what it is when it has ended:
 * the instant and a fact. */
MUST_CHECK int hold_move(struct office *o, struct rec_hold *hold, const char *event);

/* The next row of a hold, held or not, after *at (start with at->n == 0); -ENOENT at the end. */
MUST_CHECK int hold_next(struct office *o, uint64_t no, struct key *at, struct rec_ledger *ret);
bool hold_has(const struct rec_ledger *row); /* it is held */

/* A held row leaves, not before `at`, as gently as if it were decided now (gentle.h). */
MUST_CHECK int hold_let_go(struct office *o, struct rec_ledger *row, instant at,
                           struct text reason);
/* A row that waits, or is held by a window that ended, goes onto that sheet as `why` says. */
MUST_CHECK int hold_take(struct office *o, struct rec_ledger *row, uint64_t hold, const char *why);

/* A held row is of use until another moment. */
MUST_CHECK int hold_until(struct office *o, struct rec_ledger *row, instant useful);

/* ---- for the ledger: a row came, was held, is held no more ---- */
MUST_CHECK int hold_joined(struct office *o, const struct rec_ledger *row);
MUST_CHECK int hold_entered(struct office *o, struct rec_ledger *row); /* sets row->held_until */
MUST_CHECK int hold_left(struct office *o, const struct rec_ledger *row);

MUST_CHECK int hold_miss(struct office *o, struct key row); /* due: of no use any more */

#endif
