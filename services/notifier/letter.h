/* letter - a letter's source and what it is about, made into a subject, a plain text and a page.
 *
 * A source is "Subject: …", an empty line, and Markdown, with names in it (proto/variable.h).
 *
 * TRUST      Sources are the operators'; values are anybody's. A value is escaped so that it makes
 *            no markup, link or heading; raw HTML and pictures of a source are left out.
 * INVARIANTS What comes out is a function of the row, the occasion, the source, the settings and
 *            the key: no clock, no randomness, nothing of the machine but its zone and language
 *            data.
 * OWNERSHIP  What letter_write() gives lives in the arena of its input.
 * ERRORS     0, or -errno with a sentence in `why` that holds names of variables, never values.
 */
#ifndef NOTIFIER_LETTER_H
#define NOTIFIER_LETTER_H

#include "common/base.h"
#include "common/token.h"
#include "proto/settings.h"
#include "proto/shape.h"

#define LETTER_MAX (256u * 1024) /* bytes of Markdown, names filled in */
#define LETTER_SUBJECT_MAX 1000  /* bytes */
#define LETTER_WHY_MAX 200

struct letter_in { /* all borrowed */
    const struct rec_ledger *row;
    const struct rec_occasion *occasion;
    struct text hash; /* of the source: its name in the cache */
    struct text source;
    const struct settings *settings;
    const struct token_key *links; /* NULL: a sample, whose links lead nowhere */
    struct arena *arena;
    const struct letter_in *items; /* of a digest: the letters in it */
    unsigned item_count;
    bool digested; /* it is such an item: its greeting and its foot are left out */
};

struct letter {
    struct text language; /* "da", "sv" or "en" */
    struct text subject;  /* one line, no control characters */
    struct text plain;    /* lines end in \n */
    struct text html;     /* a whole document */
};

/* Keeps templates and date patterns between letters. */
struct letter_writer;
struct letter_writer *letter_writer_new(void);
void letter_writer_free(struct letter_writer **writer);

MUST_CHECK int letter_write(struct letter_writer *writer, const struct letter_in *in,
                            struct letter *ret, char why[LETTER_WHY_MAX]);

/* The address of a link of links.def for this person; absent when what it is for is absent. */
struct text letter_link(const struct letter_in *in, const char *name);

#endif
