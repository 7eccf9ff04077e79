/* Reading the files of rules/ and the letters they name. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config.h"
#include "common/token.h"
#include "proto/codec.h"
#include "proto/owes.h"
#include "services/scheduler/reminders/letter_file.h"
#include "services/scheduler/reminders/rule.h"
#include "services/scheduler/reminders/subject.h"

#define FILES_MAX 200
#define AUDIENCE_MAX 400 /* records_reminder.def */

struct rule_file { /* as written */
    char *about, *to, *letter, *class, *useful, *late, *calendar;
    struct config_list when, only, ladder;
    bool tells, at_most_once, nudge;
    msec together;
};

#define ROW(name_, kind_, fallback_, min_, max_, doc_)                                             \
    {                                                                                              \
        .name = #name_, .kind = kind_, .offset = offsetof(struct rule_file, name_),                \
        .fallback = fallback_, .min = min_, .max = max_, .doc = doc_                               \
    }
static const struct config_row rows[] = {
    ROW(about, CONFIG_STRING, NULL, 1, 32, "What it speaks about."),
    ROW(when, CONFIG_LIST, NULL, 1, RULE_STEPS_MAX, "At which moments."),
    ROW(only, CONFIG_LIST, "", 0, RULE_CONDITIONS_MAX, "Only if these hold of it."),
    ROW(ladder, CONFIG_LIST, "", 0, RULE_LADDER_MAX,
        "Steps after an obligation's due, \"2 workdays: colleagues\", until it is met."),
    ROW(to, CONFIG_STRING, NULL, 1, AUDIENCE_MAX, "Who gets it."),
    ROW(letter, CONFIG_STRING, NULL, 1, 64, "Which letter."),
    ROW(class, CONFIG_STRING, "service", 1, 16, "service, duty or news."),
    ROW(useful, CONFIG_STRING, "", 0, 100, "Later than this it is of no use."),
    ROW(late, CONFIG_STRING, "send", 1, 16, "When it is late: send, note, digest, skip or ask."),
    ROW(tells, CONFIG_BOOL, "no", 0, 0, "It tells time and place: who got it is owed corrections."),
    ROW(calendar, CONFIG_STRING, "", 0, 16, "A calendar part: request or cancel."),
    ROW(at_most_once, CONFIG_BOOL, "no", 0, 0, "Never sent again when its fate is unknown."),
    ROW(nudge, CONFIG_BOOL, "no", 0, 0, "It only nudges: a person gets one of these a day."),
    ROW(together, CONFIG_SPAN, "0ms", 0, 1 * DAYS,
        "So long it waits for more of its kind to the same person, to go as one letter."),
};

struct reading {
    const char *home, *path;
    unsigned line;
    struct rulebook *book;
    struct buf *err;
    bool bad;
};

static void wrong(struct reading *r, const char *what, struct text found, const char *expected) {
    config_error(r->err, r->path, r->line, "%s \"%.*s\": expected %s", what, TEXT_ARGS(found),
                 expected);
    r->bad = true;
}

static void wrong_because(struct reading *r, const char *what, struct buf *why) {
    config_error(r->err, r->path, r->line, "%s: %s", what, buf_cstr(why));
    r->bad = true;
}

static char *copy(const char *s) {
    char *c = strdup(s);
    must(c);
    return c;
}

static void read_moments(struct reading *r, const struct rule_file *f, struct rule *rule) {
    const struct shape *shape = &rec_shapes[rule->about->record];
    struct buf why;
    buf_init(&why, 1000);
    for (unsigned i = 0; i < f->when.count && i < RULE_STEPS_MAX; i++) {
        buf_clear(&why);
        if (moment_parse(text_of(f->when.items[i]), shape, &rule->when[rule->steps], &why))
            wrong_because(r, "when", &why);
        else
            rule->steps++;
    }
    buf_clear(&why);
    if (f->useful[0] && moment_parse(text_of(f->useful), shape, &rule->useful, &why))
        wrong_because(r, "useful", &why);
    buf_free(&why);
}

/* "2 workdays: colleagues", "4 workdays at 09:00: adviser or lead" */
static void read_rung(struct reading *r, const char *line, struct rule *rule) {
    const char *colon = strstr(line, ": ");
    struct rule_rung *rung = &rule->rungs[rule->rung_count];
    struct buf why, moment;
    if (!colon) {
        wrong(r, "ladder", text_of(line), "a span and whom, as in \"2 workdays: colleagues\"");
        return;
    }
    if (strlen(colon + 2) > AUDIENCE_MAX) {
        wrong(r, "ladder", (struct text){line, (size_t)(colon - line)},
              "an audience of at most 400 bytes");
        return;
    }
    buf_init(&why, 1000);
    buf_init(&moment, 200);
    buf_printf(&moment, "due + %.*s", (int)(colon - line), line);
    rung->to = copy(colon + 2);
    rule->rung_count++;
    if (moment_parse(buf_as_text(&moment), &rec_shapes[REC_OBLIGATION], &rule->when[rule->steps],
                     &why))
        wrong_because(r, "ladder", &why);
    else
        rule->steps++;
    buf_clear(&why);
    if (audience_parse(text_of(rung->to), &rung->audience, &why))
        wrong_because(r, "ladder", &why);
    buf_free(&why);
    buf_free(&moment);
}

