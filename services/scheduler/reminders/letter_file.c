#include "services/scheduler/reminders/letter_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config.h"
#include "common/template.h"
#include "common/token.h"
#include "proto/variable.h"
#include "services/scheduler/reminders/subject.h"

#define LETTER_MAX (64 * 1024)

struct checking {
    const char *path;
    const struct rule *rule;
    struct buf *err;
};

struct partials {
    const char *home, *language;
    struct buf text;
};

static int on_partial(void *ctx, struct text name, struct text *ret) {
    struct partials *p = ctx;
    char path[4400];
    snprintf(path, sizeof path, "%s/letters/_%.*s.%s.md", p->home, TEXT_ARGS(name), p->language);
    buf_free(&p->text);
    int rc = read_file(path, LETTER_MAX, &p->text);
    if (rc == 0)
        *ret = text_unmarked(buf_as_text(&p->text));
    return rc ? -ENOENT : 0;
}

/* Writes the text with {{>partials}} replaced, so that what is kept is whole. */
static int write_out(struct partials *p, struct text source, struct buf *to) {
    struct text rest = source, line;
    while (text_cut(&rest, '\n', &line)) {
        struct text name = text_trim(line);
        struct text part;
        if (!text_starts(name, "{{>") || name.n < 6) {
            buf_text(to, line);
            buf_char(to, '\n');
            continue;
        }
        name = text_trim((struct text){name.p + 3, name.n - 5});
        if (on_partial(p, name, &part))
            return -ENOENT;
        buf_text(to, part);
    }
    return to->over ? -EFBIG : 0;
}

/* Read as it stands, so that an error names the file's own line, or the partial's. */
static int check(struct checking *c, const char *home, const char *language, struct text source) {
    struct template *t;
    struct template_error e;
    struct partials p = {.home = home, .language = language};
    if (!text_starts(source, "Subject: ")) {
        config_error(c->err, c->path, 1, "expected \"Subject: …\" on the first line");
        return -EBADMSG;
    }
    buf_init(&p.text, LETTER_MAX);
    int rc = template_parse(&t, source, on_partial, &p, &e);
    if (rc == 0) {
        rc = variable_check_template(text_of(c->rule->speaks_of), t, &e);
        template_free(&t);
    }
    if (rc && e.source[0])
        config_error(c->err, c->path, 0, "{{>%s}} line %u: %s", e.source, e.line, e.what);
    else if (rc)
        config_error(c->err, c->path, e.line, "%s", e.what);
    buf_free(&p.text);
    return rc ? -EBADMSG : 0;
}

static void keep(struct rulebook *book, const char *hash, struct text text) {
    for (unsigned i = 0; i < book->text_count; i++)
        if (strcmp(book->texts[i].hash, hash) == 0)
            return;
    struct letter_text *more = realloc(book->texts, (book->text_count + 1) * sizeof *more);
    must(more);
    book->texts = more;
    struct letter_text *t = &book->texts[book->text_count++];
    snprintf(t->hash, sizeof t->hash, "%s", hash);
    t->text = strndup(text.p, text.n);
    must(t->text);
    t->size = text.n;
}

static int load_one(struct rulebook *book, const char *home, struct rule *rule, unsigned language,
                    struct buf *reterr) {
    char path[4400];
    struct buf source, whole;
    snprintf(path, sizeof path, "%s/letters/%s.%s.md", home, rule->letter, languages[language]);
    struct checking c = {.path = path, .rule = rule, .err = reterr};
    struct partials p = {.home = home, .language = languages[language]};
    buf_init(&p.text, LETTER_MAX);
    buf_init(&source, LETTER_MAX);
    buf_init(&whole, LETTER_MAX);
    int rc = read_file(path, LETTER_MAX, &source);
    struct text letter = text_unmarked(buf_as_text(&source));
    if (rc) {
        config_error(reterr, path, 0, "%s; the letter is needed in da, sv and en", strerror(-rc));
    } else if ((rc = check(&c, home, languages[language], letter))) {
        rc = -EBADMSG;
    } else if ((rc = write_out(&p, letter, &whole))) {
        config_error(reterr, path, 0, "with its partials it is longer than %d bytes", LETTER_MAX);
    } else {
        struct bytes part = buf_as_bytes(&whole);
        token_hash_text(&part, 1, rule->text_hash[language]);
        keep(book, rule->text_hash[language], buf_as_text(&whole));
    }
    buf_free(&p.text);
    buf_free(&source);
    buf_free(&whole);
    return rc;
}

int letter_load(struct rulebook *book, const char *home, struct rule *rule, const char *path,
                unsigned line, struct buf *reterr) {
    int bad = 0;
    if (strspn(rule->letter, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(rule->letter)) {
        config_error(reterr, path, line, "letter \"%s\": expected a name of a-z 0-9 -",
                     rule->letter);
        return -EBADMSG;
    }
    for (unsigned i = 0; i < LANGUAGES; i++)
        if (load_one(book, home, rule, i, reterr))
            bad = -EBADMSG;
    return bad;
}
