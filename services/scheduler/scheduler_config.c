/* Another configuration while we run. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"
#include "services/scheduler/scheduler.h"

/* What is given out already stays so, whatever the new limit. */
static void take_settings(struct scheduler *s, struct settings *settings) {
    size_t places = (size_t)settings->in_flight;
    if (places < s->assigned_count)
        places = s->assigned_count;
    struct assignment *assigned = realloc(s->assigned, places * sizeof *assigned);
    must(assigned);
    s->assigned = assigned;
    settings_free(&s->settings);
    s->settings = *settings;
}

static void take(struct scheduler *s, struct settings *settings, struct rulebook *rules) {
    bool another = rules->version != s->rules.version;
    s->is_config_new = true;
    take_settings(s, settings);
    rulebook_free(&s->rules);
    s->rules = *rules;
    log_info("configuration_read", "rules=%u version=%s", s->rules.count, s->rules.name);
    if (!another)
        return;
    s->deriving = true;
    s->derive_at.n = 0;
    s->derive_table = 0;
}

void scheduler_reread(struct scheduler *s, uint64_t event) {
    struct settings settings;
    struct rulebook rules;
    struct buf err;
    buf_init(&err, 1 << 16);
    int rc = settings_read(s->home, &settings, &err);
    if (rc == 0) {
        rc = rulebook_read(s->home, &rules, &err);
        if (rc)
            settings_free(&settings);
        else
            take(s, &settings, &rules);
    }
    if (rc)
        log_error("configuration_wrong", "the one before goes on; see: cirkel check-config");
    buf_free(&err);
    s->reread = 0;
    if (event)
        s->step.reread = event;
}

void scheduler_reload(void *ctx) {
    struct scheduler *s = ctx;
    scheduler_reread(s, 0);
    scheduler_look_at_zones(s);
    loop_soon(s->loop, scheduler_turn, s);
}
