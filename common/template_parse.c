#include "common/template_inner.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One parse: of the template and all its partials into one row of nodes. */
struct parse {
    struct template *template;
    template_partial_fn *fn;
    void *ctx;
    struct template_error *reterr;
    size_t bytes; /* of all sources so far */
    unsigned open[TEMPLATE_NESTING_MAX];
    unsigned depth;
};

/* One source text of it. */
struct reader {
    struct parse *parse;
    struct text name; /* of the partial */
    struct text all;
    size_t at;
    unsigned line;
    unsigned floor;    /* sections that were open when it began */
    unsigned partials; /* partials around it */
};

struct tag {
    char sigil; /* '\0' for a variable, '{' for an unescaped one */
    struct text name;
    size_t begin, end; /* of the whole tag in the source */
    unsigned line;
};

static int parse_source(struct parse *parse, struct text name, struct text source,
                        unsigned partials);

int template_fail(struct template_error *reterr, int rc, struct text source, unsigned line,
                  const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    (void)snprintf(reterr->source, sizeof reterr->source, "%.*s", TEXT_ARGS(source));
    reterr->line = line;
    (void)vsnprintf(reterr->what, sizeof reterr->what, fmt, args);
    va_end(args);
    return rc;
}

#define FAIL(r, rc, line, ...)                                                                     \
    template_fail((r)->parse->reterr, (rc), (r)->name, (line), __VA_ARGS__)

static int add_node(struct reader *r, enum node_kind kind, struct text text, unsigned line) {
    struct parse *p = r->parse;
    struct template *t = p->template;
    if (t->count == TEMPLATE_NODES_MAX)
        return FAIL(r, -EFBIG, line, "more than %d tags", TEMPLATE_NODES_MAX);
    if (t->count == t->capacity) {
        t->capacity = t->capacity ? 2 * t->capacity : 32;
        t->nodes = realloc(t->nodes, t->capacity * sizeof *t->nodes);
        must(t->nodes);
    }
    t->nodes[t->count++] = (struct node){.kind = kind,
                                         .text = text,
                                         .source = r->name,
                                         .line = line,
                                         .within = p->depth ? p->open[p->depth - 1] + 1 : 0};
    return 0;
}

static bool is_name(struct text name) {
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-' || c == '.'))
            return false;
    }
    return name.n > 0 && name.n <= TEMPLATE_NAME_MAX;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static const char *find(struct text in, size_t from, const char *what) {
    return in.n > from ? memmem(in.p + from, in.n - from, what, strlen(what)) : NULL;
}

/* Reads the tag that begins at r->at. */
static int read_tag(struct reader *r, struct tag *ret) {
    size_t inside = r->at + 2;
    char sigil = inside < r->all.n ? r->all.p[inside] : '\0';
    bool has_sigil = sigil && strchr("{#^/!>&=", sigil);
    const char *close = sigil == '{' ? "}}}" : "}}";
    const char *end = find(r->all, inside, close);
    if (!end)
        return FAIL(r, -EBADMSG, r->line, "a tag is not closed, expected %s", close);
    inside += has_sigil;
    struct text name = {r->all.p + inside, (size_t)(end - r->all.p) - inside};
    *ret = (struct tag){.sigil = has_sigil ? sigil : '\0',
                        .name = text_trim(name),
                        .begin = r->at,
                        .end = (size_t)(end - r->all.p) + strlen(close),
                        .line = r->line};
    if (ret->sigil == '!')
        return 0;
    if (ret->sigil == '=')
        return FAIL(r, -EBADMSG, r->line, "delimiters cannot be changed");
    if (ret->sigil == '&')
        return FAIL(r, -EBADMSG, r->line, "{{&name}} is not known, expected {{{name}}}");
    if (!is_name(ret->name))
        return FAIL(r, -EBADMSG, r->line,
                    "\"%.*s\" is not a name, expected 1 to %d of a-z A-Z 0-9 _ - .",
                    (int)(ret->name.n < TEMPLATE_NAME_MAX ? ret->name.n : TEMPLATE_NAME_MAX),
                    ret->name.p, TEMPLATE_NAME_MAX);
    return 0;
}

/* Alone on its line: then *ret_begin and *ret_end are widened to the whole line. */
static bool is_alone(const struct reader *r, const struct tag *tag, size_t *ret_begin,
                     size_t *ret_end) {
    size_t begin = tag->begin, end = tag->end;
    while (begin > 0 && is_blank(r->all.p[begin - 1]))
        begin--;
    while (end < r->all.n && is_blank(r->all.p[end]))
        end++;
    if ((begin > 0 && r->all.p[begin - 1] != '\n') || (end < r->all.n && r->all.p[end] != '\n'))
        return false;
    *ret_begin = begin;
    *ret_end = end < r->all.n ? end + 1 : end;
    return true;
}

static int open_section(struct reader *r, const struct tag *tag) {
    struct parse *p = r->parse;
    if (p->depth == TEMPLATE_NESTING_MAX)
        return FAIL(r, -EFBIG, tag->line, "more than %d sections in each other",
                    TEMPLATE_NESTING_MAX);
    int rc = add_node(r, tag->sigil == '#' ? NODE_SECTION : NODE_INVERTED, tag->name, tag->line);
    if (rc == 0)
        p->open[p->depth++] = p->template->count - 1;
    return rc;
}

