/* Letters that an operator sends to an audience: counted, held for a while, and gone. */
#include <errno.h>
#include <string.h>

#include "common/template.h"
#include "common/zone.h"
#include "proto/variable.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/catchup.h"
#include "services/scheduler/reminders/fire.h"
#include "services/scheduler/reminders/hold.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/letter.h"
#include "services/scheduler/reminders/plan.h"

#define SOURCE_MAX (64 * 1024)
#define REASONS_MOST 6   /* told apart */
#define REASONS_TEXT 128 /* of the 200 bytes of a refusal */
#define REASONS_REST 24  /* of them for "12 ()" and "34 more" */

/* ---- its words ---- */

/* "In sv, line 3", of a text that may be read by others as well; "Line 3" of one for all. */
static struct text place_of(struct office *o, const struct texts *texts, struct text text,
                            unsigned line) {
    const char *language = text.p == texts->any.p  ? NULL
                           : text.p == texts->da.p ? "da"
                           : text.p == texts->sv.p ? "sv"
                                                   : "en";
    return language ? arena_printf(o->arena, "In %s, line %u", language, line)
                    : arena_printf(o->arena, "Line %u", line);
}

/* In one language, as the files of letters/ are: the subject, and Markdown with names in it. */
static int write_source(struct office *o, const struct msg_letter_send *m, const char *language,
                        struct text *ret) {
    struct text subject = texts_in(&m->subject, text_of(language)),
                text = texts_in(&m->text, text_of(language));
    struct template_error err;
    struct template *t;
    struct buf b;
    buf_init(&b, SOURCE_MAX);
    buf_printf(&b,
               "Subject: %.*s\n\n%.*s\n\n{{^digested}}\n---\n\n{{office.name}}\n{{/digested}}\n",
               TEXT_ARGS(subject), TEXT_ARGS(text));
    must(!b.over);
    *ret = arena_text(o->arena, buf_as_text(&b));
    buf_free(&b);
    int rc = template_parse(&t, *ret, NULL, NULL, &err);
    if (rc == 0) {
        rc = variable_check_template(TEXT_LIT("letter"), t, &err);
        template_free(&t);
    }
    if (rc == 0)
        return 0;
    struct text place = place_of(o, &m->text, text, err.line > 2 ? err.line - 2 : 1);
    return refuse(o, "bad-value", "text", "%.*s: %s", TEXT_ARGS(place), err.what);
}

static int write_sources(struct office *o, const struct msg_letter_send *m,
                         struct text ret[LANGUAGES]) {
    int rc = 0;
    for (unsigned i = 0; i < LANGUAGES && rc == 0; i++)
        rc = write_source(o, m, languages[i], &ret[i]);
    return rc;
}

static struct list hash_sources(struct office *o, const struct text sources[LANGUAGES]) {
    struct buf b;
    buf_init(&b, 1000);
    for (unsigned i = 0; i < LANGUAGES; i++) {
        char hash[TOKEN_ID_MAX];
        struct bytes part = {sources[i].p, sources[i].n};
        token_hash_text(&part, 1, hash);
        codec_add_text(&b, text_of(languages[i]));
        codec_add_text(&b, text_of(hash));
    }
    struct list list = {arena_bytes(o->arena, buf_as_bytes(&b)), LANGUAGES};
    buf_free(&b);
    return list;
}

static int keep_sources(struct office *o, struct list hashes,
                        const struct text sources[LANGUAGES]) {
    struct text language, hash;
    int rc = 0;
    for (unsigned i = 0; rc == 0 && codec_next_pair_text(&hashes, &language, &hash); i++)
        rc = office_mark(o, TABLE_TEXT, key1(hash), sources[i]);
    return rc;
}

/* ---- whom it is for ---- */

static int check_about(struct office *o, const struct msg_letter_send *m, struct text *ret_zone) {
    struct rec_network n;
    struct rec_meeting g;
    struct rec_programme p;
    int rc = 0;
    *ret_zone = text_of(o->settings->zone);
    if ((m->network.p != NULL) + (m->meeting.p != NULL) + (m->programme.p != NULL) > 1)
        return refuse(o, "conflict", "network", "It is about one thing only.");
    if (m->network.p && (rc = find_network(o, m->network, "network", &n)) == 0)
        *ret_zone = n.zone;
    if (m->meeting.p && (rc = find_meeting(o, m->meeting, "meeting", &g)) == 0)
        *ret_zone = g.zone;
    if (m->programme.p && (rc = find_programme(o, m->programme, "programme", &p)) == 0)
        *ret_zone = p.zone;
    return rc;
}

