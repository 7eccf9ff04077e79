#include "services/cirkel/csv.h"

#include <errno.h>
#include <string.h>

#define FORMULA "=+-@\t\r"

static bool is_formula(struct text t) {
    return t.n && t.p[0] && strchr(FORMULA, t.p[0]);
}

static bool needs_apostrophe(struct text t) {
    return is_formula(t) ||
           (t.n > 1 && t.p[0] == '\'' && is_formula((struct text){t.p + 1, t.n - 1}));
}

static bool needs_quotes(struct text t) {
    for (size_t i = 0; i < t.n; i++)
        if (strchr("\",;\t\r\n", t.p[i]))
            return true;
    return text_trim(t).n < t.n;
}

void csv_cell(struct buf *to, struct text t, bool first) {
    bool quotes = needs_quotes(t);

    if (!first)
        buf_char(to, ',');
    if (quotes)
        buf_char(to, '"');
    if (needs_apostrophe(t))
        buf_char(to, '\'');
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] == '"')
            buf_char(to, '"');
        buf_char(to, t.p[i]);
    }
    if (quotes)
        buf_char(to, '"');
}

void csv_end_row(struct buf *to) {
    buf_str(to, "\r\n");
}

void csv_list_item(struct buf *to, struct text t, bool first) {
    if (!first)
        buf_char(to, CSV_LIST);
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] == CSV_LIST || t.p[i] == '\\')
            buf_char(to, '\\');
        buf_char(to, t.p[i]);
    }
}

/* ---- reading ---- */

static char find_separator(struct text all) {
    static const char candidates[] = {',', ';', '\t'};
    size_t counts[COUNT_OF(candidates)] = {0};
    unsigned best = 0;
    bool quoted = false;

    while (all.n && (all.p[0] == '\n' || all.p[0] == '\r'))
        all = (struct text){all.p + 1, all.n - 1};
    for (size_t i = 0; i < all.n && (quoted || all.p[i] != '\n'); i++) {
        quoted ^= all.p[i] == '"';
        for (unsigned k = 0; !quoted && k < COUNT_OF(candidates); k++)
            counts[k] += all.p[i] == candidates[k];
    }
    for (unsigned k = 1; k < COUNT_OF(candidates); k++)
        if (counts[k] > counts[best])
            best = k;
    return candidates[best];
}

static bool is_end(const struct csv_reader *r, size_t at) {
    return at >= r->rest.n || r->rest.p[at] == '\n' ||
           (r->rest.p[at] == '\r' && (at + 1 == r->rest.n || r->rest.p[at + 1] == '\n'));
}

/* Takes the cell that begins at *at; what ends it is not passed over. Its quotes are gone. */
static const char *read_cell(struct csv_reader *r, size_t *at, struct text *ret) {
    const char *p = r->rest.p;
    size_t n = 0, i = *at, end = *at;
    bool quoted = i < r->rest.n && p[i] == '"';
    char *cell;

    if (!quoted) {
        while (!is_end(r, end) && p[end] != r->separator)
            end++;
        *ret = text_trim((struct text){p + i, end - i});
        *at = end;
        return NULL;
    }
    for (end = ++i;
         end < r->rest.n && (p[end] != '"' || (end + 1 < r->rest.n && p[end + 1] == '"'));
         end += p[end] == '"' ? 2 : 1)
        r->line += p[end] == '\n';
    if (end >= r->rest.n) {
        *at = r->rest.n;
        return "a quote is opened and never closed";
    }
    cell = arena_take(r->arena, end - i + 1);
    for (; i < end; i += p[i] == '"' ? 2 : 1)
        cell[n++] = p[i];
    *ret = (struct text){cell, n};
    for (*at = end + 1; !is_end(r, *at) && p[*at] != r->separator; (*at)++)
        if (p[*at] != ' ')
            return "something follows the closing quote of a cell";
    return NULL;
}

static struct text without_apostrophe(struct text t) {
    if (t.n && t.p[0] == '\'' && needs_apostrophe((struct text){t.p + 1, t.n - 1}))
        return (struct text){t.p + 1, t.n - 1};
    return t;
}

static void pass_line(struct csv_reader *r, size_t at) {
    while (at < r->rest.n && r->rest.p[at] != '\n')
        at++;
    at += at < r->rest.n;
    r->line++;
    r->rest = (struct text){r->rest.p + at, r->rest.n - at};
}

static bool is_blank(const struct csv_row *row) {
    for (unsigned i = 0; i < row->count; i++)
        if (row->cells[i].n)
            return false;
    return true;
}

static const char *read_row(struct csv_reader *r, struct csv_row *ret) {
    const char *wrong = NULL;
    size_t at = 0;

    ret->line = r->line;
    ret->count = 0;
    for (;;) {
        struct text cell = TEXT_NONE;
        if (ret->count == CSV_COLUMNS)
            wrong = "more than 64 columns";
        else
            wrong = read_cell(r, &at, &cell);
        if (wrong)
            break;
        if (!text_is_utf8(cell) || (cell.n && memchr(cell.p, 0, cell.n))) {
            wrong = "not UTF-8; save the file as CSV UTF-8";
            break;
        }
        ret->cells[ret->count++] = without_apostrophe(cell);
        if (is_end(r, at))
            break;
        at++;
    }
    pass_line(r, at);
    return wrong;
}

void csv_open(struct csv_reader *ret, struct arena *arena, struct text all) {
    all = text_unmarked(all);
    *ret = (struct csv_reader){
        .arena = arena, .rest = all, .separator = find_separator(all), .line = 1};
}

int csv_next(struct csv_reader *r, struct csv_row *ret, const char **reterr) {
    while (r->rest.n) {
        const char *wrong = read_row(r, ret);
        if (wrong) {
            *reterr = wrong;
            return -EBADMSG;
        }
        if (!is_blank(ret))
            return 0;
    }
    return -ENOENT;
}

bool csv_next_item(struct arena *arena, struct text *cell, struct text *ret) {
    size_t n = 0, end = 0;
    char *item;

    if (cell->n == 0)
        return false;
    while (end < cell->n && cell->p[end] != CSV_LIST)
        end += cell->p[end] == '\\' && end + 1 < cell->n ? 2 : 1;
    item = arena_take(arena, end + 1); /* never of all that is left: many items are many */
    for (size_t i = 0; i < end; i++) {
        i += cell->p[i] == '\\' && i + 1 < end;
        item[n++] = cell->p[i];
    }
    *ret = text_trim((struct text){item, n});
    end += end < cell->n;
    *cell = (struct text){cell->p + end, cell->n - end};
    return true;
}
