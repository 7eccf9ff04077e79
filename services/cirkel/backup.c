/* backup - a copy of everything, also while the service runs: core first, then the inbox up to at
 * least what core has applied, so that the two fit. */
#include "services/cirkel/backup.h"

#include "common/clock.h"
#include "common/journal.h"
#include "common/store.h"
#include "common/zone.h"
#include "proto/instance.h"
#include "proto/table.h"
#include "services/cirkel/backup_place.h"
#include "services/cirkel/config_set.h"
#include "services/cirkel/front.h"
#include "services/cirkel/home.h"
#include "services/cirkel/look.h"
#include "services/cirkel/progress.h"
#include "services/cirkel/tree.h"
#include "services/cirkel/verbs.h"
#include "services/cirkel/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES 10 /* intake may let go of events while they are copied */
#define PATIENCE_SAY (10 * SECONDS)
#define STEPS 4

struct backing_up {
    const char *home;
    struct backup_place place;
    struct backup made;
    struct progress bar;
    bool with_keys, is_known;
    char refusal[200]; /* the office's words */
};

static int copy_core(struct backing_up *b) {
    char path[HOME_PATH], to[HOME_PATH];
    struct store *core = NULL;
    struct store_options o = {.dir = path, .tables = table_names, .count = TABLE_COUNT};

    home_path(path, b->home, "core");
    home_path(to, b->place.part, "core");
    int rc = store_open(&core, &o);
    if (rc == 0)
        rc = store_copy(core, to);
    store_close(&core);
    return rc;
}

static int copy_inbox(struct backing_up *b) {
    char path[HOME_PATH], to[HOME_PATH];
    struct journal *inbox;
    int rc = -EAGAIN;

    home_path(path, b->home, "inbox");
    home_path(to, b->place.part, "inbox");
    for (unsigned i = 0; rc == -EAGAIN && i < TRIES; i++) {
        backup_remove_folder(to);
        rc = journal_open(&inbox, path, false, 0);
        if (rc)
            return rc;
        rc = journal_copy(inbox, to);
        journal_close(&inbox);
    }
    return rc;
}

/* What the copy holds, and that its two halves fit. */
static int read_copy(struct backing_up *b) {
    char path[HOME_PATH];
    struct store *core = NULL;
    struct txn *txn;
    struct journal *inbox = NULL;
    struct bytes key, value;
    struct store_options o = {.dir = path, .tables = table_names, .count = TABLE_COUNT};
    uint64_t position = 0, input = 0, first = 0, last = 0;
    size_t at = 0;

    home_path(path, b->place.part, "core");
    int rc = store_open(&core, &o);
    if (rc == 0)
        rc = store_begin_read(core, &txn);
    if (rc == 0) {
        rc = look_number(txn, TABLE_META, "position", &position);
        b->made.position = (int64_t)position;
        if (store_last(txn, TABLE_INPUTS, &key, &value) == 0 && key_next_u64(key, &at, &input))
            b->made.input = (int64_t)input;
        store_abort(&txn);
    }
    store_close(&core);
    home_path(path, b->place.part, "inbox");
    if (rc == 0)
        rc = journal_open(&inbox, path, false, 0);
    if (rc == 0)
        rc = journal_range(inbox, &first, &last);
    journal_close(&inbox);
    bool fits = last >= position && (!first || first <= position + 1);
    return rc ? rc : fits ? 0 : -ESTALE;
}

static void tell(struct backing_up *b, uint64_t done, const char *note) {
    progress_to(&b->bar, done, note);
}

static int copy_all(struct backing_up *b) {
    struct instance instance;
    int rc = instance_read(b->home, &instance);

    if (rc == 0)
        rc = copy_core(b);
    if (rc == 0) {
        tell(b, 1, "core");
        rc = copy_inbox(b);
    }
    if (rc == 0) {
        tell(b, 2, "inbox");
        rc = read_copy(b);
    }
    if (rc == 0)
        rc = backup_copy_config(b->home, b->place.part);
    if (rc == 0 && b->with_keys)
        rc = backup_copy_keys(b->home, b->place.part);
    if (rc)
        return rc;
    tell(b, 3, "settings, rules and letters");
    b->made.instance = instance.instance;
    b->made.generation = instance.generation;
    instant_format(clock_real(), NULL, b->made.made);
    if (home_use_clock(b->home)) /* its next whole second: what has happened does not lie ahead */
        instant_format(clock_now() + SECONDS - 1, NULL, b->made.clock);
    return backup_write(b->place.part, &b->made);
}

