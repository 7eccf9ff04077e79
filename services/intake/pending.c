#include "services/intake/pending.h"

#include <stdlib.h>

#include "common/clock.h"

#define BUCKETS 32768

struct waiter {
    uint64_t seq;
    struct ask *ask;
    unsigned slot;
    bool again;
    msec until;                   /* of the boot clock */
    struct waiter *older, *newer; /* in order of time */
    struct waiter *next;          /* in its bucket, or of the spare ones */
};

struct pending {
    struct loop *loop;
    const struct askers *askers;
    struct waiter *oldest, *newest, *spare;
    struct waiter *buckets[BUCKETS];
    struct waiter waiters[PENDING_MAX];
};

static struct waiter **bucket_of(struct pending *pending, uint64_t seq) {
    return &pending->buckets[seq % BUCKETS];
}

static void tell(const struct waiter *waiter, const struct answer *answer) {
    struct answer ours = *answer;
    ours.seq = waiter->seq;
    ours.again = waiter->again;
    ask_answer(waiter->ask, waiter->slot, &ours);
}

/* Takes the waiter that *at points to out of everything and tells it. */
static void end_wait(struct pending *pending, struct waiter **at, const struct answer *answer) {
    struct waiter *waiter = *at;
    *at = waiter->next;
    *(waiter->older ? &waiter->older->newer : &pending->oldest) = waiter->newer;
    *(waiter->newer ? &waiter->newer->older : &pending->newest) = waiter->older;
    tell(waiter, answer);
    waiter->next = pending->spare;
    pending->spare = waiter;
}

static void end_oldest(struct pending *pending) {
    static const struct answer accepted = {.status = "accepted"};
    struct waiter **at = bucket_of(pending, pending->oldest->seq);
    while (*at != pending->oldest)
        at = &(*at)->next;
    end_wait(pending, at, &accepted);
}

static void on_time(void *ctx) {
    struct pending *pending = ctx;
    msec now = clock_boot();
    while (pending->oldest && pending->oldest->until <= now)
        end_oldest(pending);
    if (pending->oldest)
        loop_after(pending->loop, pending->oldest->until - now, on_time, pending);
}

struct pending *pending_new(struct loop *loop, const struct askers *askers) {
    struct pending *pending = calloc(1, sizeof *pending);
    must(pending != NULL);
    pending->loop = loop;
    pending->askers = askers;
    for (unsigned i = 0; i < PENDING_MAX; i++) {
        pending->waiters[i].next = pending->spare;
        pending->spare = &pending->waiters[i];
    }
    return pending;
}

void pending_free(struct pending **pending) {
    if (!*pending)
        return;
    pending_release(*pending);
    loop_cancel((*pending)->loop, on_time, *pending);
    free(*pending);
    *pending = NULL;
}

void pending_add(struct pending *pending, uint64_t seq, bool again, struct ask *ask,
                 unsigned slot) {
    struct waiter *waiter = pending->spare;
    struct waiter **bucket = bucket_of(pending, seq);
    /* Slots of an array that are answered are held as long as one of it waits. */
    if (!waiter || pending->askers->slots > PENDING_MAX) {
        ask_answer(ask, slot, &(struct answer){.status = "accepted", .seq = seq, .again = again});
        return;
    }
    pending->spare = waiter->next;
    *waiter = (struct waiter){.seq = seq,
                              .ask = ask,
                              .slot = slot,
                              .again = again,
                              .until = clock_boot() + PENDING_WAIT,
                              .older = pending->newest,
                              .next = *bucket};
    *bucket = waiter;
    *(pending->newest ? &pending->newest->newer : &pending->oldest) = waiter;
    pending->newest = waiter;
    if (pending->oldest == waiter)
        loop_after(pending->loop, PENDING_WAIT, on_time, pending);
}

void pending_decide(struct pending *pending, uint64_t seq, const struct answer *answer) {
    struct waiter **at = bucket_of(pending, seq);
    while (*at)
        if ((*at)->seq == seq)
            end_wait(pending, at, answer);
        else
            at = &(*at)->next;
}

void pending_release(struct pending *pending) {
    while (pending->oldest)
        end_oldest(pending);
}
