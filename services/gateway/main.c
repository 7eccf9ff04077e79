/* gateway - answers what frontends ask, from snapshots of the core. It writes nothing.
 *
 *     gateway [--home DIR] [--clock] [--debug] [--check [--settings DIR]]
 *
 * Exit: 0 stopped in order, 1 could not start, 2 bad configuration or arguments, 74 the storage
 * failed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/zone.h"
#include "services/gateway/gateway.h"

#define COMPLAINTS_BYTES ((size_t)64 * 1024)
#define GRACE (3 * SECONDS)
#define KEYS_EVERY (2 * SECONDS)
#define ZONES_EVERY (1 * HOURS)
#define REPORT_EVERY (10 * SECONDS)
#define STORE_RETRY ((msec)250)
#define DIR_MODE 0750

/* ---- what it reads ---- */

static int read_links(struct gateway *gateway, struct buf *complaints) {
    char path[PATH_MAX];
    arguments_path(gateway->home, "keys/links.key", path);
    int r = token_key_load(path, &gateway->links);
    if (r < 0)
        buf_printf(complaints, "%s:1: %s, expected 64 hexadecimal digits\n", path,
                   r == -EBADMSG ? "no key" : strerror(-r));
    return r;
}

/* Only who is reached from outside needs a key of its own. */
static int read_server_key(struct gateway *gateway, struct buf *complaints) {
    char keys[PATH_MAX];
    struct bus_key key;
    if (gateway->settings.gateway_listen[0] == '\0')
        return 0;
    arguments_path(gateway->home, "keys", keys);
    int r = keyring_server(keys, false, &key);
    explicit_bzero(&key, sizeof key);
    if (r < 0)
        buf_printf(complaints, "%s/server.key: %s\n", keys, keyring_server_trouble(r));
    return r;
}

static int read_configuration(struct gateway *gateway, const char *settings,
                              struct buf *complaints) {
    char keys[PATH_MAX];
    arguments_path(gateway->home, "keys", keys);
    int r = settings_read(settings, &gateway->settings, complaints);
    if (r < 0)
        return r;
    int k = keyring_open(&gateway->keyring, keys, complaints);
    if (k < 0 && k != -EBADMSG)
        buf_printf(complaints, "%s/clients: %s\n", keys, strerror(-k));
    int l = read_links(gateway, complaints);
    int s = read_server_key(gateway, complaints);
    return k < 0 ? k : l < 0 ? l : s;
}

/* ---- in passing ---- */

static void on_keys(void *ctx) {
    struct gateway *gateway = ctx;
    struct buf complaints;
    buf_init(&complaints, COMPLAINTS_BYTES);
    int r = keyring_reload_if_changed(gateway->keyring, &complaints);
    if (r == 1)
        log_info("keys_read", "%s", "");
    else if (r == -EBADMSG)
        log_error_lines("keys_bad", buf_as_text(&complaints));
    else if (r < 0)
        log_error("keys_unreadable", "error=%s; nobody is let in from outside", strerror(-r));
    buf_free(&complaints);
    loop_after(gateway->loop, KEYS_EVERY, on_keys, gateway);
}

/* What has no answer of its own; here is where an operator hears of it. */
static void on_report(void *ctx) {
    struct gateway *gateway = ctx;
    uint64_t dropped = bus_dropped(gateway->here.door);
    if (gateway->outside.door)
        dropped += bus_dropped(gateway->outside.door);
    if (dropped != gateway->dropped)
        log_warn("frames_dropped", "count=%" PRIu64 "; they were too large, or of several parts",
                 dropped - gateway->dropped);
    if (gateway->asking.damaged != gateway->damaged)
        log_error("rows_damaged", "count=%" PRIu64 "; they are left out. See: cirkel verify",
                  gateway->asking.damaged - gateway->damaged);
    gateway->dropped = dropped;
    gateway->damaged = gateway->asking.damaged;
    loop_after(gateway->loop, REPORT_EVERY, on_report, gateway);
}

