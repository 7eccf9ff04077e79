#include "services/scheduler/reminders/digest.h"

#include <errno.h>

#include "common/zone.h"
#include "services/scheduler/reminders/hold.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/plan.h"
#include "services/scheduler/reminders/quiet.h"
#include "services/scheduler/reminders/rule.h"
#include "services/scheduler/reminders/still.h"
#include "services/scheduler/reminders/told.h"

#define ITEMS_MAX 100 /* records_reminder.def */

instant digest_closes(const struct zone *zone, int minutes, int weekday, instant now) {
    struct wall today = zone_wall(zone, now);
    today.hour = minutes / 60;
    today.minute = minutes % 60;
    for (int day = 0;; day++) {
        struct wall w = wall_add(today, day, 0);
        instant at = zone_instant(zone, w);
        if (at > now && (!weekday || wall_weekday(w) == weekday))
            return at;
    }
}

static struct key key_of(struct text id) {
    struct text person;
    must(text_cut(&id, '/', &person));
    return key2(person, id);
}

static struct text id_of(struct office *o, const struct rec_digest *d) {
    return subject_pair(o, d->person, d->window);
}

struct key digest_item_key(const struct rec_ledger *row) {
    struct key k = key_of(row->digest);
    key_u64(&k, (uint64_t)row->no);
    return k;
}

/* Whether anything speaks about it, once it is closed with something in it. */
static bool is_sent_by_a_rule(const struct office *o, const struct rec_digest *d) {
    struct rec_digest closed = *d;
    closed.state = TEXT_LIT("closed");
    closed.count = 1;
    for (unsigned i = 0; i < o->rules->count; i++)
        if (o->rules->rules[i].about->table == TABLE_DIGEST &&
            rule_speaks(&o->rules->rules[i], &closed))
            return true;
    return false;
}

/* ---- joining ---- */

static struct text window_of(struct office *o, struct text kind, const struct zone *zone,
                             instant closes) {
    char wall[WALL_TEXT];
    wall_format(zone_wall(zone, closes), wall);
    return arena_printf(o->arena, "%.*s.%s", TEXT_ARGS(kind), wall);
}

static int begin(struct office *o, struct rec_digest *d, bool look) {
    int rc = machine_next("DIGEST", TEXT_NONE, "begin", &d->state);
    must(rc == 0);
    return look ? 0 : due_add(o, d->closes, "digest", key2(d->person, d->window));
}

static int join(struct office *o, const struct rec_digest *fresh, const struct zone *zone,
                bool look, struct text why, struct rec_ledger *row, bool *ret_joined) {
    struct key key = key2(fresh->person, fresh->window);
    char when[RFC3339_TEXT];
    struct rec_digest d;
    *ret_joined = false;
    if (fresh->kind.n > DIGEST_KIND_MAX || (row->useful && row->useful < fresh->closes) ||
        !is_sent_by_a_rule(o, fresh))
        return 0;
    int rc = office_get(o, TABLE_DIGEST, key, &d);
    if (rc == -ENOENT) {
        d = *fresh;
        rc = begin(o, &d, look);
    }
    if (rc || !text_is(d.state, "open") || d.count >= ITEMS_MAX)
        return rc;
    d.count++;
    instant_format(d.closes, zone, when);
    row->state = TEXT_LIT("digested");
    row->digest = id_of(o, &d);
    row->reason = arena_printf(o->arena, "%.*s%sit goes with others at %s", TEXT_ARGS(why),
                               why.n ? "; " : "", when);
    row->next_try = 0;
    *ret_joined = true;
    return look ? 0 : office_put(o, TABLE_DIGEST, key, &d);
}

