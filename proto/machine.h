/* machine - what may follow what (states.def). Pure data; what is done is ordinary C elsewhere. */
#ifndef PROTO_MACHINE_H
#define PROTO_MACHINE_H

#include "common/base.h"

struct transition {
    const char *machine, *state, *event, *next, *because;
};
extern const struct transition transitions[];
extern const unsigned transition_count;

/* The state after `event` in `state` (absent text: "none"), as a lasting text; -EPROTO when that
 * cannot follow. `machine` is the name in capitals ("MEETING"). */
MUST_CHECK int machine_next(const char *machine, struct text state, const char *event,
                            struct text *ret_next);

#endif
