#include <errno.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/plan.h"

static int put(struct office *o, struct rec_idea *r) {
    office_about(o, "idea", r->idea);
    answer_text(o, "idea", r->idea);
    int rc = office_put(o, TABLE_IDEA, key1(r->idea), r);
    if (rc == 0)
        rc = plan_derive(o, "idea", r->idea);
    return rc ? rc : office_fact(o, FACT_IDEA_CHANGED, "idea", r->idea);
}

int apply_idea_send(struct office *o, const struct msg_idea_send *m) {
    struct rec_network n;
    struct rec_person p;
    struct rec_idea r = {.idea = office_id(o, m->idea, "idea")};
    int rc = find_none(o, TABLE_IDEA, key1(r.idea), "idea");
    if (rc == 0)
        rc = find_network(o, m->network, "network", &n);
    if (rc == 0 && m->person.p)
        rc = find_person(o, m->person, "person", &p);
    if (rc == 0)
        rc = office_move(o, "IDEA", TEXT_NONE, "send", "idea", &r.state);
    if (rc)
        return rc;
    r.network = m->network;
    r.zone = n.zone;
    r.text = m->text;
    r.person = m->person;
    r.contact = m->contact;
    r.received = o->said;
    return put(o, &r);
}

static int move(struct office *o, struct text idea, const char *event, struct rec_idea *ret) {
    *ret = (struct rec_idea){.state = TEXT_NONE};
    int rc = office_get(o, TABLE_IDEA, key1(idea), ret);
    if (rc && rc != -ENOENT)
        return rc;
    return office_move(o, "IDEA", ret->state, event, "idea", &ret->state);
}

int apply_idea_answer(struct office *o, const struct msg_idea_answer *m) {
    struct rec_idea r;
    int rc = move(o, m->idea, "answer", &r);
    if (rc)
        return rc;
    r.answer = m->text;
    r.answered = o->said;
    return put(o, &r);
}

static bool has_topic(struct list topics, struct text topic) {
    struct part_topic t;
    while (codec_next_part(&topics, PART_topic, &t))
        if (text_eq(t.topic, topic))
            return true;
    return false;
}

static int to_topic(struct office *o, const struct msg_idea_promote *m, struct rec_idea *r) {
    struct rec_network n;
    if (!m->topic.p)
        return refuse(o, "missing", "topic", "Expected the topic it becomes.");
    int rc = office_get(o, TABLE_NETWORK, key1(r->network), &n);
    if (rc)
        return rc;
    if (!has_topic(n.topics, m->topic))
        return refuse(o, "not-found", "topic",
                      "The network has no topic %.*s; add it with network.update.",
                      TEXT_ARGS(m->topic));
    r->topic = m->topic;
    return 0;
}

static int to_case(struct office *o, const struct msg_idea_promote *m, struct rec_idea *r) {
    struct rec_person p;
    if (!r->person.p)
        return refuse(o, "missing", "person", "The idea has no person whom the case could answer.");
    int rc = find_person(o, r->person, "person", &p); /* who was erased cannot be answered */
    r->case_ = office_id(o, m->case_, "case");
    return rc ? rc : find_none(o, TABLE_CASE, key1(r->case_), "case");
}

int apply_idea_promote(struct office *o, const struct msg_idea_promote *m) {
    struct rec_idea r;
    bool topic = text_is(m->to, "topic");
    int rc = move(o, m->idea, topic ? "to_topic" : "to_case", &r);
    if (rc)
        return rc;
    rc = topic ? to_topic(o, m, &r) : to_case(o, m, &r);
    if (rc)
        return rc;
    if (!topic) {
        struct rec_case c = {
            .case_ = r.case_, .network = r.network, .zone = r.zone, .person = r.person};
        rc = case_open(o, &c, r.text);
    }
    r.promoted = o->said;
    return rc ? rc : put(o, &r);
}

int apply_idea_close(struct office *o, const struct msg_idea_close *m) {
    struct rec_idea r;
    int rc = move(o, m->idea, "close", &r);
    if (rc)
        return rc;
    r.closed = o->said;
    return put(o, &r);
}