/* ---- telling the office ---- */

static void on_answer(void *ctx, const struct line *line, const struct answer *answer) {
    struct backing_up *b = ctx;
    (void)line;
    b->is_known = !answer_is_refusal(answer);
    if (!b->is_known)
        snprintf(b->refusal, sizeof b->refusal, "%.*s", TEXT_ARGS(answer->text));
}

/* So that it need not keep what the backup holds; when it does not run, it keeps it. */
static void tell_office(struct backing_up *b) {
    char wrong[JSON_ERROR_TEXT], *path = realpath(b->place.folder, NULL);
    struct front *front = NULL;
    struct line line = {0};
    json_t *body = json_pack("{s:s,s:I,s:I}", "path", path ? path : b->place.folder, "input",
                             (json_int_t)b->made.input, "position", (json_int_t)b->made.position);

    if (b->made.input && home_is_served(b->home) &&
        line_make(TEXT_NONE, TEXT_LIT("backup.record"), body, &line, wrong) == 0 &&
        front_open(&front, b->home) == 0 && front_say(front, &line, 1, PATIENCE_SAY, on_answer, b))
        b->is_known = false;
    front_close(&front);
    line_free(&line);
    json_decref(body);
    free(path);
}

static void print(const struct backing_up *b, bool json) {
    if (json) {
        tree_print_line(json_pack("{s:s,s:s,s:I,s:I,s:b,s:b}", "path", b->place.folder, "made",
                                  b->made.made, "position", (json_int_t)b->made.position, "input",
                                  (json_int_t)b->made.input, "keys", (int)b->with_keys, "known",
                                  (int)b->is_known));
        return;
    }
    printf("Made and verified %s: events up to %" PRId64 "%s.\n", b->place.folder, b->made.position,
           b->with_keys ? ", with the keys: only you should be able to read it" : "");
    if (!b->with_keys)
        printf("Keys and passwords are not in it (--with-keys).\n");
    if (!b->is_known)
        printf("%s It goes on keeping what came before.\n",
               b->refusal[0] ? b->refusal : "The service does not run, or did not answer.");
}

static int finish(struct backing_up *b) {
    uint64_t findings = 0;
    int rc = verify_quietly(b->place.part, &findings);

    if (rc)
        return rc;
    tell(b, STEPS, "verified");
    if (findings) {
        fprintf(stderr,
                "cirkel: what was copied is not as it should be; it stays in %s. See: cirkel "
                "verify --home %s\n",
                b->place.part, b->home);
        return EXIT_FOUND;
    }
    rc = backup_place_name(&b->place);
    return rc ? trouble("%s: %s; the backup is in %s", b->place.folder, strerror(-rc),
                        b->place.part)
              : 0;
}

static int make(struct backing_up *b) {
    progress_begin(&b->bar, "Backing up", STEPS);
    char path[HOME_PATH];
    int rc;

    home_path(path, b->home, "core/data.mdb");
    if (access(path, F_OK))
        return usage("%s has never run: there is nothing to keep yet", b->home);
    rc = backup_place_make(&b->place);
    if (rc) {
        rc = trouble("%s: %s; nothing was done", b->place.part, strerror(-rc));
    } else if ((rc = copy_all(b))) {
        backup_place_clear(&b->place);
        rc = trouble("%s was not made: %s; nothing is left of it", b->place.folder, strerror(-rc));
    } else {
        rc = finish(b);
    }
    progress_end(&b->bar);
    return rc;
}

int verb_backup(const struct options *options, int argc, char **argv) {
    struct backing_up b = {.home = options->home, .with_keys = options->with_keys != NULL};
    const char *to = b.place.folder;
    int rc = config_set_need(options->home);

    if (argc != 1)
        return usage("backup needs one folder, new or empty. See: cirkel help backup");
    if (rc == 0)
        rc = backup_place("backup", argv[0], &b.place);
    if (rc == 0 && backup_is_within(to, options->home))
        return usage("%s lies in the home itself, and would be lost with it; nothing was done", to);
    if (rc == 0 && (rc = backup_is_empty(to)))
        return usage("%s: %s; nothing was touched", to,
                     rc == -EEXIST ? "is not empty" : strerror(-rc));
    if (rc == 0)
        rc = make(&b);
    if (rc)
        return rc;
    tell_office(&b);
    print(&b, options->json != NULL);
    return EXIT_DONE;
}
