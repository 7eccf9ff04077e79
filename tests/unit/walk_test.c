/* A random walk: legal and illegal messages, time, arms and results in any order, in a small world. After
 * every so many steps everything that must hold is looked at. A failure names the seed and the step; the
 * same seed walks the same way (SEED=, STEPS=, CHECK=every so many steps). */
/* service: scheduler */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/plan.h"
#include "tests/harness/trial.h"

#define STEPS_DEFAULT 20000
#define CHECK_DEFAULT 200
#define REMEMBERED 12
#define LINE 700

static struct {
    struct trial t;
    uint64_t seed, state;
    unsigned long step;
    instant received;
    unsigned made[256]; /* of each kind, by its letter: names go from 1 to here */
    char making;        /* the kind of which this message makes another one */
    char last[REMEMBERED][LINE];
    unsigned long lasts;
    unsigned long applied, refused, granted;
} w;

static void remember(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void remember(const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(w.last[w.lasts++ % REMEMBERED], LINE, fmt, ap);
    va_end(ap);
}

static void say_where(void) {
    fprintf(stderr, "\nSEED=%llu step %lu\n", (unsigned long long)w.seed, w.step);
    for (unsigned long i = w.lasts > REMEMBERED ? w.lasts - REMEMBERED : 0; i < w.lasts; i++)
        fprintf(stderr, "  %s\n", w.last[i % REMEMBERED]);
}

static void on_abort(int sig) {
    (void)sig;
    say_where();
    signal(SIGABRT, SIG_DFL);
    abort();
}

#define must_hold(cond, ...)                                                                       \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            say_where();                                                                           \
            fail_msg(__VA_ARGS__);                                                                 \
        }                                                                                          \
    } while (0)

/* ---- chance ---- */

