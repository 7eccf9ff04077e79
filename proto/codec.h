/* codec - MessagePack to and from the structs of shape.h, walking their rows.
 *
 * TRUST      codec_decode() takes bytes from anybody: they are scanned first (pack_scan), nothing
 *            is allocated, and what comes out is within every limit of its rows. Messages are
 *            strict (an unknown field is refused, so that a misspelt one is never ignored); records
 *            and frames skip fields they do not know, so that a newer writer does not hurt.
 * OWNERSHIP  Texts and lists in a decoded struct borrow from the input bytes.
 * ERRORS     0; -EBADMSG with a complaint that names the field and the limit.
 */
#ifndef PROTO_CODEC_H
#define PROTO_CODEC_H

#include "common/base.h"
#include "proto/shape.h"

#define CODEC_DEPTH 8

struct complaint {    /* what is wrong with somebody's data */
    const char *code; /* a row of codes.def: "missing", "bad-value", … */
    char field[80];   /* "entries.3.minutes"; empty: the whole */
    char text[200];   /* a sentence with the limit */
};
void complain(struct complaint *c, const char *code, const char *field, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* CODEC_STORED is CODEC_LENIENT for what we checked before we stored it and a checksum covers: the
 * contents of texts, addresses and links are not looked into again. Structure, bounds and ids are.
 */
enum codec_mode { CODEC_STRICT, CODEC_LENIENT, CODEC_STORED };

/* Fills *ret (all of it: what is absent becomes zero). */
MUST_CHECK int codec_decode(const struct shape *shape, enum codec_mode mode, struct bytes in,
                            void *ret, struct complaint *reterr);
/* The same for bytes that pack_scan() has accepted, as a part of something larger or before they
 * were stored. Whatever they are, nothing outside them is read. */
MUST_CHECK int codec_decode_scanned(const struct shape *shape, enum codec_mode mode,
                                    struct bytes in, void *ret, struct complaint *reterr);
/* Appends one map; what is zero and optional is left out. Rows in order: equal structs, equal
 * bytes. */
void codec_encode(const struct shape *shape, const void *from, struct buf *to);
/* Fills *ret with what codec_decode() gives for `in`, the bytes that codec_encode() made of `from`;
 * much quicker, because nothing is checked. *ret borrows from `in` alone. */
void codec_follow(const struct shape *shape, const void *from, struct bytes in, void *ret);
/* A frame is a map with its type under "t" and its fields. */
MUST_CHECK int frame_decode(struct bytes in, enum frame_type *ret_type, union any_frame *ret);
void frame_encode(enum frame_type type, const void *from, struct buf *to);

/* Walk a list: false at its end. The list is moved on. */
bool codec_next_text(struct list *list, struct text *ret);
bool codec_next_int(struct list *list, int64_t *ret);
bool codec_next_pair_text(struct list *map, struct text *ret_key, struct text *ret_value);
bool codec_next_pair_int(struct list *map, struct text *ret_key, int64_t *ret_value);
bool codec_next_part(struct list *list, enum part_type part, void *ret);
bool list_has_text(struct list list, struct text t);

/* Build a list: items are appended to `to`; codec_list() makes the list of all from `start` on. */
void codec_add_text(struct buf *to, struct text t);
void codec_add_texts(struct buf *to, const struct texts *texts); /* in every language there is */
void codec_add_int(struct buf *to, int64_t v);
void codec_add_part(struct buf *to, enum part_type part, const void *from);
struct list codec_list(const struct buf *of, size_t start, uint32_t count);

/* The text for somebody who reads `language`: that one, else the one for all, else en, sv, da. */
struct text texts_in(const struct texts *texts, struct text language);
bool texts_given(const struct texts *texts);

/* Single values, as the front door checks them; 0 or -EINVAL. */
MUST_CHECK int check_id(struct text t);
MUST_CHECK int check_address(struct text t);

#endif
