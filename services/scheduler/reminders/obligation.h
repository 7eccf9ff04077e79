/* obligation - who owes what about which subject by when, until anyone entitled does it.
 *
 * An obligation is a subject that rules speak about (about = "obligation.KIND"): they remind its
 * owner before it is due, and climb a ladder after (colleagues, adviser, lead), counted in workdays
 * of the owner's country. It stops with the first satisfying act, whoever does it.
 *
 * INVARIANTS At most one obligation of a kind is open about a subject and owner: its id is made
 *            from them. Opening one that is open moves its day; one that was met is opened again.
 *            What is owed has a row in OWED, and while its time has not passed one in DUE.
 */
#ifndef SCHEDULER_OBLIGATION_H
#define SCHEDULER_OBLIGATION_H

#include "services/scheduler/office.h"

struct owed {
    const char *kind; /* "answer-offer" … (records_programme.def) */
    const char *about_kind;
    struct text about;  /* "ans-kolding", "cirkulaere-byer/kolding", "ans-kolding/bedoemmer-1" */
    struct text person; /* who owes it; or else */
    struct text organisation; /* … the organisation */
    struct text programme;    /* may be absent */
    struct text due;          /* wall time; a DATE is widened to 23:59 by the caller */
    struct text zone;
    struct text country; /* absent: the organisation's, else DK */
};
MUST_CHECK int obligation_open(struct office *o, const struct owed *owed);
/* Nothing happens when there is none open. `by` may be absent. `owner` (a person or organisation,
 * absent: every one about the subject) narrows it. */
MUST_CHECK int obligation_meet(struct office *o, const char *kind, const char *about_kind,
                               struct text about, struct text owner, struct text by);
/* The subject is gone, or it need not be done any more: all about it, of one kind or (NULL) any. */
MUST_CHECK int obligation_end(struct office *o, const char *kind, const char *about_kind,
                              struct text about, struct text reason);
/* An operator lets it go; it can be, by the caller's word. */
MUST_CHECK int obligation_waive(struct office *o, const struct rec_obligation *r,
                                struct text reason);
/* due: its time has passed; the ladder goes on. */
MUST_CHECK int obligation_expire(struct office *o, struct key key);
/* Its owner or its subject goes by another id: it is owed on, nothing is said again, and what was
 * said is found under its new id. */
MUST_CHECK int obligation_rename(struct office *o, const struct rec_obligation *was,
                                 struct text about, struct text organisation);
/* The same for a person's, whose subject goes by another id, too; nothing happens when she owes
 * none. */
MUST_CHECK int obligation_hand(struct office *o, const struct owed *owed, struct text about,
                               struct text to);
/* A person leaves an organisation or ends: hers go to nobody, or to whoever replaces her. */
MUST_CHECK int obligation_reroute(struct office *o, struct text person, struct text to);

#endif
