#include "services/cirkel/verify_replay.h"

#include "services/cirkel/child.h"
#include "services/cirkel/home.h"
#include "services/cirkel/verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)4 << 20)

/* The backup that was made last, when it is where it was put. */
static int last_backup(const char *home, char ret[HOME_PATH]) {
    struct bytes key, value;
    struct rec_backup backup;
    struct look look;
    int rc = look_open(&look, home);

    ret[0] = 0;
    if (rc)
        return rc;
    if (store_last(look.txn, TABLE_BACKUP, &key, &value) == 0 &&
        look_decode(REC_BACKUP, value, &backup) == 0 &&
        text_copy(backup.path, ret, HOME_PATH) == 0 && access(ret, R_OK))
        rc = usage("the last backup is not in %s any more; name one: cirkel verify --replay BACKUP",
                   ret);
    look_close(&look);
    return rc;
}

static int ask(const char *home, const char *backup, struct buf *output) {
    static char option_home[] = "--home", option_replay[] = "--replay", option_from[] = "--from";
    char program[HOME_PATH];
    char *child[7] = {program, option_home, (char *)home, option_replay};
    int rc = home_program("scheduler", program);

    if (rc)
        return trouble("the program scheduler was not found; is the installation complete?");
    if (backup[0]) {
        child[4] = option_from;
        child[5] = (char *)backup;
    }
    rc = child_run(child, output);
    return rc < 0 ? trouble("%s: %s", program, strerror(-rc)) : 0;
}

int replayed_read(const char *home, const char *backup, struct replayed *ret) {
    char from[HOME_PATH] = "";
    const json_t *error;
    struct buf output;
    int rc = backup ? text_copy(text_of(backup), from, sizeof from) : last_backup(home, from);

    if (rc)
        return rc < 0 ? usage("%s: %s", backup, strerror(-rc)) : rc;
    buf_init(&output, OUTPUT_MAX);
    rc = ask(home, from, &output);
    if (rc == 0) {
        ret->said = json_loadb(output.p ? output.p : "", output.n, 0, NULL);
        error = json_object_get(ret->said, "error");
        if (error || !ret->said)
            rc = trouble("it cannot be done over again: %s",
                         error ? json_string_value(error) : "the scheduler fell");
    }
    buf_free(&output);
    return rc;
}

static const char *word(const json_t *row, const char *name) {
    const char *value = json_string_value(json_object_get(row, name));
    return value ? value : "";
}

void replayed_report(const struct replayed *replayed, struct verify *v, bool json) {
    const json_t *row, *rows = json_object_get(replayed->said, "differences");
    json_int_t count = json_integer_value(json_object_get(replayed->said, "difference_count"));
    size_t i;

    if (!replayed->said)
        return;
    json_array_foreach(rows, i, row)
        verify_find(v, "done over again, %s %s differs: %s", word(row, "table"), word(row, "key"),
                    word(row, "what"));
    for (; (json_int_t)i < count; i++)
        v->findings++;
    if (!json)
        printf("%-6s %10" PRIu64 " rows that came of %" JSON_INTEGER_FORMAT
               " inputs, done over again\n",
               count ? "WRONG" : "good",
               (uint64_t)json_integer_value(json_object_get(replayed->said, "rows")),
               json_integer_value(json_object_get(replayed->said, "inputs")));
}
