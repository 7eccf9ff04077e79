/* look_kind - the kinds of records as the command line names them, and a walk through all of one:
 * the tables of core that hold records, and what the inbox keeps of things refused at the door. */
#ifndef CIRKEL_LOOK_KIND_H
#define CIRKEL_LOOK_KIND_H

#include "services/cirkel/look.h"

struct look_kind {
    const char *name;
    enum rec_type record;
    enum table table;
    bool in_inbox; /* an aside; no table */
};

MUST_CHECK int look_kind(const char *name, struct look_kind *ret); /* -ENOENT */
/* The one argument of `verb`; what is wrong is said, with the kinds there are. 0 or an exit code.
 */
MUST_CHECK int look_kind_of(const char *verb, int argc, char **argv, struct look_kind *ret);

/* fn for each record, in order of key; non-zero stops the walk and is returned. Rows that cannot
 * be read are counted and passed over. */
typedef int look_record_fn(void *ctx, const union any_rec *rec);
MUST_CHECK int look_each(struct look *look, const struct look_kind *kind, look_record_fn *fn,
                         void *ctx, unsigned *ret_bad);

#endif
