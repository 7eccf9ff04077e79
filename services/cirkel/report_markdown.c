#include "services/cirkel/report_paper.h"

#include <string.h>

#define CELL_MAX ((size_t)1 << 20)
#define PAD_MOST 60 /* characters: longer cells are not what a column is as wide as */

static bool is_special(char c) {
    return c && strchr("\\`*_[]<>&|~#", c);
}

/* Nothing in it is Markdown any more. */
static void write_text(struct text t, struct buf *to) {
    bool space = false;

    for (size_t i = 0; i < t.n; i++) {
        bool blank = t.p[i] == ' ' || t.p[i] == '\n' || t.p[i] == '\t' || t.p[i] == '\r';
        if (!blank && space)
            buf_char(to, ' ');
        if (is_special(t.p[i]))
            buf_char(to, '\\');
        if (!blank)
            buf_char(to, t.p[i]);
        space = blank && (space || i > 0);
    }
}

static void write_link(struct text link, struct buf *to) {
    static const char hex[] = "0123456789ABCDEF";

    buf_char(to, '<');
    for (size_t i = 0; i < link.n; i++) {
        unsigned char c = (unsigned char)link.p[i];
        if (c <= ' ' || strchr("<>\\`|\"", c)) {
            buf_char(to, '%');
            buf_char(to, hex[c >> 4]);
            buf_char(to, hex[c & 15]);
        } else {
            buf_char(to, (char)c);
        }
    }
    buf_char(to, '>');
}

static void write_cell(const struct paper *paper, const struct cell *cell, struct buf *to) {
    struct text rest = cell->text, link;
    struct buf shown;

    if (cell->kind == CELL_LINK) {
        for (bool first = true; cell->given && text_cut(&rest, ' ', &link); first = false) {
            buf_str(to, first ? "" : " ");
            write_link(link, to);
        }
        return;
    }
    buf_init(&shown, CELL_MAX);
    paper_show(paper, cell, true, &shown);
    write_text(buf_as_text(&shown), to);
    buf_free(&shown);
}

/* ---- tables ---- */

static size_t characters(struct text t) {
    size_t n = 0;
    for (size_t i = 0; i < t.n; i++)
        n += (t.p[i] & 0xc0) != 0x80;
    return n;
}

static bool is_number(enum cell_kind kind) {
    return kind == CELL_NUMBER || kind == CELL_HOURS || kind == CELL_PERCENT ||
           kind == CELL_HUNDREDTHS;
}

static void widen(size_t *width, struct text t) {
    size_t n = characters(t);
    if (n > *width)
        *width = n < PAD_MOST ? n : PAD_MOST;
}

static void find_widths(const struct paper *paper, const struct paper_table *table,
                        size_t widths[PAPER_COLUMNS]) {
    struct buf cell;

    buf_init(&cell, CELL_MAX);
    for (unsigned i = 0; i < table->column_count; i++) {
        widths[i] = 3;
        widen(&widths[i], text_of(report_word(paper->language, table->columns[i].word)));
    }
    for (const struct paper_row *row = table->first; row; row = row->next) {
        unsigned i = 0;
        for (const struct cell *c = row->first; c; c = c->next) {
            buf_clear(&cell);
            write_cell(paper, c, &cell);
            widen(&widths[i++], buf_as_text(&cell));
        }
    }
    buf_free(&cell);
}

static void write_padded(struct text t, size_t width, bool right, struct buf *to) {
    size_t n = characters(t), pad = n < width ? width - n : 0;

    buf_printf(to, "| %*s%.*s%*s ", right ? (int)pad : 0, "", TEXT_ARGS(t), right ? 0 : (int)pad,
               "");
}

static void write_head(const struct paper *paper, const struct paper_table *table,
                       const size_t *widths, struct buf *to) {
    for (unsigned i = 0; i < table->column_count; i++)
        write_padded(text_of(report_word(paper->language, table->columns[i].word)), widths[i],
                     is_number(table->columns[i].kind), to);
    buf_str(to, "|\n");
    for (unsigned i = 0; i < table->column_count; i++) {
        buf_str(to, "| ");
        for (size_t n = 1; n < widths[i]; n++)
            buf_char(to, '-');
        buf_str(to, is_number(table->columns[i].kind) ? ": " : "- ");
    }
    buf_str(to, "|\n");
}

static void write_table(const struct paper *paper, const struct paper_table *table,
                        struct buf *to) {
    size_t widths[PAPER_COLUMNS];
    struct buf cell;

    find_widths(paper, table, widths);
    write_head(paper, table, widths, to);
    buf_init(&cell, CELL_MAX);
    for (const struct paper_row *row = table->first; row; row = row->next) {
        unsigned i = 0;
        for (const struct cell *c = row->first; c; c = c->next, i++) {
            buf_clear(&cell);
            write_cell(paper, c, &cell);
            write_padded(buf_as_text(&cell), widths[i], is_number(table->columns[i].kind), to);
        }
        buf_str(to, "|\n");
    }
    buf_free(&cell);
}

/* ---- cards and facts ---- */

static void write_card(const struct paper *paper, const struct paper_table *table,
                       const struct paper_row *row, struct buf *to) {
    const struct cell *c = row->first;
    unsigned i = 0;

    if (table->form == PAPER_CARDS && c) {
        buf_str(to, "### ");
        write_cell(paper, c, to);
        buf_str(to, "\n\n");
        c = c->next;
        i++;
    }
    for (; c; c = c->next, i++)
        if (c->given) {
            buf_printf(to, "- **%s:** ", report_word(paper->language, table->columns[i].word));
            write_cell(paper, c, to);
            buf_char(to, '\n');
        }
}

/* ---- the whole ---- */

void report_markdown_table(const struct paper *paper, const struct paper_table *table,
                           struct buf *to) {
    if (!table->first) {
        buf_printf(to, "%s\n", report_word(paper->language, WORD_none));
    } else if (table->form == PAPER_TABLE) {
        write_table(paper, table, to);
    } else {
        for (const struct paper_row *row = table->first; row; row = row->next) {
            write_card(paper, table, row, to);
            if (row->next)
                buf_char(to, '\n');
        }
    }
}

static void write_plot(const struct paper *paper, const char *plot_file, struct buf *to) {
    buf_printf(to, "\n## %s\n\n%s\n\n", report_word(paper->language, WORD_plot),
               report_word(paper->language, WORD_plot_says));
    buf_printf(to, "![%s](%s)\n", report_word(paper->language, WORD_plot), plot_file);
}

void report_markdown(const struct paper *paper, const char *plot_file, struct buf *to) {
    buf_str(to, "# ");
    write_text(paper->title, to);
    buf_printf(to, "\n\n%s ",
               report_word(paper->language, paper->funder.n ? WORD_report_to : WORD_report));
    write_text(paper->funder, to);
    buf_printf(to, "%s%s ", paper->funder.n ? ". " : "· ",
               report_word(paper->language, WORD_made_on));
    paper_show_date(paper, paper->until, to);
    buf_str(to, "\n");
    for (const struct paper_table *table = paper->first; table; table = table->next) {
        buf_printf(to, "\n## %s\n\n", report_word(paper->language, table->title));
        report_markdown_table(paper, table, to);
        if (plot_file && paper->plot.first && strcmp(table->name, paper->plot_after) == 0)
            write_plot(paper, plot_file, to);
    }
}
