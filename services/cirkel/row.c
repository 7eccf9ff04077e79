#include "services/cirkel/row.h"

#include <string.h>

#include "common/zone.h"
#include "proto/present.h"

#define ROW_MAX (4u << 20) /* bytes of one row as JSON */

json_t *row_tree(const struct shape *shape, const void *rec, struct text zone) {
    const struct zone *in = NULL;
    struct buf text;
    json_t *tree;

    if (!zone.p || zone_find(zone, &in))
        in = zone_utc();
    buf_init(&text, ROW_MAX);
    present_json(shape, rec, in, PRESENT_RAW, &text);
    tree = json_loadb(text.p, text.n, 0, NULL);
    buf_free(&text);
    return tree ? tree : json_object();
}

/* "2022-03-06T12:00" and "2022-03-06T12:00:00+01:00", to the minute; seconds only if there are any.
 * The offset is that of the record's zone and goes without saying. */
static bool is_moment(struct text t) {
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    size_t most = t.n < sizeof form - 1 ? t.n : sizeof form - 1;
    if (t.n != 16 && t.n != 20 && t.n != 25)
        return false;
    for (size_t i = 0; i < most; i++)
        if (form[i] == 'd' ? t.p[i] < '0' || t.p[i] > '9' : t.p[i] != form[i])
            return false;
    return true;
}

static void add_string(const json_t *tree, struct buf *to) {
    struct text t = {json_string_value(tree), json_string_length(tree)};
    if (!is_moment(t)) {
        buf_text(to, t);
        return;
    }
    buf_printf(to, "%.10s %.5s", t.p, t.p + 11);
    if (t.n > 16 && !text_starts((struct text){t.p + 16, t.n - 16}, ":00"))
        buf_add(to, t.p + 16, 3);
}

/* Any value on one line; NULL gives nothing. */
static void add_cell(const json_t *tree, struct buf *to) {
    const char *key, *separator = "";
    json_t *value;
    size_t i;

    if (!tree)
        return;
    switch (json_typeof(tree)) {
    case JSON_STRING:
        add_string(tree, to);
        break;
    case JSON_INTEGER:
        buf_printf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(tree));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        buf_str(to, json_is_true(tree) ? "yes" : "no");
        break;
    case JSON_ARRAY:
        json_array_foreach(tree, i, value) {
            buf_str(to, separator);
            add_cell(value, to);
            separator = json_is_object(value) ? "; " : ", ";
        }
        break;
    case JSON_OBJECT:
        json_object_foreach((json_t *)tree, key, value) {
            buf_printf(to, "%s%s: ", separator, key);
            add_cell(value, to);
            separator = ", ";
        }
        break;
    default:
        break;
    }
}

/* Nobody reckons in thousands of minutes. */
static void add_hours(const char *name, const json_t *value, struct buf *to) {
    size_t n = strlen(name);
    bool minutes = n >= 7 && strcmp(name + n - 7, "minutes") == 0;
    if (minutes && json_integer_value(value) >= 600)
        buf_printf(to, " (%.6g h)", (double)json_integer_value(value) / 60);
}

/* Phases, criteria, notes: each on a line of its own. */
static void add_lines(const json_t *rows, struct buf *to) {
    json_t *row;
    size_t i;

    json_array_foreach(rows, i, row) {
        if (i)
            buf_printf(to, "\n  %-20s ", "");
        add_cell(row, to);
    }
}

void row_named(const char *name, const json_t *tree, struct buf *to) {
    static const char *const hundredths[] = {"mean", "spread", "weighted"};
    for (unsigned i = 0; json_is_integer(tree) && i < COUNT_OF(hundredths); i++)
        if (strcmp(name, hundredths[i]) == 0) {
            buf_printf(to, "%.2f", (double)json_integer_value(tree) / 100);
            return;
        }
    add_cell(tree, to);
}

void row_block(const json_t *tree, struct buf *to) {
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)tree, key, value) {
        if (json_is_array(value) && !json_array_size(value))
            continue;
        buf_printf(to, "  %-20s ", key);
        if (json_is_object(json_array_get(value, 0)))
            add_lines(value, to);
        else
            row_named(key, value, to);
        add_hours(key, value, to);
        buf_char(to, '\n');
    }
}