struct people {
    int64_t reached; /* it goes to them, by itself or in a digest */
    struct {
        const char *why;
        int64_t count;
    } not_to[REASONS_MOST];
    int64_t others; /* for whom there was no room */
};

static void count_out(struct people *p, const char *why) {
    unsigned i = 0;
    while (i < REASONS_MOST && p->not_to[i].why && strcmp(p->not_to[i].why, why))
        i++;
    if (i == REASONS_MOST) {
        p->others++;
        return;
    }
    p->not_to[i].why = why;
    p->not_to[i].count++;
}

/* By what is known now of the moment at which it will leave. */
static int count_people(struct office *o, const struct rec_letter *letter, instant at,
                        struct people *ret) {
    struct subject s;
    struct rule rule;
    struct text person = TEXT_NONE;
    const char *why;
    *ret = (struct people){.reached = 0};
    int rc = letter_rule(o, letter, &rule);
    if (rc == 0)
        rc = subject_of_letter(o, letter, &s);
    while (rc == 0 && (rc = audience_next(o, &rule.audience, &s, person, &person)) == 0) {
        rc = fire_why_not(o, &rule, &s, person, at, 0, &why);
        if (rc == 0 && why)
            count_out(ret, why);
        ret->reached += rc == 0 && !why;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* Somebody looked before, and typed another number: what may have changed since. */
static int refuse_count(struct office *o, const struct people *p, int64_t typed) {
    struct buf b;
    int64_t others = p->others;
    buf_init(&b, REASONS_TEXT);
    for (unsigned i = 0; i < REASONS_MOST && p->not_to[i].why; i++)
        if (b.n + strlen(p->not_to[i].why) + REASONS_REST < REASONS_TEXT)
            buf_printf(&b, "%s%lld (%s)", b.n ? ", " : " Not to ", (long long)p->not_to[i].count,
                       p->not_to[i].why);
        else
            others += p->not_to[i].count;
    if (others)
        buf_printf(&b, "%s%lld %s", b.n ? ", " : " Not to ", (long long)others,
                   b.n ? "more" : plural(others, "person", "people"));
    int rc = refuse(o, "conflict", "count",
                    "It would go to %lld %s, not %lld.%s%s Look again and type it anew.",
                    (long long)p->reached, plural(p->reached, "person", "people"), (long long)typed,
                    buf_cstr(&b), b.n ? "." : "");
    buf_free(&b);
    return rc;
}

/* ---- sending it ---- */

static int find_until(struct office *o, const struct msg_letter_send *m, struct text zone,
                      instant *ret) {
    msec window = m->window ? m->window * MINUTES : o->settings->undo_window;
    *ret = m->send_at.p ? office_wall(o, m->send_at, zone) : o->said + window;
    if (*ret <= o->said)
        return refuse(o, "too-late", "send_at", "That lies behind us.");
    if (*ret > INSTANT_MOST)
        return refuse(o, "bad-value", "send_at", "Expected a time before the end of 2200.");
    if (m->window && *ret < o->said + window)
        return refuse(o, "conflict", "send_at",
                      "It would leave before the %lld %s to take it back are over: name a later "
                      "time, or a shorter window.",
                      (long long)m->window, plural(m->window, "minute", "minutes"));
    return 0;
}

static int hold(struct office *o, struct rec_letter *letter, instant until, int64_t count) {
    struct rec_hold h = {
        .kind = TEXT_LIT("letter"), .until = until, .letter = letter->letter, .count = count};
    must(machine_next("HOLD", h.state, "open", &h.state) == 0);
    int rc = hold_open(o, &h);
    letter->hold = h.no;
    if (rc == 0)
        rc = due_add(o, until, "hold", key_no((uint64_t)h.no));
    return rc ? rc : office_fact(o, FACT_HOLD_OPENED, "letter", letter->letter);
}

static int check(struct office *o, const struct msg_letter_send *m, struct rec_letter *letter,
                 struct text sources[LANGUAGES], instant *ret_until, int64_t *ret_count) {
    struct people people;
    int rc = find_none(o, TABLE_LETTER, key1(letter->letter), "letter");
    if (rc == 0)
        rc = m->meeting.p ? find_audience_of_meeting(o, m->audience, "audience")
                          : find_audience(o, m->audience, "audience");
    if (rc == 0)
        rc = check_about(o, m, &letter->zone);
    if (rc == 0)
        rc = find_until(o, m, letter->zone, ret_until);
    if (rc == 0)
        rc = write_sources(o, m, sources);
    if (rc)
        return rc;
    letter->texts = hash_sources(o, sources);
    rc = count_people(o, letter, *ret_until, &people);
    *ret_count = people.reached;
    return rc || !m->count || m->count == people.reached ? rc : refuse_count(o, &people, m->count);
}

int apply_letter_send(struct office *o, const struct msg_letter_send *m) {
    char when[RFC3339_TEXT];
    struct text sources[LANGUAGES];
    instant until;
    int64_t count;
    struct rec_letter letter = {.letter = office_id(o, m->letter, "letter"),
                                .state = TEXT_LIT("ordered"),
                                .class = m->class,
                                .audience = m->audience,
                                .network = m->network,
                                .meeting = m->meeting,
                                .programme = m->programme,
                                .subject = m->subject,
                                .ordered = o->said};
    int rc = check(o, m, &letter, sources, &until, &count);
    if (rc)
        return rc;
    office_about(o, "letter", letter.letter);
    rc = keep_sources(o, letter.texts, sources);
    if (rc == 0)
        rc = hold(o, &letter, until, count);
    if (rc == 0)
        rc = office_put(o, TABLE_LETTER, key1(letter.letter), &letter);
    if (rc == 0)
        rc = plan_derive(o, "letter", letter.letter);
    instant_format(until, office_zone(o, letter.zone), when);
    answer_text(o, "letter", letter.letter);
    answer_int(o, "hold", letter.hold);
    answer_int(o, "count", count);
    answer_text(o, "until", arena_text(o->arena, text_of(when)));
    return rc;
}

/* ---- when its window is over, or it is taken back ---- */

typedef int row_fn(struct office *o, struct rec_ledger *row, uint64_t sheet);

/* A slice of its held rows after hold->cursor; -ENOENT at the end. */
static int each(struct office *o, struct rec_hold *h, int64_t most, row_fn *fn, uint64_t sheet) {
    struct arena *arena = o->arena;
    struct key at = key_no((uint64_t)h->no);
    struct rec_ledger row;
    int rc = 0;
    key_u64(&at, (uint64_t)h->cursor);
    o->arena = o->scratch;
    for (int64_t i = 0; rc == 0 && i < most; i++) {
        rc = hold_next(o, (uint64_t)h->no, &at, &row);
        if (rc == 0) {
            h->cursor = row.no;
            rc = hold_has(&row) ? fn(o, &row, sheet) : 0;
        }
        arena_reset(o->scratch);
    }
    o->arena = arena;
    return rc;
}

static int go(struct office *o, struct rec_ledger *row, uint64_t sheet) {
    return sheet ? hold_take(o, row, sheet, "catchup") : hold_let_go(o, row, o->now, TEXT_NONE);
}

static int take_back(struct office *o, struct rec_ledger *row, uint64_t sheet) {
    (void)sheet;
    return ledger_move(o, row, "withdraw", TEXT_LIT("an operator took the letter back"));
}

int letter_go(struct office *o, struct rec_hold *h) {
    struct rec_hold now;
    struct rec_plan plan;
    uint64_t sheet; /* its window ended in an outage: it waits with the rest of that time */
    int rc = letter_plan(o, h->letter, &plan);
    if (rc != -ENOENT) /* released at once: first everybody has a row in it */
        return rc ? rc : fire_plan(o, plan_key(&plan));
    rc = catchup_sheet(o, h->until, false, &sheet);
    if (rc == 0)
        rc = each(o, h, o->settings->fire_slice, go, sheet);
    bool done = rc == -ENOENT;
    if (rc && !done)
        return rc;
    rc = hold_get(o, (uint64_t)h->no, &now);
    if (rc)
        return rc;
    now.cursor = h->cursor;
    if (!done)
        return hold_put(o, &now);
    rc = due_del(o, now.until, "hold", key_no((uint64_t)now.no));
    return rc || !text_is(now.state, "open") ? rc : hold_move(o, &now, "end");
}

int letter_take_back(struct office *o, struct rec_hold *h) {
    struct rec_letter letter;
    int rc = office_get(o, TABLE_LETTER, key1(h->letter), &letter);
    if (rc)
        return rc == -ENOENT ? -EBADMSG : rc;
    letter.state = TEXT_LIT("undone");
    rc = office_put(o, TABLE_LETTER, key1(letter.letter), &letter);
    if (rc == 0)
        rc = plan_derive(o, "letter", letter.letter);
    if (rc == 0)
        rc = due_del(o, h->until, "hold", key_no((uint64_t)h->no));
    if (rc == 0)
        rc = hold_move(o, h, "undo");
    h->cursor = 0;
    if (rc == 0)
        rc = each(o, h, INT64_MAX, take_back, 0);
    return rc == -ENOENT ? 0 : rc;
}
