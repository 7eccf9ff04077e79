#include "services/notifier/letter_inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHED 64 /* letters in all their languages that are kept compiled */

struct compiled {
    char hash[65];
    struct template *subject, *body;
    uint64_t used;
};
struct letter_writer {
    struct compiled cache[CACHED];
    uint64_t uses;
    struct letter_dates *dates;
    struct buf work[3]; /* kept, so that no letter has to grow them again */
};

static const char page_head[] =
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<style>body{margin:0 auto;padding:1.5em;max-width:40em;font:1em/1.5 sans-serif;color:#1a1a1a;"
    "background:#fff}a{color:#0b4f8a}h1,h2{line-height:1.25}blockquote{margin-left:0;"
    "padding-left:1em;border-left:3px solid #767676}</style>\n";

/* "name, line 3: what" without the values. */
static int fail_template(int rc, const struct template_error *err, const char *part,
                         unsigned first_line, char why[LETTER_WHY_MAX]) {
    (void)snprintf(why, LETTER_WHY_MAX, "%s line %u: %.150s", part, err->line + first_line,
                   err->what);
    return rc;
}

/* The first line is the subject; the body begins after the empty line. */
static int split(struct text source, struct text *ret_subject, unsigned *ret_lines,
                 struct text *ret_body) {
    struct text rest = source, line;
    if (!text_starts(source, "Subject:") || !text_cut(&rest, '\n', ret_subject))
        return -EBADMSG;
    struct text label = TEXT_LIT("Subject:");
    ret_subject->p += label.n;
    ret_subject->n -= label.n;
    *ret_subject = text_trim(*ret_subject);
    *ret_lines = 1;
    *ret_body = rest;
    if (text_cut(&rest, '\n', &line) && text_trim(line).n == 0) {
        *ret_lines = 2;
        *ret_body = rest;
    }
    return ret_subject->n == 0 || ret_body->n == 0 ? -EBADMSG : 0;
}

static void forget(struct compiled *entry) {
    template_free(&entry->subject);
    template_free(&entry->body);
    *entry = (struct compiled){.hash = ""};
}

static int compile(struct compiled *entry, struct text hash, struct text source,
                   char why[LETTER_WHY_MAX]) {
    struct template_error err;
    struct text subject, body;
    unsigned lines;
    if (split(source, &subject, &lines, &body) < 0) {
        (void)snprintf(why, LETTER_WHY_MAX, "the letter is no \"Subject:\" line, empty line, text");
        return -EBADMSG;
    }
    int rc = text_copy(hash, entry->hash, sizeof entry->hash);
    if (rc < 0)
        return rc;
    rc = template_parse(&entry->subject, subject, NULL, NULL, &err);
    if (rc < 0)
        return fail_template(rc, &err, "subject", 0, why);
    rc = template_parse(&entry->body, body, NULL, NULL, &err);
    return rc < 0 ? fail_template(rc, &err, "letter", lines, why) : 0;
}

/* The source of a hash never changes, so what was compiled stays right. */
static int find(struct letter_writer *writer, const struct letter_in *in, struct compiled **ret,
                char why[LETTER_WHY_MAX]) {
    struct compiled *oldest = &writer->cache[0];
    for (unsigned i = 0; i < CACHED; i++) {
        struct compiled *entry = &writer->cache[i];
        if (entry->body && text_is(in->hash, entry->hash)) {
            entry->used = ++writer->uses;
            *ret = entry;
            return 0;
        }
        if (entry->used < oldest->used)
            oldest = entry;
    }
    forget(oldest);
    int rc = compile(oldest, in->hash, in->source, why);
    if (rc < 0) {
        forget(oldest);
        return rc;
    }
    oldest->used = ++writer->uses;
    *ret = oldest;
    return 0;
}

/* Into one line: a header has no place for another. */
static struct text one_line(struct arena *arena, struct text text) {
    char *p = arena_take(arena, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool is_blank = c <= ' ' || c == 0x7f;
        if (!is_blank || (n > 0 && p[n - 1] != ' '))
            p[n++] = is_blank ? ' ' : (char)c;
    }
    p[n] = '\0';
    return text_trim((struct text){p, n});
}

static int write_subject(struct letter_writer *writer, const struct compiled *compiled,
                         struct letter_values *values, struct letter *ret,
                         char why[LETTER_WHY_MAX]) {
    struct template_error err;
    struct buf *to = &writer->work[0];
    buf_clear(to);
    int rc = template_render(compiled->subject, letter_value, values, NULL, to, &err);
    if (rc < 0)
        return fail_template(rc, &err, "subject", 0, why);
    ret->subject = one_line(values->in->arena, buf_as_text(to));
    if (ret->subject.n == 0 || ret->subject.n > LETTER_SUBJECT_MAX) {
        (void)snprintf(why, LETTER_WHY_MAX, "the subject is empty or longer than %d bytes",
                       LETTER_SUBJECT_MAX);
        return -EMSGSIZE;
    }
    return 0;
}

static int write_markdown(struct letter_writer *writer, const struct compiled *compiled,
                          struct letter_values *values, struct text *ret,
                          char why[LETTER_WHY_MAX]) {
    struct template_error err;
    struct buf *markdown = &writer->work[0];
    buf_clear(markdown);
    int rc = template_render(compiled->body, letter_value, values, letter_escape, markdown, &err);
    if (rc < 0)
        return fail_template(rc, &err, "letter", 2, why);
    *ret = buf_as_text(markdown);
    return 0;
}

static int write_body(struct letter_writer *writer, const struct compiled *compiled,
                      struct letter_values *values, struct letter *ret, char why[LETTER_WHY_MAX]) {
    struct buf *html = &writer->work[1], *plain = &writer->work[2];
    struct text markdown;
    buf_clear(html);
    buf_clear(plain);
    int rc = write_markdown(writer, compiled, values, &markdown, why);
    if (rc < 0)
        return rc;
    buf_printf(html, "<!DOCTYPE html>\n<html lang=\"%.*s\">\n<head>\n%s<title>",
               TEXT_ARGS(ret->language), page_head);
    buf_html(html, ret->subject);
    buf_str(html, "</title>\n</head>\n<body>\n<main>\n");
    letter_markdown(markdown, html, plain);
    buf_str(html, "</main>\n</body>\n</html>\n");
    if (html->over || plain->over) {
        (void)snprintf(why, LETTER_WHY_MAX, "the letter is too long");
        return -EMSGSIZE;
    }
    ret->html = arena_text(values->in->arena, buf_as_text(html));
    ret->plain = arena_text(values->in->arena, buf_as_text(plain));
    return 0;
}

static int open_values(struct letter_writer *writer, const struct letter_in *in,
                       struct letter_values *ret, char why[LETTER_WHY_MAX]) {
    int rc = letter_values_open(ret, in, writer->dates);
    if (rc < 0)
        (void)snprintf(why, LETTER_WHY_MAX, "what the letter is about cannot be read");
    return rc;
}

/* The letters in a digest, each as its own text has it. */
static int write_items(struct letter_writer *writer, const struct letter_in *in,
                       struct letter_values *values, char why[LETTER_WHY_MAX]) {
    struct letter_item *items = arena_take(in->arena, in->item_count * sizeof *items + 1);
    for (unsigned i = 0; i < in->item_count; i++) {
        struct compiled *compiled;
        struct letter_values of_item;
        struct letter letter;
        struct text markdown;
        int rc = find(writer, &in->items[i], &compiled, why);
        if (rc == 0)
            rc = open_values(writer, &in->items[i], &of_item, why);
        if (rc == 0)
            rc = write_subject(writer, compiled, &of_item, &letter, why);
        if (rc == 0)
            rc = write_markdown(writer, compiled, &of_item, &markdown, why);
        if (rc < 0)
            return rc;
        items[i] = (struct letter_item){letter.subject, arena_text(in->arena, markdown)};
    }
    values->items = items;
    return 0;
}

struct letter_writer *letter_writer_new(void) {
    struct letter_writer *writer = calloc(1, sizeof *writer);
    must(writer);
    writer->dates = letter_dates_new();
    for (unsigned i = 0; i < COUNT_OF(writer->work); i++)
        buf_init(&writer->work[i], i == 0 ? LETTER_MAX : LETTER_MAX * 4);
    return writer;
}

void letter_writer_free(struct letter_writer **writer) {
    if (!*writer)
        return;
    for (unsigned i = 0; i < CACHED; i++)
        forget(&(*writer)->cache[i]);
    for (unsigned i = 0; i < COUNT_OF((*writer)->work); i++)
        buf_free(&(*writer)->work[i]);
    letter_dates_free(&(*writer)->dates);
    free(*writer);
    *writer = NULL;
}

int letter_write(struct letter_writer *writer, const struct letter_in *in, struct letter *ret,
                 char why[LETTER_WHY_MAX]) {
    struct compiled *compiled;
    struct letter_values values;
    int rc = open_values(writer, in, &values, why);
    if (rc == 0 && in->item_count)
        rc = write_items(writer, in, &values, why);
    if (rc == 0)
        rc = find(writer, in, &compiled, why);
    if (rc < 0)
        return rc;
    struct letter letter = {.language = values.language};
    rc = write_subject(writer, compiled, &values, &letter, why);
    if (rc == 0)
        rc = write_body(writer, compiled, &values, &letter, why);
    if (rc == 0)
        *ret = letter;
    return rc;
}
