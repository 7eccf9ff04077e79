/* tree - JSON values (of jansson) from MessagePack and as MessagePack, and printed.
 *
 * OWNERSHIP  A json_t handed out is the caller's (json_decref).
 */
#ifndef CIRKEL_TREE_H
#define CIRKEL_TREE_H

#include "common/base.h"
#include "common/json.h"

#include <jansson.h>

/* As json_to_pack(): -EINVAL with where it stands and what is wrong, -EMSGSIZE. */
MUST_CHECK int tree_to_pack(const json_t *from, struct buf *to, char reterr[JSON_ERROR_TEXT]);
json_t *tree_from_pack(struct bytes in); /* NULL when it cannot be read */
json_t *tree_text(struct text t);        /* NULL is written as null */

/* One value and a newline on stdout, keys in the order they were set; takes the value. */
void tree_print_line(json_t *value);
void tree_print(json_t *value); /* the same, indented */

#endif
