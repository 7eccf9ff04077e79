#include "tests/harness/walk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct walk walk;

void walk_remember(const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(walk.last[walk.lasts++ % WALK_REMEMBERED], WALK_LINE, fmt, ap);
    va_end(ap);
}

void walk_say_where(void) {
    fprintf(stderr, "\nSEED=%llu step %lu\n", (unsigned long long)walk.seed, walk.step);
    for (unsigned long i = walk.lasts > WALK_REMEMBERED ? walk.lasts - WALK_REMEMBERED : 0;
         i < walk.lasts; i++)
        fprintf(stderr, "  %s\n", walk.last[i % WALK_REMEMBERED]);
}

/* ---- chance ---- */

uint64_t walk_draw(void) {
    uint64_t x = (walk.state += 0x9e3779b97f4a7c15u);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

unsigned walk_below(unsigned n) {
    return (unsigned)(walk_draw() % n);
}
bool walk_chance(unsigned percent) {
    return walk_below(100) < percent;
}

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

static const char *one_of(unsigned n, const char *const *of) {
    return of[walk_below(n)];
}
#define ONE_OF(...)                                                                                \
    one_of(COUNT_OF(((const char *const[]){__VA_ARGS__})), (const char *const[]){__VA_ARGS__})

/* One of the last few of a kind, seldom one that never was. */
static const char *thing(char kind, unsigned few) {
    unsigned made = walk.made[(unsigned char)kind], first = made > few ? made - few + 1 : 1;
    if (walk_chance(1) || !made)
        return keep("%c99999", kind);
    return keep("%c%u", kind, first + walk_below(made < few ? made : few));
}
static const char *new_thing(char kind) {
    walk.making = kind;
    return keep("%c%u", kind, walk.made[(unsigned char)kind] + 1);
}

static const char *person(void) {
    return thing('p', 12);
}
static const char *organisation(void) {
    return thing('o', 5);
}
static const char *network(void) {
    return thing('n', 3);
}
static const char *meeting(void) {
    return thing('m', 4);
}
static const char *topic(void) {
    return ONE_OF("t1", "t2", "t2", "t9");
}

static const char *wall(int days_from, int days_to) {
    const struct zone *zone;
    char text[WALL_TEXT];
    must(zone_find(TEXT_LIT("Europe/Stockholm"), &zone) == 0);
    struct wall at = wall_add(zone_wall(zone, walk.t.now),
                              days_from + (int)walk_below((unsigned)(days_to - days_from)), 0);
    at.hour = (int)walk_below(24);
    at.minute = (int)walk_below(60);
    wall_format(at, text);
    return keep("%s", text);
}

static const char *date(void) {
    return keep("%.10s", wall(-5, 30));
}
static const char *maybe(const char *field) {
    return walk_chance(40) ? field : "";
}
static const char *audience(void) {
    return ONE_OF("members", "members or function:f1", "group:g1", "pledge:x1 and members",
                  "region:r1 and not operators", "topic:t1 or lead", "members and not (p1",
                  "audience", "subscribers", "not members");
}

/* ---- what can be said ---- */

struct speech {
    unsigned weight;
    const char *type;
    const char *(*body)(void);
};

static const char *b_organisation(void) {
    return keep("{'organisation':'%s','name':'O','kind':'region','country':'SE'%s}",
                walk_chance(60) ? new_thing('o') : organisation(), maybe(",'region':'r1'"));
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
    const char *p = walk_chance(60) ? new_thing('p') : person();
    return keep(
        "{'person':'%s','name':'N','email':'%s@x.example','language':'sv','organisation':'%s'%s}",
        p, walk_chance(10) ? "p1" : p, organisation(), maybe(",'functions':['f1']"));
}
static const char *b_person_update(void) {
    return keep("{'person':'%s','email':'%s@y.example','organisations':['%s','%s']}", person(),
                person(), organisation(), organisation());
}
static const char *b_person_merge(void) {
    return keep("{'person':'%s','into':'%s'}", person(), person());
}
static const char *b_person_only(void) {
    return keep("{'person':'%s'}", person());
}
static const char *b_flag(void) {
    return keep("{'person':'%s','on':%s}", person(), walk_chance(25) ? "true" : "false");
}
static const char *b_preference(void) {
    return keep("{'person':'%s','%s,'on':%s}", person(),
                walk_chance(80) ? "class':'news'" : "topic':'t1'",
                walk_chance(50) ? "true" : "false");
}
static const char *b_quiet(void) {
    return keep("{'person':'%s','from':'2%u:00','to':'0%u:30'}", person(), walk_below(6),
                walk_below(9));
}
static const char *b_network(void) {
    return keep("{'network':'%s','name':'Net','host':'%s','lead':'%s','zone':'%s',"
                "'topics':[{'topic':'t1','name':'T1'},{'topic':'t2','name':'T2'}]}",
                walk_chance(80) ? new_thing('n') : network(), organisation(), person(),
                ONE_OF("Europe/Stockholm", "Europe/Copenhagen", "Europe/Nowhere"));
}
static const char *b_network_only(void) {
    return keep("{'network':'%s'}", network());
}
static const char *b_request(void) {
    if (walk_chance(50))
        return keep("{'network':'%s','person':'%s'%s}", network(), person(),
                    maybe(",'topics':['t1']"));
    return keep("{'network':'%s','name':'New','email':'%s@x.example','language':'en'}", network(),
                person());
}
static const char *b_confirm(void) {
    char token[TOKEN_MAX];
    const char *n = network(), *p = person();
    must(token_make(&walk.t.links, TEXT_LIT("membership.confirm"), text_of(n), text_of(p),
                    TEXT_LIT(""), walk.t.now + (walk_chance(80) ? DAYS : -DAYS), token) == 0);
    return keep("{'token':'%s'}", walk_chance(90) ? token : "forged");
}
static const char *b_grant(void) {
    return walk_chance(70) ? keep("{'network':'%s','person':'%s','source':'s','topics':['%s']}",
                                  network(), person(), topic())
                           : keep("{'network':'%s','organisation':'%s','source':'s'}", network(),
                                  organisation());
}
static const char *b_end(void) {
    return keep("{'network':'%s','%s'}", network(),
                walk_chance(70) ? keep("person':'%s", person())
                                : keep("organisation':'%s", organisation()));
}
static const char *b_pledge(void) {
    return keep("{'organisation':'%s','pledge':'x1','years':[2022]}", organisation());
}
static const char *b_group(void) {
    return keep("{'group':'g%u','name':'G'}", 1 + walk_below(2));
}
static const char *b_group_person(void) {
    return keep("{'group':'g%u','person':'%s'}", 1 + walk_below(2), person());
}
static const char *b_plan(void) {
    const char *mode = ONE_OF("room", "video", "hybrid", "undecided");
    unsigned minimum = walk_below(3);
    return keep("{'meeting':'%s','network':'%s','kind':'network','title':'M','starts':'%s',"
                "'minutes':%u,'mode':'%s','audience':'%s','link':'https://v.example/m'%s%s%s}",
                new_thing('m'), network(), wall(-1, 25), 5 + walk_below(600), mode, audience(),
                walk_chance(80) ? keep(",'capacity':%u", (minimum ? minimum : 1) + walk_below(3))
                                : "",
                minimum ? keep(",'minimum':%u,'decide_by':'%s'", minimum, wall(0, 6)) : "",
                walk_chance(40) ? keep(",'registration_closes':'%s'", wall(-1, 10)) : "");
}
static const char *b_meeting_update(void) {
    return keep("{'meeting':'%s'%s%s}", meeting(),
                walk_chance(60) ? keep(",'capacity':%u", 1 + walk_below(8)) : "",
                walk_chance(30) ? keep(",'registration_closes':'%s'", wall(-2, 20)) : "");
}
static const char *b_meeting_only(void) {
    return keep("{'meeting':'%s'}", meeting());
}
static const char *b_move(void) {
    return keep("{'meeting':'%s','starts':'%s'%s%s}", meeting(), wall(-1, 30),
                maybe(",'minutes':90"), walk_chance(20) ? ",'zone':'Europe/Helsinki'" : "");
}
static const char *b_mode(void) {
    return keep("{'meeting':'%s','mode':'%s'%s}", meeting(),
                ONE_OF("room", "video", "hybrid", "undecided"), maybe(",'place':'Here'"));
}
static const char *b_decide(void) {
    return keep(
        "{'meeting':'%s','decision':'%s'%s%s}", meeting(), ONE_OF("go", "video", "postpone"),
        walk_chance(60) ? keep(",'starts':'%s'", wall(0, 30)) : "", maybe(",'mode':'hybrid'"));
}
static const char *b_cancel(void) {
    return keep("{'meeting':'%s','reason':'R'}", meeting());
}
static const char *b_registration(void) {
    return keep("{'meeting':'%s','person':'%s'%s}", meeting(), person(),
                walk_chance(30) ? keep(",'mode':'%s'", ONE_OF("room", "video")) : "");
}
/* Mostly somebody who said something about the meeting. */
static const char *b_registration_only(void) {
    const char *m = meeting(), *p = person();
    struct key first = key1(text_of(m)), from = key2(text_of(m), text_of(p));
    struct bytes key, value;
    if (walk_chance(80) &&
        store_seek(walk.t.txn, TABLE_REGISTRATION, key_bytes(&from), &key, &value) == 0 &&
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
    return keep(
        "{'meeting':'%s','entries':[{'person':'%s','minutes':60},{'person':'%s','minutes':%u}]}",
        meeting(), person(), person(), walk_below(2) * 30);
}
static const char *b_expect(void) {
    return keep("{'material':'%s','meeting':'%s','from':'%s','due':'%s'}",
                walk_chance(80) ? new_thing('a') : thing('a', 4), meeting(), person(), date());
}
static const char *b_publish(void) {
    return keep("{'material':'%s','%s','kind':'%s','title':'T','visibility':'public',"
                "'link':'https://x.example/a'}",
                thing('a', 4),
                walk_chance(60) ? keep("meeting':'%s", meeting()) : keep("network':'%s", network()),
                ONE_OF("presentation", "recording"));
}
static const char *b_material(void) {
    return keep("{'material':'%s'}", thing('a', 4));
}
static const char *b_idea(void) {
    return keep("{'idea':'%s','network':'%s','text':'I'%s}",
                walk_chance(80) ? new_thing('i') : thing('i', 4), network(),
                walk_chance(80) ? keep(",'person':'%s'", person()) : "");
}
static const char *b_idea_text(void) {
    return keep("{'idea':'%s','text':'A'}", thing('i', 4));
}
static const char *b_promote(void) {
    return walk_chance(50) ? keep("{'idea':'%s','to':'topic','topic':'%s'}", thing('i', 4), topic())
                           : keep("{'idea':'%s','to':'case'}", thing('i', 4));
}
static const char *b_idea_only(void) {
    return keep("{'idea':'%s'}", thing('i', 4));
}
static const char *b_support(void) {
    return keep("{'case':'%s','network':'%s','person':'%s','text':'S'}",
                walk_chance(80) ? new_thing('c') : thing('c', 4), network(), person());
}
static const char *b_assign(void) {
    return keep("{'case':'%s','person':'%s'%s}", thing('c', 4), person(),
                walk_chance(50) ? keep(",'next_step_by':'%s'", date()) : "");
}
static const char *b_case_text(void) {
    return keep("{'case':'%s','text':'A'}", thing('c', 4));
}
static const char *b_case_only(void) {
    return keep("{'case':'%s'}", thing('c', 4));
}
static const char *b_poll(void) {
    return keep("{'poll':'%s','network':'%s','question':'Q','closes':'%s','audience':'%s',"
                "'options':[{'option':'x','text':'X'},{'option':'y','text':'Y'}]}",
                walk_chance(80) ? new_thing('q') : thing('q', 4), network(), wall(-1, 9),
                audience());
}
static const char *b_vote(void) {
    return keep("{'poll':'%s','person':'%s','option':'%s'}", thing('q', 4), person(),
                ONE_OF("x", "y", "z"));
}
static const char *b_poll_only(void) {
    return keep("{'poll':'%s'}", thing('q', 4));
}
static const char *b_reason(void) {
    return "{'reason':'R'}";
}
int64_t walk_any_row(void) {
    uint64_t n = trial_count(&walk.t, COUNT_LEDGER);
    return 1 + (n ? (int64_t)(n - 1 - walk_draw() % (n < 60 ? n : 60)) : 0);
}
static const char *b_delivery(void) {
    return keep("{'delivery':%lld}", (long long)walk_any_row());
}
static const char *b_settle(void) {
    return keep("{'delivery':%lld,'outcome':'%s'}", (long long)walk_any_row(),
                ONE_OF("sent", "not-sent"));
}
static const char *b_report(void) {
    struct rec_ledger row;
    struct bytes value;
    int64_t no = walk_any_row();
    struct key k = key_no((uint64_t)no);
    const char *id = "none";
    if (store_get(walk.t.txn, TABLE_LEDGER, key_bytes(&k), &value) == 0) {
        trial_get(&walk.t, TABLE_LEDGER, k, &row);
        id = keep("%.*s", TEXT_ARGS(row.message_id));
    }
    return keep(
        "{'delivery':%lld,'message_id':'%s','kind':'%s','status':'5.1.1','said':'S'}",
        (long long)no, walk_chance(95) ? id : "<x@y>",
        ONE_OF("delivered", "relayed", "delayed", "soft", "soft", "hard", "complaint", "answered"));
}
static const char *b_lift(void) {
    return keep("{'suppression':'%s'}", person());
}
static const char *b_skip(void) {
    struct rec_meeting m;
    struct bytes value;
    const char *id = meeting();
    struct key k = key1(text_of(id));
    if (store_get(walk.t.txn, TABLE_MEETING, key_bytes(&k), &value))
        return "{'plan':'meeting/none/none/0/none'}";
    trial_get(&walk.t, TABLE_MEETING, k, &m);
    return keep("{'plan':'meeting/%s/meeting-day-before/0/starts=%.*s'}", id, TEXT_ARGS(m.starts));
}

static const char *b_apply(void) {
    return keep("{'version':'%s','also_existing':%s,'count':%u}", walk.t.rules.name,
                walk_chance(50) ? "true" : "false", walk_below(3));
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
    {24, "delivery.report", b_report},
    {12, "suppression.lift", b_lift},
    {12, "plan.skip", b_skip},
    {4, "rules.apply", b_apply},
};

static bool has_meeting(const char *id, struct rec_meeting *ret) {
    struct key k = key1(text_of(id));
    struct bytes value;
    if (store_get(walk.t.txn, TABLE_MEETING, key_bytes(&k), &value))
        return false;
    trial_get(&walk.t, TABLE_MEETING, k, ret);
    return true;
}

/* More places than there are only when the mode makes those who follow by video take one. */
static void check_places(const char *type, const struct rec_meeting *before, const char *id) {
    struct rec_meeting m;
    if (!has_meeting(id, &m) || strcmp(type, "meeting.set_mode") == 0 ||
        strcmp(type, "meeting.decide") == 0)
        return;
    walk_must(!m.capacity || m.registered <= m.capacity || m.registered <= before->registered,
              "%s: %lld places of %lld are taken", id, (long long)m.registered,
              (long long)m.capacity);
}

void walk_say(void) {
    static unsigned total;
    if (!total)
        for (unsigned i = 0; i < COUNT_OF(speeches); i++)
            total += speeches[i].weight;
    unsigned at = walk_below(total), i = 0;
    while (at >= speeches[i].weight)
        at -= speeches[i++].weight;
    walk.making = 0;
    const char *body = speeches[i].body();
    const char *named = strstr(body, "'meeting':'");
    struct rec_meeting before = {.registered = 0};
    char id[32] = "none";
    if (named)
        snprintf(id, sizeof id, "%.*s", (int)strcspn(named + 11, "'"), named + 11);
    (void)has_meeting(id, &before);
    instant earliest =
        walk.t.now - 2 * HOURS > walk.received ? walk.t.now - 2 * HOURS : walk.received;
    walk.received = walk_chance(80)
                        ? walk.t.now
                        : earliest + (instant)(walk_draw() % (uint64_t)(walk.t.now - earliest + 1));
    walk_remember("%lld %s %s", (long long)walk.received, speeches[i].type, body);
    const char *code = trial_said(&walk.t, walk.received, speeches[i].type, "%s", body);
    walk_remember("    -> %s %s", code, walk.t.refusal.code ? walk.t.refusal.text : "");
    walk.applied += strcmp(code, "applied") == 0;
    walk.made[(unsigned char)walk.making] += strcmp(code, "applied") == 0;
    walk.refused += strcmp(code, "applied") != 0;
    check_places(speeches[i].type, &before, id);
}

void walk_found(void) {
    for (unsigned i = 1; i <= 5; i++)
        trial_do(&walk.t, "organisation.register",
                 "{'organisation':'o%u','name':'O','kind':'region','country':'SE','region':'r1'}",
                 i);
    for (unsigned i = 1; i <= 12; i++)
        trial_do(&walk.t, "person.register",
                 "{'person':'p%u','name':'N','email':'p%u@x.example','language':'da',"
                 "'organisation':'o%u','functions':['f%u']}",
                 i, i, 1 + i % 5, i % 3);
    for (unsigned i = 1; i <= 3; i++) {
        trial_do(&walk.t, "network.open",
                 "{'network':'n%u','name':'Net','host':'o1','lead':'p%u','zone':'Europe/Stockholm',"
                 "'topics':[{'topic':'t1','name':'T1'},{'topic':'t2','name':'T2'}]}",
                 i, i);
        for (unsigned p = i; p <= 12; p += 2)
            trial_do(&walk.t, "membership.grant", "{'network':'n%u','person':'p%u','source':'s'}",
                     i, p);
    }
    walk.made['o'] = 5;
    walk.made['p'] = 12;
    walk.made['n'] = 3;
    for (unsigned i = 1; i <= 2; i++)
        trial_do(&walk.t, "group.create", "{'group':'g%u','name':'G'}", i);
}
