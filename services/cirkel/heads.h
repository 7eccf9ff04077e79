/* heads - a look before something is said to many: who would get which letter, from the scheduler's
 * forecast on a private copy, who would not and why, each letter as one of its readers would get
 * it, and the number that must be typed back.
 *
 * OWNERSHIP  What a look holds lives until heads_free().
 */
#ifndef CIRKEL_HEADS_H
#define CIRKEL_HEADS_H

#include "services/cirkel/verbs.h"

#include <jansson.h>

#define HEADS_KINDS 64

struct heads {
    json_t *lines;   /* of the forecast, those that are looked at */
    json_t *samples; /* "letter", "language", "person", "name", "subject", "text" */
    struct {         /* letters of one name in one language */
        const char *letter, *language;
        unsigned goes, does_not;
    } kinds[HEADS_KINDS];
    unsigned count;
    int64_t goes;        /* letters, as it is foreseen */
    int64_t counted;     /* by the answer to what is said */
    const char *refused; /* why it cannot be said; NULL: it can */
};

/* What would be sent until then ("2m", or a moment) if this were said now: all of it, or only by a
 * rule. 0, or an exit code. */
MUST_CHECK int heads_look(const struct options *options, const char *type, const json_t *body,
                          const char *until, const char *rule, struct heads *ret);
void heads_free(struct heads *heads);
/* Each person, how many by letter and language, and a letter of each in full. */
void heads_print(const struct heads *heads);
/* The same, in a line, with the number that is to be typed back. */
void heads_print_json(const struct heads *heads, int64_t count);

/* Minutes of --window, or of the setting undo_window; an exit code. */
MUST_CHECK int heads_window(const struct options *options, int64_t *ret);
/* --count, or what is typed at a terminal; 0: nobody gave a number. An exit code. */
MUST_CHECK int heads_typed(const struct options *options, const char *question, int64_t *ret);

#endif
