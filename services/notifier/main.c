/* notifier - sends the letters the scheduler hands it, and writes nothing but what leaves.
 *
 *     notifier [--home DIR] [--clock] [--debug] [--sink] [--check [--settings DIR] | --sample DIR]
 *
 * In a trial home, and on a virtual clock, letters only become files. With --sink they may leave
 * there, too: for tests, whose mail server is a sink of their own; `cirkel` never says it.
 *
 * Exit: 0 stopped in order, 1 could not start, 2 bad configuration or arguments, 74 the storage
 * failed.
 */
#include "common/arguments.h"
#include "common/bus.h"
#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"
#include "common/zone.h"
#include "common/loop.h"
#include "common/store.h"
#include "common/token.h"
#include "proto/settings.h"
#include "proto/table.h"
#include "services/notifier/channel.h"
#include "services/notifier/incoming.h"
#include "services/notifier/sample.h"
#include "services/notifier/work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GRACE (10 * SECONDS)
#define ZONES_EVERY (1 * HOURS)
#define STORE_RETRY ((msec)250)
#define INCOMING_RETRY (1 * MINUTES)
#define BOOT_BYTES 16

struct notifier {
    const char *home;
    bool with_clock, is_sink;
    struct settings settings;
    struct token_key links;
    const struct channel *channel;
    struct loop *loop;
    struct bus *bus;
    struct door *scheduler, *intake;
    struct store *store;
    struct work *work;
    struct incoming *incoming;
    char boot[2 * BOOT_BYTES + 1];
    int exit_code;
};

static const struct channel *const channels[] = {&channel_maildir, &channel_smtp};

/* ---- what it reads ---- */

/* Looked at here, because whatever changes the settings ends here: a file, apply, a reload. */
static bool is_files_only(const struct notifier *n) {
    char path[PATH_MAX];
    arguments_path(n->home, "trial", path);
    return !n->is_sink && (n->with_clock || access(path, F_OK) == 0);
}

static bool check_channel(const struct notifier *n, const char *settings, struct buf *errors) {
    if (!n->channel->is_files && is_files_only(n)) {
        buf_printf(errors,
                   "%s/cirkel.conf: channel: \"%s\" reaches real people, and %s is a trial home or "
                   "on a virtual clock: its letters would leave at wrong times. They only become "
                   "files there: channel = \"maildir\". A real home: cirkel init DIR\n",
                   settings, n->channel->name, n->home);
        return false;
    }
    return !n->channel->check || n->channel->check(n->home, &n->settings, errors) == 0;
}

/* True when everything the notifier reads is as it must be; else lines on stderr. */
static bool read_all(struct notifier *n, const char *settings) {
    struct buf errors;
    char path[PATH_MAX];
    bool is_good = true;
    buf_init(&errors, 64u * 1024);
    if (settings_read(settings, &n->settings, &errors) < 0) {
        (void)fputs(buf_cstr(&errors), stderr);
        buf_free(&errors);
        return false;
    }
    for (unsigned i = 0; i < COUNT_OF(channels); i++)
        if (strcmp(channels[i]->name, n->settings.channel) == 0)
            n->channel = channels[i];
    must(n->channel); /* settings_read() refuses another name */
    if (!check_channel(n, settings, &errors)) {
        (void)fputs(buf_cstr(&errors), stderr);
        is_good = false;
    }
    buf_free(&errors);
    arguments_path(n->home, "keys/links.key", path);
    int rc = token_key_load(path, &n->links);
    if (rc < 0) {
        is_good = false;
        (void)fprintf(stderr, "%s:1: %s, expected 64 hexadecimal digits\n", path,
                      rc == -EBADMSG ? "no key" : strerror(-rc));
    }
    return is_good;
}

static void make_boot(struct notifier *n) {
    unsigned char raw[BOOT_BYTES];
    token_random(raw, sizeof raw);
    for (unsigned i = 0; i < sizeof raw; i++)
        (void)snprintf(n->boot + 2 * i, 3, "%02x", raw[i]);
}

/* ---- the loop ---- */

static void on_frame(void *ctx, const struct peer *from, struct bytes payload) {
    struct notifier *n = ctx;
    (void)from;
    if (n->work)
        work_take(n->work, payload);
}

static int say(void *ctx, struct bytes frame) {
    struct notifier *n = ctx;
    if (fault_point("notifier.hint") < 0)
        return 0; /* lost on the way */
    return bus_send(n->scheduler, NULL, frame);
}

/* What is past its last step is waited for: else a letter would be of unknown fate. */
static msec grace_of(const struct notifier *n) {
    return n->channel->grace > GRACE ? n->channel->grace : GRACE;
}

static void on_drain(void *ctx) {
    struct notifier *n = ctx;
    log_info("stopping", "grace_ms=%d", (int)grace_of(n));
    if (n->work)
        work_drain(n->work);
    else
        loop_stop(n->loop);
}

static void stop(struct notifier *n, int exit_code) {
    n->exit_code = exit_code;
    loop_stop(n->loop);
}

static int dial(struct notifier *n, const char *name, bus_recv_fn *fn, struct door **ret) {
    char endpoint[PATH_MAX];
    arguments_endpoint(n->home, name, endpoint);
    struct bus_options options = {.endpoint = endpoint};
    return bus_dial(n->bus, &options, fn, n, ret);
}

static void on_answer(void *ctx, const struct peer *from, struct bytes payload) {
    struct notifier *n = ctx;
    (void)from;
    incoming_take(n->incoming, payload);
}

static int ask(void *ctx, struct bytes request) {
    struct notifier *n = ctx;
    return bus_send(n->intake, NULL, request);
}

