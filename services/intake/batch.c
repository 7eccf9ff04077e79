#include "services/intake/batch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "common/token.h"
#include "proto/codec.h"

#define EVENT_EXTRA 512 /* of an encoded event, beside its body */

struct listener { /* who asked for an event of the batch */
    uint64_t seq;
    struct ask *ask;
    unsigned slot;
    bool again, early;
};

struct batch {
    struct batch_options options;
    uint64_t next; /* the number of the first event; we alone append, so it is known */
    struct journal_entry entries[BATCH_EVENTS];
    size_t starts[BATCH_EVENTS];
    unsigned count;
    struct buf payloads;
    struct listener listeners[BATCH_WAITERS];
    unsigned listener_count;
    bool is_full;    /* the disk; it was logged */
    bool is_crowded; /* too many keys; it was logged */
    bool is_failed;  /* nothing may be appended any more */
};

struct looking { /* for one key */
    struct batch *batch;
    struct journal_digest wanted;
    bool is_damaged;
    uint8_t content[JOURNAL_HASH_BYTES]; /* that was said under it */
    bool is_it;
};

static const struct answer retry = {
    .status = "retry",
    .code = {"full", 4},
    .text = {"nothing was stored; say it again later", 38},
};
static const struct answer unknown = {.status = "unknown"};

static void on_turn(void *ctx) {
    batch_commit(ctx);
}

/* The keys are a table of millions: the place is fetched while the content is summed up. */
static void digest(const struct memory *memory, struct text owner, const struct door_item *item,
                   instant now, struct journal_digest *ret) {
    const struct bytes key[] = {{owner.p, owner.n}, {item->id.p, item->id.n}};
    token_hash16(key, COUNT_OF(key), ret->key);
    memory_expect(memory, ret->key);
    token_sum16((struct bytes){item->type.p, item->type.n}, item->body, ret->content);
    ret->received = now;
}

static int compare(void *ctx, uint64_t seq, const struct journal_digest *found) {
    struct looking *looking = ctx;
    (void)seq;
    looking->is_it = memcmp(found->key, looking->wanted.key, JOURNAL_HASH_BYTES) == 0;
    memcpy(looking->content, found->content, JOURNAL_HASH_BYTES);
    return 1;
}

/* A damaged digest cannot say whose it is. That it is another's is less likely than 1 in 2^60, and
 * taking it for new could do everything twice. */
static int is_key(void *ctx, uint64_t seq) {
    struct looking *looking = ctx;
    const struct batch *batch = looking->batch;
    int r;
    if (seq >= batch->next) {
        (void)compare(looking, seq, &batch->entries[seq - batch->next].digest);
        return looking->is_it;
    }
    looking->is_it = false;
    r = journal_digests(batch->options.journal, seq, 1, compare, looking);
    if (r == -EBADMSG) {
        looking->is_damaged = true;
        return 1;
    }
    return r < 0 ? r : looking->is_it;
}

static void fail(struct batch *batch, const char *what, int error) {
    if (batch->is_failed)
        return;
    batch->is_failed = true;
    log_error("inbox_failed", "at=%s error=%s; ending, what was asked is answered unknown", what,
              strerror(-error));
    batch->options.on_failed(batch->options.ctx, error);
}

static void add_listener(struct batch *batch, uint64_t seq, const struct door_item *item,
                         bool again, struct ask *ask, unsigned slot) {
    must(batch->listener_count < BATCH_WAITERS);
    batch->listeners[batch->listener_count++] =
        (struct listener){seq, ask, slot, again, item->early};
}

/* What cannot be remembered is not accepted. */
static bool remember(struct batch *batch, const struct journal_digest *digest, uint64_t seq) {
    int r = memory_put(batch->options.memory, digest->key, seq);
    if (r < 0 && !batch->is_crowded)
        log_error("too_many_keys",
                  "keys=%" PRIu64 " error=%s; new events are answered retry until some are "
                  "forgotten: a smaller remember_keys forgets them sooner",
                  memory_count(batch->options.memory), strerror(-r));
    if (r == 0 && batch->is_crowded)
        log_info("keys_have_room", "keys=%" PRIu64, memory_count(batch->options.memory));
    batch->is_crowded = r < 0;
    return r == 0;
}

static void add_new(struct batch *batch, struct text owner, const struct door_item *item,
                    const struct journal_digest *digest, struct ask *ask, unsigned slot) {
    struct journal_entry *entry = &batch->entries[batch->count];
    uint64_t seq = batch->next + batch->count;
    struct rec_event event = {
        .owner = owner,
        .id = item->id,
        .type = item->type,
        .received = digest->received,
        .body = item->body,
    };
    if (!remember(batch, digest, seq)) {
        ask_answer(ask, slot, &retry);
        return;
    }
    batch->starts[batch->count] = batch->payloads.n;
    codec_encode(&rec_shapes[REC_EVENT], &event, &batch->payloads);
    must(!batch->payloads.over);
    entry->payload.n = batch->payloads.n - batch->starts[batch->count];
    entry->digest = *digest;
    batch->count++;
    add_listener(batch, seq, item, false, ask, slot);
}

static void add_again(struct batch *batch, const struct looking *looking, uint64_t seq,
                      const struct door_item *item, struct ask *ask, unsigned slot) {
    if (!looking->is_damaged &&
        memcmp(looking->content, looking->wanted.content, JOURNAL_HASH_BYTES) != 0) {
        ask_answer(ask, slot,
                   &(struct answer){.status = "conflict",
                                    .seq = seq < batch->next ? seq : 0,
                                    .again = true,
                                    .code = TEXT_LIT("conflict"),
                                    .field = TEXT_LIT("id"),
                                    .text = TEXT_LIT("was used for something else")});
    } else if (seq >= batch->next) {
        add_listener(batch, seq, item, true, ask, slot);
    } else if (item->early) {
        ask_answer(ask, slot, &(struct answer){.status = "accepted", .seq = seq, .again = true});
    } else {
        pending_add(batch->options.pending, seq, true, ask, slot);
        batch->options.on_ask(batch->options.ctx, seq);
    }
}

