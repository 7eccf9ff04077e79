#include "services/cirkel/child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void read_all(int fd, struct buf *to) {
    char piece[16384];
    ssize_t n;

    while ((n = read(fd, piece, sizeof piece)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            buf_add(to, piece, (size_t)n);
}

int child_run(char *const argv[], struct buf *output) {
    posix_spawn_file_actions_t actions;
    int ends[2] = {-1, -1}, rc, status;
    pid_t pid;

    fflush(NULL);
    if (output && pipe2(ends, O_CLOEXEC))
        return -errno;
    posix_spawn_file_actions_init(&actions);
    if (output)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    rc = -posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (output)
        close(ends[1]);
    if (rc == 0 && output)
        read_all(ends[0], output);
    if (output)
        close(ends[0]);
    if (rc)
        return rc;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int child_check(const char *program, const char *home, const char *settings) {
    static char option_home[] = "--home", option_check[] = "--check";
    static char option_settings[] = "--settings";
    char *argv[] = {(char *)program,
                    option_home,
                    (char *)home,
                    option_check,
                    settings ? option_settings : NULL,
                    (char *)settings,
                    NULL};
    return child_run(argv, NULL);
}