int digest_join(struct office *o, const struct rec_person *p, struct text kind, bool weekly,
                bool look, struct text why, struct rec_ledger *row, bool *ret_joined) {
    const struct zone *zone = quiet_zone(o, p);
    int minutes = quiet_minutes(text_of(o->settings->digest_at));
    instant closes =
        digest_closes(zone, minutes, weekly ? (int)o->settings->digest_day : 0, o->now);
    struct rec_digest fresh = {.person = p->person,
                               .window = window_of(o, kind, zone, closes),
                               .kind = kind,
                               .class = row->class,
                               .zone = text_of(zone_name(zone)),
                               .closes = closes};
    return join(o, &fresh, zone, look, why, row, ret_joined);
}

/* The end of the window that is open for this kind; a new one ends with a minute. */
static int find_window(struct office *o, struct text person, struct text kind,
                       const struct zone *zone, msec span, instant *ret) {
    struct key prefix = key1(person), at = key2(person, window_of(o, kind, zone, o->now));
    struct bytes value;
    struct rec_digest d;
    instant end = o->now + span + MINUTES - 1;
    *ret = end - end % MINUTES;
    int rc = office_next(o, TABLE_DIGEST, &prefix, &at, &value);
    if (rc == 0)
        rc = office_read(o, TABLE_DIGEST, value, &d);
    if (rc == 0 && text_eq(d.kind, kind) && text_is(d.state, "open"))
        *ret = d.closes;
    return rc == -ENOENT ? 0 : rc;
}

int digest_join_kind(struct office *o, const struct rule *rule, const struct rec_person *p,
                     bool look, struct rec_ledger *row, bool *ret_joined) {
    const struct zone *zone = quiet_zone(o, p);
    struct rec_digest fresh = {.person = p->person,
                               .kind = arena_printf(o->arena, "rule.%s", rule->name),
                               .rule = text_of(rule->name),
                               .class = row->class,
                               .zone = text_of(zone_name(zone))};
    int rc = find_window(o, p->person, fresh.kind, zone, rule->together, &fresh.closes);
    if (rc)
        return rc;
    fresh.window = window_of(o, fresh.kind, zone, fresh.closes);
    return join(o, &fresh, zone, look, TEXT_NONE, row, ret_joined);
}

/* ---- of use ---- */

struct use { /* of some letters together: as long as any of them is */
    bool any, always;
    instant last;
};

static void add_use(struct use *u, const struct rec_ledger *row) {
    u->any = true;
    u->always |= !row->useful;
    if (row->useful > u->last)
        u->last = row->useful;
}

int digest_until(struct office *o, const struct rec_ledger *letter, instant *ret) {
    struct rec_digest d;
    struct use use = {.any = false};
    int64_t no;
    int rc = office_get(o, TABLE_DIGEST, key_of(letter->about), &d);
    while (rc == 0 && codec_next_int(&d.items, &no)) {
        struct rec_ledger row;
        rc = ledger_get(o, (uint64_t)no, &row);
        if (rc == 0 && text_is(row.state, "digested") && text_eq(row.digest, letter->about))
            add_use(&use, &row);
    }
    if (rc == 0 && !use.any)
        return -ENOENT;
    *ret = use.always ? 0 : use.last;
    return rc;
}

int digest_item_left(struct office *o, const struct rec_ledger *row) {
    struct rec_digest d;
    struct rec_ledger letter;
    instant until = 0;
    int rc = office_get(o, TABLE_DIGEST, key_of(row->digest), &d);
    if (rc || !d.letter)
        return rc == -ENOENT ? 0 : rc;
    rc = ledger_get(o, (uint64_t)d.letter, &letter);
    if (rc || !hold_has(&letter))
        return rc;
    rc = digest_until(o, &letter, &until);
    if (rc == -ENOENT || (until && o->now > until))
        return ledger_move(o, &letter, "miss", TEXT_LIT("nothing in it is of use any more"));
    return rc || until == letter.useful ? rc : hold_until(o, &letter, until);
}

/* ---- closing ---- */

/* What would come too late falls out, and what is for her no more; all of it, when nothing sends it
 * any more. */
