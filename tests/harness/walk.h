/* walk - the parts of the random walk (tests/unit/walk_test.c): chance, what may be said, and what
 * must hold whatever was said.
 *
 * Every message of proto/messages*.def is said, with bodies made from its rows (walk_body.c) and
 * from what there is in a small world (walk_known.c): a new message is walked over without anyone
 * adding it here. How often it is said is in walk_say.c.
 */
#ifndef HARNESS_WALK_H
#define HARNESS_WALK_H

#include "tests/harness/trial.h"

#define WALK_REMEMBERED 16
#define WALK_LINE 900

struct walk {
    struct trial t;
    uint64_t seed, state;
    unsigned long step;
    instant received;
    unsigned made[256]; /* of each kind, by its letter: names go from 1 to here */
    char making;        /* the kind of which this message makes another one */
    unsigned row;       /* of the part that is being drawn; 0: none is */
    char last[WALK_REMEMBERED][WALK_LINE];
    unsigned long lasts;
    unsigned long applied[MSG_COUNT], refused[MSG_COUNT], granted;
    bool checking; /* what must hold is looked at after each step */
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

/* ---- walk_chance.c ---- */
uint64_t walk_draw(void);
unsigned walk_below(unsigned n);
bool walk_chance(unsigned percent);
int64_t walk_any_row(void); /* of the ledger, a late one; 1 when there is none */
/* A text of this turn. */
const char *walk_text(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* One of "a|b|c". */
void walk_put_word(const char *choices, struct buf *to);
/* Some minute of a day so many days from now, as a wall time. */
const char *walk_wall(int days_from, int days_to);

/* ---- what is said ---- */
void walk_found(void); /* five organisations, twelve people, three networks, two groups */
void walk_body(enum msg_type type, struct buf *to);
void walk_say(void);                  /* any message about any of them */
void walk_coverage(void);             /* prints how often each message was applied and refused */
const char *walk_never_applied(void); /* NULL: every one was */

/* ---- what must hold ---- */
void walk_check(void); /* everything */
/* What the last input touched: the rows of the ledger it made, the sums, and (an event that was
 * applied) the record it was about with its plans. */
void walk_check_input(bool applied);
void walk_check_row(int64_t no); /* of the ledger, that an arm or a result changed */

#endif
