/* place - the places of a programme: offered, taken, given back, and offered to the next.
 *
 * INVARIANTS programme.taken is the number of its applications that are selected or accepted, and
 *            never more than its places. A place that becomes free goes to the first reserve in the
 *            same input.
 */
#ifndef SCHEDULER_PLACE_H
#define SCHEDULER_PLACE_H

#include "services/scheduler/office.h"

/* The first moment at which it is too late to accept. */
instant place_ends(const struct rec_application *a);
/* Offers it a place: the application moves on to selected, and is put. The caller puts the
 * programme. */
MUST_CHECK int place_offer(struct office *o, struct rec_programme *p, int64_t accept_days,
                           instant offered, struct rec_application *a);
/* A place that was offered is free again, and offered to the next reserve. */
MUST_CHECK int place_free(struct office *o, struct text programme);
/* It is free, and stays so. */
MUST_CHECK int place_keep(struct office *o, struct text programme);
/* The programme is over: what waits for a place or an answer to its call is settled. The caller
 * puts the programme. */
MUST_CHECK int place_end(struct office *o, struct rec_programme *p, struct text call);
/* Offers up to so many free places to reserves, by rank. The caller puts the programme. */
MUST_CHECK int place_promote(struct office *o, struct rec_programme *p, int64_t most);

#endif
