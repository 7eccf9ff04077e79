#include "proto/machine.h"

#include <errno.h>
#include <string.h>

const struct transition transitions[] = {
#define TRANSITION(machine_, state_, event_, next_, because_)                                      \
    {#machine_, #state_, #event_, #next_, because_},
#include "proto/states.def"
#undef TRANSITION
};
const unsigned transition_count = COUNT_OF(transitions);

int machine_next(const char *machine, struct text state, const char *event, struct text *ret_next) {
    if (!state.p)
        state = TEXT_LIT("none");
    for (unsigned i = 0; i < transition_count; i++) {
        const struct transition *t = &transitions[i];
        if (strcmp(t->machine, machine) == 0 && text_is(state, t->state) &&
            strcmp(t->event, event) == 0) {
            *ret_next = text_of(t->next);
            return 0;
        }
    }
    return -EPROTO;
}
