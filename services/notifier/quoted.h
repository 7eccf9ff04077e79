/* quoted - quoted-printable (RFC 2045, 6.7) for texts of letters.
 *
 * INVARIANTS ASCII only, lines of at most 76 characters that end in CRLF, none of which begins with
 *            a dot or "From ": nothing in a text can look like the end of a message.
 */
#ifndef NOTIFIER_QUOTED_H
#define NOTIFIER_QUOTED_H

#include "common/base.h"

void quoted_write(struct buf *to, struct text text); /* lines of `text` end in \n */

#endif
