/* present - a decoded struct as people read it: JSON, or one field on one line of a table.
 *
 * Moments are RFC 3339 in the given zone (NULL: UTC); what is absent is left out.
 */
#ifndef PROTO_PRESENT_H
#define PROTO_PRESENT_H

#include "common/zone.h"
#include "proto/shape.h"

enum present_raw {
    PRESENT_NO_RAW,
    PRESENT_RAW, /* records inside the record too: by the shape of their field's name, or as they
                    are */
};

/* One JSON object, on one line. */
void present_json(const struct shape *shape, const void *from, const struct zone *zone,
                  enum present_raw raw, struct buf *to);

/* One field as plain text on one line, in `language` where there are several; nothing when it is
 * absent. Moments are wall times of the zone here. -ENOENT: the shape has no such field. */
MUST_CHECK int present_field(const struct shape *shape, const void *from, struct text name,
                             struct text language, const struct zone *zone, struct buf *to);

#endif
