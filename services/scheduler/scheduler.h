/* scheduler - the process around the step: what arrived is one transaction, what it means is told
 * after the commit.
 *
 * INVARIANTS Commit, then tell. Every frame in or out may be lost or come twice: the inbox is read
 *            by position, arms and results are said until they are answered, and a look at
 *            everything is taken at least once a second.
 */
#ifndef SCHEDULER_SCHEDULER_H
#define SCHEDULER_SCHEDULER_H

#include "common/ballast.h"
#include "common/box.h"
#include "common/bus.h"
#include "common/guard.h"
#include "common/journal.h"
#include "common/loop.h"
#include "common/store.h"
#include "services/scheduler/step.h"

#define ASKERS_MAX 16

struct said { /* a frame of the notifier that waits for the next commit */
    struct said *next;
    struct peer from;
    enum frame_type type;
    size_t size;
    uint8_t bytes[];
};

struct assignment { /* a letter in the notifier's hands */
    uint64_t delivery;
    uint64_t attempt;
    uint64_t destination; /* hash of the mail domain */
    uint64_t lane;        /* hash of person and subject: one letter after the other */
    msec since;           /* boot clock: when it was last told */
    bool armed;
};

#define EVENTS_PACE ((msec)20) /* between commits of events that nobody waits for */

struct scheduler {
    const char *home;
    struct settings settings;
    struct rulebook rules;
    struct token_key links;
    struct loop *loop;
    struct bus *bus;
    struct door *door, *radio;
    struct store *core;
    struct journal *inbox; /* NULL until intake has made it */
    struct step step;

    struct { /* whether the clock is believed */
        struct guard guard;
        bool is_doubted, waits_for_sync;
        bool begin, end; /* the hold, to be noted in the next transaction */
        msec sane_since; /* boot clock */
        char why[120];
    } clock;
    instant now;       /* of the last input; never goes back */
    uint64_t position; /* the last event applied */
    uint64_t told_fact;
    struct box applying;       /* the event being applied, for who starts after a fall */
    uint64_t suspect, crashes; /* the event that we last fell over, and how often */
    uint64_t reread;    /* an event asks for the configuration to be read again; 0: none does */
    bool deriving;      /* plans are being derived anew */
    bool is_config_new; /* and not noted yet */
    uint64_t needed;    /* the first event that inputs name; 0: not known yet */
    msec tidied;
    bool let_go_early;  /* it was said that inputs are too much to be kept */
    uint64_t reached;   /* the position noted beside core, ... */
    msec reached_noted; /* ... and when, of the boot clock */
    msec zones_looked;  /* boot clock: when the zone data was last looked at */
    struct key derive_at;
    unsigned derive_table;
    bool out_of_space;
    msec room_looked;    /* boot clock */
    enum disk_room room; /* below a part, nothing new is armed or given out */

    msec turned;                       /* boot clock: when it last looked at everything */
    uint64_t awaited_from, awaited_to; /* events somebody waits for at intake; 0: none */
    struct peer intake, notifier;
    bool has_intake, has_notifier;
    char notifier_boot[41];
    msec notifier_silent; /* how long we have listened since it spoke */

    int priority; /* as we were started */
    bool may_be_nice, is_nice;
    struct said *said, **said_end;
    unsigned said_arms, said_results;
    struct assignment *assigned;
    unsigned assigned_count;
    struct key assign_from; /* all that is due before it is given out */
    msec assign_looked;     /* boot clock: when the queue was looked through from its start */
    bool strays;            /* something may be armed that we did not give out */
    struct asker {
        struct peer peer;
        bool waits; /* until nothing is left to do */
        int64_t no; /* of the question */
    } askers[ASKERS_MAX];
    unsigned asker_count;
};

/* ---- scheduler.c ---- */
MUST_CHECK int scheduler_open(struct scheduler *s, const char *home, struct buf *reterr);
void scheduler_close(struct scheduler *s);
_Noreturn void scheduler_fail_stop(const char *what, int rc); /* says so, and ends with 74 */
void scheduler_turn(void *ctx); /* a look at everything; asks for the next one itself */

/* ---- scheduler_start.c: is this home the one it was, and this inbox the one core has read ---- */
MUST_CHECK int scheduler_begin_running(struct scheduler *s);
_Noreturn void scheduler_refuse_damaged(const char *path); /* of core; ends with 65 */
MUST_CHECK int
scheduler_open_inbox(struct scheduler *s); /* s->inbox stays NULL while there is none */
/* What the configuration is from here on, kept beside the inputs. */
MUST_CHECK int scheduler_note_config(struct scheduler *s, struct txn *txn);
void scheduler_note_reached(struct scheduler *s, bool at_once);

/* ---- scheduler_clock.c: what time it is, and whether that can be believed ---- */
instant scheduler_clock(struct scheduler *s);
void scheduler_clock_begin(struct scheduler *s, instant last);
MUST_CHECK int scheduler_clock_last(struct txn *txn, instant *ret); /* of the last input; 0: none */
MUST_CHECK int scheduler_clock_note(struct scheduler *s);

/* ---- scheduler_tidy.c: what is let go of ---- */
void scheduler_tidy(struct scheduler *s);
void scheduler_tell_keep(struct scheduler *s);

/* ---- scheduler_derive.c: plans derived anew ---- */
void scheduler_follow_zones(struct scheduler *s); /* looks at their data now and again */
void scheduler_look_at_zones(void *ctx);          /* it may have been updated */
/* A slice, when there is one to do; then there may be more. */
MUST_CHECK int scheduler_derive(struct scheduler *s, struct txn *txn, bool *ret_more);

/* ---- scheduler_talk.c: frames in, and what is told after a commit ---- */
void scheduler_heard(void *ctx, const struct peer *from, struct bytes payload);
void scheduler_tell_applied(struct scheduler *s, uint64_t first, uint64_t last);
void scheduler_tell_facts(struct scheduler *s);
void scheduler_tell_askers(struct scheduler *s, bool quiet, instant next);
void scheduler_send(struct scheduler *s, const struct peer *to, enum frame_type type,
                    const void *frame);

/* ---- scheduler_config.c: another configuration while we run ---- */
/* Reads settings, rules and letters again; what cannot be read changes nothing. Between turns. */
void scheduler_reread(struct scheduler *s, uint64_t event);
void scheduler_reload(void *ctx); /* on SIGHUP */

/* ---- scheduler_room.c: what a full disk does ---- */
void scheduler_look_at_room(struct scheduler *s);
void scheduler_out_of_space(struct scheduler *s);

/* ---- scheduler_nice.c: who goes first where processors are short ---- */
void scheduler_try_nice(struct scheduler *s); /* at start */
void scheduler_be_nice(struct scheduler *s, bool nice);

/* ---- scheduler_assign.c: which letters the notifier works on ---- */
void scheduler_assign(struct scheduler *s, struct txn *txn);
/* The row may wait still: it is looked for again. */
void scheduler_unassign(struct scheduler *s, uint64_t delivery, bool is_over);
void scheduler_armed(struct scheduler *s, uint64_t delivery);
void scheduler_notifier_gone(struct scheduler *s);

#endif
