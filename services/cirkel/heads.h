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
    json_t *lines;   /* of the forecast */
    json_t *samples; /* "letter", "language", "person", "name", "subject", "text" */
    struct {         /* letters of one name in one language */
        const char *letter, *language;
        unsigned goes, does_not;
    } kinds[HEADS_KINDS];
    unsigned count;
    int64_t goes;
    const char *refused; /* why it cannot be said; NULL: it can */
};

/* What would be sent within a span ("2m") if this were said now. 0, or an exit code. */
MUST_CHECK int heads_look(const struct options *options, const char *type, const json_t *body,
                          const char *span, struct heads *ret);
void heads_free(struct heads *heads);
/* Each person, how many by letter and language, and a letter of each in full. */
void heads_print(const struct heads *heads);
void heads_print_json(const struct heads *heads); /* the same, in a line */

/* Minutes of --window, or of the setting undo_window; an exit code. */
MUST_CHECK int heads_window(const struct options *options, int64_t *ret);
/* --count, or what is typed at a terminal; 0: nobody gave a number. An exit code. */
MUST_CHECK int heads_typed(const struct options *options, const char *question, int64_t *ret);

#endif
