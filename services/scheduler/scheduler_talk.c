#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"
#include "services/scheduler/scheduler.h"

#define FRAME_MAX (64 * 1024)
#define FACTS_A_TURN 4000
#define RESULT_WAIT ((msec)5)

void scheduler_send(struct scheduler *s, const struct peer *to, enum frame_type type,
                    const void *frame) {
    struct buf b;
    if (type != FRAME_STATE && fault_point("scheduler.hint") < 0)
        return;
    buf_init(&b, FRAME_MAX);
    frame_encode(type, frame, &b);
    must(!b.over);
    int rc = bus_send(s->door, to, buf_as_bytes(&b));
    if (rc) /* a hint: it is asked for again, or looked up */
        log_debug("hint_lost", "type=%s error=%s", frame_shapes[type].name, strerror(-rc));
    buf_free(&b);
}

/* Kept until the next commit: arms and results change the core. */
static void keep(struct scheduler *s, const struct peer *from, enum frame_type type,
                 struct bytes payload) {
    struct said *f = malloc(sizeof *f + payload.n);
    must(f);
    *f = (struct said){.from = *from, .type = type, .size = payload.n};
    memcpy(f->bytes, payload.p, payload.n);
    *s->said_end = f;
    s->said_end = &f->next;
    ++*(type == FRAME_ARM ? &s->said_arms : &s->said_results);
}

/* A connection stands still until its arm is on the disk; nobody waits for a result. While other
 * letters are under way it waits a little for an arm to share a commit with, so that an arm rarely
 * comes when one is running already. */
static bool may_wait(const struct scheduler *s) {
    return s->said_arms == 0 && s->said_results < s->assigned_count;
}

static void on_intake(struct scheduler *s, const struct peer *from) {
    s->intake = *from;
    s->has_intake = true;
}

static void on_hello(struct scheduler *s, const struct peer *from, const struct frame_hello *f) {
    if (text_is(f->process, "intake")) {
        on_intake(s, from);
        scheduler_tell_keep(s);
        return;
    }
    if (!s->has_notifier || !text_is(f->boot, s->notifier_boot)) {
        scheduler_notifier_gone(s);
        if (text_copy(f->boot, s->notifier_boot, sizeof s->notifier_boot))
            return;
        log_info("notifier_here", "boot=%s", s->notifier_boot);
    }
    s->notifier = *from;
    s->has_notifier = true;
    s->notifier_silent = 0;
}

static void on_ask_state(struct scheduler *s, const struct peer *from,
                         const struct frame_ask_state *f) {
    unsigned i = 0;
    while (i < s->asker_count && (s->askers[i].peer.id_len != from->id_len ||
                                  memcmp(s->askers[i].peer.id, from->id, from->id_len) != 0))
        i++;
    if (i == ASKERS_MAX)
        return;
    s->askers[i] = (struct asker){*from, f->wait, f->no};
    if (i == s->asker_count)
        s->asker_count++;
}

static void tell_one(struct scheduler *s, const struct rec_decision *d) {
    struct frame_decided f = {.seq = d->seq,
                              .status = d->status,
                              .code = d->code,
                              .field = d->field,
                              .text = d->text,
                              .result = d->result};
    scheduler_send(s, &s->intake, FRAME_DECIDED, &f);
}

static void tell_decided(struct scheduler *s, uint64_t from, uint64_t to) {
    struct txn *txn;
    if (!s->has_intake || from > to || store_begin_read(s->core, &txn))
        return;
    for (uint64_t seq = from; seq <= to; seq++) {
        struct rec_decision d;
        struct complaint c;
        struct bytes value;
        struct key k = key_no(seq);
        if (store_get(txn, TABLE_DECISION, key_bytes(&k), &value) == 0 &&
            codec_decode(&rec_shapes[REC_DECISION], CODEC_STORED, value, &d, &c) == 0)
            tell_one(s, &d);
    }
    store_abort(&txn);
}

static void on_ask_decision(struct scheduler *s, const struct frame_ask_decision *f) {
    if ((uint64_t)f->seq <= s->position)
        tell_decided(s, (uint64_t)f->seq, (uint64_t)f->seq);
}

