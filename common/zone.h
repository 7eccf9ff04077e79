/* zone - wall clocks, time zones and the instants they mean. With the notifier's calendar, the only
 * user of libical.
 *
 * A wall time that the clock skips is read with the offset before the gap (02:30 becomes 03:30);
 * one that comes twice is its first (RFC 5545, 3.3.5). Zones are the system's tzdata.
 *
 * OWNERSHIP  Zones are loaded when they are asked for and live as long as the process; their data
 *            is read anew by zone_follow().
 * ERRORS     0, -ENOENT (no such zone), -EINVAL (not a time). Nothing here logs.
 */
#ifndef COMMON_ZONE_H
#define COMMON_ZONE_H

#include "common/base.h"

#define INSTANT_LAST INT64_C(253402214399999) /* 9999-12-30; later ones are taken for it */

struct zone;
struct wall { /* what the clock on the wall says; years 1970 to 2200 */
    int year, month, day, hour, minute;
};

#define WALL_TEXT 17    /* "2022-05-24T09:00" and its zero */
#define RFC3339_TEXT 30 /* "2022-05-24T09:00:00+02:00" */

/* By the name of a place ("Europe/Stockholm") or "UTC"; -ENOENT. */
MUST_CHECK int zone_find(struct text name, const struct zone **ret);
const struct zone *zone_utc(void);
const char *zone_name(const struct zone *zone);
/* Looks at the machine's zone data (some milliseconds); when it is not as last time, every zone is
 * read anew, and true comes back. To be called at start, and then now and again. */
bool zone_follow(void);
uint64_t zone_data(void);       /* what was seen then: a hash of all of it; 0: never looked */
unsigned zone_generation(void); /* grows whenever zones were read anew */
int zone_offset(const struct zone *zone, instant at); /* seconds east of UTC */

instant zone_instant(const struct zone *zone, struct wall wall);
struct wall zone_wall(const struct zone *zone, instant at);
/* What the wall says so many minutes of real time after it said `from`. */
struct wall zone_later(const struct zone *zone, struct wall from, int64_t minutes);

MUST_CHECK int wall_parse(struct text t, struct wall *ret); /* strict YYYY-MM-DDThh:mm */
void wall_format(struct wall wall, char ret[WALL_TEXT]);
MUST_CHECK int date_parse(struct text t, struct wall *ret);    /* strict YYYY-MM-DD; 00:00 */
struct wall wall_add(struct wall wall, int days, int minutes); /* calendar arithmetic, no zone */
int64_t wall_minutes(struct wall wall); /* since 1970-01-01T00:00, no zone: for differences */
int wall_weekday(struct wall wall);     /* 1 Monday … 7 Sunday, ISO 8601 */

/* RFC 3339 with the offset of that zone at that instant (UTC: Z), to the second; NULL is UTC. */
void instant_format(instant at, const struct zone *zone, char ret[RFC3339_TEXT]);
/* A fraction is cut at milliseconds; what is not after 1970 began is refused: 0 is "none". */
MUST_CHECK int instant_parse(struct text rfc3339, instant *ret);

/* "90s", "15m", "36h", "7d", "2w", optionally signed; at most 100 years. */
MUST_CHECK int span_parse(struct text t, msec *ret);

#endif
