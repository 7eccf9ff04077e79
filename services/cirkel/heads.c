#include "services/cirkel/heads.h"

#include "common/zone.h"
#include "proto/settings.h"
#include "services/cirkel/child.h"
#include "services/cirkel/home.h"
#include "services/cirkel/outlook.h"
#include "services/cirkel/table_out.h"
#include "services/cirkel/tree.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)1 << 28)

/* ---- the folder of a look ---- */

static int make_folder(const char *home, char ret[HOME_PATH]) {
    const char *tmp = getenv("TMPDIR");
    snprintf(ret, HOME_PATH, "%s%s/cirkel-look-XXXXXX", tmp ? tmp : home, tmp ? "" : "/run");
    return mkdtemp(ret) ? 0 : trouble("%s: no room for a look: %s", ret, strerror(errno));
}

static int write_event(const char *path, const char *type, const json_t *body) {
    json_t *event = json_pack("{s:s,s:s,s:O}", "id", "look", "type", type, "body", body);
    int rc = json_dump_file(event, path, JSON_COMPACT);

    json_decref(event);
    return rc ? trouble("%s cannot be written", path) : 0;
}

/* Letters lie in the folder: who is told to end in between, removes it first. */
static volatile sig_atomic_t told_to_end;
static const int endings[] = {SIGINT, SIGTERM, SIGHUP};

static void on_ending(int number) {
    told_to_end = number;
}

static void put_off_endings(struct sigaction before[COUNT_OF(endings)]) {
    struct sigaction later = {.sa_handler = on_ending, .sa_flags = SA_RESTART};

    told_to_end = 0;
    for (unsigned i = 0; i < COUNT_OF(endings); i++)
        must(sigaction(endings[i], &later, &before[i]) == 0);
}

static void end_now(const struct sigaction before[COUNT_OF(endings)]) {
    for (unsigned i = 0; i < COUNT_OF(endings); i++)
        must(sigaction(endings[i], &before[i], NULL) == 0);
    if (told_to_end)
        (void)raise(told_to_end);
}

/* ---- who gets which letter ---- */

static bool is_one(const json_t *line, const char *rule) {
    const char *change = outlook_member(line, "change");
    return (strcmp(change, "added") == 0 || strcmp(change, "gathered") == 0 ||
            strcmp(change, "unsent") == 0) &&
           (!rule || strcmp(outlook_member(line, "rule"), rule) == 0);
}

/* Now, when the night is over, or gathered with others. */
static bool gets(const json_t *line) {
    static const char *const states[] = {"goes", "queued", "digested", "held"};

    for (unsigned i = 0; i < COUNT_OF(states); i++)
        if (strcmp(outlook_member(line, "state"), states[i]) == 0)
            return true;
    return false;
}

static void count_line(struct heads *h, const json_t *line) {
    const char *letter = outlook_member(line, "letter"),
               *language = outlook_member(line, "language");

    h->goes += gets(line);
    for (unsigned i = 0; i <= h->count && i < HEADS_KINDS; i++) {
        if (i == h->count) {
            h->kinds[i].letter = letter;
            h->kinds[i].language = language;
        }
        if (strcmp(h->kinds[i].letter, letter) || strcmp(h->kinds[i].language, language))
            continue;
        h->kinds[i].goes += gets(line);
        h->kinds[i].does_not += !gets(line);
        h->count += i == h->count;
        return;
    }
}

static void read_lines(struct heads *h, struct text lines, const char *rule) {
    struct text text;

    while (text_cut(&lines, '\n', &text)) {
        json_t *line = json_loadb(text.p, text.n, 0, NULL);
        bool refused = strcmp(outlook_member(line, "change"), "refused") == 0;
        if (refused)
            h->refused = outlook_member(line, "text");
        h->counted += json_integer_value(json_object_get(line, "counted"));
        if (is_one(line, rule))
            count_line(h, line);
        if (refused || is_one(line, rule))
            json_array_append(h->lines, line);
        json_decref(line);
    }
}

static bool is_looked_at(const struct heads *h, const json_t *sample) {
    for (unsigned i = 0; i < h->count; i++)
        if (strcmp(h->kinds[i].letter, outlook_member(sample, "letter")) == 0)
            return true;
    return false;
}

