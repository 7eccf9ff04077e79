#include <errno.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/plan.h"

#define NOTES_MAX 200

static int put(struct office *o, struct rec_case *r) {
    office_about(o, "case", r->case_);
    answer_text(o, "case", r->case_);
    int rc = office_put(o, TABLE_CASE, key1(r->case_), r);
    if (rc == 0)
        rc = plan_derive(o, "case", r->case_);
    return rc ? rc : office_fact(o, FACT_CASE_CHANGED, "case", r->case_);
}

static int add_note(struct office *o, struct rec_case *r, const char *kind, struct text text) {
    struct part_note n = {.at = o->said, .kind = text_of(kind), .text = text};
    struct buf b;
    if (r->notes.count >= NOTES_MAX)
        return refuse(o, "full", "case", "A case holds at most %d notes; open another.", NOTES_MAX);
    buf_init(&b, 1 << 20);
    buf_add(&b, r->notes.raw.p, r->notes.raw.n);
    codec_add_part(&b, PART_note, &n);
    must(!b.over);
    r->notes = (struct list){arena_bytes(o->arena, buf_as_bytes(&b)), r->notes.count + 1};
    buf_free(&b);
    return 0;
}

int case_open(struct office *o, struct rec_case *c, struct text text) {
    int rc = office_move(o, "CASE", TEXT_NONE, "request", "case", &c->state);
    c->requested = o->said;
    if (rc == 0)
        rc = add_note(o, c, "request", text);
    return rc ? rc : put(o, c);
}

int apply_support_request(struct office *o, const struct msg_support_request *m) {
    struct rec_network n;
    struct rec_person p;
    struct rec_organisation organisation;
    struct rec_case r = {.case_ = office_id(o, m->case_, "case")};
    int rc = find_none(o, TABLE_CASE, key1(r.case_), "case");
    if (rc == 0)
        rc = find_network(o, m->network, "network", &n);
    if (rc == 0)
        rc = find_person(o, m->person, "person", &p);
    if (rc == 0 && m->organisation.p)
        rc = find_organisation(o, m->organisation, "organisation", &organisation);
    if (rc)
        return rc;
    r.network = m->network;
    r.zone = n.zone;
    r.person = m->person;
    r.organisation = m->organisation;
    r.topic = m->topic;
    return case_open(o, &r, m->text);
}

static int move(struct office *o, struct text id, const char *event, struct rec_case *ret) {
    *ret = (struct rec_case){.state = TEXT_NONE};
    int rc = office_get(o, TABLE_CASE, key1(id), ret);
    if (rc && rc != -ENOENT)
        return rc;
    return office_move(o, "CASE", ret->state, event, "case", &ret->state);
}

int apply_support_assign(struct office *o, const struct msg_support_assign *m) {
    struct rec_case r;
    struct rec_person p;
    int rc = move(o, m->case_, "assign", &r);
    if (rc == 0)
        rc = find_person(o, m->person, "person", &p);
    if (rc)
        return rc;
    r.adviser = m->person;
    r.next_step_by = m->next_step_by.p ? m->next_step_by : r.next_step_by;
    r.assigned = o->said;
    return put(o, &r);
}

int apply_support_answer(struct office *o, const struct msg_support_answer *m) {
    struct rec_case r;
    int rc = move(o, m->case_, "answer", &r);
    if (rc == 0)
        rc = add_note(o, &r, "answer", m->text);
    r.answered = o->said;
    return rc ? rc : put(o, &r);
}

int apply_support_note(struct office *o, const struct msg_support_note *m) {
    struct rec_case r;
    int rc = move(o, m->case_, "note", &r);
    if (rc == 0)
        rc = add_note(o, &r, "note", m->text);
    return rc ? rc : put(o, &r);
}

int apply_support_close(struct office *o, const struct msg_support_close *m) {
    struct rec_case r;
    int rc = move(o, m->case_, "close", &r);
    if (rc)
        return rc;
    r.minutes = m->minutes;
    r.closed = o->said;
    return put(o, &r);
}
