/* template - letters with names in them: a strict subset of Mustache, compiled once.
 *
 *     {{name}} escaped   {{{name}}} as it is   {{! comment }}   {{>partial}}
 *     {{#name}} when true, when not empty, or once for each of a list {{/name}}
 *     {{^name}} otherwise {{/name}}
 *
 * A section, comment or partial alone on its line takes the line with it. There are no lambdas and
 * no other delimiters. A name nobody knows, and a variable that is absent, is an error: a letter
 * with a blank in it must never go out.
 *
 * TRUST      Sources are written by operators: every limit below is checked, and nesting is
 *            bounded. Values are personal text: escaped unless the template says {{{name}}}.
 * OWNERSHIP  A template owns copies of its sources. Names handed to callbacks live as long as it.
 * ERRORS     0 or -errno, with the line and what was expected in *reterr. Nothing here logs.
 */
#ifndef COMMON_TEMPLATE_H
#define COMMON_TEMPLATE_H

#include "common/base.h"

#define TEMPLATE_SOURCE_MAX (256u * 1024) /* bytes, partials included */
#define TEMPLATE_NODES_MAX 8192           /* tags and the pieces between them */
#define TEMPLATE_NAME_MAX 64              /* a-z A-Z 0-9 _ - . */
#define TEMPLATE_NESTING_MAX 8            /* sections in sections, partials included */
#define TEMPLATE_PARTIALS_MAX 4           /* partials in partials */
#define TEMPLATE_STEPS_MAX 1000000        /* pieces written in one rendering */

struct template;

struct template_error {
    char source[TEMPLATE_NAME_MAX + 1]; /* the partial's name, or "" for the template itself */
    unsigned line;
    char what[200]; /* what is wrong, and what is expected */
};

/* The source of a partial, copied before the next call; -ENOENT: no such. */
typedef int template_partial_fn(void *ctx, struct text name, struct text *ret);

/* -EBADMSG: not a template. -EFBIG: past a limit. `fn` may be NULL: then there are no partials. */
MUST_CHECK int template_parse(struct template **ret, struct text source, template_partial_fn *fn,
                              void *ctx, struct template_error *reterr);
void template_free(struct template **template);

/* One use of a name, so that a table of allowed names can be held against it. */
struct template_use {
    struct text name;
    struct text source; /* the partial it stands in, empty for the template itself */
    struct text within; /* the innermost {{#section}} around it; absent at the top */
    unsigned line;
    bool is_section; /* else a variable */
};
/* In order of appearance, until fn returns non-zero; that value is returned. */
typedef int template_use_fn(void *ctx, const struct template_use *use);
int template_names(const struct template *template, template_use_fn *fn, void *ctx);

enum template_kind { TEMPLATE_ABSENT, TEMPLATE_TEXT, TEMPLATE_BOOL, TEMPLATE_LIST };
struct template_value {
    enum template_kind kind;
    struct text text; /* borrowed until the next call; empty is false for a section */
    bool is_true;     /* with a text, too, it can be written: a number, which is false when zero */
    unsigned count;   /* of the list */
};
/* Which item of which list a name stands in, innermost first; NULL outside of all lists. */
struct template_scope {
    struct text list;
    unsigned index; /* from 0 */
    const struct template_scope *outer;
};
/* -ENOENT: no such name. {{.}} comes as the name ".". Finding a name in an outer scope is up to fn.
 */
typedef int template_value_fn(void *ctx, const struct template_scope *scope, struct text name,
                              struct template_value *ret);

/* Writes personal text so that it is nothing but text. */
typedef void template_escape_fn(struct buf *to, struct text text);

/* Adds to `to`, whose limit is the limit. `escape` may be NULL: plain text.
 * -ENOENT: a name is unknown or absent, -EPROTO: a value of the wrong kind, -EMSGSIZE: too much;
 * `to` then holds a part that must not be used. */
MUST_CHECK int template_render(const struct template *template, template_value_fn *fn, void *ctx,
                               template_escape_fn *escape, struct buf *to,
                               struct template_error *reterr);

#endif
