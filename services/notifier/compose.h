/* compose - the bytes of one e-mail: the letter in two forms, its calendar entry, its headers.
 *
 * TRUST      Nothing in a value can make another header or part: control characters are refused in
 *            what goes into headers, and every part is encoded.
 * INVARIANTS The bytes are a function of the row, the occasion, the source, the settings and the
 *            key: composing again, on another day or after a crash, gives the same bytes. Lines end
 *            in CRLF, and none is longer than 998 bytes. One recipient.
 * ERRORS     0, or -errno with a sentence in `why` that holds names and limits, never values. A
 *            letter that cannot be composed now never can. Nothing here logs.
 */
#ifndef NOTIFIER_COMPOSE_H
#define NOTIFIER_COMPOSE_H

#include "common/base.h"
#include "services/notifier/letter.h"

#define COMPOSE_MAX (2u * 1024 * 1024) /* bytes of a message */

struct composer;
struct composer *composer_new(void);
void composer_free(struct composer **composer);

/* Appends the message to `to`. */
MUST_CHECK int compose(struct composer *composer, const struct letter_in *in, struct buf *to,
                       char why[LETTER_WHY_MAX]);

/* The address with its domain in ASCII, in the arena. -EINVAL when it is no address. */
MUST_CHECK int compose_address(struct arena *arena, struct text address, struct text *ret);

#endif
