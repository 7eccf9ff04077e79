/* suppression - addresses to which nothing, or no news, is sent, how that comes and how it ends.
 *
 * An address that was refused for good is suppressed until somebody says that it is right. One that
 * could not be reached again and again is watched, then suppressed for a while. Whoever complained
 * gets no news. It is the address that is suppressed, not the person: a new one starts clean.
 *
 * INVARIANTS A state changes only as states.def says. What ends by itself is in DUE under
 *            "suppression". No record holds an address: its id is a hash of it, in lower case.
 */
#ifndef SCHEDULER_SUPPRESSION_H
#define SCHEDULER_SUPPRESSION_H

#include "services/scheduler/office.h"

/* Why no letter of this class goes there, in words for the ledger; NULL: it may go. */
MUST_CHECK int suppression_why(struct office *o, struct text address, struct text class,
                               const char **ret_why);

/* A letter was reported: `kind` is soft, hard or complaint. The row's address counts, which must be
 * there. */
MUST_CHECK int suppression_report(struct office *o, const struct rec_ledger *row, const char *kind,
                                  struct text status);
/* A letter that is not news did not go because of it: somebody has to find another way. */
MUST_CHECK int suppression_unsent(struct office *o, struct text address, struct text class);

/* -ENOENT: nothing is known against it. */
MUST_CHECK int suppression_of(struct office *o, struct text address, struct rec_suppression *ret);
/* An operator lifts it: all of it. */
MUST_CHECK int suppression_lift(struct office *o, struct rec_suppression *s, struct text note);
/* Somebody says that the address is right. A complaint stays. */
MUST_CHECK int suppression_vouch(struct office *o, struct text address);
/* The last person who had it was erased. */
MUST_CHECK int suppression_forget(struct office *o, struct text address);

MUST_CHECK int suppression_expire(struct office *o, struct key key); /* due: it ends by itself */

#endif
