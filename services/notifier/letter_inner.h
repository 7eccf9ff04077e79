/* letter_inner - the parts of letter: values of names, dates in words, Markdown. Not for others. */
#ifndef NOTIFIER_LETTER_INNER_H
#define NOTIFIER_LETTER_INNER_H

#include "common/template.h"
#include "common/zone.h"
#include "proto/variable.h"
#include "services/notifier/letter.h"

/* ---- letter_date.c: ICU, in the reader's language ---- */
struct letter_dates;
enum letter_date { LETTER_MOMENT, LETTER_DATE, LETTER_TIME };
struct letter_dates *letter_dates_new(void);
void letter_dates_free(struct letter_dates **dates);
/* "torsdag den 5. maj 2022 kl. 09.00", in the arena. */
struct text letter_date(struct letter_dates *dates, struct arena *arena, struct text language,
                        enum letter_date form, struct wall wall);

/* ---- letter_value.c: what a name stands for ---- */
struct letter_item { /* a letter in a digest, written */
    struct text subject, markdown;
};
struct letter_values {
    const struct letter_in *in;
    struct letter_dates *dates;
    struct text language;
    const struct zone *zone;
    void *records[REC_COUNT]; /* decoded; NULL: absent */
    const struct letter_item *items;
};
/* -EBADMSG: a record of the occasion cannot be read. */
MUST_CHECK int letter_values_open(struct letter_values *ret, const struct letter_in *in,
                                  struct letter_dates *dates);
int letter_value(void *ctx, const struct template_scope *scope, struct text name,
                 struct template_value *ret); /* a template_value_fn */

/* ---- letter_text.c: Markdown ---- */
/* A value that makes no markup wherever it stands; its lines stay lines. */
void letter_escape(struct buf *to, struct text text);
/* The same text as an HTML fragment and as lines of at most 72 columns, addresses written out. */
void letter_markdown(struct text markdown, struct buf *html, struct buf *plain);

/* ---- letter_plain.c ---- */
struct cmark_node;
void letter_plain(struct cmark_node *root, struct buf *to);

#endif
