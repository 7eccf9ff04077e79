/* still - whether news that waits is for the person any more. It may have waited a week in a
 * digest, or on a sheet, and she has left the network or the group meanwhile. What was for those
 * who come to a meeting, or came, is for them also when that has changed; service and duty go to
 * whom they were decided for.
 */
#ifndef SCHEDULER_STILL_H
#define SCHEDULER_STILL_H

#include "services/scheduler/office.h"

/* What the ledger says of the rest. */
#define STILL_NOT "not in its audience any more"

MUST_CHECK int still_for(struct office *o, const struct rec_ledger *row, bool *ret);

#endif
