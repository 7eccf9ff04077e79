/* step - the one function by which core changes.
 *
 * Everything that can change the core is an input: an event of the inbox, time passing, what the
 * notifier asks and reports, a new rulebook. The time is in the input, so years can be simulated,
 * forecast and replayed.
 *
 * INVARIANTS step(core, input) is pure: no clock, no randomness, no I/O but the transaction. An
 *            event's effects, its decision and the position are written in one transaction by the
 *            caller.
 * ERRORS     0; -errno of the store: the transaction must be aborted.
 */
#ifndef SCHEDULER_STEP_H
#define SCHEDULER_STEP_H

#include "services/scheduler/inputs.h"
#include "services/scheduler/office.h"
#include "services/scheduler/reminders/rule.h"

struct step { /* what stays the same from input to input, and the memory they share */
    const struct settings *settings;
    const struct rulebook *rules;
    const struct token_key *links;
    uint64_t zones; /* hash of the zone data in force; 0: nobody looks at it */
    struct arena *arena, *scratch;
    struct recent *recent;
    struct inputs *inputs; /* NULL: they are not kept */
    uint64_t reread; /* the event for which the configuration was read again. UINT64_MAX: it cannot
                      * be; else step_event() may ask for it with -ESTALE, and wrote nothing */
    struct buf result, row;
    struct office office;
};

void step_open(struct step *s, const struct settings *settings, const struct rulebook *rules,
               const struct token_key *links);
void step_close(struct step *s);
/* From now on every input is kept beside what it did. */
void step_keep_inputs(struct step *s);

/* Around a transaction: loads the counters, and writes those that changed. */
MUST_CHECK int step_begin(struct step *s, struct txn *txn);
MUST_CHECK int step_end(struct step *s);

/* One event of the inbox. */
MUST_CHECK int step_event(struct step *s, instant now, uint64_t seq, struct bytes payload);
/* An event that made us fall too often: set aside with its bytes. */
MUST_CHECK int step_quarantine(struct step *s, instant now, uint64_t seq, struct bytes payload,
                               uint64_t crashes);
/* The first thing that fell due by `until`, or a slice of it, done at `now`; -ENOENT when there is
 * none. While events are still to be applied, `until` is when the last applied one was received:
 * what they say came first. */
MUST_CHECK int step_due(struct step *s, instant now, instant until);
/* What the notifier asks and reports; a lease that ran out. */
MUST_CHECK int step_arm(struct step *s, instant now, msec boot, const struct frame_arm *arm,
                        bool *ret_granted, msec *ret_until);
MUST_CHECK int step_result(struct step *s, instant now, const struct frame_result *result);
MUST_CHECK int step_lost(struct step *s, instant now, uint64_t delivery);
/* The home this core lies in, as it was found at a start: an id, a generation, a mark of its files.
 * Where that is not what it was, the data was copied or restored, and nothing leaves. */
MUST_CHECK int step_home(struct step *s, const struct rec_input *home);
/* The settings, rules and letters that hold from now on, by their name in table CONFIG. */
void step_config(struct step *s, instant now, struct text config);
/* The inbox events come from, once it is known. */
MUST_CHECK int step_inbox(struct step *s, instant now, uint64_t generation);
/* A reason for nothing to leave that the process found by itself, and its end. */
MUST_CHECK int step_hold(struct step *s, instant now, const char *hold, struct text reason);
MUST_CHECK int step_unhold(struct step *s, instant now, const char *hold);
/* A slice of deriving all plans anew, for another rulebook or other zone data than last time; done
 * with true. The letters' texts are stored first. What other zone data moved is counted in meta. */
MUST_CHECK int step_rules(struct step *s, instant now, struct key *cursor, unsigned *table_no,
                          bool *ret_done);

/* When something falls due next, letters waiting to be tried included unless sending is paused; 0:
 * never. */
MUST_CHECK int step_next(struct step *s, instant *ret_next);

#endif
