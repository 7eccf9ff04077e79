/* Somebody ends: in applications she is replaced by whoever she is now, or by nobody. */
#include <errno.h>

#include "services/scheduler/records/application.h"
#include "services/scheduler/records/assessment.h"
#include "services/scheduler/records/records.h"

static struct list replace(struct office *o, struct list staff, struct text person,
                           struct text into) {
    struct text *kept = arena_take(o->arena, (staff.count + 1) * sizeof *kept), id;
    bool there = into.p && list_has_text(staff, into);
    uint32_t n = 0;
    while (codec_next_text(&staff, &id)) {
        bool ends = text_eq(id, person);
        if (!ends || (into.p && !there))
            kept[n++] = ends ? into : id;
    }
    return office_list_of(o, kept, n);
}

static int drop(struct office *o, const struct rec_application *was, struct text person,
                struct text into) {
    struct rec_application a = *was;
    bool names = list_has_text(a.staff, person);
    bool speaks = into.p && text_eq(a.contact, person); /* an erased one is found by nobody */
    if (!names && !speaks)
        return 0;
    a.contact = speaks ? into : a.contact;
    a.staff = names ? replace(o, a.staff, person, into) : a.staff;
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
