#include "services/cirkel/config_set.h"

#include "services/cirkel/home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MOST ((size_t)1 << 20)

/* Letters first: rules that do not know them yet do no harm. */
static const char *const names[] = {"letters", "rules", "cirkel.conf"};

static void path_in(char ret[HOME_PATH], const char *home, const char *folder, const char *name) {
    int n = snprintf(ret, HOME_PATH, "%s/%s%s%s", home, folder, folder[0] ? "/" : "", name);
    must(n > 0 && n < HOME_PATH);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static void remove_folder(const char *home, const char *folder) {
    char path[HOME_PATH];
    path_in(path, home, "", folder);
    (void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int copy_file(const char *from, const char *to) {
    struct buf content;
    int rc = read_file(from, FILE_MOST, &content);
    if (rc == 0)
        rc = write_file(to, 0640, buf_as_bytes(&content));
    buf_free(&content);
    return rc;
}

static int copy_folder(const char *from, const char *to) {
    char source[HOME_PATH], target[HOME_PATH];
    struct dirent *entry;
    DIR *dir = opendir(from);
    int rc = dir ? make_dir(to, 0750) : -errno;
    while (rc == 0 && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.' || entry->d_type == DT_DIR)
            continue;
        path_in(source, from, "", entry->d_name);
        path_in(target, to, "", entry->d_name);
        rc = copy_file(source, target);
    }
    if (dir)
        closedir(dir);
    return rc;
}

static int prepare_one(const char *home, const char *dir, const char *name, struct buf *err) {
    char from[HOME_PATH], to[HOME_PATH];
    struct stat st;
    path_in(from, dir, "", name);
    if (stat(from, &st))
        path_in(from, home, "", name);
    path_in(to, home, CONFIG_COMING, name);
    int rc = stat(from, &st)       ? -errno
             : S_ISDIR(st.st_mode) ? copy_folder(from, to)
                                   : copy_file(from, to);
    if (rc)
        buf_printf(err, "%s: %s", from, strerror(-rc));
    return rc;
}

int config_set_prepare(const char *home, const char *dir, struct buf *reterr) {
    char path[HOME_PATH];
    unsigned there = 0;
    for (unsigned i = 0; i < COUNT_OF(names); i++) {
        path_in(path, dir, "", names[i]);
        there += access(path, R_OK) == 0;
    }
    if (!there) {
        buf_printf(reterr, "%s has no cirkel.conf, rules or letters", dir);
        return -ENOENT;
    }
    path_in(path, home, "", CONFIG_COMING);
    remove_folder(home, CONFIG_COMING);
    int rc = make_dir(path, 0750);
    if (rc)
        buf_printf(reterr, "%s: %s", path, strerror(-rc));
    for (unsigned i = 0; rc == 0 && i < COUNT_OF(names); i++)
        rc = prepare_one(home, dir, names[i], reterr);
    return rc;
}

static bool is_same_file(const char *a, const char *b) {
    struct buf x, y;
    bool same = read_file(a, FILE_MOST, &x) == 0;
    same &= read_file(b, FILE_MOST, &y) == 0;
    same = same && bytes_eq(buf_as_bytes(&x), buf_as_bytes(&y));
    buf_free(&x);
    buf_free(&y);
    return same;
}

static int sync_folder(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = fsync(fd) ? -errno : 0;
    close(fd);
    return rc;
}

int config_set_install(const char *home, bool *ret_settings, struct buf *reterr) {
    char coming[HOME_PATH], there[HOME_PATH], previous[HOME_PATH];
    path_in(coming, home, CONFIG_COMING, "cirkel.conf");
    path_in(there, home, "", "cirkel.conf");
    *ret_settings = !is_same_file(coming, there);
    for (unsigned i = 0; i < COUNT_OF(names); i++) {
        path_in(coming, home, CONFIG_COMING, names[i]);
        path_in(there, home, "", names[i]);
        if (renameat2(AT_FDCWD, coming, AT_FDCWD, there, RENAME_EXCHANGE)) {
            int rc = -errno;
            buf_printf(reterr, "%s: %s", there, strerror(-rc));
            return rc;
        }
    }
    remove_folder(home, CONFIG_PREVIOUS);
    path_in(coming, home, "", CONFIG_COMING);
    path_in(previous, home, "", CONFIG_PREVIOUS);
    int rc = rename(coming, previous) ? -errno : sync_folder(home);
    if (rc)
        buf_printf(reterr, "%s: %s", previous, strerror(-rc));
    return rc;
}

void config_set_forget(const char *home) {
    remove_folder(home, CONFIG_COMING);
}
