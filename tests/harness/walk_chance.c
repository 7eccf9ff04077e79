#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "tests/harness/draw.h"
#include "tests/harness/walk.h"

#define TEXTS 64

struct walk walk;

void walk_remember(const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(walk.last[walk.lasts++ % WALK_REMEMBERED], WALK_LINE, fmt, ap);
    va_end(ap);
}

void walk_say_where(void) {
    fprintf(stderr, "\nSEED=%llu step %lu\n", (unsigned long long)walk.seed, walk.step);
    for (unsigned long i = walk.lasts > WALK_REMEMBERED ? walk.lasts - WALK_REMEMBERED : 0;
         i < walk.lasts; i++)
        fprintf(stderr, "  %s\n", walk.last[i % WALK_REMEMBERED]);
}

uint64_t walk_draw(void) {
    return draw_from(&walk.state);
}

unsigned walk_below(unsigned n) {
    return (unsigned)(walk_draw() % n);
}

bool walk_chance(unsigned percent) {
    return walk_below(100) < percent;
}

int64_t walk_any_row(void) {
    uint64_t n = trial_count(&walk.t, COUNT_LEDGER);
    return 1 + (n ? (int64_t)(n - 1 - walk_draw() % (n < 60 ? n : 60)) : 0);
}

const char *walk_text(const char *fmt, ...) {
    static char ring[TEXTS][TOKEN_MAX];
    static unsigned next;
    char *to = ring[next++ % TEXTS];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(to, TOKEN_MAX, fmt, ap);
    va_end(ap);
    return to;
}

const char *walk_wall(int days_from, int days_to) {
    static const struct zone *zone;
    char text[WALL_TEXT];
    if (!zone)
        must(zone_find(TEXT_LIT("Europe/Stockholm"), &zone) == 0);
    struct wall at = wall_add(zone_wall(zone, walk.t.now),
                              days_from + (int)walk_below((unsigned)(days_to - days_from)), 0);
    at.hour = (int)walk_below(24);
    at.minute = (int)walk_below(60);
    wall_format(at, text);
    return walk_text("%s", text);
}

void walk_put_word(const char *choices, struct buf *to) {
    unsigned n = 1;
    for (const char *c = choices; *c; c++)
        n += *c == '|';
    for (unsigned skip = walk_below(n); skip > 0; skip--)
        choices = strchr(choices, '|') + 1;
    pack_text(to, (struct text){choices, strcspn(choices, "|")});
}
