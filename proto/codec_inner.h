/* codec_inner - what the files of the codec and present share. Nobody else includes it. */
#ifndef PROTO_CODEC_INNER_H
#define PROTO_CODEC_INNER_H

#include "common/pack.h"
#include "proto/codec.h"

struct path { /* where we are, kept on the stack, put into words only when something is wrong */
    const struct path *up;
    struct text name; /* absent: an item, by its index */
    uint32_t index;
};
struct decoding {
    enum codec_mode mode;
    struct complaint *complaint; /* may be NULL */
};

union any_part {
#include "proto/rows_none.inc"
#define PART(name, doc) struct part_##name name;
#include "proto/parts.def"
#include "proto/rows_end.inc"
};

/* Complains about what is at `at` (NULL: the whole) and gives -EBADMSG. */
MUST_CHECK int codec_refuse(const struct decoding *d, const struct path *at, const char *code,
                            const char *fmt, ...) PRINTF_LIKE(4, 5);
/* A text of one of the kinds that are texts, `most` bytes; `choices` of a word. */
MUST_CHECK int codec_check_text(const struct decoding *d, const struct path *at,
                                enum field_kind kind, int64_t most, const char *choices,
                                struct text t);
MUST_CHECK int codec_read_int(const struct decoding *d, const struct path *at, int64_t least,
                              int64_t most, struct pack_reader *r, int64_t *ret);
MUST_CHECK int codec_read_instant(const struct decoding *d, const struct path *at,
                                  struct pack_reader *r, instant *ret);
/* Fills *ret from the map that comes next; the bytes have been scanned. */
MUST_CHECK int codec_read(const struct decoding *d, const struct path *up,
                          const struct shape *shape, struct pack_reader *r, void *ret);
MUST_CHECK int codec_read_list(const struct decoding *d, const struct path *at,
                               const struct field *field, struct pack_reader *r, struct list *ret);
void codec_write_list(const struct field *field, struct list list, struct buf *to);
bool codec_is_given(const struct field *field, const void *value); /* a number: is not 0 */
/* The fields of a map, and how many there will be. */
uint32_t codec_count_fields(const struct shape *shape, const void *from);
void codec_write_fields(const struct shape *shape, const void *from, struct buf *to);

#endif
