/* csv - tables as spreadsheets read and write them (RFC 4180), with cells that no spreadsheet takes
 * for a formula.
 *
 * A cell that begins with = + - @, a tab or a carriage return is written with an apostrophe before
 * it; so is one that begins with an apostrophe and then one of those. Reading takes it off again.
 *
 * TRUST      What is read comes from anybody.
 * OWNERSHIP  Cells live in the arena of the reader.
 */
#ifndef CIRKEL_CSV_H
#define CIRKEL_CSV_H

#include "common/base.h"

#define CSV_COLUMNS 64
#define CSV_LIST '|' /* between the items of a list in one cell; \| and \\ inside of them */

void csv_cell(struct buf *to, struct text t, bool first);
void csv_end_row(struct buf *to);
void csv_list_item(struct buf *to, struct text t, bool first); /* for a cell that is a list */

struct csv_row {
    unsigned line; /* of the file, where it begins */
    unsigned count;
    struct text cells[CSV_COLUMNS];
};
struct csv_reader {
    struct arena *arena;
    struct text rest;
    char separator;
    unsigned line;
};
/* The separator is the one the first line has most of: comma, semicolon or tab. A byte order mark
 * is passed over. */
void csv_open(struct csv_reader *ret, struct arena *arena, struct text all);
/* The next row that is not empty. 0; -ENOENT at the end; -EBADMSG with what is wrong (ret->line
 * says where), after which the next one can be read. */
MUST_CHECK int csv_next(struct csv_reader *reader, struct csv_row *ret, const char **reterr);
/* The next item of a cell that is a list; false at its end. */
bool csv_next_item(struct arena *arena, struct text *cell, struct text *ret);

#endif
