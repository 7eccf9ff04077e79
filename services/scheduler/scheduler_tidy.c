/* What is let go of: inputs that a backup holds, that are older than keep_inputs or more than
 * keep_inputs_mb, or that an erasure takes with it. Intake keeps the events that the rest names,
 * and no others for long. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"
#include "services/scheduler/scheduler.h"

#define TIDY_EVERY (10 * SECONDS)
#define ROWS_A_TIME 2000
#define ROWS_TOO_MUCH 100 /* looked at anew then whether it is still too much */
#define MEGABYTE ((uint64_t)1 << 20)
#define ROWS_SCANNED 20000

struct letting_go {
    uint64_t last, before;   /* the last row; rows below this one a backup holds */
    instant erased, too_old; /* rows up to then go */
    bool too_much;           /* the oldest go */
};

static int on_first(void *ctx, const struct rec_input *input) {
    *(instant *)ctx = input->now;
    return 1;
}

static int on_event_of(void *ctx, const struct rec_input *input) {
    if (!text_is(input->kind, "event") && !text_is(input->kind, "aside"))
        return 0;
    *(uint64_t *)ctx = (uint64_t)input->first;
    return 1;
}

/* What was said of a person who was erased goes as soon as it would have without inputs being kept.
 */
static int erased_until(struct scheduler *s, struct txn *txn, instant *ret) {
    struct rec_decision decision;
    struct bytes value;
    uint64_t seq;
    int rc = meta_get(txn, "erased", &seq);
    struct key key = key_no(seq);
    *ret = 0;
    if (rc || !seq)
        return rc;
    rc = store_get(txn, TABLE_DECISION, key_bytes(&key), &value);
    if (rc == 0)
        rc = codec_decode(&rec_shapes[REC_DECISION], CODEC_LENIENT, value, &decision, NULL);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    *ret = decision.at;
    if (*ret >= s->now - s->settings.keep_events)
        *ret = s->now - s->settings.keep_events;
    return 0;
}

/* The rows and the events they name. */
static int find_too_much(struct scheduler *s, struct txn *txn, bool *ret) {
    uint64_t rows, events = 0;
    int rc = store_table_bytes(txn, TABLE_INPUTS, &rows);
    if (rc == 0 && s->inbox && s->needed)
        rc = journal_bytes(s->inbox, s->needed, &events);
    *ret = rc == 0 && rows + events > (uint64_t)s->settings.keep_inputs_mb * MEGABYTE;
    return rc;
}

static int find_limits(struct scheduler *s, struct txn *txn, struct letting_go *ret) {
    int rc = meta_get(txn, "inputs-from", &ret->before);
    if (rc == 0)
        rc = inputs_last(txn, &ret->last);
    if (rc == 0)
        rc = erased_until(s, txn, &ret->erased);
    ret->too_old = s->now - s->settings.keep_inputs;
    if (rc == 0)
        rc = find_too_much(s, txn, &ret->too_much);
    return rc;
}

static int may_go(const struct letting_go *l, uint64_t no, struct bytes row, bool *ret) {
    instant given = 0;
    int rc = inputs_each(row, on_first, &given);
    *ret =
        no < l->last && (no < l->before || given <= l->erased || given < l->too_old || l->too_much);
    return rc == 1 ? 0 : rc;
}

static int first_row(struct txn *txn, uint64_t from, uint64_t *ret_no, struct bytes *ret_row) {
    struct key at = key_no(from);
    struct bytes key;
    size_t skip = 0;
    int rc = store_seek(txn, TABLE_INPUTS, key_bytes(&at), &key, ret_row);
    if (rc)
        return rc;
    return key_next_u64(key, &skip, ret_no) ? 0 : -EBADMSG;
}

