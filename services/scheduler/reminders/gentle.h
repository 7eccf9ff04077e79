/* gentle - when a letter that may go goes. News waits for the end of quiet hours, a second nudge a
 * day for the next day; what a person wants gathered, and what is more than she wants in a week,
 * goes into a digest. Service and duty pass: their letters say why they come; several of a rule
 * that says `together` go as one.
 *
 * INVARIANTS Nothing is moved past its use: it goes by itself, or its row says why it does not.
 */
#ifndef SCHEDULER_GENTLE_H
#define SCHEDULER_GENTLE_H

#include "services/scheduler/office.h"
#include "services/scheduler/reminders/rule.h"

/* Writes state, reason, next_try, digest and ended of a row that is not in the ledger yet. `topic`
 * may be absent; `late`: it fell due long ago. */
MUST_CHECK int gentle_place(struct office *o, const struct rule *rule, struct text topic,
                            const struct rec_person *p, bool late, struct rec_ledger *row);
/* Remembers it, once it has its number, for what comes later that week. */
MUST_CHECK int gentle_note(struct office *o, const struct rule *rule, const struct rec_ledger *row);
/* It does not go when it was to go, and is noted anew when it does. */
MUST_CHECK int gentle_forget(struct office *o, const struct rec_ledger *row);

#endif
