#include "tests/harness/sim_whim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"

#define LATELY 400 /* letters that somebody may still speak of */
#define LOOKS 40   /* of them, for one that fits */

static uint64_t below(struct sim_whims *w, uint64_t n) {
    return w->draw() % n;
}

static void say(struct sim *s, struct sim_whims *w, const char *type, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
static void say(struct sim *s, struct sim_whims *w, const char *type, const char *fmt, ...) {
    char id[32], why[JSON_ERROR_TEXT], *body = NULL;
    struct buf b;
    va_list ap;
    va_start(ap, fmt);
    must(vasprintf(&body, fmt, ap) > 0);
    va_end(ap);
    for (char *c = body; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    buf_init(&b, 1 << 16);
    if (json_to_pack(text_of(body), &b, why))
        fail_msg("%s in %s", why, body);
    snprintf(id, sizeof id, "whim-%u", ++w->said);
    sim_say(s, text_of(id), text_of(type), buf_as_bytes(&b));
    buf_free(&b);
    free(body);
}

/* ---- whom and what it is about ---- */

/* Some row of a table, by its key's first text; false: none was found. */
static bool any_of(struct sim *s, struct sim_whims *w, enum table table, char ret[65]) {
    const char start[2] = {(char)('a' + below(w, 26)), (char)('a' + below(w, 26))};
    struct key from = key1((struct text){start, below(w, 3)});
    struct bytes key, value;
    struct text id;
    size_t at = 0;
    if (store_seek(s->t.txn, table, key_bytes(&from), &key, &value) ||
        !key_next_text(key, &at, &id))
        return false;
    must(text_copy(id, ret, 65) == 0);
    return true;
}

static void person_says(struct sim *s, struct sim_whims *w, const char *type, const char *more) {
    char person[65];
    if (any_of(s, w, TABLE_PERSON, person))
        say(s, w, type, "{'person':'%s'%s}", person, more);
}

/* A letter of the last while in one of these states ("a|b"). */
static bool a_letter(struct sim *s, struct sim_whims *w, const char *states,
                     struct rec_ledger *ret) {
    uint64_t rows = trial_count(&s->t, COUNT_LEDGER), n = rows < LATELY ? rows : LATELY,
             first = n ? below(w, n) : 0;
    for (uint64_t i = 0; i < n && i < LOOKS; i++) {
        struct text all = text_of(states), state;
        trial_get(&s->t, TABLE_LEDGER, key_no(rows - (first + i) % n), ret);
        while (text_cut(&all, '|', &state))
            if (text_eq(state, ret->state))
                return true;
    }
    return false;
}

static void of_letter(struct sim *s, struct sim_whims *w, const char *type, const char *states,
                      const char *more) {
    struct rec_ledger row;
    for (unsigned i = 0; i < 5; i++)
        if (a_letter(s, w, states, &row)) {
            say(s, w, type, "{'delivery':%lld%s}", (long long)row.no, more);
            return;
        }
}

/* ---- what they do ---- */

static void choose(struct sim *s, struct sim_whims *w) {
    static const char *const wishes[] = {",'class':'news','on':true,'digest':'daily'",
                                         ",'class':'news','on':true,'digest':'weekly'",
                                         ",'class':'news','on':true,'most':1",
                                         ",'class':'news','on':true,'most':1",
                                         ",'class':'news','on':true",
                                         ",'class':'news','on':false"};
    person_says(s, w, "preference.set", wishes[below(w, COUNT_OF(wishes))]);
}

static void rest(struct sim *s, struct sim_whims *w) {
    static const char *const hours[] = {",'from':'20:00','to':'08:00'",
                                        ",'from':'06:00','to':'14:00'", ""};
    person_says(s, w, "quiet.set", hours[below(w, COUNT_OF(hours))]);
}

static void of_hold(struct sim *s, struct sim_whims *w) {
    uint64_t holds = trial_count(&s->t, COUNT_HOLD);
    if (holds)
        say(s, w, below(w, 2) ? "hold.undo" : "hold.release", "{'hold':%llu}",
            (unsigned long long)(holds - below(w, holds < 3 ? holds : 3)));
}

static void write_to_all(struct sim *s, struct sim_whims *w) {
    static const char *const classes[] = {"news", "news", "service"};
    char network[65];
    if (any_of(s, w, TABLE_NETWORK, network))
        say(s, w, "letter.send",
            "{'audience':'members','class':'%s','network':'%s','subject':'S','text':'T',"
            "'window':%d}",
            classes[below(w, COUNT_OF(classes))], network, 1 + (int)below(w, 300));
    sim_settle(s);
    if (below(w, 4) == 0)
        of_hold(s, w);
}

/* Several meetings that are to be answered by the same hour: as many nudges on one morning. */
static void call_many(struct sim *s, struct sim_whims *w) {
    const struct zone *zone = office_zone(&s->t.step.office, TEXT_NONE);
    struct wall day = zone_wall(zone, s->t.now);
    char network[65], closes[WALL_TEXT], starts[WALL_TEXT];
    day.hour = 12;
    wall_format(wall_add(day, 4, 0), closes);
    wall_format(wall_add(day, 9, 0), starts);
    if (!any_of(s, w, TABLE_NETWORK, network))
        return;
    for (unsigned i = 0; i < 3; i++) {
        unsigned no = w->said;
        say(s, w, "meeting.plan",
            "{'meeting':'whim-%u','network':'%s','kind':'network','title':'W','starts':'%s',"
            "'minutes':60,'mode':'room','place':'A','audience':'members',"
            "'registration_closes':'%s'}",
            no, network, starts, closes);
        say(s, w, "meeting.call", "{'meeting':'whim-%u'}", no);
    }
}

/* Two letters of news wait for the members of a network, some of whom say that one a week is
 * enough. */
static void want_less(struct sim *s, struct sim_whims *w) {
    const struct zone *zone = office_zone(&s->t.step.office, TEXT_NONE);
    char network[65], closes[WALL_TEXT];
    struct rec_ledger row;
    wall_format(wall_add(zone_wall(zone, s->t.now), 20, 0), closes);
    if (w->paused || !any_of(s, w, TABLE_NETWORK, network))
        return;
    say(s, w, "sending.pause", "{'reason':'a whim'}");
    for (unsigned i = 0; i < 2; i++)
        say(s, w, "poll.open",
            "{'poll':'whim-%u','network':'%s','question':'Q','closes':'%s','audience':'members',"
            "'options':[{'option':'a','text':'A'},{'option':'b','text':'B'}]}",
            w->said, network, closes);
    sim_settle(s);
    for (unsigned i = 0; i < 20; i++)
        if (a_letter(s, w, "queued", &row) && text_is(row.class, "news"))
            say(s, w, "preference.set", "{'person':'%.*s','class':'news','on':true,'most':1}",
                TEXT_ARGS(row.person));
    say(s, w, "sending.resume", "{}");
    sim_settle(s);
}

static void pause_or_resume(struct sim *s, struct sim_whims *w) {
    if (w->paused) {
        sim_whim_resume(s, w);
        return;
    }
    say(s, w, "sending.pause", "{'reason':'a whim'}");
    w->paused = true;
}

static void settle(struct sim *s, struct sim_whims *w) {
    of_letter(s, w, "delivery.settle", "unknown",
              below(w, 2) ? ",'outcome':'sent'" : ",'outcome':'not-sent'");
}

static void again(struct sim *s, struct sim_whims *w) {
    of_letter(s, w, "delivery.retry", "failed|unknown|deferred", "");
}

static void take_back(struct sim *s, struct sim_whims *w) {
    of_letter(s, w, "delivery.withdraw", "queued|deferred|digested|held", "");
}

static void report(struct sim *s, struct sim_whims *w) {
    static const char *const kinds[] = {"delivered", "delayed",   "soft",
                                        "hard",      "complaint", "answered"};
    struct rec_ledger row;
    if (a_letter(s, w, "accepted|unknown", &row))
        say(s, w, "delivery.report", "{'delivery':%lld,'message_id':'%.*s','kind':'%s'}",
            (long long)row.no, TEXT_ARGS(row.message_id), kinds[below(w, COUNT_OF(kinds))]);
}

static void lift(struct sim *s, struct sim_whims *w) {
    char suppression[65];
    if (any_of(s, w, TABLE_SUPPRESSION, suppression))
        say(s, w, "suppression.lift", "{'suppression':'%s'}", suppression);
}

static void edit(struct sim *s, struct sim_whims *w) {
    static const char *const modes[] = {"room','place':'A", "room','place':'B",
                                        "video','link':'https://v.example/1"};
    struct rec_ledger row;
    for (uint64_t i = 0, n = 1 + below(w, 3); i < n; i++)
        if (a_letter(s, w, "accepted", &row) && text_is(row.about_kind, "meeting"))
            say(s, w, "meeting.set_mode", "{'meeting':'%.*s','mode':'%s'}", TEXT_ARGS(row.about),
                modes[below(w, COUNT_OF(modes))]);
}

static void be_forgotten(struct sim *s, struct sim_whims *w) {
    if (below(w, 4) == 0)
        person_says(s, w, "person.erase", "");
}

static bool says(const struct rec_ledger *row, const char *words) {
    return row->reason.p && memmem(row->reason.p, row->reason.n, words, strlen(words));
}

void sim_whim(struct sim *s, struct sim_whims *w) {
    struct rec_ledger row;
    static void (*const all[])(struct sim *, struct sim_whims *) = {
        choose, choose, choose, rest,      write_to_all, write_to_all, of_hold, pause_or_resume,
        settle, settle, again,  report,    report,       report,       lift,    take_back,
        edit,   edit,   edit,   call_many, want_less,    be_forgotten};
    all[below(w, COUNT_OF(all))](s, w);
    w->seen.nudges += a_letter(s, w, "queued", &row) && says(&row, "nudge:");
    w->seen.capped += a_letter(s, w, "digested", &row) && says(&row, "cap:");
}

void sim_whim_resume(struct sim *s, struct sim_whims *w) {
    if (w->paused)
        say(s, w, "sending.resume", "{}");
    w->paused = false;
}

/* ---- what it came to ---- */

static void count_row(void *ctx, const struct rec_ledger *row) {
    struct sim_seen *seen = &((struct sim_whims *)ctx)->seen;
    bool left = text_is(row->state, "accepted"), sheet = text_is(row->hold, "catchup");
    bool mass = text_is(row->rule, "letter");
    seen->digest_left += left && row->digest.p;
    seen->waited_quiet += left && !mass && text_is(row->class, "news") && !row->digest.p &&
                          row->ended - row->decided > 6 * HOURS && row->attempts == 1;
    seen->put_off += left && row->left && !mass && row->left - row->decided > DAYS;
    seen->window_left += left && mass && text_is(row->hold, "window");
    seen->window_undone += says(row, "took the letter back");
    seen->mass_on_sheet += mass && sheet;
    seen->released += left && sheet;
    seen->skipped += says(row, "skipped on the catch-up sheet");
    seen->overtaken += says(row, "overtaken by a later step");
    seen->held_missed += says(row, "nobody released it");
    seen->settled += row->settled.p != NULL;
    seen->suppressed += text_is(row->state, "suppressed") && says(row, "address");
    seen->unknown += text_is(row->state, "unknown") || row->attempts > 1;
    seen->not_due += text_is(row->state, "not-due");
    seen->erased += says(row, "erased");
}

/* The rest is not told by the ledger. */
static void count_table(struct sim *s, enum table table, void (*count)(struct sim_seen *, void *),
                        void *record, struct sim_seen *seen) {
    struct key from = {.n = 0};
    struct bytes key, value;
    while (store_seek(s->t.txn, table, key_bytes(&from), &key, &value) == 0) {
        memcpy(from.b, key.p, key.n);
        from.n = key.n;
        trial_get(&s->t, table, from, record);
        from.b[from.n++] = 0;
        count(seen, record);
    }
}

static void count_suppression(struct sim_seen *seen, void *record) {
    const struct rec_suppression *r = record;
    seen->lifted += text_is(r->state, "lifted");
}

static void count_meeting(struct sim_seen *seen, void *record) {
    const struct rec_meeting *m = record;
    seen->merged += m->mode_told > m->mode_changed || m->move_told > m->moved;
}

void sim_whim_count(struct sim *s, struct sim_whims *w) {
    struct rec_suppression suppression;
    struct rec_meeting meeting;
    sim_each_row(s, count_row, w);
    count_table(s, TABLE_SUPPRESSION, count_suppression, &suppression, &w->seen);
    count_table(s, TABLE_MEETING, count_meeting, &meeting, &w->seen);
}