/* The scheduler makes the core; until then there is nothing to see. */
static void try_store(void *ctx) {
    struct gateway *gateway = ctx;
    char dir[PATH_MAX];
    arguments_path(gateway->home, "core", dir);
    struct store_options options = {.dir = dir, .tables = table_names, .count = TABLE_COUNT};
    int r = store_open(&gateway->store, &options);
    if (r == -ENOENT || r == -EAGAIN) {
        loop_after(gateway->loop, STORE_RETRY, try_store, gateway);
    } else if (r < 0) {
        log_error("core_not_opened", "error=%s", strerror(-r));
        gateway->exit_code = r == -EIO ? EXIT_STORAGE : EXIT_FAILURE;
        loop_stop(gateway->loop);
    } else {
        log_info("core_opened", "%s", "");
    }
}

static void on_turn(void *ctx) {
    struct gateway *gateway = ctx;
    must(!gateway->store || store_open_txns(gateway->store) == 0);
}

static void on_drain(void *ctx) {
    struct gateway *gateway = ctx;
    gateway->is_stopping = true;
    loop_stop(gateway->loop);
}

/* ---- start and end ---- */

static void open_parts(struct gateway *gateway) {
    char run[PATH_MAX];
    arguments_path(gateway->home, "run", run);
    asking_init(&gateway->asking);
    buf_init(&gateway->out, 2 * ASKING_BYTES_MOST);
    int r = make_dir(run, DIR_MODE);
    if (r == 0)
        r = loop_open(&gateway->loop);
    if (r == 0)
        r = bus_open(&gateway->bus, gateway->loop);
    if (r < 0)
        log_fatal("start_failed", "error=%s", strerror(-r));
    if (front_open(gateway) < 0)
        exit(EXIT_FAILURE);
}

static void close_parts(struct gateway *gateway) {
    bus_close(&gateway->bus);
    loop_close(&gateway->loop);
    store_close(&gateway->store);
    asking_free(&gateway->asking);
    buf_free(&gateway->out);
}

static void on_zones(void *ctx) {
    struct gateway *gateway = ctx;
    if (zone_follow())
        log_info("zones_changed", "%s", "");
    loop_after(gateway->loop, ZONES_EVERY, on_zones, gateway);
}

static void on_reload(void *ctx) {
    on_keys(ctx);
    on_zones(ctx);
}

static int run(struct gateway *gateway, bool with_clock) {
    char clock_path[PATH_MAX];
    int limited = bus_limit_process();
    if (limited < 0)
        log_warn("not_limited", "error=%s", strerror(-limited));
    arguments_path(gateway->home, "run/clock", clock_path);
    int r = clock_use(with_clock ? clock_path : NULL);
    if (r < 0)
        log_fatal("no_clock", "file=run/clock error=%s", strerror(-r));
    open_parts(gateway);
    log_info("started", "%s", "");
    loop_each_turn(gateway->loop, on_turn, gateway);
    loop_after(gateway->loop, 0, try_store, gateway);
    loop_after(gateway->loop, KEYS_EVERY, on_keys, gateway);
    loop_after(gateway->loop, REPORT_EVERY, on_report, gateway);
    on_zones(gateway);
    r = loop_run(gateway->loop, on_drain, on_reload, gateway, GRACE);
    if (r < 0)
        log_fatal("no_signals", "error=%s", strerror(-r));
    log_info("stopped", "answered=%" PRIu64 " refused=%" PRIu64 " answers_lost=%" PRIu64,
             gateway->answered, gateway->refused, gateway->answers_lost);
    close_parts(gateway);
    return gateway->exit_code;
}

int main(int argc, char **argv) {
    static struct gateway gateway;
    struct arguments arguments;
    struct buf complaints;
    arguments_read(&arguments, argc, argv,
                   "[--home DIR] [--clock] [--debug] [--check [--settings DIR]]", NULL, 0);
    log_start("gateway", arguments.is_debug);
    gateway.home = arguments.home;
    buf_init(&complaints, COMPLAINTS_BYTES);
    int status = read_configuration(&gateway, arguments.settings, &complaints) < 0 ? EXIT_CONFIG
                                                                                   : EXIT_SUCCESS;
    if (arguments.is_check)
        fputs(buf_cstr(&complaints), stderr);
    else
        log_error_lines("configuration_bad", buf_as_text(&complaints));
    buf_free(&complaints);
    if (status == EXIT_SUCCESS && !arguments.is_check)
        status = run(&gateway, arguments.with_clock);
    keyring_close(&gateway.keyring);
    settings_free(&gateway.settings);
    explicit_bzero(&gateway.links, sizeof gateway.links);
    return status;
}
