/* quiet - what a person does not want: news in certain hours, or news at all. */
#ifndef SCHEDULER_QUIET_H
#define SCHEDULER_QUIET_H

#include "services/scheduler/office.h"

/* `at` itself outside of the person's quiet hours, else the moment they end. */
instant quiet_until(struct office *o, const struct rec_person *person, instant at);
/* Whether the person opted out of news, or of a topic (may be absent), on the channel in use. */
MUST_CHECK int quiet_opted_out(struct office *o, struct text person, struct text topic, bool *ret);
/* "hh:mm" as minutes after midnight; -1 when it is not. */
int quiet_minutes(struct text clock);

#endif
