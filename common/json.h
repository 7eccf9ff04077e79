/* json - JSON text to MessagePack and back, for what people and browsers read and write.
 *
 * TRUST      Both directions take bytes from anybody. Strict: no key twice, nothing after the
 *            value, whole numbers of 64 bits only, at most 31 deep.
 * ERRORS     0; -EINVAL with "LINE:COLUMN: what is wrong", or where it stands in the value
 *            ("entries.3.minutes: what is wrong"); -EMSGSIZE when `to` passed its limit.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "common/base.h"

#define JSON_ERROR_TEXT 200

MUST_CHECK int json_to_pack(struct text json, struct buf *to, char reterr[JSON_ERROR_TEXT]);
/* One line without spaces; bytes are written as base64url. -EBADMSG: not one well-formed value. */
MUST_CHECK int json_from_pack(struct bytes in, struct buf *to);

/* For whoever writes JSON piece by piece: a text in quotes, with what must be escaped escaped. */
void json_text(struct buf *to, struct text t);
void json_bytes(struct buf *to, struct bytes b);

#endif
