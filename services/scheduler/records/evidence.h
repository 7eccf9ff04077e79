/* evidence - what an organisation that ends, or goes by another id, has handed in. */
#ifndef SCHEDULER_EVIDENCE_H
#define SCHEDULER_EVIDENCE_H

#include "services/scheduler/office.h"

/* No backing need be renewed any more. */
MUST_CHECK int evidence_end_owed(struct office *o, const struct rec_participation *p,
                                 struct text reason);
/* What belongs to an application or participation that goes by `into` now goes along. */
MUST_CHECK int evidence_move(struct office *o, struct text from, struct text into);
/* The programme was put with another last day: which of its evidence ends before it? */
MUST_CHECK int evidence_measure(struct office *o, struct text programme);

#endif
