/* What is looked at before anything is done: whether the home is the one it was, and whether core
 * and inbox belong together. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/clock.h"
#include "common/log.h"
#include "proto/instance.h"
#include "services/scheduler/config_kept.h"
#include "services/scheduler/scheduler.h"

#define NOTE_EVERY (1 * MINUTES)

static _Noreturn void does_not_fit(const char *event, const char *what, const char *do_this) {
    log_error(event, "%s. %s", what, do_this);
    exit(EX_DATAERR);
}

void scheduler_refuse_damaged(const char *path) {
    char what[PATH_MAX + 64];
    (void)snprintf(what, sizeof what, "%s cannot be read as a whole", path);
    does_not_fit("core_damaged", what,
                 "A copy that was made while the service ran may be torn: use cirkel backup, and "
                 "cirkel restore. Otherwise cirkel verify says what is damaged; then restore a "
                 "backup");
}

/* ---- the home ---- */

/* A home that has lost the file that says who it is gets a new one, and is taken for a copy. */
static int find_home(struct scheduler *s, struct instance *instance, struct rec_input *ret) {
    uint64_t reached;
    int64_t mark = 0;
    int rc = instance_read(s->home, instance);
    if ((rc == -ENOENT || rc == -EBADMSG) && (rc = instance_make(s->home)) == 0)
        rc = instance_read(s->home, instance);
    if (rc == 0 && strcmp(s->settings.copy_guard, "on") == 0)
        rc = instance_mark(s->home, &mark);
    if (rc == 0 && (rc = instance_reached(s->home, &reached)) == -EBADMSG) {
        log_warn("reached_unreadable", "ignoring it");
        reached = 0;
        rc = 0;
    }
    if (rc)
        return rc;
    *ret = (struct rec_input){.kind = TEXT_LIT("home"),
                              .now = s->now,
                              .reason = text_of(instance->restored[0] ? instance->restored : NULL),
                              .instance = instance->instance,
                              .generation = instance->generation,
                              .inbox = instance->inbox,
                              .mark = mark,
                              .reached = (int64_t)reached};
    return 0;
}

static int enter_home(struct scheduler *s, struct txn *txn) {
    struct instance instance;
    struct rec_input home;
    int rc = find_home(s, &instance, &home);
    if (rc == 0)
        rc = step_home(&s->step, &home);
    return rc ? rc : scheduler_note_config(s, txn);
}

/* What we fell over when we fell: counted, so that the third time it is set aside. A kill from
 * outside hardly ever meets the moment in which an event is applied. */
static int count_fall(struct scheduler *s, uint64_t fell) {
    struct txn *txn = s->step.office.txn;
    int rc = meta_get(txn, "suspect", &s->suspect);
    if (rc == 0)
        rc = meta_get(txn, "crashes", &s->crashes);
    if (rc || fell <= s->position)
        return rc;
    s->crashes = s->suspect == fell ? s->crashes + 1 : 1;
    s->suspect = fell;
    log_warn("fell_over_event", "seq=%" PRIu64 " crashes=%" PRIu64, fell, s->crashes);
    rc = meta_put(txn, "suspect", fell);
    return rc ? rc : meta_put(txn, "crashes", s->crashes);
}

static uint64_t open_box(struct scheduler *s) {
    char path[4200];
    uint64_t fell = 0;
    snprintf(path, sizeof path, "%s/run/applying", s->home);
    int rc = box_open(&s->applying, path, &fell);
    if (rc)
        log_warn("no_box", "error=%s an event that makes us fall will not be known", strerror(-rc));
    return fell;
}

/* What the last start left behind. */
int scheduler_begin_running(struct scheduler *s) {
    struct txn *txn;
    uint64_t rules, zones, now, fell = open_box(s);
    int rc = store_begin_write(s->core, &txn);
    if (rc)
        return rc;
    if ((rc = meta_get(txn, "position", &s->position)) == 0 &&
        (rc = meta_get(txn, "now", &now)) == 0 && (rc = meta_get(txn, "rules", &rules)) == 0 &&
        (rc = meta_get(txn, "zones", &zones)) == 0 && (rc = step_begin(&s->step, txn)) == 0) {
        rc = scheduler_clock_last(txn, &s->now);
        if (s->now < (instant)now)
            s->now = (instant)now;
        scheduler_clock_begin(s, s->now);
        instant wall = scheduler_clock(s);
        if (s->now < wall)
            s->now = wall;
        s->deriving = rules != s->rules.version || zones != s->step.zones;
        s->told_fact = s->step.office.counts[COUNT_FACT];
        if (rc == 0)
            rc = count_fall(s, fell);
    }
    if (rc == 0)
        rc = enter_home(s, txn);
    if (rc == 0)
        rc = step_end(&s->step);
    if (rc) {
        store_abort(&txn);
        return rc;
    }
    rc = store_commit(&txn);
    if (rc == 0)
        box_put(&s->applying, 0);
    return rc;
}

