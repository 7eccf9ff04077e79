#include "services/cirkel/home.h"

#include "common/clock.h"
#include "common/token.h"
#include "proto/instance.h"
#include "proto/keyring.h"
#include "proto/settings.h"
#include "services/cirkel/verbs.h"

#include <errno.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FILE_MAX (1u << 20) /* bytes of settings, of a file of rules, of a letter */

static const struct {
    const char *name;
    unsigned mode;
} folders[] = {
    {"", 0750},
    {"rules", 0750},
    {"letters", 0750},
    {"keys", 0700},
    {"keys/clients", 0700},
    {"inbox", 0750},
    {"core", 0750},
    {"run", 0750},
    {"outgoing", 0750},
    {"outgoing/tmp", 0750},
    {"outgoing/new", 0750},
    {"outgoing/cur", 0750},
};

void home_path(char ret[HOME_PATH], const char *home, const char *name) {
    int n = snprintf(ret, HOME_PATH, "%s/%s", home, name);
    must(n > 0 && n < HOME_PATH);
}

static bool exists(const char *home) {
    char path[HOME_PATH];
    if (strlen(home) > HOME_PATH / 2)
        return false;
    home_path(path, home, "cirkel.conf");
    return access(path, F_OK) == 0;
}

bool home_is_trial(const char *home) {
    char path[HOME_PATH];
    home_path(path, home, "trial");
    return access(path, F_OK) == 0;
}

bool home_use_clock(const char *home) {
    char path[HOME_PATH];
    home_path(path, home, "run/clock");
    if (home_is_trial(home) && clock_use(path) == 0)
        return true;
    (void)!clock_use(NULL);
    return false;
}

bool home_is_in_use(const char *home) {
    static const char *const locks[] = {"run/cirkel.lock", "core/writer.lock", "inbox/writer.lock",
                                        "run/notifier.lock"};
    char path[HOME_PATH];
    bool used = false;

    for (unsigned i = 0; !used && i < COUNT_OF(locks); i++) {
        int fd;
        home_path(path, home, locks[i]);
        if (access(path, F_OK))
            continue;
        int rc = lock_file_fd(path, &fd);
        used = rc == -EBUSY;
        if (rc == 0)
            close(fd);
    }
    return used;
}

bool home_is_served(const char *home) {
    static const char *const doors[] = {"run/intake.ipc", "run/scheduler.ipc"};
    bool served = false;

    for (unsigned i = 0; !served && i < COUNT_OF(doors); i++) {
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int n = snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", home, doors[i]);
        served = fd >= 0 && n > 0 && n < (int)sizeof at.sun_path &&
                 connect(fd, (const struct sockaddr *)&at, sizeof at) == 0;
        if (fd >= 0)
            close(fd);
    }
    return served;
}

static int too_long(const char *home) {
    return usage("%s: the name of a home has at most %d bytes, because sockets lie in it. Name it "
                 "from nearer by, or choose a shorter one",
                 home, HOME_NAME_MAX);
}

/* A restore that was killed between its two names. */
static bool is_half_restored(const char *home) {
    char path[HOME_PATH];
    int n = snprintf(path, sizeof path, "%s.part/cirkel.conf", home);
    return n < (int)sizeof path && access(path, F_OK) == 0;
}

int home_need(const char *home) {
    if (strlen(home) > HOME_NAME_MAX)
        return too_long(home);
    if (exists(home))
        return 0;
    if (errno == EACCES)
        return usage("%s: %s. Run this as the user the service runs as", home, strerror(errno));
    if (is_half_restored(home))
        return usage(
            "%s is no home, but %s.part is there: a restore did not end. If a %s.before-… "
            "of it is there,\n        move it back to %s first: its keys and letters are needed. "
            "Then remove %s.part,\n        and restore with --replace",
            home, home, home, home, home);
    return usage("%s is no home: it has no cirkel.conf. Make one with: cirkel init %s\n"
                 "        or name another with --home DIR. To see it work: cirkel run --demo",
                 home, home);
}

