/* look_list - `list KIND` and `show ID`: records as they are kept. */
#include "services/cirkel/look_kind.h"
#include "services/cirkel/row.h"
#include "services/cirkel/table_out.h"
#include "services/cirkel/tree.h"
#include "services/cirkel/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS 8
#define CELL_MAX 4096
#define OUTPUT_MAX ((size_t)1 << 30)
#define UNDER_SHOWN 20

/* ---- list ---- */

#define CHOICE_MAX 256

struct listing {
    struct look look;
    enum rec_type record;
    char columns[CHOICE_MAX];
    struct table_out *table;
    json_t *rows; /* NULL: as a table */
};

/* What tells one from another, where it is not the first short fields. */
static const struct {
    enum rec_type record;
    const char *columns;
} chosen[] = {
    {REC_PLAN, "plan due was state considered made"},
    {REC_PROGRAMME, "programme state name funder places taken starts ends"},
    {REC_CALL, "call state programme opens closes answer_by accept_days"},
    {REC_APPLICATION, "application state organisation call outcome rank assessments mean"},
    {REC_EVIDENCE, "evidence state kind organisation application valid_until"},
    {REC_ASSESSMENT, "application person state due weighted recommendation"},
    {REC_PARTICIPATION, "programme organisation state adviser staff minutes budget_minutes pace"},
    {REC_HOURS, "organisation person date minutes kind meeting hours"},
    {REC_MILESTONE, "milestone state organisation phase title due reached"},
    {REC_SOLUTION, "solution state organisation title visibility version published"},
    {REC_SUPPRESSION, "suppression state cause person status soft since until unsent"},
    {REC_OBLIGATION, "kind state organisation person about due obligation"},
    {REC_PERSON, "person state name organisations functions protected email"},
};

/* Short fields only; the zone is in every moment that is shown. */
static bool is_column(const struct field *field) {
    return field->kind != FIELD_RAW && field->kind != FIELD_ROWS && field->kind != FIELD_MAP &&
           field->kind != FIELD_LINK && !text_is(field_name(field), "zone") &&
           !((field->kind == FIELD_TEXT || field->kind == FIELD_TEXTS) && field->max >= TEXT_BODY);
}

static void choose_columns(enum rec_type record, char ret[CHOICE_MAX]) {
    unsigned n = 0;
    size_t at = 0;

    for (unsigned i = 0; i < COUNT_OF(chosen); i++)
        if (chosen[i].record == record) {
            snprintf(ret, CHOICE_MAX, "%s", chosen[i].columns);
            return;
        }
    for (const struct field *f = rec_shapes[record].fields(); f->kind != FIELD_END && n < COLUMNS;
         f++)
        if (is_column(f) && at < CHOICE_MAX) {
            at += (size_t)snprintf(ret + at, CHOICE_MAX - at, "%s%.*s", n ? " " : "",
                                   TEXT_ARGS(field_name(f)));
            n++;
        }
}

/* A plan is best known by its name, which `skip` takes. */
static void name_plan(json_t *tree, const struct rec_plan *plan) {
    json_object_set_new(tree, "plan",
                        json_sprintf("%.*s/%.*s/%.*s/%lld/%.*s", TEXT_ARGS(plan->about_kind),
                                     TEXT_ARGS(plan->about), TEXT_ARGS(plan->rule),
                                     (long long)plan->step, TEXT_ARGS(plan->occurrence)));
}

static struct table_out *new_table(struct listing *listing) {
    struct text names = text_of(listing->columns), name;
    struct table_out *table;
    struct buf columns;

    buf_init(&columns, 2 * CHOICE_MAX);
    while (text_cut(&names, ' ', &name)) {
        const struct field *f = shape_field(&rec_shapes[listing->record], name);
        bool cut = f && (f->kind == FIELD_TEXT || f->kind == FIELD_TEXTS || f->kind == FIELD_LIST ||
                         f->kind == FIELD_ADDRESS);
        buf_printf(&columns, "%s%s%.*s", columns.n ? " " : "",
                   f && f->kind == FIELD_INT ? ">"
                   : cut                     ? "~"
                                             : "",
                   TEXT_ARGS(name));
    }
    table = table_out_new(buf_cstr(&columns));
    buf_free(&columns);
    return table;
}