static void read_ladder(struct reading *r, const struct rule_file *f, struct rule *rule) {
    if (f->ladder.count && rule->about->record != REC_OBLIGATION) {
        wrong(r, "ladder", text_of(f->about), "a rule about an obligation");
        return;
    }
    if (!f->ladder.count)
        return;
    rule->rungs = calloc(f->ladder.count, sizeof *rule->rungs);
    must(rule->rungs);
    for (unsigned i = 0; i < f->ladder.count && i < RULE_LADDER_MAX; i++)
        read_rung(r, f->ladder.items[i], rule);
}

static const char *written(const struct rule_file *f, unsigned step) {
    return step < f->when.count ? f->when.items[step] : f->ladder.items[step - f->when.count];
}

/* What says the same to the same people twice, and what is of no use when it is due. */
static void check_moments(struct reading *r, const struct rule_file *f, const struct rule *rule) {
    if (rule->steps != f->when.count + f->ladder.count) /* told of already */
        return;
    for (unsigned i = 0; i < rule->steps; i++) {
        for (unsigned k = 0; k < i; k++)
            if (moment_is_same(&rule->when[k], &rule->when[i]) &&
                text_is(text_of(rule_to(rule, k)), rule_to(rule, i)))
                wrong(r, i < f->when.count ? "when" : "ladder", text_of(written(f, i)),
                      "another moment than that of a step before it");
        if (moment_is_surely_before(&rule->useful, &rule->when[i])) {
            config_error(r->err, r->path, r->line,
                         "useful \"%s\": expected a moment after \"%s\", or what is due then is "
                         "past its use and never sent",
                         f->useful, written(f, i));
            r->bad = true;
        }
    }
}

static bool choice_exists(const struct field *f, struct text value) {
    struct text rest = text_of(f->choices), choice;
    if (f->kind != FIELD_WORD)
        return true;
    while (text_cut(&rest, '|', &choice))
        if (text_eq(choice, value))
            return true;
    return false;
}

static bool can_be_compared(const struct field *f) {
    return f->kind == FIELD_ID || f->kind == FIELD_TEXT || f->kind == FIELD_INT ||
           f->kind == FIELD_BOOL || f->kind == FIELD_WALL || f->kind == FIELD_DATE ||
           f->kind == FIELD_ADDRESS || f->kind == FIELD_LINK || f->kind == FIELD_WORD;
}

/* "field", "not field" or "field = value". */
static void read_condition(struct reading *r, const char *line, struct rule *rule) {
    const struct shape *shape = &rec_shapes[rule->about->record];
    struct rule_condition *c = &rule->only[rule->conditions];
    struct text value = text_of(line), name;
    bool has_value = strchr(line, '=') != NULL;
    *c = (struct rule_condition){.field = NULL};
    if (has_value)
        must(text_cut(&value, '=', &name));
    else
        name = value;
    name = text_trim(name);
    if (!has_value && text_starts(name, "not ")) {
        c->absent = true;
        name = text_trim((struct text){name.p + 4, name.n - 4});
    }
    c->field = shape_field(shape, name);
    if (!c->field) {
        wrong(r, "only", name, "a field of the subject, as in PROTOCOL.md");
        return;
    }
    if (has_value) {
        value = text_trim(value);
        if (!can_be_compared(c->field)) {
            wrong(r, "only", name, "a field that holds one word, id, text or number");
            return;
        }
        if (!choice_exists(c->field, value)) {
            wrong(r, "only", value, c->field->choices);
            return;
        }
        char *v = strndup(value.p, value.n);
        must(v);
        c->value = v;
    }
    rule->conditions++;
}

