#include "tests/harness/folder.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDERS_MAX 64

static char folders[FOLDERS_MAX][FOLDER_BYTES]; /* that are there; "" is free */
static pid_t owner;                             /* a child that a test forks removes nothing */

/* Only what a signal handler may call. */
static void sweep(void) {
    pid_t me = getpid();
    for (unsigned i = 0; i < FOLDERS_MAX && me == owner; i++) {
        if (!folders[i][0])
            continue;
        pid_t child = fork();
        if (child == 0) {
            execl("/bin/rm", "rm", "-rf", folders[i], (char *)NULL);
            _exit(127);
        }
        while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
    }
}

static void on_signal(int signal_number) {
    sweep();
    raise(signal_number); /* the handler is gone: it ends the process */
}

static void watch_end(void) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGABRT, SIGALRM};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND}, was;
    if (owner || getenv("CIRKEL_TEST_FOLDER")) /* tests/run sees to it */
        return;
    owner = getpid();
    must(atexit(sweep) == 0);
    for (unsigned i = 0; i < COUNT_OF(signals); i++)
        if (sigaction(signals[i], NULL, &was) == 0 && was.sa_handler == SIG_DFL)
            must(sigaction(signals[i], &action, NULL) == 0);
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where) {
    (void)st;
    (void)kind;
    return where->level > 0 ? remove(path) : 0;
}

int folder_make(char ret[FOLDER_BYTES], const char *name) {
    const char *tmp = getenv("TMPDIR");
    unsigned at = 0;
    while (at < FOLDERS_MAX && folders[at][0])
        at++;
    must(at < FOLDERS_MAX);
    if (snprintf(ret, FOLDER_BYTES, "%s/%s.XXXXXX", tmp ? tmp : "/tmp", name) >= FOLDER_BYTES) {
        fprintf(stderr, "TMPDIR is too long: %s\n", tmp);
        return -1;
    }
    watch_end();
    if (!mkdtemp(ret)) {
        perror(ret);
        return -1;
    }
    memcpy(folders[at], ret, FOLDER_BYTES);
    return 0;
}

int folder_empty(const char *path) {
    return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int folder_remove(const char *path) {
    if (folder_empty(path) || rmdir(path)) {
        perror(path);
        return -1;
    }
    for (unsigned i = 0; i < FOLDERS_MAX; i++)
        if (strcmp(folders[i], path) == 0)
            folders[i][0] = '\0';
    return 0;
}
