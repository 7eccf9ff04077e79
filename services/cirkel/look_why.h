/* look_why - the sentences of `why`, of which each matter adds its own. */
#ifndef CIRKEL_LOOK_WHY_H
#define CIRKEL_LOOK_WHY_H

#include "services/cirkel/look.h"

#include <jansson.h>

#define SENTENCE_MAX 4096
#define WHY_PERSON_MOST 64
#define WHY_SUBJECT_MOST 160 /* kind:id/person */

struct why {
    struct look look;
    const char *home;
    struct text person, subject; /* subject: absent for all */
    struct text kind, about;     /* of the subject, if it was given; as it was given */
    struct rec_person who;
    json_t *lines;     /* of {"what", "text"} */
    json_t *occasions; /* of which this person has a row */
};

void why_say(struct why *why, const char *what, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* What is owed by the person or an organisation of hers: about the subject, or what is open; who
 * owes it, who else may meet it, and how far its ladder has climbed. 0 or -errno. */
MUST_CHECK int why_owed(struct why *why);

/* The event that brought a letter; and what put the configuration in force that brought the plan
 * of a line of the scheduler's, if one did. */
void why_event(struct why *why, const struct rec_ledger *row, const struct rec_occasion *occasion);
void why_event_of_rule(struct why *why, json_t *line);

/* What speaks against the person's address; and what became of a letter after it had left. */
void why_address(struct why *why);
void why_report(struct why *why, const struct rec_ledger *row);

/* What each rule about the subject says for this person, by the scheduler's own word: what was
 * planned, what brought it, and the first reason why nothing came of it. 0 or -errno. */
MUST_CHECK int why_rules(struct why *why);

#endif
