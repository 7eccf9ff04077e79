/* maildir - letters as files in outgoing/ (tmp, new, cur), where a mail program or a person opens
 * them.
 *
 * The last step is a rename from tmp/ to new/ under a name that is a function of the row, so a
 * letter that is sent again finds its first copy, and nobody gets two. Sent again to another
 * address it has another name. */
#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"
#include "services/notifier/channel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_SUFFIX ".cirkel"
#define NAME_SIZE 96
#define ID_CHARS 16
#define CRAMPED_AGAIN (1 * SECONDS)

struct channel_state {
    struct channel_options options;
    int tmp, new, cur;              /* folders */
    struct channel_letter *written; /* in tmp/, not synced; `mine` is the descriptor plus one */
    struct channel_letter *moved;   /* in new/, not synced */
    struct channel_letter *cramped; /* the disk is full: written anew until there is room */
};

static void write_cramped(void *ctx);

static void name_of(const struct channel_letter *letter, char ret[NAME_SIZE]) {
    char id[ID_CHARS + 1];
    size_t n = 0, skip = text_starts(letter->message_id, "<") ? 1 : 0;
    for (; n < ID_CHARS && n + skip < letter->message_id.n; n++) {
        char c = letter->message_id.p[n + skip];
        bool is_plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        id[n] = is_plain ? c : '_';
    }
    id[n] = '\0';
    (void)snprintf(ret, NAME_SIZE, "%lld.%lld_%s" NAME_SUFFIX,
                   (long long)(letter->decided / SECONDS), (long long)letter->delivery, id);
}

static void done(struct channel_state *state, struct channel_letter *letter, const char *word,
                 const char *reply) {
    struct channel_outcome outcome = {.word = word, .reply = reply};
    state->options.done(state->options.ctx, letter, &outcome);
}

static void defer(struct channel_state *state, struct channel_letter *letter, const char *step,
                  int error) {
    char reply[200];
    (void)snprintf(reply, sizeof reply, "maildir: %s: %s", step, strerror(error));
    done(state, letter, "deferred", reply);
}

static void accept_as(struct channel_state *state, struct channel_letter *letter,
                      const char *folder, const char *name) {
    char reply[NAME_SIZE + 8];
    (void)snprintf(reply, sizeof reply, "%s/%s", folder, name);
    done(state, letter, "accepted", reply);
}

