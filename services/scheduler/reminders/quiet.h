/* quiet - what a person does not want: news in certain hours, or news at all. */
#ifndef SCHEDULER_QUIET_H
#define SCHEDULER_QUIET_H

#include "services/scheduler/office.h"

struct zone;
/* The zone a person's hours and days are reckoned in: of the quiet hours, else her own, else the
 * office's. */
const struct zone *quiet_zone(struct office *o, const struct rec_person *person);
/* `at` itself outside of the person's quiet hours, else the moment they end. */
instant quiet_until(struct office *o, const struct rec_person *person, instant at);
/* Whether the person opted out of news, or of a topic (may be absent), on the channel in use. */
MUST_CHECK int quiet_opted_out(struct office *o, struct text person, struct text topic, bool *ret);
/* What she said of a class or topic for all channels; -ENOENT: nothing. */
MUST_CHECK int quiet_preference(struct office *o, struct text person, struct text what,
                                struct rec_preference *ret);
/* "hh:mm" as minutes after midnight; -1 when it is not. */
int quiet_minutes(struct text clock);

#endif