static void tell_all(struct batch *batch, const struct answer *answer) {
    for (unsigned i = 0; i < batch->listener_count; i++)
        ask_answer(batch->listeners[i].ask, batch->listeners[i].slot, answer);
    batch->listener_count = 0;
}

static void tell_accepted(struct batch *batch) {
    for (unsigned i = 0; i < batch->listener_count; i++) {
        const struct listener *who = &batch->listeners[i];
        if (who->early)
            ask_answer(
                who->ask, who->slot,
                &(struct answer){.status = "accepted", .seq = who->seq, .again = who->again});
        else
            pending_add(batch->options.pending, who->seq, who->again, who->ask, who->slot);
    }
    batch->listener_count = 0;
}

static uint64_t first_awaited(const struct batch *batch) {
    uint64_t first = 0;
    for (unsigned i = 0; i < batch->listener_count; i++)
        if (!batch->listeners[i].early && (first == 0 || batch->listeners[i].seq < first))
            first = batch->listeners[i].seq;
    return first;
}

static int append(struct batch *batch) {
    uint64_t first;
    for (unsigned i = 0; i < batch->count; i++)
        batch->entries[i].payload.p = batch->payloads.p + batch->starts[i];
    int r = fault_point("intake.before_append");
    if (r == 0)
        r = journal_append(batch->options.journal, batch->entries, batch->count,
                           asides_list(batch->options.asides), batch->options.asides->count,
                           &first);
    if (r == 0)
        must(batch->count == 0 || first == batch->next);
    return r;
}

static void forget(struct batch *batch) {
    for (unsigned i = 0; i < batch->count; i++)
        memory_del(batch->options.memory, batch->entries[i].digest.key, batch->next + i);
}

static void was_appended(struct batch *batch) {
    unsigned count = batch->count;
    if (batch->is_full)
        log_info("inbox_has_room", "next=%" PRIu64, batch->next);
    batch->is_full = false;
    batch->next += count;
    batch->count = 0;
    if (count > 0) {
        batch->options.on_accepted(batch->options.ctx, batch->next - 1, first_awaited(batch));
        (void)fault_point("intake.committed_not_answered");
    }
    tell_accepted(batch);
}

static void was_not_appended(struct batch *batch, int error) {
    forget(batch);
    if (error != -ENOSPC) {
        fail(batch, "append", error);
        tell_all(batch, &unknown);
        return;
    }
    if (!batch->is_full)
        log_error("inbox_full", "events=%u; they are answered retry until there is room",
                  batch->count);
    batch->is_full = true;
    tell_all(batch, &retry);
}

int batch_new(struct batch **ret, const struct batch_options *options) {
    uint64_t first, last;
    int r = journal_range(options->journal, &first, &last);
    if (r < 0)
        return r;
    struct batch *batch = calloc(1, sizeof *batch);
    must(batch != NULL);
    batch->options = *options;
    batch->next = last + 1;
    buf_init(&batch->payloads, BATCH_BYTES + 2 * (DOOR_REQUEST_BYTES + EVENT_EXTRA));
    *ret = batch;
    return 0;
}

void batch_free(struct batch **batch) {
    if (!*batch)
        return;
    tell_all(*batch, &retry);
    loop_cancel((*batch)->options.loop, on_turn, *batch);
    buf_free(&(*batch)->payloads);
    free(*batch);
    *batch = NULL;
}

void batch_add(struct batch *batch, struct text owner, const struct door_item *item,
               struct ask *ask, unsigned slot) {
    struct looking looking = {.batch = batch};
    uint64_t seq;
    int r;
    must(item->is_good);
    digest(batch->options.memory, owner, item, batch->options.now(batch->options.ctx),
           &looking.wanted);
    r = batch->is_failed
            ? -EIO
            : memory_find(batch->options.memory, looking.wanted.key, is_key, &looking, &seq);
    if (r == 0)
        add_again(batch, &looking, seq, item, ask, slot);
    else if (r == -ENOENT && !room_for(batch->options.room, item->type))
        ask_answer(ask, slot, &retry);
    else if (r == -ENOENT)
        add_new(batch, owner, item, &looking.wanted, ask, slot);
    else if (r == -EAGAIN) /* all places for readers are taken */
        ask_answer(ask, slot, &retry);
    else {
        fail(batch, "digest", r);
        ask_answer(ask, slot, &unknown);
    }
    if (batch->count == BATCH_EVENTS || batch->listener_count == BATCH_WAITERS ||
        batch->payloads.n >= BATCH_BYTES)
        batch_commit(batch);
    else
        batch_wake(batch);
}

void batch_wake(struct batch *batch) {
    loop_soon(batch->options.loop, on_turn, batch);
}

void batch_commit(struct batch *batch) {
    int r;
    if (batch->count == 0 && batch->options.asides->count == 0)
        return;
    r = batch->is_failed ? -EIO : append(batch);
    if (r == -ENOSPC && room_make(batch->options.room))
        r = append(batch);
    if (r == 0)
        was_appended(batch);
    else
        was_not_appended(batch, r);
    batch->count = 0;
    buf_clear(&batch->payloads);
    asides_clear(batch->options.asides);
}

uint64_t batch_last(const struct batch *batch) {
    return batch->next - 1;
}
