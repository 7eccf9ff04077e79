/* look_forecast - what would be sent: the scheduler itself says it, on a private copy. */
#include "common/clock.h"
#include "services/cirkel/child.h"
#include "services/cirkel/home.h"
#include "services/cirkel/lines.h"
#include "services/cirkel/look.h"
#include "services/cirkel/look_home.h"
#include "services/cirkel/outlook.h"
#include "services/cirkel/table_out.h"
#include "services/cirkel/when.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)1 << 30)

const char *outlook_member(const json_t *line, const char *name) {
    const char *value = json_string_value(json_object_get(line, name));
    return value ? value : "";
}

/* ---- asking ---- */

/* The moment it is in that home, and until when. Of what is to be said at a moment that lies behind
 * the scheduler itself says so. */
static int find_until(const struct options *options, struct look *look, bool is_said,
                      char ret[RFC3339_TEXT], bool *ret_virtual) {
    char now[RFC3339_TEXT];
    instant until;

    *ret_virtual = home_use_clock(options->home);
    if (when_parse(options->until ? options->until : "30d", clock_now(), look->office, &until))
        return usage("--until takes a span like 30d, of a hundred years at most, or a moment like "
                     "2022-05-24 or 2022-05-24T09:00");
    when_format(clock_now(), text_of(look->zone), now);
    if (until < clock_now() && is_said)
        until = clock_now();
    if (until < clock_now())
        return usage("--until %s lies behind: here it is %s%s", options->until, now,
                     *ret_virtual ? " (virtual clock)" : "");
    instant_format(until, NULL, ret);
    return 0;
}

/* With a file of events, whom and what it is about may come from there. */
static int prepare(const struct options *options, bool is_said, char ret_until[RFC3339_TEXT],
                   bool *ret_virtual, bool *ret_other) {
    struct look look;
    int rc = look_open(&look, options->home);

    if (rc)
        return rc;
    rc = find_until(options, &look, is_said, ret_until, ret_virtual);
    *ret_other = look_home_is_other(&look, options->home);
    if (rc == 0 && !options->with)
        rc = look_need_person(&look, options->person);
    if (rc == 0 && !options->with)
        rc = look_need_id(&look, options->about);
    look_close(&look);
    if (rc == 0 && options->with && (rc = lines_can_read(options->with)))
        rc = usage("--with %s: %s", options->with, strerror(-rc));
    return rc;
}

struct arguments {
    char *argv[20];
    unsigned count;
};

static void add(struct arguments *a, const char *name, const char *value) {
    if (!value)
        return;
    must(a->count + 3 <= COUNT_OF(a->argv));
    a->argv[a->count++] = (char *)(uintptr_t)name;
    if (value[0])
        a->argv[a->count++] = (char *)(uintptr_t)value;
}

int outlook_need(const struct options *options) {
    char until[RFC3339_TEXT];
    bool on_clock, is_other;
    return prepare(options, false, until, &on_clock, &is_other);
}

int outlook_ask(const struct options *options, const char *look, struct buf *output) {
    char program[HOME_PATH], until[RFC3339_TEXT];
    struct arguments a = {.argv = {program}, .count = 1};
    bool on_clock, is_other;
    int rc = prepare(options, look != NULL, until, &on_clock, &is_other);

    if (rc)
        return rc;
    if (is_other)
        fputs("cirkel: this home is a copy: when it starts, it is on hold, and nothing leaves "
              "before:\n"
              "        cirkel release --hold. What follows is as if it were released\n",
              stderr);
    if (home_program("scheduler", program))
        return trouble("the program scheduler was not found; is the installation complete?");
    add(&a, "--home", options->home);
    add(&a, "--forecast", until);
    add(&a, "--clock", on_clock ? "" : NULL);
    add(&a, "--with", options->with);
    add(&a, "--with-config", options->with_config);
    add(&a, "--also-existing", options->also_existing);
    add(&a, "--person", options->person);
    add(&a, "--about", options->about);
    add(&a, "--look", look);
    rc = child_run(a.argv, output);
    if (rc < 0)
        return trouble("%s: %s", program, strerror(-rc));
    return rc == EXIT_USAGE ? rc : rc ? trouble("the forecast ended with code %d", rc) : 0;
}

