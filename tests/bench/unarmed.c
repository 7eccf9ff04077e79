/* unarmed - the notifier without the arm: what arming costs is measured against it.
 *
 * The whole of the real one, but its channel takes the last step by itself. For smtp.py only. */
#include "common/clock.h"
#include "services/notifier/channel.h"

#include <stdlib.h>

#define LEASE (5 * SECONDS)

struct channel_state {
    struct channel_options options;
    struct channel_state *inner;
};

static void on_ready(void *ctx, struct channel_letter *letter) {
    struct channel_state *state = ctx;
    letter->until = clock_boot() + LEASE;
    channel_smtp.finish(state->inner, letter);
}

static void on_done(void *ctx, struct channel_letter *letter,
                    const struct channel_outcome *outcome) {
    struct channel_state *state = ctx;
    state->options.done(state->options.ctx, letter, outcome);
}

static int open_unarmed(struct channel_state **ret, const struct channel_options *options) {
    struct channel_state *state = calloc(1, sizeof *state);
    must(state);
    state->options = *options;
    struct channel_options inner = *options;
    inner.ctx = state;
    inner.ready = on_ready;
    inner.done = on_done;
    int rc = channel_smtp.open(&state->inner, &inner);
    if (rc < 0)
        free(state);
    else
        *ret = state;
    return rc;
}

static void close_unarmed(struct channel_state **state) {
    channel_smtp.close(&(*state)->inner);
    free(*state);
    *state = NULL;
}

static void prepare(struct channel_state *state, struct channel_letter *letter) {
    channel_smtp.prepare(state->inner, letter);
}

static void finish(struct channel_state *state, struct channel_letter *letter) {
    channel_smtp.finish(state->inner, letter);
}

static void abandon(struct channel_state *state, struct channel_letter *letter) {
    channel_smtp.abandon(state->inner, letter);
}

static void flush(struct channel_state *state) {
    channel_smtp.flush(state->inner);
}

static const struct channel channel_unarmed = {
    .name = "smtp",
    .batch = 2,
    .open = open_unarmed,
    .close = close_unarmed,
    .prepare = prepare,
    .finish = finish,
    .abandon = abandon,
    .flush = flush,
};

#define channel_smtp channel_unarmed
#include "services/notifier/main.c"
