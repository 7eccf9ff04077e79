/* table_out - tables for people, in columns that are right for UTF-8 and fit the terminal.
 *
 * ERRORS     Running out of memory is our mistake (must()).
 */
#ifndef CIRKEL_TABLE_OUT_H
#define CIRKEL_TABLE_OUT_H

#include "common/base.h"

struct table_out;
/* Columns by name, in one text: "due person letter …". A name that begins with > is right-aligned,
 * one that begins with ~ is cut first when the terminal is narrow. */
struct table_out *table_out_new(const char *columns);
void table_out_free(struct table_out **table);
void table_out_row(struct table_out *table); /* a new row; cells go there */
void table_out_cell(struct table_out *table,
                    struct text t); /* the next cell; line ends become spaces */
void table_out_printf(struct table_out *table, const char *fmt, ...) PRINTF_LIKE(2, 3);
unsigned table_out_rows(const struct table_out *table);
void table_out_print(struct table_out *table); /* on stdout */

#endif
