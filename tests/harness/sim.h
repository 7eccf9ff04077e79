/* sim - an office in this process: the real step, a clock that jumps, an inbox that fills while the
 * scheduler is away, and a relay that does as it is told. It does at each moment what the processes
 * do: all events, all that is due, all letters, until nothing is left.
 *
 * INVARIANTS Watched at every input (sim_watch.c), with fail_msg() when one does not hold:
 *            - nothing leaves past its use, to somebody who may not be written to, or with a time
 *              that no longer holds;
 *            - no news leaves in its reader's quiet hours, no mass letter within its window;
 *            - nobody gets two nudges on a day, or more news in seven days than is allowed;
 *            - nobody is told an older time after a newer one;
 *            - everyone whom a fired plan was for has a row under its occurrence, and exactly one;
 *            - what fired has ended or is open (conservation).
 * OWNERSHIP  What sim_say() is given is copied.
 */
#ifndef HARNESS_SIM_H
#define HARNESS_SIM_H

#include "tests/harness/trial.h"

struct sim;
/* What becomes of a letter that is tried: an outcome of frames.def, "bounced", or "lost" (armed,
 * and the notifier falls), or "slow" (armed; the answer comes at a later moment, as fate says when
 * asked again); NULL: it is not tried now. */
typedef const char *sim_fate_fn(struct sim *s, const struct rec_ledger *row);

struct sim_said { /* an event that waits in the inbox */
    instant received;
    size_t size;
    uint8_t *bytes;
};

struct sim_slow { /* a letter that is armed, and its answer not there */
    int64_t no, attempt;
    instant since;
};

struct sim {
    struct trial t;
    bool away;         /* the scheduler: what is said waits, what falls due waits */
    unsigned batch;    /* most events a commit; 0: all that wait */
    bool other_rules;  /* rules became others on the way */
    sim_fate_fn *fate; /* NULL: everything is accepted */
    void *ctx;         /* for fate */

    struct sim_said *inbox;
    size_t first, count, room; /* of the inbox: applied up to first */
    struct sim_slow *slow;
    unsigned slow_count;
    struct sim_watch *watch;
    unsigned long applied, refused, inputs;
    char refusal[400]; /* of the last one refused: type, code, text */
};

void sim_open(struct sim *s, instant now);
void sim_close(struct sim *s);

/* Received now; applied when the scheduler next works. */
void sim_say(struct sim *s, struct text id, struct text type, struct bytes body);
/* Everything there is to do at this moment; nothing when the scheduler is away. */
void sim_settle(struct sim *s);
/* The clock goes to `to` and stops at every moment at which something falls due; as a player does,
 * what is due at `to` itself is done. While the scheduler is away it goes there at once. */
void sim_advance(struct sim *s, instant to);
/* The clock goes there at once, and then everything is done that fell due meanwhile. */
void sim_jump(struct sim *s, instant to);

/* ---- sim_watch.c ---- */
struct sim_watch *sim_watch_new(void);
void sim_watch_free(struct sim_watch **watch);
void sim_watch_due(struct sim *s);   /* before a step_due(): who it is for */
void sim_watch_fired(struct sim *s); /* after it: they have their rows */
void sim_watch_leaves(struct sim *s, const struct rec_ledger *before); /* after a granted arm */
void sim_watch_sums(struct sim *s); /* conservation, by the counters */
void sim_watch_all(struct sim *s);  /* the whole ledger: one row an occurrence, ends and reasons */

/* ---- sim_line.c: events as JSON lines, the ledger as lines ---- */
struct sim_line {
    struct text do_, id, type;
    size_t no; /* in its story */
    instant at;
    struct bytes body, all; /* encoded; borrowed from the buffer it was read into */
};
/* 0, or -EINVAL with what is wrong. */
MUST_CHECK int sim_line_read(struct text json, struct buf *keep, struct sim_line *ret,
                             char reterr[200]);
/* The row as tests/data keeps it, without the line's end. */
void sim_ledger_line(struct sim *s, const struct rec_ledger *row, struct buf *to);
typedef void sim_row_fn(void *ctx, const struct rec_ledger *row);
void sim_each_row(struct sim *s, sim_row_fn *fn, void *ctx);

#endif
