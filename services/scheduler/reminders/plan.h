/* plan - the moments at which rules speak about a subject: derived from it, and derived again in
 * the same transaction whenever it changes.
 *
 * INVARIANTS A plan row exists for each (rule version, subject, step, occurrence) that is or was
 *            due. What is planned has a row in DUE; what fired stays, so that it never fires again.
 *            A moment before office.since is past: it came into being too late.
 */
#ifndef SCHEDULER_PLAN_H
#define SCHEDULER_PLAN_H

#include "services/scheduler/reminders/rule.h"
#include "services/scheduler/reminders/subject.h"

/* To be called after the subject's record was put. */
MUST_CHECK int plan_derive(struct office *o, const char *kind, struct text id);
/* The same for every subject, a slice at a time: `cursor` says where to go on, and is empty when
 * all is done. For a rulebook, or zone data (office.zones_changed), that differs from the last;
 * what the latter moves is counted. */
MUST_CHECK int plan_derive_all(struct office *o, unsigned slice, struct key *cursor,
                               unsigned *table_no, bool *ret_done);

/* The subject goes by another id: its plans go along, so that nothing fires again. To be called
 * before its record is put under the new one. */
MUST_CHECK int plan_rename(struct office *o, const char *kind, struct text from, struct text to);

struct key plan_key(const struct rec_plan *plan);
MUST_CHECK int plan_put(struct office *o, const struct rec_plan *plan);
/* Plan rows of a subject, in order, from at->n == 0; -ENOENT at the end. */
MUST_CHECK int plan_next(struct office *o, const char *kind, struct text id, struct key *at,
                         struct rec_plan *ret);

/* What is due: the word says who looks after it (`dues` in step.c). */
MUST_CHECK int due_add(struct office *o, instant at, const char *word, struct key key);
/* The same at a moment on a wall: it is moved when that zone's data changes. */
MUST_CHECK int due_add_wall(struct office *o, instant at, struct text zone, const char *word,
                            struct key key);
MUST_CHECK int due_del(struct office *o, instant at, const char *word, struct key key);
/* The first thing due; -ENOENT when nothing ever will be. Word and key are in the arena. */
MUST_CHECK int due_first(struct office *o, instant *ret_at, struct text *ret_word,
                         struct key *ret_key);

#endif