/* Of a text in several languages, the first. */
static void add_cell(struct listing *listing, const json_t *tree, struct text name) {
    const struct field *f = shape_field(&rec_shapes[listing->record], name);
    json_t *value = json_object_getn(tree, name.p, name.n);
    char named[65] = "";
    struct buf cell;

    if (f)
        must(text_copy(name, named, sizeof named) == 0);
    if (f && f->kind == FIELD_TEXTS && json_is_object(value))
        value = json_object_iter_value(json_object_iter(value));
    buf_init(&cell, CELL_MAX);
    row_named(named, value, &cell);
    table_out_cell(listing->table, buf_as_text(&cell));
    buf_free(&cell);
}

static void add_row(struct listing *listing, const json_t *tree) {
    struct text names = text_of(listing->columns), name;

    table_out_row(listing->table);
    while (text_cut(&names, ' ', &name))
        add_cell(listing, tree, name);
}

static int on_list_row(void *ctx, const union any_rec *rec) {
    struct listing *listing = ctx;
    const struct shape *shape = &rec_shapes[listing->record];
    json_t *tree = row_tree(shape, rec, look_zone(&listing->look, shape, rec));

    if (listing->record == REC_PLAN)
        name_plan(tree, &rec->rec_plan);
    if (listing->rows) {
        json_array_append_new(listing->rows, tree);
        return 0;
    }
    add_row(listing, tree);
    json_decref(tree);
    return 0;
}

static void print_listing(struct listing *listing, const char *kind) {
    json_t *row;
    size_t i;

    if (listing->rows) {
        json_array_foreach(listing->rows, i, row) tree_print_line(json_incref(row));
        json_decref(listing->rows);
    } else if (table_out_rows(listing->table)) {
        table_out_print(listing->table);
    } else {
        printf("No %s.\n", kind);
    }
    table_out_free(&listing->table);
}

int verb_list(const struct options *options, int argc, char **argv) {
    struct listing listing = {0};
    struct look_kind kind;
    unsigned bad;
    int rc = look_kind_of("list", argc, argv, &kind);

    if (rc)
        return rc;
    rc = look_open(&listing.look, options->home);
    if (rc)
        return rc;
    listing.record = kind.record;
    choose_columns(listing.record, listing.columns);
    listing.table = new_table(&listing);
    listing.rows = options->json ? json_array() : NULL;
    rc = look_each(&listing.look, &kind, on_list_row, &listing, &bad);
    look_close(&listing.look);
    print_listing(&listing, kind.name);
    if (rc || bad)
        return trouble("some rows cannot be read. See: cirkel verify --home %s", options->home);
    return EXIT_DONE;
}

/* ---- show ---- */

struct showing {
    struct look look;
    struct text kind, id; /* kind: absent for any */
    enum table table;
    json_t *found;  /* of {"table", "record"} */
    unsigned limit; /* of rows that are under the id, as hours are under a programme; 0: none */
    unsigned under; /* of the table at hand */
    struct buf left_out;
};

static void keep(struct showing *showing, const char *table, enum rec_type record,
                 const void *rec) {
    const struct shape *shape = &rec_shapes[record];
    json_array_append_new(showing->found,
                          json_pack("{s:s,s:o}", "table", table, "record",
                                    row_tree(shape, rec, look_zone(&showing->look, shape, rec))));
}

/* A key whose texts are, from the first on, the parts of "a" or "a/b". *ret_under: it goes on. */
static bool key_fits(struct bytes key, struct text id, bool *ret_under) {
    struct text want, have;
    size_t at = 0;

    while (text_cut(&id, '/', &want))
        if (!key_next_text(key, &at, &have) || !text_eq(want, have))
            return false;
    *ret_under = at < key.n;
    return true;
}

