#include "services/cirkel/table_out.h"

#include "services/cirkel/progress.h"

#include <libsmartcols/libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CELL_MAX 8192

struct table_out {
    struct libscols_table *table;
    struct libscols_line *line;
    unsigned column, rows;
};

struct table_out *table_out_new(const char *columns) {
    struct table_out *out = calloc(1, sizeof *out);
    struct text rest = text_of(columns), one;

    must(out != NULL);
    out->table = scols_new_table();
    must(out->table != NULL);
    while (text_cut(&rest, ' ', &one)) {
        char name[64];
        int flags = 0;
        if (one.p[0] == '>')
            flags = SCOLS_FL_RIGHT;
        else if (one.p[0] == '~')
            flags = SCOLS_FL_TRUNC;
        must(text_copy((struct text){one.p + (flags != 0), one.n - (flags != 0)}, name,
                       sizeof name) == 0);
        must(scols_table_new_column(out->table, name, flags == SCOLS_FL_TRUNC ? 0.1 : 0, flags) !=
             NULL);
    }
    scols_table_enable_colors(out->table, terminal_colour(STDOUT_FILENO));
    if (!isatty(STDOUT_FILENO))
        scols_table_set_termforce(out->table, SCOLS_TERMFORCE_NEVER);
    return out;
}

void table_out_free(struct table_out **table) {
    if (!*table)
        return;
    scols_unref_table((*table)->table);
    free(*table);
    *table = NULL;
}

void table_out_row(struct table_out *table) {
    table->line = scols_table_new_line(table->table, NULL);
    must(table->line != NULL);
    table->column = 0;
    table->rows++;
}

void table_out_cell(struct table_out *table, struct text t) {
    char *copy = malloc(t.n + 1);

    must(copy != NULL);
    for (size_t i = 0; i < t.n; i++)
        copy[i] = (unsigned char)t.p[i] < ' ' || t.p[i] == 0x7f ? ' ' : t.p[i];
    copy[t.n] = 0;
    must(scols_line_refer_data(table->line, table->column++, copy) == 0);
}

void table_out_printf(struct table_out *table, const char *fmt, ...) {
    char text[CELL_MAX];
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    must(n >= 0);
    table_out_cell(table,
                   (struct text){text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1});
}

unsigned table_out_rows(const struct table_out *table) {
    return table->rows;
}

void table_out_print(struct table_out *table) {
    must(scols_print_table(table->table) == 0);
}
