/* row - a record as people read it: as JSON, in cells of a table, or as a block of lines.
 *
 * Moments are shown in the record's zone: with its offset in JSON, to the minute for people.
 */
#ifndef CIRKEL_ROW_H
#define CIRKEL_ROW_H

#include "proto/shape.h"

#include <jansson.h>

json_t *row_tree(const struct shape *shape, const void *rec, struct text zone); /* the caller's */
/* A field's value on one line; NULL gives nothing. What is kept in hundredths is shown as such. */
void row_named(const char *name, const json_t *tree, struct buf *to);
void row_block(const json_t *tree, struct buf *to);

#endif
