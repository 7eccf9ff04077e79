#include "services/scheduler/reminders/halt.h"

#include <errno.h>

#include "services/scheduler/reminders/catchup.h"

/* What people do has facts of its own. */
static bool is_pause(const char *hold) {
    return text_is(TEXT_LIT("pause"), hold);
}

static int tell(struct office *o, const char *hold, enum fact_type by_people,
                enum fact_type by_itself) {
    return is_pause(hold) ? office_fact(o, by_people, "sending", TEXT_LIT("all"))
                          : office_fact(o, by_itself, "sending", text_of(hold));
}

int halt_any(struct txn *txn, bool *ret) {
    struct bytes key, value;
    int rc = store_seek(txn, TABLE_HALT, (struct bytes){"", 0}, &key, &value);
    if (rc && rc != -ENOENT)
        return rc;
    *ret = rc == 0;
    return 0;
}

int halt_is(struct office *o, const char *hold, bool *ret) {
    struct rec_halt rec;
    int rc = office_get(o, TABLE_HALT, key1(text_of(hold)), &rec);
    if (rc && rc != -ENOENT)
        return rc;
    *ret = rc == 0;
    return 0;
}

int halt_begin(struct office *o, const char *hold, struct text reason) {
    struct rec_halt rec = {
        .halt = text_of(hold), .since = o->said, .from = o->said, .reason = reason};
    bool is;
    int rc = halt_is(o, hold, &is);
    if (rc || is)
        return rc;
    rc = office_put(o, TABLE_HALT, key1(rec.halt), &rec);
    return rc ? rc : tell(o, hold, FACT_SENDING_PAUSED, FACT_SENDING_HELD);
}

/* Those that stay have lasted as long as the one that ended. */
static int hand_on(struct office *o, instant from, bool *ret_any) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct rec_halt rec;
    struct bytes value;
    int rc;
    *ret_any = false;
    while ((rc = office_next(o, TABLE_HALT, &none, &at, &value)) == 0) {
        *ret_any = true;
        rc = office_read(o, TABLE_HALT, value, &rec);
        if (rc == 0 && rec.from > from) {
            rec.from = from;
            rc = office_put(o, TABLE_HALT, key1(rec.halt), &rec);
        }
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

int halt_end(struct office *o, const char *hold, uint64_t *ret_sheet) {
    struct rec_halt rec;
    bool any;
    *ret_sheet = 0;
    int rc = office_get(o, TABLE_HALT, key1(text_of(hold)), &rec);
    if (rc == 0)
        rc = office_del(o, TABLE_HALT, key1(text_of(hold)));
    if (rc == 0)
        rc = tell(o, hold, FACT_SENDING_RESUMED, FACT_SENDING_RELEASED);
    if (rc == 0)
        rc = hand_on(o, rec.from, &any);
    if (rc || any)
        return rc;
    return catchup_after(o, rec.from, is_pause(hold) ? "pause" : "hold", ret_sheet);
}