static uint64_t draw(void) {
    uint64_t x = (w.state += 0x9e3779b97f4a7c15u);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static unsigned below(unsigned n) { return (unsigned)(draw() % n); }
static bool chance(unsigned percent) { return below(100) < percent; }

/* One of several texts of this turn. */
static const char *keep(const char *fmt, ...) PRINTF_LIKE(1, 2);
static const char *keep(const char *fmt, ...) {
    static char ring[64][300];
    static unsigned next;
    char *to = ring[next++ % 64];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(to, 300, fmt, ap);
    va_end(ap);
    return to;
}

static const char *one_of(unsigned n, const char *const *of) { return of[below(n)]; }
#define ONE_OF(...)                                                                                \
    one_of(COUNT_OF(((const char *const[]){__VA_ARGS__})), (const char *const[]){__VA_ARGS__})

/* One of the last few of a kind, seldom one that never was. */
static const char *thing(char kind, unsigned few) {
    unsigned made = w.made[(unsigned char)kind], first = made > few ? made - few + 1 : 1;
    if (chance(1) || !made)
        return keep("%c99999", kind);
    return keep("%c%u", kind, first + below(made < few ? made : few));
}
static const char *new_thing(char kind) {
    w.making = kind;
    return keep("%c%u", kind, w.made[(unsigned char)kind] + 1);
}

static const char *person(void) { return thing('p', 12); }
static const char *organisation(void) { return thing('o', 5); }
static const char *network(void) { return thing('n', 3); }
static const char *meeting(void) { return thing('m', 4); }
static const char *topic(void) { return ONE_OF("t1", "t2", "t2", "t9"); }

static const char *wall(int days_from, int days_to) {
    const struct zone *zone;
    char text[WALL_TEXT];
    must(zone_find(TEXT_LIT("Europe/Stockholm"), &zone) == 0);
    struct wall at = wall_add(zone_wall(zone, w.t.now),
                              days_from + (int)below((unsigned)(days_to - days_from)), 0);
    at.hour = (int)below(24);
    at.minute = (int)below(60);
    wall_format(at, text);
    return keep("%s", text);
}

static const char *date(void) { return keep("%.10s", wall(-5, 30)); }
static const char *maybe(const char *field) { return chance(40) ? field : ""; }
static const char *audience(void) {
    return ONE_OF("members", "members or function:f1", "group:g1", "pledge:x1 and members",
                  "region:r1 and not operators", "topic:t1 or lead", "members and not (p1", "audience",
                  "subscribers", "not members");
}

/* ---- what can be said ---- */

struct speech {
    unsigned weight;
    const char *type;
    const char *(*body)(void);
};

static const char *b_organisation(void) {
    return keep("{'organisation':'%s','name':'O','kind':'region','country':'SE'%s}",
                chance(60) ? new_thing('o') : organisation(), maybe(",'region':'r1'"));
}
static const char *b_organisation_update(void) {
    return keep("{'organisation':'%s','parent':'%s'}", organisation(), organisation());
}
static const char *b_organisation_merge(void) {
    return keep("{'organisation':'%s','into':'%s'}", organisation(), organisation());
}
static const char *b_organisation_close(void) {
    return keep("{'organisation':'%s'}", organisation());
}
static const char *b_person(void) {
    const char *p = chance(60) ? new_thing('p') : person();
    return keep("{'person':'%s','name':'N','email':'%s@x.example','language':'sv','organisation':'%s'%s}",
                p, chance(10) ? "p1" : p, organisation(), maybe(",'functions':['f1']"));
}
static const char *b_person_update(void) {
    return keep("{'person':'%s','email':'%s@y.example','organisations':['%s','%s']}", person(),
                person(), organisation(), organisation());
}
static const char *b_person_merge(void) {
    return keep("{'person':'%s','into':'%s'}", person(), person());
}
static const char *b_person_only(void) { return keep("{'person':'%s'}", person()); }
static const char *b_flag(void) {
    return keep("{'person':'%s','on':%s}", person(), chance(25) ? "true" : "false");
}
static const char *b_preference(void) {
    return keep("{'person':'%s','%s,'on':%s}", person(),
                chance(80) ? "class':'news'" : "topic':'t1'", chance(50) ? "true" : "false");
}
static const char *b_quiet(void) {
    return keep("{'person':'%s','from':'2%u:00','to':'0%u:30'}", person(), below(6), below(9));
}
static const char *b_network(void) {
    return keep("{'network':'%s','name':'Net','host':'%s','lead':'%s','zone':'%s',"
                "'topics':[{'topic':'t1','name':'T1'},{'topic':'t2','name':'T2'}]}",
                chance(80) ? new_thing('n') : network(), organisation(), person(),
                ONE_OF("Europe/Stockholm", "Europe/Copenhagen", "Europe/Nowhere"));
}
static const char *b_network_only(void) { return keep("{'network':'%s'}", network()); }
static const char *b_request(void) {
    if (chance(50))
        return keep("{'network':'%s','person':'%s'%s}", network(), person(), maybe(",'topics':['t1']"));
    return keep("{'network':'%s','name':'New','email':'%s@x.example','language':'en'}", network(),
                person());
}
static const char *b_confirm(void) {
    char token[TOKEN_MAX];
    const char *n = network(), *p = person();
    must(token_make(&w.t.links, TEXT_LIT("membership.confirm"), text_of(n), text_of(p),
                    TEXT_LIT(""), w.t.now + (chance(80) ? DAYS : -DAYS), token) == 0);
    return keep("{'token':'%s'}", chance(90) ? token : "forged");
}
static const char *b_grant(void) {
    return chance(70) ? keep("{'network':'%s','person':'%s','source':'s','topics':['%s']}", network(),
                             person(), topic())
                      : keep("{'network':'%s','organisation':'%s','source':'s'}", network(),
                             organisation());
}
static const char *b_end(void) {
    return keep("{'network':'%s','%s'}", network(),
                chance(70) ? keep("person':'%s", person()) : keep("organisation':'%s", organisation()));
}
static const char *b_pledge(void) {
    return keep("{'organisation':'%s','pledge':'x1','years':[2022]}", organisation());
}
static const char *b_group(void) { return keep("{'group':'g%u','name':'G'}", 1 + below(2)); }
static const char *b_group_person(void) {
    return keep("{'group':'g%u','person':'%s'}", 1 + below(2), person());
}
static const char *b_plan(void) {
    const char *mode = ONE_OF("room", "video", "hybrid", "undecided");
    unsigned minimum = below(3);
    return keep("{'meeting':'%s','network':'%s','kind':'network','title':'M','starts':'%s',"
                "'minutes':%u,'mode':'%s','audience':'%s','link':'https://v.example/m'%s%s%s}",
                new_thing('m'), network(), wall(-1, 25), 5 + below(600), mode, audience(),
                chance(80) ? keep(",'capacity':%u", (minimum ? minimum : 1) + below(3)) : "",
                minimum ? keep(",'minimum':%u,'decide_by':'%s'", minimum, wall(0, 6)) : "",
                chance(40) ? keep(",'registration_closes':'%s'", wall(-1, 10)) : "");
}
static const char *b_meeting_update(void) {
    return keep("{'meeting':'%s'%s%s}", meeting(),
                chance(60) ? keep(",'capacity':%u", 1 + below(8)) : "",
                chance(30) ? keep(",'registration_closes':'%s'", wall(-2, 20)) : "");
}
static const char *b_meeting_only(void) { return keep("{'meeting':'%s'}", meeting()); }
static const char *b_move(void) {
    return keep("{'meeting':'%s','starts':'%s'%s%s}", meeting(), wall(-1, 30),
                maybe(",'minutes':90"), chance(20) ? ",'zone':'Europe/Helsinki'" : "");
}
static const char *b_mode(void) {
    return keep("{'meeting':'%s','mode':'%s'%s}", meeting(),
                ONE_OF("room", "video", "hybrid", "undecided"), maybe(",'place':'Here'"));
}
static const char *b_decide(void) {
    return keep("{'meeting':'%s','decision':'%s'%s%s}", meeting(), ONE_OF("go", "video", "postpone"),
                chance(60) ? keep(",'starts':'%s'", wall(0, 30)) : "", maybe(",'mode':'hybrid'"));
}
static const char *b_cancel(void) { return keep("{'meeting':'%s','reason':'R'}", meeting()); }
static const char *b_registration(void) {
    return keep("{'meeting':'%s','person':'%s'%s}", meeting(), person(),
                chance(30) ? keep(",'mode':'%s'", ONE_OF("room", "video")) : "");
}
/* Mostly somebody who said something about the meeting. */
static const char *b_registration_only(void) {
    const char *m = meeting(), *p = person();
    struct key first = key1(text_of(m)), from = key2(text_of(m), text_of(p));
    struct bytes key, value;
    if (chance(80) && store_seek(w.t.txn, TABLE_REGISTRATION, key_bytes(&from), &key, &value) == 0 &&
        key_has_prefix(key, &first)) {
        struct text who;
        size_t at = first.n;
        must(key_next_text(key, &at, &who));
        p = keep("%.*s", TEXT_ARGS(who));
    }
    return keep("{'meeting':'%s','person':'%s'}", m, p);
}
static const char *b_answer(void) {
    return keep("{'meeting':'%s','person':'%s','answer':'%s'}", meeting(), person(),
                ONE_OF("yes", "no", "maybe"));
}
static const char *b_attendance(void) {
    return keep("{'meeting':'%s','entries':[{'person':'%s','minutes':60},{'person':'%s','minutes':%u}]}",
                meeting(), person(), person(), below(2) * 30);
}
static const char *b_expect(void) {
    return keep("{'material':'%s','meeting':'%s','from':'%s','due':'%s'}", chance(80) ? new_thing('a') : thing('a', 4), meeting(),
                person(), date());
}
static const char *b_publish(void) {
    return keep("{'material':'%s','%s','kind':'%s','title':'T','visibility':'public',"
                "'link':'https://x.example/a'}",
                thing('a', 4),
                chance(60) ? keep("meeting':'%s", meeting()) : keep("network':'%s", network()),
                ONE_OF("presentation", "recording"));
}
static const char *b_material(void) { return keep("{'material':'%s'}", thing('a', 4)); }
static const char *b_idea(void) {
    return keep("{'idea':'%s','network':'%s','text':'I'%s}", chance(80) ? new_thing('i') : thing('i', 4), network(),
                chance(80) ? keep(",'person':'%s'", person()) : "");
}
static const char *b_idea_text(void) { return keep("{'idea':'%s','text':'A'}", thing('i', 4)); }
static const char *b_promote(void) {
    return chance(50) ? keep("{'idea':'%s','to':'topic','topic':'%s'}", thing('i', 4), topic())
                      : keep("{'idea':'%s','to':'case'}", thing('i', 4));
}
static const char *b_idea_only(void) { return keep("{'idea':'%s'}", thing('i', 4)); }
static const char *b_support(void) {
    return keep("{'case':'%s','network':'%s','person':'%s','text':'S'}", chance(80) ? new_thing('c') : thing('c', 4), network(),
                person());
}
static const char *b_assign(void) {
    return keep("{'case':'%s','person':'%s'%s}", thing('c', 4), person(),
                chance(50) ? keep(",'next_step_by':'%s'", date()) : "");
}
static const char *b_case_text(void) { return keep("{'case':'%s','text':'A'}", thing('c', 4)); }
static const char *b_case_only(void) { return keep("{'case':'%s'}", thing('c', 4)); }
static const char *b_poll(void) {
    return keep("{'poll':'%s','network':'%s','question':'Q','closes':'%s','audience':'%s',"
                "'options':[{'option':'x','text':'X'},{'option':'y','text':'Y'}]}",
                chance(80) ? new_thing('q') : thing('q', 4), network(), wall(-1, 9), audience());
}
static const char *b_vote(void) {
    return keep("{'poll':'%s','person':'%s','option':'%s'}", thing('q', 4), person(),
                ONE_OF("x", "y", "z"));
}
static const char *b_poll_only(void) { return keep("{'poll':'%s'}", thing('q', 4)); }
static const char *b_reason(void) { return "{'reason':'R'}"; }
static int64_t any_row(void) {
    uint64_t n = trial_count(&w.t, COUNT_LEDGER);
    return 1 + (n ? (int64_t)(n - 1 - draw() % (n < 60 ? n : 60)) : 0);
}
static const char *b_delivery(void) { return keep("{'delivery':%lld}", (long long)any_row()); }
static const char *b_settle(void) {
    return keep("{'delivery':%lld,'outcome':'%s'}", (long long)any_row(), ONE_OF("sent", "not-sent"));
}
static const char *b_skip(void) {
    struct rec_meeting m;
    struct bytes value;
    const char *id = meeting();
    struct key k = key1(text_of(id));
    if (store_get(w.t.txn, TABLE_MEETING, key_bytes(&k), &value))
        return "{'plan':'meeting/none/none/0/none'}";
    trial_get(&w.t, TABLE_MEETING, k, &m);
    return keep("{'plan':'meeting/%s/meeting-day-before/0/starts=%.*s'}", id, TEXT_ARGS(m.starts));
}

static const struct speech speeches[] = {
    {6, "organisation.register", b_organisation},
    {6, "organisation.update", b_organisation_update},
    {1, "organisation.merge", b_organisation_merge},
    {1, "organisation.close", b_organisation_close},
    {24, "person.register", b_person},
    {24, "person.update", b_person_update},
    {1, "person.merge", b_person_merge},
    {1, "person.erase", b_person_only},
    {2, "person.protect", b_flag},
    {4, "person.restrict", b_flag},
    {24, "preference.set", b_preference},
    {12, "quiet.set", b_quiet},
    {6, "network.open", b_network},
    {1, "network.close", b_network_only},
    {48, "membership.request", b_request},
    {48, "membership.confirm", b_confirm},
    {60, "membership.grant", b_grant},
    {24, "membership.end", b_end},
    {12, "pledge.record", b_pledge},
    {6, "group.create", b_group},
    {24, "group.add", b_group_person},
    {12, "group.remove", b_group_person},
    {54, "meeting.plan", b_plan},
    {48, "meeting.update", b_meeting_update},
    {96, "meeting.call", b_meeting_only},
    {48, "meeting.move", b_move},
    {36, "meeting.set_mode", b_mode},
    {30, "meeting.decide", b_decide},
    {2, "meeting.cancel", b_cancel},
    {18, "meeting.record", b_meeting_only},
    {360, "registration.make", b_registration},
    {60, "registration.change", b_registration},
    {84, "registration.cancel", b_registration_only},
    {120, "registration.answer", b_answer},
    {60, "registration.accept_offer", b_registration_only},
    {36, "registration.decline_offer", b_registration_only},
    {18, "attendance.record", b_attendance},
    {24, "material.expect", b_expect},
    {30, "material.publish", b_publish},
    {2, "material.withdraw", b_material},
    {18, "idea.send", b_idea},
    {12, "idea.answer", b_idea_text},
    {12, "idea.promote", b_promote},
    {1, "idea.close", b_idea_only},
    {18, "support.request", b_support},
    {18, "support.assign", b_assign},
    {12, "support.answer", b_case_text},
    {6, "support.note", b_case_text},
    {1, "support.close", b_case_only},
    {24, "poll.open", b_poll},
    {60, "poll.answer", b_vote},
    {1, "poll.close", b_poll_only},
    {1, "sending.pause", b_reason},
    {30, "sending.resume", b_reason},
    {18, "delivery.retry", b_delivery},
    {2, "delivery.withdraw", b_delivery},
    {12, "delivery.settle", b_settle},
    {12, "plan.skip", b_skip},
};

static bool has_meeting(const char *id, struct rec_meeting *ret) {
    struct key k = key1(text_of(id));
    struct bytes value;
    if (store_get(w.t.txn, TABLE_MEETING, key_bytes(&k), &value))
        return false;
    trial_get(&w.t, TABLE_MEETING, k, ret);
    return true;
}

/* More places than there are only when the mode makes those who follow by video take one. */
static void check_places(const char *type, const struct rec_meeting *before, const char *id) {
    struct rec_meeting m;
    if (!has_meeting(id, &m) || strcmp(type, "meeting.set_mode") == 0 ||
        strcmp(type, "meeting.decide") == 0)
        return;
    must_hold(!m.capacity || m.registered <= m.capacity || m.registered <= before->registered,
              "%s: %lld places of %lld are taken", id, (long long)m.registered,
              (long long)m.capacity);
}

static void say_something(void) {
    static unsigned total;
    if (!total)
        for (unsigned i = 0; i < COUNT_OF(speeches); i++)
            total += speeches[i].weight;
    unsigned at = below(total), i = 0;
    while (at >= speeches[i].weight)
        at -= speeches[i++].weight;
    w.making = 0;
    const char *body = speeches[i].body();
    const char *named = strstr(body, "'meeting':'");
    struct rec_meeting before = {.registered = 0};
    char id[32] = "none";
    if (named)
        snprintf(id, sizeof id, "%.*s", (int)strcspn(named + 11, "'"), named + 11);
    (void)has_meeting(id, &before);
    instant earliest = w.t.now - 2 * HOURS > w.received ? w.t.now - 2 * HOURS : w.received;
    w.received = chance(80) ? w.t.now : earliest + (instant)(draw() % (uint64_t)(w.t.now - earliest + 1));
    remember("%lld %s %s", (long long)w.received, speeches[i].type, body);
    const char *code = trial_said(&w.t, w.received, speeches[i].type, "%s", body);
    remember("    -> %s %s", code, w.t.refusal.code ? w.t.refusal.text : "");
    w.applied += strcmp(code, "applied") == 0;
    w.made[(unsigned char)w.making] += strcmp(code, "applied") == 0;
    w.refused += strcmp(code, "applied") != 0;
    check_places(speeches[i].type, &before, id);
}

/* ---- time and letters ---- */

static void let_time_pass(void) {
    static const msec spans[] = {1, MINUTES, 5 * MINUTES, HOURS, 3 * HOURS, 12 * HOURS};
    msec by = (msec)(draw() % (uint64_t)spans[below(COUNT_OF(spans))]) + 1;
    w.t.now += by;
    w.t.boot += by;
    remember("%lld now", (long long)w.t.now);
    if (chance(80)) {
        trial_fire(&w.t);
        return;
    }
    for (unsigned i = below(4); i > 0; i--) { /* fell over in between */
        int rc = step_due(&w.t.step, w.t.now, w.t.now);
        must_hold(rc == 0 || rc == -ENOENT, "step_due: %d", rc);
    }
}

/* Whoever is waited for may go, unless something forbids it. */
static void check_grant(int64_t no) {
    struct rec_ledger row;
    struct rec_person p;
    trial_get(&w.t, TABLE_LEDGER, key_no((uint64_t)no), &row);
    trial_get(&w.t, TABLE_PERSON, key1(row.person), &p);
    must_hold(text_is(row.state, "armed"), "%lld granted and %.*s", (long long)no,
              TEXT_ARGS(row.state));
    must_hold(!row.useful || row.useful >= w.t.now, "%lld left past its use", (long long)no);
    must_hold(!p.protected && !p.restricted && text_is(p.state, "active"), "%lld left for %.*s",
              (long long)no, TEXT_ARGS(row.person));
    if (row.told) {
        struct rec_meeting m;
        trial_get(&w.t, TABLE_MEETING, key1(row.about), &m);
        must_hold(row.told == m.revision + 1, "%lld left with an old time", (long long)no);
    }
}

static int64_t any_waiting(void) {
    struct key from = key_no(0);
    struct bytes key, value;
    uint64_t due, no = 0;
    for (unsigned skip = below(4); store_seek(w.t.txn, TABLE_OUTBOX, key_bytes(&from), &key, &value) == 0;
         skip--) {
        size_t at = 0;
        must(key_next_u64(key, &at, &due) && key_next_u64(key, &at, &no));
        if (skip == 0)
            break;
        from = key_no(due);
        key_u64(&from, no + 1);
    }
    return (int64_t)no;
}

static void ask_to_arm(void) {
    int64_t no = chance(90) ? any_waiting() : any_row();
    struct key k = key_no((uint64_t)no);
    struct bytes value;
    struct rec_ledger row;
    if (store_get(w.t.txn, TABLE_LEDGER, key_bytes(&k), &value))
        return;
    trial_get(&w.t, TABLE_LEDGER, k, &row);
    int64_t attempt = row.attempts + (chance(90) ? 1 : (int64_t)below(3));
    if (attempt < 1)
        attempt = 1;
    remember("arm %lld attempt %lld", (long long)no, (long long)attempt);
    if (!trial_arm(&w.t, no, attempt))
        return;
    w.granted++;
    if (!text_is(row.state, "armed")) /* said again is granted as before */
        check_grant(no);
}

static void report(void) {
    struct bytes key, value;
    struct key from = key_no(0);
    struct rec_ledger row;
    uint64_t no = 0;
    size_t at = 0;
    if (chance(85) && store_seek(w.t.txn, TABLE_ARMED, key_bytes(&from), &key, &value) == 0)
        must(key_next_u64(key, &at, &no));
    else
        no = (uint64_t)any_row();
    struct key k = key_no(no);
    if (store_get(w.t.txn, TABLE_LEDGER, key_bytes(&k), &value))
        return;
    trial_get(&w.t, TABLE_LEDGER, k, &row);
    if (chance(8)) {
        remember("lost %llu", (unsigned long long)no);
        int rc = step_lost(&w.t.step, w.t.now, no);
        must_hold(rc == 0, "step_lost: %d", rc);
        return;
    }
    const char *outcome = ONE_OF("accepted", "accepted", "accepted", "deferred", "deferred",
                                 "failed", "bounced", "unknown", "released");
    int64_t attempt = chance(85) ? row.attempts : row.attempts + 1;
    remember("result %llu attempt %lld %s", (unsigned long long)no, (long long)attempt, outcome);
    if (attempt)
        trial_result(&w.t, (int64_t)no, attempt, outcome);
    if (attempt && chance(10)) /* and said again */
        trial_result(&w.t, (int64_t)no, attempt, outcome);
}

/* ---- what must hold ---- */

typedef void row_fn(struct bytes key, struct bytes value);

static unsigned each(enum table table, row_fn *fn) {
    struct key from = {.n = 0};
    struct bytes key, value;
    unsigned n = 0;
    int rc;
    while ((rc = store_seek(w.t.txn, table, key_bytes(&from), &key, &value)) == 0) {
        struct key at = {.n = key.n};
        memcpy(at.b, key.p, key.n);
        from = at;
        from.b[from.n++] = 0;
        if (fn)
            fn(key_bytes(&at), value);
        n++;
    }
    must_hold(rc == -ENOENT, "%s: %d", table_infos[table].name, rc);
    return n;
}

static void read_row(enum table table, struct bytes value, void *ret) {
    struct complaint c;
    struct bytes copy = arena_bytes(w.t.arena, value);
    must_hold(codec_decode(&rec_shapes[table_infos[table].record], CODEC_LENIENT, copy, ret, &c) == 0,
              "%s: %s: %s", table_infos[table].name, c.field, c.text);
}

static bool there(enum table table, struct key key, struct bytes *ret_value) {
    struct bytes value;
    return store_get(w.t.txn, table, key_bytes(&key), ret_value ? ret_value : &value) == 0;
}

static struct {
    unsigned waiting, dues, outbox, armed, votes;
    uint64_t states[COUNT_COUNT], open;
} seen;

static void due_is(instant at, const char *word, struct key key) {
    struct key k = key_no((uint64_t)at);
    key_text(&k, text_of(word));
    memcpy(k.b + k.n, key.b, key.n);
    k.n += key.n;
    must_hold(there(TABLE_DUE, k, NULL), "%s at %lld is not due", word, (long long)at);
    seen.dues++;
}

static void check_registration(struct bytes key, struct bytes value) {
    struct rec_registration r;
    struct rec_meeting m;
    (void)key;
    read_row(TABLE_REGISTRATION, value, &r);
    trial_get(&w.t, TABLE_MEETING, key1(r.meeting), &m);
    if (text_is(r.state, "waiting")) {
        struct bytes who;
        struct key k = key1(r.meeting);
        key_u64(&k, (uint64_t)r.queue);
        must_hold(there(TABLE_WAITING, k, &who) &&
                      text_eq((struct text){who.p, who.n}, r.person),
                  "%.*s waits for %.*s, and is not on the list", TEXT_ARGS(r.person),
                  TEXT_ARGS(r.meeting));
        seen.waiting++;
    }
    must_hold(text_is(r.state, "offered") == (r.offer_expires != 0), "%.*s is %.*s with an offer",
              TEXT_ARGS(r.person), TEXT_ARGS(r.state));
    if (r.offer_expires)
        due_is(r.offer_expires, "offer", key2(r.meeting, r.person));
    must_hold(there(TABLE_REGISTERED_FOR, key2(r.person, r.meeting), NULL), "not indexed");
}

static void check_meeting(struct bytes key, struct bytes value) {
    struct rec_meeting m;
    struct key prefix, from;
    struct bytes k, v;
    int64_t registered = 0, waiting = 0;
    (void)key;
    read_row(TABLE_MEETING, value, &m);
    prefix = from = key1(m.meeting);
    while (store_seek(w.t.txn, TABLE_REGISTRATION, key_bytes(&from), &k, &v) == 0 &&
           key_has_prefix(k, &prefix)) {
        struct rec_registration r;
        memcpy(from.b, k.p, k.n);
        from.n = k.n;
        from.b[from.n++] = 0;
        read_row(TABLE_REGISTRATION, v, &r);
        bool video = text_is(m.mode, "hybrid") && text_is(r.mode, "video");
        registered += (text_is(r.state, "registered") || text_is(r.state, "offered")) && !video;
        waiting += text_is(r.state, "waiting");
    }
    must_hold(m.registered == registered && m.waiting == waiting,
              "%.*s counts %lld and %lld, there are %lld and %lld", TEXT_ARGS(m.meeting),
              (long long)m.registered, (long long)m.waiting, (long long)registered,
              (long long)waiting);
    bool ahead = office_wall(&w.t.step.office, m.starts, m.zone) > w.t.now;
    must_hold(!waiting || !text_is(m.state, "called") || !ahead ||
                  (m.capacity && registered >= m.capacity),
              "%.*s has a free place and %lld who wait", TEXT_ARGS(m.meeting), (long long)waiting);
}

static void check_membership(struct bytes key, struct bytes value) {
    struct rec_membership m;
    (void)key;
    read_row(TABLE_MEMBERSHIP, value, &m);
    must_hold(text_is(m.state, "requested") == (m.lapses != 0), "membership %.*s of %.*s and lapses",
              TEXT_ARGS(m.state), TEXT_ARGS(m.person));
    if (m.lapses)
        due_is(m.lapses, "lapse", key2(m.network, m.person));
}

static unsigned votes_of(struct text poll) {
    struct key prefix = key1(poll), from = prefix;
    struct bytes k, v;
    unsigned n = 0;
    while (store_seek(w.t.txn, TABLE_POLL_ANSWER, key_bytes(&from), &k, &v) == 0 &&
           key_has_prefix(k, &prefix)) {
        memcpy(from.b, k.p, k.n);
        from.n = k.n;
        from.b[from.n++] = 0;
        n++;
    }
    return n;
}

static void check_poll(struct bytes key, struct bytes value) {
    struct rec_poll p;
    struct text option;
    int64_t n, sum = 0;
    (void)key;
    read_row(TABLE_POLL, value, &p);
    struct list votes = p.votes;
    while (codec_next_pair_int(&votes, &option, &n))
        sum += n;
    must_hold(sum == votes_of(p.poll), "poll %.*s counts %lld", TEXT_ARGS(p.poll), (long long)sum);
    if (text_is(p.state, "open"))
        due_is(office_wall(&w.t.step.office, p.closes, p.zone), "poll", key1(p.poll));
}

static void check_plan(struct bytes key, struct bytes value) {
    struct rec_plan p;
    struct key k;
    read_row(TABLE_PLAN, value, &p);
    k = plan_key(&p);
    must_hold(bytes_eq(key, key_bytes(&k)), "a plan under another key");
    if (text_is(p.state, "planned") || text_is(p.state, "firing"))
        due_is(p.due, "plan", k);
}

static void check_ledger(struct bytes key, struct bytes value) {
    static const struct {
        const char *state;
        enum count count;
    } ends[] = {{"accepted", COUNT_ENDED_ACCEPTED},     {"failed", COUNT_ENDED_FAILED},
                {"expired", COUNT_ENDED_EXPIRED},       {"withdrawn", COUNT_ENDED_WITHDRAWN},
                {"suppressed", COUNT_ENDED_SUPPRESSED}, {"superseded", COUNT_ENDED_SUPERSEDED},
                {"missed", COUNT_ENDED_MISSED},         {"not-due", COUNT_ENDED_NOT_DUE}};
    struct rec_ledger row;
    struct bytes no;
    bool ended = false;
    (void)key;
    read_row(TABLE_LEDGER, value, &row);
    struct key mine = key_no((uint64_t)row.no), person = key1(row.person),
               about = key2(row.about_kind, row.about), outbox = key_no((uint64_t)row.next_try);
    key_u64(&person, (uint64_t)row.no);
    key_u64(&about, (uint64_t)row.no);
    key_u64(&outbox, (uint64_t)row.no);
    must_hold(there(TABLE_FIRED, key1(row.key), &no) && bytes_eq(no, key_bytes(&mine)),
              "%lld: its occurrence leads elsewhere", (long long)row.no);
    must_hold(there(TABLE_LEDGER_PERSON, person, NULL) && there(TABLE_LEDGER_ABOUT, about, NULL),
              "%lld is not indexed", (long long)row.no);
    must_hold(there(TABLE_OCCASION, key_no((uint64_t)row.occasion), NULL), "%lld has no occasion",
              (long long)row.no);
    for (unsigned i = 0; i < COUNT_OF(ends); i++)
        if (text_is(row.state, ends[i].state)) {
            seen.states[ends[i].count]++;
            ended = true;
        }
    seen.open += !ended;
    must_hold(ended == (row.ended != 0), "%lld is %.*s, ended %lld", (long long)row.no,
              TEXT_ARGS(row.state), (long long)row.ended);
    if (ledger_is_waiting(&row)) {
        must_hold(there(TABLE_OUTBOX, outbox, NULL), "%lld is not in the outbox", (long long)row.no);
        seen.outbox++;
    }
    if (text_is(row.state, "armed")) {
        must_hold(there(TABLE_ARMED, mine, NULL), "%lld has no arm", (long long)row.no);
        seen.armed++;
    }
}

static void check_counters(unsigned rows) {
    uint64_t ends = 0;
    for (unsigned c = COUNT_ENDED_ACCEPTED; c <= COUNT_ENDED_NOT_DUE; c++) {
        uint64_t count = trial_count(&w.t, (enum count)c);
        must_hold(count == seen.states[c], "counter %u is %llu, there are %llu", c,
                  (unsigned long long)count, (unsigned long long)seen.states[c]);
        ends += count;
    }
    must_hold(trial_count(&w.t, COUNT_FIRED) == ends + seen.open &&
                  trial_count(&w.t, COUNT_FIRED) == rows,
              "%llu fired, %llu ended, %llu open, %u rows",
              (unsigned long long)trial_count(&w.t, COUNT_FIRED), (unsigned long long)ends,
              (unsigned long long)seen.open, rows);
}

static void check_person(struct bytes key, struct bytes value) {
    struct rec_person p;
    struct text organisation_id;
    (void)key;
    read_row(TABLE_PERSON, value, &p);
    struct list list = p.organisations;
    while (codec_next_text(&list, &organisation_id))
        must_hold(there(TABLE_STAFF, key2(organisation_id, p.person), NULL), "%.*s is no staff",
                  TEXT_ARGS(p.person));
    must_hold(text_is(p.state, "active") || (!p.email.p && !p.name.p), "%.*s is %.*s with an address",
              TEXT_ARGS(p.person), TEXT_ARGS(p.state));
}

static void check_told(struct bytes key, struct bytes value) {
    struct rec_meeting m;
    struct text id, who;
    size_t at = 0, at_value = 0;
    uint64_t revision;
    must(key_next_text(key, &at, &id) && key_next_text(key, &at, &who) &&
         key_next_u64(value, &at_value, &revision));
    trial_get(&w.t, TABLE_MEETING, key1(id), &m);
    must_hold(revision <= (uint64_t)m.revision + 1, "%.*s was told what is to come", TEXT_ARGS(who));
}

/* Every plan is what would be made of its subject now: deriving again writes nothing. */
static void check_derived(void) {
    struct key cursor = {.n = 0};
    unsigned table = 0;
    bool done = false;
    uint64_t writes = txn_writes(w.t.txn);
    while (!done)
        must(step_rules(&w.t.step, w.t.now, &cursor, &table, &done) == 0);
    must_hold(txn_writes(w.t.txn) - writes == w.t.rules.text_count + 1,
              "deriving again wrote %llu rows",
              (unsigned long long)(txn_writes(w.t.txn) - writes - w.t.rules.text_count - 1));
}

static void check_all(void) {
    memset(&seen, 0, sizeof seen);
    arena_reset(w.t.arena);
    (void)each(TABLE_REGISTRATION, check_registration);
    (void)each(TABLE_MEETING, check_meeting);
    (void)each(TABLE_MEMBERSHIP, check_membership);
    (void)each(TABLE_POLL, check_poll);
    (void)each(TABLE_PERSON, check_person);
    (void)each(TABLE_PLAN, check_plan);
    (void)each(TABLE_TOLD, check_told);
    unsigned rows = each(TABLE_LEDGER, check_ledger);
    must_hold(each(TABLE_WAITING, NULL) == seen.waiting, "the waiting list holds others");
    must_hold(each(TABLE_DUE, NULL) == seen.dues, "more is due than there is");
    must_hold(each(TABLE_OUTBOX, NULL) == seen.outbox, "the outbox holds others");
    must_hold(each(TABLE_ARMED, NULL) == seen.armed, "arms without letters");
    must_hold(each(TABLE_FIRED, NULL) == rows, "%u rows under other occurrences", rows);
    must_hold(each(TABLE_LEDGER_PERSON, NULL) == rows && each(TABLE_LEDGER_ABOUT, NULL) == rows,
              "indexes of the ledger");
    check_counters(rows);
    check_derived();
}

/* ---- the walk ---- */

static unsigned long number(const char *name, unsigned long fallback) {
    const char *s = getenv(name);
    return s ? strtoul(s, NULL, 10) : fallback;
}

static void found(void) {
    for (unsigned i = 1; i <= 5; i++)
        trial_do(&w.t, "organisation.register",
                        "{'organisation':'o%u','name':'O','kind':'region','country':'SE','region':'r1'}", i);
    for (unsigned i = 1; i <= 12; i++)
        trial_do(&w.t, "person.register",
                 "{'person':'p%u','name':'N','email':'p%u@x.example','language':'da',"
                 "'organisation':'o%u','functions':['f%u']}",
                 i, i, 1 + i % 5, i % 3);
    for (unsigned i = 1; i <= 3; i++) {
        trial_do(&w.t, "network.open",
                 "{'network':'n%u','name':'Net','host':'o1','lead':'p%u','zone':'Europe/Stockholm',"
                 "'topics':[{'topic':'t1','name':'T1'},{'topic':'t2','name':'T2'}]}",
                 i, i);
        for (unsigned p = i; p <= 12; p += 2)
            trial_do(&w.t, "membership.grant", "{'network':'n%u','person':'p%u','source':'s'}", i, p);
    }
    w.made['o'] = 5;
    w.made['p'] = 12;
    w.made['n'] = 3;
    for (unsigned i = 1; i <= 2; i++)
        trial_do(&w.t, "group.create", "{'group':'g%u','name':'G'}", i);
}

static void test_walk(void **context) {
    unsigned long steps = number("STEPS", STEPS_DEFAULT), check = number("CHECK", CHECK_DEFAULT);
    (void)context;
    w.seed = w.state = number("SEED", (unsigned long)time(NULL));
    printf("SEED=%llu STEPS=%lu\n", (unsigned long long)w.seed, steps);
    fflush(stdout);
    signal(SIGABRT, on_abort);
    trial_open(&w.t, NULL, "2022-01-03T08:00");
    w.t.settings.fire_slice = 3;
    w.received = w.t.now;
    found();
    for (w.step = 1; w.step <= steps; w.step++) {
        unsigned what = below(100);
        if (what < 55)
            say_something();
        else if (what < 67)
            let_time_pass();
        else if (what < 84)
            ask_to_arm();
        else
            report();
        if (w.step % check == 0)
            check_all();
        if (w.step % 1000 == 0)
            trial_commit(&w.t);
    }
    printf("%lu applied, %lu refused, %llu letters, %lu armed\n", w.applied, w.refused,
           (unsigned long long)trial_count(&w.t, COUNT_FIRED), w.granted);
    check_all();
    trial_close(&w.t);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_walk)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
