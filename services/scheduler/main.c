/* scheduler - applies events, lets time pass, and decides about every letter. Its only socket is
 * ipc. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "services/scheduler/forecast/forecast.h"
#include "services/scheduler/replay.h"
#include "services/scheduler/scheduler.h"
#include "services/scheduler/why/why.h"

#define GRACE (5 * SECONDS)
#define NICE_FORECAST 19 /* what is only thought of disturbs nobody */

struct arguments {
    const char *home;
    struct forecast_options forecast;
    const char *why;
    bool clock, check, debug, replay;
    const char *from;
};

static int usage(void) {
    fprintf(stderr,
            "usage: scheduler --home DIR [--clock] [--debug] [--check | --why PERSON --about ID | "
            "--forecast UNTIL [--with FILE] "
            "[--with-config DIR] [--also-existing] [--person ID] [--about ID] [--look DIR] | "
            "--replay [--from "
            "BACKUP]]\n");
    return 2;
}

static int read_arguments(int argc, char **argv, struct arguments *a) {
    static const struct option options[] = {{"home", required_argument, NULL, 'h'},
                                            {"clock", no_argument, NULL, 'c'},
                                            {"check", no_argument, NULL, 'k'},
                                            {"debug", no_argument, NULL, 'd'},
                                            {"forecast", required_argument, NULL, 'f'},
                                            {"with", required_argument, NULL, 'w'},
                                            {"with-config", required_argument, NULL, 'o'},
                                            {"also-existing", no_argument, NULL, 'e'},
                                            {"why", required_argument, NULL, 'y'},
                                            {"person", required_argument, NULL, 'p'},
                                            {"about", required_argument, NULL, 'a'},
                                            {"look", required_argument, NULL, 'l'},
                                            {"replay", no_argument, NULL, 'r'},
                                            {"from", required_argument, NULL, 'b'},
                                            {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
        switch (c) {
        case 'h':
            a->home = optarg;
            break;
        case 'c':
            a->clock = true;
            break;
        case 'k':
            a->check = true;
            break;
        case 'd':
            a->debug = true;
            break;
        case 'r':
            a->replay = true;
            break;
        case 'b':
            a->from = optarg;
            break;
        case 'f':
            a->forecast.until = optarg;
            break;
        case 'w':
            a->forecast.with = optarg;
            break;
        case 'o':
            a->forecast.config = optarg;
            break;
        case 'e':
            a->forecast.also_existing = true;
            break;
        case 'y':
            a->why = optarg;
            break;
        case 'l':
            a->forecast.look = optarg;
            break;
        case 'p':
            a->forecast.person = optarg;
            break;
        case 'a':
            a->forecast.about = optarg;
            break;
        default:
            return usage();
        }
    return a->home && optind == argc ? 0 : usage();
}

static int check(const char *home) {
    struct settings settings;
    struct rulebook rules;
    struct buf err;
    buf_init(&err, 1 << 16);
    int bad = settings_read(home, &settings, &err);
    if (bad == 0)
        settings_free(&settings);
    if (rulebook_read(home, &rules, &err))
        bad = -EBADMSG;
    else
        rulebook_free(&rules);
    fputs(buf_cstr(&err), stderr);
    buf_free(&err);
    return bad ? 2 : 0;
}

static void drain(void *ctx) {
    struct scheduler *s = ctx;
    loop_stop(s->loop);
}

static void open_doors(struct scheduler *s) {
    char endpoint[4300];
    struct bus_options o = {.endpoint = endpoint, .max_bytes = 64 * 1024};
    int rc = loop_open(&s->loop);
    if (rc == 0)
        rc = bus_open(&s->bus, s->loop);
    snprintf(endpoint, sizeof endpoint, "ipc://%s/run/scheduler.ipc", s->home);
    if (rc == 0)
        rc = bus_serve(s->bus, &o, scheduler_heard, s, &s->door);
    if (rc)
        log_fatal("cannot_listen", "endpoint=%s error=%s", endpoint, strerror(-rc));
    snprintf(endpoint, sizeof endpoint, "ipc://%s/run/facts.ipc", s->home);
    rc = bus_radio(s->bus, &o, &s->radio);
    if (rc)
        log_fatal("cannot_listen", "endpoint=%s error=%s", endpoint, strerror(-rc));
}

static int serve(const struct arguments *a) {
    struct scheduler s;
    struct buf err;
    char clock[4200];
    snprintf(clock, sizeof clock, "%s/run/clock", a->home);
    int rc = clock_use(a->clock ? clock : NULL);
    if (rc)
        log_fatal("no_clock", "file=%s error=%s", clock, strerror(-rc));
    buf_init(&err, 1 << 16);
    rc = scheduler_open(&s, a->home, &err);
    if (rc) {
        fputs(buf_cstr(&err), stderr);
        log_error("cannot_start", "home=%s error=%s", a->home, strerror(-rc));
        return rc == -EBADMSG || rc == -EINVAL ? 2 : 1;
    }
    buf_free(&err);
    open_doors(&s);
    log_info("started", "position=%llu rules=%u", (unsigned long long)s.position, s.rules.count);
    loop_soon(s.loop, scheduler_turn, &s);
    rc = loop_run(s.loop, drain, scheduler_reload, &s, GRACE);
    bus_close(&s.bus);
    loop_close(&s.loop);
    scheduler_close(&s);
    log_info("stopped", "position=%llu", (unsigned long long)s.position);
    return rc ? 1 : 0;
}

int main(int argc, char **argv) {
    struct arguments a = {.home = NULL};
    int rc = read_arguments(argc, argv, &a);
    if (rc)
        return rc;
    log_start("scheduler", a.debug);
    if (a.check)
        return check(a.home);
    if (a.replay)
        return replay(a.home, a.from);
    if (a.why && a.forecast.about)
        return why(a.home, a.clock, a.why, a.forecast.about);
    if (a.forecast.until && nice(NICE_FORECAST) == -1)
        log_debug("not_nicer", "errno=%d", errno);
    a.forecast.home = a.home;
    a.forecast.clock = a.clock;
    return a.forecast.until ? forecast(&a.forecast) : serve(&a);
}
