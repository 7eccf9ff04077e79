#include "services/scheduler/home.h"

#include <inttypes.h>

#include "services/scheduler/reminders/halt.h"

struct known {
    uint64_t instance, generation, mark, position;
};

static int read_known(struct txn *txn, struct known *ret) {
    int rc = meta_get(txn, "instance", &ret->instance);
    if (rc == 0)
        rc = meta_get(txn, "home-generation", &ret->generation);
    if (rc == 0)
        rc = meta_get(txn, "home-mark", &ret->mark);
    return rc ? rc : meta_get(txn, "position", &ret->position);
}

static int write_known(struct txn *txn, const struct rec_input *home) {
    int rc = meta_put(txn, "instance", (uint64_t)home->instance);
    if (rc == 0)
        rc = meta_put(txn, "home-generation", (uint64_t)home->generation);
    if (rc == 0)
        rc = meta_put(txn, "home-mark", (uint64_t)home->mark);
    if (rc == 0 && home->inbox)
        rc = meta_put(txn, "generation", (uint64_t)home->inbox);
    return rc;
}

/* What is not as it was; absent: nothing, or this is the first time. */
static struct text difference(struct office *o, const struct known *known,
                              const struct rec_input *home) {
    if (!known->instance)
        return TEXT_NONE;
    if (known->instance != (uint64_t)home->instance)
        return TEXT_LIT("this data was made in another home; its letters may have left there");
    if (known->generation < (uint64_t)home->generation)
        return arena_printf(o->arena,
                            "restored from a backup%s%.*s; what left since then is not known here",
                            home->reason.n ? ", " : "", TEXT_ARGS(home->reason));
    bool moved = known->mark && home->mark && known->mark != (uint64_t)home->mark;
    if (known->generation > (uint64_t)home->generation || moved)
        return TEXT_LIT("these files are a copy, or another machine has them; the original may "
                        "go on sending");
    if ((uint64_t)home->reached > known->position)
        return arena_printf(o->arena,
                            "this home had come to event %" PRId64 ", and its data only to %" PRIu64
                            ": it is older; what left in between is not known here",
                            home->reached, known->position);
    return TEXT_NONE;
}

int home_found(struct office *o, const struct rec_input *home) {
    struct known known;
    int rc = read_known(o->txn, &known);
    if (rc)
        return rc;
    struct text why = difference(o, &known, home);
    rc = write_known(o->txn, home);
    return rc || !why.n ? rc : halt_begin(o, "copy", why);
}
