/* future - how it goes on from here: the real step over a snapshot of core, on a clock that jumps.
 *
 * INVARIANTS Nothing reaches core or anybody: what is written stays in a scratch store over the
 *            snapshot, whose files have no name, and whatever leaves is accepted at once.
 * OWNERSHIP  A future borrows the snapshot, which must outlive it.
 * ERRORS     0 or -errno; what a person must mend is said in the buffer.
 */
#ifndef SCHEDULER_FUTURE_H
#define SCHEDULER_FUTURE_H

#include "services/scheduler/reminders/existing.h"
#include "services/scheduler/step.h"

struct journal_digest;

struct future_event { /* something said, at its time */
    instant at;
    unsigned line; /* of its file; 0: it was accepted already, and waits in the inbox */
    struct bytes payload;
    const struct journal_digest *id; /* by which intake knows it again; NULL: it has none */
};

struct future_refusal {
    unsigned line;
    struct complaint why;
};

struct future_options {
    const char *home;
    const char *
        config; /* another folder with rules/, letters/ and perhaps cirkel.conf; NULL: the home's */
    instant now, until;
    const struct future_event *events; /* in order of time */
    unsigned event_count;
    bool also_existing; /* new rules reach back */
};

struct future {
    const struct future_options *options;
    struct settings settings;
    struct rulebook rules;
    struct token_key links;
    struct store *scratch;
    struct txn *txn;
    struct step step;
    instant now, hears; /* hears: the events up to then are said */
    unsigned next_event;
    struct future_refusal *refusals;
    unsigned refusal_count;
    struct buf halted; /* why nothing leaves at its end, in words; empty: it does */
    bool deriving;
    struct key derive_at;
    unsigned derive_table;
    int64_t counted;                /* by the answers to what is said in it */
    struct existing_count existing; /* whom new rules reached back to */
    uint64_t before;                /* the last ledger row there was */
    uint64_t *told;                 /* bits, from row 1 on: handed out already, or ended long ago */
    size_t told_words;
    uint64_t *open; /* rows that had not come to an end when it began */
    size_t open_count, open_room;
};

MUST_CHECK int future_open(struct future *f, const struct future_options *options, struct txn *core,
                           struct buf *reterr);
void future_close(struct future *f);

/* Runs it to its end: fn for each row of the ledger that is decided or leaves in it, once, as it
 * ends, or as it still waits at the end. Non-zero stops, and is returned. */
typedef int future_fn(void *ctx, struct future *f, const struct rec_ledger *row);
MUST_CHECK int future_run(struct future *f, future_fn *fn, void *ctx);
/* Once it has run: what it holds in memory goes to its file. */
MUST_CHECK int future_put_aside(struct future *f);

#endif
