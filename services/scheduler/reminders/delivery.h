/* delivery - the way of a row from queued to its end: arms and results, as inputs to the step.
 *
 * INVARIANTS An arm is on stable storage before it is granted. Before the arm a letter goes back to
 *            queued; after it, when its result is lost, it is unknown: sent again at most
 *            settings.unknown_resends times, same bytes, same Message-ID, or left for a person; to
 *            an address that has become another one it is another message.
 *            Every step is keyed by delivery and attempt; saying it twice changes nothing.
 */
#ifndef SCHEDULER_DELIVERY_H
#define SCHEDULER_DELIVERY_H

#include "services/scheduler/office.h"

/* Writes whether it may go, and until when on the boot clock. */
MUST_CHECK int delivery_arm(struct office *o, const struct frame_arm *arm, bool *ret_granted,
                            msec *ret_until);
MUST_CHECK int delivery_result(struct office *o, const struct frame_result *result);
/* What speaks against its leaving now, were sending not paused or on hold; NULL: nothing that is
 * known before it does. The past of its use is not looked at. */
MUST_CHECK int delivery_why_not(struct office *o, const struct rec_ledger *row,
                                const char **ret_why);
/* What waits goes where its person is now: writes it into the row, which the caller puts. */
MUST_CHECK int delivery_follow(struct office *o, struct rec_ledger *row, const struct rec_person *p,
                               bool *ret_moved);
/* The arm's lease is over and its notifier is gone: the letter may have left, or not. */
MUST_CHECK int delivery_lost(struct office *o, uint64_t no);

#endif
