#include "common/log.h"
#include "common/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 2048 /* a longer line is cut */

enum level { LEVEL_ERROR = 3, LEVEL_WARN = 4, LEVEL_INFO = 6, LEVEL_DEBUG = 7 }; /* as syslog's */

static char process_name[32] = "-";
static bool want_debug;
static bool under_journal;

static const char *level_name(enum level level) {
    switch (level) {
    case LEVEL_ERROR:
        return "error";
    case LEVEL_WARN:
        return "warn";
    case LEVEL_INFO:
        return "info";
    case LEVEL_DEBUG:
        return "debug";
    }
    return "error";
}

/* systemd says in JOURNAL_STREAM which file its journal is; stderr may have been moved since. */
static bool stderr_is_journal(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    char ours[64];
    struct stat st;

    if (!stream || fstat(STDERR_FILENO, &st))
        return false;
    snprintf(ours, sizeof ours, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    return text_is(text_of(stream), ours);
}

static size_t write_prefix(char *line, size_t size, enum level level) {
    instant now = clock_real();
    time_t seconds = (time_t)(now / 1000);
    struct tm tm;
    int n;

    if (under_journal) {
        n = snprintf(line, size, "<%d>", (int)level);
    } else {
        gmtime_r(&seconds, &tm);
        n = snprintf(line, size, "t=%04d-%02d-%02dT%02d:%02d:%02d.%03dZ ", tm.tm_year + 1900,
                     tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                     (int)(now % 1000));
    }
    return n > 0 ? (size_t)n : 0;
}

/* One line stays one line, and no terminal is told anything. */
static void strip_controls(char *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c < 0x20 || c == 0x7f)
            p[i] = '?';
        else if (c == 0xc2 && i + 1 < n && ((unsigned char)p[i + 1] & 0xe0) == 0x80)
            p[i] = p[i + 1] = '?';
    }
}

static void log_line(enum level level, const char *event, const char *fmt, va_list args) {
    char line[LINE_BYTES];
    size_t start = write_prefix(line, sizeof line, level), n = start;
    int did;

    did = snprintf(line + n, sizeof line - n, "%s %s process=%s%s", level_name(level), event,
                   process_name, fmt[0] ? " " : "");
    n += did > 0 ? (size_t)did : 0;
    if (n < sizeof line - 1) {
        did = vsnprintf(line + n, sizeof line - n, fmt, args);
        n += did > 0 ? (size_t)did : 0;
    }
    if (n > sizeof line - 1)
        n = sizeof line - 1;
    strip_controls(line + start, n - start);
    line[n++] = '\n';
    /* A log that cannot be written has nobody to be told about it. */
    if (write(STDERR_FILENO, line, n) < 0)
        return;
}

void log_start(const char *process, bool debug) {
    snprintf(process_name, sizeof process_name, "%s", process);
    want_debug = debug;
    under_journal = stderr_is_journal();
}

void log_debug(const char *event, const char *fmt, ...) {
    va_list args;

    if (!want_debug)
        return;
    va_start(args, fmt);
    log_line(LEVEL_DEBUG, event, fmt, args);
    va_end(args);
}

void log_info(const char *event, const char *fmt, ...) {
    va_list args;

    va_start(args, fmt);
    log_line(LEVEL_INFO, event, fmt, args);
    va_end(args);
}

void log_warn(const char *event, const char *fmt, ...) {
    va_list args;

    va_start(args, fmt);
    log_line(LEVEL_WARN, event, fmt, args);
    va_end(args);
}

void log_error(const char *event, const char *fmt, ...) {
    va_list args;

    va_start(args, fmt);
    log_line(LEVEL_ERROR, event, fmt, args);
    va_end(args);
}

void log_error_lines(const char *event, struct text lines) {
    struct text line;

    while (text_cut(&lines, '\n', &line))
        log_error(event, "%.*s", TEXT_ARGS(line));
}

_Noreturn void log_fatal(const char *event, const char *fmt, ...) {
    va_list args;

    va_start(args, fmt);
    log_line(LEVEL_ERROR, event, fmt, args);
    va_end(args);
    exit(EXIT_FAILURE);
}