static int on_show_row(void *ctx, struct bytes key, struct bytes value) {
    struct showing *showing = ctx;
    enum rec_type record = table_infos[showing->table].record;
    union any_rec rec;
    bool under;

    if (!key_fits(key, showing->id, &under))
        return 1;
    if (under && ++showing->under > showing->limit && showing->limit)
        return 0;
    if (look_decode(record, value, &rec) == 0)
        keep(showing, table_infos[showing->table].name, record, &rec);
    return 0;
}

/* Rows of a table whose key begins with the id. */
static int show_by_text(struct showing *showing) {
    struct text rest = showing->id, first;
    struct key from;
    int rc;

    if (!text_cut(&rest, '/', &first))
        return 0;
    from = LOOK_KEY(first);
    rc = store_scan(showing->look.txn, showing->table, key_bytes(&from), on_show_row, showing);
    if (rc == 1 && rest.n) { /* the second part does not come first */
        from = LOOK_KEY(first, rest);
        rc = store_scan(showing->look.txn, showing->table, key_bytes(&from), on_show_row, showing);
    }
    return rc == 1 ? 0 : rc;
}

static int show_by_number(struct showing *showing, uint64_t number) {
    union any_rec rec;
    struct key key = key_no(number);
    int rc = look_get(&showing->look, showing->table, &rec, key_bytes(&key));
    if (rc == 0)
        keep(showing, table_infos[showing->table].name, table_infos[showing->table].record, &rec);
    return rc == -ENOENT ? 0 : rc;
}

static int on_event(void *ctx, uint64_t seq, struct bytes payload) {
    struct showing *showing = ctx;
    struct rec_event event;

    (void)seq;
    if (look_decode(REC_EVENT, payload, &event) == 0)
        keep(showing, "event", REC_EVENT, &event);
    return 1;
}

static int show_event(struct showing *showing, uint64_t number) {
    uint64_t first, last;
    int rc = journal_range(showing->look.inbox, &first, &last);

    if (rc == 0 && number >= first && number <= last)
        rc = journal_read(showing->look.inbox, number, 1, on_event, showing);
    return rc == 1 ? 0 : rc;
}

static bool has_number_key(enum table table) {
    return strcmp(table_infos[table].key, "number") == 0;
}

static void name_left_out(struct showing *showing) {
    const char *name = table_infos[showing->table].name;

    if (showing->limit && showing->under > showing->limit)
        buf_printf(&showing->left_out, "\n… and %u more of %s. See: cirkel list %s\n",
                   showing->under - showing->limit, name, name);
    showing->under = 0;
}

/* ---- what an organisation is in: known by two ids, of which its own comes second ---- */

static int on_participation(void *ctx, const union any_rec *rec) {
    struct showing *showing = ctx;
    if (text_eq(rec->rec_participation.organisation, showing->id))
        keep(showing, "participation", REC_PARTICIPATION, rec);
    return 0;
}

static int on_application(void *ctx, const union any_rec *rec) {
    struct showing *showing = ctx;
    if (text_eq(rec->rec_application.organisation, showing->id))
        keep(showing, "application", REC_APPLICATION, rec);
    return 0;
}

static int show_of_organisation(struct showing *showing) {
    struct look_kind kind;
    unsigned bad;
    int rc = 0;

    if (showing->kind.p || showing->table != TABLE_ORGANISATION ||
        json_array_size(showing->found) == 0)
        return 0;
    if (look_kind("application", &kind) == 0)
        rc = look_each(&showing->look, &kind, on_application, showing, &bad);
    if (rc == 0 && look_kind("participation", &kind) == 0)
        rc = look_each(&showing->look, &kind, on_participation, showing, &bad);
    return rc;
}

