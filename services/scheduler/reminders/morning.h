/* morning - once a day, what needs a person: letters that are held, of unknown fate or refused for
 * good, events set aside, obligations that went overdue.
 *
 * Whatever needs somebody asks for the next morning (settings.morning_at, in the office's zone).
 * What there is then makes a record, and a rule tells the operators of it. Nothing to tell: no
 * record.
 *
 * INVARIANTS A held or unknown letter is told of every morning until somebody has settled it; the
 *            rest is told of once. Such letters are in ATTENTION, refused ones until they were told
 *            of.
 */
#ifndef SCHEDULER_MORNING_H
#define SCHEDULER_MORNING_H

#include "services/scheduler/office.h"

/* Somebody must look at something: it is told of next morning. */
MUST_CHECK int morning_ask(struct office *o);
/* A row of the ledger came from a state (absent: it is new) to the one it has. */
MUST_CHECK int morning_note(struct office *o, const struct rec_ledger *row, struct text was);
/* due: it is morning. */
MUST_CHECK int morning_make(struct office *o, struct key key);

#endif
