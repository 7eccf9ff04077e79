#include "services/notifier/work.h"
#include "common/arguments.h"
#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"
#include "proto/codec.h"
#include "services/notifier/compose.h"
#include "services/notifier/work_load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MOST 32
#define SAY_AGAIN ((msec)500) /* an arm or a result that was not answered */
#define TICK ((msec)250)
#define HELLO_EVERY (1 * SECONDS)
#define STORE_PAUSE ((msec)100)
#define REPLY_MAX 500

enum job_state { JOB_FREE, JOB_WAITING, JOB_PREPARING, JOB_ASKING, JOB_SENDING, JOB_TELLING };

struct job {
    struct channel_letter letter; /* first: the channel hands it back */
    enum job_state state;
    bool in_channel; /* between prepare() and done() or abandon() */
    msec said;       /* when ARM or RESULT was last said, by the boot clock */
    struct buf message;
    char message_id[256], recipient[256], sender[300];
    int64_t readdressed; /* as its row said when the recipient was read */
    const char *outcome; /* lasting */
    char reply[REPLY_MAX];
    char why[160]; /* for the log instead of the reply, which may name a person; empty: it does not
                    */
    bool bounced;
    msec wait;
};

struct work {
    struct work_options options;
    struct channel_state *channel;
    struct composer *composer;
    struct arena *arena;
    struct job *jobs;
    int64_t *numbers; /* of the jobs; 0: free. Apart, because every frame looks through them */
    unsigned capacity;
    struct buf frame;
    msec last_hello;
    bool draining;
    int exit_code;
};

static void on_turn(void *ctx);

/* ---- frames ---- */

static bool say(struct work *work, enum frame_type type, const void *frame) {
    buf_clear(&work->frame);
    frame_encode(type, frame, &work->frame);
    int rc = work->options.say(work->options.ctx, buf_as_bytes(&work->frame));
    if (rc < 0 && rc != -EAGAIN)
        log_warn("frame_not_sent", "type=%s error=%s", frame_shapes[type].name, strerror(-rc));
    return rc == 0;
}

static void say_hello(struct work *work) {
    struct frame_hello hello = {.process = TEXT_LIT("notifier"),
                                .boot = text_of(work->options.boot)};
    if (say(work, FRAME_HELLO, &hello))
        work->last_hello = clock_boot();
}

static void say_arm(struct work *work, struct job *job) {
    struct frame_arm arm = {.delivery = job->letter.delivery,
                            .attempt = job->letter.attempt,
                            .boot = text_of(work->options.boot),
                            .readdressed = job->readdressed,
                            .over = job->letter.until};
    job->said = clock_boot();
    (void)say(work, FRAME_ARM, &arm);
}

static void say_result(struct work *work, struct job *job) {
    struct frame_result result = {.delivery = job->letter.delivery,
                                  .attempt = job->letter.attempt,
                                  .boot = text_of(work->options.boot),
                                  .readdressed = job->readdressed,
                                  .outcome = text_of(job->outcome),
                                  .reply = text_of(job->reply),
                                  .bounced = job->bounced,
                                  .wait = job->wait};
    job->said = clock_boot();
    (void)say(work, FRAME_RESULT, &result);
}

/* ---- jobs ---- */

static struct job *find_job(struct work *work, int64_t delivery) {
    for (unsigned i = 0; i < work->capacity; i++)
        if (work->numbers[i] == delivery)
            return &work->jobs[i];
    return NULL;
}

static void free_job(struct work *work, struct job *job) {
    buf_clear(&job->message);
    struct buf message = job->message;
    *job = (struct job){.message = message};
    work->numbers[job - work->jobs] = 0;
}

static void take_back(struct work *work, struct job *job) {
    if (job->in_channel)
        work->options.channel->abandon(work->channel, &job->letter);
    job->in_channel = false;
}

static void give_up(struct work *work, struct job *job) {
    take_back(work, job);
    free_job(work, job);
}

/* From here on it is only about being heard. */
static void end_job(struct work *work, struct job *job, const char *outcome, const char *reply) {
    job->outcome = outcome;
    (void)snprintf(job->reply, sizeof job->reply, "%s", reply ? reply : "");
    job->state = JOB_TELLING;
    const char *shown = job->why[0] ? job->why : job->reply;
    if (strcmp(outcome, "accepted") == 0 || strcmp(outcome, "released") == 0)
        log_debug("letter_ended",
                  "delivery=%" PRId64 " attempt=%" PRId64 " outcome=%s reply=\"%s\"",
                  job->letter.delivery, job->letter.attempt, outcome, shown);
    else
        log_warn("letter_not_left",
                 "delivery=%" PRId64 " attempt=%" PRId64 " outcome=%s reply=\"%s\"",
                 job->letter.delivery, job->letter.attempt, outcome, shown);
    say_result(work, job);
}

