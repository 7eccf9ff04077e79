#include "services/cirkel/backup.h"

#include "common/config.h"
#include "services/cirkel/home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART ((size_t)1 << 20)

struct file {
    char *made, *clock;
    int64_t instance, generation, position, input;
};
static const struct config_row rows[] = {
    {.name = "made", .kind = CONFIG_STRING, .offset = offsetof(struct file, made), .max = 31},
    {.name = "instance", .kind = CONFIG_INT, .offset = offsetof(struct file, instance)},
    {.name = "generation", .kind = CONFIG_INT, .offset = offsetof(struct file, generation)},
    {.name = "position", .kind = CONFIG_INT, .offset = offsetof(struct file, position)},
    {.name = "clock",
     .kind = CONFIG_STRING,
     .offset = offsetof(struct file, clock),
     .max = 31,
     .fallback = ""},
    {.name = "input", .kind = CONFIG_INT, .offset = offsetof(struct file, input)},
};

int backup_read(const char *folder, struct backup *ret) {
    char path[HOME_PATH];
    struct file file;
    struct stat st;
    struct buf err;

    home_path(path, folder, "backup");
    if (stat(path, &st))
        return -errno;
    buf_init(&err, 4096);
    int rc = config_read(path, rows, COUNT_OF(rows), &file, &err);
    buf_free(&err);
    if (rc)
        return rc;
    *ret = (struct backup){.instance = file.instance,
                           .generation = file.generation,
                           .position = file.position,
                           .input = file.input};
    rc = text_copy(text_of(file.made), ret->made, sizeof ret->made);
    if (rc == 0)
        rc = text_copy(text_of(file.clock), ret->clock, sizeof ret->clock);
    config_free(rows, COUNT_OF(rows), &file);
    return rc;
}

int backup_write(const char *folder, const struct backup *b) {
    char path[HOME_PATH];
    struct buf text;

    home_path(path, folder, "backup");
    buf_init(&text, 1024);
    buf_printf(&text,
               "# A backup, made by cirkel. To use it: cirkel restore THIS-FOLDER HOME\n"
               "made = \"%s\"\ninstance = %" PRId64 "\ngeneration = %" PRId64
               "\nposition = %" PRId64 "\ninput = %" PRId64 "\n",
               b->made, b->instance, b->generation, b->position, b->input);
    if (b->clock[0])
        buf_printf(&text, "clock = \"%s\"\n", b->clock);
    int rc = write_file(path, 0640, buf_as_bytes(&text));
    buf_free(&text);
    return rc;
}

static int pour(int in, int out) {
    char *part = malloc(PART);
    ssize_t n;
    int rc = 0;

    must(part);
    while (rc == 0 && (n = read(in, part, PART)) != 0) {
        if (n < 0)
            rc = -errno;
        for (ssize_t at = 0, did; rc == 0 && at < n; at += did)
            if ((did = write(out, part + at, (size_t)(n - at))) < 0)
                rc = -errno;
    }
    free(part);
    return rc || fsync(out) == 0 ? rc : -errno;
}

static int copy_file(const char *from, const char *to, const char *name) {
    char source[HOME_PATH], target[HOME_PATH];
    struct stat st;
    int out = -1, rc = 0;

    home_path(source, from, name);
    home_path(target, to, name);
    int in = open(source, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fstat(in, &st) ||
        (out = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st.st_mode & 0777)) < 0)
        rc = -errno;
    if (rc == 0)
        rc = pour(in, out);
    if (out >= 0)
        close(out);
    close(in);
    return rc;
}

/* Who has it open is nobody else's matter. */
static bool is_lock(const char *name) {
    return strcmp(name, "lock.mdb") == 0 || strcmp(name, "writer.lock") == 0;
}

struct copying {
    const char *from, *to, *folder;
};

static int copy_within(void *ctx, const char *name) {
    const struct copying *copying = ctx;
    char within[512];
    int n = snprintf(within, sizeof within, "%s/%s", copying->folder, name);

    if (is_lock(name))
        return 0;
    return n < (int)sizeof within ? copy_file(copying->from, copying->to, within) : -ENAMETOOLONG;
}

int backup_copy_folder(const char *from, const char *to, const char *name) {
    struct copying copying = {from, to, name};
    char source[HOME_PATH], target[HOME_PATH];
    struct stat st;

    home_path(source, from, name);
    home_path(target, to, name);
    if (stat(source, &st))
        return errno == ENOENT ? 0 : -errno;
    int rc = make_dir(target, st.st_mode & 0777);
    if (rc == 0)
        rc = each_file(source, copy_within, &copying);
    return rc ? rc : sync_dir(target);
}

int backup_copy_config(const char *from, const char *to) {
    static const char *const files[] = {"cirkel.conf", "trial"};
    static const char *const dirs[] = {"rules", "letters"};
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < COUNT_OF(files); i++)
        rc = copy_file(from, to, files[i]);
    for (unsigned i = 0; rc == 0 && i < COUNT_OF(dirs); i++)
        rc = backup_copy_folder(from, to, dirs[i]);
    return rc;
}

int backup_copy_keys(const char *from, const char *to) {
    int rc = backup_copy_folder(from, to, "keys");
    return rc ? rc : backup_copy_folder(from, to, "keys/clients");
}

int backup_is_empty(const char *folder) {
    struct dirent *entry;
    DIR *dir = opendir(folder);
    int rc = 0;

    if (!dir)
        return errno == ENOENT ? 0 : -errno;
    while (rc == 0 && (errno = 0, entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            rc = -EEXIST;
    if (rc == 0)
        rc = -errno;
    closedir(dir);
    return rc;
}

/* Of what there is already on the way to it. */
static char *real_parent(const char *folder) {
    char path[HOME_PATH], *slash, *real = NULL;

    if (text_copy(text_of(folder), path, sizeof path))
        return NULL;
    while (!(real = realpath(path, NULL)) && (slash = strrchr(path, '/')) && slash != path)
        *slash = 0;
    return real ? real : realpath(strchr(path, '/') ? "/" : ".", NULL);
}

bool backup_is_within(const char *folder, const char *home) {
    char *to = real_parent(folder), *of = realpath(home, NULL);
    size_t n = of ? strlen(of) : 0;
    bool within = to && of && strncmp(to, of, n) == 0 && (to[n] == '/' || !to[n]);

    free(to);
    free(of);
    return within;
}

void backup_remove_folder(const char *folder) {
    char path[HOME_PATH];
    struct dirent *entry;
    DIR *dir = opendir(folder);

    while (dir && (entry = readdir(dir)))
        if (strlen(entry->d_name) < 256) {
            home_path(path, folder, entry->d_name);
            (void)unlink(path);
        }
    if (dir)
        closedir(dir);
    (void)rmdir(folder);
}