/* A plain number is one of the ledger; the other numbers need their kind said. */
static int show_in_tables(struct showing *showing) {
    int64_t number = 0;
    bool is_number = text_int(showing->id, &number) == 0 && number > 0;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < TABLE_COUNT; i++) {
        bool named = showing->kind.p && text_is(showing->kind, table_infos[i].name);
        if (table_infos[i].record == REC_NONE || (showing->kind.p && !named))
            continue;
        showing->table = (enum table)i;
        if (!has_number_key(showing->table))
            rc = show_by_text(showing);
        if (rc == 0)
            rc = show_of_organisation(showing);
        else if (is_number && (named || i == TABLE_LEDGER))
            rc = show_by_number(showing, (uint64_t)number);
        name_left_out(showing);
    }
    if (rc == 0 && is_number && text_is(showing->kind, "event"))
        rc = show_event(showing, (uint64_t)number);
    return rc;
}

/* So many of a kind are a table. */
#define BLOCKS_MOST 3

static size_t count_same(const json_t *found, size_t from, const char **ret_table) {
    size_t n = 0;
    *ret_table = json_string_value(json_object_get(json_array_get(found, from), "table"));
    for (size_t i = from; i < json_array_size(found); i++, n++)
        if (strcmp(json_string_value(json_object_get(json_array_get(found, i), "table")),
                   *ret_table) != 0)
            break;
    return n;
}

static void print_block(const json_t *record) {
    struct buf block;
    buf_init(&block, OUTPUT_MAX);
    row_block(record, &block);
    fwrite(block.p, 1, block.n, stdout);
    buf_free(&block);
}

static void print_table(const struct showing *showing, enum rec_type record, size_t from,
                        size_t n) {
    struct listing listing = {.record = record};
    choose_columns(listing.record, listing.columns);
    listing.table = new_table(&listing);
    for (size_t i = from; i < from + n; i++)
        add_row(&listing, json_object_get(json_array_get(showing->found, i), "record"));
    table_out_print(listing.table);
    table_out_free(&listing.table);
}

static void print_found(const struct showing *showing) {
    const char *name;
    struct look_kind kind;
    for (size_t i = 0, n; i < json_array_size(showing->found); i += n) {
        n = count_same(showing->found, i, &name);
        if (n > BLOCKS_MOST && look_kind(name, &kind) == 0) {
            printf("%s%s\n", i ? "\n" : "", name);
            print_table(showing, kind.record, i, n);
            continue;
        }
        for (size_t k = i; k < i + n; k++) {
            printf("%s%s\n", k ? "\n" : "", name);
            print_block(json_object_get(json_array_get(showing->found, k), "record"));
        }
    }
    if (showing->left_out.n)
        fwrite(showing->left_out.p, 1, showing->left_out.n, stdout);
}

int verb_show(const struct options *options, int argc, char **argv) {
    struct showing showing = {0};
    int rc;

    if (argc != 1 || !argv[0][0])
        return usage("show needs one id. See: cirkel help show");
    showing.id = text_of(argv[0]);
    if (strchr(argv[0], ':'))
        text_cut(&showing.id, ':', &showing.kind);
    rc = look_open(&showing.look, options->home);
    if (rc)
        return rc;
    showing.found = json_array();
    showing.limit = options->json ? 0 : UNDER_SHOWN;
    buf_init(&showing.left_out, OUTPUT_MAX);
    rc = show_in_tables(&showing);
    look_close(&showing.look);
    if (json_array_size(showing.found) == 0)
        rc = rc ? rc : -ENOENT;
    else if (options->json)
        tree_print(json_incref(showing.found));
    else
        print_found(&showing);
    json_decref(showing.found);
    buf_free(&showing.left_out);
    if (rc == -ENOENT)
        return trouble("nothing has the id %s. See: cirkel list KIND", argv[0]);
    return rc ? trouble("not all could be read: %s. See: cirkel verify", strerror(-rc)) : EXIT_DONE;
}
