#include "services/cirkel/import.h"

#include "common/token.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASON_MAX 400
#define BODY_MAX ((size_t)1 << 20)

static const struct {
    const char *name;
    enum msg_type message;
} kinds[IMPORT_KINDS] = {{"people", MSG_PERSON_REGISTER},
                         {"organisations", MSG_ORGANISATION_REGISTER},
                         {"memberships", MSG_MEMBERSHIP_GRANT}};

const char *import_kind_name(enum import_kind kind) {
    return kinds[kind].name;
}

static const struct shape *shape_of(const struct import *import) {
    return &msg_shapes[kinds[import->kind].message];
}

/* ---- lines ---- */

static struct import_line *add_line(struct import *import, unsigned no) {
    if (import->count == import->room) {
        import->room = import->room ? 2 * import->room : 256;
        import->lines = realloc(import->lines, import->room * sizeof *import->lines);
        must(import->lines != NULL);
    }
    import->lines[import->count] = (struct import_line){.no = no};
    return &import->lines[import->count++];
}

/* "organisations.1" is of the column organisations. */
void import_bad(struct import *import, struct import_line *line, const char *field, const char *fmt,
                ...) {
    struct text rest = text_of(field), name;
    char reason[REASON_MAX];
    va_list args;

    if (line->fate == IMPORT_BAD)
        return; /* the first reason is enough */
    va_start(args, fmt);
    vsnprintf(reason, sizeof reason, fmt, args);
    va_end(args);
    line->fate = IMPORT_BAD;
    line->reason = arena_text(import->arena, text_of(reason));
    if (!field || !text_cut(&rest, '.', &name))
        return;
    line->column = arena_text(import->arena, name);
    for (unsigned i = 0; i < import->header.count; i++)
        if (text_eq(import->header.cells[i], name))
            line->column_no = i + 1;
}

/* ---- the header ---- */

static void check_columns(struct import *import, struct import_line *line) {
    const struct csv_row *header = &import->header;

    for (unsigned i = 0; i < header->count; i++) {
        char name[65];
        if (text_copy(header->cells[i], name, sizeof name))
            snprintf(name, sizeof name, "column %u", i + 1);
        if (!shape_field(shape_of(import), header->cells[i]))
            import_bad(import, line, name, "%s has no such field", shape_of(import)->name);
        else if (import->network.p && text_is(header->cells[i], "network"))
            import_bad(import, line, name, "the network is given by --network already");
        for (unsigned k = 0; k < i; k++)
            if (text_eq(header->cells[i], header->cells[k]))
                import_bad(import, line, name, "this column is there twice");
    }
}

static bool has_column(const struct import *import, struct text name) {
    for (unsigned i = 0; i < import->header.count; i++)
        if (text_eq(import->header.cells[i], name))
            return true;
    return import->network.p && text_is(name, "network");
}

static void check_required(struct import *import, struct import_line *line) {
    for (const struct field *f = shape_of(import)->fields(); f->kind != FIELD_END; f++)
        if (f->required && !has_column(import, field_name(f)))
            import_bad(import, line, NULL, "there is no column %.*s, which every line needs%s",
                       TEXT_ARGS(field_name(f)),
                       text_is(field_name(f), "network") ? " (or --network)" : "");
}

/* False when it is bad: then nothing after it can be understood. */
static bool take_header(struct import *import, const struct csv_row *row) {
    struct import_line header = {.no = row->line};

    import->header = *row;
    check_columns(import, &header);
    check_required(import, &header);
    if (header.fate != IMPORT_BAD)
        return true;
    *add_line(import, row->line) = header;
    return false;
}

/* ---- a line ---- */

static json_t *list_of(struct import *import, struct text cell) {
    json_t *items = json_array();
    struct text item;

    while (csv_next_item(import->arena, &cell, &item))
        json_array_append_new(items, json_stringn(item.p, item.n));
    return items;
}

