/* What there is, and what is plausible to say of it: bodies that are neither all legal nor all
 * nonsense. A field without a row here is drawn by its kind alone (walk_body.c). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "tests/harness/walk_known.h"

#define RECENT_PROGRAMMES 24
#define ctx walk_context

static void put_thing(const struct hint *h, struct buf *to) {
    pack_str(to, walk_thing(h->word[0]));
}

static void put_new(const struct hint *h, struct buf *to) {
    unsigned made = walk.made[(unsigned char)h->word[0]];
    if (!walk_chance(h->a ? (unsigned)h->a : 80)) {
        pack_str(to, walk_thing(h->word[0]));
        return;
    }
    walk.making = h->word[0];
    pack_str(to, walk_text("%c%u", h->word[0], made + 1));
}

static void put_organisation(const struct hint *h, struct buf *to) {
    (void)h;
    ctx.organisation = text_of(walk_thing('o'));
    pack_text(to, ctx.organisation);
}

static void put_application(const struct hint *h, struct buf *to) {
    struct rec_application a;
    const char *id = walk_thing('l');
    (void)h;
    ctx.application = text_of(id);
    if (walk_has(TABLE_APPLICATION, key1(text_of(id)), &a)) {
        ctx.organisation = a.organisation;
        ctx.contact = a.contact;
    }
    pack_str(to, id);
}

/* A participation is named by programme and organisation: mostly by two that belong together. */
static void choose_participation(void) {
    struct key prefix = key1(text_of(walk_thing('r'))), row;
    unsigned made = walk.made['r'], window = made < RECENT_PROGRAMMES ? made : RECENT_PROGRAMMES;
    bool found = false;
    if (ctx.participation.p)
        return;
    for (unsigned i = 0; i < RECENT_PROGRAMMES && made && !found && walk_chance(99); i++) {
        struct key other = key1(text_of(walk_text("r%u", made - walk_below(window))));
        found = walk_any_under(TABLE_PARTICIPATION, &other, &row) &&
                walk_is_ripe(TABLE_PARTICIPATION, row, "PARTICIPATION", "complete");
        if (found)
            prefix = other;
    }
    ctx.programme = walk_part(&prefix, 0);
    ctx.participation = found ? walk_part(&row, 1) : text_of(walk_thing('o'));
    ctx.organisation = ctx.participation;
}

static void put_programme(const struct hint *h, struct buf *to) {
    if (!h->word) {
        pack_str(to, walk_thing('r'));
        return;
    }
    choose_participation();
    pack_text(to, ctx.programme);
}

static void put_participation(const struct hint *h, struct buf *to) {
    (void)h;
    choose_participation();
    pack_text(to, ctx.participation);
}

static void put_hours(const struct hint *h, struct buf *to) {
    struct key prefix, row;
    (void)h;
    choose_participation();
    prefix = key2(ctx.programme, ctx.participation);
    if (walk_chance(95) && walk_any_under(TABLE_HOURS, &prefix, &row))
        pack_text(to, walk_part(&row, 2));
    else
        pack_str(to, walk_thing('h'));
}

static void put_obligation(const struct hint *h, struct buf *to) {
    static const char *const about[] = {"application", "participation", "material", "assessment"};
    struct key prefix = key1(text_of(about[walk_below(COUNT_OF(about))])), row;
    (void)h;
    if (walk_chance(95) && walk_any_under(TABLE_OWED, &prefix, &row))
        pack_text(to, walk_part(&row, 2));
    else
        pack_str(to, "name-staff-none");
}

/* ---- people ---- */

static bool person_under(enum table table, struct key prefix, unsigned at, struct buf *to) {
    struct key row;
    if (!walk_any_under(table, &prefix, &row))
        return false;
    pack_text(to, walk_part(&row, at));
    return true;
}

/* Mostly somebody of the organisation that was named before. */
static void put_colleague(const struct hint *h, struct buf *to) {
    (void)h;
    if (ctx.contact.p && walk_chance(40))
        pack_text(to, ctx.contact);
    else if (!ctx.organisation.p || walk_chance(10) ||
             !person_under(TABLE_STAFF, key1(ctx.organisation), 1, to))
        pack_str(to, walk_thing('p'));
}

