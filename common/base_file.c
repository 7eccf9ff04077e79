#include "common/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES ((size_t)64 * 1024)

static int write_all(int fd, const char *p, size_t n) {
    while (n > 0) {
        ssize_t did = write(fd, p, n);
        if (did < 0 && errno == EINTR)
            continue;
        if (did < 0)
            return -errno;
        p += did;
        n -= (size_t)did;
    }
    return 0;
}

static int fill_and_sync(int fd, unsigned mode, struct bytes content) {
    int rc = write_all(fd, content.p, content.n);

    if (rc == 0 && fchmod(fd, (mode_t)mode))
        rc = -errno;
    if (rc == 0 && fsync(fd))
        rc = -errno;
    return rc;
}

static int make_one_dir(const char *path, unsigned mode) {
    struct stat st;
    int err;

    if (mkdir(path, (mode_t)mode) == 0)
        return 0;
    err = errno;
    if (err == EEXIST || err == EACCES || err == EROFS)
        if (stat(path, &st) == 0)
            return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
    return -err;
}

int lock_file(const char *path) {
    int fd;

    return lock_file_fd(path, &fd); /* left open on purpose: the lock lives as long as we do */
}

int lock_file_fd(const char *path, int *ret_fd) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int rc;

    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

int read_file(const char *path, size_t limit, struct buf *ret) {
    char part[READ_BYTES];
    int fd, rc = 0;

    buf_init(ret, limit);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    for (;;) {
        ssize_t n = read(fd, part, sizeof part);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = -errno;
        if (n <= 0)
            break;
        buf_add(ret, part, (size_t)n);
        if (ret->over) {
            rc = -EFBIG;
            break;
        }
    }
    close(fd);
    if (rc)
        buf_free(ret);
    return rc;
}

int write_file(const char *path, unsigned mode, struct bytes content) {
    char beside[PATH_MAX];
    int fd, n, rc;

    n = snprintf(beside, sizeof beside, "%s.%ld.new", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof beside)
        return -ENAMETOOLONG;
    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    rc = fill_and_sync(fd, mode, content);
    if (close(fd) && rc == 0)
        rc = -errno;
    if (rc == 0 && rename(beside, path))
        rc = -errno;
    if (rc) {
        unlink(beside);
        return rc;
    }
    return sync_folder_of(path);
}

int make_dir(const char *path, unsigned mode) {
    char part[PATH_MAX];
    int rc;

    rc = text_copy(text_of(path), part, sizeof part);
    if (rc)
        return rc == -EMSGSIZE ? -ENAMETOOLONG : rc;
    for (char *slash = strchr(part + 1, '/'); part[0] && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        rc = make_one_dir(part, mode);
        *slash = '/';
        if (rc)
            return rc;
    }
    return make_one_dir(part, mode);
}
