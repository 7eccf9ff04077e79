#include "services/scheduler/step.h"

#include <errno.h>
#include <string.h>

#include "common/pack.h"
#include "services/scheduler/recent.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/catchup.h"
#include "services/scheduler/home.h"
#include "services/scheduler/reminders/delivery.h"
#include "services/scheduler/reminders/digest.h"
#include "services/scheduler/reminders/fire.h"
#include "services/scheduler/reminders/halt.h"
#include "services/scheduler/reminders/hold.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/obligation.h"
#include "services/scheduler/reminders/morning.h"
#include "services/scheduler/reminders/plan.h"
#include "services/scheduler/reminders/suppression.h"

#define RESULT_MAX 4096
#define ROW_MAX (1 << 20)
#define DERIVE_SLICE 200

static const char *const count_names[COUNT_COUNT] = {
#define COUNT(NAME, name) [COUNT_##NAME] = name,
#include "services/scheduler/counts.def"
#undef COUNT
};

/* One handler a message, from the same rows as the messages. */
#include "proto/rows_none.inc"
#define MESSAGE(NAME, name, wire, who, doc)                                                        \
    static int call_##name(struct office *o, const void *m) {                                      \
        return apply_##name(o, m);                                                                 \
    }
#include "proto/messages.def"
#include "proto/rows_end.inc"

static int (*const handlers[MSG_COUNT])(struct office *, const void *) = {
#include "proto/rows_none.inc"
#define MESSAGE(NAME, name, wire, who, doc) [MSG_##NAME] = call_##name,
#include "proto/messages.def"
#include "proto/rows_end.inc"
};

/* Who looks after what falls due. `from_then`: looked after late, it is told late, and not never;
 * an offer to the next in line counts from when it is made. */
static const struct {
    const char *word;
    int (*look_after)(struct office *o, struct key key);
    bool from_then;
} dues[] = {
    {"plan", fire_plan, false},
    {"offer", registration_expire, false},
    {"lapse", membership_expire, false},
    {"poll", poll_expire, true},
    {"obligation", obligation_expire, true},
    {"call-open", call_begin, true},
    {"call-close", call_close, true},
    {"place", application_expire, false},
    {"evidence", evidence_expire, true},
    {"pace", participation_look, true},
    {"milestone", milestone_expire, true},
    {"digest", digest_close, true},
    {"morning", morning_make, false},
    {"suppression", suppression_expire, false},
    {"hold", hold_expire, false},
    {"held", hold_miss, false},
    {"sheet", catchup_settle, false},
};

void step_open(struct step *s, const struct settings *settings, const struct rulebook *rules,
               const struct token_key *links) {
    *s = (struct step){.settings = settings, .rules = rules, .links = links, .reread = UINT64_MAX};
    s->arena = arena_new();
    s->scratch = arena_new();
    s->recent = recent_new();
    buf_init(&s->result, RESULT_MAX);
    buf_init(&s->row, ROW_MAX);
}

void step_close(struct step *s) {
    arena_free(&s->arena);
    arena_free(&s->scratch);
    recent_free(&s->recent);
    inputs_free(&s->inputs);
    buf_free(&s->result);
    buf_free(&s->row);
}

void step_keep_inputs(struct step *s) {
    s->inputs = inputs_new();
}

int step_begin(struct step *s, struct txn *txn) {
    struct office *o = &s->office;
    if (s->inputs)
        inputs_clear(s->inputs);
    *o = (struct office){.txn = txn,
                         .arena = s->arena,
                         .scratch = s->scratch,
                         .recent = s->recent,
                         .row = &s->row,
                         .settings = s->settings,
                         .rules = s->rules,
                         .links = s->links,
                         .result = &s->result};
    for (unsigned i = 0; i < COUNT_COUNT; i++) {
        struct key k = key1(text_of(count_names[i]));
        struct bytes value;
        size_t at = 0;
        int rc = store_get(txn, TABLE_COUNTER, key_bytes(&k), &value);
        if (rc && rc != -ENOENT)
            return rc;
        if (rc == 0 && !key_next_u64(value, &at, &o->counts[i]))
            return -EBADMSG;
    }
    memcpy(o->counts_before, o->counts, sizeof o->counts);
    return 0;
}

