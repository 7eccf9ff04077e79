/* sim_whim - what people and operators do that no story tells: they choose digests and quiet hours,
 * send letters and take them back, pause, settle, report, lift. And what a life has seen of it.
 */
#ifndef HARNESS_SIM_WHIM_H
#define HARNESS_SIM_WHIM_H

#include "tests/harness/sim.h"

/* Counted at the end of a life; a drawing that never reaches one of them tests it not at all. */
#define SIM_SEEN(X)                                                                                \
    X(digest_left, "letters left in a digest")                                                     \
    X(capped, "times a letter was seen over a weekly cap")                                         \
    X(nudges, "times a nudge was seen that waits for a day of its own")                            \
    X(put_off, "letters of news that could not leave for a day or more")                           \
    X(waited_quiet, "letters of news that waited for a morning")                                   \
    X(window_left, "mass letters left after their window")                                         \
    X(window_undone, "mass letters taken back")                                                    \
    X(mass_on_sheet, "mass letters on a catch-up sheet")                                           \
    X(released, "letters released from a sheet")                                                   \
    X(skipped, "letters skipped on a sheet")                                                       \
    X(overtaken, "letters overtaken by a later step")                                              \
    X(held_missed, "letters nobody released in time")                                              \
    X(merged, "corrections of several edits")                                                      \
    X(settled, "letters settled by hand")                                                          \
    X(suppressed, "letters to suppressed addresses")                                               \
    X(lifted, "suppressions lifted")                                                               \
    X(unknown, "letters of unknown fate")                                                          \
    X(not_due, "people who joined later")                                                          \
    X(erased, "letters to people erased meanwhile")

struct sim_seen {
#define X(name, words) unsigned long name;
    SIM_SEEN(X)
#undef X
};

struct sim_whims {
    uint64_t (*draw)(void);
    bool paused;
    unsigned said;
    struct sim_seen seen;
};

/* One of them, now. */
void sim_whim(struct sim *s, struct sim_whims *w);
/* Sending goes on, if it was paused. */
void sim_whim_resume(struct sim *s, struct sim_whims *w);
/* Adds up what this life has seen. */
void sim_whim_count(struct sim *s, struct sim_whims *w);

#endif
