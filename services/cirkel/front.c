#include "services/cirkel/front.h"

#include "common/bus.h"
#include "common/clock.h"
#include "common/pack.h"
#include "services/cirkel/home.h"
#include "services/cirkel/supervise.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRAME_MAX (1u << 20)
#define AGAIN_AFTER (2 * SECONDS)
#define RETRY_PAUSE 200
#define ACCEPTED_PATIENCE (30 * SECONDS) /* then "accepted" is the answer */

struct front {
    struct caller *caller;
    struct buf out, in;
    pid_t server; /* 0: nobody's child of ours */
};

struct talk { /* one front_say() */
    const struct line *lines;
    unsigned count;
    bool known[FRONT_BATCH];
    unsigned open, rounds;
    msec began;
    front_fn *fn;
    void *ctx;
};

static void read_error(struct pack_reader *r, struct answer *ret) {
    struct text key;
    uint32_t n;

    if (!pack_read_map(r, &n)) {
        (void)pack_skip(r);
        return;
    }
    while (n-- && pack_read_text(r, &key)) {
        struct text *to = text_is(key, "code")    ? &ret->code
                          : text_is(key, "field") ? &ret->field
                          : text_is(key, "text")  ? &ret->text
                                                  : NULL;
        if (!to || !pack_read_text(r, to))
            (void)pack_skip(r);
    }
}

static bool read_answer(struct bytes raw, struct text *ret_id, struct answer *ret) {
    struct pack_reader r = pack_read(raw);
    struct text key;
    uint32_t n;
    bool good = true;

    *ret = (struct answer){.raw = raw};
    *ret_id = TEXT_NONE;
    if (!pack_read_map(&r, &n))
        return false;
    while (good && n-- && pack_read_text(&r, &key)) {
        if (text_is(key, "id"))
            good = pack_read_text(&r, ret_id);
        else if (text_is(key, "status"))
            good = pack_read_text(&r, &ret->status);
        else if (text_is(key, "seq"))
            good = pack_read_int(&r, &ret->seq);
        else if (text_is(key, "again"))
            good = pack_read_bool(&r, &ret->again);
        else if (text_is(key, "result"))
            good = pack_read_raw(&r, &ret->result);
        else if (text_is(key, "error"))
            read_error(&r, ret);
        else
            good = pack_skip(&r);
    }
    return good && ret->status.p;
}

/* Whether it is to be said again, because it is not known yet what became of it. */
static bool is_open(const struct talk *talk, const struct answer *answer) {
    if (text_is(answer->status, "retry") || text_is(answer->status, "unknown"))
        return true;
    return text_is(answer->status, "accepted") && clock_boot() - talk->began < ACCEPTED_PATIENCE;
}

/* An answer that names no id was given to something unreadable: it belongs to its place. */
static unsigned find_line(const struct talk *talk, struct text id, unsigned at) {
    for (unsigned i = 0; i < talk->count; i++)
        if (!talk->known[i] && text_is(id, talk->lines[i].id))
            return i;
    return id.n == 0 && at < talk->count && !talk->known[at] ? at : talk->count;
}

/* False when it is about nothing that is open: the second answer to what was said twice. */
static bool take_answer(struct talk *talk, struct bytes raw, unsigned at) {
    struct answer answer;
    struct text id;
    unsigned i;

    if (!read_answer(raw, &id, &answer))
        return true;
    i = find_line(talk, id, at);
    if (i == talk->count)
        return false;
    if (is_open(talk, &answer))
        return true;
    answer.again = answer.again && talk->rounds == 1; /* else it was we who said it before */
    talk->known[i] = true;
    talk->open--;
    talk->fn(talk->ctx, &talk->lines[i], &answer);
    return true;
}

/* Whether they are to be followed by saying what is open again. */
static bool take_answers(struct talk *talk, struct bytes frame) {
    struct pack_reader r = pack_read(frame);
    struct bytes raw;
    uint32_t n = 1;
    bool ours = false;

    if (!pack_is_one(frame, PACK_DEPTH))
        return true;
    if (pack_peek(&r) == PACK_ARRAY && !pack_read_array(&r, &n))
        return true;
    for (unsigned at = 0; at < n && pack_read_raw(&r, &raw); at++)
        ours |= take_answer(talk, raw, at);
    return ours;
}

static int say_open_ones(struct front *front, const struct talk *talk) {
    int rc;

    buf_clear(&front->out);
    pack_array(&front->out, talk->open);
    for (unsigned i = 0; i < talk->count; i++)
        if (!talk->known[i])
            pack_raw(&front->out, buf_as_bytes(&talk->lines[i].request));
    if (front->out.over)
        return -EMSGSIZE;
    rc = caller_send(front->caller, buf_as_bytes(&front->out));
    return rc == -EAGAIN ? 0 : rc; /* it may come: we wait and say it again */
}

static void sleep_for(msec span) {
    struct timespec t = {span / SECONDS, (span % SECONDS) * 1000000};
    nanosleep(&t, NULL);
}

bool answer_is_refusal(const struct answer *answer) {
    return text_is(answer->status, "refused") || text_is(answer->status, "conflict") ||
           text_is(answer->status, "quarantined");
}

int front_open(struct front **ret, const char *home) {
    struct front *front = calloc(1, sizeof *front);
    char endpoint[HOME_PATH + 8];
    struct bus_options options = {.endpoint = endpoint, .max_bytes = FRAME_MAX};
    int rc;

    must(front != NULL);
    snprintf(endpoint, sizeof endpoint, "ipc://%s/run/intake.ipc", home);
    rc = caller_open(&front->caller, &options);
    if (rc) {
        free(front);
        return rc;
    }
    buf_init(&front->out, FRAME_MAX);
    buf_init(&front->in, FRAME_MAX);
    *ret = front;
    return 0;
}

void front_close(struct front **front) {
    struct front *gone = *front;

    if (!gone)
        return;
    caller_close(&gone->caller);
    buf_free(&gone->out);
    buf_free(&gone->in);
    free(gone);
    *front = NULL;
}

void front_watch(struct front *front, pid_t server) {
    front->server = server;
}

int front_say(struct front *front, const struct line *lines, unsigned count, msec patience,
              front_fn *fn, void *ctx) {
    struct talk talk = {.lines = lines, .count = count, .open = count, .fn = fn, .ctx = ctx};
    msec heard = clock_boot();
    bool again = true;
    int rc = 0, code;

    must(count <= FRONT_BATCH);
    talk.began = heard;
    while (rc == 0 && talk.open) {
        if (again) {
            rc = say_open_ones(front, &talk);
            talk.rounds++;
        }
        if (rc == 0)
            rc = caller_recv(front->caller, AGAIN_AFTER, &front->in);
        again = rc == -ETIMEDOUT;
        if (rc == 0) {
            heard = clock_boot();
            again = take_answers(&talk, buf_as_bytes(&front->in));
            if (talk.open && again)
                sleep_for(RETRY_PAUSE);
        } else if (again && front->server && supervise_ended(front->server, &code)) {
            rc = -ECHILD;
        } else if (again && clock_boot() - heard < patience) {
            rc = 0;
        }
    }
    return rc;
}