static void on_ready(void *ctx, struct channel_letter *letter) {
    struct work *work = ctx;
    struct job *job = (struct job *)letter;
    if (fault_point("notifier.ready_not_armed") < 0) {
        give_up(work, job);
        return;
    }
    if (job->letter.until)
        log_info("arm_over", "delivery=%" PRId64 " it is asked for anew", letter->delivery);
    job->state = JOB_ASKING;
    say_arm(work, job);
}

static void on_done(void *ctx, struct channel_letter *letter,
                    const struct channel_outcome *outcome) {
    struct work *work = ctx;
    struct job *job = (struct job *)letter;
    job->in_channel = false;
    job->bounced = outcome->bounced;
    job->wait = outcome->wait;
    (void)snprintf(job->why, sizeof job->why, "%s", outcome->why ? outcome->why : "");
    if (fault_point("notifier.sent_not_reported") < 0) {
        end_job(work, job, "unknown", "the result was lost");
        return;
    }
    end_job(work, job, outcome->word, outcome->reply);
}

/* ---- composing ---- */

static struct letter_in letter_of(struct work *work, const struct work_load *load) {
    return (struct letter_in){.row = &load->row,
                              .occasion = &load->occasion,
                              .hash = load->hash,
                              .source = load->source,
                              .settings = work->options.settings,
                              .links = work->options.links,
                              .arena = work->arena};
}

static int compose_job(struct work *work, struct job *job, const struct work_load *load,
                       char why[LETTER_WHY_MAX]) {
    struct letter_in in = letter_of(work, load);
    struct letter_in *items = arena_take(work->arena, load->item_count * sizeof *items + 1);
    for (unsigned i = 0; i < load->item_count; i++) {
        items[i] = letter_of(work, &load->items[i]);
        items[i].digested = true;
    }
    in.items = items;
    in.item_count = load->item_count;
    struct text recipient;
    (void)snprintf(why, LETTER_WHY_MAX, "%s", load->why ? load->why : "");
    if (load->why)
        return -EBADMSG;
    buf_clear(&job->message);
    int rc = compose(work->composer, &in, &job->message, why);
    if (rc == 0)
        rc = compose_address(work->arena, load->row.address, &recipient);
    if (rc == 0)
        rc = text_copy(recipient, job->recipient, sizeof job->recipient);
    if (rc == 0)
        rc = text_copy(load->row.message_id, job->message_id, sizeof job->message_id);
    return rc;
}

/* Whom servers report to: "bounces+word@office.example", with the word of the Message-ID, so that a
 * report that names nothing else still says which letter it means. */
static void set_sender(const struct work *work, struct job *job) {
    struct text address = text_of(work->options.settings->bounce_address), local;
    struct text word = text_of(job->message_id), id = word;
    (void)snprintf(job->sender, sizeof job->sender, "%s", work->options.settings->sender);
    if (!address.n || !text_starts(id, "<") || !text_cut(&id, '@', &word) ||
        !text_cut(&address, '@', &local))
        return;
    (void)snprintf(job->sender, sizeof job->sender, "%.*s+%.*s@%.*s", TEXT_ARGS(local),
                   (int)word.n - 1, word.p + 1, TEXT_ARGS(address));
}

static void begin_job(struct work *work, struct job *job, const struct work_load *load) {
    char why[LETTER_WHY_MAX];
    bool is_open = text_is(load->row.state, "queued") || text_is(load->row.state, "deferred");
    job->readdressed = load->row.readdressed;
    if (!load->why && !is_open) {
        end_job(work, job, "released", "it is not to be sent any more");
        return;
    }
    if (compose_job(work, job, load, why) < 0) {
        end_job(work, job, "failed", why);
        return;
    }
    struct channel_letter *letter = &job->letter;
    letter->decided = load->row.decided;
    letter->message_id = text_of(job->message_id);
    set_sender(work, job);
    letter->sender = text_of(job->sender);
    letter->recipient = text_of(job->recipient);
    letter->message = buf_as_bytes(&job->message);
    job->state = JOB_PREPARING;
    job->in_channel = true;
    work->options.channel->prepare(work->channel, letter);
}

