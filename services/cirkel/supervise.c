#include "services/cirkel/supervise.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/loop.h"
#include "services/cirkel/child.h"
#include "services/cirkel/config_set.h"
#include "services/cirkel/home.h"
#include "services/cirkel/orphan.h"
#include "services/cirkel/verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define PAUSE_FIRST 200
#define PAUSE_LONGEST (30 * SECONDS)
#define LIFE_GOOD (60 * SECONDS) /* who lived so long begins anew with short pauses */
#define WORKERS 4
#define STOP_WAIT (10 * SECONDS)
#define STOP_WAIT_NOTIFIER (70 * SECONDS) /* answers to what has left take a minute at most */
#define STOP_WAIT_ALL (STOP_WAIT_NOTIFIER + WORKERS * STOP_WAIT) /* one after the other */
#define READY_LOOK 50
#define READY_LIFE 300 /* who lived so long has started */
#define SETTINGS_MOST ((size_t)1 << 20)

struct supervisor;
struct worker {
    struct supervisor *supervisor;
    const char *name;
    char program[HOME_PATH];
    int pid; /* 0: not running */
    msec started, pause;
};
struct supervisor {
    const char *home;
    struct loop *loop;
    struct worker workers[WORKERS]; /* in the order they start */
    uint32_t settings;              /* checksum of the cirkel.conf that they started with */
    bool clock, debug, quiet, stopping, ready;
    int exit_code;
};

static const char *const start_order[WORKERS] = {"scheduler", "intake", "notifier", "gateway"};
static const unsigned stop_order[WORKERS] = {3, 1, 2, 0};

static void start_worker(void *ctx);
static void start_all(void *ctx);

/* ---- stopping ---- */

static msec stop_wait(const struct worker *worker) {
    return strcmp(worker->name, "notifier") == 0 ? STOP_WAIT_NOTIFIER : STOP_WAIT;
}

static void kill_hard(void *ctx) {
    struct worker *worker = ctx;
    if (!worker->pid)
        return;
    log_warn("worker_killed", "worker=%s pid=%d after_ms=%d", worker->name, worker->pid,
             (int)stop_wait(worker));
    kill(worker->pid, SIGKILL);
}

/* One at a time, so that whoever speaks stops before whoever listens. */
static void stop_next(struct supervisor *s) {
    for (unsigned i = 0; i < WORKERS; i++) {
        struct worker *worker = &s->workers[stop_order[i]];
        if (!worker->pid)
            continue;
        kill(worker->pid, SIGTERM);
        loop_after(s->loop, stop_wait(worker), kill_hard, worker);
        return;
    }
    loop_stop(s->loop);
}

static void stop_all(void *ctx) {
    struct supervisor *s = ctx;
    if (s->stopping)
        return;
    s->stopping = true;
    sd_notify(0, "STOPPING=1");
    loop_cancel(s->loop, start_all, s);
    for (unsigned i = 0; i < WORKERS; i++)
        loop_cancel(s->loop, start_worker, &s->workers[i]);
    stop_next(s);
}

static uint32_t settings_sum(const char *home) {
    char path[HOME_PATH];
    struct buf text;
    uint32_t sum = 0;
    home_path(path, home, "cirkel.conf");
    if (read_file(path, SETTINGS_MOST, &text) == 0)
        sum = crc32c(0, text.p, text.n);
    buf_free(&text);
    return sum;
}

static bool is_good(const struct supervisor *s) {
    bool good = true;
    for (unsigned i = 0; i < WORKERS && good; i++)
        good = child_check(s->workers[i].program, s->home, NULL) == 0;
    return good;
}

/* The scheduler reads it while it runs; the others know cirkel.conf only, and start again if that
 * is another one. Nobody who works with a good one is stopped for a bad one. */
static void reload(void *ctx) {
    struct supervisor *s = ctx;
    uint32_t settings = settings_sum(s->home);
    bool is_other = !s->stopping && settings != s->settings, is_bad = is_other && !is_good(s);
    if (is_bad)
        log_error("configuration_wrong", "the one before goes on; see: cirkel check-config");
    for (unsigned i = 0; i < WORKERS && !s->stopping; i++) {
        struct worker *worker = &s->workers[i];
        if (worker->pid && (is_bad || (i > 0 && !is_other)))
            continue;
        worker->pause = PAUSE_FIRST;
        if (worker->pid)
            kill(worker->pid, i > 0 ? SIGTERM : SIGHUP);
        else
            loop_after(s->loop, 0, start_worker, worker);
    }
    if (is_other && !is_bad)
        s->settings = settings;
}

/* ---- starting, and starting again ---- */

