/* run - the service of a home, until it is told to stop; with --demo on a sample first. */
#include "services/cirkel/home.h"
#include "services/cirkel/play.h"
#include "services/cirkel/supervise.h"
#include "services/cirkel/verbs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEMO_FILE "samples/cirkular-kommun.jsonl"

static volatile sig_atomic_t supervisor;

static void pass_on(int signal) {
    if (supervisor > 0)
        kill((pid_t)supervisor, signal);
}

/* The supervisor is a process of its own here; signals that reach us are meant for it. */
static int wait_for(pid_t pid) {
    struct sigaction action = {.sa_handler = pass_on};
    int status;

    supervisor = (sig_atomic_t)pid;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return EXIT_TROUBLE;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_TROUBLE;
}

static void print_demo(const char *home) {
    static const char *const next[] = {
        "ledger", "why boras-miljostrateg", "list meeting", "queues", "verify", "help"};
    printf("\nCirkel goes on serving in %s; the clock goes on from there. To try next:\n"
           "  ls %s/outgoing/new\n",
           home, home);
    for (unsigned i = 0; i < COUNT_OF(next); i++)
        printf("  %s %s --home %s\n", program_invocation_name, next[i], home);
    printf("The programs' log is %s/run/log. Stop it with Ctrl-C.\n", home);
    fflush(stdout);
}

static int run_demo(const char *home, bool debug) {
    char file[HOME_PATH];
    struct play_options o = {.home = home, .file = file, .debug = debug, .serve = true};
    pid_t pid;
    int rc;

    if (home_shipped(DEMO_FILE, file))
        return trouble("the sample " DEMO_FILE " was not found; is the installation complete?");
    printf("Two years of a network of municipalities, played in %s.\n", home);
    fflush(stdout);
    rc = play(&o, &pid);
    if (pid == 0)
        return rc;
    print_demo(home);
    return wait_for(pid);
}

static int need_clock(const char *home) {
    char path[HOME_PATH];
    int rc = home_need_trial(home);

    home_path(path, home, "run/clock");
    if (rc || access(path, R_OK) == 0)
        return rc;
    return usage("%s has no virtual clock; cirkel play FILE.jsonl makes one, and moves it. By this "
                 "machine's clock:\n        cirkel run --home %s",
                 home, home);
}

int verb_run(const struct options *options, int argc, char **argv) {
    int rc;

    (void)argv;
    if (argc)
        return usage("run takes no arguments. See: cirkel help run");
    if (options->demo)
        return run_demo(options->home, options->debug);
    rc = home_need(options->home);
    if (rc == 0)
        rc = home_need_own(options->home);
    if (rc)
        return rc;
    rc = options->clock ? need_clock(options->home) : 0;
    if (rc)
        return rc;
    return supervise(options->home, options->clock, options->debug, false);
}
