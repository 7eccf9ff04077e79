/* answered - what asks for something does not leave any more once it is done: a nudge to whoever
 * has answered meanwhile, a reminder of what is owed no more, or by another day. It may have waited
 * for its day, for the other end, in a digest or on a catch-up sheet.
 */
#ifndef SCHEDULER_ANSWERED_H
#define SCHEDULER_ANSWERED_H

#include "services/scheduler/office.h"

/* She has said whether she comes to the meeting; the registration is written. */
MUST_CHECK int answered_meeting(struct office *o, struct text meeting, struct text person);
/* It has ended, or has another day; `reason` stands in the ledger. */
MUST_CHECK int answered_obligation(struct office *o, struct text obligation, struct text reason);

#endif
