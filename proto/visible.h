/* visible - who may see what, where more than one process must agree on it. */
#ifndef PROTO_VISIBLE_H
#define PROTO_VISIBLE_H

#include "proto/shape.h"

/* Others' assessments of an application: the programme's lead sees them, and an assessor whose own
 * is in. `own` is NULL when the reader is no assessor of it. */
bool visible_assessments(const struct rec_programme *programme, const struct rec_assessment *own,
                         struct text reader);

#endif