static int fall_out(struct office *o, struct rec_ledger *row, bool sent, bool *ret) {
    bool over = row->useful && o->now > row->useful, still;
    int rc = still_for(o, row, &still);
    *ret = over || !sent || !still;
    if (rc || !*ret)
        return rc;
    return ledger_move(o, row, over || !sent ? "expire" : "suppress",
                       over    ? TEXT_LIT("past its use before its digest left")
                       : !sent ? TEXT_LIT("no rule sends digests any more")
                               : TEXT_LIT(STILL_NOT));
}

/* The letters that are in it now. */
static int gather(struct office *o, struct rec_digest *d) {
    struct key prefix = key2(d->person, d->window), at = {.n = 0};
    struct bytes value;
    struct buf items;
    bool sent = is_sent_by_a_rule(o, d), out = false;
    struct use use = {.any = false};
    int rc;
    d->count = 0;
    buf_init(&items, 16 * ITEMS_MAX);
    while ((rc = office_next(o, TABLE_DIGESTED, &prefix, &at, &value)) == 0) {
        struct rec_ledger row;
        size_t from = prefix.n;
        uint64_t no;
        must(key_next_u64(key_bytes(&at), &from, &no));
        rc = ledger_get(o, no, &row);
        if (rc == 0)
            rc = fall_out(o, &row, sent, &out);
        if (rc)
            break;
        if (out)
            continue;
        codec_add_int(&items, row.no);
        add_use(&use, &row);
        d->count++;
    }
    d->useful = use.always ? 0 : use.last;
    d->items = (struct list){arena_bytes(o->arena, buf_as_bytes(&items)), (uint32_t)d->count};
    must(!items.over);
    buf_free(&items);
    return rc == -ENOENT ? 0 : rc;
}

/* What found no company goes as the letter that it is. */
static int let_go_alone(struct office *o, struct rec_digest *d) {
    struct list items = d->items;
    struct rec_ledger row;
    int64_t no;
    if (!d->rule.p || d->count != 1 || !codec_next_int(&items, &no))
        return 0;
    d->count = 0;
    d->items = (struct list){{NULL, 0}, 0};
    int rc = ledger_get(o, (uint64_t)no, &row);
    return rc ? rc : ledger_move(o, &row, "part", TEXT_NONE);
}

/* With what it has now; a rule writes the letter, if there is anything. */
static int close_now(struct office *o, struct rec_digest *d) {
    int rc = gather(o, d);
    if (rc == 0)
        rc = let_go_alone(o, d);
    must(machine_next("DIGEST", d->state, "close", &d->state) == 0);
    d->closed = !d->closed ? d->closes : o->now > d->closed ? o->now : d->closed + 1;
    d->letter = 0;
    if (rc == 0)
        rc = office_put(o, TABLE_DIGEST, key2(d->person, d->window), d);
    return rc ? rc : plan_derive(o, "digest", id_of(o, d));
}

int digest_close(struct office *o, struct key key) {
    struct rec_digest d;
    int rc = office_get(o, TABLE_DIGEST, key, &d);
    if (rc || !text_is(d.state, "open"))
        return rc ? rc : -ENOENT;
    rc = due_del(o, d.closes, "digest", key);
    return rc ? rc : close_now(o, &d);
}

int digest_written(struct office *o, struct text id, const struct rec_ledger *letter) {
    struct rec_digest d;
    int rc = office_get(o, TABLE_DIGEST, key_of(id), &d);
    if (rc)
        return rc;
    d.letter = letter->no;
    rc = office_put(o, TABLE_DIGEST, key_of(id), &d);
    if (rc)
        return rc;
    return digest_follow(o, letter,
                         text_is(letter->state, "missed")     ? "expire"
                         : text_is(letter->state, "held")     ? "hold"
                         : ledger_is_waiting(letter)          ? "wait"
                         : text_is(letter->state, "accepted") ? "accept" /* before this core knew */
                                                              : "suppress");
}

/* ---- what became of its letter ---- */

#define FATE "in the digest, letter "

