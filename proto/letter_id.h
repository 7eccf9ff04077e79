/* letter_id - the Message-ID of a letter: <WORD@DOMAIN>, where WORD is a hash of its occurrence
 * key; at the n-th other address that it goes to <WORD.n@DOMAIN>. There it is another message (RFC
 * 5322, 3.6.4) of the same letter: what is reported of the one is not said of the other, but who
 * has had one is not sent the letter again.
 *
 * OWNERSHIP  What is made lies in the arena, or is the text that was given.
 */
#ifndef PROTO_LETTER_ID_H
#define PROTO_LETTER_ID_H

#include "common/base.h"

struct text letter_id(struct arena *arena, struct text key, int64_t address, const char *domain);
/* The one it has at its first address; what is no Message-ID of ours stays as it is. */
struct text letter_id_first(struct arena *arena, struct text id);
/* WORD, wherever it goes; nothing where that is no Message-ID of ours. */
struct text letter_id_word(struct text id);

#endif