static int close_section(struct reader *r, const struct tag *tag) {
    struct parse *p = r->parse;
    if (p->depth == r->floor)
        return FAIL(r, -EBADMSG, tag->line, "{{/%.*s}} closes nothing", TEXT_ARGS(tag->name));
    struct node *section = &p->template->nodes[p->open[p->depth - 1]];
    if (!text_eq(section->text, tag->name))
        return FAIL(r, -EBADMSG, tag->line, "{{/%.*s}} stands where {{/%.*s}} is expected",
                    TEXT_ARGS(tag->name), TEXT_ARGS(section->text));
    section->end = p->template->count;
    p->depth--;
    return 0;
}

static int include_partial(struct reader *r, const struct tag *tag, bool is_indented) {
    struct parse *p = r->parse;
    struct text source;
    if (is_indented)
        return FAIL(r, -EBADMSG, tag->line, "{{>%.*s}} is indented, expected at the line's start",
                    TEXT_ARGS(tag->name));
    if (r->partials == TEMPLATE_PARTIALS_MAX)
        return FAIL(r, -EFBIG, tag->line, "more than %d partials in each other",
                    TEMPLATE_PARTIALS_MAX);
    int rc = p->fn ? p->fn(p->ctx, tag->name, &source) : -ENOENT;
    if (rc < 0)
        return FAIL(r, rc == -ENOENT ? -EBADMSG : rc, tag->line, "there is no partial \"%.*s\"",
                    TEXT_ARGS(tag->name));
    return parse_source(p, tag->name, source, r->partials + 1);
}

static int act_on_tag(struct reader *r, const struct tag *tag, bool is_indented) {
    switch (tag->sigil) {
    case '\0':
        return add_node(r, NODE_VARIABLE, tag->name, tag->line);
    case '{':
        return add_node(r, NODE_UNESCAPED, tag->name, tag->line);
    case '#':
    case '^':
        return open_section(r, tag);
    case '/':
        return close_section(r, tag);
    case '>':
        return include_partial(r, tag, is_indented);
    default:
        return 0; /* a comment */
    }
}

static void count_lines(struct reader *r, size_t to) {
    for (; r->at < to; r->at++)
        r->line += r->all.p[r->at] == '\n';
}

/* Writes the text before the next tag, then does what the tag says; at the end: the rest. */
static int next_piece(struct reader *r) {
    size_t text_begin = r->at;
    unsigned text_line = r->line;
    const char *brace = find(r->all, r->at, "{{");
    struct tag tag = {0};
    size_t begin = brace ? (size_t)(brace - r->all.p) : r->all.n, end = begin;
    bool is_indented = false;
    count_lines(r, begin);
    if (brace) {
        int rc = read_tag(r, &tag);
        if (rc < 0)
            return rc;
        end = tag.end;
        if (tag.sigil && tag.sigil != '{' && is_alone(r, &tag, &begin, &end))
            is_indented = begin < tag.begin;
    }
    if (begin > text_begin) {
        struct text piece = {r->all.p + text_begin, begin - text_begin};
        int rc = add_node(r, NODE_TEXT, piece, text_line);
        if (rc < 0)
            return rc;
    }
    count_lines(r, end);
    return brace ? act_on_tag(r, &tag, is_indented) : 0;
}

static int parse_source(struct parse *parse, struct text name, struct text source,
                        unsigned partials) {
    struct reader r = {
        .parse = parse, .name = name, .line = 1, .floor = parse->depth, .partials = partials};
    parse->bytes += source.n;
    if (source.n > TEMPLATE_SOURCE_MAX || parse->bytes > TEMPLATE_SOURCE_MAX)
        return FAIL(&r, -EFBIG, 1, "more than %u bytes", TEMPLATE_SOURCE_MAX);
    if (!text_is_utf8(source))
        return FAIL(&r, -EBADMSG, 1, "the text is not UTF-8");
    r.all = arena_text(parse->template->arena, source);
    while (r.at < r.all.n) {
        int rc = next_piece(&r);
        if (rc < 0)
            return rc;
    }
    if (parse->depth > r.floor) {
        const struct node *open = &parse->template->nodes[parse->open[parse->depth - 1]];
        return FAIL(&r, -EBADMSG, open->line, "the section is not closed, expected {{/%.*s}}",
                    TEXT_ARGS(open->text));
    }
    return 0;
}

int template_parse(struct template **ret, struct text source, template_partial_fn *fn, void *ctx,
                   struct template_error *reterr) {
    struct template *template = calloc(1, sizeof *template);
    must(template);
    template->arena = arena_new();
    struct parse parse = {.template = template, .fn = fn, .ctx = ctx, .reterr = reterr};
    int rc = parse_source(&parse, TEXT_NONE, source, 0);
    if (rc < 0)
        template_free(&template);
    else
        *ret = template;
    return rc;
}

void template_free(struct template **template) {
    if (!*template)
        return;
    arena_free(&(*template)->arena);
    free((*template)->nodes);
    free(*template);
    *template = NULL;
}