int home_need_own(const char *home) {
    struct stat st;
    if (geteuid() || stat(home, &st) || st.st_uid == 0)
        return 0;
    const struct passwd *owner = getpwuid(st.st_uid);
    char name[64];
    if (owner)
        snprintf(name, sizeof name, "%s", owner->pw_name);
    else
        snprintf(name, sizeof name, "#%u", st.st_uid);
    return usage("%s belongs to %s, who could not read what root makes in it. Run this as: "
                 "sudo -u %s cirkel …",
                 home, name, name);
}

/* The folder this program lies in. */
static int program_folder(char ret[HOME_PATH]) {
    char path[HOME_PATH];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

    if (n <= 0)
        return -ENOENT;
    path[n] = 0;
    return text_copy(text_of(dirname(path)), ret, HOME_PATH);
}

/* Without what the search left in it. */
static int tidy(char path[HOME_PATH]) {
    char *real = realpath(path, NULL);
    int rc = real ? text_copy(text_of(real), path, HOME_PATH) : -errno;
    free(real);
    return rc;
}

static int first_there(const char *const places[], unsigned count, const char *name,
                       char ret[HOME_PATH]) {
    char folder[HOME_PATH];
    int rc = program_folder(folder);

    for (unsigned i = 0; rc == 0 && i < count; i++) {
        struct buf path;
        buf_init(&path, HOME_PATH - 1);
        if (places[i][0] == '/')
            buf_printf(&path, "%s%s%s", folder, places[i], name);
        else
            buf_printf(&path, "%s%s", places[i], name);
        rc = path.over ? -ENAMETOOLONG : text_copy(buf_as_text(&path), ret, HOME_PATH);
        buf_free(&path);
        if (rc == 0 && access(ret, R_OK) == 0)
            return tidy(ret);
    }
    return -ENOENT;
}

int home_program(const char *name, char ret[HOME_PATH]) {
    static const char *const places[] = {"/", "/../lib/cirkel/"};
    return first_there(places, COUNT_OF(places), name, ret);
}

int home_shipped(const char *name, char ret[HOME_PATH]) {
    /* The build tree, a build folder in it, where it was installed, the source tree we stand in. */
    static const char *const places[] = {"/../../config/", "/../../../config/", "/../share/cirkel/",
                                         "config/"};
    return first_there(places, COUNT_OF(places), name, ret);
}

int home_copy_file(const char *from, const char *to) {
    struct buf content;
    int rc = read_file(from, FILE_MAX, &content);
    if (rc == 0)
        rc = write_file(to, 0640, buf_as_bytes(&content));
    buf_free(&content);
    return rc;
}

struct copying {
    const char *from, *to;
};

static int copy_one(void *ctx, const char *name) {
    const struct copying *copying = ctx;
    char from[HOME_PATH], to[HOME_PATH];
    home_path(from, copying->from, name);
    home_path(to, copying->to, name);
    return home_copy_file(from, to);
}

int home_copy_folder(const char *from, const char *to) {
    struct copying copying = {from, to};
    int rc = make_dir(to, 0750);
    return rc ? rc : each_file(from, copy_one, &copying);
}

static int copy_shipped(const char *home, const char *name) {
    char from[HOME_PATH], to[HOME_PATH];
    int rc = home_shipped(name, from);
    home_path(to, home, name);
    return rc ? rc : home_copy_folder(from, to);
}

/* The links of a trial are made with a key that everybody knows, so that two plays give the same
 * bytes. */
static int make_link_key(const char *home, bool trial) {
    char path[HOME_PATH], zeros[2 * TOKEN_KEY_BYTES + 1];

    home_path(path, home, "keys/links.key");
    if (!trial)
        return token_key_make(path);
    memset(zeros, '0', sizeof zeros - 1);
    zeros[sizeof zeros - 1] = '\n';
    return write_file(path, 0600, (struct bytes){zeros, sizeof zeros});
}

int home_make_keys(const char *home, bool trial) {
    char path[HOME_PATH];
    struct bus_key key;
    int rc = make_link_key(home, trial);

    home_path(path, home, "keys");
    if (rc == 0)
        rc = keyring_server(path, true, &key);
    explicit_bzero(&key, sizeof key);
    return rc;
}

