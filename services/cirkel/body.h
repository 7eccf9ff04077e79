/* body - the body of a message from key=value words, by the message's shape. */
#ifndef CIRKEL_BODY_H
#define CIRKEL_BODY_H

#include "common/base.h"
#include "proto/shape.h"

#include <jansson.h>

/* *ret is the caller's; -EINVAL with a sentence that says what the type takes. */
MUST_CHECK int body_from_words(const char *type, int argc, char **argv, json_t **ret,
                               struct buf *reterr);
/* The same for a shape that is at hand: the body of a query. */
MUST_CHECK int body_of_shape(const struct shape *shape, int argc, char **argv, json_t **ret,
                             struct buf *reterr);

#endif