static void store_failed(struct work *work, int rc) {
    if (rc == -EIO) {
        log_error("storage_failed", "the core cannot be read; stopping");
        work->exit_code = EXIT_STORAGE;
        loop_stop(work->options.loop);
        return;
    }
    log_warn("core_not_read", "error=%s next_ms=%d", strerror(-rc), (int)STORE_PAUSE);
    loop_after(work->options.loop, STORE_PAUSE, on_turn, work);
}

/* The waiting ones with the lowest numbers first. */
static struct job *next_waiting(struct work *work, int64_t after) {
    struct job *next = NULL;
    for (unsigned i = 0; i < work->capacity; i++) {
        struct job *job = &work->jobs[i];
        if (work->numbers[i] > after && job->state == JOB_WAITING &&
            (!next || job->letter.delivery < next->letter.delivery))
            next = job;
    }
    return next;
}

/* One short transaction for all that this turn composes; composing needs none. */
static int load_batch(struct work *work, struct job *jobs[BATCH_MOST], struct work_load *loads,
                      unsigned *ret_count) {
    struct txn *txn = NULL;
    struct job *job = next_waiting(work, 0);
    *ret_count = 0;
    if (!job)
        return 0;
    int rc = store_begin_read(work->options.store, &txn);
    must(work->options.channel->batch <= BATCH_MOST);
    while (rc == 0 && job && *ret_count < work->options.channel->batch) {
        int64_t number = job->letter.delivery;
        rc = work_load(txn, number, work->arena, &loads[*ret_count]);
        if (rc == -ENOENT) {
            log_warn("row_missing", "delivery=%" PRId64, number);
            end_job(work, job, "released", "there is no such row");
            rc = 0;
        } else if (rc == 0) {
            jobs[(*ret_count)++] = job;
        }
        job = next_waiting(work, number);
    }
    store_abort(&txn);
    return rc;
}

/* The end of a turn: compose some, then let the channel sync what it was given, all together. */
static void on_turn(void *ctx) {
    struct work *work = ctx;
    struct job *jobs[BATCH_MOST];
    unsigned count = 0;
    if (!work->draining) {
        struct work_load *loads = arena_take(work->arena, BATCH_MOST * sizeof *loads);
        int rc = load_batch(work, jobs, loads, &count);
        if (rc < 0)
            store_failed(work, rc);
        for (unsigned i = 0; rc == 0 && i < count; i++)
            begin_job(work, jobs[i], &loads[i]);
        if (rc == 0 && next_waiting(work, 0))
            loop_soon(work->options.loop, on_turn, work);
        arena_reset(work->arena);
    }
    work->options.channel->flush(work->channel);
}

/* ---- what the scheduler says ---- */

/* A higher attempt says that the scheduler knows how the one before it ended. */
static bool is_superseded(const struct job *job, int64_t attempt) {
    return attempt > job->letter.attempt &&
           (job->state == JOB_WAITING || job->state == JOB_ASKING || job->state == JOB_TELLING);
}

static void take_deliver(struct work *work, const struct frame_deliver *frame) {
    struct job *job = find_job(work, frame->delivery);
    if (work->draining || (job && !is_superseded(job, frame->attempt)))
        return;
    if (job)
        give_up(work, job);
    job = find_job(work, 0);
    if (!job) {
        log_debug("hint_left", "delivery=%" PRId64, frame->delivery);
        return;
    }
    job->state = JOB_WAITING;
    job->letter.delivery = frame->delivery;
    job->letter.attempt = frame->attempt;
    work->numbers[job - work->jobs] = frame->delivery;
    loop_soon(work->options.loop, on_turn, work);
}

/* The answer to an arm that was said twice, when the first answer was a no: nobody will use it. */
static void release_strange(struct work *work, const struct frame_armed *frame) {
    struct job *job = find_job(work, 0);
    if (!job || !frame->granted)
        return;
    job->letter.delivery = frame->delivery;
    job->letter.attempt = frame->attempt;
    job->readdressed = frame->readdressed;
    work->numbers[job - work->jobs] = frame->delivery;
    end_job(work, job, "released", "nobody asked for it any more");
}

