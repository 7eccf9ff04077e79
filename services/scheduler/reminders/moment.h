/* moment - "starts - 7d at 09:00": a moment reckoned from a field of a subject's record.
 *
 *     ANCHOR [+ SPAN | - SPAN] [at hh:mm]        requested + 5 workdays at 09:00
 *
 * ANCHOR is a field of kind INSTANT, WALL or DATE. A span of whole days or weeks moves the calendar
 * day and keeps the wall clock; hours and minutes are added to the instant. "at" sets the wall
 * clock of that day in the subject's zone. "5 workdays" are counted in the subject's country
 * (workday.h). A DATE begins at 00:00; `due + 1d` is the end of that day.
 */
#ifndef SCHEDULER_MOMENT_H
#define SCHEDULER_MOMENT_H

#include "common/base.h"
#include "common/zone.h"
#include "proto/shape.h"

struct moment {
    const struct field *anchor;
    int days, workdays;
    msec span;
    int at; /* minutes after midnight; -1: none */
};

/* -EINVAL with a sentence in *reterr that says what is expected. */
MUST_CHECK int moment_parse(struct text t, const struct shape *of, struct moment *ret,
                            struct buf *reterr);

/* The instant it means for this record, 0 when the anchor is absent. ret_occurrence gets what it
 * was reckoned from, "starts=2022-05-24T09:00" (at most 64 bytes with the zero). */
instant moment_of(const struct moment *moment, const void *record, const struct zone *zone,
                  struct text country, char ret_occurrence[65]);
/* Whether it lies after its anchor. */
bool moment_is_after(const struct moment *moment);
/* Whether both are the same moment of every record. */
bool moment_is_same(const struct moment *a, const struct moment *b);
/* Whether `a` comes before `b` whatever the record says; false when they have different anchors. */
bool moment_is_surely_before(const struct moment *a, const struct moment *b);

#endif
