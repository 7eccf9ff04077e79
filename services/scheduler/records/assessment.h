/* assessment - who assesses an application, and what comes of it. */
#ifndef SCHEDULER_ASSESSMENT_H
#define SCHEDULER_ASSESSMENT_H

#include "services/scheduler/office.h"

/* Assessments of an application, from at->n == 0; -ENOENT at the end. */
MUST_CHECK int assessment_next(struct office *o, struct text application, struct key *at,
                               struct rec_assessment *ret);
/* Counts what was handed in; *ret_done: somebody was asked, and all have who have no conflict. With
 * `changed` (may be NULL) in the place of the row it will be put as. */
MUST_CHECK int assessment_count(struct office *o, struct rec_application *a,
                                const struct rec_assessment *changed, bool *ret_done);
/* Whoever was asked need not assess it any more; or must again. */
MUST_CHECK int assessment_stop(struct office *o, const struct rec_application *a,
                               struct text reason);
MUST_CHECK int assessment_resume(struct office *o, const struct rec_application *a);
/* An assessor ends: what she wrote goes over to whoever she is now; else she is waited for no more.
 */
MUST_CHECK int assessment_drop_person(struct office *o, struct text application, struct text person,
                                      struct text into);

#endif
