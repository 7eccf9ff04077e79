/* organisation - what it leaves behind in programmes when it ends.
 *
 * INVARIANTS A merge loses nothing and says nothing twice: what the one applied for, takes part in,
 *            spent and owes is the other's, with its plans and letters. Only where both have a row
 *            of their own does what is over stay under the old id, as history.
 */
#ifndef SCHEDULER_ORGANISATION_H
#define SCHEDULER_ORGANISATION_H

#include "services/scheduler/office.h"

/* Refuses with conflict while both apply to one call, or take part in one programme. */
MUST_CHECK int organisation_check_merge(struct office *o, struct text from, struct text into);
/* To be called when `from` is merged. */
MUST_CHECK int organisation_move_programmes(struct office *o, struct text from, struct text into);
/* What it applied for is withdrawn, what it takes part in left. */
MUST_CHECK int organisation_leave_programmes(struct office *o, struct text organisation,
                                             struct text reason);

#endif
