/* occurrence - what a letter is about. People say it of what stands in the ledger (the meeting),
 * rules of what they were reckoned from (the registration for it), which stands in the occurrence
 * key: rule+version/kind:subject/step:moment/person/channel.
 *
 * OWNERSHIP  What is returned lies in the text that was given.
 */
#ifndef PROTO_OCCURRENCE_H
#define PROTO_OCCURRENCE_H

#include "common/base.h"

/* The subject in a key, whose first and last parts may say less; false when there is none. */
bool occurrence_subject(struct text key, struct text *ret_kind, struct text *ret_id);

/* Whether that subject is what was asked for: "m1" and "meeting:m1" are it, and of
 * "registration:m1" is all that stands under it, "m1/anna". */
bool occurrence_fits(struct text asked, struct text kind, struct text id);
/* Whether a letter is about it, by the one word or the other. */
bool occurrence_is_about(struct text asked, struct text kind, struct text id, struct text key);

#endif
