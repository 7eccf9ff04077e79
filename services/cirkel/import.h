/* import - lines of a CSV file as messages, each checked before the first is said.
 *
 * TRUST      The file comes from anybody. A line is checked as the front door will check it (by the
 *            shape of its message) and against what core holds; the scheduler has the last word.
 * INVARIANTS What a line says, and under which id, follows from the file alone: a file imported
 *            twice says nothing twice.
 * OWNERSHIP  The import owns its lines; texts live in its arena.
 */
#ifndef CIRKEL_IMPORT_H
#define CIRKEL_IMPORT_H

#include "services/cirkel/csv.h"
#include "services/cirkel/lines.h"
#include "services/cirkel/look.h"

#define IMPORT_BYTES ((size_t)64 << 20)

enum import_kind { IMPORT_PEOPLE, IMPORT_ORGANISATIONS, IMPORT_MEMBERSHIPS, IMPORT_KINDS };

enum import_fate {
    IMPORT_NEW,
    IMPORT_THERE, /* core has it, with the same values */
    IMPORT_BAD,
};
struct import_line {
    unsigned no; /* of the file */
    enum import_fate fate;
    struct text what;           /* "anna, Anna Andersson" */
    struct text column, reason; /* of a bad one; the column may be absent */
    unsigned column_no;         /* from 1; 0: none */
    struct line line;           /* of a new one: its request */
};
struct import {
    enum import_kind kind;
    struct look look;
    struct text network; /* of every line; absent: the file has a column */
    struct arena *arena;
    struct buf file;
    char hash[14]; /* of its bytes */
    struct csv_row header;
    json_t *seen; /* "person anna": the line that makes it */
    struct import_line *lines;
    unsigned count, room;
    unsigned of[IMPORT_BAD + 1]; /* how many have which fate */
};

const char *import_kind_name(enum import_kind kind);
/* Reads and checks all of it; `look` is open. 0, or -errno of the file. */
MUST_CHECK int import_read(struct import *import, const char *path);
void import_free(struct import *import);

/* ---- its parts ---- */
void import_bad(struct import *import, struct import_line *line, const char *field, const char *fmt,
                ...) PRINTF_LIKE(4, 5);
/* Against core: sets fate and what. `msg` is decoded from the line. */
void import_check(struct import *import, struct import_line *line, const union any_msg *msg);

#endif
