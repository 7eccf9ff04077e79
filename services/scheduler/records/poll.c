#include "services/scheduler/records/poll.h"

#include <errno.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/audience.h"
#include "services/scheduler/reminders/plan.h"

static int put(struct office *o, struct rec_poll *r) {
    office_about(o, "poll", r->poll);
    int rc = office_put(o, TABLE_POLL, key1(r->poll), r);
    return rc ? rc : plan_derive(o, "poll", r->poll);
}

static int check_options(struct office *o, struct list options) {
    struct part_option a, b;
    if (options.count < 2)
        return refuse(o, "bad-value", "options",
                      "A poll needs at least two answers to choose from.");
    while (codec_next_part(&options, PART_option, &a)) {
        struct list rest = options;
        while (codec_next_part(&rest, PART_option, &b))
            if (text_eq(a.option, b.option))
                return refuse(o, "conflict", "options", "The answer %.*s is there twice.",
                              TEXT_ARGS(a.option));
    }
    return 0;
}

int apply_poll_open(struct office *o, const struct msg_poll_open *m) {
    struct rec_network n;
    struct rec_poll r = {.poll = m->poll, .state = TEXT_NONE};
    int rc = find_none(o, TABLE_POLL, key1(m->poll), "poll");
    if (rc == 0)
        rc = find_network(o, m->network, "network", &n);
    if (rc == 0)
        rc = find_audience(o, m->audience, "audience");
    if (rc == 0)
        rc = check_options(o, m->options);
    if (rc)
        return rc;
    instant closes = office_wall(o, m->closes, n.zone);
    if (closes <= o->said)
        return refuse(o, "too-late", "closes", "The poll would close in the past.");
    rc = office_move(o, "POLL", TEXT_NONE, "open", "poll", &r.state);
    if (rc)
        return rc;
    r.network = m->network;
    r.zone = n.zone;
    r.question = m->question;
    r.options = m->options;
    r.audience = m->audience;
    r.closes = m->closes;
    r.opened = o->said;
    rc = due_add_wall(o, closes, r.zone, "poll", key1(m->poll));
    if (rc == 0)
        rc = put(o, &r);
    return rc ? rc : office_fact(o, FACT_POLL_OPENED, "poll", m->poll);
}

static int check_entitled(struct office *o, const struct msg_poll_answer *m) {
    struct audience a;
    struct buf why;
    struct subject s;
    int rc = subject_load(o, TEXT_LIT("poll"), m->poll, &s);
    if (rc)
        return rc;
    buf_init(&why, 1000);
    rc = audience_parse(s.audience, &a, &why);
    buf_free(&why);
    rc = rc ? -EBADMSG : audience_has(o, &a, &s, m->person);
    if (rc == 0)
        return refuse(o, "not-entitled", "person", "%.*s is not among those who are asked.",
                      TEXT_ARGS(m->person));
    return rc < 0 ? rc : 0;
}

static int check_option(struct office *o, struct list options, struct text option) {
    struct part_option p;
    while (codec_next_part(&options, PART_option, &p))
        if (text_eq(p.option, option))
            return 0;
    return refuse(o, "not-found", "option", "The poll has no answer %.*s.", TEXT_ARGS(option));
}

/* One vote less for `from` (absent: none), one more for `to`. */
static struct list count_vote(struct office *o, struct rec_poll *r, struct text from,
                              struct text to) {
    struct list options = r->options, votes;
    struct part_option p;
    struct buf b;
    uint32_t n = 0;
    buf_init(&b, 1 << 14);
    while (codec_next_part(&options, PART_option, &p)) {
        int64_t count = 0, v;
        struct text option;
        votes = r->votes;
        while (codec_next_pair_int(&votes, &option, &v))
            if (text_eq(option, p.option))
                count = v;
        count += text_eq(p.option, to) - (from.p && text_eq(p.option, from));
        codec_add_text(&b, p.option);
        codec_add_int(&b, count);
        n++;
    }
    must(!b.over);
    struct list list = {arena_bytes(o->arena, buf_as_bytes(&b)), n};
    buf_free(&b);
    return list;
}

