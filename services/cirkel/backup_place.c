#include "services/cirkel/backup_place.h"

#include "services/cirkel/backup.h"
#include "services/cirkel/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "." and "..", and a link: the folder that is meant has another name. */
static bool has_another_name(const char *folder) {
    const char *slash = strrchr(folder, '/'), *last = slash ? slash + 1 : folder;
    struct stat st;
    return strcmp(last, ".") == 0 || strcmp(last, "..") == 0 ||
           (lstat(folder, &st) == 0 && S_ISLNK(st.st_mode));
}

static int name_of(const char *name, char ret[HOME_PATH / 2]) {
    struct text t = text_of(name);
    while (t.n > 1 && t.p[t.n - 1] == '/')
        t.n--;
    int rc = text_copy(t, ret, HOME_PATH / 2);
    if (rc || !has_another_name(ret))
        return rc;
    char *real = realpath(ret, NULL);
    rc = real ? text_copy(text_of(real), ret, HOME_PATH / 2) : -errno;
    free(real);
    return rc;
}

static bool is_mount_point(const char *folder) {
    struct statx st;
    return statx(AT_FDCWD, folder, 0, STATX_TYPE, &st) == 0 &&
           (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int is_at_work(const char *what, const struct backup_place *place) {
    bool is_away = strcmp(what, "restore") == 0 && access(place->folder, F_OK);
    return usage("%s is there: another %s is at work, or one did not end. When none is, remove it "
                 "first%s%s%s",
                 place->part, what, is_away ? ", and move the latest " : "",
                 is_away ? place->folder : "", is_away ? ".before-… back if there is one" : "");
}

int backup_place(const char *what, const char *name, struct backup_place *ret) {
    if (!name[0])
        return usage("%s needs the name of a folder. See: cirkel help %s", what, what);
    struct stat st;
    int rc = name_of(name, ret->folder);
    if (rc)
        return usage("%s: %s", name, rc == -EMSGSIZE ? "too long a name" : strerror(-rc));
    if (is_mount_point(ret->folder))
        return usage("%s is a mount point, and cannot be put in place as a whole; name a folder in "
                     "it, such as %s/%s",
                     ret->folder, strcmp(ret->folder, "/") ? ret->folder : "", what);
    snprintf(ret->part, sizeof ret->part, "%s.part", ret->folder);
    return lstat(ret->part, &st) ? 0 : is_at_work(what, ret);
}

int backup_place_make(const struct backup_place *place) {
    char parent[HOME_PATH];
    const char *slash = strrchr(place->part, '/');
    int rc = text_copy((struct text){place->part, slash ? (size_t)(slash - place->part) : 0},
                       parent, sizeof parent);
    if (rc == 0 && parent[0])
        rc = make_dir(parent, 0750);
    return rc == 0 && mkdir(place->part, 0750) ? -errno : rc;
}

void backup_place_clear(const struct backup_place *place) {
    remove_tree(place->part);
}

int backup_place_name(const struct backup_place *place) {
    (void)rmdir(place->folder);
    return rename(place->part, place->folder) ? -errno : sync_folder_of(place->folder);
}
