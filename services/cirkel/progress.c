#include "services/cirkel/progress.h"

#include "common/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BAR 30
#define REDRAW 100 /* ms */

static bool is_plain_terminal(void) {
    const char *term = getenv("TERM");
    return !term || strcmp(term, "dumb") == 0;
}

static unsigned percent(const struct progress *p) {
    if (p->total == 0)
        return 100;
    return (unsigned)(p->done >= p->total ? 100 : p->done * 100 / p->total);
}

static void clear_bar(struct progress *p) {
    if (p->drawn)
        fputs("\r\033[K", stderr);
    p->drawn = false;
}

static void draw(struct progress *p, const char *note) {
    unsigned full = percent(p) * BAR / 100;

    clear_bar(p);
    fprintf(stderr, "%s ", p->what);
    for (unsigned i = 0; i < BAR; i++)
        fputs(i < full ? "█" : "░", stderr);
    fprintf(stderr, " %3u %%  %s", percent(p), note);
    fflush(stderr);
    p->drawn = true;
    p->shown = clock_boot();
}

void progress_begin(struct progress *p, const char *what, uint64_t total) {
    *p = (struct progress){.what = what, .total = total};
    p->bar = isatty(STDERR_FILENO) && !is_plain_terminal();
}

void progress_to(struct progress *p, uint64_t done, const char *note) {
    p->done = done;
    if (p->bar && (clock_boot() - p->shown >= REDRAW || !p->drawn))
        draw(p, note);
    if (!p->bar && percent(p) / 10 > p->tenth) {
        p->tenth = percent(p) / 10;
        fprintf(stderr, "%s %u %%  %s\n", p->what, p->tenth * 10, note);
    }
}

void progress_say(struct progress *p, const char *fmt, ...) {
    va_list args;

    clear_bar(p);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
}

void progress_end(struct progress *p) {
    clear_bar(p);
}

bool terminal_colour(int fd) {
    const char *no = getenv("NO_COLOR");
    return isatty(fd) && !is_plain_terminal() && !(no && no[0]);
}
