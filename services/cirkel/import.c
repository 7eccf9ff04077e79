#include "services/cirkel/import.h"

#include "services/cirkel/front.h"
#include "services/cirkel/table_out.h"
#include "services/cirkel/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE (60 * SECONDS)

static const char *const fates[] = {"new", "there already", "wrong"};

/* ---- saying what was found ---- */

static void print_bad(const char *path, const struct import_line *line) {
    printf("%s:%u: ", path, line->no);
    if (line->column_no)
        printf("column %u, %.*s: ", line->column_no, TEXT_ARGS(line->column));
    else if (line->column.p)
        printf("%.*s: ", TEXT_ARGS(line->column));
    printf("%.*s\n", TEXT_ARGS(line->reason));
}

static json_t *line_tree(const struct import_line *line) {
    json_t *tree = json_pack("{s:i,s:s,s:o}", "line", (int)line->no, "fate", fates[line->fate],
                             "what", tree_text(line->what));

    if (line->fate == IMPORT_BAD) {
        json_object_set_new(tree, "column", tree_text(line->column));
        json_object_set_new(tree, "reason", tree_text(line->reason));
    }
    return tree;
}

static void print_table(const struct import *import) {
    struct table_out *table = table_out_new(">line fate ~what");

    for (unsigned i = 0; i < import->count; i++) {
        const struct import_line *line = &import->lines[i];
        if (line->fate == IMPORT_BAD)
            continue;
        table_out_row(table);
        table_out_printf(table, "%u", line->no);
        table_out_printf(table, "%s", fates[line->fate]);
        table_out_cell(table, line->what);
    }
    if (table_out_rows(table))
        table_out_print(table);
    table_out_free(&table);
}

static void print_found(const struct import *import, const char *path, bool json) {
    if (!json)
        print_table(import);
    for (unsigned i = 0; i < import->count; i++) {
        if (json)
            tree_print_line(line_tree(&import->lines[i]));
        else if (import->lines[i].fate == IMPORT_BAD)
            print_bad(path, &import->lines[i]);
    }
    if (!json)
        printf("%s: %u new, %u there already, %u wrong.\n", path, import->of[IMPORT_NEW],
               import->of[IMPORT_THERE], import->of[IMPORT_BAD]);
}

/* ---- saying it at the front door ---- */

struct saying {
    const char *path;
    unsigned taken, refused;
};

static void on_answer(void *ctx, const struct line *line, const struct answer *answer) {
    struct saying *saying = ctx;

    if (!answer_is_refusal(answer)) {
        saying->taken++;
        return;
    }
    saying->refused++;
    printf("%s:%u: %.*s %.*s%s%.*s: %.*s\n", saying->path, line->no, TEXT_ARGS(answer->status),
           TEXT_ARGS(answer->code), answer->field.n ? ", " : "", TEXT_ARGS(answer->field),
           TEXT_ARGS(answer->text));
}

/* The requests of the next new lines from *at on: as many as go at once. */
static unsigned next_batch(const struct import *import, unsigned *at,
                           struct line batch[FRONT_BATCH]) {
    size_t bytes = 0;
    unsigned n = 0;

    for (; *at < import->count && n < FRONT_BATCH; (*at)++) {
        const struct import_line *line = &import->lines[*at];
        if (line->fate != IMPORT_NEW)
            continue;
        if (n && bytes + line->line.request.n > FRONT_BATCH_BYTES)
            break;
        bytes += line->line.request.n;
        batch[n++] = line->line; /* borrowed */
    }
    return n;
}

static int say_all(const struct import *import, const char *home, struct saying *saying) {
    struct line *batch = calloc(FRONT_BATCH, sizeof *batch);
    struct front *front = NULL;
    unsigned at = 0, n;
    int rc = front_open(&front, home);

    must(batch != NULL);
    while (rc == 0 && (n = next_batch(import, &at, batch)) > 0)
        rc = front_say(front, batch, n, PATIENCE, on_answer, saying);
    front_close(&front);
    free(batch);
    return rc;
}

static int send_all(const struct import *import, const struct options *options, const char *path) {
    struct saying saying = {.path = path};
    int rc = say_all(import, options->home, &saying);

    if (!options->json)
        printf("%u taken, %u refused.\n", saying.taken, saying.refused);
    if (rc == -ETIMEDOUT || rc == -EAGAIN)
        return trouble("nobody answers in %s. Start the service with: cirkel run --home %s; then "
                       "import the file again",
                       options->home, options->home);
    if (rc)
        return trouble("intake could not be asked: %s", strerror(-rc));
    return saying.refused ? EXIT_REFUSED : EXIT_DONE;
}

/* ---- the verb ---- */

static int find_kind(const char *name) {
    for (int i = 0; name && i < IMPORT_KINDS; i++)
        if (strcmp(import_kind_name((enum import_kind)i), name) == 0)
            return i;
    return -1;
}

static int run_import(struct import *import, const struct options *options, const char *path) {
    int rc = look_open(&import->look, options->home);

    if (rc)
        return rc;
    rc = import_read(import, path);
    look_close(&import->look);
    if (rc)
        return usage("%s: %s", path, strerror(-rc));
    print_found(import, path, options->json != NULL);
    if (import->of[IMPORT_BAD])
        return EXIT_USAGE;
    if (options->yes && import->of[IMPORT_NEW])
        return send_all(import, options, path);
    if (import->of[IMPORT_NEW] && !options->json)
        puts("Nothing was made yet; with --yes it is.");
    return EXIT_DONE;
}

int verb_import(const struct options *options, int argc, char **argv) {
    struct import import = {0};
    int kind = find_kind(options->kind), rc;

    if (argc != 1 || kind < 0)
        return usage("import needs a file, and --kind people, organisations or memberships. See: "
                     "cirkel help import");
    if (options->network && kind != IMPORT_MEMBERSHIPS)
        return usage("only memberships have a --network");
    import.kind = (enum import_kind)kind;
    import.network = text_of(options->network);
    rc = run_import(&import, options, argv[0]);
    import_free(&import);
    return rc;
}
