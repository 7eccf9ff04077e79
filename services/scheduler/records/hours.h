/* hours - the time of a person or an organisation, moved when it ends. */
#ifndef SCHEDULER_HOURS_H
#define SCHEDULER_HOURS_H

#include "services/scheduler/office.h"

/* Everything the person spent is the other's; absent: it stays, without remarks. */
MUST_CHECK int hours_move_person(struct office *o, struct text person, struct text into);
/* The rows of an organisation in a programme; the sum is the participation's and moves with it. */
MUST_CHECK int hours_move(struct office *o, struct text programme, struct text from,
                          struct text into);

#endif
