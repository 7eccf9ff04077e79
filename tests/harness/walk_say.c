#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "tests/harness/walk_known.h"

#define ORDINARY 10

/* How often each is said; what has no row is said as often as ORDINARY. */
static const struct {
    unsigned weight;
    const char *type;
} weights[] = {
    {6, "organisation.register"},
    {6, "organisation.update"},
    {1, "organisation.merge"},
    {1, "organisation.close"},
    {24, "person.register"},
    {24, "person.update"},
    {1, "person.merge"},
    {1, "person.erase"},
    {2, "person.protect"},
    {4, "person.restrict"},
    {24, "preference.set"},
    {12, "quiet.set"},
    {6, "network.open"},
    {1, "network.close"},
    {48, "membership.request"},
    {48, "membership.confirm"},
    {60, "membership.grant"},
    {24, "membership.end"},
    {12, "pledge.record"},
    {6, "group.create"},
    {24, "group.add"},
    {12, "group.remove"},
    {54, "meeting.plan"},
    {48, "meeting.update"},
    {60, "meeting.call"},
    {48, "meeting.move"},
    {36, "meeting.set_mode"},
    {30, "meeting.decide"},
    {2, "meeting.cancel"},
    {18, "meeting.record"},
    {200, "registration.make"},
    {60, "registration.change"},
    {84, "registration.cancel"},
    {80, "registration.answer"},
    {70, "registration.accept_offer"},
    {36, "registration.decline_offer"},
    {18, "attendance.record"},
    {24, "material.expect"},
    {30, "material.publish"},
    {2, "material.withdraw"},
    {18, "idea.send"},
    {12, "idea.answer"},
    {12, "idea.promote"},
    {1, "idea.close"},
    {18, "support.request"},
    {18, "support.assign"},
    {12, "support.answer"},
    {6, "support.note"},
    {1, "support.close"},
    {24, "poll.open"},
    {60, "poll.answer"},
    {1, "poll.close"},
    {1, "sending.pause"},
    {30, "sending.resume"},
    {18, "delivery.retry"},
    {12, "delivery.withdraw"},
    {12, "delivery.settle"},
    {24, "delivery.report"},
    {12, "suppression.lift"},
    {12, "plan.skip"},
    {4, "rules.apply"},
    {24, "sending.release"},
    {24, "hold.undo"},
    {10, "programme.open"},
    {6, "programme.update"},
    {1, "programme.end"},
    {36, "call.open"},
    {4, "call.extend"},
    {80, "application.start"},
    {90, "application.edit"},
    {60, "application.submit"},
    {10, "application.ask_more"},
    {14, "application.answer_more"},
    {3, "application.withdraw"},
    {60, "application.judge_eligible"},
    {16, "evidence.add"},
    {16, "evidence.judge"},
    {36, "assessor.assign"},
    {4, "assessment.declare_conflict"},
    {40, "assessment.submit"},
    {110, "decision.make"},
    {60, "decision.release"},
    {60, "offer.accept"},
    {16, "offer.refuse"},
    {16, "adviser.assign"},
    {24, "staff.name"},
    {24, "staff.replace"},
    {40, "hours.log"},
    {16, "hours.correct"},
    {16, "milestone.plan"},
    {8, "milestone.move"},
    {8, "milestone.reach"},
    {8, "test.record"},
    {8, "solution.publish"},
    {6, "obligation.waive"},
    {6, "consent.give"},
    {6, "consent.withdraw"},
    {6, "network.update"},
    {6, "pledge.follow_up"},
};

static unsigned weight_of(const char *type) {
    for (unsigned i = 0; i < COUNT_OF(weights); i++)
        if (strcmp(weights[i].type, type) == 0)
            return weights[i].weight;
    return ORDINARY;
}

static enum msg_type any_message(void) {
    static unsigned up_to[MSG_COUNT];
    unsigned type = 0;
    if (!up_to[0])
        for (unsigned i = 0; i < MSG_COUNT; i++)
            up_to[i] = (i ? up_to[i - 1] : 0) + weight_of(msg_shapes[i].name);
    unsigned at = walk_below(up_to[MSG_COUNT - 1]);
    while (at >= up_to[type])
        type++;
    return (enum msg_type)type;
}

static bool has_meeting(struct text id, struct rec_meeting *ret) {
    struct key k = key1(id);
    struct bytes value;
    if (!id.p || store_get(walk.t.txn, TABLE_MEETING, key_bytes(&k), &value))
        return false;
    trial_get(&walk.t, TABLE_MEETING, k, ret);
    return true;
}

/* More places than there are only when the mode makes those who follow by video take one. */
static void check_places(enum msg_type type, const struct rec_meeting *before) {
    struct rec_meeting m;
    if (!before->meeting.p || !has_meeting(before->meeting, &m) || type == MSG_MEETING_SET_MODE ||
        type == MSG_MEETING_DECIDE)
        return;
    walk_must(!m.capacity || m.registered <= m.capacity || m.registered <= before->registered,
              "%.*s: %lld places of %lld are taken", TEXT_ARGS(m.meeting), (long long)m.registered,
              (long long)m.capacity);
}

static void remember_said(enum msg_type type, struct bytes body) {
    struct buf json;
    buf_init(&json, 1 << 20);
    if (json_from_pack(body, &json))
        buf_str(&json, "(no body)");
    walk_remember("%lld %s %s", (long long)walk.received, msg_shapes[type].name, buf_cstr(&json));
    buf_free(&json);
}

/* When it was received: mostly now, else some time since the last one. */
static instant when_received(void) {
    instant earliest =
        walk.t.now - 2 * HOURS > walk.received ? walk.t.now - 2 * HOURS : walk.received;
    return walk_chance(80)
               ? walk.t.now
               : earliest + (instant)(walk_draw() % (uint64_t)(walk.t.now - earliest + 1));
}

void walk_say(void) {
    static struct buf body;
    struct rec_meeting before = {.registered = 0};
    if (!body.limit)
        buf_init(&body, 1 << 16);
    buf_clear(&body);
    arena_reset(walk.t.arena);
    enum msg_type type = any_message();
    walk_body(type, &body);
    if (walk_context.meeting.p)
        (void)has_meeting(walk_context.meeting, &before);
    walk.received = when_received();
    if (walk.checking)
        remember_said(type, buf_as_bytes(&body));
    trial_apply(&walk.t,
                trial_payload(&walk.t, walk.received, text_of(walk_text("w%lu", walk.step)),
                              text_of(msg_shapes[type].name), buf_as_bytes(&body)));
    bool applied = !walk.t.refusal.code;
    if (walk.checking)
        walk_remember("    -> %s %s", applied ? "applied" : walk.t.refusal.code,
                      applied ? "" : walk.t.refusal.text);
    walk.applied[type] += applied;
    walk.refused[type] += !applied;
    walk.made[(unsigned char)walk.making] += applied;
    check_places(type, &before);
    walk_check_input(applied);
}

void walk_coverage(void) {
    for (unsigned i = 0; i < MSG_COUNT; i++)
        printf("  %-28s %7lu applied %7lu refused\n", msg_shapes[i].name, walk.applied[i],
               walk.refused[i]);
}

const char *walk_never_applied(void) {
    for (unsigned i = 0; i < MSG_COUNT; i++)
        if (!walk.applied[i])
            return msg_shapes[i].name;
    return NULL;
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
    walk.made['g'] = 2;
    for (unsigned i = 1; i <= 2; i++)
        trial_do(&walk.t, "group.create", "{'group':'g%u','name':'G'}", i);
}
