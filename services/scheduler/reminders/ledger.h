/* ledger - a row for everyone considered for a letter, and every state it passes through.
 *
 * INVARIANTS One row an occurrence key (rule+version / subject / occurrence / person / channel),
 *            never overwritten (FIRED). An open row that waits to be tried is in OUTBOX under its
 *            next try; an armed one is in ARMED. A state changes only as states.def says, and the
 *            counters of ends follow it. A held row is in a hold (hold.h). Who was told a time, or
 *            is owed it, is in TOLD.
 */
#ifndef SCHEDULER_LEDGER_H
#define SCHEDULER_LEDGER_H

#include "services/scheduler/office.h"

#define LEDGER_ATTEMPTS_MOST 1000 /* records_reminder.def, frames.def */

MUST_CHECK int ledger_get(struct office *o, uint64_t no, struct rec_ledger *ret);
/* -EEXIST when that occurrence has a row already: nothing is written then. Fills row->no. */
MUST_CHECK int ledger_add(struct office *o, struct rec_ledger *row);
/* Moves the row by `event` of machine DELIVERY and writes it; -EPROTO (no refusal text) when that
 * cannot follow. `row` is updated. Other fields may have been changed by the caller before. */
MUST_CHECK int ledger_move(struct office *o, struct rec_ledger *row, const char *event,
                           struct text reason);
/* Open rows that have not left and are of no use any more: `event` is withdraw, supersede or
 * suppress. Only those about `meeting` (absent: all of the person), only letters that tell a time
 * if `telling`. */
MUST_CHECK int ledger_stop_person(struct office *o, struct text person, struct text meeting,
                                  bool telling, const char *event, struct text reason);
/* The same for everybody told a revision older than this one of a meeting. */
MUST_CHECK int ledger_supersede_meeting(struct office *o, struct text meeting, int64_t revision,
                                        struct text reason);

/* Supersedes rows that have not left: those of an index under `prefix` that `fits` (1, 0, -errno;
 * NULL: all).
 */
typedef int ledger_fits(struct office *o, const struct rec_ledger *row, const void *ctx);
MUST_CHECK int ledger_supersede_if(struct office *o, enum table index, struct key prefix,
                                   ledger_fits *fits, const void *ctx, struct text reason);

/* Its occurrence goes by another key, unless that one has a row of its own. The caller puts the
 * row.
 */
MUST_CHECK int ledger_rekey(struct office *o, struct rec_ledger *row, struct text key);
/* The subject goes by another id, also in the occurrence keys: what was sent about it is found
 * under that one, and nobody is considered for it again. */
MUST_CHECK int ledger_rename(struct office *o, const char *kind, struct text from, struct text to);
/* The same of a subject that rules are about but letters are not: these are about what it is of,
 * as `to` says, which is written. */
MUST_CHECK int ledger_rename_under(struct office *o, const char *kind, struct text from,
                                   struct text to);
/* A letter that left before this core heard of it, by what a mail log says: when it gets a row,
 * that row ends as accepted. */
#define LEDGER_LEFT TEXT_LIT("a mail log says that it left before")
MUST_CHECK int ledger_remember_left(struct office *o, struct text message_id);

/* It goes to another address, as another message: nothing is reported of that yet. The row is not
 * written. */
void ledger_readdress(struct office *o, struct rec_ledger *row, struct text address);

/* Table ARMED: an attempt that may have left. */
struct armed {
    uint64_t attempt;
    msec until; /* of the boot clock */
    char boot[41];
};
MUST_CHECK int armed_get(struct office *o, uint64_t no, struct armed *ret);
MUST_CHECK int armed_put(struct office *o, uint64_t no, const struct armed *armed);

bool ledger_is_waiting(const struct rec_ledger *row); /* queued or deferred */

#endif
