/* describe_inner - what the files of describe share. Nobody else includes it. */
#ifndef PROTO_DESCRIBE_INNER_H
#define PROTO_DESCRIBE_INNER_H

#include "proto/describe.h"

void describe_talk(struct buf *to);                              /* how to talk, in prose */
void describe_queries(struct buf *to);                           /* queries and their views */
void describe_fields(const struct shape *shape, struct buf *to); /* a table, one row a field */
void describe_machines(struct buf *to);                          /* pictures and tables */

#endif
