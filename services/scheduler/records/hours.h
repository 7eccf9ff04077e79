/* hours - the time of a person, moved when she ends. */
#ifndef SCHEDULER_HOURS_H
#define SCHEDULER_HOURS_H

#include "services/scheduler/office.h"

/* Everything the person spent is the other's; absent: it stays, without remarks. */
MUST_CHECK int hours_move_person(struct office *o, struct text person, struct text into);

#endif
