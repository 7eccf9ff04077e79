/* ical - lines of iCalendar (RFC 5545), for whoever only writes them: escaped, and folded at 75
 * bytes between characters.
 */
#ifndef COMMON_ICAL_H
#define COMMON_ICAL_H

#include "common/base.h"

/* "NAME:value" as it stands; `name` with its parameters. */
void ical_line(struct buf *to, const char *name, struct text value);
/* The same for a text that people read. */
void ical_text(struct buf *to, const char *name, struct text value);
/* "NAME:20220524T070000Z" */
void ical_instant(struct buf *to, const char *name, instant at);

#endif
