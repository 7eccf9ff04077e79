#include "services/cirkel/row.h"

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

void row_cell(const json_t *tree, struct buf *to) {
    const char *key, *separator = "";
    json_t *value;
    size_t i;

    if (!tree)
        return;
    switch (json_typeof(tree)) {
    case JSON_STRING:
        buf_add(to, json_string_value(tree), json_string_length(tree));
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
            row_cell(value, to);
            separator = json_is_object(value) ? "; " : ", ";
        }
        break;
    case JSON_OBJECT:
        json_object_foreach((json_t *)tree, key, value) {
            buf_printf(to, "%s%s: ", separator, key);
            row_cell(value, to);
            separator = ", ";
        }
        break;
    default:
        break;
    }
}

void row_block(const json_t *tree, struct buf *to) {
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)tree, key, value) {
        buf_printf(to, "  %-20s ", key);
        row_cell(value, to);
        buf_char(to, '\n');
    }
}
