/* registration - what the handlers of registrations, the waiting list and attendance share. */
#ifndef SCHEDULER_REGISTRATION_H
#define SCHEDULER_REGISTRATION_H

#include "services/scheduler/office.h"
#include "services/scheduler/reminders/subject.h"

/* An empty one (state absent) when there is none. */
MUST_CHECK int registration_get(struct office *o, struct text meeting, struct text person,
                                struct rec_registration *ret);
/* Whoever follows a hybrid meeting by video takes no place in the room. */
bool registration_needs_no_place(const struct rec_meeting *m, const struct rec_registration *r);
/* Whether a newcomer gets a place: one is free and nobody waits. */
bool registration_free(const struct rec_meeting *m);
/* Counts the places anew, for a meeting whose mode changed. The caller puts it. */
MUST_CHECK int registration_recount(struct office *o, struct rec_meeting *m);

#endif
