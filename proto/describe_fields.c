#include <inttypes.h>
#include <string.h>

#include "proto/describe_inner.h"

static const char *kind_word(enum field_kind kind) {
    static const char *const words[] = {
        [FIELD_END] = "",           [FIELD_ID] = "id",
        [FIELD_TEXT] = "text",      [FIELD_TEXTS] = "texts",
        [FIELD_INT] = "number",     [FIELD_BOOL] = "yes/no",
        [FIELD_INSTANT] = "moment", [FIELD_WALL] = "local time",
        [FIELD_DATE] = "date",      [FIELD_ADDRESS] = "address",
        [FIELD_LINK] = "link",      [FIELD_WORD] = "word",
        [FIELD_LIST] = "list",      [FIELD_MAP] = "map",
        [FIELD_ROWS] = "list",      [FIELD_RAW] = "record",
    };

    return words[kind];
}

static void add_kind(const struct field *f, struct buf *to) {
    buf_str(to, kind_word(f->kind));
    if (f->kind == FIELD_LIST)
        buf_printf(to, " of %ss", kind_word(f->item));
    else if (f->kind == FIELD_MAP)
        buf_printf(to, " of id to %s", kind_word(f->item));
    else if (f->kind == FIELD_ROWS)
        buf_printf(to, " of [%s](#part-%s)", f->part->name, f->part->name);
}

static void add_choices(const char *choices, struct buf *to) {
    struct text rest = text_of(choices), word;

    for (const char *comma = " "; text_cut(&rest, '|', &word); comma = ", ")
        buf_printf(to, "%s`%.*s`", comma, TEXT_ARGS(word));
}

static void add_limit(const struct field *f, struct buf *to) {
    switch (f->kind) {
    case FIELD_TEXT:
    case FIELD_TEXTS:
        buf_printf(to, " %" PRId64 " bytes", f->max);
        break;
    case FIELD_INT:
        if (f->max == INT64_MAX)
            buf_printf(to, " from %" PRId64, f->min);
        else
            buf_printf(to, " %" PRId64 " to %" PRId64, f->min, f->max);
        break;
    case FIELD_WORD:
        add_choices(f->choices, to);
        break;
    case FIELD_LIST:
    case FIELD_MAP:
        buf_printf(to, " %" PRId64 " items, each up to %" PRId64 "%s", f->max, f->item_max,
                   f->item == FIELD_INT ? "" : " bytes");
        break;
    case FIELD_ROWS:
        buf_printf(to, " %" PRId64 " items", f->max);
        break;
    default:
        break;
    }
}

void describe_fields(const struct shape *shape, struct buf *to) {
    const struct field *f = shape->fields();

    if (f->kind == FIELD_END)
        return;
    buf_str(to, "| field | kind | | limit | meaning |\n|---|---|---|---|---|\n");
    for (; f->kind != FIELD_END; f++) {
        buf_printf(to, "| `%.*s` | ", TEXT_ARGS(field_name(f)));
        add_kind(f, to);
        buf_str(to, f->required ? " | required |" : " | |");
        add_limit(f, to);
        buf_printf(to, " | %s |\n", f->doc);
    }
    buf_char(to, '\n');
}
