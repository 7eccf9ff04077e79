#include "services/cirkel/tree.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX (4u << 20) /* bytes of one value as JSON */

static void print_with(json_t *value, size_t flags) {
    json_dumpf(value, stdout, flags);
    fputc('\n', stdout);
    json_decref(value);
}

int tree_to_pack(const json_t *from, struct buf *to, char reterr[JSON_ERROR_TEXT]) {
    char *text = json_dumps(from, JSON_COMPACT | JSON_ENCODE_ANY);
    int rc;

    must(text != NULL);
    rc = json_to_pack(text_of(text), to, reterr);
    free(text);
    return rc;
}

json_t *tree_from_pack(struct bytes in) {
    struct buf text;
    json_t *tree = NULL;

    buf_init(&text, TEXT_MAX);
    if (json_from_pack(in, &text) == 0)
        tree = json_loadb(text.p, text.n, JSON_DECODE_ANY, NULL);
    buf_free(&text);
    return tree;
}

json_t *tree_text(struct text t) {
    return t.p ? json_stringn(t.p, t.n) : json_null();
}

void tree_print_line(json_t *value) {
    print_with(value, JSON_COMPACT);
}

void tree_print(json_t *value) {
    print_with(value, JSON_INDENT(2));
}
