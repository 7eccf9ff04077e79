/* catchup - what fell due while nothing could leave is gathered before any of it does: a few go as
 * their rules say, many wait on a sheet until somebody has seen it.
 *
 * We were away when a plan is looked at later than settings.outage_after. Then all letters that
 * fell due up to this moment are gathered, held. When nothing of that time is left to look at, they
 * are counted: up to settings.catchup_ask go; of more, none, and what a later step of the same rule
 * has overtaken is superseded. A letter whose rule asks when it is late waits in any case.
 */
#ifndef SCHEDULER_CATCHUP_H
#define SCHEDULER_CATCHUP_H

#include "services/scheduler/office.h"

/* The sheet that letters which fell due then belong to now, opened when need be; 0: none, they are
 * in time. `asked`: the rule says that somebody decides. */
MUST_CHECK int catchup_sheet(struct office *o, instant due, bool asked, uint64_t *ret_hold);
/* due: nothing that fell due until then is left to look at. Counts, a slice at a time. */
MUST_CHECK int catchup_settle(struct office *o, struct key hold);

/* Nothing could leave since then (a pause, a hold of all sending), and now it can: of what fell due
 * meanwhile more than settings.catchup_ask, or what its rule asks about, goes onto a sheet. To be
 * called in the input that lets letters leave again. `cause` is a word of record hold. Writes the
 * sheet's number, or 0. */
MUST_CHECK int catchup_after(struct office *o, instant since, const char *cause,
                             uint64_t *ret_hold);

/* A letter of this plan is about to be written for the person: what still waits on a sheet of
 * earlier steps of the same rule about the same subject is superseded. */
MUST_CHECK int catchup_overtake(struct office *o, const struct rec_plan *plan, struct text person);

#endif
