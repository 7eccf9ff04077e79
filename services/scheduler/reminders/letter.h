/* letter - a letter that an operator sends to an audience: a rule for this once. */
#ifndef SCHEDULER_LETTER_H
#define SCHEDULER_LETTER_H

#include "services/scheduler/reminders/rule.h"
#include "services/scheduler/reminders/subject.h"

#define LETTER_RULE "letter" /* as plans and the ledger name it */

/* The rule that its one plan is fired by; all of it lives in the arena. -EBADMSG: its audience
 * cannot be read. */
MUST_CHECK int letter_rule(struct office *o, const struct rec_letter *letter, struct rule *ret);

/* Its plan, while not everybody it is for has been considered; -ENOENT. */
MUST_CHECK int letter_plan(struct office *o, struct text letter, struct rec_plan *ret);

#endif