static void read_words(struct reading *r, const struct rule_file *f, struct rule *rule) {
    static const char *const lates[] = {"send", "note", "skip", "ask", "digest"};
    struct buf why;
    buf_init(&why, 1000);
    rule->to = copy(f->to);
    if (audience_parse(text_of(rule->to), &rule->audience, &why))
        wrong_because(r, "to", &why);
    buf_free(&why);
    rule->class = copy(f->class);
    if (strcmp(f->class, "service") && strcmp(f->class, "duty") && strcmp(f->class, "news"))
        wrong(r, "class", text_of(f->class), "service, duty or news");
    rule->calendar = copy(f->calendar);
    if (f->calendar[0] && strcmp(f->calendar, "request") && strcmp(f->calendar, "cancel"))
        wrong(r, "calendar", text_of(f->calendar), "request or cancel");
    if (f->calendar[0] && rule->about->table != TABLE_MEETING &&
        rule->about->table != TABLE_REGISTRATION)
        wrong(r, "calendar", text_of(rule->about->name),
              "a rule about a meeting or a registration");
    if (f->nudge && strcmp(f->class, "news"))
        wrong(r, "nudge", text_of(f->class), "class news: service and duty always go");
    if (strcmp(f->late, "digest") == 0 && (f->calendar[0] || rule->about->table == TABLE_DIGEST))
        wrong(r, "late", text_of(f->late), "a letter without a calendar part, and no digest");
    rule->together = f->together;
    if (f->together &&
        (f->calendar[0] || !strcmp(f->class, "news") || rule->about->table == TABLE_DIGEST))
        wrong(r, "together", text_of(f->letter),
              "a letter of class service or duty, without a calendar part, and no digest");
    for (unsigned i = 0; i < COUNT_OF(lates); i++)
        if (strcmp(f->late, lates[i]) == 0) {
            rule->late = (enum rule_late)i;
            return;
        }
    wrong(r, "late", text_of(f->late), "send, note, digest, skip or ask");
}

/* A hash of all that the rule says, so that a changed rule is a new one. */
static void make_version(const struct rule_file *f, struct rule *rule) {
    struct buf b;
    char hash[TOKEN_ID_MAX];
    buf_init(&b, 1 << 16);
    buf_printf(&b, "%s|%s|%s|%s|%s|%s|%s|%d|%d", f->about, f->to, f->letter, f->class, f->useful,
               f->late, f->calendar, f->tells, f->at_most_once);
    for (unsigned i = 0; i < f->when.count; i++)
        buf_printf(&b, "|when %s", f->when.items[i]);
    for (unsigned i = 0; i < f->only.count; i++)
        buf_printf(&b, "|only %s", f->only.items[i]);
    for (unsigned i = 0; i < f->ladder.count; i++)
        buf_printf(&b, "|ladder %s", f->ladder.items[i]);
    if (f->nudge)
        buf_str(&b, "|nudge");
    if (f->together)
        buf_printf(&b, "|together %lld", (long long)f->together);
    struct bytes part = buf_as_bytes(&b);
    token_hash_text(&part, 1, hash);
    snprintf(rule->version, sizeof rule->version, "%.8s", hash);
    buf_free(&b);
}

/* What it speaks about: a kind, or "obligation.KIND", which is a condition on the kind. */
static int read_about(struct reading *r, const struct rule_file *f, struct rule *rule) {
    const char *dot = strchr(f->about, '.');
    struct text name = dot ? (struct text){f->about, (size_t)(dot - f->about)} : text_of(f->about);
    const struct owes *what = dot ? owes_find(text_of(dot + 1)) : NULL;
    struct buf known;
    int rc = subject_kind_find(name, &rule->about);
    buf_init(&known, 1000);
    if (rc || (dot && rule->about->record != REC_OBLIGATION)) {
        for (unsigned i = 0; i < subject_kind_count; i++)
            buf_printf(&known, "%s%s", i ? ", " : "", subject_kinds[i].name);
        rc = -EINVAL;
    } else if (dot && !what) {
        for (unsigned i = 0; i < owes_count; i++)
            buf_printf(&known, "%sobligation.%s", i ? ", " : "", owes[i].kind);
        rc = -EINVAL;
    } else if (dot) {
        rule->only[rule->conditions++] = (struct rule_condition){
            .field = shape_field(&rec_shapes[REC_OBLIGATION], TEXT_LIT("kind")),
            .value = copy(what->kind)};
    }
    if (rc)
        wrong(r, "about", text_of(f->about), buf_cstr(&known));
    buf_free(&known);
    return rc;
}

/* Numbers that change with everybody who registers. */
static bool asks_counts(const struct rule *rule) {
    static const char *const counts[] = {"registered", "waiting", "queue"};
    for (unsigned i = 0; rule->about->table == TABLE_MEETING && i < rule->conditions; i++)
        for (unsigned k = 0; k < COUNT_OF(counts); k++)
            if (text_is(field_name(rule->only[i].field), counts[k]))
                return true;
    return false;
}

