#include "common/config_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 2 /* a list in a section */

struct scan {
    const char *path;
    struct buf *reterr;
    char *p;
    size_t n, at;
    unsigned line;
    unsigned open[DEPTH_MAX]; /* lines of the braces that are open */
    unsigned depth;
    char before; /* the last character that was not blank */
    struct config_layout layout;
};

static char peek(const struct scan *s, size_t ahead) {
    return s->at + ahead < s->n ? s->p[s->at + ahead] : '\0';
}

static int complain(const struct scan *s, unsigned line, const char *what) {
    config_error(s->reterr, s->path, line, "%s", what);
    return -EBADMSG;
}

static void blank(struct scan *s) {
    if (s->p[s->at] == '\n')
        s->line++;
    else
        s->p[s->at] = ' ';
    s->at++;
}

static int skip_comment(struct scan *s) {
    unsigned begin = s->line;
    if (peek(s, 0) != '/' || peek(s, 1) != '*') {
        while (s->at < s->n && peek(s, 0) != '\n')
            blank(s);
        return 0;
    }
    blank(s);
    blank(s);
    while (s->at < s->n && !(peek(s, 0) == '*' && peek(s, 1) == '/'))
        blank(s);
    if (s->at == s->n)
        return complain(s, begin, "the comment is not closed, expected */");
    blank(s);
    blank(s);
    return 0;
}

static bool is_expansion(const struct scan *s) {
    return peek(s, 0) == '$' && peek(s, 1) == '{';
}

static int skip_quoted(struct scan *s) {
    unsigned begin = s->line;
    char quote = s->p[s->at++];
    for (; s->at < s->n && peek(s, 0) != quote; s->at++) {
        if (quote == '"' && is_expansion(s))
            return complain(s, s->line, "${…} is not expanded here, expected \\${ or '${'");
        if (peek(s, 0) == '\\') {
            char next = peek(s, 1);
            if (quote == '"' && ((next >= '0' && next <= '9') || next == 'x'))
                return complain(s, s->line, "a character by its number, expected the character");
            s->at++;
        }
        if (s->at < s->n && peek(s, 0) == '\n')
            s->line++;
    }
    if (s->at >= s->n)
        return complain(s, begin, "the text is not closed, expected a quotation mark");
    s->at++;
    return 0;
}

static int open_brace(struct scan *s) {
    if (s->depth == DEPTH_MAX || (s->depth && s->before != '='))
        return complain(s, s->line, "unexpected {");
    if (s->before != '=') {
        unsigned n = s->layout.sections++;
        s->layout.section_lines =
            reallocarray(s->layout.section_lines, n + 1, sizeof *s->layout.section_lines);
        must(s->layout.section_lines);
        s->layout.section_lines[n] = s->line;
    }
    s->open[s->depth++] = s->line;
    return 0;
}

static int scan_one(struct scan *s) {
    char c = peek(s, 0);
    int rc = 0;
    if (c == '#' || (c == '/' && (peek(s, 1) == '/' || peek(s, 1) == '*')))
        return skip_comment(s);
    if (c == '"' || c == '\'') {
        rc = skip_quoted(s);
        s->before = c;
        return rc;
    }
    if (c == '\0' || is_expansion(s))
        return complain(s, s->line, c ? "${…} is not expanded here" : "a zero byte");
    if (c == '{')
        rc = open_brace(s);
    else if (c == '}' && s->depth-- == 0)
        rc = complain(s, s->line, "} closes nothing");
    else if (c == '\n')
        s->line++;
    if (!strchr(" \t\r\n", c))
        s->before = c;
    s->at++;
    return rc;
}

int config_scan(const char *path, struct buf *text, struct config_layout *ret, struct buf *reterr) {
    struct scan s = {.path = path, .reterr = reterr, .p = text->p, .n = text->n, .line = 1};
    int rc = text_is_utf8(buf_as_text(text)) ? 0 : complain(&s, 1, "the file is not UTF-8");
    for (size_t mark = text->n - text_unmarked(buf_as_text(text)).n; mark > 0; mark--)
        blank(&s);
    while (rc == 0 && s.at < s.n)
        rc = scan_one(&s);
    if (rc == 0 && s.depth)
        rc = complain(&s, s.open[s.depth - 1], "{ is not closed, expected }");
    if (rc < 0)
        free(s.layout.section_lines);
    else
        *ret = s.layout;
    return rc;
}
