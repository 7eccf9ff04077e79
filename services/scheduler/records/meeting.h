/* meeting - what the two halves of a meeting's handlers share. */
#ifndef SCHEDULER_MEETING_H
#define SCHEDULER_MEETING_H

#include "services/scheduler/office.h"

/* Puts it, answers with its id and state, and tells the fact. */
MUST_CHECK int meeting_tell(struct office *o, struct rec_meeting *m, enum fact_type fact);
/* Its minutes are of real time, also when clocks change meanwhile. `zone` is one that there is. */
struct text meeting_ends(struct office *o, struct text starts, struct text zone, int64_t minutes);
/* Refuses times and numbers that contradict each other. */
MUST_CHECK int meeting_check_times(struct office *o, const struct rec_meeting *m);

#endif