static int write_all(int fd, struct bytes content) {
    const char *p = content.p;
    while (content.n > 0) {
        ssize_t n = write(fd, p, content.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        content.n -= (size_t)n;
    }
    return 0;
}

/* Whoever reads the letters moved the first copy to cur/, perhaps with flags after its name. */
static bool is_in_cur(struct channel_state *state, const char *name) {
    int fd = openat(state->cur, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    bool found = false;
    size_t n = strlen(name);
    for (struct dirent *e; !found && (e = readdir(dir));)
        found = strncmp(e->d_name, name, n) == 0 && (e->d_name[n] == '\0' || e->d_name[n] == ':');
    (void)closedir(dir);
    return found;
}

static void take_off(struct channel_letter **list, struct channel_letter *letter) {
    for (; *list; list = &(*list)->next)
        if (*list == letter) {
            *list = letter->next;
            return;
        }
}

static void drop(struct channel_state *state, struct channel_letter *letter) {
    char name[NAME_SIZE];
    name_of(letter, name);
    take_off(&state->cramped, letter);
    if (letter->mine) {
        take_off(&state->written, letter);
        (void)close((int)((intptr_t)letter->mine - 1));
        letter->mine = NULL;
    }
    (void)unlinkat(state->tmp, name, 0);
}

/* Nothing has left, and it is no fault of the other end: no attempt is spent on a full disk. */
static void not_prepared(struct channel_state *state, struct channel_letter *letter,
                         const char *step, int error) {
    drop(state, letter);
    if (error != ENOSPC && error != EDQUOT) {
        defer(state, letter, step, error);
        return;
    }
    if (!state->cramped)
        log_error("outgoing_full", "letters wait until there is room");
    letter->next = state->cramped;
    state->cramped = letter;
    loop_after(state->options.loop, CRAMPED_AGAIN, write_cramped, state);
}

static void prepare(struct channel_state *state, struct channel_letter *letter) {
    char name[NAME_SIZE];
    name_of(letter, name);
    int fd = openat(state->tmp, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) {
        not_prepared(state, letter, "tmp", errno);
        return;
    }
    letter->mine = (void *)((intptr_t)fd + 1);
    letter->next = state->written;
    state->written = letter;
    int rc = fault_point("notifier.maildir_write");
    if (rc == 0)
        rc = write_all(fd, letter->message);
    if (rc < 0)
        not_prepared(state, letter, "write", -rc);
}

static void finish(struct channel_state *state, struct channel_letter *letter) {
    char name[NAME_SIZE];
    name_of(letter, name);
    if (letter->attempt > 1 && is_in_cur(state, name)) {
        drop(state, letter);
        accept_as(state, letter, "cur", name);
        return;
    }
    if (clock_boot() >= letter->until) {
        state->options.ready(state->options.ctx, letter);
        return;
    }
    if (renameat2(state->tmp, name, state->new, name, RENAME_NOREPLACE) < 0) {
        int error = errno;
        drop(state, letter);
        if (error != EEXIST) {
            defer(state, letter, "rename", error);
            return;
        }
    }
    letter->next = state->moved;
    state->moved = letter;
}

/* All are written before the first is synced: one journal commit of the file system serves them. */
static void sync_written(struct channel_state *state) {
    while (state->written) {
        struct channel_letter *letter = state->written;
        int fd = (int)((intptr_t)letter->mine - 1);
        int rc = fault_point("notifier.maildir_sync");
        if (rc == 0 && fsync(fd) < 0)
            rc = -errno;
        if (rc < 0) {
            not_prepared(state, letter, "fsync", -rc);
            continue;
        }
        state->written = letter->next;
        letter->mine = NULL;
        (void)close(fd);
        state->options.ready(state->options.ctx, letter);
    }
}

static void sync_moved(struct channel_state *state) {
    if (!state->moved)
        return;
    int error = fsync(state->new) < 0 ? errno : 0;
    while (state->moved) {
        struct channel_letter *letter = state->moved;
        char name[NAME_SIZE];
        name_of(letter, name);
        state->moved = letter->next;
        if (error)
            done(state, letter, "unknown", "maildir: new/ could not be synced");
        else
            accept_as(state, letter, "new", name);
    }
}

static void flush(struct channel_state *state) {
    sync_written(state);
    sync_moved(state);
}

/* One stands for all: while there is no room for it, there is none for the others. */
static void write_cramped(void *ctx) {
    struct channel_state *state = ctx;
    struct channel_letter *letters = state->cramped;
    state->cramped = NULL;
    while (letters) {
        struct channel_letter *letter = letters;
        letters = letter->next;
        prepare(state, letter);
        sync_written(state);
        if (state->cramped)
            break;
    }
    struct channel_letter **end = &state->cramped;
    while (*end)
        end = &(*end)->next;
    *end = letters;
}

static int open_folder(const char *home, const char *name, int *ret) {
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/outgoing/%s", home, name);
    if (n < 0 || (size_t)n >= sizeof path)
        return -ENAMETOOLONG;
    int rc = make_dir(path, 0750);
    if (rc < 0)
        return rc;
    *ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret < 0 ? -errno : 0;
}

/* What an earlier notifier left in tmp/ was never sent: it is written anew when its time comes. */
static void sweep(const struct channel_state *state) {
    int fd = openat(state->tmp, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    size_t suffix = strlen(NAME_SUFFIX);
    for (struct dirent *e; (e = readdir(dir));) {
        size_t n = strlen(e->d_name);
        if (n > suffix && strcmp(e->d_name + n - suffix, NAME_SUFFIX) == 0)
            (void)unlinkat(state->tmp, e->d_name, 0);
    }
    (void)closedir(dir);
}

static void close_maildir(struct channel_state **state) {
    if (!*state)
        return;
    while ((*state)->written)
        drop(*state, (*state)->written);
    loop_cancel((*state)->options.loop, write_cramped, *state);
    const int folders[] = {(*state)->tmp, (*state)->new, (*state)->cur};
    for (unsigned i = 0; i < COUNT_OF(folders); i++)
        if (folders[i] >= 0)
            (void)close(folders[i]);
    free(*state);
    *state = NULL;
}

static int open_maildir(struct channel_state **ret, const struct channel_options *options) {
    struct channel_state *state = calloc(1, sizeof *state);
    must(state);
    *state = (struct channel_state){.options = *options, .tmp = -1, .new = -1, .cur = -1};
    int rc = open_folder(options->home, "tmp", &state->tmp);
    if (rc == 0)
        rc = open_folder(options->home, "new", &state->new);
    if (rc == 0)
        rc = open_folder(options->home, "cur", &state->cur);
    if (rc < 0) {
        close_maildir(&state);
        return rc;
    }
    sweep(state);
    *ret = state;
    return 0;
}

const struct channel channel_maildir = {
    .name = "maildir",
    .batch = 32,
    .is_files = true,
    .open = open_maildir,
    .close = close_maildir,
    .prepare = prepare,
    .finish = finish,
    .abandon = drop,
    .flush = flush,
};
