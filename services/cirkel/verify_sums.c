#include "services/cirkel/look_sums.h"
#include "services/cirkel/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t number_of(struct verify *v, enum table table, const char *name) {
    uint64_t n;

    if (look_number(v->look.txn, table, name, &n) == -EBADMSG)
        verify_find(v, "%s %s is no number", table_infos[table].name, name);
    return n;
}

static void compare(struct verify *v, const char *what, uint64_t counter, uint64_t counted) {
    v->checked++;
    if (counter != counted)
        verify_find(v, "%s: the counter says %" PRIu64 ", there are %" PRIu64, what, counter,
                    counted);
}

static void check_events(struct verify *v) {
    static const char *const ends[] = {"applied", "refused", "quarantined"};
    uint64_t first = 0, last = 0, position = number_of(v, TABLE_META, "position"), sum = 0;
    struct look_count decisions;
    int rc = look_count(&v->look, TABLE_DECISION, "status", &decisions);

    if (rc == 0)
        rc = journal_range(v->look.inbox, &first, &last);
    if (rc) {
        verify_find(v, "the decisions cannot be counted: %s", strerror(-rc));
        return;
    }
    for (unsigned i = 0; i < COUNT_OF(ends); i++) {
        uint64_t counter = number_of(v, TABLE_COUNTER, ends[i]);
        compare(v, ends[i], counter, look_count_of(&decisions, ends[i]));
        sum += counter;
    }
    v->checked++;
    if (position > last)
        verify_find(v, "core has applied event %" PRIu64 ", the inbox ends at %" PRIu64, position,
                    last);
    else if (sum + (last - position) != last)
        verify_find(v,
                    "%" PRIu64 " events were accepted, but %" PRIu64 " were decided and %" PRIu64
                    " are pending",
                    last, sum, last - position);
}

static void check_letters(struct verify *v) {
    static const char *const open[] = {"held",  "digested", "queued",
                                       "armed", "deferred", "unknown"};
    uint64_t fired = number_of(v, TABLE_COUNTER, "fired"), sum = 0, still_open = 0;
    struct look_count letters;
    int rc = look_count(&v->look, TABLE_LEDGER, "state", &letters);

    if (rc) {
        verify_find(v, "the letters cannot be counted: %s", strerror(-rc));
        return;
    }
    for (unsigned i = 0; i < COUNT_OF(open); i++)
        still_open += look_count_of(&letters, open[i]);
    for (unsigned i = 0; i < letters.words; i++) {
        char name[80];
        uint64_t counter;
        bool is_open = false;
        for (unsigned k = 0; k < COUNT_OF(open); k++)
            is_open = is_open || text_is(letters.word[i], open[k]);
        if (is_open)
            continue;
        snprintf(name, sizeof name, "ended-%.*s", TEXT_ARGS(letters.word[i]));
        counter = number_of(v, TABLE_COUNTER, name);
        compare(v, name, counter, letters.n[i]);
        sum += counter;
    }
    compare(v, "fired", fired, letters.all);
    v->checked++;
    if (sum + still_open != fired)
        verify_find(
            v, "%" PRIu64 " letters fired, but %" PRIu64 " have ended and %" PRIu64 " are open",
            fired, sum, still_open);
}

void verify_conservation(struct verify *v) {
    check_events(v);
    check_letters(v);
}

/* ---- places ---- */

struct places {
    struct text meeting;
    bool hybrid; /* who comes by video then takes no place */
    int64_t registered, waiting;
};

static int on_registration(void *ctx, struct bytes key, struct bytes value) {
    struct places *places = ctx;
    struct rec_registration r;

    (void)key;
    if (look_decode(REC_REGISTRATION, value, &r))
        return 0;
    if (!text_eq(r.meeting, places->meeting))
        return 1;
    if (!places->hybrid || !text_is(r.mode, "video"))
        places->registered += text_is(r.state, "registered") || text_is(r.state, "offered");
    places->waiting += text_is(r.state, "waiting");
    return 0;
}

static void meeting_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_meeting m;
    struct places places;
    int rc;

    if (look_decode(REC_MEETING, value, &m))
        return;
    places = (struct places){.meeting = m.meeting, .hybrid = text_is(m.mode, "hybrid")};
    rc = store_scan(v->look.txn, TABLE_REGISTRATION, key, on_registration, &places);
    if (rc < 0)
        return;
    if (m.registered != places.registered)
        verify_find(v, "meeting %.*s: says %" PRId64 " places taken, there are %" PRId64,
                    TEXT_ARGS(m.meeting), m.registered, places.registered);
    if (m.waiting != places.waiting)
        verify_find(v, "meeting %.*s: says %" PRId64 " waiting, there are %" PRId64,
                    TEXT_ARGS(m.meeting), m.waiting, places.waiting);
}

void verify_places(struct verify *v) {
    verify_each(v, TABLE_MEETING, meeting_row);
}