static void on_accepted(struct scheduler *s, const struct frame_accepted *f) {
    uint64_t from = (uint64_t)f->awaited, to = (uint64_t)f->seq;
    if (!from)
        return;
    if (from <= s->position) /* we read them before we were told */
        tell_decided(s, from, s->position < to ? s->position : to);
    if (to > s->position) {
        s->awaited_from = s->awaited_to && s->awaited_from < from ? s->awaited_from : from;
        s->awaited_to = to;
    }
}

/* Intake hears of the events it waits for, and of the last one, which says how far we are. */
void scheduler_tell_applied(struct scheduler *s, uint64_t first, uint64_t last) {
    uint64_t from = s->awaited_from > first ? s->awaited_from : first;
    uint64_t to = s->awaited_to < last ? s->awaited_to : last;
    tell_decided(s, from, to);
    if (to < last || from > to)
        tell_decided(s, last, last);
    if (s->awaited_to <= last)
        s->awaited_from = s->awaited_to = 0;
}

static void on_waited(void *ctx) {
    struct scheduler *s = ctx;
    loop_soon(s->loop, scheduler_turn, s);
}

/* Events nobody waits for share a commit with those that follow, and leave the disk to intake. */
static bool may_gather(const struct scheduler *s) {
    return !s->awaited_to && clock_boot() - s->turned < EVENTS_PACE;
}

/* A call of its own: neither wait moves the other's end. */
static void on_gathered(void *ctx) {
    on_waited(ctx);
}

void scheduler_heard(void *ctx, const struct peer *from, struct bytes payload) {
    struct scheduler *s = ctx;
    enum frame_type type;
    union any_frame f;
    if (frame_decode(payload, &type, &f)) {
        log_warn("frame_rejected", "bytes=%zu ignoring", payload.n);
        return;
    }
    switch (type) {
    case FRAME_HELLO:
        on_hello(s, from, &f.hello);
        break;
    case FRAME_ACCEPTED: /* after a start it may come before the hello */
        on_intake(s, from);
        on_accepted(s, &f.accepted);
        if (may_gather(s)) {
            loop_after(s->loop, s->turned + EVENTS_PACE - clock_boot(), on_gathered, s);
            return;
        }
        break;
    case FRAME_ARM:
    case FRAME_RESULT:
        keep(s, from, type, payload);
        if (may_wait(s)) {
            if (s->said_results == 1)
                loop_after(s->loop, RESULT_WAIT, on_waited, s);
            return;
        }
        break;
    case FRAME_ASK_DECISION:
        on_ask_decision(s, &f.ask_decision);
        break;
    case FRAME_ASK_STATE:
        on_ask_state(s, from, &f.ask_state);
        break;
    default:
        break; /* accepted, tick: the look that follows is the answer */
    }
    loop_soon(s->loop, scheduler_turn, s);
}

void scheduler_tell_facts(struct scheduler *s) {
    struct txn *txn;
    if (store_begin_read(s->core, &txn))
        return;
    for (unsigned i = 0; i < FACTS_A_TURN; i++) {
        struct rec_fact f;
        struct complaint c;
        struct bytes value;
        struct key k = key_no(s->told_fact + 1);
        if (store_get(txn, TABLE_FACT, key_bytes(&k), &value) ||
            codec_decode(&rec_shapes[REC_FACT], CODEC_STORED, value, &f, &c))
            break;
        int rc = bus_tell(s->radio, f.type, value);
        if (rc) /* whoever missed it reads from any number on */
            log_debug("fact_not_heard", "fact=%" PRId64 " error=%s", f.no, strerror(-rc));
        s->told_fact++;
    }
    store_abort(&txn);
}

void scheduler_tell_askers(struct scheduler *s, bool quiet, instant next) {
    uint64_t first = 0, last = 0;
    unsigned waiting = 0;
    if (s->asker_count == 0)
        return;
    if (s->inbox && journal_range(s->inbox, &first, &last))
        last = s->position;
    struct frame_state f = {.quiet = quiet,
                            .now = s->now,
                            .next = next,
                            .position = (int64_t)s->position,
                            .open = s->assigned_count,
                            .pending = last > s->position ? (int64_t)(last - s->position) : 0};
    for (unsigned i = 0; i < s->asker_count; i++)
        if (quiet || !s->askers[i].waits) {
            f.no = s->askers[i].no;
            scheduler_send(s, &s->askers[i].peer, FRAME_STATE, &f);
        } else {
            s->askers[waiting++] = s->askers[i];
        }
    s->asker_count = waiting;
}
