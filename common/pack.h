/* pack - MessagePack: a bounded check of foreign bytes, a cursor over them, and writers.
 *
 * TRUST      pack_scan() takes bytes from anybody, allocates nothing and does not recurse. What it
 *            accepts has text keys, valid UTF-8, no floats and no extension types. A reader never
 *            leaves its bytes, scanned or not.
 * OWNERSHIP  What is read borrows from the bytes that are read.
 */
#ifndef COMMON_PACK_H
#define COMMON_PACK_H

#include "common/base.h"

#define PACK_DEPTH 31 /* the deepest that can be asked for */

/* The bytes taken by the one object that `in` begins with; 0: malformed, cut off, nested deeper
 * than `depth`, or claiming more than is there. */
size_t pack_scan(struct bytes in, unsigned depth);
bool pack_is_one(struct bytes in, unsigned depth); /* one object and nothing after it */

enum pack_kind {
    PACK_END, /* nothing is left, or it cannot be read */
    PACK_NIL,
    PACK_BOOL,
    PACK_INT,
    PACK_TEXT,
    PACK_BYTES,
    PACK_ARRAY,
    PACK_MAP,
};
struct pack_reader {
    const uint8_t *p, *end;
};
struct pack_reader pack_read(struct bytes in);
enum pack_kind pack_peek(const struct pack_reader *r);
/* False, and nothing is moved, when something else comes next (or an integer above INT64_MAX). */
bool pack_read_nil(struct pack_reader *r);
bool pack_read_bool(struct pack_reader *r, bool *ret);
bool pack_read_int(struct pack_reader *r, int64_t *ret);
bool pack_read_text(struct pack_reader *r, struct text *ret);
bool pack_read_bytes(struct pack_reader *r, struct bytes *ret);
bool pack_read_array(struct pack_reader *r, uint32_t *ret_count); /* then so many objects */
bool pack_read_map(struct pack_reader *r, uint32_t *ret_count);   /* then so many pairs */
/* Steps over the next object with all that is in it and gives its bytes. */
bool pack_read_raw(struct pack_reader *r, struct bytes *ret);
bool pack_skip(struct pack_reader *r);

void pack_nil(struct buf *to);
void pack_bool(struct buf *to, bool v);
void pack_int(struct buf *to, int64_t v);
void pack_text(struct buf *to, struct text t); /* an absent text is written as an empty one */
/* Inline, so that the length of a literal is known. */
static inline void pack_str(struct buf *to, const char *s) {
    pack_text(to, (struct text){s, __builtin_strlen(s)});
}
void pack_bytes(struct buf *to, struct bytes b);
void pack_array(struct buf *to, uint32_t count);
void pack_map(struct buf *to, uint32_t pairs);
void pack_raw(struct buf *to, struct bytes encoded); /* as it stands */

#endif
