/* look_forecast - what would be sent: the scheduler itself says it, on a private copy. */
#include "common/clock.h"
#include "services/cirkel/child.h"
#include "services/cirkel/home.h"
#include "services/cirkel/look.h"
#include "services/cirkel/table_out.h"
#include "services/cirkel/tree.h"
#include "services/cirkel/verbs.h"
#include "services/cirkel/when.h"

#include <stdio.h>
#include <string.h>

#define OUTPUT_MAX ((size_t)1 << 30)

static void add_cell(struct table_out *table, const json_t *row, const char *name) {
    const char *value = json_string_value(json_object_get(row, name));
    table_out_cell(table, text_of(value ? value : ""));
}

static int print_table(struct text lines) {
    static const char *const names[] = {"due",     "person",   "letter", "about", "class",
                                        "channel", "language", "state",  "reason"};
    struct table_out *table =
        table_out_new("due person letter about class channel language state ~reason");
    struct text line;
    int bad = 0;

    while (text_cut(&lines, '\n', &line)) {
        json_t *row = json_loadb(line.p, line.n, 0, NULL);
        if (!row) {
            bad++;
            continue;
        }
        table_out_row(table);
        for (unsigned i = 0; i < COUNT_OF(names); i++)
            add_cell(table, row, names[i]);
        json_decref(row);
    }
    if (table_out_rows(table))
        table_out_print(table);
    else
        puts("Nothing falls due until then.");
    table_out_free(&table);
    return bad ? trouble("%d lines of the forecast could not be read", bad) : EXIT_DONE;
}

/* The moment it is in that home, and until when. */
static int find_until(const struct options *options, char ret[RFC3339_TEXT], bool *ret_virtual) {
    char path[HOME_PATH];
    struct look look;
    instant until;
    int rc = look_open(&look, options->home);

    if (rc)
        return rc;
    home_path(path, options->home, "run/clock");
    *ret_virtual = options->clock || home_is_trial(options->home);
    if (*ret_virtual && clock_use(path))
        *ret_virtual = false;
    rc = when_parse(options->until ? options->until : "30d", clock_now(), look.office, &until);
    look_close(&look);
    if (rc || until <= 0)
        return usage("--until takes a span like 30d, or a moment like 2022-05-24");
    instant_format(until, NULL, ret);
    return 0;
}

int verb_forecast(const struct options *options, int argc, char **argv) {
    static char option_home[] = "--home", option_forecast[] = "--forecast",
                option_clock[] = "--clock";
    char program[HOME_PATH], until[RFC3339_TEXT];
    char *child[7] = {program, option_home, (char *)options->home, option_forecast, until};
    struct buf output;
    bool on_clock;
    int rc;

    (void)argv;
    if (argc)
        return usage("forecast takes no arguments but options. See: cirkel help forecast");
    rc = find_until(options, until, &on_clock);
    if (rc)
        return rc;
    if (home_program("scheduler", program))
        return trouble("the program scheduler was not found; is the installation complete?");
    if (on_clock)
        child[5] = option_clock;
    buf_init(&output, OUTPUT_MAX);
    rc = child_run(child, &output);
    if (rc < 0)
        rc = trouble("%s: %s", program, strerror(-rc));
    else if (rc)
        rc = rc == EXIT_USAGE ? EXIT_USAGE : trouble("the forecast ended with code %d", rc);
    else if (options->json)
        fwrite(output.p, 1, output.n, stdout);
    else
        rc = print_table(buf_as_text(&output));
    buf_free(&output);
    return rc;
}
