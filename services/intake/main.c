/* intake - takes events from frontends, checks them, stores them, and tells what became of them.
 *
 *     intake [--home DIR] [--clock] [--debug] [--check [--settings DIR]]
 *
 * It alone writes DIR/inbox. Exit: 0 stopped in order, 1 could not start, 2 bad configuration or
 * arguments, 74 the storage failed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "proto/instance.h"
#include "services/intake/intake.h"
#include "services/intake/keep.h"

#define COMPLAINTS_BYTES ((size_t)64 * 1024)
#define GRACE (3 * SECONDS)
#define KEYS_EVERY (2 * SECONDS)
#define KEEP_EVERY (10 * SECONDS)
#define KEEP_AGAIN (1 * SECONDS)
#define DIR_MODE 0750

/* ---- in passing ---- */

static void on_decided(void *ctx, uint64_t seq, const struct answer *answer) {
    struct intake *intake = ctx;
    pending_decide(intake->pending, seq, answer);
}

static void on_accepted(void *ctx, uint64_t last, uint64_t awaited) {
    struct intake *intake = ctx;
    house_tell_accepted(intake->house, last, awaited);
}

static void on_ask(void *ctx, uint64_t seq) {
    struct intake *intake = ctx;
    house_ask_decision(intake->house, seq);
}

static instant what_time(void *ctx) {
    const struct intake *intake = ctx;
    return house_now(intake->house);
}

static void on_failed(void *ctx, int error) {
    struct intake *intake = ctx;
    (void)error;
    intake->exit_code = EXIT_STORAGE;
    intake->is_stopping = true;
    loop_stop(intake->loop);
}

static void on_keys(void *ctx) {
    struct intake *intake = ctx;
    struct buf complaints;
    buf_init(&complaints, COMPLAINTS_BYTES);
    int r = keyring_reload_if_changed(intake->keyring, &complaints);
    if (r == 1)
        log_info("keys_read", "%s", "");
    else if (r == -EBADMSG)
        log_error_lines("keys_bad", buf_as_text(&complaints));
    else if (r < 0)
        log_error("keys_unreadable", "error=%s; nobody is let in from outside", strerror(-r));
    buf_free(&complaints);
    loop_after(intake->loop, KEYS_EVERY, on_keys, intake);
}

/* Frames of the wrong form have no answer; here is where an operator hears of them. */
static void report_dropped(struct intake *intake) {
    uint64_t dropped = bus_dropped(intake->here.door);
    if (intake->outside.door)
        dropped += bus_dropped(intake->outside.door);
    if (dropped != intake->dropped)
        log_warn("frames_dropped", "count=%" PRIu64 "; they were too large, or of several parts",
                 dropped - intake->dropped);
    intake->dropped = dropped;
}

static void on_keep(void *ctx) {
    struct intake *intake = ctx;
    const struct settings *settings = &intake->settings;
    const struct keep keep = {intake->journal, intake->memory, settings->keep_events,
                              settings->remember_keys};
    bool more = false;
    instant now;
    uint64_t needed, position = house_position(intake->house);
    int r = 0;
    if (house_keep(intake->house, &now, &needed) && now)
        r = keep_step(&keep, now, position < needed ? position : needed - 1, &more);
    if (r == -EIO)
        on_failed(intake, r);
    if (r < 0)
        log_error("inbox_not_tidied", "error=%s; %s", strerror(-r),
                  r == -EIO ? "ending" : "tried again");
    /* After a start nobody has told us yet how far the scheduler is. */
    if (house_position(intake->house) < batch_last(intake->batch))
        house_ask_decision(intake->house, batch_last(intake->batch));
    report_dropped(intake);
    loop_after(intake->loop, more ? KEEP_AGAIN : KEEP_EVERY, on_keep, intake);
}

static void on_reload(void *ctx) {
    struct intake *intake = ctx;
    struct settings settings;
    struct buf complaints;
    buf_init(&complaints, COMPLAINTS_BYTES);
    if (settings_read(intake->home, &settings, &complaints) < 0) {
        log_error_lines("settings_bad", buf_as_text(&complaints));
    } else {
        settings_free(&intake->settings);
        intake->settings = settings;
        log_info("settings_read", "%s", "");
    }
    buf_free(&complaints);
    on_keys(intake);
}

static void on_drain(void *ctx) {
    struct intake *intake = ctx;
    batch_commit(intake->batch);
    intake->is_stopping = true;
    pending_release(intake->pending);
    loop_stop(intake->loop);
}

/* ---- start and end ---- */

/* Settings and keys: what --check looks at, and what start needs. */
static int read_configuration(struct intake *intake, const char *settings, struct buf *complaints) {
    char keys[PATH_MAX];
    arguments_path(intake->home, "keys", keys);
    int r = settings_read(settings, &intake->settings, complaints);
    int k = keyring_open(&intake->keyring, keys, complaints);
    if (k < 0 && k != -EBADMSG)
        buf_printf(complaints, "%s/clients: %s\n", keys, strerror(-k));
    return r < 0 ? r : k;
}

static int check_server_key(const char *home, struct buf *complaints) {
    char keys[PATH_MAX];
    struct bus_key key;
    arguments_path(home, "keys", keys);
    int r = keyring_server(keys, false, &key);
    explicit_bzero(&key, sizeof key);
    if (r == 0 || r == -ENOENT)
        return 0;
    buf_printf(complaints, "%s/server.key: %s\n", keys, keyring_server_trouble(r));
    return r;
}

