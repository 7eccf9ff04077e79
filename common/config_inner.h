/* config_inner - the pieces of config: what a file looks like, what a value is.
 *
 * OWNERSHIP  A config_value owns its string and items until config_value_put() has moved them.
 */
#ifndef COMMON_CONFIG_INNER_H
#define COMMON_CONFIG_INNER_H

#include "common/config.h"

/* Where each section begins, in order. */
struct config_layout {
    unsigned *section_lines;
    unsigned sections;
};
/* Looks at quotes, braces and comments before libconfuse does, and blanks the comments out: it
 * counts their lines wrongly, takes a missing brace at the end for granted, and stumbles at the
 * next file after a quote that is not closed. *text is changed in place and keeps its length. */
MUST_CHECK int config_scan(const char *path, struct buf *text, struct config_layout *ret,
                           struct buf *reterr);

struct config_value {
    int64_t number;
    char *string;
    struct config_list list;
};
#define CONFIG_NUMBER_TEXT 32
/* As one would write it: a span or a size in the largest unit that leaves a whole number. */
void config_number_text(enum config_kind kind, int64_t n, char ret[CONFIG_NUMBER_TEXT]);
#define CONFIG_WHY_MAX 200
/* From what stands in a file: one part, or the items of a list. -EBADMSG with the reason. */
MUST_CHECK int config_value_read(const struct config_row *row, const struct text *parts,
                                 unsigned count, struct config_value *ret,
                                 char ret_why[CONFIG_WHY_MAX]);
/* From the row's fallback, which must be there and right. */
void config_value_fall_back(const struct config_row *row, struct config_value *ret);
void config_value_put(const struct config_row *row, const struct config_value *value, void *filled);
void config_value_free(struct config_value *value);

#endif
