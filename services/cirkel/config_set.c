#include "services/cirkel/config_set.h"

#include "services/cirkel/home.h"
#include "services/cirkel/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MOST ((size_t)1 << 20)

#define INSTALLING "installing" /* the name of `coming` from when it is in force */
#define LOCK "run/apply.lock"
/* What is still to be changed says so itself, and loses that with the change: whoever goes on after
 * a kill can tell. A folder has a file within, the settings another name. */
#define NEW_FOLDER ".new"
#define NEW_SETTINGS "cirkel.conf.new"

/* Letters first: rules that do not know them yet do no harm. */
static const char *const names[] = {"letters", "rules", "cirkel.conf"};
#define FOLDERS 2 /* the first of them */

static void path_in(char ret[HOME_PATH], const char *home, const char *folder, const char *name) {
    int n = snprintf(ret, HOME_PATH, "%s/%s%s%s", home, folder, folder[0] ? "/" : "", name);
    must(n > 0 && n < HOME_PATH);
}

static void remove_folder(const char *home, const char *folder) {
    char path[HOME_PATH];
    path_in(path, home, "", folder);
    remove_tree(path);
}

static int prepare_one(const char *home, const char *dir, const char *name, struct buf *err) {
    char from[HOME_PATH], to[HOME_PATH];
    struct stat st;
    path_in(from, dir, "", name);
    if (stat(from, &st))
        path_in(from, home, "", name);
    path_in(to, home, CONFIG_COMING, name);
    int rc = stat(from, &st)       ? -errno
             : S_ISDIR(st.st_mode) ? home_copy_folder(from, to)
                                   : home_copy_file(from, to);
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

static int mark_new(const char *home) {
    char path[HOME_PATH], marked[HOME_PATH];
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < FOLDERS; i++) {
        path_in(path, home, CONFIG_COMING, names[i]);
        path_in(marked, path, "", NEW_FOLDER);
        rc = write_file(marked, 0640, (struct bytes){"", 0});
    }
    path_in(path, home, CONFIG_COMING, "cirkel.conf");
    path_in(marked, home, CONFIG_COMING, NEW_SETTINGS);
    return rc ? rc : rename(path, marked) ? -errno : 0;
}

static int change_folder(const char *home, const char *name) {
    char installing[HOME_PATH], there[HOME_PATH], mark[HOME_PATH];
    path_in(installing, home, INSTALLING, name);
    path_in(there, home, "", name);
    path_in(mark, installing, "", NEW_FOLDER);
    if (access(mark, F_OK) == 0 &&
        renameat2(AT_FDCWD, installing, AT_FDCWD, there, RENAME_EXCHANGE))
        return -errno;
    path_in(mark, there, "", NEW_FOLDER);
    return unlink(mark) && errno != ENOENT ? -errno : 0;
}

static int change_settings(const char *home) {
    char installing[HOME_PATH], there[HOME_PATH], before[HOME_PATH];
    path_in(installing, home, INSTALLING, NEW_SETTINGS);
    path_in(before, home, INSTALLING, "cirkel.conf");
    path_in(there, home, "", "cirkel.conf");
    if (access(installing, F_OK))
        return 0;
    if (link(there, before) && errno != EEXIST)
        return -errno;
    return rename(installing, there) ? -errno : 0;
}

/* From wherever it was left. */
static int carry_on(const char *home) {
    char installing[HOME_PATH], previous[HOME_PATH];
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < FOLDERS; i++)
        rc = change_folder(home, names[i]);
    if (rc == 0)
        rc = change_settings(home);
    if (rc == 0)
        rc = sync_dir(home);
    if (rc)
        return rc;
    remove_folder(home, CONFIG_PREVIOUS);
    path_in(installing, home, "", INSTALLING);
    path_in(previous, home, "", CONFIG_PREVIOUS);
    return rename(installing, previous) ? -errno : sync_dir(home);
}

