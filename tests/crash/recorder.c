/* recorder - a FUSE file system of one file, `disk`, that remembers in what order its bytes came
 * and when it was told to flush. A loop device on that file makes it a disk whose power can be cut
 * at any point afterwards.
 *
 *     recorder IMAGE LOG MOUNTPOINT
 *
 * IMAGE holds the bytes. LOG gets a record for each write and flush, in host byte order:
 * kind (u32: 1 write, 2 flush), length (u32), offset (u64), time (u64, ns since 1970), then the
 * bytes.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define NAME "/disk"

enum kind { KIND_WRITE = 1, KIND_FLUSH = 2 };

struct record {
    uint32_t kind, length;
    uint64_t offset, at;
};

static int image, record_log;

static int note(enum kind kind, const char *bytes, size_t n, off_t offset) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct record record = {kind, (uint32_t)n, (uint64_t)offset,
                            (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec};
    struct iovec parts[] = {{&record, sizeof record}, {(void *)(uintptr_t)bytes, n}};
    ssize_t all = (ssize_t)(sizeof record + n);
    return writev(record_log, parts, n ? 2 : 1) == all ? 0 : -EIO;
}

static int on_getattr(const char *path, struct stat *st, struct fuse_file_info *info) {
    (void)info;
    if (strcmp(path, NAME) == 0)
        return fstat(image, st) < 0 ? -errno : 0;
    if (strcmp(path, "/") != 0)
        return -ENOENT;
    *st = (struct stat){.st_mode = S_IFDIR | 0755, .st_nlink = 2};
    return 0;
}

static int on_open(const char *path, struct fuse_file_info *info) {
    (void)info;
    return strcmp(path, NAME) == 0 ? 0 : -ENOENT;
}

static int on_read(const char *path, char *to, size_t n, off_t offset,
                   struct fuse_file_info *info) {
    (void)path;
    (void)info;
    ssize_t did = pread(image, to, n, offset);
    return did < 0 ? -errno : (int)did;
}

static int on_write(const char *path, const char *from, size_t n, off_t offset,
                    struct fuse_file_info *info) {
    (void)path;
    (void)info;
    int r = note(KIND_WRITE, from, n, offset);
    if (r < 0)
        return r;
    ssize_t did = pwrite(image, from, n, offset);
    return did < 0 ? -errno : (int)did;
}

static int on_fsync(const char *path, int data_only, struct fuse_file_info *info) {
    (void)path;
    (void)data_only;
    (void)info;
    return note(KIND_FLUSH, NULL, 0, 0);
}

/* What the loop device discards is not needed, and an old byte is as good as a zero. */
static int on_fallocate(const char *path, int mode, off_t offset, off_t n,
                        struct fuse_file_info *info) {
    (void)path;
    (void)mode;
    (void)offset;
    (void)n;
    (void)info;
    return -EOPNOTSUPP;
}

int main(int argc, char **argv) {
    static const struct fuse_operations operations = {.getattr = on_getattr,
                                                      .open = on_open,
                                                      .read = on_read,
                                                      .write = on_write,
                                                      .fsync = on_fsync,
                                                      .fallocate = on_fallocate};
    if (argc != 4) {
        fprintf(stderr, "usage: recorder IMAGE LOG MOUNTPOINT\n");
        return 2;
    }
    image = open(argv[1], O_RDWR | O_CLOEXEC);
    record_log = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (image < 0 || record_log < 0) {
        perror("recorder");
        return 1;
    }
    char *fuse_argv[] = {argv[0], (char[]){"-f"}, (char[]){"-s"}, argv[3], NULL};
    return fuse_main(4, fuse_argv, &operations, NULL);
}
