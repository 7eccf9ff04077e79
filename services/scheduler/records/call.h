/* call - what the handlers of a call share with those of its programme and applications.
 *
 * INVARIANTS A programme has one call at a time, and its criteria and questions never change.
 *            Whether it has begun or is over is judged by when something was said, not by its
 *            state: what is due may be looked after a little later.
 */
#ifndef SCHEDULER_CALL_H
#define SCHEDULER_CALL_H

#include "services/scheduler/office.h"

MUST_CHECK int programme_put(struct office *o, struct rec_programme *p);

MUST_CHECK int call_put(struct office *o, struct rec_call *c);
MUST_CHECK int find_call(struct office *o, struct text id, const char *field, struct rec_call *ret);
/* The call of a programme that was not decided yet, else its last one; -ENOENT when it has none. */
MUST_CHECK int call_of(struct office *o, struct text programme, struct rec_call *ret);
instant call_opens(const struct office *o, const struct rec_call *c);
/* The first moment that is too late: the minute it names still counts. */
instant call_ends(const struct office *o, const struct rec_call *c);
/* Its time is over, and so are its drafts. Changes both; the programme is put by the caller. */
MUST_CHECK int call_shut(struct office *o, struct rec_call *c, struct rec_programme *p);
/* It was planned, and its programme does not come about. */
MUST_CHECK int call_drop(struct office *o, struct rec_call *c);

bool call_asks(const struct rec_call *c, struct text question);
bool call_criterion(const struct rec_call *c, struct text criterion, struct part_criterion *ret);

#endif