int step_end(struct step *s) {
    struct office *o = &s->office;
    for (unsigned i = 0; i < COUNT_COUNT; i++) {
        struct key k = key1(text_of(count_names[i])), v = key_no(o->counts[i]);
        if (o->counts[i] == o->counts_before[i])
            continue;
        int rc = store_put(o->txn, TABLE_COUNTER, key_bytes(&k), key_bytes(&v));
        if (rc)
            return rc;
    }
    return s->inputs ? inputs_write(s->inputs, o->txn) : 0;
}

static void note(struct step *s, struct rec_input given) {
    if (s->inputs)
        inputs_note(s->inputs, &given);
}

static struct office *input(struct step *s, instant now, uint64_t seq) {
    struct office *o = &s->office;
    arena_reset(s->arena);
    recent_turn(s->recent);
    buf_clear(&s->result);
    o->now = o->said = o->since = now;
    o->boot = 0;
    o->seq = seq;
    o->new_rules = false;
    o->config = TEXT_NONE;
    o->reread = s->reread;
    o->zones_changed = false;
    o->moved = 0;
    o->id = o->owner = o->about = o->about_kind = TEXT_NONE;
    o->refusal = (struct complaint){.code = NULL};
    o->result_count = 0;
    return o;
}

static struct bytes result_map(struct step *s) {
    struct buf b;
    struct office *o = &s->office;
    if (!o->result_count)
        return (struct bytes){NULL, 0};
    buf_init(&b, RESULT_MAX + 16);
    pack_map(&b, o->result_count);
    buf_add(&b, s->result.p, s->result.n);
    must(!b.over && !s->result.over);
    struct bytes out = arena_bytes(s->arena, buf_as_bytes(&b));
    buf_free(&b);
    return out;
}

/* A sentence that was cut may end within a character; no record holds such a text. */
static struct text whole(const char *cut) {
    struct text t = text_of(cut);
    while (t.n && !text_is_utf8(t))
        t.n--;
    return t;
}

static int decide(struct step *s, const struct rec_event *e, const char *status) {
    struct office *o = &s->office;
    struct rec_decision d = {.seq = (int64_t)o->seq,
                             .owner = e->owner,
                             .id = e->id,
                             .type = e->type,
                             .status = text_of(status),
                             .about_kind = o->about_kind,
                             .about = o->about,
                             .received = e->received,
                             .at = o->now};
    if (o->refusal.code) {
        d.code = text_of(o->refusal.code);
        d.field = o->refusal.field[0] ? whole(o->refusal.field) : TEXT_NONE;
        d.text = whole(o->refusal.text);
    } else {
        d.result = result_map(s);
    }
    return office_put(o, TABLE_DECISION, key_no(o->seq), &d);
}

static int apply(struct office *o, const struct rec_event *e) {
    enum msg_type type;
    union any_msg *m = arena_take(o->arena, sizeof *m);
    uint64_t writes = txn_writes(o->txn);
    uint64_t counts[COUNT_COUNT];
    if (msg_find(e->type, &type))
        return refuse(o, "unknown-type", "type", "There is no message %.*s.", TEXT_ARGS(e->type));
    if (codec_decode_scanned(&msg_shapes[type], CODEC_STRICT, e->body, m, &o->refusal))
        return -EPROTO;
    memcpy(counts, o->counts, sizeof counts);
    int rc = handlers[type](o, m);
    if (rc == -EPROTO) { /* a refusal changes nothing */
        must(o->refusal.code);
        must(txn_writes(o->txn) == writes && memcmp(counts, o->counts, sizeof counts) == 0);
    }
    return rc;
}

static int read_event(struct office *o, struct bytes payload, struct rec_event *ret) {
    struct complaint c;
    return codec_decode(&rec_shapes[REC_EVENT], CODEC_STORED, arena_bytes(o->arena, payload), ret,
                        &c);
}

