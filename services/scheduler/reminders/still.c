#include "services/scheduler/reminders/still.h"

#include <errno.h>

#include "services/scheduler/reminders/audience.h"
#include "services/scheduler/reminders/subject.h"

/* What becomes of a registration in the course of time says nothing against what was for it. */
static bool passes_by_itself(const struct audience *a) {
    static const enum audience_term terms[] = {TERM_REGISTERED, TERM_WAITING,  TERM_OFFERED,
                                               TERM_UNDECIDED,  TERM_ATTENDED, TERM_ABSENT,
                                               TERM_TOLD};
    for (unsigned i = 0; i < COUNT_OF(terms); i++)
        if (audience_mentions(a, terms[i]))
            return true;
    return false;
}

int still_for(struct office *o, const struct rec_ledger *row, bool *ret) {
    struct rec_occasion of;
    struct subject s;
    struct audience audience;
    struct buf why;
    *ret = true;
    if (!text_is(row->class, "news") || text_is(row->about_kind, "digest"))
        return 0;
    int rc = office_get(o, TABLE_OCCASION, key_no((uint64_t)row->occasion), &of);
    if (rc)
        return rc == -ENOENT ? -EBADMSG : rc;
    rc = subject_load(o, of.about_kind, of.about, &s);
    if (rc)
        return rc == -ENOENT ? 0 : rc; /* it has another name by now */
    buf_init(&why, 1000);
    int bad = audience_parse(of.audience, &audience, &why);
    buf_free(&why);
    int has = bad || passes_by_itself(&audience) ? 1 : audience_has(o, &audience, &s, row->person);
    *ret = has != 0;
    return has < 0 ? has : 0;
}