static void put_assessor(const struct hint *h, struct buf *to) {
    (void)h;
    if (walk_chance(20) || !person_under(TABLE_ASSESSMENT, key1(ctx.application), 1, to))
        pack_str(to, walk_thing('p'));
}

static void put_staff(const struct hint *h, struct buf *to) {
    struct rec_participation p;
    struct text person;
    (void)h;
    choose_participation();
    if (walk_chance(85) &&
        walk_has(TABLE_PARTICIPATION, key2(ctx.programme, ctx.participation), &p) &&
        p.staff.count) {
        for (unsigned i = walk_below(p.staff.count) + 1; i > 0; i--)
            must(codec_next_text(&p.staff, &person));
        pack_text(to, person);
        return;
    }
    pack_str(to, walk_thing('p'));
}

static void put_meeting(const struct hint *h, struct buf *to) {
    (void)h;
    ctx.meeting = text_of(walk_thing('m'));
    pack_text(to, ctx.meeting);
}

/* One of the last fifteen that people were called to and that has begun. */
static void put_begun(const struct hint *h, struct buf *to) {
    struct rec_meeting m;
    unsigned made = walk.made['m'], n = 0;
    put_meeting(h, &(struct buf){.limit = 0});
    for (unsigned i = 0; i < 15 && i < made; i++)
        if (walk_has(TABLE_MEETING, key1(text_of(walk_text("m%u", made - i))), &m) &&
            (text_is(m.state, "called") || text_is(m.state, "held")) &&
            office_wall(&walk.t.step.office, m.starts, m.zone) <= walk.t.now &&
            walk_below(++n) == 0)
            ctx.meeting = m.meeting;
    pack_text(to, ctx.meeting);
}

/* Mostly somebody who said something about the meeting, and can say this. */
static void put_registered(const struct hint *h, struct buf *to) {
    struct key prefix = key1(ctx.meeting), row;
    const char *event = h->word;
    if (walk_chance(15) || !walk_any_under(TABLE_REGISTRATION, &prefix, &row)) {
        pack_str(to, walk_thing('p'));
        return;
    }
    for (unsigned i = 0;
         i < 6 && event && !walk_is_ripe(TABLE_REGISTRATION, row, "REGISTRATION", event); i++)
        (void)walk_any_under(TABLE_REGISTRATION, &prefix, &row);
    pack_text(to, walk_part(&row, 1));
}

/* ---- values ---- */

static void put_words(const struct hint *h, struct buf *to) {
    walk_put_word(h->word, to);
}

static void put_wall(const struct hint *h, struct buf *to) {
    pack_str(to, walk_wall(h->a, h->b));
}

static void put_date(const struct hint *h, struct buf *to) {
    pack_text(to, (struct text){walk_wall(h->a, h->b), 10});
}

static void put_int(const struct hint *h, struct buf *to) {
    pack_int(to, h->a + (int)walk_below((unsigned)(h->b - h->a + 1)));
}

static void put_bool(const struct hint *h, struct buf *to) {
    pack_bool(to, walk_chance((unsigned)h->a));
}

static void put_address(const struct hint *h, struct buf *to) {
    pack_str(to, walk_text("%s@%s.example", walk_thing('p'), h->word));
}

/* A person who registers mostly has an address of her own. */
static void put_new_address(const struct hint *h, struct buf *to) {
    (void)h;
    if (walk_chance(10))
        pack_str(to, "p1@x.example");
    else
        pack_str(to, walk_text("p%u@x.example", walk.made['p'] + 1));
}

static void put_clock(const struct hint *h, struct buf *to) {
    pack_str(to, walk_text("%02u:%02u", (unsigned)h->a + walk_below((unsigned)(h->b - h->a)),
                           walk_below(60)));
}

