/* scheduler - applies events, lets time pass, and decides about every letter. Its only socket is
 * ipc.
 *
 *     scheduler [--home DIR] [--clock] [--debug] [--check]
 *
 * and for the command: --forecast, --why and --replay print JSON and change nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/arguments.h"
#include "common/clock.h"
#include "common/log.h"
#include "services/scheduler/forecast/forecast.h"
#include "services/scheduler/forecast/way.h"
#include "services/scheduler/replay.h"
#include "services/scheduler/scheduler.h"
#include "services/scheduler/why/why.h"

#define GRACE (5 * SECONDS)

static const char usage[] =
    "[--home DIR] [--clock] [--debug] [--check [--settings DIR] | --why PERSON --about ID | "
    "--forecast UNTIL [--with FILE] [--with-config DIR] [--also-existing] [--person ID] [--about "
    "ID] "
    "[--look DIR] | --replay [--from BACKUP]]";

static int check(const char *home, const char *folder) {
    struct settings settings;
    struct rulebook rules;
    struct buf err;
    buf_init(&err, 1 << 16);
    int bad = settings_read(folder, &settings, &err);
    if (bad == 0)
        settings_free(&settings);
    if (rulebook_read(home, &rules, &err))
        bad = -EBADMSG;
    else
        rulebook_free(&rules);
    fputs(buf_cstr(&err), stderr);
    buf_free(&err);
    return bad ? EXIT_CONFIG : EXIT_SUCCESS;
}

static void drain(void *ctx) {
    struct scheduler *s = ctx;
    loop_stop(s->loop);
}

static void open_doors(struct scheduler *s) {
    char endpoint[PATH_MAX];
    struct bus_options o = {.endpoint = endpoint, .max_bytes = 64 * 1024};
    int rc = loop_open(&s->loop);
    if (rc == 0)
        rc = bus_open(&s->bus, s->loop);
    arguments_endpoint(s->home, "run/scheduler.ipc", endpoint);
    if (rc == 0)
        rc = bus_serve(s->bus, &o, scheduler_heard, s, &s->door);
    if (rc)
        log_fatal("cannot_listen", "endpoint=%s error=%s", endpoint, strerror(-rc));
    arguments_endpoint(s->home, "run/facts.ipc", endpoint);
    rc = bus_radio(s->bus, &o, &s->radio);
    if (rc)
        log_fatal("cannot_listen", "endpoint=%s error=%s", endpoint, strerror(-rc));
}

static int serve(const struct arguments *a) {
    struct scheduler s;
    struct buf err;
    char clock[PATH_MAX];
    arguments_path(a->home, "run/clock", clock);
    int rc = clock_use(a->with_clock ? clock : NULL);
    if (rc)
        log_fatal("no_clock", "file=%s error=%s", clock, strerror(-rc));
    buf_init(&err, 1 << 16);
    rc = scheduler_open(&s, a->home, &err);
    if (rc) {
        fputs(buf_cstr(&err), stderr);
        log_error("cannot_start", "home=%s error=%s", a->home, strerror(-rc));
        return rc == -EBADMSG || rc == -EINVAL ? EXIT_CONFIG : EXIT_FAILURE;
    }
    buf_free(&err);
    scheduler_try_nice(&s);
    open_doors(&s);
    log_info("started", "position=%llu rules=%u", (unsigned long long)s.position, s.rules.count);
    loop_soon(s.loop, scheduler_turn, &s);
    rc = loop_run(s.loop, drain, scheduler_reload, &s, GRACE);
    bus_close(&s.bus);
    loop_close(&s.loop);
    scheduler_close(&s);
    log_info("stopped", "position=%llu", (unsigned long long)s.position);
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    struct arguments a;
    struct forecast_options f = {.home = NULL};
    const char *asker = NULL, *backup = NULL;
    bool is_replay = false;
    const struct argument more[] = {
        {"forecast", &f.until, NULL},
        {"with", &f.with, NULL},
        {"with-config", &f.config, NULL},
        {"look", &f.look, NULL},
        {"person", &f.person, NULL},
        {"about", &f.about, NULL},
        {"also-existing", NULL, &f.also_existing},
        {"why", &asker, NULL},
        {"replay", NULL, &is_replay},
        {"from", &backup, NULL},
    };
    arguments_read(&a, argc, argv, usage, more, COUNT_OF(more));
    log_start("scheduler", a.is_debug);
    if (a.is_check)
        return check(a.home, a.settings);
    if (is_replay)
        return replay(a.home, backup);
    if (asker && f.about)
        return why(a.home, a.with_clock, asker, f.about);
    if (f.until)
        way_lowest();
    f.home = a.home;
    f.clock = a.with_clock;
    return f.until ? forecast(&f) : serve(&a);
}
