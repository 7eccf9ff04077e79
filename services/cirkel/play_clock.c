#include "services/cirkel/play_clock.h"

#include "common/bus.h"
#include "common/clock.h"
#include "proto/codec.h"
#include "services/cirkel/home.h"
#include "services/cirkel/supervise.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FRAME_MAX (64u << 10)
#define ASK_AGAIN SECONDS
#define PATIENCE (120 * SECONDS)
#define CLOCK_PATIENCE (10 * SECONDS) /* for a scheduler to look at the clock we moved */

struct play_clock {
    struct caller *caller;
    struct buf out, in;
    char path[HOME_PATH];
    pid_t supervisor;
    instant now;
    int64_t question; /* each time that it settles asks another one */
};

static int say(struct play_clock *clock, enum frame_type type, const void *frame) {
    int rc;

    buf_clear(&clock->out);
    frame_encode(type, frame, &clock->out);
    rc = caller_send(clock->caller, buf_as_bytes(&clock->out));
    return rc == -EAGAIN ? 0 : rc; /* it may be starting again: we ask again */
}

static int ask(struct play_clock *clock) {
    struct frame_tick tick = {.now = clock->now};
    struct frame_ask_state state = {.wait = true, .no = clock->question};
    int rc = say(clock, FRAME_TICK, &tick);
    return rc ? rc : say(clock, FRAME_ASK_STATE, &state);
}

/* 0 when it tells that nothing is left to do at the moment we are at; *last is what was told. */
static int hear(struct play_clock *clock, msec wait, struct frame_state *last) {
    union any_frame frame;
    enum frame_type type;
    int rc = caller_recv(clock->caller, wait, &clock->in);

    if (rc)
        return rc;
    if (frame_decode(buf_as_bytes(&clock->in), &type, &frame) || type != FRAME_STATE)
        return -EAGAIN;
    if (frame.state.no != clock->question)
        return -EAGAIN; /* asked twice before, it was answered twice: much was said since */
    *last = frame.state;
    return last->quiet && last->pending == 0 && last->now == clock->now ? 0 : -EAGAIN;
}

/* Waits until nothing is left to do at this moment. */
static int settle(struct play_clock *clock, struct frame_state *ret) {
    msec began = clock_boot(), asked = 0;
    struct frame_state state = {0};
    int rc = -EAGAIN, code;

    clock->question++;
    while (rc == -EAGAIN || rc == -ETIMEDOUT) {
        msec now = clock_boot();
        if (now - began > PATIENCE)
            return -ETIMEDOUT;
        if (now - began > CLOCK_PATIENCE && state.now && state.now != clock->now)
            return -EXDEV;
        if (clock->supervisor && supervise_ended(clock->supervisor, &code))
            return -ECHILD;
        if (asked == 0 || now - asked >= ASK_AGAIN) {
            asked = now;
            rc = ask(clock);
            if (rc)
                return rc;
        }
        rc = hear(clock, ASK_AGAIN, &state);
    }
    if (rc == 0)
        *ret = state;
    return rc;
}

static int move_to(struct play_clock *clock, instant at) {
    int rc = clock_set(clock->path, at, false);
    if (rc == 0)
        clock->now = at;
    return rc;
}

/* The next moment at which something falls due, before `to`; else 0. */
static instant next_moment(const struct play_clock *clock, const struct frame_state *state,
                           instant to) {
    return state->next > clock->now && state->next < to ? state->next : 0;
}

static int advance(struct play_clock *clock, instant to, bool stay_at_last) {
    for (;;) {
        struct frame_state state;
        instant next;
        int rc = settle(clock, &state);

        if (rc || clock->now >= to)
            return rc;
        next = next_moment(clock, &state, to + stay_at_last);
        if (next == 0 && stay_at_last)
            return 0;
        rc = move_to(clock, next ? next : to);
        if (rc)
            return rc;
    }
}

int play_clock_open(struct play_clock **ret, const char *home, pid_t supervisor) {
    struct play_clock *clock = calloc(1, sizeof *clock);
    char endpoint[HOME_PATH + 8];
    struct bus_options options = {.endpoint = endpoint, .max_bytes = FRAME_MAX};
    int rc;

    must(clock != NULL);
    buf_init(&clock->out, FRAME_MAX);
    buf_init(&clock->in, FRAME_MAX);
    clock->supervisor = supervisor;
    home_path(clock->path, home, "run/clock");
    snprintf(endpoint, sizeof endpoint, "ipc://%s/run/scheduler.ipc", home);
    rc = clock_use(clock->path);
    if (rc == 0) {
        rc = move_to(clock, clock_now());
        if (rc == 0)
            rc = caller_open(&clock->caller, &options);
    }
    if (rc)
        play_clock_close(&clock);
    else
        *ret = clock;
    return rc;
}

void play_clock_close(struct play_clock **clock) {
    struct play_clock *gone = *clock;

    if (!gone)
        return;
    caller_close(&gone->caller);
    buf_free(&gone->out);
    buf_free(&gone->in);
    free(gone);
    *clock = NULL;
}

int play_clock_advance(struct play_clock *clock, instant to) {
    return advance(clock, to, false);
}

int play_clock_run_out(struct play_clock *clock, instant until) {
    return advance(clock, until, true);
}

instant play_clock_now(const struct play_clock *clock) {
    return clock->now;
}