static void put_token(const struct hint *h, struct buf *to) {
    char token[TOKEN_MAX];
    struct text network = text_of(walk_thing('n')), person = text_of(walk_thing('p'));
    struct key prefix = key1(network), row;
    (void)h;
    for (unsigned i = 0; i < 8 && walk_any_under(TABLE_MEMBERSHIP, &prefix, &row); i++)
        if (walk_is_ripe(TABLE_MEMBERSHIP, row, "MEMBERSHIP", "confirm"))
            person = walk_part(&row, 1);
    must(token_make(&walk.t.links, TEXT_LIT("membership.confirm"), network, person, TEXT_LIT(""),
                    walk.t.now + (walk_chance(80) ? DAYS : -DAYS), token) == 0);
    pack_str(to, walk_chance(90) ? token : "forged");
}

/* Mostly one of which this can be said. */
static void put_delivery(const struct hint *h, struct buf *to) {
    const char *event = walk_event_of(ctx.type, "DELIVERY");
    int64_t no = walk_any_row();
    (void)h;
    for (unsigned i = 0; i < 12 && event; i++, no = walk_any_row())
        if (walk_is_ripe(TABLE_LEDGER, key_no((uint64_t)no), "DELIVERY", event))
            break;
    ctx.delivery = no;
    pack_int(to, no);
}

/* One of the last holds, mostly one that can still be undone. */
static void put_hold(const struct hint *h, struct buf *to) {
    struct bytes key, value;
    uint64_t last = 1, no;
    size_t at = 0;
    (void)h;
    if (store_last(walk.t.txn, TABLE_HOLD, &key, &value) == 0)
        must(key_next_u64(key, &at, &last));
    no = last;
    for (unsigned i = 0; i < 8 && !walk_is_ripe(TABLE_HOLD, key_no(no), "HOLD", "undo"); i++)
        no = last - walk_below(last < 12 ? (unsigned)last : 12);
    pack_int(to, (int64_t)no);
}

static void put_message_id(const struct hint *h, struct buf *to) {
    struct rec_ledger row;
    (void)h;
    if (walk_chance(95) && walk_has(TABLE_LEDGER, key_no((uint64_t)ctx.delivery), &row) &&
        row.message_id.p)
        pack_text(to, row.message_id);
    else
        pack_str(to, "<x@y>");
}

static void put_version(const struct hint *h, struct buf *to) {
    (void)h;
    pack_str(to, walk_chance(95) ? walk.t.rules.name : "another");
}

/* A plan of a meeting, as forecast shows it. */
static void put_plan(const struct hint *h, struct buf *to) {
    struct rec_meeting m;
    const char *id = walk_thing('m');
    (void)h;
    if (walk_has(TABLE_MEETING, key1(text_of(id)), &m))
        pack_str(to,
                 walk_text("meeting/%s/meeting-day-before/0/starts=%.*s", id, TEXT_ARGS(m.starts)));
    else
        pack_str(to, "meeting/none/none/0/none");
}

/* ---- the rows ---- */

#define AUDIENCES                                                                                  \
    "members|members or function:f1|group:g1|pledge:x1 and members|region:r1 and not operators|"   \
    "topic:t1 or lead|members and not (p1|audience|subscribers|not members|cohort or staff"

/* A row with a message is for that one only; those come first. `percent` is how often an optional
 * one is given. */
