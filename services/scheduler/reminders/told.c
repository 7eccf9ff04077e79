#include "services/scheduler/reminders/told.h"

#include <errno.h>
#include <string.h>

#include "services/scheduler/reminders/audience.h"

int64_t told_what(const struct rec_meeting *m) {
    const struct text all[] = {m->state, m->starts, m->ends, m->zone, m->mode, m->place, m->link};
    struct bytes parts[COUNT_OF(all) * 2];
    unsigned char hash[16];
    int64_t what;
    for (unsigned i = 0; i < COUNT_OF(all); i++) {
        parts[2 * i] = (struct bytes){all[i].p, all[i].n};
        parts[2 * i + 1] = (struct bytes){"", 1};
    }
    token_hash16(parts, COUNT_OF(parts), hash);
    memcpy(&what, hash, sizeof what);
    what &= INT64_MAX;
    return what ? what : 1;
}

/* revision 0: nothing. */
static int get(struct office *o, struct text meeting, struct text person, uint64_t *ret_revision,
               uint64_t *ret_what) {
    struct text had;
    size_t at = 0;
    *ret_revision = *ret_what = 0;
    int rc = office_marked(o, TABLE_TOLD, key2(meeting, person), &had);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    struct bytes value = {had.p, had.n};
    return key_next_u64(value, &at, ret_revision) && key_next_u64(value, &at, ret_what) ? 0
                                                                                        : -EBADMSG;
}

int told_note(struct office *o, const struct rec_ledger *row, enum told how) {
    uint64_t revision, what, told = (uint64_t)row->told;
    if (!told)
        return 0;
    int rc = get(o, row->about, row->person, &revision, &what);
    if (rc)
        return rc;
    uint64_t now = how == TOLD_NOT || told < revision ? what
                   : how == TOLD_MAYBE                ? 0
                                                      : (uint64_t)row->what;
    if (told <= revision && now == what)
        return 0;
    struct key value = key_no(told > revision ? told : revision);
    key_u64(&value, now);
    return office_mark(o, TABLE_TOLD, key2(row->about, row->person),
                       (struct text){(const char *)value.b, value.n});
}

int told_overtaken(struct office *o, const struct rec_ledger *row) {
    struct rec_occasion of;
    struct audience audience;
    struct buf why;
    if (!row->told)
        return 0;
    int rc = office_get(o, TABLE_OCCASION, key_no((uint64_t)row->occasion), &of);
    if (rc)
        return rc == -ENOENT ? -EBADMSG : rc;
    buf_init(&why, 1000);
    bool corrects = audience_parse(of.audience, &audience, &why) == 0 &&
                    audience_mentions(&audience, TERM_TOLD);
    buf_free(&why);
    return corrects ? 0 : told_note(o, row, TOLD_MAYBE);
}

int told_otherwise(struct office *o, const struct rec_meeting *m, struct text person, bool *ret) {
    uint64_t revision, what;
    int rc = get(o, m->meeting, person, &revision, &what);
    *ret = rc == 0 && revision && revision < (uint64_t)m->revision + 1 &&
           what != (uint64_t)told_what(m);
    return rc;
}
