/* walk - the parts of the random walk (tests/unit/walk_test.c): chance, what may be said, and what
 * must hold whatever was said. */
#ifndef HARNESS_WALK_H
#define HARNESS_WALK_H

#include "tests/harness/trial.h"

#define WALK_REMEMBERED 12
#define WALK_LINE 700

struct walk {
    struct trial t;
    uint64_t seed, state;
    unsigned long step;
    instant received;
    unsigned made[256]; /* of each kind, by its letter: names go from 1 to here */
    char making;        /* the kind of which this message makes another one */
    char last[WALK_REMEMBERED][WALK_LINE];
    unsigned long lasts;
    unsigned long applied, refused, granted;
};
extern struct walk walk;

/* The last inputs, for whoever looks why it failed. */
void walk_remember(const char *fmt, ...) PRINTF_LIKE(1, 2);
void walk_say_where(void);
#define walk_must(cond, ...)                                                                       \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            walk_say_where();                                                                      \
            fail_msg(__VA_ARGS__);                                                                 \
        }                                                                                          \
    } while (0)

uint64_t walk_draw(void);
unsigned walk_below(unsigned n);
bool walk_chance(unsigned percent);
int64_t walk_any_row(void); /* of the ledger, a late one; 1 when there is none */

void walk_found(void); /* five organisations, twelve people, three networks, two groups */
void walk_say(void);   /* any message about any of them */
void walk_check(void); /* everything that must hold */

#endif
