#include "common/box.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* The bytes are written, not left as a hole: on a full disk a hole cannot be touched. */
static int prepare(int fd, uint64_t *ret_found) {
    uint64_t value = 0;
    ssize_t n = pread(fd, &value, sizeof value, 0);
    if (n < 0)
        return -errno;
    if (n != (ssize_t)sizeof value) {
        value = 0;
        n = pwrite(fd, &value, sizeof value, 0);
        if (n != (ssize_t)sizeof value)
            return n < 0 ? -errno : -ENOSPC;
    }
    *ret_found = value;
    return 0;
}

int box_open(struct box *ret, const char *path, uint64_t *ret_found) {
    uint64_t found = 0;
    *ret = (struct box){.at = &ret->spare};
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return -errno;
    int r = prepare(fd, &found);
    void *map = MAP_FAILED;
    if (r == 0) {
        map = mmap(NULL, sizeof *ret->at, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        r = map == MAP_FAILED ? -errno : 0;
    }
    close(fd);
    if (r < 0)
        return r;
    ret->at = map;
    *ret_found = found;
    return 0;
}

void box_close(struct box *box) {
    if (box->at != NULL && box->at != &box->spare)
        munmap((void *)(uintptr_t)box->at, sizeof *box->at);
    box->at = &box->spare;
}
