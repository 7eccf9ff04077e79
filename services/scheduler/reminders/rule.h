/* rule - what is sent when, to whom: the files of rules/, read and checked at start.
 *
 * TRUST      Rules are written by operators: a rule that cannot work (an unknown audience, field or
 *            letter, a moment that cannot be) is refused with file and line, and nothing starts.
 * OWNERSHIP  The rulebook owns its rules; everything in them lives as long as it.
 * ERRORS     0; -EBADMSG with lines "FILE:LINE: what is wrong, what is expected".
 */
#ifndef SCHEDULER_RULE_H
#define SCHEDULER_RULE_H

#include "common/base.h"
#include "proto/shape.h"
#include "services/scheduler/reminders/audience.h"
#include "services/scheduler/reminders/moment.h"

#define RULE_STEPS_MAX 8
#define RULE_LADDER_MAX 8
#define RULE_CONDITIONS_MAX 12
#define LANGUAGES 3

enum rule_late { LATE_SEND, LATE_NOTE, LATE_SKIP, LATE_ASK, LATE_DIGEST };

struct rule_condition { /* of the subject's record */
    const struct field *field;
    const char *value; /* NULL: given at all */
    bool absent;       /* must not be given */
};

/* An obligation climbs: further steps, reckoned from its due, each for people of its own. */
struct rule_rung {
    char *to;
    struct audience audience; /* borrows from `to` */
};

struct rule {
    char *name;
    char version[17]; /* hash of all that the rule says */
    char *speaks_of;  /* as written: "meeting", "obligation.answer-offer" */
    const struct subject_kind *about;
    struct moment when[RULE_STEPS_MAX + RULE_LADDER_MAX];
    unsigned steps; /* all of them; the ladder's are the last */
    unsigned rung_count;
    struct rule_rung *rungs;
    struct moment useful;                                /* anchor NULL: always */
    struct rule_condition only[RULE_CONDITIONS_MAX + 1]; /* the kind of an obligation is one more */
    unsigned conditions;
    char *to;
    struct audience audience;
    char *letter;
    char text_hash[LANGUAGES][27]; /* of the letter in da, sv, en */
    char *class;
    char *calendar; /* "" : none */
    enum rule_late late;
    bool tells, at_most_once;
    bool nudge;    /* one of these a day is enough for a person */
    msec together; /* so long it waits for more of its kind to the same person; 0: it goes alone */
};

struct rulebook {
    struct rule *rules;
    unsigned count;
    uint64_t version; /* of the whole configuration: rules, texts and cirkel.conf */
    char name[17];    /* the same, in words */
    bool asks_counts; /* a rule asks how many come or wait */
    struct letter_text *texts;
    unsigned text_count;
};

struct letter_text { /* one letter in one language, partials written out */
    char hash[27];
    char *text;
    size_t size;
};

extern const char *const languages[LANGUAGES]; /* "da", "sv", "en" */

MUST_CHECK int rulebook_read(const char *home, struct rulebook *ret, struct buf *reterr);
/* Of cirkel.conf, rules and letters, what the folder `over` has stands for the home's. */
MUST_CHECK int rulebook_read_over(const char *over, const char *home, struct rulebook *ret,
                                  struct buf *reterr);
/* The one of the two that has it; the home, when neither does. */
const char *rulebook_place(const char *over, const char *home, const char *name);
void rulebook_free(struct rulebook *book);
const struct rule *rulebook_find(const struct rulebook *book, struct text name);

/* Whether the subject's record is one that the rule speaks about. */
bool rule_speaks(const struct rule *rule, const void *record);
/* The first of its conditions that does not hold; NULL when it speaks. */
const struct rule_condition *rule_first_failing(const struct rule *rule, const void *record);
/* The same for one of its steps: what is reckoned from an obligation's due is said until it is met,
 * and what reminds before it is due only until then. */
bool rule_speaks_at(const struct rule *rule, unsigned step, const void *record);
/* Whom that step is for, in words and parsed. */
const char *rule_to(const struct rule *rule, unsigned step);
const struct audience *rule_audience(const struct rule *rule, unsigned step);

#endif
