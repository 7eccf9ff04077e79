/* look_list - the kinds of records, as the command line names them. */
#ifndef CIRKEL_LOOK_LIST_H
#define CIRKEL_LOOK_LIST_H

#include "services/cirkel/look.h"

MUST_CHECK int list_table(const char *kind, enum table *ret); /* -ENOENT */
void list_name_kinds(struct buf *to);

#endif