int apply_poll_answer(struct office *o, const struct msg_poll_answer *m) {
    struct rec_poll r = {.state = TEXT_NONE};
    struct rec_person p;
    struct rec_poll_answer was = {.option = TEXT_NONE};
    int rc = office_get(o, TABLE_POLL, key1(m->poll), &r);
    if (rc && rc != -ENOENT)
        return rc;
    if (text_is(r.state, "closed") || (r.closes.p && office_wall(o, r.closes, r.zone) <= o->said))
        return refuse(o, "too-late", "poll", "The poll closed %.*s (%.*s).", TEXT_ARGS(r.closes),
                      TEXT_ARGS(r.zone));
    rc = office_move(o, "POLL", r.state, "answer", "poll", &r.state);
    if (rc == 0)
        rc = find_person(o, m->person, "person", &p);
    if (rc == 0)
        rc = check_option(o, r.options, m->option);
    if (rc == 0)
        rc = check_entitled(o, m);
    if (rc)
        return rc;
    rc = office_get(o, TABLE_POLL_ANSWER, key2(m->poll, m->person), &was);
    if (rc && rc != -ENOENT)
        return rc;
    struct rec_poll_answer a = {
        .poll = m->poll, .person = m->person, .option = m->option, .at = o->said};
    r.votes = count_vote(o, &r, was.option, m->option);
    rc = office_put(o, TABLE_POLL_ANSWER, key2(m->poll, m->person), &a);
    return rc ? rc : put(o, &r);
}

/* One answer was the other's: of two the later one counts. */
static int move_answer(struct office *o, struct rec_poll_answer *a, struct text into) {
    struct rec_poll poll;
    struct rec_poll_answer there;
    struct text from = a->person;
    int rc = office_get(o, TABLE_POLL_ANSWER, key2(a->poll, into), &there);
    bool both = rc == 0;
    a->person = into;
    if (both && there.at >= a->at) {
        struct rec_poll_answer swap = *a;
        *a = there;
        there = swap;
    }
    if (both || rc == -ENOENT)
        rc = office_put(o, TABLE_POLL_ANSWER, key2(a->poll, into), a);
    if (rc == 0)
        rc = office_del(o, TABLE_POLL_ANSWER, key2(a->poll, from));
    if (rc || !both)
        return rc;
    rc = office_get(o, TABLE_POLL, key1(a->poll), &poll);
    if (rc)
        return rc;
    poll.votes = count_vote(o, &poll, there.option, TEXT_LIT(""));
    rc = office_put(o, TABLE_POLL, key1(poll.poll), &poll);
    return rc ? rc : plan_derive(o, "poll", poll.poll);
}

int poll_move_person(struct office *o, struct text from, struct text into) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_POLL, &none, &at, &value)) == 0) {
        struct rec_poll_answer a;
        rc = office_get(o, TABLE_POLL_ANSWER, key2(key_part(&at, 0), from), &a);
        if (rc == 0)
            rc = move_answer(o, &a, into);
        if (rc && rc != -ENOENT)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

static int close_poll(struct office *o, struct rec_poll *r) {
    int rc = due_del(o, office_wall(o, r->closes, r->zone), "poll", key1(r->poll));
    r->closed = o->said;
    if (rc == 0)
        rc = put(o, r);
    return rc ? rc : office_fact(o, FACT_POLL_CLOSED, "poll", r->poll);
}

int apply_poll_close(struct office *o, const struct msg_poll_close *m) {
    struct rec_poll r = {.state = TEXT_NONE};
    int rc = office_get(o, TABLE_POLL, key1(m->poll), &r);
    if (rc && rc != -ENOENT)
        return rc;
    if (text_is(r.state, "closed"))
        return refuse(o, "already", "poll", "The poll is closed already.");
    rc = office_move(o, "POLL", r.state, "close", "poll", &r.state);
    if (rc == 0)
        rc = close_poll(o, &r);
    return rc ? rc /* before its day, for which what asks is of use */
              : ledger_supersede_if(o, TABLE_LEDGER_ABOUT, key2(TEXT_LIT("poll"), r.poll), NULL,
                                    NULL, TEXT_LIT("the poll is closed"));
}

int poll_expire(struct office *o, struct key key) {
    struct rec_poll r;
    int rc = office_get(o, TABLE_POLL, key, &r);
    if (rc == 0)
        rc = machine_next("POLL", r.state, "close", &r.state);
    return rc ? rc : close_poll(o, &r);
}
