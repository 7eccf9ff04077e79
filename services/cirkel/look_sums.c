#include "services/cirkel/look_sums.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

struct counting {
    struct look_count *count;
    enum rec_type record;
    const struct field *field;
};

static int on_row(void *ctx, struct bytes key, struct bytes value) {
    struct counting *counting = ctx;
    struct look_count *count = counting->count;
    union any_rec rec;

    (void)key;
    count->all++;
    if (look_decode(counting->record, value, &rec) == 0) {
        const struct text *word = (const void *)((const char *)&rec + counting->field->offset);
        for (unsigned i = 0; i < count->words; i++)
            if (text_eq(*word, count->word[i])) {
                count->n[i]++;
                return 0;
            }
    }
    count->other++;
    return 0;
}

int look_count(struct look *look, enum table table, const char *field, struct look_count *ret) {
    enum rec_type record = table_infos[table].record;
    struct counting counting = {ret, record, shape_field(&rec_shapes[record], text_of(field))};
    struct text rest;

    must(counting.field && counting.field->kind == FIELD_WORD);
    *ret = (struct look_count){0};
    rest = text_of(counting.field->choices);
    while (ret->words < LOOK_WORDS && text_cut(&rest, '|', &ret->word[ret->words]))
        ret->words++;
    return store_scan(look->txn, table, (struct bytes){"", 0}, on_row, &counting);
}

uint64_t look_count_of(const struct look_count *count, const char *word) {
    for (unsigned i = 0; i < count->words; i++)
        if (text_is(count->word[i], word))
            return count->n[i];
    return 0;
}

void look_count_text(const struct look_count *count, struct buf *to) {
    const char *separator = "";

    for (unsigned i = 0; i < count->words; i++) {
        if (!count->n[i])
            continue;
        buf_printf(to, "%s%" PRIu64 " %.*s", separator, count->n[i], TEXT_ARGS(count->word[i]));
        separator = ", ";
    }
}

void look_print_letters(const char *home) {
    struct look_count count;
    struct look look;
    struct buf text;

    if (look_open(&look, home))
        return;
    buf_init(&text, 4096);
    if (look_count(&look, TABLE_LEDGER, "state", &count) == 0) {
        look_count_text(&count, &text);
        printf("Letters: %" PRIu64 "%s%s.\n", count.all, text.n ? ": " : "", buf_cstr(&text));
    }
    buf_free(&text);
    look_close(&look);
}
