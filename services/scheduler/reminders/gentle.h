/* gentle - when a letter that may go goes. News waits for the end of quiet hours, a second nudge a
 * day for the next day; what a person wants gathered, and what is more than she wants in a week,
 * goes into a digest. Service and duty pass: their letters say why they come; several of a rule
 * that says `together` go as one.
 *
 * INVARIANTS Nothing is moved past its use: it goes by itself, or its row says why it does not.
 *            By when they leave, a person has at most one nudge a day of her zone, and within any
 *            seven days no more letters of news (digests besides) than she or the office allows:
 *            that is looked at when a letter is decided, where what was decided before keeps its
 *            place, and again when it is armed, where what left before is in its way.
 *            NEWS has a row for each letter of news, but a digest, that left in the last days or
 *            waits to: under the moment it left, or is to be tried next.
 */
#ifndef SCHEDULER_GENTLE_H
#define SCHEDULER_GENTLE_H

#include "services/scheduler/office.h"
#include "services/scheduler/reminders/rule.h"

/* Writes state, reason, next_try, digest and ended of a row that is not in the ledger yet. `topic`
 * may be absent; `late`: it fell due long ago. */
MUST_CHECK int gentle_place(struct office *o, const struct rule *rule, struct text topic,
                            const struct rec_person *p, bool late, struct rec_ledger *row);
/* Why a letter to her that is decided at `at` would end at once instead of going, by itself or with
 * others; NULL: it goes. Writes nothing. */
MUST_CHECK int gentle_why_not(struct office *o, const struct rule *rule, struct text topic,
                              const struct rec_person *p, instant at, instant useful,
                              const char **ret);
/* A letter of news that waits is to be armed: may it leave now? Else it has been moved to another
 * day, into a digest or to its end. */
MUST_CHECK int gentle_recheck(struct office *o, struct rec_ledger *row, bool *ret_ended);

/* ---- for the ledger: what counts follows the row ---- */
MUST_CHECK int gentle_note(struct office *o, const struct rec_ledger *row); /* it came */
/* It moved; writes row->left. */
MUST_CHECK int gentle_moved(struct office *o, const struct rec_ledger *before,
                            struct rec_ledger *row);
/* Two records are one person: what the one had lately, the other had. */
MUST_CHECK int gentle_merge(struct office *o, struct text from, struct text into);

#endif
