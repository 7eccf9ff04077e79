/* channel - how letters leave. A channel is one file behind this interface.
 *
 *     prepare  do everything but the last step          → ready() now or later, or done()
 *     finish   the arm is granted: take the last step    → done() now or later, or ready() again
 *     abandon  the arm was refused: as if it never was   → nothing
 *
 * INVARIANTS Before finish() no copy of a letter can reach anybody. A channel looks at the lease
 *            (`until`) immediately before the last step; when it is over it asks for it anew, as
 *            long as it can.
 *            After prepare() each letter ends in exactly one done() or abandon().
 * OWNERSHIP  A letter is the caller's and lives until its end; its `mine` is the channel's.
 * ERRORS     Whatever fails ends in done() with an outcome of frame RESULT and a reply in words.
 *            Callbacks come on the loop's thread, also from inside prepare(), finish() and flush().
 */
#ifndef NOTIFIER_CHANNEL_H
#define NOTIFIER_CHANNEL_H

#include "common/base.h"
#include "common/loop.h"
#include "proto/settings.h"

struct channel_letter {
    int64_t delivery, attempt;
    instant decided;
    struct text message_id, sender, recipient;
    struct bytes message;
    msec until; /* the lease, by the boot clock; set before finish() */
    void *mine;
    struct channel_letter *next; /* the channel's, too */
};

struct channel_outcome {
    const char *word;  /* "accepted", "deferred", "failed" or "unknown" */
    const char *reply; /* for the ledger */
    const char *why;   /* for the log, so without anything of a person; NULL: the reply is so */
    bool bounced;
    msec wait;
};

struct channel_options { /* borrowed for the life of the channel */
    const char *home;
    const struct settings *settings;
    struct loop *loop;
    void *ctx;
    void (*ready)(void *ctx, struct channel_letter *letter);
    void (*done)(void *ctx, struct channel_letter *letter, const struct channel_outcome *outcome);
};

struct channel_state; /* each channel has its own */
struct channel {
    const char *name;
    /* Letters composed in one turn: many are synced together, few keep frames flowing. */
    unsigned batch;
    bool is_files; /* letters stay on this machine, so a trial home may have it */
    msec grace;    /* how long the last steps may take when the notifier is stopped; 0: at once */
    /* Checks the files it reads; -EINVAL with "FILE:LINE: what is wrong" lines. NULL: reads none.
     */
    int (*check)(const char *home, const struct settings *settings, struct buf *errors);
    int (*open)(struct channel_state **ret, const struct channel_options *options);
    void (*close)(struct channel_state **state); /* forgets what is under way */
    void (*prepare)(struct channel_state *state, struct channel_letter *letter);
    void (*finish)(struct channel_state *state, struct channel_letter *letter);
    void (*abandon)(struct channel_state *state, struct channel_letter *letter);
    /* The end of a turn: what was begun in it is taken to stable storage together. */
    void (*flush)(struct channel_state *state);
};

extern const struct channel channel_maildir, channel_smtp;

#endif