static bool is_under_way(const char *home) {
    char installing[HOME_PATH];
    path_in(installing, home, "", INSTALLING);
    return access(installing, F_OK) == 0;
}

static int finish(const char *home, struct buf *err) {
    int rc = is_under_way(home) ? carry_on(home) : 0;
    if (rc)
        buf_printf(err, "%s/" INSTALLING ": %s", home, strerror(-rc));
    return rc;
}

static int lock_home(const char *home, int *ret_lock) {
    char path[HOME_PATH];
    path_in(path, home, "", LOCK);
    return lock_file_fd(path, ret_lock);
}

int config_set_finish(const char *home, struct buf *reterr) {
    int lock, rc;
    if (!is_under_way(home) || (rc = lock_home(home, &lock)) == -EBUSY)
        return 0;
    if (rc) {
        buf_printf(reterr, "%s/" LOCK ": %s", home, strerror(-rc));
        return rc;
    }
    rc = finish(home, reterr);
    close(lock);
    return rc;
}

int config_set_lock(const char *home, int *ret_lock, struct buf *reterr) {
    int rc = lock_home(home, ret_lock);
    if (rc)
        buf_printf(reterr, "%s/" LOCK ": %s; nothing was changed", home,
                   rc == -EBUSY ? "another `cirkel apply` is at it" : strerror(-rc));
    else if ((rc = finish(home, reterr))) /* whoever had it was killed */
        close(*ret_lock);
    return rc;
}

int config_set_need(const char *home) {
    struct buf err;
    int rc = home_need(home);
    buf_init(&err, 2 * HOME_PATH);
    if (rc == 0 && config_set_finish(home, &err))
        rc = trouble("%s; the configuration that was applied is not in place", buf_cstr(&err));
    buf_free(&err);
    return rc;
}

/* One name that is changed decides between the old and the new. */
int config_set_install(const char *home, struct buf *reterr) {
    char coming[HOME_PATH], installing[HOME_PATH];
    path_in(coming, home, "", CONFIG_COMING);
    path_in(installing, home, "", INSTALLING);
    int rc = mark_new(home);
    if (rc == 0)
        rc = sync_dir(coming);
    if (rc == 0 && rename(coming, installing))
        rc = -errno;
    if (rc == 0)
        rc = sync_dir(home);
    if (rc)
        buf_printf(reterr, "%s: %s", coming, strerror(-rc));
    return rc ? rc : finish(home, reterr);
}

struct comparing {
    char coming[HOME_PATH], there[HOME_PATH];
    int files;
    bool same;
};

static int compare_file(void *ctx, const char *name) {
    struct comparing *c = ctx;
    char a[HOME_PATH], b[HOME_PATH];
    path_in(a, c->coming, "", name);
    path_in(b, c->there, "", name);
    c->same &= is_same_file(a, b);
    c->files++;
    return 0;
}

static int count_file(void *ctx, const char *name) {
    (void)name;
    ++*(int *)ctx;
    return 0;
}

static bool is_same_folder(const char *home, const char *name) {
    struct comparing c = {.same = true};
    int there = 0;
    path_in(c.coming, home, CONFIG_COMING, name);
    path_in(c.there, home, "", name);
    return each_file(c.coming, compare_file, &c) == 0 &&
           each_file(c.there, count_file, &there) == 0 && c.same && c.files == there;
}

bool config_set_has_settings(const char *home) {
    char coming[HOME_PATH], there[HOME_PATH];
    path_in(coming, home, CONFIG_COMING, "cirkel.conf");
    path_in(there, home, "", "cirkel.conf");
    return !is_same_file(coming, there);
}

bool config_set_is_in_force(const char *home) {
    bool same = !config_set_has_settings(home);
    for (unsigned i = 0; i < FOLDERS; i++)
        same = same && is_same_folder(home, names[i]);
    return same;
}

void config_set_forget(const char *home) {
    remove_folder(home, CONFIG_COMING);
}
