#include "common/bus.h"

#include <errno.h>
#include <sys/resource.h>

#define FILES_WANTED ((rlim_t)16384)
#define DATA_MOST ((rlim_t)512 << 20)
#ifdef __SANITIZE_ADDRESS__ /* it takes far more than it uses */
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

static int limit_files(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return -errno;
    if (files.rlim_cur >= FILES_WANTED)
        return 0;
    files.rlim_cur = files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
    return setrlimit(RLIMIT_NOFILE, &files) < 0 ? -errno : 0;
}

int bus_limit_memory(size_t kept) {
    struct rlimit data;
    if (getrlimit(RLIMIT_DATA, &data) < 0)
        return -errno;
    data.rlim_cur = DATA_MOST + kept < data.rlim_max ? DATA_MOST + kept : data.rlim_max;
    return !IS_SANITIZED && setrlimit(RLIMIT_DATA, &data) < 0 ? -errno : 0;
}

int bus_limit_process(void) {
    int files = limit_files();
    int memory = bus_limit_memory(0);
    return files < 0 ? files : memory;
}
