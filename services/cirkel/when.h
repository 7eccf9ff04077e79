/* when - moments as people write and read them on the command line.
 *
 * ERRORS     0; -EINVAL for what is none of them.
 */
#ifndef CIRKEL_WHEN_H
#define CIRKEL_WHEN_H

#include "common/zone.h"

/* A span ("30d", from `from` on), a moment in RFC 3339, or a wall time or date in `zone`. */
MUST_CHECK int when_parse(const char *text, instant from, const struct zone *zone, instant *ret);
/* In the zone of that name, UTC when there is none; "" for 0. */
void when_format(instant at, struct text zone, char ret[RFC3339_TEXT]);
/* "3 d", "2 h", "15 min", "9 s". */
void span_format(msec span, char ret[24]);

#endif
