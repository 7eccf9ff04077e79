#include "services/scheduler/scheduler.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arguments.h"
#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"
#include "services/scheduler/reminders/halt.h"
#include "services/scheduler/reminders/ledger.h"

#define EVENTS_A_COMMIT 2000
#define DUE_WRITES_A_COMMIT 8000 /* each may hold a page in memory until the commit */
#define PACE 3 /* milliseconds between commits under load, so that the inbox has the disk */
#define LOOK_EVERY (1 * SECONDS)
#define NOTIFIER_SILENT (5 * SECONDS)
#define LEASE_MARGIN (1 * SECONDS)
#define CRASHES_MAX 3
#define COMMIT_NOW 1

struct turn { /* what one look did */
    struct txn *txn;
    uint64_t first_event, last_event;
    bool more;
    bool behind;      /* events are still to be applied, ... */
    instant received; /* ... and this is when the last applied one was received */
};

void scheduler_fail_stop(const char *what, int rc) {
    log_error("storage_failed", "doing=%s error=%s stopping", what, strerror(-rc));
    exit(EXIT_STORAGE);
}

/* ---- events ---- */

struct reading {
    struct scheduler *s;
    struct turn *t;
};

/* An event that made us fall again and again is known by its third time. */
static int set_aside(struct scheduler *s, uint64_t seq, struct bytes payload) {
    log_error("event_quarantined", "seq=%" PRIu64 " crashes=%" PRIu64 " the rest goes on", seq,
              s->crashes);
    return step_quarantine(&s->step, s->now, seq, payload, s->crashes);
}

static int on_event(void *ctx, uint64_t seq, struct bytes payload) {
    struct reading *r = ctx;
    struct scheduler *s = r->s;
    int rc;
    must(seq == s->position + 1);
    if (seq == s->suspect && s->crashes >= CRASHES_MAX) {
        rc = set_aside(s, seq, payload);
    } else {
        box_put(&s->applying, seq);
        (void)fault_point("scheduler.before_apply");
        (void)fault_point_at("scheduler.event", seq);
        rc = step_event(&s->step, s->now, seq, payload);
        box_put(&s->applying, 0);
    }
    if (rc == -ESTALE) /* it is about a configuration that is read first, between two turns */
        s->reread = seq;
    if (rc)
        return rc;
    if (!r->t->first_event)
        r->t->first_event = seq;
    r->t->last_event = s->position = seq;
    r->t->received = s->step.office.said;
    return seq == s->suspect ? COMMIT_NOW : 0; /* before the next one makes us fall */
}

static int apply_events(struct scheduler *s, struct turn *t) {
    struct reading r = {s, t};
    uint64_t before = s->position, first, last;
    if (!s->inbox)
        return 0;
    int rc = journal_read(s->inbox, s->position + 1, EVENTS_A_COMMIT, on_event, &r);
    if (rc == -ESTALE || rc == COMMIT_NOW) {
        t->more = true;
        rc = 0;
    }
    if (rc)
        return rc;
    t->more |= s->position - before >= EVENTS_A_COMMIT;
    rc = journal_range(s->inbox, &first, &last);
    t->behind = rc == 0 && last > s->position;
    return rc;
}

/* ---- what the notifier said ---- */

struct answer {
    struct peer to;
    enum frame_type type;
    union any_frame frame;
};

static int hear_one(struct scheduler *s, const struct said *said, struct answer *ret) {
    union any_frame f;
    enum frame_type type;
    bool granted = false;
    msec until = 0;
    ret->to = said->from;
    if (frame_decode((struct bytes){said->bytes, said->size}, &type, &f))
        return -EBADMSG;
    if (type == FRAME_RESULT) {
        ret->type = FRAME_RECORDED;
        ret->frame.recorded =
            (struct frame_recorded){.delivery = f.result.delivery, .attempt = f.result.attempt};
        scheduler_unassign(s, (uint64_t)f.result.delivery, text_is(f.result.outcome, "accepted"));
        return step_result(&s->step, s->now, &f.result);
    }
    int rc = 0;
    if (s->room != ROOM_SCARCE)
        rc = step_arm(&s->step, s->now, clock_boot(), &f.arm, &granted, &until);
    ret->type = FRAME_ARMED;
    ret->frame.armed = (struct frame_armed){.delivery = f.arm.delivery,
                                            .attempt = f.arm.attempt,
                                            .readdressed = f.arm.readdressed,
                                            .granted = granted,
                                            .until = until};
    if (granted)
        scheduler_armed(s, (uint64_t)f.arm.delivery);
    else
        scheduler_unassign(s, (uint64_t)f.arm.delivery, false);
    return rc;
}