static const struct hint hints[] = {
    {"organisation.register", "organisation", 99, put_new, "o", 60, 0},
    {"organisation.merge", "into", 0, put_thing, "o", 0, 0},
    {"person.register", "person", 99, put_new, "p", 60, 0},
    {"person.register", "email", 0, put_new_address, NULL, 0, 0},
    {"person.update", "email", 40, put_address, "y", 0, 0},
    {"person.merge", "into", 0, put_thing, "p", 0, 0},
    {"person.protect", "on", 0, put_bool, NULL, 25, 0},
    {"person.restrict", "on", 0, put_bool, NULL, 25, 0},
    {"quiet.set", "from", 90, put_clock, NULL, 20, 24},
    {"quiet.set", "to", 90, put_clock, NULL, 4, 9},
    {"network.open", "network", 0, put_new, "n", 80, 0},
    {"group.create", "group", 0, put_new, "g", 70, 0},
    {"meeting.plan", "meeting", 99, put_new, "m", 95, 0},
    {"meeting.plan", "starts", 0, put_wall, NULL, -1, 25},
    {"meeting.plan", "capacity", 80, put_int, NULL, 1, 3},
    {"meeting.plan", "minimum", 50, put_int, NULL, 1, 2},
    {"meeting.plan", "decide_by", 50, put_wall, NULL, 0, 6},
    {"meeting.plan", "link", 95, NULL, NULL, 0, 0},
    {"meeting.record", "meeting", 0, put_begun, NULL, 0, 0},
    {"attendance.record", "meeting", 0, put_begun, NULL, 0, 0},
    {"meeting.update", "capacity", 60, put_int, NULL, 1, 8},
    {"meeting.move", "zone", 20, put_words, "Europe/Helsinki|Europe/Copenhagen", 0, 0},
    {"meeting.decide", "starts", 60, put_wall, NULL, 0, 30},
    {"registration.change", "person", 0, put_registered, "change", 0, 0},
    {"registration.cancel", "person", 0, put_registered, "cancel", 0, 0},
    {"registration.accept_offer", "person", 0, put_registered, "expire", 0, 0},
    {"registration.decline_offer", "person", 0, put_registered, "expire", 0, 0},
    {"attendance", "person", 0, put_registered, NULL, 0, 0},
    {"attendance", "minutes", 0, put_int, NULL, 0, 60},
    {"material.expect", "material", 99, put_new, "a", 80, 0},
    {"material.publish", "material", 90, put_new, "a", 40, 0},
    {"idea.send", "idea", 99, put_new, "i", 80, 0},
    {"idea.send", "person", 80, put_thing, "p", 0, 0},
    {"idea.promote", "case_", 10, put_new, "c", 0, 0},
    {"idea.promote", "topic", 50, put_words, "t1|t2|t3", 0, 0},
    {"support.request", "case_", 99, put_new, "c", 80, 0},
    {"poll.open", "poll", 0, put_new, "q", 80, 0},
    {"programme.open", "programme", 0, put_new, "r", 80, 0},
    {"programme.open", "starts", 0, put_date, NULL, -20, 3},
    {"programme.open", "ends", 0, put_date, NULL, 40, 400},
    {"programme.open", "places", 0, put_int, NULL, 1, 2},
    {"programme.update", "places", 20, put_int, NULL, 1, 3},
    {"programme.update", "ends", 20, put_date, NULL, 20, 300},
    {"call.open", "call", 0, put_new, "k", 80, 0},
    {"call.open", "opens", 0, put_wall, NULL, -1, 2},
    {"call.open", "closes", 0, put_wall, NULL, 3, 9},
    {"call.open", "questions", 90, NULL, NULL, 0, 0},
    {"call.extend", "closes", 0, put_wall, NULL, 2, 10},
    {"application.start", "application", 99, put_new, "l", 80, 0},
    {"application.ask_more", "due", 0, put_wall, NULL, 0, 6},
    {"application.judge_eligible", "ok", 0, walk_put_ok, NULL, 0, 0},
    {"application.edit", "budget_accepted", 90, put_bool, NULL, 97, 0},
    {"sending.release", "hold", 0, put_words, "clock|copy", 0, 0},
    {"catchup.release", "rule", 20, put_words, "meeting-nudge|poll-opened", 0, 0},
    {"catchup.skip", "rule", 20, put_words, "meeting-nudge|poll-opened", 0, 0},
    {"rules.apply", "version", 0, put_version, NULL, 0, 0},
    {"rules.apply", "count", 60, put_int, NULL, 0, 2},
    {"evidence.add", "evidence", 99, put_new, "e", 80, 0},
    {"assessor.assign", "due", 0, put_wall, NULL, 0, 8},
    {"assessor.assign", "person", 0, put_thing, "p", 0, 0},
    {"assessment.declare_conflict", "person", 0, put_assessor, NULL, 0, 0},
    {"assessment.submit", "person", 0, put_assessor, NULL, 0, 0},
    {"decision.make", "outcome", 0, walk_put_outcome, "selected|selected|declined", 0, 0},
    {"decision.make", "rank", 0, put_int, NULL, 1, 2},
    {"decision.release", "anyway", 50, put_bool, NULL, 80, 0},
    {"decision.release", "programme", 0, put_programme, NULL, 0, 0},
    {"offer.make", "programme", 0, put_programme, NULL, 0, 0},
    {"offer.accept", "person", 0, put_colleague, NULL, 0, 0},
    {"offer.refuse", "person", 0, put_colleague, NULL, 0, 0},
    {"adviser.assign", "person", 0, put_thing, "p", 0, 0},
    {"staff.name", "persons", 0, put_colleague, NULL, 2, 3},
    {"staff.replace", "person", 0, put_staff, NULL, 0, 0},
    {"staff.replace", "by", 0, put_colleague, NULL, 0, 0},
    {"hours.log", "hours", 99, put_new, "h", 90, 0},
    {"hours.log", "person", 0, put_staff, NULL, 0, 0},
    {"hours.log", "date", 0, put_date, NULL, -2, 1},
    {"hours.log", "minutes", 0, put_int, NULL, 1, 900},
    {"hours.correct", "hours", 0, put_hours, NULL, 0, 0},
    {"hours.correct", "minutes", 0, put_int, NULL, 0, 1400},
    {"milestone.plan", "milestone", 99, put_new, "s", 80, 0},
    {"solution.publish", "solution", 99, put_new, "u", 60, 0},
    {"call.open", "programme", 0, put_programme, NULL, 0, 0},
    {"programme.update", "programme", 0, put_programme, NULL, 0, 0},
    {"programme.end", "programme", 0, put_programme, NULL, 0, 0},
    {"meeting.plan", "programme", 0, put_programme, NULL, 0, 0},
    {"group.create", "programme", 30, put_programme, NULL, 0, 0},

    {NULL, "organisation", 50, put_organisation, NULL, 0, 0},
    {NULL, "organisations", 40, put_thing, "o", 1, 2},
    {NULL, "parent", 20, put_thing, "o", 0, 0},
    {NULL, "host", 0, put_thing, "o", 0, 0},
    {NULL, "hosts", 0, put_thing, "o", 1, 2},
    {NULL, "partners", 30, put_thing, "o", 0, 2},
    {NULL, "person", 50, put_thing, "p", 0, 0},
    {NULL, "lead", 20, put_thing, "p", 0, 0},
    {NULL, "from", 0, put_thing, "p", 0, 0},
    {NULL, "contact", 20, put_colleague, NULL, 0, 0},
    {NULL, "staff", 85, put_colleague, NULL, 2, 3},
    {NULL, "network", 50, put_thing, "n", 0, 0},
    {NULL, "meeting", 50, put_meeting, NULL, 0, 0},
    {NULL, "group", 50, put_thing, "g", 0, 0},
    {NULL, "case_", 50, put_thing, "c", 0, 0},
    {NULL, "idea", 50, put_thing, "i", 0, 0},
    {NULL, "poll", 50, put_thing, "q", 0, 0},
    {NULL, "material", 50, put_thing, "a", 0, 0},
    {NULL, "programme", 50, put_programme, "with its participation", 0, 0},
    {NULL, "participation", 50, put_participation, NULL, 0, 0},
    {NULL, "call", 50, put_thing, "k", 0, 0},
    {NULL, "application", 50, put_application, NULL, 0, 0},
    {NULL, "evidence", 50, put_thing, "e", 0, 0},
    {NULL, "milestone", 50, put_thing, "s", 0, 0},
    {NULL, "solution", 50, put_thing, "u", 0, 0},
    {NULL, "obligation", 50, put_obligation, NULL, 0, 0},
    {NULL, "message_id", 50, put_message_id, NULL, 0, 0},
    {NULL, "hold", 50, put_hold, NULL, 0, 0},
    {NULL, "sheet", 40, put_hold, NULL, 0, 0},
    {NULL, "suppression", 50, put_thing, "p", 0, 0},
    {NULL, "delivery", 50, put_delivery, NULL, 0, 0},
    {NULL, "plan", 50, put_plan, NULL, 0, 0},
    {NULL, "token", 50, put_token, NULL, 0, 0},
    {NULL, "topic", 20, put_words, "t1|t2|t2|t9", 0, 0},
    {NULL, "topics", 40, put_words, "t1|t2", 1, 2},
    {NULL, "functions", 40, put_words, "f1|f2", 1, 2},
    {NULL, "region", 60, put_words, "r1", 0, 0},
    {NULL, "regions", 20, put_words, "r1", 1, 1},
    {NULL, "pledge", 50, put_words, "x1", 0, 0},
    {NULL, "purpose", 50, put_words, "photos|list", 0, 0},
    {NULL, "option", 50, put_words, "x1|x2|x1|x2|x3", 0, 0},
    {NULL, "breakout", 5, put_words, "b1|b2", 0, 0},
    {NULL, "phase", 20, put_words, "f1|f2", 0, 0},
    {NULL, "channel", 5, put_words, "maildir|smtp", 0, 0},
    {NULL, "country", 20, put_words, "SE|SE|DK|SE", 0, 0},
    {NULL, "zone", 10, put_words,
     "Europe/Stockholm|Europe/Stockholm|Europe/Copenhagen|Europe/Copenhagen|Europe/Nowhere", 0, 0},
    {NULL, "audience", 10, put_words, AUDIENCES, 0, 0},
    {NULL, "languages", 20, put_words, "da|sv|en", 1, 2},
    {NULL, "years", 0, put_int, NULL, 2022, 2024},
    {NULL, "ended", 10, put_bool, NULL, 30, 0},
    {NULL, "capacity", 30, put_int, NULL, 1, 4},
    {NULL, "minutes", 40, put_int, NULL, 5, 600},
    {NULL, "accept_days", 0, put_int, NULL, 1, 6},
    {NULL, "budget_minutes", 80, put_int, NULL, 0, 9000},
    {NULL, "least_staff", 60, put_int, NULL, 0, 2},
    {NULL, "starts", 0, put_wall, NULL, -1, 30},
    {NULL, "closes", 0, put_wall, NULL, 0, 9},
    {NULL, "registration_closes", 40, put_wall, NULL, -1, 12},
    {NULL, "due", 0, put_date, NULL, -1, 30},
    {NULL, "next_step_by", 50, put_date, NULL, -1, 10},
    {NULL, "valid_until", 60, put_date, NULL, -1, 70},
    {NULL, "answers", 80, walk_put_answers, NULL, 0, 0},
    {NULL, "scores", 0, walk_put_scores, NULL, 0, 0},
    {NULL, "failed", 30, put_words, "c1|c1|c2", 1, 1},
    {NULL, "criteria", 0, walk_put_criteria, NULL, 0, 0},
    {NULL, "email", 0, put_address, "x", 0, 0},
};