/* NULL: nothing. */
static const char *event_of_items(const char *event) {
    static const struct {
        const char *letter, *items;
    } follows[] = {{"accept", "accept"}, {"fail", "fail"},         {"bounce", "bounce"},
                   {"expire", "expire"}, {"suppress", "suppress"}, {"withdraw", "withdraw"},
                   {"miss", "expire"},   {"retry", "gather"}};
    for (unsigned i = 0; i < COUNT_OF(follows); i++)
        if (text_is(text_of(event), follows[i].letter))
            return follows[i].items;
    return NULL;
}

static int follow(struct office *o, const struct rec_ledger *letter, const char *event,
                  struct rec_ledger *row) {
    struct text how =
        arena_printf(o->arena, FATE "%lld: %.*s", (long long)letter->no, TEXT_ARGS(letter->state));
    int rc = event ? ledger_move(o, row, event, how) : -EPROTO;
    if (rc != -EPROTO)
        return rc;
    if (!text_is(row->state, "digested")) /* it fell out before */
        return 0;
    row->reason = how;
    return office_put(o, TABLE_LEDGER, key_no((uint64_t)row->no), row);
}

int digest_follow(struct office *o, const struct rec_ledger *letter, const char *event) {
    const char *follows = event_of_items(event);
    bool arms = text_is(text_of(event), "arm");
    struct rec_digest d;
    int64_t no;
    int rc = office_get(o, TABLE_DIGEST, key_of(letter->about), &d);
    if (rc || d.letter != letter->no) /* another letter has taken its place */
        return rc == -ENOENT ? 0 : rc;
    while (rc == 0 && codec_next_int(&d.items, &no)) {
        struct rec_ledger row;
        rc = ledger_get(o, (uint64_t)no, &row);
        if (rc == 0 && !text_eq(row.digest, letter->about)) /* it goes by itself, or in another */
            continue;
        if (rc == 0 && arms)
            rc = told_note(o, &row, TOLD_MAYBE);
        if (rc == 0)
            rc = follow(o, letter, follows, &row);
    }
    return rc;
}

bool digest_is_fate(const struct rec_ledger *row, struct text *ret_state) {
    struct text rest = row->reason, letter;
    if (!row->digest.p || !text_starts(rest, FATE) || !text_cut(&rest, ':', &letter))
        return false;
    *ret_state = text_trim(rest);
    return true;
}

int digest_recheck(struct office *o, const struct rec_ledger *letter, bool *ret_old) {
    struct rec_digest d;
    int64_t no;
    int rc = office_get(o, TABLE_DIGEST, key_of(letter->about), &d);
    struct list items = d.items;
    *ret_old = rc == 0 && d.letter != letter->no;
    if (rc || *ret_old)
        return rc == -ENOENT ? 0 : rc;
    while (codec_next_int(&items, &no)) {
        struct rec_ledger row;
        bool still = true;
        rc = ledger_get(o, (uint64_t)no, &row);
        if (rc == 0)
            rc = still_for(o, &row, &still);
        if (rc)
            return rc;
        *ret_old |= !still || !text_is(row.state, "digested") ||
                    !text_eq(row.digest, letter->about) || (row.useful && o->now > row.useful);
    }
    return *ret_old ? close_now(o, &d) : 0;
}

int digest_is_written(struct office *o, const struct rec_ledger *row, bool *ret) {
    struct rec_digest d;
    *ret = false;
    int rc = office_get(o, TABLE_DIGEST, key_of(row->digest), &d);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    *ret = d.letter != 0;
    return 0;
}

int digest_has_left(struct office *o, const struct rec_ledger *row, bool *ret) {
    struct rec_digest d;
    struct rec_ledger letter;
    *ret = false;
    int rc = office_get(o, TABLE_DIGEST, key_of(row->digest), &d);
    if (rc || !d.letter)
        return rc == -ENOENT ? 0 : rc;
    rc = ledger_get(o, (uint64_t)d.letter, &letter);
    *ret = rc == 0 && (text_is(letter.state, "armed") || text_is(letter.state, "unknown"));
    return rc;
}