/* What is late with a note says so in every language. */
static void check_note(struct reading *r, const struct rule *rule) {
    for (unsigned i = 0; i < LANGUAGES; i++) {
        const struct letter_text *t = r->book->texts;
        while (strcmp(t->hash, rule->text_hash[i]))
            t++;
        if (strstr(t->text, "{{#late}}"))
            continue;
        config_error(r->err, r->path, r->line,
                     "late \"note\": expected {{#late}} … {{/late}} in letters/%s.%s.md, or its "
                     "reader is not told that it is late",
                     rule->letter, languages[i]);
        r->bad = true;
    }
}

static int on_rule(void *ctx, struct text title, unsigned line, void *section) {
    struct reading *r = ctx;
    struct rule_file *f = section;
    struct rule rule = {.tells = f->tells, .at_most_once = f->at_most_once, .nudge = f->nudge};
    r->line = line;
    if (check_id(title))
        wrong(r, "rule", title, "a name of 1 to 64 characters a-z 0-9 - . _");
    else if (rulebook_find(r->book, title))
        wrong(r, "rule", title, "a name no other rule has");
    if (read_about(r, f, &rule)) {
        config_free(rows, COUNT_OF(rows), f);
        return 0;
    }
    rule.name = strndup(title.p, title.n);
    rule.speaks_of = copy(f->about);
    rule.letter = copy(f->letter);
    must(rule.name);
    read_moments(r, f, &rule);
    read_ladder(r, f, &rule);
    for (unsigned i = 0; i < f->only.count && i < RULE_CONDITIONS_MAX; i++)
        read_condition(r, f->only.items[i], &rule);
    read_words(r, f, &rule);
    check_moments(r, f, &rule);
    make_version(f, &rule);
    if (letter_load(r->book, r->home, &rule, r->path, line, r->err))
        r->bad = true;
    else if (rule.late == LATE_NOTE)
        check_note(r, &rule);
    config_free(rows, COUNT_OF(rows), f);
    struct rule *more = realloc(r->book->rules, (r->book->count + 1) * sizeof *more);
    must(more);
    r->book->rules = more;
    r->book->rules[r->book->count++] = rule;
    r->book->asks_counts |= asks_counts(&rule);
    return 0;
}

static int is_conf(const struct dirent *d) {
    size_t n = strlen(d->d_name);
    return d->d_name[0] != '.' && n > 5 && strcmp(d->d_name + n - 5, ".conf") == 0;
}

/* One number for all rules, texts and settings: when it differs from the core's, plans are derived
 * anew. */
static void hash_book(const char *settings_in, struct rulebook *book) {
    struct buf b, settings;
    char path[4400];
    unsigned char hash[16];
    buf_init(&b, 2 << 20);
    snprintf(path, sizeof path, "%s/cirkel.conf", settings_in);
    if (read_file(path, 1 << 20, &settings) == 0)
        buf_text(&b, buf_as_text(&settings));
    buf_free(&settings);
    for (unsigned i = 0; i < book->count; i++) {
        buf_printf(&b, "%s %s", book->rules[i].name, book->rules[i].version);
        for (unsigned k = 0; k < LANGUAGES; k++)
            buf_printf(&b, " %s", book->rules[i].text_hash[k]);
    }
    struct bytes part = buf_as_bytes(&b);
    token_hash16(&part, 1, hash);
    memcpy(&book->version, hash, sizeof book->version);
    snprintf(book->name, sizeof book->name, "%016" PRIx64, book->version);
    buf_free(&b);
}

int rulebook_read(const char *home, struct rulebook *ret, struct buf *reterr) {
    return rulebook_read_over(home, home, ret, reterr);
}

const char *rulebook_place(const char *over, const char *home, const char *name) {
    char path[4400];
    snprintf(path, sizeof path, "%s/%s", over, name);
    return access(path, F_OK) ? home : over;
}

int rulebook_read_over(const char *over, const char *home, struct rulebook *ret,
                       struct buf *reterr) {
    char dir[4096], path[4400];
    struct dirent **names = NULL;
    *ret = (struct rulebook){.rules = NULL};
    struct reading r = {
        .home = rulebook_place(over, home, "letters"), .path = path, .book = ret, .err = reterr};
    snprintf(dir, sizeof dir, "%s/rules", rulebook_place(over, home, "rules"));
    int n = scandir(dir, &names, is_conf, alphasort);
    if (n <= 0 || n > FILES_MAX) {
        buf_printf(reterr, "%s: expected 1 to %d files *.conf with rules\n", dir, FILES_MAX);
        r.bad = true;
    }
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
        if (n <= FILES_MAX && config_read_sections(path, "rule", rows, COUNT_OF(rows),
                                                   sizeof(struct rule_file), on_rule, &r, reterr))
            r.bad = true;
        free(names[i]);
    }
    free(names);
    if (r.bad) {
        rulebook_free(ret);
        return -EBADMSG;
    }
    hash_book(rulebook_place(over, home, "cirkel.conf"), ret);
    return 0;
}
