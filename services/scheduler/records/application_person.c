/* Somebody ends: in applications she is replaced by whoever she is now, or by nobody. */
#include <errno.h>

#include "services/scheduler/records/application.h"
#include "services/scheduler/records/assessment.h"
#include "services/scheduler/records/names.h"
#include "services/scheduler/records/records.h"

static int drop(struct office *o, const struct rec_application *was, struct text person,
                struct text into) {
    struct rec_application a = *was;
    bool names = names_change(o, &a.staff, person, into);
    bool speaks = into.p && text_eq(a.contact, person); /* an erased one is found by nobody */
    if (!names && !speaks)
        return 0;
    a.contact = speaks ? into : a.contact;
    return application_put(o, was, &a);
}

int application_drop_person(struct office *o, struct text person, struct text into) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_APPLICATION, &none, &at, &value)) == 0) {
        struct rec_application a;
        rc = office_read(o, TABLE_APPLICATION, value, &a);
        if (rc == 0)
            rc = drop(o, &a, person, into);
        if (rc == 0)
            rc = assessment_drop_person(o, a.application, person, into);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}
