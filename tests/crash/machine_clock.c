/* The clock of another machine, for whoever has this preloaded: MACHINE_CLOCK names a file of three
 * int64: milliseconds by which its wall clock and its boot clock differ from ours, and whether its
 * clock has been set by the network. Time without suspend is left as it is. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *machine(void) {
    static const volatile int64_t *mapped;
    static const int64_t none[3] = {0, 0, 1};
    if (mapped)
        return mapped;
    const char *path = getenv("MACHINE_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    mapped = p == MAP_FAILED ? none : p;
    return mapped;
}

int clock_gettime(clockid_t id, struct timespec *ret) {
    int rc = (int)syscall(SYS_clock_gettime, id, ret);
    int64_t by = id == CLOCK_REALTIME ? machine()[0] : id == CLOCK_BOOTTIME ? machine()[1] : 0;
    if (rc == 0 && by) {
        int64_t ns = ret->tv_nsec + by % 1000 * 1000000;
        ret->tv_sec += by / 1000 + (ns < 0 ? -1 : ns >= 1000000000);
        ret->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
    }
    return rc;
}

int adjtimex(struct timex *ret) {
    memset(ret, 0, sizeof *ret);
    ret->status = machine()[2] ? 0 : STA_UNSYNC;
    return 0;
}
