/* quiet - the hours in which a person wants no news. */
#ifndef SCHEDULER_QUIET_H
#define SCHEDULER_QUIET_H

#include "services/scheduler/office.h"

/* `at` itself outside of the person's quiet hours, else the moment they end. */
instant quiet_until(struct office *o, const struct rec_person *person, instant at);
/* "hh:mm" as minutes after midnight; -1 when it is not. */
int quiet_minutes(struct text clock);

#endif
