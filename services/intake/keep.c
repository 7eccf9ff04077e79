#include "services/intake/keep.h"

#include <errno.h>

struct old {
    instant before;
    uint64_t position;
    uint64_t last; /* the last one that may go; 0: none */
};

static int note_old(void *ctx, uint64_t seq, const struct journal_digest *digest) {
    struct old *old = ctx;
    if (seq > old->position || digest->received >= old->before)
        return 1;
    old->last = seq;
    return 0;
}

static int drop_events(const struct keep *keep, instant now, uint64_t first, uint64_t position,
                       uint64_t *ret_dropped) {
    struct old old = {.before = now - keep->keep_events, .position = position};
    int r = journal_digests(keep->journal, first, KEEP_STEP, note_old, &old);
    if (r == -EBADMSG) {
        /* Events are dropped in order: the damaged one goes with the next old one after it. */
        uint64_t next = (old.last ? old.last : first - 1) + 2;
        r = journal_digests(keep->journal, next, KEEP_STEP, note_old, &old);
    }
    if (r < 0)
        return r;
    *ret_dropped = 0;
    if (old.last < first)
        return 0;
    r = journal_drop(keep->journal, old.last + 1, KEEP_STEP);
    if (r == 0)
        *ret_dropped = old.last + 1 - first;
    return r;
}

int keep_step(const struct keep *keep, instant now, uint64_t position, bool *ret_more) {
    uint64_t first, last, dropped = 0;
    unsigned forgotten = 0;
    int r = journal_range(keep->journal, &first, &last);
    if (r == 0 && first <= position && last > 0)
        r = drop_events(keep, now, first, position, &dropped);
    if (r == 0 && last > 0)
        r = memory_expire(keep->memory, keep->journal, now - keep->remember_keys, first, KEEP_STEP,
                          &forgotten);
    if (r == 0)
        *ret_more = dropped >= KEEP_STEP || forgotten >= KEEP_STEP;
    return r;
}
