/* poll - the answers of a person, moved when she ends. */
#ifndef SCHEDULER_POLL_H
#define SCHEDULER_POLL_H

#include "services/scheduler/office.h"

/* Her answers are the other's; where both answered, the later one counts, once. */
MUST_CHECK int poll_move_person(struct office *o, struct text from, struct text into);

#endif