/* Takes at most `max` of them off the queue and writes an answer for each. */
static int hear(struct scheduler *s, struct answer *answers, unsigned max, unsigned *ret_count) {
    int rc = 0;
    while (s->said && *ret_count < max && rc == 0) {
        struct said *f = s->said;
        rc = hear_one(s, f, &answers[*ret_count]);
        if (rc == 0)
            ++*ret_count;
        s->said = f->next;
        --*(f->type == FRAME_ARM ? &s->said_arms : &s->said_results);
        if (!s->said)
            s->said_end = &s->said;
        free(f);
    }
    return rc;
}

/* Arms whose notifier is gone and whose lease is over: they may have left. After a start of ours it
 * gets the time to say that it is there: it may be waiting for an answer, or have one to tell. */
static int sweep_armed(struct scheduler *s) {
    struct office *o = &s->step.office;
    struct bytes key, value;
    struct key from = {.n = 0};
    msec boot = clock_boot();
    int rc;
    while ((rc = store_seek(o->txn, TABLE_ARMED, key_bytes(&from), &key, &value)) == 0) {
        struct armed a;
        size_t at = 0;
        uint64_t no;
        must(key_next_u64(key, &at, &no));
        from = key_no(no + 1);
        if ((rc = armed_get(o, no, &a)))
            return rc;
        bool ours = s->has_notifier ? strcmp(a.boot, s->notifier_boot) == 0
                                    : s->notifier_silent <= NOTIFIER_SILENT;
        bool other_boot =
            a.until > boot + s->settings.lease + LEASE_MARGIN; /* the machine restarted */
        if (ours || (!other_boot && boot < a.until + LEASE_MARGIN))
            continue;
        log_warn("delivery_unknown", "delivery=%" PRIu64 " the notifier went away after arming",
                 no);
        if ((rc = step_lost(&s->step, s->now, no)))
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* ---- a look at everything ---- */

static bool is_due(const struct scheduler *s, struct txn *txn) {
    struct bytes key, value;
    size_t at = 0;
    uint64_t due;
    return store_seek(txn, TABLE_DUE, (struct bytes){"", 0}, &key, &value) == 0 &&
           key_next_u64(key, &at, &due) && (instant)due <= s->now;
}

/* Never ahead of what was accepted: an answer that came in time is not overtaken by its deadline,
 * nor a cancellation by the reminder, because we were away in between. */
static int fire_due(struct scheduler *s, struct turn *t) {
    int rc = 0;
    uint64_t before = txn_writes(t->txn);
    while (rc == 0 && txn_writes(t->txn) - before < DUE_WRITES_A_COMMIT)
        rc = step_due(&s->step, s->now, t->behind ? t->received : s->now);
    t->more |= rc == 0;
    return rc == -ENOENT ? 0 : rc;
}

static int work(struct scheduler *s, struct turn *t, struct answer *answers, unsigned max,
                unsigned *ret_answers) {
    scheduler_be_nice(s, !s->said && !s->awaited_to && !is_due(s, t->txn));
    int rc = step_begin(&s->step, t->txn);
    if (rc == 0 && s->is_config_new)
        rc = scheduler_note_config(s, t->txn);
    if (rc == 0)
        rc = scheduler_clock_note(s);
    if (rc == 0)
        rc = scheduler_derive(s, t->txn, &t->more);
    if (rc == 0 && !s->deriving)
        rc = apply_events(s, t);
    if (rc == 0 && !s->deriving)
        rc = fire_due(s, t);
    if (rc == 0) /* after the events: what was taken back is not armed any more */
        rc = hear(s, answers, max, ret_answers);
    if (rc == 0)
        rc = sweep_armed(s);
    if (rc == 0)
        rc = step_end(&s->step);
    return rc;
}

/* Nothing to do in a moment: then no transaction is begun for writing. */
static bool has_work(struct scheduler *s) {
    struct txn *txn;
    struct bytes key, value;
    uint64_t first, last;
    if (s->said || s->deriving || s->clock.begin || s->clock.end)
        return true;
    if (s->inbox && journal_range(s->inbox, &first, &last) == 0 && last > s->position)
        return true;
    if (store_begin_read(s->core, &txn))
        return true;
    bool armed = store_seek(txn, TABLE_ARMED, (struct bytes){"", 0}, &key, &value) == 0;
    bool due = is_due(s, txn);
    store_abort(&txn);
    return due || (armed && !(s->has_notifier && s->assigned_count));
}

static void storage_trouble(struct scheduler *s, int rc) {
    if (rc != -ENOSPC)
        scheduler_fail_stop("step", rc);
    scheduler_out_of_space(s);
}

#define ANSWERS_MAX 1024

static bool commit_turn(struct scheduler *s, struct turn *t) {
    struct answer *answers = calloc(ANSWERS_MAX, sizeof *answers);
    unsigned count = 0;
    uint64_t position = s->position;
    struct key derive_at = s->derive_at;
    unsigned derive_table = s->derive_table;
    bool deriving = s->deriving;
    must(answers);
    int rc = store_begin_write(s->core, &t->txn);
    if (rc == 0) {
        rc = work(s, t, answers, ANSWERS_MAX, &count);
        if (rc == 0) {
            (void)fault_point("scheduler.before_commit");
            rc = store_commit(&t->txn);
        } else {
            store_abort(&t->txn);
        }
    }
    (void)fault_point("scheduler.committed_not_told");
    if (rc) { /* nothing of this turn happened */
        s->position = position;
        s->derive_at = derive_at;
        s->derive_table = derive_table;
        s->deriving = deriving;
        storage_trouble(s, rc);
    } else {
        s->out_of_space = s->is_config_new = s->clock.begin = s->clock.end = false;
        for (unsigned i = 0; i < count; i++)
            scheduler_send(s, &answers[i].to, answers[i].type, &answers[i].frame);
        if (t->first_event)
            scheduler_tell_applied(s, t->first_event, t->last_event);
        scheduler_tell_facts(s);
    }
    free(answers);
    return rc == 0;
}

static bool is_quiet(struct scheduler *s, struct txn *txn) {
    struct bytes key, value;
    uint64_t first, last, at_ms;
    size_t at = 0;
    bool held;
    if (!s->inbox || s->deriving || s->said || journal_range(s->inbox, &first, &last) ||
        last > s->position || halt_any(txn, &held))
        return false;
    if (is_due(s, txn))
        return false;
    if (store_seek(txn, TABLE_ARMED, (struct bytes){"", 0}, &key, &value) == 0)
        return false;
    if (held)
        return true;
    at = 0;
    return s->assigned_count == 0 &&
           !(store_seek(txn, TABLE_OUTBOX, (struct bytes){"", 0}, &key, &value) == 0 &&
             key_next_u64(key, &at, &at_ms) && (instant)at_ms <= s->now);
}

/* Gives out letters, answers who asks, and says when to look again. */
static void after(struct scheduler *s, const struct turn *t) {
    struct txn *txn;
    instant next = 0;
    msec wait = LOOK_EVERY;
    if (store_begin_read(s->core, &txn) == 0) {
        scheduler_assign(s, txn);
        s->step.office.txn = txn;
        if (step_next(&s->step, &next))
            next = 0;
        bool quiet = is_quiet(s, txn);
        store_abort(&txn);
        scheduler_tell_askers(s, quiet, next);
    }
    if (t->more || (t->behind && s->awaited_to))
        wait = PACE;
    else if (t->behind)
        wait = EVENTS_PACE;
    else if (next > s->now && next - s->now < wait && !clock_is_virtual())
        wait = next - s->now;
    loop_after(s->loop, wait, scheduler_turn, s);
}

/* Only the time that we were there to hear it counts, between our turns: what it said while the
 * disk or the machine held us up is still to be read. */
static void listen_to_notifier(struct scheduler *s) {
    msec listened = s->turned ? clock_boot() - s->turned : 0;
    s->notifier_silent += listened < LOOK_EVERY ? listened : LOOK_EVERY;
    if (s->has_notifier && s->notifier_silent > NOTIFIER_SILENT) {
        log_warn("notifier_silent", "its letters go back to the queue");
        scheduler_notifier_gone(s);
    }
}

void scheduler_turn(void *ctx) {
    struct scheduler *s = ctx;
    struct turn t = {.txn = NULL};
    instant now = scheduler_clock(s);
    if (now > s->now)
        s->now = now;
    scheduler_look_at_room(s);
    listen_to_notifier(s);
    int rc = s->inbox ? 0 : scheduler_open_inbox(s);
    if (rc)
        scheduler_fail_stop("opening the inbox", rc);
    if (s->reread)
        scheduler_reread(s, s->reread);
    scheduler_follow_zones(s);
    if (has_work(s) && !commit_turn(s, &t))
        t.more = t.behind = false;
    scheduler_note_reached(s, false);
    scheduler_tidy(s);
    scheduler_be_nice(s, false);
    s->turned = clock_boot();
    after(s, &t);
}

/* ---- start and end ---- */

int scheduler_open(struct scheduler *s, const char *home, struct buf *reterr) {
    char path[4200];
    *s = (struct scheduler){.home = home};
    s->said_end = &s->said;
    int rc = settings_read(home, &s->settings, reterr);
    if (rc == 0)
        rc = rulebook_read(home, &s->rules, reterr);
    if (rc)
        return rc;
    snprintf(path, sizeof path, "%s/keys/links.key", home);
    rc = token_key_load(path, &s->links);
    if (rc) {
        buf_printf(reterr, "%s: %s; expected 64 hexadecimal digits, as cirkel init makes them\n",
                   path, strerror(-rc));
        return rc;
    }
    s->assigned = calloc((size_t)s->settings.in_flight, sizeof *s->assigned);
    s->strays = true;
    must(s->assigned);
    step_open(&s->step, &s->settings, &s->rules, &s->links);
    s->step.reread = 0;
    scheduler_follow_zones(s);
    step_keep_inputs(&s->step);
    snprintf(path, sizeof path, "%s/core", home);
    struct store_options o = {
        .dir = path, .tables = table_names, .count = TABLE_COUNT, .writer = true};
    rc = make_dir(path, 0750);
    if (rc == 0)
        rc = store_open(&s->core, &o);
    if (rc == 0)
        rc = scheduler_begin_running(s);
    if (rc == -EBADMSG)
        scheduler_refuse_damaged(path);
    if (rc)
        buf_printf(reterr, "%s: %s\n", path,
                   rc == -EBUSY ? "another scheduler works on it" : strerror(-rc));
    return rc;
}

void scheduler_close(struct scheduler *s) {
    struct txn *txn;
    if (s->core && store_begin_write(s->core, &txn) == 0) {
        int rc = meta_put(txn, "now", (uint64_t)s->now);
        if (rc || store_commit(&txn))
            log_warn("stop_not_marked", "the next start reads the clock only");
        store_abort(&txn);
    }
    while (s->said) {
        struct said *f = s->said;
        s->said = f->next;
        free(f);
    }
    if (s->core)
        scheduler_note_reached(s, true);
    journal_close(&s->inbox);
    store_close(&s->core);
    step_close(&s->step);
    rulebook_free(&s->rules);
    settings_free(&s->settings);
    box_close(&s->applying);
    free(s->assigned);
}
