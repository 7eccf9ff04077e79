/* heads - a look before something is said to many: who would get which letter, from the scheduler's
 * forecast on a private copy, and the number that must be typed back.
 *
 * OWNERSHIP  What a look holds lives until heads_free().
 */
#ifndef CIRKEL_HEADS_H
#define CIRKEL_HEADS_H

#include "services/cirkel/verbs.h"

#include <jansson.h>

#define HEADS_KINDS 64

struct heads {
    json_t *lines; /* of the forecast */
    struct {       /* letters of one name in one language */
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
void heads_print(const struct heads *heads); /* each person, then how many by letter and language */
/* The words of each letter of the home, once, in the language most get it in. */
void heads_print_words(const struct options *options, const struct heads *heads);

/* Minutes of --window, or of the setting undo_window; an exit code. */
MUST_CHECK int heads_window(const struct options *options, int64_t *ret);
/* --count, or what is typed at a terminal; 0: nobody gave a number. An exit code. */
MUST_CHECK int heads_typed(const struct options *options, const char *question, int64_t *ret);

#endif
