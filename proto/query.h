/* query - what may be asked of the gateway, and what comes back: data made from the rows of
 * queries.def and views.def.
 *
 * A query is a shape for its body. A view is a shape over a record: the fields of it that an answer
 * shows. What a view does not list leaves the house by no query.
 */
#ifndef PROTO_QUERY_H
#define PROTO_QUERY_H

#include "proto/shape.h"

#define QUERY_RIGHT "query." /* what a key's pattern fits: "query.meetings.*" */
#define QUERY_RIGHT_MAX 80
#define QUERY_AS_PERSON "query.as_person"

/* ---- views: view_infos[VIEW_meeting] ---- */
enum view_type {
#include "proto/rows_none.inc"
#define VIEW(name, record, doc) VIEW_##name,
#include "proto/views.def"
#include "proto/rows_end.inc"
    VIEW_COUNT
};
struct view_info {
    struct shape shape; /* its offsets are those of the record's struct */
    const struct shape *record;
};
extern const struct view_info view_infos[VIEW_COUNT];

/* Appends one map of what the view shows of a record: moments and local times as RFC 3339 in the
 * record's zone, texts in `language` (absent: in all there are). The caller appends `more` further
 * pairs. */
void query_write(enum view_type view, const void *record, struct text language, uint32_t more,
                 struct buf *to);

/* ---- queries: struct query_meetings_coming, query_infos[QUERY_MEETINGS_COMING] ---- */
#include "proto/rows_struct.inc"
#define QUERY(NAME, name, wire, who, count, view, link, doc) struct query_##name {
#include "proto/queries.def"
#include "proto/rows_end.inc"

enum query_type {
#include "proto/rows_none.inc"
#define QUERY(NAME, name, wire, who, count, view, link, doc) QUERY_##NAME,
#include "proto/queries.def"
#include "proto/rows_end.inc"
    QUERY_COUNT
};
enum query_who { QUERY_ANYBODY, QUERY_PERSON };
enum query_count { QUERY_MANY, QUERY_ONE };
struct query_info {
    struct shape shape; /* of its body; shape.name: "meetings.coming" */
    enum query_who who;
    enum query_count count;
    enum view_type view;
    const char
        *link; /* purposes of the letters' links that open it, with | between; "": none does */
};
extern const struct query_info query_infos[QUERY_COUNT];
MUST_CHECK int query_find(struct text name, enum query_type *ret); /* -ENOENT */

/* Big enough for any decoded body. */
union any_query {
#include "proto/rows_none.inc"
#define QUERY(NAME, name, wire, who, count, view, link, doc) struct query_##name name;
#include "proto/queries.def"
#include "proto/rows_end.inc"
};

#endif
