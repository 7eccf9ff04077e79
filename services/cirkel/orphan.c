#include "services/cirkel/orphan.h"

#include "common/clock.h"
#include "services/cirkel/home.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STOP_WAIT (10 * SECONDS)
#define LOOK_PAUSE (20 * 1000000L) /* ns */
#define MARK "CIRKEL_SUPERVISED"

static void pid_path(char ret[HOME_PATH], const char *home, const char *name) {
    char within[64];
    snprintf(within, sizeof within, "run/%s.pid", name);
    home_path(ret, home, within);
}

static bool runs_program(int pid, const char *program) {
    char link[64], path[HOME_PATH];
    ssize_t n;

    snprintf(link, sizeof link, "/proc/%d/exe", pid);
    n = readlink(link, path, sizeof path - 1);
    /* A newer one may have been installed meanwhile: then it is "PROGRAM (deleted)". */
    return n > 0 && text_starts((struct text){path, (size_t)n}, program);
}

/* The name it was given may be another one than ours, and begin where it stands. */
static bool is_home(int pid, struct text name, const char *home) {
    char path[HOME_PATH];
    struct stat its, ours;
    int n = text_starts(name, "/")
                ? snprintf(path, sizeof path, "%.*s", TEXT_ARGS(name))
                : snprintf(path, sizeof path, "/proc/%d/cwd/%.*s", pid, TEXT_ARGS(name));
    return n > 0 && n < (int)sizeof path && stat(path, &its) == 0 && stat(home, &ours) == 0 &&
           its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
}

/* Its arguments are "PROGRAM --home HOME …". */
static bool is_for_home(int pid, const char *home) {
    char path[64], words[2 * HOME_PATH];
    struct text rest, word;
    FILE *file;
    bool next_is_home = false;

    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    file = fopen(path, "re");
    if (!file)
        return false;
    rest = (struct text){words, fread(words, 1, sizeof words, file)};
    fclose(file);
    while (text_cut(&rest, '\0', &word)) {
        if (next_is_home)
            return is_home(pid, word, home);
        next_is_home = text_is(word, "--home");
    }
    return false;
}

static bool is_marked(int pid) {
    char path[64], *word = NULL;
    size_t size = 0;
    bool found = false;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    file = fopen(path, "re");
    while (file && !found && getdelim(&word, &size, '\0', file) > 0)
        found = strcmp(word, MARK "=1") == 0;
    free(word);
    if (file)
        fclose(file);
    return found;
}

/* One that only waits to be reaped has ended, too: it runs no program any more. */
static bool has_ended(int pid, const char *program, msec wait) {
    struct timespec pause = {0, LOOK_PAUSE};
    msec began = clock_boot();

    while (clock_boot() - began < wait) {
        if (!runs_program(pid, program))
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static void stop(int pid, const char *program) {
    kill(pid, SIGTERM);
    if (!has_ended(pid, program, STOP_WAIT)) {
        kill(pid, SIGKILL);
        (void)has_ended(pid, program, STOP_WAIT);
    }
}

void orphan_mark(void) {
    must(setenv(MARK, "1", 1) == 0);
}

int orphan_note(const char *home, const char *name, int pid) {
    char path[HOME_PATH], text[32];
    int n = snprintf(text, sizeof text, "%d\n", pid);

    pid_path(path, home, name);
    return write_file(path, 0640, (struct bytes){text, (size_t)n});
}

int orphan_noted(const char *home, const char *name) {
    char path[HOME_PATH];
    struct buf text;
    int64_t pid = 0;

    pid_path(path, home, name);
    if (read_file(path, 64, &text) || text_int(text_trim(buf_as_text(&text)), &pid) || pid <= 1 ||
        pid > INT32_MAX)
        pid = 0;
    buf_free(&text);
    return (int)pid;
}

bool orphan_runs(int pid, const char *name) {
    char path[64], begins[96];
    struct buf text;

    /* "PID (NAME) STATE …"; one that only waits to be reaped has ended. */
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int n = snprintf(begins, sizeof begins, "%d (%s) ", pid, name);
    bool runs = read_file(path, 4096, &text) == 0 && text_starts(buf_as_text(&text), begins) &&
                buf_cstr(&text)[n] != 'Z';
    buf_free(&text);
    return runs;
}

bool orphan_stop(const char *home, const char *program) {
    DIR *dir = opendir("/proc");
    bool any = false;
    int64_t pid;

    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (text_int(text_of(e->d_name), &pid) || pid <= 1 || pid > INT32_MAX)
            continue;
        if (!runs_program((int)pid, program) || !is_for_home((int)pid, home) ||
            !is_marked((int)pid))
            continue;
        stop((int)pid, program);
        any = true;
    }
    if (dir)
        closedir(dir);
    return any;
}