/* ---- the inbox ---- */

struct sameness {
    struct txn *txn;
    bool is_other;
};

/* The event at our position is the one we decided on. */
static int on_last(void *ctx, uint64_t seq, struct bytes payload) {
    struct sameness *same = ctx;
    struct rec_event event;
    struct rec_decision decision;
    struct bytes value;
    struct key k = key_no(seq);
    if (store_get(same->txn, TABLE_DECISION, key_bytes(&k), &value) ||
        codec_decode(&rec_shapes[REC_DECISION], CODEC_LENIENT, value, &decision, NULL) ||
        text_is(decision.status, "quarantined") ||
        codec_decode(&rec_shapes[REC_EVENT], CODEC_LENIENT, payload, &event, NULL))
        return 0;
    same->is_other = !text_eq(event.id, decision.id) || !text_eq(event.owner, decision.owner) ||
                     event.received != decision.received;
    return 0;
}

static int check_inbox(struct scheduler *s, struct txn *txn, uint64_t generation,
                       uint64_t *ret_known) {
    static const char restore[] = "Put back the two that belong together, or: cirkel restore";
    struct sameness same = {.txn = txn};
    uint64_t first, last;
    int rc = meta_get(txn, "generation", ret_known);
    if (rc == 0)
        rc = journal_range(s->inbox, &first, &last);
    if (rc)
        return rc;
    if (*ret_known && *ret_known != generation)
        does_not_fit("inbox_is_another", "core has read another inbox than this one", restore);
    if (last < s->position)
        does_not_fit("inbox_is_older", "core has applied events that this inbox never held",
                     restore);
    if (first && first > s->position + 1)
        does_not_fit("core_is_older", "the inbox no longer holds events that core has not applied",
                     restore);
    if (s->position && first && s->position >= first) {
        rc = journal_read(s->inbox, s->position, 1, on_last, &same);
        if (rc == -EBADMSG) /* a damaged one tells nothing */
            rc = 0;
    }
    if (rc == 0 && same.is_other)
        does_not_fit("inbox_is_another",
                     "the event that core applied last is another one in this inbox", restore);
    return rc;
}

/* The inbox is there, and it is the one this core has read. */
int scheduler_open_inbox(struct scheduler *s) {
    char dir[4200];
    struct txn *txn;
    uint64_t generation, known, first, last = 0;
    snprintf(dir, sizeof dir, "%s/inbox", s->home);
    int rc = journal_open(&s->inbox, dir, false, 0);
    if (rc == 0)
        rc = journal_generation(s->inbox, &generation);
    if (rc == 0)
        rc = journal_range(s->inbox, &first, &last);
    if (rc == -ENOENT) { /* intake is still making it */
        journal_close(&s->inbox);
        return 0;
    }
    if (rc || (rc = store_begin_write(s->core, &txn)))
        return rc;
    rc = check_inbox(s, txn, generation, &known);
    if (rc == 0 && !known) {
        rc = step_begin(&s->step, txn);
        if (rc == 0)
            rc = step_inbox(&s->step, s->now, generation);
        if (rc == 0)
            rc = step_end(&s->step);
    }
    if (rc) {
        store_abort(&txn);
        return rc;
    }
    return store_commit(&txn);
}

/* ---- what holds ---- */

int scheduler_note_config(struct scheduler *s, struct txn *txn) {
    char config[TOKEN_ID_MAX];
    int rc = config_keep(txn, s->home, config);
    if (rc == 0)
        step_config(&s->step, s->now, text_of(config));
    return rc;
}

/* ---- how far ---- */

void scheduler_note_reached(struct scheduler *s, bool at_once) {
    msec boot = clock_boot();
    if (s->position == s->reached || (!at_once && boot - s->reached_noted < NOTE_EVERY))
        return;
    s->reached_noted = boot;
    int rc = instance_note_reached(s->home, s->position);
    if (rc)
        log_debug("reached_not_noted", "error=%s", strerror(-rc));
    else
        s->reached = s->position;
}
