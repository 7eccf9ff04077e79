#include "services/cirkel/heads.h"

#include "common/zone.h"
#include "proto/settings.h"
#include "services/cirkel/home.h"
#include "services/cirkel/outlook.h"
#include "services/cirkel/table_out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)1 << 28)
#define WORDS_MAX (64 * 1024)

static bool is_added(const json_t *line) {
    return strcmp(outlook_member(line, "change"), "added") == 0;
}

static void count_line(struct heads *h, const json_t *line) {
    const char *letter = outlook_member(line, "letter"),
               *language = outlook_member(line, "language");
    bool goes = strcmp(outlook_member(line, "state"), "goes") == 0;

    h->goes += goes;
    for (unsigned i = 0; i <= h->count && i < HEADS_KINDS; i++) {
        if (i == h->count) {
            h->kinds[i].letter = letter;
            h->kinds[i].language = language;
        }
        if (strcmp(h->kinds[i].letter, letter) || strcmp(h->kinds[i].language, language))
            continue;
        h->kinds[i].goes += goes;
        h->kinds[i].does_not += !goes;
        h->count += i == h->count;
        return;
    }
}

static void read_lines(struct heads *h, struct text lines) {
    struct text text;

    h->lines = json_array();
    while (text_cut(&lines, '\n', &text)) {
        json_t *line = json_loadb(text.p, text.n, 0, NULL);
        if (!line)
            continue;
        json_array_append_new(h->lines, line);
        if (strcmp(outlook_member(line, "change"), "refused") == 0)
            h->refused = outlook_member(line, "text");
        else if (is_added(line))
            count_line(h, line);
    }
}

static int write_event(int fd, const char *type, const json_t *body) {
    json_t *event = json_pack("{s:s,s:s,s:O}", "id", "look", "type", type, "body", body);
    char *text = json_dumps(event, JSON_COMPACT);
    int rc = text && dprintf(fd, "%s\n", text) > 0 ? 0 : -EIO;

    free(text);
    json_decref(event);
    return rc;
}

int heads_look(const struct options *given, const char *type, const json_t *body, const char *span,
               struct heads *ret) {
    char path[] = "/tmp/cirkel-look-XXXXXX";
    struct options options = *given;
    struct buf output;
    int fd = mkstemp(path), rc;

    *ret = (struct heads){.count = 0};
    if (fd < 0)
        return trouble("no room in /tmp: %s", strerror(errno));
    rc = write_event(fd, type, body) ? trouble("no room in /tmp") : 0;
    close(fd);
    options.with = path;
    options.until = span;
    options.about = NULL;
    buf_init(&output, OUTPUT_MAX);
    if (rc == 0)
        rc = outlook_ask(&options, &output);
    unlink(path);
    if (rc == 0)
        read_lines(ret, buf_as_text(&output));
    buf_free(&output);
    return rc;
}

void heads_free(struct heads *heads) {
    json_decref(heads->lines);
    heads->lines = NULL;
}

static void print_people(const struct heads *h) {
    struct table_out *table = table_out_new("about letter person language state ~reason");
    static const char *const names[] = {"about", "letter", "person", "language", "state", "reason"};
    json_t *line;
    size_t i;

    json_array_foreach(h->lines, i, line) {
        if (!is_added(line))
            continue;
        table_out_row(table);
        for (unsigned k = 0; k < COUNT_OF(names); k++)
            table_out_cell(table, text_of(outlook_member(line, names[k])));
    }
    fflush(stdout);
    table_out_print(table);
    table_out_free(&table);
}

void heads_print(const struct heads *h) {
    struct table_out *table = table_out_new("letter language >goes >does-not");

    print_people(h);
    puts("");
    for (unsigned i = 0; i < h->count; i++) {
        table_out_row(table);
        table_out_printf(table, "%s", h->kinds[i].letter);
        table_out_printf(table, "%s", h->kinds[i].language);
        table_out_printf(table, "%u", h->kinds[i].goes);
        table_out_printf(table, "%u", h->kinds[i].does_not);
    }
    fflush(stdout);
    table_out_print(table);
    table_out_free(&table);
}

/* Of the languages a letter goes in, the one that most get. */
static bool is_shown(const struct heads *h, unsigned i) {
    for (unsigned k = 0; k < h->count; k++)
        if (k != i && strcmp(h->kinds[k].letter, h->kinds[i].letter) == 0 &&
            (h->kinds[k].goes > h->kinds[i].goes ||
             (h->kinds[k].goes == h->kinds[i].goes && k < i)))
            return false;
    return true;
}

void heads_print_words(const struct options *options, const struct heads *h) {
    char path[HOME_PATH + 200];
    struct buf text;

    for (unsigned i = 0; i < h->count; i++) {
        if (!is_shown(h, i))
            continue;
        snprintf(path, sizeof path, "%s/letters/%s.%s.md", options->home, h->kinds[i].letter,
                 h->kinds[i].language);
        int rc = read_file(path, WORDS_MAX, &text);
        if (rc == 0)
            printf("\n---- %s in %s (names in {{ }} are filled in)\n%s", h->kinds[i].letter,
                   h->kinds[i].language, buf_cstr(&text));
        buf_free(&text);
    }
}

int heads_window(const struct options *options, int64_t *ret) {
    struct settings settings;
    struct buf err;
    msec span;
    int rc = 0;

    if (options->window) {
        if (span_parse(text_of(options->window), &span) || span < MINUTES || span > DAYS)
            return usage("--window takes a span from 1m to 1d, like 10m");
        *ret = span / MINUTES;
        return 0;
    }
    buf_init(&err, 1 << 16);
    if (settings_read(options->home, &settings, &err)) {
        rc = usage("%s", buf_cstr(&err));
    } else {
        *ret = settings.undo_window / MINUTES;
        settings_free(&settings);
    }
    buf_free(&err);
    return rc;
}

int heads_typed(const struct options *options, const char *question, int64_t *ret) {
    char typed[64] = "";
    const char *given = options->count;

    *ret = 0;
    if (!given && isatty(STDIN_FILENO)) {
        fprintf(stderr, "\n%s, anything else to leave: ", question);
        if (!fgets(typed, sizeof typed, stdin))
            return 0;
        typed[strcspn(typed, "\r\n")] = 0;
        given = typed;
    }
    if (!given || text_int(text_of(given), ret) == 0)
        return 0;
    return options->count ? usage("--count takes the number that the look shows") : 0;
}
