#include "services/cirkel/csv.h"
#include "services/cirkel/report_paper.h"

#define CELL_MAX ((size_t)1 << 20)

void report_csv(const struct paper *paper, const struct paper_table *table, struct buf *to) {
    struct buf cell;

    for (unsigned i = 0; i < table->column_count; i++)
        csv_cell(to, text_of(report_word(paper->language, table->columns[i].word)), i == 0);
    csv_end_row(to);
    buf_init(&cell, CELL_MAX);
    for (const struct paper_row *row = table->first; row; row = row->next) {
        for (const struct cell *c = row->first; c; c = c->next) {
            buf_clear(&cell);
            paper_show(paper, c, false, &cell);
            csv_cell(to, buf_as_text(&cell), c == row->first);
        }
        csv_end_row(to);
    }
    buf_free(&cell);
}