/* ---- a forecast ---- */

struct heads {
    json_t *people; /* a set */
    uint64_t goes, gathered, does_not;
};

static void count_line(struct heads *heads, const json_t *line) {
    bool goes = strcmp(outlook_member(line, "state"), "goes") == 0;
    bool gathered = json_is_true(json_object_get(line, "in_digest"));
    heads->goes += goes && !gathered;
    heads->gathered += goes && gathered;
    heads->does_not += !goes && !gathered;
    if (goes)
        json_object_set_new(heads->people, outlook_member(line, "person"), json_true());
}

static void print_heads(const struct heads *heads) {
    size_t people = json_object_size(heads->people);

    printf("\n%llu %s to %zu %s", (unsigned long long)heads->goes,
           plural((int64_t)heads->goes, "letter", "letters"), people,
           plural((int64_t)people, "person", "people"));
    if (heads->gathered)
        printf(", with %llu %s in digests", (unsigned long long)heads->gathered,
               plural((int64_t)heads->gathered, "item", "items"));
    if (heads->does_not)
        printf("; %llu %s not go, for the reason given", (unsigned long long)heads->does_not,
               plural((int64_t)heads->does_not, "does", "do"));
    puts(".");
}

static void print_table(struct text lines) {
    static const char *const names[] = {"at",      "person",   "letter", "about", "class",
                                        "channel", "language", "state",  "reason"};
    struct table_out *table =
        table_out_new("at person letter about class channel language state ~reason");
    struct heads heads = {.people = json_object()};
    struct text text;

    while (text_cut(&lines, '\n', &text)) {
        json_t *line = json_loadb(text.p, text.n, 0, NULL);
        table_out_row(table);
        for (unsigned i = 0; i < COUNT_OF(names); i++)
            table_out_cell(table, text_of(outlook_member(line, names[i])));
        count_line(&heads, line);
        json_decref(line);
    }
    if (table_out_rows(table)) {
        table_out_print(table);
        print_heads(&heads);
    } else {
        puts("Nothing falls due until then.");
    }
    json_decref(heads.people);
    table_out_free(&table);
}

static int print(const struct options *options, struct text lines) {
    struct outlook_sum sum = {.same = 0};

    if (!options->with && !options->with_config) {
        if (options->ics)
            outlook_print_ics(lines);
        else
            print_table(lines);
        return EXIT_DONE;
    }
    if (options->json) {
        if (lines.n)
            fwrite(lines.p, 1, lines.n, stdout);
        outlook_read_sum(lines, &sum);
    } else {
        outlook_print_difference(lines, &sum);
    }
    return sum.refused ? EXIT_REFUSED : EXIT_DONE;
}

int verb_forecast(const struct options *options, int argc, char **argv) {
    struct buf output;
    int rc;

    (void)argv;
    if (argc)
        return usage("forecast takes no arguments but options. See: cirkel help forecast");
    if ((options->person && !options->person[0]) || (options->about && !options->about[0]))
        return usage("--person and --about need an id");
    if (options->also_existing && !options->with_config)
        return usage("--also-existing is about a new configuration: give it --with-config DIR");
    if (options->ics && (options->json || options->with || options->with_config))
        return usage("--ics shows a forecast: neither a difference nor JSON");
    if (options->json && !options->with && !options->with_config)
        return outlook_ask(options, NULL, NULL);
    buf_init(&output, OUTPUT_MAX);
    rc = outlook_ask(options, NULL, &output);
    if (rc == 0)
        rc = print(options, buf_as_text(&output));
    buf_free(&output);
    return rc;
}
