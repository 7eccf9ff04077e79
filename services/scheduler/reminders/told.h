/* told - what people were told of a meeting's time and place: whoever was told otherwise, and only
 * they, get a correction.
 *
 * INVARIANTS Table TOLD has for a meeting and a person the highest revision that she was told, or
 *            is owed, and a hash of the time and place she was told last; 0 when that is uncertain,
 *            because a letter may have left or not, or because one that was overtaken is owed. So
 *            an edit that is taken back before anybody heard of it tells nobody anything, but those
 *            whose letter it stopped.
 */
#ifndef SCHEDULER_TOLD_H
#define SCHEDULER_TOLD_H

#include "services/scheduler/office.h"

enum told {             /* of what a row of the ledger tells */
            TOLD_NOT,   /* it was superseded: she is owed it */
            TOLD_MAYBE, /* it is armed, in a letter or in a digest */
            TOLD_SURELY,
};

/* Hash of the time and place of a meeting, greater than 0. */
int64_t told_what(const struct rec_meeting *m);
/* Nothing when the row tells no time. */
MUST_CHECK int told_note(struct office *o, const struct rec_ledger *row, enum told how);
/* A change of the meeting has superseded the row. Another letter than a correction is owed whatever
 * she knows: she gets the next correction also when the change is taken back. */
MUST_CHECK int told_overtaken(struct office *o, const struct rec_ledger *row);
/* Whether she was told, or is owed, something else than what is so now. */
MUST_CHECK int told_otherwise(struct office *o, const struct rec_meeting *m, struct text person,
                              bool *ret);

#endif
