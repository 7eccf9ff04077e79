/* forget - what somebody who is erased wrote to the office, and her name in letters that others
 * got.
 */
#ifndef SCHEDULER_FORGET_H
#define SCHEDULER_FORGET_H

#include "services/scheduler/office.h"

/* What she wrote goes, also from the letters that told of it, under whichever id she did; that she
 * wrote stays. So does what came from her address (absent: she shares it) and under no name, and an
 * event that was set aside and names her. Letters that said who leads or advises say so no more, if
 * it was she. */
MUST_CHECK int forget_person(struct office *o, struct text person, struct text address);

#endif
