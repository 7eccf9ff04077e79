/* export - every record of a kind as CSV, one column a field of its shape. */
#include "services/cirkel/csv.h"
#include "services/cirkel/look_kind.h"
#include "services/cirkel/row.h"
#include "services/cirkel/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX ((size_t)1 << 30)
#define CELL_MAX ((size_t)4 << 20)
#define MASK "(protected)"

static const char *const languages[] = {"", "da", "sv", "en"}; /* the columns of a TEXTS field */

struct export {
    struct look look;
    const struct shape *shape;
    struct buf out, cell;
};

/* ---- cells ---- */

/* Scalars as they are; what is within a list or a map, as JSON when it is no scalar. */
static void add_value(const json_t *value, struct buf *to) {
    char *text;

    if (json_is_string(value)) {
        buf_add(to, json_string_value(value), json_string_length(value));
    } else if (value) {
        text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        must(text != NULL);
        buf_str(to, text);
        free(text);
    }
}

static void add_item(const char *name, const json_t *value, struct buf *to, bool first) {
    struct buf item;

    buf_init(&item, CELL_MAX);
    if (name)
        buf_printf(&item, "%s=", name);
    add_value(value, &item);
    csv_list_item(to, buf_as_text(&item), first);
    buf_free(&item);
}

static void make_cell(const struct field *f, const json_t *value, struct buf *to) {
    const char *name;
    json_t *item;
    size_t i;

    buf_clear(to);
    if (f->kind == FIELD_LIST) {
        json_array_foreach(value, i, item) add_item(NULL, item, to, i == 0);
    } else if (f->kind == FIELD_MAP) {
        i = 0;
        json_object_foreach((json_t *)value, name, item) add_item(name, item, to, i++ == 0);
    } else {
        add_value(value, to);
    }
}

/* ---- columns ---- */

static bool is_column(const struct field *f) {
    return f->kind != FIELD_RAW;
}

static void add_header(struct export *export) {
    bool first = true;

    for (const struct field *f = export->shape->fields(); f->kind != FIELD_END; f++)
        for (unsigned i = 0; is_column(f) && i < (f->kind == FIELD_TEXTS ? COUNT_OF(languages) : 1);
             i++) {
            char name[80];
            snprintf(name, sizeof name, "%.*s%s%s", TEXT_ARGS(field_name(f)), i ? "." : "",
                     languages[i]);
            csv_cell(&export->out, text_of(name), first);
            first = false;
        }
    csv_end_row(&export->out);
}

/* One text for all languages stands in the first of the four columns. */
static const json_t *texts_value(const json_t *value, unsigned language) {
    if (json_is_object(value))
        return language ? json_object_get(value, languages[language]) : NULL;
    return language ? NULL : value;
}

/* ---- protected identities ---- */

static bool is_protected(struct export *export, const json_t *tree) {
    const json_t *id = json_object_get(tree, "person");
    struct rec_person person;

    if (!json_is_string(id))
        return false;
    struct key key = LOOK_KEY(text_of(json_string_value(id)));
    return look_get(&export->look, TABLE_PERSON, &person, key_bytes(&key)) == 0 && person.protected;
}

/* What says who somebody is, in the records that say it of a person. */
static bool tells_identity(const struct field *f) {
    return f->kind == FIELD_ADDRESS || text_is(field_name(f), "name");
}

static void add_row(struct export *export, const json_t *tree) {
    bool first = true, protected = is_protected(export, tree);

    for (const struct field *f = export->shape->fields(); f->kind != FIELD_END; f++) {
        const json_t *value = json_object_getn(tree, field_name(f).p, field_name(f).n);
        if (!is_column(f))
            continue;
        for (unsigned i = 0; i < (f->kind == FIELD_TEXTS ? COUNT_OF(languages) : 1); i++) {
            make_cell(f, f->kind == FIELD_TEXTS ? texts_value(value, i) : value, &export->cell);
            if (protected && value && tells_identity(f))
                csv_cell(&export->out, TEXT_LIT(MASK), first);
            else
                csv_cell(&export->out, buf_as_text(&export->cell), first);
            first = false;
        }
    }
    csv_end_row(&export->out);
}

static int on_row(void *ctx, const union any_rec *rec) {
    struct export *export = ctx;
    json_t *tree = row_tree(export->shape, rec, look_zone(&export->look, export->shape, rec));

    add_row(export, tree);
    json_decref(tree);
    return export->out.over ? -EFBIG : 0;
}

/* ---- the verb ---- */

static int write_out(const struct options *options, const struct buf *out) {
    int rc;

    if (!options->out) {
        fwrite(out->p, 1, out->n, stdout);
        return EXIT_DONE;
    }
    rc = write_file(options->out, 0600, buf_as_bytes(out));
    return rc ? trouble("%s could not be written: %s", options->out, strerror(-rc)) : EXIT_DONE;
}

int verb_export(const struct options *options, int argc, char **argv) {
    struct export export = {0};
    struct look_kind kind;
    unsigned bad;
    int rc = look_kind_of("export", argc, argv, &kind);

    if (rc)
        return rc;
    rc = look_open(&export.look, options->home);
    if (rc)
        return rc;
    export.shape = &rec_shapes[kind.record];
    buf_init(&export.out, OUTPUT_MAX);
    buf_init(&export.cell, CELL_MAX);
    add_header(&export);
    rc = look_each(&export.look, &kind, on_row, &export, &bad);
    look_close(&export.look);
    if (rc == 0)
        rc = write_out(options, &export.out);
    else
        rc = trouble("not all could be read: %s. See: cirkel verify", strerror(-rc));
    buf_free(&export.out);
    buf_free(&export.cell);
    if (rc == 0 && bad)
        return trouble("%u rows cannot be read, and are left out. See: cirkel verify", bad);
    return rc;
}