/* Without it letters still leave. */
static void start_incoming(void *ctx) {
    struct notifier *n = ctx;
    struct incoming_options options = {.home = n->home,
                                       .loop = n->loop,
                                       .store = n->store,
                                       .settings = &n->settings,
                                       .links = &n->links,
                                       .ask = ask,
                                       .ctx = n};
    int rc = n->intake ? 0 : dial(n, "run/intake.ipc", on_answer, &n->intake);
    if (rc == 0)
        rc = incoming_open(&n->incoming, &options);
    if (rc == 0)
        return;
    log_error("incoming_not_read", "setting=bounces error=%s next_ms=%d", strerror(-rc),
              (int)INCOMING_RETRY);
    loop_after(n->loop, INCOMING_RETRY, start_incoming, n);
}

static void start_work(struct notifier *n) {
    struct work_options work = {.home = n->home,
                                .loop = n->loop,
                                .store = n->store,
                                .settings = &n->settings,
                                .links = &n->links,
                                .channel = n->channel,
                                .boot = n->boot,
                                .say = say,
                                .ctx = n};
    int rc = dial(n, "run/scheduler.ipc", on_frame, &n->scheduler);
    if (rc == 0)
        rc = work_open(&n->work, &work);
    if (rc < 0) {
        log_error("not_started", "error=%s", strerror(-rc));
        stop(n, EXIT_FAILURE);
        return;
    }
    start_incoming(n);
    log_info("started", "channel=%s boot=%s", n->channel->name, n->boot);
}

/* The scheduler makes the core; until then there is nothing to send. */
static void try_store(void *ctx) {
    struct notifier *n = ctx;
    char dir[PATH_MAX];
    arguments_path(n->home, "core", dir);
    struct store_options options = {.dir = dir, .tables = table_names, .count = TABLE_COUNT};
    int rc = store_open(&n->store, &options);
    if (rc == 0) {
        start_work(n);
    } else if (rc == -ENOENT || rc == -EAGAIN) {
        loop_after(n->loop, STORE_RETRY, try_store, n);
    } else {
        log_error("core_not_opened", "error=%s", strerror(-rc));
        stop(n, rc == -EIO ? EXIT_STORAGE : EXIT_FAILURE);
    }
}

/* Letters and calendar entries show times by the data of now. */
static void look_at_zones(void *ctx) {
    struct notifier *n = ctx;
    if (zone_follow())
        log_info("zones_changed", "%s", "");
    loop_after(n->loop, ZONES_EVERY, look_at_zones, n);
}

static int run(struct notifier *n) {
    int rc = loop_open(&n->loop);
    if (rc == 0)
        rc = bus_open(&n->bus, n->loop);
    if (rc < 0)
        log_fatal("not_started", "error=%s", strerror(-rc));
    loop_after(n->loop, 0, try_store, n);
    look_at_zones(n);
    rc = loop_run(n->loop, on_drain, look_at_zones, n, grace_of(n));
    incoming_close(&n->incoming);
    int worked = work_close(&n->work);
    if (n->exit_code == 0)
        n->exit_code = worked ? worked : rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    loop_cancel(n->loop, try_store, n);
    loop_cancel(n->loop, start_incoming, n);
    bus_close(&n->bus);
    loop_close(&n->loop);
    store_close(&n->store);
    log_info("stopped", "exit=%d", n->exit_code);
    return n->exit_code;
}

static void lock_home(const struct arguments *arguments) {
    char path[PATH_MAX];
    arguments_path(arguments->home, "run", path);
    int rc = make_dir(path, 0750);
    arguments_path(arguments->home, "run/notifier.lock", path);
    if (rc == 0)
        rc = lock_file(path);
    if (rc == -EBUSY)
        log_fatal("not_started", "another notifier works in this home");
    if (rc < 0)
        log_fatal("not_started", "lock error=%s", strerror(-rc));
    arguments_path(arguments->home, "run/clock", path);
    rc = clock_use(arguments->with_clock ? path : NULL);
    if (rc < 0)
        log_fatal("not_started", "clock error=%s", strerror(-rc));
}

/* The letters of the scheduler's forecast in a folder, to be looked at: nothing leaves. */
static int sample(const char *home, const char *folder) {
    struct settings settings;
    struct buf errors;
    buf_init(&errors, 64u * 1024);
    int rc = settings_read(home, &settings, &errors), exit_code = EXIT_SUCCESS;
    if (rc < 0) {
        (void)fputs(buf_cstr(&errors), stderr);
        exit_code = EXIT_CONFIG;
    } else {
        rc = sample_print(&settings, folder);
        settings_free(&settings);
        if (rc < 0)
            (void)fprintf(stderr, "notifier: the samples cannot be read: %s\n", strerror(-rc));
        exit_code = rc < 0 ? EXIT_STORAGE : EXIT_SUCCESS;
    }
    buf_free(&errors);
    return exit_code;
}

int main(int argc, char **argv) {
    struct arguments arguments;
    const char *folder = NULL;
    struct notifier n = {0};
    const struct argument more[] = {{"sample", &folder, NULL}, {"sink", NULL, &n.is_sink}};
    arguments_read(&arguments, argc, argv,
                   "[--home DIR] [--clock] [--debug] [--sink] [--check [--settings DIR] | --sample "
                   "DIR]",
                   more, COUNT_OF(more));
    log_start("notifier", arguments.is_debug);
    if (folder)
        return sample(arguments.home, folder);
    n.home = arguments.home;
    n.with_clock = arguments.with_clock;
    bool is_good = read_all(&n, arguments.settings);
    if (arguments.is_check || !is_good) {
        settings_free(&n.settings);
        return is_good ? EXIT_SUCCESS : EXIT_CONFIG;
    }
    lock_home(&arguments);
    make_boot(&n);
    int exit_code = run(&n);
    settings_free(&n.settings);
    return exit_code;
}
