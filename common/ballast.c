#include "common/ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MIB ((uint64_t)1 << 20)
#define BALLAST_MOST (64 * MIB)
#define LOW_MOST (640 * MIB)
#define LOW_FILES_MOST 1000

static int path_of(const char *dir, char ret[PATH_MAX]) {
    int n = snprintf(ret, PATH_MAX, "%s/ballast", dir);
    return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static enum disk_room room_of(uint64_t left, uint64_t all, uint64_t low_most) {
    uint64_t low = least(all / 10, low_most);
    return left < low / 2 ? ROOM_SCARCE : left < low ? ROOM_LOW : ROOM_GOOD;
}

/* As if `taken` bytes more were used. */
static enum disk_room room_with(const struct statvfs *disk, uint64_t taken) {
    uint64_t left = (uint64_t)disk->f_bavail * disk->f_frsize;
    enum disk_room bytes, files;
    left = left > taken ? left - taken : 0;
    bytes = room_of(left, (uint64_t)disk->f_blocks * disk->f_frsize, LOW_MOST);
    files = room_of(disk->f_favail, disk->f_files, LOW_FILES_MOST);
    return bytes > files ? bytes : files;
}

static uint64_t size_on(const struct statvfs *disk) {
    return least((uint64_t)disk->f_blocks * disk->f_frsize / 8, BALLAST_MOST);
}

/* Room that a missing ballast would take is not for anything else. */
enum disk_room ballast_room(const char *dir) {
    char path[PATH_MAX];
    struct statvfs disk;
    if (path_of(dir, path) < 0 || statvfs(dir, &disk) < 0)
        return ROOM_GOOD;
    return room_with(&disk, access(path, F_OK) == 0 ? 0 : size_on(&disk));
}

int ballast_load(const char *dir) {
    char path[PATH_MAX];
    struct statvfs disk;
    int r = path_of(dir, path);
    if (r < 0)
        return r;
    if (access(path, F_OK) == 0)
        return 0;
    if (statvfs(dir, &disk) < 0)
        return -errno;
    uint64_t size = size_on(&disk);
    if (room_with(&disk, size) != ROOM_GOOD)
        return -ENOSPC;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0)
        return errno == EEXIST ? 0 : -errno;
    r = fallocate(fd, 0, 0, (off_t)size) < 0 ? -errno : 0;
    close(fd);
    if (r < 0)
        (void)unlink(path);
    return r;
}

int ballast_release(const char *dir) {
    char path[PATH_MAX];
    int r = path_of(dir, path);
    if (r < 0)
        return r;
    return unlink(path) < 0 ? -errno : 0;
}