static int quarantine(struct step *s, instant now, uint64_t seq, struct bytes payload,
                      uint64_t crashes) {
    struct rec_event e;
    struct office *o = input(s, now, seq);
    struct rec_quarantined q = {
        .seq = (int64_t)seq, .at = now, .crashes = (int64_t)crashes, .event = payload};
    if (read_event(o, payload, &e))
        e = (struct rec_event){.owner = TEXT_LIT("unknown"),
                               .id = TEXT_LIT("unreadable"),
                               .type = TEXT_LIT("unknown"),
                               .received = now};
    int rc = office_put(o, TABLE_QUARANTINE, key_no(seq), &q);
    complain(&o->refusal, "wrong-state", "",
             "It was set aside: it made the service fall. Somebody looks at it.");
    office_count(o, COUNT_QUARANTINED);
    if (rc == 0)
        rc = morning_ask(o);
    if (rc == 0)
        rc = decide(s, &e, "quarantined");
    return rc ? rc : meta_put(o->txn, "position", seq);
}

static void note_event(struct step *s, instant now, uint64_t seq) {
    note(s, (struct rec_input){.kind = TEXT_LIT("event"), .now = now, .first = (int64_t)seq});
}

int step_event(struct step *s, instant now, uint64_t seq, struct bytes payload) {
    struct rec_event e;
    struct office *o = input(s, now, seq);
    int rc = read_event(o, payload, &e);
    if (rc) {
        note_event(s, now, seq);
        return quarantine(s, now, seq, payload, 0);
    }
    o->said = o->since = e.received < now ? e.received : now;
    o->id = e.id;
    o->owner = e.owner;
    rc = apply(o, &e);
    if (rc && rc != -EPROTO)
        return rc;
    note_event(s, now, seq);
    office_count(o, rc ? COUNT_REFUSED : COUNT_APPLIED);
    rc = decide(s, &e, rc ? "refused" : "applied");
    return rc ? rc : meta_put(o->txn, "position", seq);
}

int step_quarantine(struct step *s, instant now, uint64_t seq, struct bytes payload,
                    uint64_t crashes) {
    note(s, (struct rec_input){.kind = TEXT_LIT("aside"),
                               .now = now,
                               .first = (int64_t)seq,
                               .crashes = (int64_t)crashes});
    return quarantine(s, now, seq, payload, crashes);
}

int step_due(struct step *s, instant now, instant until) {
    struct office *o = input(s, now, 0);
    instant at;
    struct text word;
    struct key key;
    int rc = due_first(o, &at, &word, &key);
    if (rc || at > until)
        return rc ? rc : -ENOENT;
    note(s, (struct rec_input){.kind = TEXT_LIT("due"), .now = now, .until = until});
    for (unsigned i = 0; i < COUNT_OF(dues); i++) {
        if (!text_is(word, dues[i].word))
            continue;
        o->since = dues[i].from_then ? at : now;
        rc = dues[i].look_after(o, key);
        if (rc != -ENOENT && rc != -EPROTO)
            return rc;
    }
    /* what it was for is gone, or nobody looks after such things any more */
    char name[65];
    rc = text_copy(word, name, sizeof name);
    return rc ? rc : due_del(o, at, name, key);
}

int step_arm(struct step *s, instant now, msec boot, const struct frame_arm *arm, bool *ret_granted,
             msec *ret_until) {
    struct office *o = input(s, now, 0);
    bool held;
    o->boot = boot;
    *ret_granted = false;
    *ret_until = 0;
    note(s, (struct rec_input){.kind = TEXT_LIT("arm"),
                               .now = now,
                               .delivery = arm->delivery,
                               .attempt = arm->attempt,
                               .boot = arm->boot,
                               .readdressed = arm->readdressed,
                               .at_boot = boot,
                               .over = arm->over});
    int rc = halt_any(o->txn, &held);
    return rc || held ? rc : delivery_arm(o, arm, ret_granted, ret_until);
}

int step_result(struct step *s, instant now, const struct frame_result *result) {
    note(s, (struct rec_input){.kind = TEXT_LIT("result"),
                               .now = now,
                               .delivery = result->delivery,
                               .attempt = result->attempt,
                               .boot = result->boot,
                               .readdressed = result->readdressed,
                               .outcome = result->outcome,
                               .reply = result->reply,
                               .bounced = result->bounced,
                               .wait = result->wait});
    return delivery_result(input(s, now, 0), result);
}

int step_lost(struct step *s, instant now, uint64_t delivery) {
    note(s,
         (struct rec_input){.kind = TEXT_LIT("lost"), .now = now, .delivery = (int64_t)delivery});
    return delivery_lost(input(s, now, 0), delivery);
}

