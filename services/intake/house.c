#include "services/intake/house.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arguments.h"
#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"
#include "common/pack.h"
#include "common/token.h"
#include "proto/codec.h"

#define HELLO_EVERY (1 * SECONDS)
#define KEEP_HOLDS (15 * SECONDS)
#define HINT_EVERY ((msec)10)
#define HELLO_AGAIN ((msec)20) /* until the scheduler is there to hear it */
#define FRAME_BYTES ((size_t)64 * 1024)
#define HIGH_WATER 100000 /* hints and decisions are small, and many in a burst */
#define BURST 2000

struct house {
    struct loop *loop;
    struct door *door;
    struct buf out;
    char boot[17];
    uint64_t position;
    uint64_t accepted, awaited; /* to be told */
    msec told;                  /* when we told last, of the boot clock */
    instant keep_now;           /* what the scheduler said last of what may go, ... */
    uint64_t keep_needed;
    msec keep_heard; /* ... and when, of the boot clock; 0: nothing yet */
    msec ahead;      /* of the clock, while that cannot be trusted */
    house_decided_fn *on_decided;
    void *ctx;
};

static bool say(struct house *house, enum frame_type type, const void *frame) {
    buf_clear(&house->out);
    frame_encode(type, frame, &house->out);
    must(!house->out.over);
    if (fault_point("intake.hint") < 0)
        return true; /* lost on the way */
    int r = bus_send(house->door, NULL, buf_as_bytes(&house->out));
    if (r < 0 && r != -EAGAIN)
        log_warn("hint_not_sent", "error=%s; the scheduler will find the event by itself",
                 strerror(-r));
    return r == 0;
}

static void hello(void *ctx) {
    struct house *house = ctx;
    struct frame_hello frame = {.process = TEXT_LIT("intake"), .boot = text_of(house->boot)};
    bool heard = say(house, FRAME_HELLO, &frame);
    loop_after(house->loop, heard ? HELLO_EVERY : HELLO_AGAIN, hello, house);
}

static void tell_accepted(void *ctx) {
    struct house *house = ctx;
    struct frame_accepted frame = {.seq = (int64_t)house->accepted,
                                   .awaited = (int64_t)house->awaited};
    house->told = clock_boot();
    loop_cancel(house->loop, tell_accepted, house);
    if (say(house, FRAME_ACCEPTED, &frame))
        house->awaited = 0;
    else /* the scheduler is starting; somebody may wait for it */
        loop_after(house->loop, HELLO_AGAIN, tell_accepted, house);
}

/* An event in quarantine is accepted: it is stored, and a person decides what becomes of it. */
static const char *status_of(struct text status) {
    return text_is(status, "applied")   ? "applied"
           : text_is(status, "refused") ? "refused"
                                        : "accepted";
}

static void trust_clock(void *ctx) {
    struct house *house = ctx;
    house->ahead = 0;
}

/* A virtual clock is moved by months between two frames. */
static void on_keep(struct house *house, const struct frame_keep *keep) {
    house->keep_now = keep->now;
    house->keep_needed = (uint64_t)keep->needed;
    house->keep_heard = clock_boot();
    house->ahead = keep->at && !clock_is_virtual() ? keep->at - clock_now() : 0;
    loop_after(house->loop, KEEP_HOLDS, trust_clock, house);
}

static void on_frame(void *ctx, const struct peer *from, struct bytes payload) {
    struct house *house = ctx;
    enum frame_type type;
    union any_frame frame;
    (void)from;
    bool is_read = frame_decode(payload, &type, &frame) == 0;
    if (is_read && type == FRAME_KEEP) {
        on_keep(house, &frame.keep);
        return;
    }
    if (!is_read || type != FRAME_DECIDED) {
        log_warn("frame_ignored", "bytes=%zu", payload.n);
        return;
    }
    const struct frame_decided *decided = &frame.decided;
    uint64_t seq = (uint64_t)decided->seq;
    struct answer answer = {.status = status_of(decided->status)};
    if (text_is(decided->status, "refused")) {
        answer.code = decided->code;
        answer.field = decided->field;
        answer.text = decided->text;
    }
    if (decided->result.n > 0 && pack_is_one(decided->result, CODEC_DEPTH))
        answer.result = decided->result;
    if (seq > house->position)
        house->position = seq;
    house->on_decided(house->ctx, seq, &answer);
}

int house_open(struct house **ret, struct loop *loop, struct bus *bus, const char *home,
               house_decided_fn *on_decided, void *ctx) {
    char endpoint[PATH_MAX];
    struct bus_options options = {
        .endpoint = endpoint, .max_bytes = FRAME_BYTES, .burst = BURST, .high_water = HIGH_WATER};
    uint64_t word;
    struct house *house = calloc(1, sizeof *house);
    must(house != NULL);
    house->loop = loop;
    house->on_decided = on_decided;
    house->ctx = ctx;
    buf_init(&house->out, FRAME_BYTES);
    token_random(&word, sizeof word);
    (void)snprintf(house->boot, sizeof house->boot, "%016" PRIx64, word);
    arguments_endpoint(home, "run/scheduler.ipc", endpoint);
    int r = bus_dial(bus, &options, on_frame, house, &house->door);
    if (r < 0) {
        free(house);
        return r;
    }
    hello(house);
    *ret = house;
    return 0;
}

void house_close(struct house **house) {
    if (!*house)
        return;
    loop_cancel((*house)->loop, hello, *house);
    loop_cancel((*house)->loop, tell_accepted, *house);
    loop_cancel((*house)->loop, trust_clock, *house);
    buf_free(&(*house)->out);
    free(*house);
    *house = NULL;
}

void house_tell_accepted(struct house *house, uint64_t last, uint64_t awaited) {
    msec since = clock_boot() - house->told;
    house->accepted = last;
    if (house->awaited == 0)
        house->awaited = awaited;
    if (awaited || since >= HINT_EVERY)
        tell_accepted(house);
    else
        loop_after(house->loop, HINT_EVERY - since, tell_accepted, house);
}

void house_ask_decision(struct house *house, uint64_t seq) {
    struct frame_ask_decision frame = {.seq = (int64_t)seq};
    say(house, FRAME_ASK_DECISION, &frame);
}

uint64_t house_position(const struct house *house) {
    return house->position;
}

instant house_now(const struct house *house) {
    return clock_now() + house->ahead;
}

bool house_keep(const struct house *house, instant *ret_now, uint64_t *ret_needed) {
    if (!house->keep_heard || clock_boot() - house->keep_heard > KEEP_HOLDS)
        return false;
    *ret_now = house->keep_now;
    *ret_needed = house->keep_needed;
    return true;
}
