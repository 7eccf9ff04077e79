#include "common/config_inner.h"

#include <inttypes.h>
#include <string.h>

#define WIDTH 96

/* As a comment, folded at blanks. */
static void print_doc(const char *doc, FILE *to) {
    struct text rest = text_of(doc), word;
    size_t column = 0;
    while (text_cut(&rest, ' ', &word)) {
        if (column && column + 1 + word.n > WIDTH) {
            (void)fputc('\n', to);
            column = 0;
        }
        column += (size_t)fprintf(to, "%s%.*s", column ? " " : "# ", TEXT_ARGS(word));
    }
    (void)fputc('\n', to);
}

void config_number_text(enum config_kind kind, int64_t n, char ret[CONFIG_NUMBER_TEXT]) {
    static const struct {
        const char *name;
        int64_t worth;
    } spans[] = {{"d", DAYS}, {"h", HOURS}, {"m", MINUTES}, {"s", SECONDS}, {"ms", 1}};
    static const char sizes[][2] = {"", "K", "M", "G", "T"};
    const char *unit = "";
    unsigned i = 0;
    if (kind == CONFIG_SPAN) {
        while (i + 1 < COUNT_OF(spans) && (n == 0 || n % spans[i].worth))
            i++;
        unit = spans[i].name;
        n /= spans[i].worth;
    } else if (kind == CONFIG_SIZE) {
        for (; n && n % 1024 == 0 && i + 1 < COUNT_OF(sizes); i++)
            n /= 1024;
        unit = sizes[i];
    }
    (void)snprintf(ret, CONFIG_NUMBER_TEXT, "%" PRId64 "%s", n, unit);
}

static void print_bounds(const struct config_row *row, FILE *to) {
    if ((!row->min && !row->max) || row->kind == CONFIG_BOOL)
        return;
    char min[CONFIG_NUMBER_TEXT], max[CONFIG_NUMBER_TEXT];
    config_number_text(row->kind, row->min, min);
    config_number_text(row->kind, row->max, max);
    (void)fprintf(to, "# From %s to %s", min, max);
    (void)fputs(row->kind == CONFIG_STRING ? " bytes.\n"
                : row->kind == CONFIG_LIST ? " items.\n"
                                           : ".\n",
                to);
}

static void print_quoted(struct text text, FILE *to) {
    (void)fputc('"', to);
    for (size_t i = 0; i < text.n; i++) {
        if (strchr("\"\\$", text.p[i]))
            (void)fputc('\\', to);
        (void)fputc(text.p[i], to);
    }
    (void)fputc('"', to);
}

static void print_value(const struct config_row *row, FILE *to) {
    struct text rest = text_of(row->fallback), part;
    if (row->kind == CONFIG_LIST) {
        const char *between = "";
        (void)fputc('{', to);
        for (; text_cut(&rest, ',', &part); between = ", ") {
            (void)fputs(between, to);
            print_quoted(text_trim(part), to);
        }
        (void)fputc('}', to);
    } else if (row->kind == CONFIG_STRING || memchr(rest.p, ' ', rest.n)) {
        print_quoted(rest, to);
    } else {
        (void)fputs(row->fallback, to);
    }
}

void config_print(const struct config_row *rows, unsigned count, FILE *to) {
    for (unsigned i = 0; i < count; i++) {
        if (i)
            (void)fputc('\n', to);
        print_doc(rows[i].doc, to);
        print_bounds(&rows[i], to);
        if (rows[i].fallback) {
            (void)fprintf(to, "#%s = ", rows[i].name);
            print_value(&rows[i], to);
            (void)fputc('\n', to);
        } else {
            (void)fprintf(to, "# Must be set:\n#%s =\n", rows[i].name);
        }
    }
}
