/* report_html - the same paper as a page that anybody can read: headings and tables that a screen
 * reader announces, no script, nothing from elsewhere. Its prose is the Markdown, by cmark. */
#include "services/cirkel/report_paper.h"

#include <cmark.h>
#include <stdlib.h>
#include <string.h>

#define PROSE_MAX ((size_t)64 << 20)

static const char style[] =
    "body{font:1rem/1.5 system-ui,sans-serif;color:#1b1b1b;background:#fff;max-width:70rem;"
    "margin:2rem auto;padding:0 1rem}\n"
    "h1{line-height:1.2}h2{margin-top:2.5rem;border-bottom:1px solid #767676}\n"
    ".wide{overflow-x:auto}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.3rem .8rem .3rem 0;text-align:left;vertical-align:top;"
    "border-bottom:1px solid #d0d0d0}\n"
    "thead th{border-bottom:2px solid #767676}.n{text-align:right}\n"
    "figure{margin:0}svg{max-width:100%;height:auto}\n"
    "@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}\n";

static const char *word(const struct paper *paper, enum report_word which) {
    return report_word(paper->language, which);
}

/* Raw HTML and dangerous links are left out, whatever the Markdown says. */
static void write_prose(const struct buf *markdown, struct buf *to) {
    char *html = cmark_markdown_to_html(markdown->p, markdown->n, CMARK_OPT_DEFAULT);

    must(html != NULL);
    buf_str(to, html);
    free(html);
}

static void write_links(const struct cell *cell, struct buf *to) {
    struct text rest = cell->text, link;

    while (text_cut(&rest, ' ', &link)) {
        buf_str(to, "<a href=\"");
        buf_html(to, link);
        buf_str(to, "\">");
        buf_html(to, link);
        buf_str(to, "</a> ");
    }
}

static void write_cell(const struct paper *paper, const struct cell *cell, bool is_head,
                       struct buf *to) {
    bool number = cell->kind > CELL_DATE;
    struct buf shown;

    buf_printf(to, "<%s%s>", is_head ? "th scope=\"row\"" : "td", number ? " class=\"n\"" : "");
    if (cell->kind == CELL_LINK && cell->given) {
        write_links(cell, to);
    } else {
        buf_init(&shown, PROSE_MAX);
        paper_show(paper, cell, true, &shown);
        buf_html(to, buf_as_text(&shown));
        buf_free(&shown);
    }
    buf_str(to, is_head ? "</th>" : "</td>");
}

static void write_table(const struct paper *paper, const struct paper_table *table,
                        struct buf *to) {
    buf_printf(to,
               "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-labelledby=\"%s\">\n"
               "<table aria-labelledby=\"%s\">\n<thead><tr>",
               table->name, table->name);
    for (unsigned i = 0; i < table->column_count; i++)
        buf_printf(to, "<th scope=\"col\"%s>%s</th>",
                   table->columns[i].kind > CELL_DATE ? " class=\"n\"" : "",
                   word(paper, table->columns[i].word));
    buf_str(to, "</tr></thead>\n<tbody>\n");
    for (const struct paper_row *row = table->first; row; row = row->next) {
        buf_str(to, "<tr>");
        for (const struct cell *c = row->first; c; c = c->next)
            write_cell(paper, c, c == row->first, to);
        buf_str(to, "</tr>\n");
    }
    buf_str(to, "</tbody>\n</table>\n</div>\n");
}

static void write_section(const struct paper *paper, const struct paper_table *table,
                          struct buf *to) {
    struct buf markdown;

    buf_printf(to, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", table->name,
               table->name, word(paper, table->title));
    if (table->form == PAPER_TABLE && table->first) {
        write_table(paper, table, to);
    } else {
        buf_init(&markdown, PROSE_MAX);
        report_markdown_table(paper, table, &markdown);
        write_prose(&markdown, to);
        buf_free(&markdown);
    }
    buf_str(to, "</section>\n");
}

static void write_plot(const struct paper *paper, struct buf *to) {
    buf_printf(to,
               "<section aria-labelledby=\"plot\">\n<h2 id=\"plot\">%s</h2>\n<figure>\n"
               "<figcaption>%s</figcaption>\n",
               word(paper, WORD_plot), word(paper, WORD_plot_says));
    report_svg(paper, to);
    buf_str(to, "</figure>\n</section>\n");
}

static void write_head(const struct paper *paper, struct buf *to) {
    buf_printf(to, "<!DOCTYPE html>\n<html lang=\"%.*s\">\n<head>\n<meta charset=\"utf-8\">\n",
               TEXT_ARGS(paper->language));
    buf_str(to, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'unsafe-inline'\">\n<title>");
    buf_html(to, paper->title);
    buf_printf(to, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n<h1>", style);
    buf_html(to, paper->title);
    buf_printf(to, "</h1>\n<p>%s ", word(paper, paper->funder.n ? WORD_report_to : WORD_report));
    buf_html(to, paper->funder);
    buf_printf(to, "%s%s <time datetime=\"%.*s\">", paper->funder.n ? ". " : "· ",
               word(paper, WORD_made_on), TEXT_ARGS(paper->until));
    paper_show_date(paper, paper->until, to);
    buf_str(to, "</time></p>\n");
}

void report_html(const struct paper *paper, struct buf *to) {
    write_head(paper, to);
    for (const struct paper_table *table = paper->first; table; table = table->next) {
        write_section(paper, table, to);
        if (paper->plot.first && strcmp(table->name, paper->plot_after) == 0)
            write_plot(paper, to);
    }
    buf_str(to, "</main>\n</body>\n</html>\n");
}
