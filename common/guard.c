#include "common/guard.h"

instant guard_expected(const struct guard *g, msec boot) {
    return g->wall + (boot - g->boot);
}

enum guard_verdict guard_look(struct guard *g, instant wall, msec boot, msec awake, msec *ret_by) {
    msec by = wall - guard_expected(g, boot), slept = (boot - g->boot) - (awake - g->awake);
    enum guard_verdict verdict = !g->wall                   ? GUARD_FINE
                                 : by < -GUARD_BACK_MOST    ? GUARD_BACK
                                 : by > GUARD_FORWARD_MOST  ? GUARD_FORWARD
                                 : slept > GUARD_SLEEP_MOST ? GUARD_SLEPT
                                                            : GUARD_FINE;
    *ret_by = verdict == GUARD_SLEPT ? slept : verdict == GUARD_BACK ? -by : by;
    if (verdict == GUARD_FINE)
        *g = (struct guard){wall, boot, awake};
    return verdict;
}