/* Either one group of fields or another: the rest of them stays away. */
static const struct walk_choice choices[] = {
    {"membership.request", {"person", "name email language"}},
    {"membership.grant", {"person", "person", "organisation"}},
    {"membership.end", {"person", "person", "organisation"}},
    {"preference.set", {"class", "class", "class", "topic"}},
    {"meeting.plan", {"network", "network", "programme", "programme group"}},
    {"material.publish", {"meeting", "network"}},
    {"evidence.add", {"application", "programme participation"}},
    {"group.create", {"network", "programme", ""}},
    {"decision.make", {"", "rank", ""}},
    {"hold.release", {"hold", "delivery"}},
    {"letter.send", {"network", "network", "meeting", "programme"}},
    {"application.judge_eligible", {"", "", "", "failed reasons"}},
};

const struct hint *walk_hint(const char *shape, const struct field *f) {
    for (unsigned i = 0; i < COUNT_OF(hints); i++)
        if ((!hints[i].shape || strcmp(hints[i].shape, shape) == 0) &&
            strcmp(hints[i].field, f->name) == 0)
            return &hints[i];
    return NULL;
}

const struct walk_choice *walk_choice_of(const char *shape) {
    for (unsigned i = 0; i < COUNT_OF(choices); i++)
        if (strcmp(choices[i].shape, shape) == 0)
            return &choices[i];
    return NULL;
}

const char *walk_row_prefix(const char *part) {
    return strcmp(part, "topic") == 0      ? "t"
           : strcmp(part, "breakout") == 0 ? "b"
           : strcmp(part, "option") == 0   ? "x"
           : strcmp(part, "question") == 0 ? "q"
                                           : "f";
}
