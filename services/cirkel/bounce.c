/* bounce - a message from a mail server's pipe, put into the Maildir that the notifier reads. */
#include "common/token.h"
#include "proto/settings.h"
#include "services/cirkel/home.h"
#include "services/cirkel/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MOST ((size_t)10 << 20) /* as the notifier takes; it reads far less of it */
#define EXIT_LATER 75                   /* EX_TEMPFAIL: the mail server keeps it and comes back */

static int later(const char *what, int error) {
    (void)trouble("%s: %s; the message was not taken", what, strerror(error));
    return EXIT_LATER;
}

/* Everything is read, so that the mail server's pipe does not break; what is too much is left out.
 */
static int copy(int from, int to) {
    static char part[64 * 1024];
    size_t kept = 0;

    for (;;) {
        ssize_t n = read(from, part, sizeof part);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : 0;
        size_t keep = (size_t)n < MESSAGE_MOST - kept ? (size_t)n : MESSAGE_MOST - kept;
        kept += keep;
        for (size_t at = 0; at < keep;) {
            ssize_t done = write(to, part + at, keep - at);
            if (done < 0 && errno != EINTR)
                return -errno;
            at += done > 0 ? (size_t)done : 0;
        }
    }
}

static int write_message(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    int rc = fd < 0 ? -errno : copy(STDIN_FILENO, fd);

    if (rc == 0 && fsync(fd) < 0)
        rc = -errno;
    if (fd >= 0)
        close(fd);
    return rc;
}

static void make_name(char ret[40]) {
    unsigned char raw[16];

    token_random(raw, sizeof raw);
    for (unsigned i = 0; i < sizeof raw; i++)
        snprintf(ret + 2 * i, 3, "%02x", raw[i]);
    snprintf(ret + 2 * sizeof raw, 8, ".pipe");
}

static int put(const char *folder) {
    char from[HOME_PATH + 64], to[HOME_PATH + 64], dir[HOME_PATH + 8], name[40];
    int rc;

    make_name(name);
    snprintf(dir, sizeof dir, "%s/tmp", folder);
    rc = make_dir(dir, 0750);
    snprintf(from, sizeof from, "%s/%s", dir, name);
    snprintf(dir, sizeof dir, "%s/new", folder);
    if (rc == 0)
        rc = make_dir(dir, 0750);
    snprintf(to, sizeof to, "%s/%s", dir, name);
    if (rc == 0)
        rc = write_message(from);
    if (rc == 0 && rename(from, to) < 0)
        rc = -errno;
    if (rc == 0)
        return sync_dir(dir);
    (void)unlink(from);
    return rc;
}

int verb_bounce(const struct options *options, int argc, char **argv) {
    char folder[HOME_PATH];
    struct settings settings;
    struct buf errors;
    int rc;

    (void)argv;
    if (argc)
        return usage("bounce takes a message on its standard input, and no arguments");
    if (isatty(STDIN_FILENO))
        return usage("bounce reads a message from a mail server's pipe: cirkel bounce < MESSAGE");
    if (home_need(options->home))
        return EXIT_LATER; /* perhaps it is being restored */
    buf_init(&errors, 8192);
    rc = settings_read(options->home, &settings, &errors);
    if (rc)
        fputs(buf_cstr(&errors), stderr);
    buf_free(&errors);
    if (rc)
        return EXIT_LATER;
    rc = settings.bounces[0] ? settings_path(options->home, settings.bounces, folder, sizeof folder)
                             : -ENOENT;
    settings_free(&settings);
    if (rc == -ENOENT)
        return usage("the setting bounces is empty, so nobody would read it");
    if (rc == 0)
        rc = put(folder);
    return rc ? later("bounces", -rc) : EXIT_DONE;
}