int step_home(struct step *s, const struct rec_input *home) {
    note(s, *home);
    return home_found(input(s, home->now, 0), home);
}

void step_config(struct step *s, instant now, struct text config) {
    note(s, (struct rec_input){.kind = TEXT_LIT("config"), .now = now, .config = config});
}

int step_inbox(struct step *s, instant now, uint64_t generation) {
    note(s,
         (struct rec_input){.kind = TEXT_LIT("inbox"), .now = now, .inbox = (int64_t)generation});
    return meta_put(input(s, now, 0)->txn, "generation", generation);
}

int step_hold(struct step *s, instant now, const char *hold, struct text reason) {
    note(s, (struct rec_input){
                .kind = TEXT_LIT("hold"), .now = now, .hold = text_of(hold), .reason = reason});
    return halt_begin(input(s, now, 0), hold, reason);
}

int step_unhold(struct step *s, instant now, const char *hold) {
    note(s, (struct rec_input){.kind = TEXT_LIT("unhold"), .now = now, .hold = text_of(hold)});
    uint64_t sheet;
    int rc = halt_end(input(s, now, 0), hold, &sheet);
    return rc == -ENOENT ? 0 : rc;
}

static int store_texts(struct office *o) {
    for (unsigned i = 0; i < o->rules->text_count; i++) {
        const struct letter_text *t = &o->rules->texts[i];
        int rc =
            office_mark(o, TABLE_TEXT, key1(text_of(t->hash)), (struct text){t->text, t->size});
        if (rc)
            return rc;
    }
    return 0;
}

/* For whoever looks at the queues: since when, and how many. */
static int count_moved(struct office *o, bool first, bool done) {
    uint64_t moved = 0;
    int rc = first ? 0 : meta_get(o->txn, "zones-moving", &moved);
    if (rc == 0)
        rc = meta_put(o->txn, "zones-moving", moved + o->moved);
    if (rc == 0 && done)
        rc = meta_put(o->txn, "zones-moved", moved + o->moved);
    return rc || !done ? rc : meta_put(o->txn, "zones-at", (uint64_t)o->now);
}

int step_rules(struct step *s, instant now, struct key *cursor, unsigned *table_no,
               bool *ret_done) {
    struct office *o = input(s, now, 0);
    uint64_t zones, rules;
    bool anew = !cursor->n && !*table_no;
    note(s, (struct rec_input){
                .kind = TEXT_LIT("rules"), .now = now, .anew = anew, .zones = (int64_t)s->zones});
    int rc = anew ? store_texts(o) : 0;
    o->new_rules = true;
    if (rc == 0)
        rc = meta_get(o->txn, "zones", &zones);
    if (rc == 0)
        rc = meta_get(o->txn, "rules", &rules);
    if (rc == 0)
        rc = meta_get(o->txn, "position", &o->applied);
    if (rc)
        return rc;
    o->config = rules != o->rules->version ? text_of(o->rules->name) : TEXT_NONE;
    o->zones_changed = s->zones && zones && zones != s->zones;
    rc = plan_derive_all(o, DERIVE_SLICE, cursor, table_no, ret_done);
    if (rc == 0 && o->zones_changed)
        rc = count_moved(o, anew, *ret_done);
    if (rc == 0 && *ret_done && s->zones && zones != s->zones)
        rc = meta_put(o->txn, "zones", s->zones);
    if (rc == 0 && *ret_done)
        rc = meta_put(o->txn, "rules", o->rules->version);
    o->zones_changed = false;
    return rc;
}

int step_next(struct step *s, instant *ret_next) {
    struct office *o = input(s, 0, 0);
    struct bytes key, value;
    struct text word;
    struct key k;
    instant due = 0;
    uint64_t try = 0;
    bool held;
    size_t at = 0;
    int rc = due_first(o, &due, &word, &k);
    if (rc == 0 || rc == -ENOENT)
        rc = halt_any(o->txn, &held);
    if (rc)
        return rc;
    rc = held ? -ENOENT : store_seek(o->txn, TABLE_OUTBOX, (struct bytes){"", 0}, &key, &value);
    if (rc && rc != -ENOENT)
        return rc;
    if (rc == 0)
        must(key_next_u64(key, &at, &try));
    *ret_next = !try || (due && due < (instant)try) ? due : (instant)try;
    return 0;
}
