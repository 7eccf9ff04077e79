/* send - one event said at the front door, and what became of it printed. */
#ifndef CIRKEL_SEND_H
#define CIRKEL_SEND_H

#include "services/cirkel/verbs.h"

#include <jansson.h>

/* By the options home, json and id; an exit code. */
MUST_CHECK int send_one(const struct options *options, const char *type, const json_t *body);

#endif
