#include "proto/occurrence.h"

#include <string.h>

/* What follows `start` in it; absent when it begins otherwise. */
static struct text after(struct text a, struct text start) {
    if (a.n < start.n || (start.n && memcmp(a.p, start.p, start.n) != 0))
        return TEXT_NONE;
    return (struct text){a.p + start.n, a.n - start.n};
}

bool occurrence_subject(struct text key, struct text *ret_kind, struct text *ret_id) {
    struct text rule, kind;
    for (unsigned i = 0; i < 3; i++) /* channel, person, moment */
        (void)text_cut_last(&key, '/');
    if (!text_cut(&key, '/', &rule) || !text_cut(&key, ':', &kind) || !key.n)
        return false;
    *ret_kind = kind;
    *ret_id = key;
    return true;
}

bool occurrence_fits(struct text asked, struct text kind, struct text id) {
    struct text of_kind = after(asked, kind);
    if (text_eq(asked, id))
        return true;
    if (!of_kind.n || of_kind.p[0] != ':')
        return false;
    struct text rest = after(id, (struct text){of_kind.p + 1, of_kind.n - 1});
    return rest.p && (!rest.n || (rest.p[0] == '/' && of_kind.n > 1));
}

bool occurrence_is_about(struct text asked, struct text kind, struct text id, struct text key) {
    struct text of_kind, of;
    return occurrence_fits(asked, kind, id) ||
           (occurrence_subject(key, &of_kind, &of) && occurrence_fits(asked, of_kind, of));
}
