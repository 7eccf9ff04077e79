/* cursor - where a page ended, as a word for whoever asks on: base64url of a sum and a key.
 *
 * TRUST      It comes back from anybody. The sum only tells a slip of the pen; a forged cursor
 *            begins elsewhere among the rows that may be seen anyway.
 */
#ifndef GATEWAY_CURSOR_H
#define GATEWAY_CURSOR_H

#include "common/base.h"
#include "common/store.h"

#define CURSOR_SUM_BYTES 4
#define CURSOR_TEXT (((CURSOR_SUM_BYTES + STORE_KEY_MAX) * 4 + 2) / 3 + 1) /* with its zero */

/* `of` is what it is good for: the query. */
void cursor_write(struct text of, struct bytes key, char ret[CURSOR_TEXT]);
MUST_CHECK int cursor_read(struct text of, struct text cursor, struct key *ret); /* -EBADMSG */

#endif
