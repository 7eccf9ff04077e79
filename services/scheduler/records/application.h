/* application - what the handlers of an application, its evidence, assessments and places share.
 *
 * INVARIANTS An organisation has one application a call (table APPLIED), withdrawn ones aside.
 *            Reserves that were told stand in RESERVE by rank. An offered place has a row in DUE.
 */
#ifndef SCHEDULER_APPLICATION_H
#define SCHEDULER_APPLICATION_H

#include "services/scheduler/office.h"

MUST_CHECK int find_application(struct office *o, struct text id, const char *field,
                                struct rec_application *ret);
/* Puts it with its indexes and dues. `was` is NULL when there was none. */
MUST_CHECK int application_put(struct office *o, const struct rec_application *was,
                               struct rec_application *a);
/* The same, with the answer and the fact. */
MUST_CHECK int application_tell(struct office *o, const struct rec_application *was,
                                struct rec_application *a, enum fact_type fact);
/* Applications to a call that were not withdrawn, from at->n == 0; -ENOENT at the end. */
MUST_CHECK int application_next(struct office *o, struct text call, struct key *at,
                                struct rec_application *ret);
/* Refuses with missing what is not complete. */
MUST_CHECK int application_check_complete(struct office *o, const struct rec_application *a,
                                          const struct rec_call *c);
/* Whoever leads a draft owes it until its call closes. */
MUST_CHECK int application_owes(struct office *o, const struct rec_application *a);
/* Whether the person speaks for the organisation, or for what it was merged into: 1, 0 or -errno.
 */
MUST_CHECK int application_speaks(struct office *o, const struct rec_person *p,
                                  struct text organisation);

#endif