/* The notifier writes them: it alone knows how. */
static int read_samples(const struct options *options, const char *folder, struct heads *h) {
    char program[HOME_PATH];
    struct text lines, text;
    struct buf output;

    if (home_program("notifier", program))
        return trouble("the program notifier was not found; is the installation complete?");
    buf_init(&output, OUTPUT_MAX);
    char *argv[] = {
        program, "--home", (char *)(uintptr_t)options->home, "--sample", (char *)(uintptr_t)folder,
        NULL};
    int rc = child_run(argv, &output);
    lines = buf_as_text(&output);
    while (rc == 0 && text_cut(&lines, '\n', &text)) {
        json_t *sample = json_loadb(text.p, text.n, 0, NULL);
        if (is_looked_at(h, sample))
            json_array_append(h->samples, sample);
        json_decref(sample);
    }
    buf_free(&output);
    return rc == 0 ? 0
           : rc < 0
               ? trouble("%s: %s", program, strerror(-rc))
               : trouble("the letters could not be written out: notifier ended with code %d", rc);
}

static int look_into(const struct options *given, const char *type, const json_t *body,
                     const char *until, const char *rule, const char *folder, struct heads *h) {
    char path[HOME_PATH];
    struct options options = *given;
    struct buf output;

    home_path(path, folder, "event.jsonl");
    options.with = path;
    options.until = until;
    options.about = NULL;
    buf_init(&output, OUTPUT_MAX);
    int rc = write_event(path, type, body);
    if (rc == 0)
        rc = outlook_ask(&options, folder, &output);
    if (rc == 0)
        read_lines(h, buf_as_text(&output), rule);
    if (rc == 0 && !h->refused)
        rc = read_samples(&options, folder, h);
    buf_free(&output);
    return rc;
}

int heads_look(const struct options *options, const char *type, const json_t *body,
               const char *until, const char *rule, struct heads *ret) {
    char folder[HOME_PATH];
    struct sigaction before[COUNT_OF(endings)];

    *ret = (struct heads){.lines = json_array(), .samples = json_array()};
    put_off_endings(before);
    int rc = make_folder(options->home, folder);
    if (rc == 0) {
        rc = look_into(options, type, body, until, rule, folder, ret);
        remove_tree(folder);
    }
    end_now(before);
    return rc;
}

void heads_free(struct heads *heads) {
    json_decref(heads->lines);
    json_decref(heads->samples);
    *heads = (struct heads){.lines = NULL};
}

/* ---- showing it ---- */

static void print_people(const struct heads *h) {
    struct table_out *table = table_out_new("about letter person language state ~reason");
    static const char *const names[] = {"about", "letter", "person", "language", "state", "reason"};
    json_t *line;
    size_t i;

    json_array_foreach(h->lines, i, line) {
        table_out_row(table);
        for (unsigned k = 0; k < COUNT_OF(names); k++)
            table_out_cell(table, text_of(outlook_member(line, names[k])));
    }
    fflush(stdout);
    table_out_print(table);
    table_out_free(&table);
}

static void print_counts(const struct heads *h) {
    struct table_out *table = table_out_new("letter language >goes >does-not");

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

static void print_samples(const struct heads *h) {
    json_t *sample;
    size_t i;

    json_array_foreach(h->samples, i, sample) {
        printf("\n---- %s in %s, as %s (%s) would read it; links lead nowhere here\n",
               outlook_member(sample, "letter"), outlook_member(sample, "language"),
               outlook_member(sample, "name"), outlook_member(sample, "person"));
        if (json_object_get(sample, "error"))
            printf("It cannot be written: %s\n", outlook_member(sample, "error"));
        else
            printf("Subject: %s\n\n%s", outlook_member(sample, "subject"),
                   outlook_member(sample, "text"));
    }
}

void heads_print(const struct heads *h) {
    print_people(h);
    puts("");
    print_counts(h);
    print_samples(h);
}

void heads_print_json(const struct heads *h, int64_t count) {
    tree_print_line(json_pack("{s:I,s:O,s:O}", "goes", (json_int_t)count, "letters", h->lines,
                              "samples", h->samples));
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
