#include "common/fault.h"

#ifdef FAULTS
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAULT_MAX 64
#define FAULT_FILE_BYTES ((size_t)16 * 1024)

static struct fault {
    char name[96];
    char what[8];
    int64_t at, visits;
} faults[FAULT_MAX];
static size_t fault_count;
static uint64_t random_state; /* the same drops in each run of the same visits */
static pthread_once_t faults_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t faults_lock = PTHREAD_MUTEX_INITIALIZER;

static void read_line(struct text line) {
    struct fault *fault = &faults[fault_count];
    struct text name, number, what = text_trim(line);

    if (what.n == 0)
        return;
    must(fault_count < FAULT_MAX);
    must(text_cut(&what, ' ', &name) && text_cut(&what, ' ', &number));
    must(text_copy(name, fault->name, sizeof fault->name) == 0);
    must(text_int(number, &fault->at) == 0);
    must(text_copy(what, fault->what, sizeof fault->what) == 0);
    fault_count++;
}

static void read_faults(void) {
    const char *path = getenv("CIRKEL_FAULTS");
    struct text rest, line;
    struct buf content;

    if (!path || !*path)
        return;
    must(read_file(path, FAULT_FILE_BYTES, &content) == 0);
    rest = buf_as_text(&content);
    while (text_cut(&rest, '\n', &line))
        read_line(line);
    buf_free(&content);
}

static int act(const char *what) {
    if (strcmp(what, "kill") == 0)
        return raise(SIGKILL);
    if (strcmp(what, "stop") == 0)
        return raise(SIGSTOP);
    if (strcmp(what, "enospc") == 0)
        return -ENOSPC;
    if (strcmp(what, "abort") == 0)
        abort();
    if (strcmp(what, "drop") == 0)
        return -EAGAIN;
    must(strcmp(what, "eio") == 0);
    return -EIO;
}

/* A drop comes again and again, with its number as the chance in a hundred. */
static bool is_now(struct fault *fault) {
    fault->visits++;
    if (strcmp(fault->what, "drop") != 0)
        return fault->visits == fault->at;
    random_state = random_state * 6364136223846793005 + 1442695040888963407;
    return (int64_t)(random_state >> 33) % 100 < fault->at;
}

int fault_point(const char *name) {
    const char *what = NULL;

    pthread_once(&faults_once, read_faults);
    if (fault_count == 0)
        return 0;
    pthread_mutex_lock(&faults_lock);
    for (size_t i = 0; i < fault_count; i++)
        if (strcmp(faults[i].name, name) == 0 && is_now(&faults[i]))
            what = faults[i].what;
    pthread_mutex_unlock(&faults_lock);
    return what ? act(what) : 0;
}

int fault_point_at(const char *name, uint64_t number) {
    char whole[sizeof faults[0].name];
    int n = snprintf(whole, sizeof whole, "%s.%" PRIu64, name, number);

    must(n > 0 && (size_t)n < sizeof whole);
    return fault_point(whole);
}
#endif