static void take_armed(struct work *work, const struct frame_armed *frame) {
    struct job *job = find_job(work, frame->delivery);
    if (!job)
        release_strange(work, frame);
    if (!job || job->state != JOB_ASKING || job->letter.attempt != frame->attempt ||
        job->readdressed != frame->readdressed)
        return;
    if (!frame->granted) { /* it may be armed, by an answer that was lost or is over */
        take_back(work, job);
        end_job(work, job, "released", "the arm was refused");
        return;
    }
    job->state = JOB_SENDING;
    job->letter.until = frame->until;
    if (fault_point("notifier.armed_not_sent") < 0) {
        take_back(work, job);
        end_job(work, job, "deferred", "it was not sent");
        return;
    }
    work->options.channel->finish(work->channel, &job->letter);
    loop_soon(work->options.loop, on_turn, work);
}

static void take_recorded(struct work *work, const struct frame_recorded *frame) {
    struct job *job = find_job(work, frame->delivery);
    if (job && job->state == JOB_TELLING && job->letter.attempt <= frame->attempt)
        free_job(work, job);
}

/* ---- time ---- */

static unsigned count_jobs(const struct work *work) {
    unsigned count = 0;
    for (unsigned i = 0; i < work->capacity; i++)
        count += work->numbers[i] != 0;
    return count;
}

static void on_tick(void *ctx) {
    struct work *work = ctx;
    msec now = clock_boot();
    if (now - work->last_hello >= HELLO_EVERY)
        say_hello(work);
    for (unsigned i = 0; i < work->capacity; i++) {
        struct job *job = &work->jobs[i];
        if (work->numbers[i] == 0 || now - job->said < SAY_AGAIN)
            continue;
        if (job->state == JOB_ASKING)
            say_arm(work, job);
        else if (job->state == JOB_TELLING)
            say_result(work, job);
    }
    if (work->draining && count_jobs(work) == 0)
        loop_stop(work->options.loop);
    else
        loop_after(work->options.loop, TICK, on_tick, work);
}

int work_open(struct work **ret, const struct work_options *options) {
    struct work *work = calloc(1, sizeof *work);
    must(work);
    work->options = *options;
    struct channel_options channel = {.home = options->home,
                                      .settings = options->settings,
                                      .loop = options->loop,
                                      .ctx = work,
                                      .ready = on_ready,
                                      .done = on_done};
    int rc = options->channel->open(&work->channel, &channel);
    if (rc < 0) {
        free(work);
        return rc;
    }
    work->capacity = (unsigned)options->settings->in_flight * 2;
    work->jobs = calloc(work->capacity, sizeof *work->jobs);
    work->numbers = calloc(work->capacity, sizeof *work->numbers);
    must(work->jobs && work->numbers);
    for (unsigned i = 0; i < work->capacity; i++)
        buf_init(&work->jobs[i].message, COMPOSE_MAX);
    buf_init(&work->frame, 4096);
    work->arena = arena_new();
    work->composer = composer_new();
    say_hello(work);
    loop_after(options->loop, TICK, on_tick, work);
    *ret = work;
    return 0;
}

int work_close(struct work **work) {
    struct work *w = *work;
    if (!w)
        return 0;
    int exit_code = w->exit_code;
    loop_cancel(w->options.loop, on_turn, w);
    loop_cancel(w->options.loop, on_tick, w);
    w->options.channel->close(&w->channel);
    for (unsigned i = 0; i < w->capacity; i++)
        buf_free(&w->jobs[i].message);
    composer_free(&w->composer);
    arena_free(&w->arena);
    buf_free(&w->frame);
    free(w->jobs);
    free(w->numbers);
    free(w);
    *work = NULL;
    return exit_code;
}

void work_take(struct work *work, struct bytes bytes) {
    enum frame_type type;
    union any_frame frame;
    if (frame_decode(bytes, &type, &frame) < 0) {
        log_warn("frame_rejected", "bytes=%zu", bytes.n);
        return;
    }
    if (type == FRAME_DELIVER)
        take_deliver(work, &frame.deliver);
    else if (type == FRAME_ARMED)
        take_armed(work, &frame.armed);
    else if (type == FRAME_RECORDED)
        take_recorded(work, &frame.recorded);
}

/* What was not asked for yet goes back to the queue. An arm that was asked may be granted by now,
 * so its answer is waited for. */
void work_drain(struct work *work) {
    work->draining = true;
    for (unsigned i = 0; i < work->capacity; i++) {
        struct job *job = &work->jobs[i];
        if (job->state != JOB_WAITING && job->state != JOB_PREPARING)
            continue;
        job->outcome = "released";
        say_result(work, job);
        give_up(work, job);
    }
    loop_after(work->options.loop, 0, on_tick, work);
}
