/* words - text as it may stand in a header: as it is, or as encoded words (RFC 2047) on lines of
 * their own.
 *
 * TRUST      What looks like an encoded word in the text is text, and shows as it was written. Of
 *            control characters and line ends nothing shows in the header; they are encoded, too.
 * OWNERSHIP  What is returned is in the arena, with "\n " where a line is folded.
 */
#ifndef NOTIFIER_WORDS_H
#define NOTIFIER_WORDS_H

#include "common/base.h"

/* `also`: what may stand there besides letters, digits and single spaces; never '='. */
struct text words_encode(struct arena *arena, struct text t, const char *also);

#endif