/* Once while we run; from then on `cirkel queues` says it. */
static void say_too_much(struct scheduler *s) {
    if (!s->let_go_early)
        log_warn("inputs_let_go",
                 "keep_inputs_mb=%" PRId64 " is reached; the oldest inputs go, and verify --replay "
                 "begins at the next backup: cirkel backup DIR",
                 s->settings.keep_inputs_mb);
    s->let_go_early = true;
}

static int let_go(struct scheduler *s, struct txn *txn, bool *ret_more) {
    struct letting_go l;
    int rc = find_limits(s, txn, &l);
    unsigned most = l.too_much ? ROWS_TOO_MUCH : ROWS_A_TIME, gone;
    for (gone = 0; rc == 0 && gone < most; ++gone) {
        struct bytes row;
        uint64_t no;
        bool may = false;
        rc = first_row(txn, 0, &no, &row);
        if (rc == 0)
            rc = may_go(&l, no, row, &may);
        if (rc || !may)
            break;
        struct key key = key_no(no);
        rc = store_del(txn, TABLE_INPUTS, key_bytes(&key));
    }
    *ret_more = gone == most;
    if (rc == 0 && gone && l.too_much)
        say_too_much(s);
    return rc == -ENOENT ? 0 : rc;
}

/* The first event that a row still names; none among those looked at: what was known before. */
static int find_needed(struct scheduler *s, struct txn *txn) {
    uint64_t no = 0, seq;
    struct bytes row;
    int rc = 0;
    for (unsigned i = 0; i < ROWS_SCANNED; i++) {
        rc = first_row(txn, no, &no, &row);
        if (rc)
            break;
        rc = inputs_each(row, on_event_of, &seq);
        if (rc == 1)
            s->needed = seq;
        if (rc)
            break;
        no++;
    }
    if (rc == -ENOENT)
        s->needed = s->position + 1;
    return rc == 1 || rc == -ENOENT ? 0 : rc;
}

static int look_first(struct scheduler *s, bool *ret_any) {
    struct letting_go l;
    struct txn *txn;
    struct bytes row;
    uint64_t no;
    int rc = store_begin_read(s->core, &txn);
    if (rc)
        return rc;
    rc = find_limits(s, txn, &l);
    if (rc == 0)
        rc = first_row(txn, 0, &no, &row);
    if (rc == 0)
        rc = may_go(&l, no, row, ret_any);
    if (rc == -ENOENT)
        rc = 0;
    if (rc == 0)
        rc = find_needed(s, txn);
    store_abort(&txn);
    return rc;
}

static int tidy(struct scheduler *s) {
    struct txn *txn;
    bool any = false, more = false;
    int rc = fault_point("scheduler.before_tidy");
    if (rc == 0)
        rc = look_first(s, &any);
    if (rc || !any)
        return rc;
    rc = store_begin_write(s->core, &txn);
    if (rc)
        return rc;
    rc = let_go(s, txn, &more);
    if (rc) {
        store_abort(&txn);
        return rc;
    }
    if (more)
        s->tidied = 0; /* there is more */
    return store_commit(&txn);
}

void scheduler_tidy(struct scheduler *s) {
    msec boot = clock_boot();
    if (s->tidied && boot - s->tidied < TIDY_EVERY)
        return;
    s->tidied = boot;
    int rc = tidy(s);
    if (rc == -EIO)
        scheduler_fail_stop("tidying inputs", rc);
    if (rc)
        log_warn("inputs_not_tidied", "error=%s tried again", strerror(-rc));
}

void scheduler_tell_keep(struct scheduler *s) {
    struct txn *txn;
    bool held = true;
    if (!s->needed || store_begin_read(s->core, &txn))
        return;
    struct bytes value;
    struct key key = key1(TEXT_LIT("clock"));
    held = store_get(txn, TABLE_HALT, key_bytes(&key), &value) != -ENOENT;
    store_abort(&txn);
    struct frame_keep f = {
        .now = held ? 0 : s->now, .needed = (int64_t)s->needed, .at = held ? s->now : 0};
    scheduler_send(s, &s->intake, FRAME_KEEP, &f);
}
