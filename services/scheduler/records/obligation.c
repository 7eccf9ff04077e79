/* What operators say about obligations; the rest is done by those who owe. */
#include "services/scheduler/reminders/obligation.h"

#include <errno.h>

#include "services/scheduler/records/records.h"

int apply_obligation_waive(struct office *o, const struct msg_obligation_waive *m) {
    struct rec_obligation r;
    struct text next;
    int rc = office_get(o, TABLE_OBLIGATION, key1(m->obligation), &r);
    if (rc == -ENOENT)
        return refuse(o, "not-found", "obligation", "There is no obligation %.*s.",
                      TEXT_ARGS(m->obligation));
    if (rc == 0)
        rc = office_move(o, "OBLIGATION", r.state, "waive", "obligation", &next);
    if (rc)
        return rc;
    office_about(o, "obligation", r.obligation);
    answer_text(o, "obligation", r.obligation);
    answer_text(o, "state", next);
    return obligation_waive(o, &r, m->reason);
}
