#include "common/base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILES_OPEN 8 /* of a tree that is removed, at once */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st;
    (void)kind;
    (void)at;
    (void)remove(path);
    return 0;
}

int sync_dir(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = fsync(fd) ? -errno : 0;
    close(fd);
    return rc;
}

int sync_folder_of(const char *path) {
    char folder[PATH_MAX];
    char *slash;
    int rc;

    rc = text_copy(text_of(path), folder, sizeof folder);
    if (rc)
        return rc;
    slash = strrchr(folder, '/');
    if (!slash)
        strcpy(folder, ".");
    else
        slash[slash == folder ? 1 : 0] = '\0';
    return sync_dir(folder);
}

void remove_tree(const char *path) {
    (void)nftw(path, remove_one, FILES_OPEN, FTW_DEPTH | FTW_PHYS);
}

int each_file(const char *dir, file_fn *fn, void *ctx) {
    const struct dirent *entry;
    int rc = 0;
    DIR *names = opendir(dir);
    if (!names)
        return -errno;
    while (rc == 0 && (errno = 0, entry = readdir(names)))
        if (entry->d_name[0] != '.' && entry->d_type != DT_DIR)
            rc = fn(ctx, entry->d_name);
    if (rc == 0 && !entry && errno)
        rc = -errno;
    closedir(names);
    return rc;
}
