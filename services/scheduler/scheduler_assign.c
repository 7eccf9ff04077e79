#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "services/scheduler/reminders/halt.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/scheduler.h"

#define SCAN_MAX 4000 /* rows looked at in one turn for a destination that has room */
#define SAY_AGAIN (1 * SECONDS)
#define STRAYS_MAX 256
#define LOOK_EVERY (1 * SECONDS) /* from the start of the queue */

static struct assignment *find(struct scheduler *s, uint64_t delivery) {
    for (unsigned i = 0; i < s->assigned_count; i++)
        if (s->assigned[i].delivery == delivery)
            return &s->assigned[i];
    return NULL;
}

static void look_anew(struct scheduler *s) {
    s->assign_from = (struct key){.n = 0};
}

void scheduler_unassign(struct scheduler *s, uint64_t delivery, bool is_over) {
    struct assignment *a = find(s, delivery);
    if (a)
        *a = s->assigned[--s->assigned_count];
    if (!is_over)
        look_anew(s);
}

void scheduler_armed(struct scheduler *s, uint64_t delivery) {
    struct assignment *a = find(s, delivery);
    if (a)
        a->armed = true;
    else
        s->strays = true;
}

void scheduler_notifier_gone(struct scheduler *s) {
    s->has_notifier = false;
    s->assigned_count = 0;
    s->strays = true;
    look_anew(s);
}

static void deliver(struct scheduler *s, struct assignment *a) {
    struct frame_deliver f = {.delivery = (int64_t)a->delivery, .attempt = (int64_t)a->attempt};
    a->since = clock_boot();
    scheduler_send(s, &s->notifier, FRAME_DELIVER, &f);
}

/* Letters to one person about one subject leave in order: a correction never overtakes what it
 * corrects. */
static uint64_t lane_of(const struct rec_ledger *row) {
    unsigned char hash[16];
    uint64_t out;
    struct bytes parts[] = {{row->person.p, row->person.n},
                            {"/", 1},
                            {row->about_kind.p, row->about_kind.n},
                            {"/", 1},
                            {row->about.p, row->about.n}};
    token_hash16(parts, COUNT_OF(parts), hash);
    memcpy(&out, hash, sizeof out);
    return out;
}

static uint64_t destination_of(struct text address) {
    unsigned char hash[16];
    uint64_t out;
    struct text local;
    struct text domain = address;
    if (!text_cut(&domain, '@', &local))
        domain = address;
    struct bytes part = {domain.p, domain.n};
    token_hash16(&part, 1, hash);
    memcpy(&out, hash, sizeof out);
    return out;
}

static bool has_room(struct scheduler *s, uint64_t destination) {
    int64_t n = 0;
    for (unsigned i = 0; i < s->assigned_count; i++)
        n += s->assigned[i].destination == destination;
    return n < s->settings.per_destination;
}

static int read_row(struct txn *txn, uint64_t no, struct rec_ledger *ret) {
    struct complaint c;
    struct bytes value;
    struct key k = key_no(no);
    int rc = store_get(txn, TABLE_LEDGER, key_bytes(&k), &value);
    return rc ? rc : codec_decode(&rec_shapes[REC_LEDGER], CODEC_LENIENT, value, ret, &c);
}

/* Hints may be lost: what was given and not armed is said again, unless it was taken back since. */
static void say_again(struct scheduler *s, struct txn *txn) {
    msec now = clock_boot();
    for (unsigned i = 0; i < s->assigned_count;) {
        struct assignment *a = &s->assigned[i];
        struct rec_ledger row;
        bool old = !a->armed && now - a->since > SAY_AGAIN;
        if (old && (read_row(txn, a->delivery, &row) || !ledger_is_waiting(&row))) {
            *a = s->assigned[--s->assigned_count];
            look_anew(s);
            continue;
        }
        if (old)
            deliver(s, a);
        i++;
    }
}

/* Lanes of what may be on its way though we did not give it out: it was armed before we, or the
 * notifier, began anew, and its end is not known yet. Seldom any. */
struct strays {
    uint64_t lanes[STRAYS_MAX];
    unsigned count;
};

static int find_strays(struct scheduler *s, struct txn *txn, struct strays *ret) {
    struct key from = {.n = 0};
    struct bytes key, value;
    int rc;
    ret->count = 0;
    if (!s->strays)
        return 0;
    while ((rc = store_seek(txn, TABLE_ARMED, key_bytes(&from), &key, &value)) == 0) {
        struct rec_ledger row;
        size_t at = 0;
        uint64_t no;
        must(key_next_u64(key, &at, &no));
        from = key_no(no + 1);
        if (find(s, no))
            continue;
        if (ret->count == STRAYS_MAX)
            return -EBUSY;
        if ((rc = read_row(txn, no, &row)))
            return rc;
        ret->lanes[ret->count++] = lane_of(&row);
    }
    s->strays = ret->count > 0;
    return rc == -ENOENT ? 0 : rc;
}

static bool is_taken(const struct scheduler *s, const struct strays *strays, uint64_t lane) {
    for (unsigned i = 0; i < s->assigned_count; i++)
        if (s->assigned[i].lane == lane)
            return true;
    for (unsigned i = 0; i < strays->count; i++)
        if (strays->lanes[i] == lane)
            return true;
    return false;
}

static int assign_one(struct scheduler *s, struct txn *txn, const struct strays *strays,
                      uint64_t no, bool *ret_left) {
    struct rec_ledger row;
    int rc = read_row(txn, no, &row);
    if (rc)
        return rc;
    uint64_t destination = destination_of(row.address), lane = lane_of(&row);
    if (!has_room(s, destination) || is_taken(s, strays, lane)) {
        *ret_left = true;
        return 0;
    }
    struct assignment *a = &s->assigned[s->assigned_count++];
    *a = (struct assignment){.delivery = no,
                             .attempt = (uint64_t)row.attempts + 1,
                             .destination = destination,
                             .lane = lane};
    deliver(s, a);
    return 0;
}

/* What is added to the queue later is due now or later: it comes after all that was due before. */
void scheduler_assign(struct scheduler *s, struct txn *txn) {
    struct bytes key, value;
    struct strays strays;
    bool left = false;
    bool held;
    if (!s->has_notifier || s->room == ROOM_SCARCE || halt_any(txn, &held) || held)
        return;
    say_again(s, txn);
    if (find_strays(s, txn, &strays)) /* until their leases are over */
        return;
    if (clock_boot() - s->assign_looked > LOOK_EVERY) {
        s->assign_looked = clock_boot();
        look_anew(s);
    }
    struct key from = s->assign_from;
    for (unsigned i = 0; i < SCAN_MAX && (int64_t)s->assigned_count < s->settings.in_flight; i++) {
        int rc = store_seek(txn, TABLE_OUTBOX, key_bytes(&from), &key, &value);
        size_t at = 0;
        uint64_t due, no;
        if (rc)
            return;
        must(key_next_u64(key, &at, &due) && key_next_u64(key, &at, &no));
        if ((instant)due > s->now)
            return;
        from = key_no(due);
        key_u64(&from, no + 1);
        rc = find(s, no) ? 0 : assign_one(s, txn, &strays, no, &left);
        if (!left && (instant)due < s->now)
            s->assign_from = from;
        if (rc)
            log_error("delivery_unreadable", "delivery=%llu error=%s", (unsigned long long)no,
                      strerror(-rc));
    }
}
