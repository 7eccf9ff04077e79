#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define CLOCK_MAGIC 0x4b4c4331u

/* What the file holds. `turn` says which of the two settings is valid: a writer fills the other one
 * and then moves it on, so a reader never waits, not even for a writer that died half-way. */
struct clock_file {
    uint32_t magic;
    _Atomic uint32_t turn;
    struct setting {
        _Atomic int64_t base, set_at_boot, running;
    } settings[2];
};

static struct clock_file *in_use;

static msec read_clock(clockid_t id) {
    struct timespec ts;

    must(clock_gettime(id, &ts) == 0);
    return (msec)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int map_clock(int fd, int protection, struct clock_file **ret) {
    void *p = mmap(NULL, sizeof **ret, protection, MAP_SHARED, fd, 0);

    if (p == MAP_FAILED)
        return -errno;
    *ret = p;
    return 0;
}

static int open_clock(const char *path, struct clock_file **ret) {
    struct clock_file *file = NULL;
    struct stat st;
    int fd, rc = 0;

    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st))
        rc = -errno;
    else if (st.st_size != sizeof *file)
        rc = -EBADMSG;
    if (rc == 0)
        rc = map_clock(fd, PROT_READ, &file);
    close(fd);
    if (rc)
        return rc;
    if (file->magic != CLOCK_MAGIC) {
        munmap(file, sizeof *file);
        return -EBADMSG;
    }
    *ret = file;
    return 0;
}

static void write_setting(struct clock_file *file, instant now, bool running) {
    uint32_t turn = atomic_load(&file->turn) + 1;
    struct setting *next = &file->settings[turn % 2];

    atomic_store(&next->base, now);
    atomic_store(&next->set_at_boot, clock_boot());
    atomic_store(&next->running, running);
    atomic_store(&file->turn, turn);
    file->magic = CLOCK_MAGIC;
}

int clock_use(const char *virtual_path) {
    struct clock_file *file = NULL;

    if (virtual_path) {
        int rc = open_clock(virtual_path, &file);
        if (rc)
            return rc;
    }
    if (in_use)
        munmap(in_use, sizeof *in_use);
    in_use = file;
    return 0;
}

instant clock_now(void) {
    int64_t base, set_at_boot, running;
    uint32_t turn;
    msec since;

    if (!in_use)
        return clock_real();
    do {
        struct setting *setting;
        turn = atomic_load(&in_use->turn);
        setting = &in_use->settings[turn % 2];
        base = atomic_load(&setting->base);
        set_at_boot = atomic_load(&setting->set_at_boot);
        running = atomic_load(&setting->running);
    } while (atomic_load(&in_use->turn) != turn);
    if (!running)
        return base;
    since = clock_boot() - set_at_boot;
    return base + (since > 0 ? since : 0); /* less than nothing: the machine was booted anew */
}

instant clock_real(void) {
    return read_clock(CLOCK_REALTIME);
}

msec clock_boot(void) {
    return read_clock(CLOCK_BOOTTIME);
}

msec clock_awake(void) {
    return read_clock(CLOCK_MONOTONIC);
}

bool clock_is_synchronised(void) {
    struct timex timex = {.modes = 0};
    return adjtimex(&timex) >= 0 && !(timex.status & STA_UNSYNC);
}

bool clock_is_virtual(void) {
    return in_use != NULL;
}

int clock_set(const char *virtual_path, instant now, bool running) {
    struct clock_file *file;
    struct stat st;
    int fd, rc = 0;

    fd = open(virtual_path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX) || fstat(fd, &st))
        rc = -errno;
    else if (st.st_size != 0 && st.st_size != sizeof *file)
        rc = -EBADMSG; /* some other file: better no clock than that file gone */
    else if (ftruncate(fd, sizeof *file))
        rc = -errno;
    if (rc == 0)
        rc = map_clock(fd, PROT_READ | PROT_WRITE, &file);
    if (rc == 0) {
        write_setting(file, now, running);
        munmap(file, sizeof *file);
    }
    close(fd);
    return rc;
}
