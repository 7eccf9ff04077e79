/* service: cirkel */
/* Whatever the table: each row has a line and no more cells than it may, its cells are text and
 * read back when they are written, items of lists too, and the reader comes to the end. */
#include "services/cirkel/csv.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cell(struct arena *arena, struct text cell) {
    struct csv_reader again;
    struct csv_row row;
    const char *wrong;
    struct buf written;
    must(text_is_utf8(cell));
    buf_init(&written, 4 * cell.n + 100);
    csv_cell(&written, TEXT_LIT("x"), true); /* so that the row is not empty, and has commas */
    csv_cell(&written, cell, false);
    csv_end_row(&written);
    csv_open(&again, arena, buf_as_text(&written));
    again.separator = ','; /* which a cell may have less of than of another one */
    must(csv_next(&again, &row, &wrong) == 0 && row.count == 2);
    must(text_eq(row.cells[1], cell));
    buf_free(&written);
}

static void check_items(struct arena *arena, struct text cell) {
    struct text item, again;
    struct buf written;
    buf_init(&written, 4 * cell.n + 100);
    for (struct text rest = cell; csv_next_item(arena, &rest, &item);) {
        buf_clear(&written);
        csv_list_item(&written, item, true);
        struct text one = buf_as_text(&written);
        must(item.n == 0 || (csv_next_item(arena, &one, &again) && text_eq(item, again)));
    }
    buf_free(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new();
    struct csv_reader reader;
    struct csv_row row;
    const char *wrong = NULL;
    unsigned line = 0;
    int rc;
    csv_open(&reader, arena, (struct text){(const char *)data, size});
    while ((rc = csv_next(&reader, &row, &wrong)) != -ENOENT) {
        must(row.line > line && row.count <= CSV_COLUMNS);
        must(rc == 0 || (rc == -EBADMSG && wrong && wrong[0]));
        line = row.line;
        for (unsigned i = 0; rc == 0 && i < row.count; i++) {
            check_cell(arena, row.cells[i]);
            check_items(arena, row.cells[i]);
        }
    }
    arena_free(&arena);
    return 0;
}
