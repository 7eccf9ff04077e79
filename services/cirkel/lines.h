/* lines - events as JSON Lines: {"id", "at"?, "type", "body"}, one a line.
 *
 * OWNERSHIP  A line owns its request; line_free().
 * ERRORS     0; -ENOENT at the end; -EBADMSG with a sentence "FILE:LINE: what is wrong", after
 *            which the next line can be read.
 */
#ifndef CIRKEL_LINES_H
#define CIRKEL_LINES_H

#include "services/cirkel/tree.h"

#define LINE_MAX_BYTES (512u << 10) /* of a request; intake takes 64 KiB and says so */

struct line {
    unsigned no; /* in its file; 0: from the command line */
    char id[65], type[65];
    instant at;         /* 0: not given */
    struct buf request; /* as the front door takes it */
};
void line_free(struct line *line);
/* Makes the request; an absent id becomes a random one. -EINVAL with what is wrong. The body is
 * borrowed. */
MUST_CHECK int line_make(struct text id, struct text type, const json_t *body, struct line *ret,
                         char reterr[JSON_ERROR_TEXT]);

struct lines;
/* 0, or -errno; -EISDIR: a folder. */
MUST_CHECK int lines_can_read(const char *path);
MUST_CHECK int lines_open(struct lines **ret, const char *path); /* "-": the standard input */
void lines_close(struct lines **lines);
MUST_CHECK int lines_next(struct lines *lines, struct line *ret, struct buf *reterr);
uint64_t lines_size(const struct lines *lines); /* bytes in all; 0: not known */
uint64_t lines_at(const struct lines *lines);   /* bytes read */
const char *lines_path(const struct lines *lines);

#endif