static void start_later(struct worker *worker) {
    if (worker->started && clock_boot() - worker->started >= LIFE_GOOD)
        worker->pause = PAUSE_FIRST;
    loop_after(worker->supervisor->loop, worker->pause, start_worker, worker);
    worker->pause = worker->pause * 2 < PAUSE_LONGEST ? worker->pause * 2 : PAUSE_LONGEST;
}

static void on_worker_end(void *ctx, int pid, int64_t status, int signal) {
    struct worker *worker = ctx;
    struct supervisor *s = worker->supervisor;

    worker->pid = 0;
    if (s->stopping) {
        loop_cancel(s->loop, kill_hard, worker);
        stop_next(s);
        return;
    }
    if (signal == 0 && status == EXIT_USAGE && s->ready) { /* the others need not stop for it */
        log_error("worker_configuration", "worker=%s pid=%d again_in_ms=%" PRId64, worker->name,
                  pid, worker->pause);
        start_later(worker);
        return;
    }
    if (signal == 0 && status == EXIT_USAGE) {
        log_error("worker_configuration", "worker=%s pid=%d", worker->name, pid);
        if (!s->quiet)
            fprintf(stderr,
                    "cirkel: %s says that its configuration is wrong (above). Mend it, then:\n"
                    "        cirkel check-config --home %s\n",
                    worker->name, s->home);
        s->exit_code = EXIT_USAGE;
        stop_all(s);
        return;
    }
    if (signal == 0 && status == EX_DATAERR) {
        log_error("worker_refuses_data", "worker=%s pid=%d", worker->name, pid);
        if (!s->quiet)
            fprintf(stderr,
                    "cirkel: %s does not work on what %s holds (above); nothing was changed.\n",
                    worker->name, s->home);
        s->exit_code = EXIT_TROUBLE;
        stop_all(s);
        return;
    }
    log_warn("worker_ended", "worker=%s pid=%d status=%" PRId64 " signal=%d again_in_ms=%" PRId64,
             worker->name, pid, status, signal, worker->pause);
    start_later(worker);
}

/* A worker reads one configuration, whole, also when `cirkel apply` was killed half way. */
static void finish_config(const struct supervisor *s) {
    struct buf err;
    buf_init(&err, 2 * HOME_PATH);
    if (config_set_finish(s->home, &err))
        log_error("configuration_not_in_place", "%s", buf_cstr(&err));
    buf_free(&err);
}

static void start_worker(void *ctx) {
    struct worker *worker = ctx;
    struct supervisor *s = worker->supervisor;
    static char home[] = "--home", clock[] = "--clock", debug[] = "--debug";
    char *argv[8] = {worker->program, home, (char *)s->home};
    unsigned n = 3;
    int rc;

    if (s->clock)
        argv[n++] = clock;
    if (s->debug)
        argv[n++] = debug;
    finish_config(s);
    worker->started = clock_boot();
    rc = loop_spawn(s->loop, argv, on_worker_end, worker, &worker->pid);
    if (rc) {
        worker->pid = 0;
        log_error("worker_not_started", "worker=%s error=%s again_in_ms=%" PRId64, worker->name,
                  strerror(-rc), worker->pause);
        start_later(worker);
        return;
    }
    rc = orphan_note(s->home, worker->name, worker->pid);
    if (rc)
        log_warn("worker_not_noted", "worker=%s error=%s", worker->name, strerror(-rc));
    log_info("worker_started", "worker=%s pid=%d", worker->name, worker->pid);
}

static void print_welcome(const struct supervisor *s) {
    fprintf(stderr,
            "\nCirkel is running in %s%s.\n"
            "  Letters lie in     %s/outgoing/new\n"
            "  Speak to it        cirkel send TYPE key=value… --home %s\n"
            "  Look               cirkel queues --home %s\n"
            "                     cirkel ledger --home %s\n"
            "                     cirkel forecast --until 30d --home %s\n"
            "  Stop it            Ctrl-C\n\n",
            s->home, s->clock ? ", on its virtual clock" : "", s->home, s->home, s->home, s->home,
            s->home);
}

static void look_if_ready(void *ctx) {
    struct supervisor *s = ctx;
    char door[HOME_PATH], house[HOME_PATH], gateway[HOME_PATH];
    bool ready;

    home_path(door, s->home, "run/intake.ipc");
    home_path(house, s->home, "run/scheduler.ipc");
    home_path(gateway, s->home, "run/gateway.ipc");
    ready = access(door, F_OK) == 0 && access(house, F_OK) == 0 && access(gateway, F_OK) == 0;
    for (unsigned i = 0; i < WORKERS; i++)
        ready = ready && s->workers[i].pid && clock_boot() - s->workers[i].started >= READY_LIFE;
    if (s->stopping)
        return;
    if (!ready) {
        loop_after(s->loop, READY_LOOK, look_if_ready, s);
        return;
    }
    s->ready = true;
    sd_notify(0, "READY=1");
    if (!s->quiet)
        print_welcome(s);
}

