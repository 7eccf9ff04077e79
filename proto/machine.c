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

/* Most differ in their first letter. */
static bool is_word(const char *a, const char *b) {
    return *a == *b && strcmp(a, b) == 0;
}

int machine_next(const char *machine, struct text state, const char *event, struct text *ret_next) {
    if (!state.p)
        state = TEXT_LIT("none");
    for (unsigned i = 0; i < transition_count; i++) {
        const struct transition *t = &transitions[i];
        if (is_word(event, t->event) && is_word(machine, t->machine) && text_is(state, t->state)) {
            *ret_next = text_of(t->next);
            return 0;
        }
    }
    return -EPROTO;
}
