/* staff - who is, or was, named by an organisation that takes part. */
#ifndef SCHEDULER_STAFF_H
#define SCHEDULER_STAFF_H

#include "services/scheduler/office.h"

enum staff_is { STAFF_NEVER, STAFF_WAS, STAFF_NOW };
MUST_CHECK int staff_is(struct office *o, const struct rec_participation *p, struct text person,
                        enum staff_is *ret);
/* Opens what is owed while there are too few. */
MUST_CHECK int staff_owe(struct office *o, const struct rec_participation *p);
/* They were of the staff before it left; who is so now is yet to be named. */
MUST_CHECK int staff_begin_anew(struct office *o, const struct rec_participation *was);
/* Minutes that so many people are to spend. */
int64_t staff_budget(const struct rec_programme *programme, uint32_t people);
/* She speaks for the organisation no more: others are named in her place, and the adviser hears of
 * it. */
MUST_CHECK int staff_leave(struct office *o, struct text person, struct text organisation);
/* The organisation goes by another id in a programme. */
MUST_CHECK int staff_move(struct office *o, struct text programme, struct text from,
                          struct text into);

#endif
