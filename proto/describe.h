/* describe - the protocol in words, printed from the rows: PROTOCOL.md (cirkel protocol). */
#ifndef PROTO_DESCRIBE_H
#define PROTO_DESCRIBE_H

#include "proto/shape.h"

void describe_protocol(struct buf *to); /* Markdown */
/* A request of that type as JSON on one line; its body is within every limit of its rows. */
void describe_example(enum msg_type type, struct buf *to);

#endif