static void note_self(const struct supervisor *s, int pid) {
    int rc = orphan_note(s->home, "cirkel", pid);
    if (rc)
        log_warn("not_noted", "error=%s", strerror(-rc));
}

/* In the loop, where we hear what we are told: else they would go on without us. */
static void start_all(void *ctx) {
    struct supervisor *s = ctx;
    note_self(s, getpid());
    s->settings = settings_sum(s->home); /* whoever changes them from here on tells us */
    for (unsigned i = 0; i < WORKERS && !s->stopping; i++)
        start_worker(&s->workers[i]);
    loop_after(s->loop, READY_LOOK, look_if_ready, s);
}

/* ---- the whole ---- */

static int find_programs(struct supervisor *s) {
    for (unsigned i = 0; i < WORKERS; i++) {
        struct worker *worker = &s->workers[i];
        worker->supervisor = s;
        worker->name = start_order[i];
        worker->pause = PAUSE_FIRST;
        if (home_program(worker->name, worker->program))
            return trouble("the program %s was not found beside this one or in ../lib/cirkel; is "
                           "the installation complete?",
                           worker->name);
    }
    return 0;
}

static void stop_orphans(const struct supervisor *s) {
    for (unsigned i = 0; i < WORKERS; i++) {
        const struct worker *worker = &s->workers[stop_order[i]];
        if (orphan_stop(s->home, worker->program))
            log_warn("orphan_stopped", "worker=%s", worker->name);
    }
}

int supervise(const char *home, bool clock, bool debug, bool quiet) {
    struct supervisor s = {.home = home, .clock = clock, .debug = debug, .quiet = quiet};
    char path[HOME_PATH];
    int rc = find_programs(&s);

    if (rc)
        return rc;
    home_path(path, home, "run");
    rc = make_dir(path, 0750);
    home_path(path, home, "run/cirkel.lock");
    if (rc == 0)
        rc = lock_file(path);
    if (rc == -EBUSY)
        return trouble("another `cirkel run` (or play) is at work in %s", home);
    if (rc)
        return trouble("%s: %s", path, strerror(-rc));
    log_start("cirkel", debug);
    note_self(&s, 0); /* until it listens: the number before may be anybody's by now, also ours */
    rc = loop_open(&s.loop);
    if (rc)
        return trouble("the event loop could not be opened: %s", strerror(-rc));
    stop_orphans(&s);
    orphan_mark();
    finish_config(&s);
    loop_soon(s.loop, start_all, &s);
    rc = loop_run(s.loop, stop_all, reload, &s, STOP_WAIT_ALL);
    loop_close(&s.loop);
    return rc ? trouble("the event loop failed: %s", strerror(-rc)) : s.exit_code;
}

/* ---- as a process of its own ---- */

static bool is_supervised(const char *home) {
    char path[HOME_PATH];
    int fd;

    home_path(path, home, "run/cirkel.lock");
    if (lock_file_fd(path, &fd))
        return true;
    close(fd);
    return false;
}

bool supervise_reload(const char *home) {
    int pid = is_supervised(home) ? orphan_noted(home, "cirkel") : 0;
    return pid > 0 && orphan_runs(pid, "cirkel") && kill(pid, SIGHUP) == 0;
}

int supervise_aside(const char *home, bool debug, pid_t *ret) {
    char log[HOME_PATH];
    pid_t parent = getpid(), pid;

    home_path(log, home, "run");
    int rc = make_dir(log, 0750);
    if (rc)
        return trouble("%s: %s", log, strerror(-rc));
    *ret = 0;
    if (is_supervised(home))
        return 0;
    home_path(log, home, "run/log");
    fflush(NULL);
    pid = fork(); /* before this process has opened a store, a socket or a loop */
    if (pid < 0)
        return trouble("no process could be made: %s", strerror(errno));
    if (pid == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
        if (fd >= 0) {
            dup2(fd, STDOUT_FILENO);
            dup2(fd, STDERR_FILENO);
        }
        setpgid(0, 0); /* Ctrl-C is for whoever started it, who stops it in order */
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            _exit(EXIT_TROUBLE);
        exit(supervise(home, true, debug, true));
    }
    *ret = pid;
    return 0;
}

bool supervise_ended(pid_t pid, int *ret_code) {
    int status;
    if (waitpid(pid, &status, WNOHANG) != pid)
        return false;
    *ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_TROUBLE;
    return true;
}

int supervise_stop(pid_t pid) {
    int status;

    kill(pid, SIGTERM);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return EXIT_TROUBLE;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_TROUBLE;
}