/* An empty cell says nothing. */
static json_t *body_of(struct import *import, const struct csv_row *row) {
    json_t *body = json_object();

    for (unsigned i = 0; i < row->count; i++) {
        struct text name = import->header.cells[i], cell = row->cells[i];
        const struct field *f = shape_field(shape_of(import), name);
        if (cell.n == 0)
            continue;
        json_object_setn_new(body, name.p, name.n,
                             f->kind == FIELD_LIST ? list_of(import, cell)
                                                   : json_stringn(cell.p, cell.n));
    }
    if (import->network.p)
        json_object_set_new(body, "network", json_stringn(import->network.p, import->network.n));
    return body;
}

static void make_request(struct import *import, struct import_line *line, const json_t *body) {
    char id[64], wrong[JSON_ERROR_TEXT];

    snprintf(id, sizeof id, "import-%s-%u", import->hash, line->no);
    if (line_make(text_of(id), text_of(shape_of(import)->name), body, &line->line, wrong))
        import_bad(import, line, NULL, "%s", wrong);
    line->line.no = line->no;
}

static void check_body(struct import *import, struct import_line *line, const json_t *body) {
    struct complaint complaint;
    char wrong[JSON_ERROR_TEXT];
    union any_msg msg;
    struct buf packed;

    buf_init(&packed, BODY_MAX);
    if (tree_to_pack(body, &packed, wrong)) {
        import_bad(import, line, NULL, "%s", wrong);
    } else if (codec_decode(shape_of(import), CODEC_STRICT, buf_as_bytes(&packed), &msg,
                            &complaint)) {
        import_bad(import, line, complaint.field[0] ? complaint.field : NULL, "%s", complaint.text);
    } else {
        import_check(import, line, &msg);
        if (line->fate == IMPORT_NEW)
            make_request(import, line, body);
    }
    buf_free(&packed);
}

static void take_row(struct import *import, const struct csv_row *row) {
    struct import_line *line = add_line(import, row->line);
    json_t *body;

    if (row->count > import->header.count) {
        import_bad(import, line, NULL, "%u cells, but %u columns", row->count,
                   import->header.count);
        return;
    }
    body = body_of(import, row);
    check_body(import, line, body);
    json_decref(body);
}

/* ---- the file ---- */

static void hash_file(struct import *import) {
    struct bytes parts[] = {{import->file.p, import->file.n},
                            {kinds[import->kind].name, strlen(kinds[import->kind].name)},
                            {import->network.p, import->network.n}};
    char text[TOKEN_ID_MAX];

    token_hash_text(parts, COUNT_OF(parts), text);
    snprintf(import->hash, sizeof import->hash, "%.13s", text);
}

int import_read(struct import *import, const char *path) {
    struct csv_reader reader;
    struct csv_row row;
    const char *wrong = "";
    int rc = read_file(path, IMPORT_BYTES, &import->file);

    if (rc)
        return rc;
    import->arena = arena_new();
    import->seen = json_object();
    hash_file(import);
    csv_open(&reader, import->arena, buf_as_text(&import->file));
    for (bool headed = false; (rc = csv_next(&reader, &row, &wrong)) != -ENOENT;) {
        if (rc)
            import_bad(import, add_line(import, row.line), NULL, "%s", wrong);
        else if (headed)
            take_row(import, &row);
        if (!headed && (rc || !take_header(import, &row)))
            break;
        headed = true;
    }
    if (!import->header.count && !import->count)
        import_bad(import, add_line(import, 1), NULL,
                   "the file is empty; its first line names the columns");
    for (unsigned i = 0; i < import->count; i++)
        import->of[import->lines[i].fate]++;
    return 0;
}

void import_free(struct import *import) {
    for (unsigned i = 0; i < import->count; i++)
        line_free(&import->lines[i].line);
    free(import->lines);
    json_decref(import->seen);
    arena_free(&import->arena);
    buf_free(&import->file);
}
