/* config - files of settings, read against a table of rows: libconfuse with its sharp edges put
 * away.
 *
 *     port = 5570                          rule "week-before" {
 *     lease = 5s                               about = "meeting"
 *     hosts = {"a", "b"}                       when = {"starts - 7d at 09:00"}
 *     # and comments                       }
 *
 * A row is the only place where a setting is named: the reader, the sample file and the messages
 * come from it. Unknown settings, settings made twice and values out of bounds are errors.
 *
 * TRUST      Files are written by operators, so they are checked in full before anything is taken
 *            from them; nothing in them is expanded from the environment and nothing is included.
 * OWNERSHIP  A filled struct owns its strings and lists: config_free().
 * ERRORS     0 or -errno; -EBADMSG when the file is wrong. *reterr then holds lines
 *            "FILE:LINE: what is wrong, what is expected". Nothing here logs.
 */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include "common/base.h"

#include <stdio.h>

#define CONFIG_FILE_MAX (1u << 20) /* bytes */
#define CONFIG_STRING_MAX 1024     /* bytes, where the row has no max; always for items of lists */
#define CONFIG_LIST_MAX 64         /* items, where the row has no max */

struct config_list {
    char **items;
    unsigned count;
};

/* Kind, and the type of the field at the row's offset. */
enum config_kind {
    CONFIG_STRING, /* char *, never NULL; min and max are bytes */
    CONFIG_INT,    /* int64_t */
    CONFIG_BOOL,   /* bool: yes no true false on off */
    CONFIG_SPAN,   /* msec: 500ms 30s 5m 2h 7d 2w, and sums: "1d 12h"; min and max are msec */
    CONFIG_SIZE,   /* int64_t: bytes, 64K 10M 1G 1T or 64KiB …, of 1024 each */
    CONFIG_LIST    /* struct config_list; min and max are items */
};

struct config_row {
    const char *name;
    enum config_kind kind;
    size_t offset;
    const char *fallback; /* as it would be written (lists: a, b); NULL: it must be set */
    int64_t min, max;     /* both included; 0, 0: no bounds */
    const char *doc;      /* a sentence or two for the sample file */
};

/* *ret is written on success only: every row is set then, from the file or its fallback. */
MUST_CHECK int config_read(const char *path, const struct config_row *rows, unsigned count,
                           void *ret, struct buf *reterr);

/* A section without errors. What `section` holds belongs to the callee from now on, also when it
 * returns non-zero, which ends the reading and is returned; the struct itself is borrowed: copy it.
 */
typedef int config_section_fn(void *ctx, struct text title, unsigned line, void *section);
/* A file of nothing but sections of one name, each with a title of its own, in order. On failure
 * fn may have been called for the good ones. */
MUST_CHECK int config_read_sections(const char *path, const char *section,
                                    const struct config_row *rows, unsigned count,
                                    size_t struct_size, config_section_fn *fn, void *ctx,
                                    struct buf *reterr);
void config_free(const struct config_row *rows, unsigned count, void *filled);

/* A sample file: every setting with its fallback, commented out, under its doc and bounds. */
void config_print(const struct config_row *rows, unsigned count, FILE *to);

/* Adds "FILE:LINE: …\n", for what only the caller can see to be wrong. Line 0: "FILE: …\n". */
void config_error(struct buf *reterr, const char *path, unsigned line, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* As in CONFIG_SPAN and CONFIG_SIZE; -EBADMSG when it is not one, -ERANGE when it is too large. */
MUST_CHECK int config_span(struct text text, msec *ret);
MUST_CHECK int config_size(struct text text, int64_t *ret);

#endif
