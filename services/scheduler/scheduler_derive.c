/* Plans derived anew: for other rules, and for other time zone data, which is followed. */
#include <inttypes.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/zone.h"
#include "services/scheduler/scheduler.h"

#define ZONES_EVERY (1 * HOURS)

void scheduler_look_at_zones(void *ctx) {
    struct scheduler *s = ctx;
    bool first = s->step.zones == 0, changed = zone_follow();
    s->zones_looked = clock_boot();
    s->step.zones = zone_data();
    if (first || !changed)
        return;
    s->deriving = true;
    s->derive_at.n = 0;
    s->derive_table = 0;
    loop_soon(s->loop, scheduler_turn, s);
}

void scheduler_follow_zones(struct scheduler *s) {
    if (s->step.zones == 0 || clock_boot() - s->zones_looked > ZONES_EVERY)
        scheduler_look_at_zones(s);
}

static void log_derived(const struct scheduler *s, struct txn *txn, uint64_t zones) {
    uint64_t moved;
    log_info("plans_derived", "rules=%u", s->rules.count);
    if (zones && zones != s->step.zones && meta_get(txn, "zones-moved", &moved) == 0)
        log_warn("zones_changed", "moved=%" PRIu64 " by other time zone data on this machine",
                 moved);
}

int scheduler_derive(struct scheduler *s, struct txn *txn, bool *ret_more) {
    bool done;
    uint64_t zones;
    if (!s->deriving)
        return 0;
    int rc = meta_get(txn, "zones", &zones);
    if (rc == 0)
        rc = step_rules(&s->step, s->now, &s->derive_at, &s->derive_table, &done);
    if (rc == 0 && done) {
        s->deriving = false;
        log_derived(s, txn, zones);
    }
    *ret_more = true;
    return rc;
}