/* Last, because its presence says that all the rest is there. */
static int make_settings(const char *home) {
    char path[HOME_PATH];
    struct buf text;
    int rc;

    buf_init(&text, FILE_MAX);
    settings_print(&text);
    home_path(path, home, "cirkel.conf");
    rc = write_file(path, 0640, buf_as_bytes(&text));
    buf_free(&text);
    return rc;
}

static int mark_trial(const char *home) {
    static const char why[] = "This home is for trying things: it may use a virtual clock.\n";
    char path[HOME_PATH];

    home_path(path, home, "trial");
    return write_file(path, 0640, (struct bytes){why, sizeof why - 1});
}

int home_make_folders(const char *home) {
    char path[HOME_PATH];
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < COUNT_OF(folders); i++) {
        home_path(path, home, folders[i].name);
        rc = make_dir(path, folders[i].mode);
    }
    return rc;
}

static int make(const char *home, bool trial) {
    char shipped[HOME_PATH];
    int rc;

    if (strlen(home) > HOME_NAME_MAX)
        return too_long(home);
    if (exists(home))
        return usage("%s has a cirkel.conf already; nothing was touched", home);
    if (home_shipped("rules", shipped) || home_shipped("letters", shipped))
        return trouble("the shipped rules and letters were not found beside the program "
                       "(../../config or ../share/cirkel); is the installation complete?");
    rc = home_make_folders(home);
    if (rc == 0)
        rc = copy_shipped(home, "rules");
    if (rc == 0)
        rc = copy_shipped(home, "letters");
    if (rc == 0)
        rc = home_make_keys(home, trial);
    if (rc == 0 && trial)
        rc = mark_trial(home);
    if (rc == 0)
        rc = instance_make(home);
    if (rc == 0)
        rc = make_settings(home);
    if (rc)
        return trouble("%s could not be made: %s. Remove what is there of it and try again", home,
                       strerror(-rc));
    return 0;
}

/* A trial home that somebody made a channel to real people in is no trial any more. */
static int need_files_only(const char *home) {
    struct settings settings;
    struct buf error;
    int rc = 0;

    buf_init(&error, 65536);
    if (settings_read(home, &settings, &error)) {
        fputs(buf_cstr(&error), stderr);
        rc = usage("the settings are wrong; mend %s/cirkel.conf", home);
    } else {
        if (!text_is(text_of(settings.channel), "maildir"))
            rc = usage(
                "the channel of %s is %s: letters would leave at wrong times. A virtual clock "
                "needs channel = \"maildir\"",
                home, settings.channel);
        settings_free(&settings);
    }
    buf_free(&error);
    return rc;
}

int home_need_trial(const char *home) {
    if (!exists(home))
        return make(home, true);
    if (home_is_trial(home)) {
        int rc = need_files_only(home);
        return rc ? rc : home_need_own(home);
    }
    return usage(
        "%s is a real home: a virtual clock would mail real people at wrong times.\n"
        "        Name another folder with --home DIR, or make one: cirkel init --trial DIR",
        home);
}

int verb_init(const struct options *options, int argc, char **argv) {
    bool trial = options->trial;
    int rc;

    if (argc != 1)
        return usage("init needs one folder: cirkel init DIR");
    rc = make(argv[0], trial);
    if (rc)
        return rc;
    printf("Made %s%s.\n\n", argv[0], trial ? ", a home to try things in" : "");
    if (!trial)
        printf("  1. Look through %s/cirkel.conf: office_name, sender, zone, link_base.\n"
               "  2. Look through %s/rules and %s/letters.\n"
               "  3. cirkel check-config --home %s\n"
               "  4. cirkel run --home %s\n\n"
               "%s/keys holds secrets: back it up where only you can read it.\n",
               argv[0], argv[0], argv[0], argv[0], argv[0], argv[0]);
    else
        printf("  cirkel play FILE.jsonl --home %s\n  cirkel run --home %s\n", argv[0], argv[0]);
    return EXIT_DONE;
}