static int check(struct intake *intake, const char *settings) {
    struct buf complaints;
    buf_init(&complaints, COMPLAINTS_BYTES);
    int r = read_configuration(intake, settings, &complaints);
    int k = check_server_key(intake->home, &complaints);
    fputs(buf_cstr(&complaints), stderr);
    buf_free(&complaints);
    return r == 0 && k == 0 ? EXIT_SUCCESS : EXIT_CONFIG;
}

/* An inbox from before what core has applied would give the same numbers to other events. */
static void refuse_older(const struct intake *intake) {
    uint64_t first, last, reached;
    int r = journal_range(intake->journal, &first, &last);
    if (r == 0 && (r = instance_reached(intake->home, &reached)) == -EBADMSG)
        r = 0, reached = 0; /* the scheduler looks at core itself */
    if (r < 0)
        log_fatal("inbox_not_read", "error=%s", strerror(-r));
    if (last >= reached)
        return;
    log_error("inbox_is_older",
              "its last event is %" PRIu64 ", and %" PRIu64
              " had been applied. Put back core and inbox that belong together, or: cirkel restore",
              last, reached);
    exit(EX_DATAERR);
}

static void open_inbox(struct intake *intake) {
    char inbox[PATH_MAX], run[PATH_MAX];
    uint64_t damaged;
    arguments_path(intake->home, "inbox", inbox);
    arguments_path(intake->home, "run", run);
    int r = make_dir(inbox, DIR_MODE);
    if (r == 0)
        r = make_dir(run, DIR_MODE);
    if (r < 0)
        log_fatal("folder_not_made", "error=%s", strerror(-r));
    r = journal_open(&intake->journal, inbox, true, 0);
    if (r < 0)
        log_fatal("inbox_not_opened", "error=%s%s", strerror(-r),
                  r == -EBUSY ? "; another intake runs" : "");
    refuse_older(intake);
    intake->memory = memory_new(MEMORY_KEYS_MOST);
    r = memory_load(intake->memory, intake->journal, &damaged);
    if (r < 0)
        log_fatal("inbox_not_read", "error=%s", strerror(-r));
    if (damaged > 0)
        log_error("digests_damaged", "count=%" PRIu64 "; their keys are forgotten", damaged);
}

static void open_parts(struct intake *intake) {
    struct batch_options options = {.loop = intake->loop,
                                    .journal = intake->journal,
                                    .memory = intake->memory,
                                    .asides = &intake->asides,
                                    .room = &intake->room,
                                    .on_accepted = on_accepted,
                                    .on_ask = on_ask,
                                    .on_failed = on_failed,
                                    .now = what_time,
                                    .ctx = intake};
    intake->room.home = intake->home;
    door_init(&intake->reading);
    asides_init(&intake->asides);
    askers_init(&intake->askers, front_send, intake);
    intake->pending = options.pending = pending_new(intake->loop, &intake->askers);
    int r = batch_new(&intake->batch, &options);
    if (r == 0)
        r = bus_open(&intake->bus, intake->loop);
    if (r == 0)
        r = house_open(&intake->house, intake->loop, intake->bus, intake->home, on_decided, intake);
    if (r < 0)
        log_fatal("start_failed", "error=%s", strerror(-r));
    if (front_open(intake) < 0)
        exit(EXIT_FAILURE);
}

static void close_parts(struct intake *intake) {
    batch_free(&intake->batch);
    pending_free(&intake->pending);
    house_close(&intake->house);
    bus_close(&intake->bus);
    askers_free(&intake->askers);
    asides_free(&intake->asides);
    door_free(&intake->reading);
    memory_free(&intake->memory);
    journal_close(&intake->journal);
    loop_close(&intake->loop);
}

static int run(struct intake *intake, bool with_clock) {
    char clock_path[PATH_MAX];
    int r;
    arguments_path(intake->home, "run/clock", clock_path);
    r = clock_use(with_clock ? clock_path : NULL);
    if (r < 0)
        log_fatal("no_clock", "file=run/clock error=%s", strerror(-r));
    open_inbox(intake);
    r = loop_open(&intake->loop);
    if (r < 0)
        log_fatal("no_loop", "error=%s", strerror(-r));
    open_parts(intake);
    log_info("started", "keys=%" PRIu64, memory_count(intake->memory));
    loop_after(intake->loop, KEYS_EVERY, on_keys, intake);
    loop_after(intake->loop, KEEP_EVERY, on_keep, intake);
    r = loop_run(intake->loop, on_drain, on_reload, intake, GRACE);
    if (r < 0)
        log_fatal("no_signals", "error=%s", strerror(-r));
    log_info("stopped", "refused=%" PRIu64 " answers_lost=%" PRIu64, intake->asides.refused,
             intake->answers_lost);
    close_parts(intake);
    return intake->exit_code;
}

static int start(struct intake *intake, bool with_clock) {
    struct buf complaints;
    int limited = bus_limit_process();
    if (limited < 0)
        log_warn("not_limited", "error=%s", strerror(-limited));
    buf_init(&complaints, COMPLAINTS_BYTES);
    int r = read_configuration(intake, intake->home, &complaints);
    log_error_lines("configuration_bad", buf_as_text(&complaints));
    buf_free(&complaints);
    return r < 0 ? EXIT_CONFIG : run(intake, with_clock);
}

int main(int argc, char **argv) {
    static struct intake intake;
    struct arguments arguments;
    arguments_read(&arguments, argc, argv,
                   "[--home DIR] [--clock] [--debug] [--check [--settings DIR]]", NULL, 0);
    log_start("intake", arguments.is_debug);
    intake.home = arguments.home;
    int status = arguments.is_check ? check(&intake, arguments.settings)
                                    : start(&intake, arguments.with_clock);
    keyring_close(&intake.keyring);
    settings_free(&intake.settings);
    return status;
}
