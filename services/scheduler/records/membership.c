#include <errno.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/plan.h"

static int put_lapse(struct office *o, const struct rec_membership *was,
                     const struct rec_membership *m) {
    struct key k = key2(m->network, m->person);
    int rc = 0;
    if (was && was->lapses)
        rc = due_del(o, was->lapses, "lapse", k);
    if (rc == 0 && m->lapses)
        rc = due_add(o, m->lapses, "lapse", k);
    return rc;
}

int membership_put(struct office *o, struct rec_membership *m) {
    struct rec_membership was;
    if (m->whole)
        return office_put(o, TABLE_WHOLE, key2(m->network, m->organisation), m);
    struct key k = key2(m->network, m->person);
    int rc = office_get(o, TABLE_MEMBERSHIP, k, &was);
    if (rc && rc != -ENOENT)
        return rc;
    rc = put_lapse(o, rc ? NULL : &was, m);
    if (rc == 0)
        rc = office_put(o, TABLE_MEMBERSHIP, k, m);
    if (rc == 0)
        rc = office_mark(o, TABLE_MEMBER_OF, key2(m->person, m->network), TEXT_LIT(""));
    return rc ? rc : plan_derive(o, "membership", subject_pair(o, m->network, m->person));
}

static int tell(struct office *o, const struct rec_membership *m, enum fact_type fact) {
    struct text about = subject_pair(o, m->network, m->whole ? m->organisation : m->person);
    office_about(o, "membership", about);
    return office_fact(o, fact, "membership", about);
}

static int find_topics(struct office *o, const struct rec_network *n, struct list topics) {
    struct text topic;
    while (codec_next_text(&topics, &topic)) {
        struct list known = n->topics;
        struct part_topic t;
        bool found = false;
        while (codec_next_part(&known, PART_topic, &t))
            found |= text_eq(t.topic, topic);
        if (!found)
            return refuse(o, "not-found", "topics", "The network has no topic %.*s.",
                          TEXT_ARGS(topic));
    }
    return 0;
}

static int make_person(struct office *o, const struct msg_membership_request *m,
                       struct text *ret_person) {
    struct rec_organisation organisation;
    struct rec_person p = {.state = TEXT_LIT("active"),
                           .person = office_id(o, TEXT_NONE, "person"),
                           .name = m->name,
                           .email = m->email,
                           .language = m->language,
                           .functions = m->functions};
    if (m->organisation.p) {
        int rc = find_organisation(o, m->organisation, "organisation", &organisation);
        if (rc)
            return rc;
        p.organisations = office_list_of(o, &m->organisation, 1);
    }
    *ret_person = p.person;
    int rc = person_put(o, NULL, &p);
    return rc ? rc : office_fact(o, FACT_PERSON_REGISTERED, "person", p.person);
}

/* Who asks: somebody known by id or by address, or somebody new. Nothing is written yet. */
static int who_asks(struct office *o, const struct msg_membership_request *m, struct text *ret) {
    struct rec_person p;
    struct rec_organisation organisation;
    *ret = m->person;
    if (m->organisation.p) {
        int rc = find_organisation(o, m->organisation, "organisation", &organisation);
        if (rc)
            return rc;
    }
    if (m->person.p)
        return find_person(o, m->person, "person", &p);
    const char *lacks = !m->email.p      ? "email"
                        : !m->name.p     ? "name"
                        : !m->language.p ? "language"
                                         : NULL;
    if (lacks)
        return refuse(o, "missing", lacks, "Expected a person, or name, email and language.");
    int rc = person_by_address(o, m->email, ret);
    return rc == -ENOENT ? 0 : rc;
}

int apply_membership_request(struct office *o, const struct msg_membership_request *m) {
    struct rec_network n;
    struct rec_membership r = {.state = TEXT_NONE};
    struct text person = TEXT_NONE;
    int rc = find_network(o, m->network, "network", &n);
    if (rc == 0)
        rc = find_topics(o, &n, m->topics);
    if (rc == 0)
        rc = who_asks(o, m, &person);
    if (rc)
        return rc;
    if (person.p) {
        rc = office_get(o, TABLE_MEMBERSHIP, key2(m->network, person), &r);
        if (rc && rc != -ENOENT)
            return rc;
    }
    if (text_is(r.state, "active"))
        return refuse(o, "already", "person", "They are a member already.");
    rc = office_move(o, "MEMBERSHIP", r.state, "request", "membership", &r.state);
    if (rc == 0 && !person.p)
        rc = make_person(o, m, &person);
    if (rc)
        return rc;
    r.network = m->network;
    r.person = person;
    r.organisation = m->organisation.p ? m->organisation : r.organisation;
    r.zone = n.zone;
    r.topics = m->topics.count ? m->topics : r.topics;
    r.requested = o->said;
    r.confirmed = r.granted = r.ended = 0;
    r.lapses = o->said + o->settings->confirm_within;
    answer_text(o, "person", person);
    answer_text(o, "state", r.state);
    rc = membership_put(o, &r);
    return rc ? rc : tell(o, &r, FACT_MEMBERSHIP_REQUESTED);
}

int apply_membership_confirm(struct office *o, const struct msg_membership_confirm *m) {
    struct token *t = arena_take(o->arena, sizeof *t);
    struct rec_membership r = {.state = TEXT_NONE};
    if (token_read(o->links, m->token, t) || !text_is(t->purpose, "membership.confirm"))
        return refuse(o, "bad-value", "token", "This is not a link we made.");
    int rc = office_get(o, TABLE_MEMBERSHIP, key2(t->object, t->person), &r);
    if (rc && rc != -ENOENT)
        return rc;
    if (text_is(r.state, "active"))
        return refuse(o, "already", "token", "The membership was confirmed before.");
    if (text_is(r.state, "lapsed") || (t->expiry && t->expiry < o->said) ||
        (r.lapses && r.lapses <= o->said))
        return refuse(o, "too-late", "token",
                      "The link is no longer valid. Ask for membership again.");
    rc = office_move(o, "MEMBERSHIP", r.state, "confirm", "membership", &r.state);
    if (rc)
        return rc;
    r.confirmed = o->said;
    r.lapses = 0;
    answer_text(o, "network", r.network);
    answer_text(o, "person", r.person);
    rc = membership_put(o, &r);
    return rc ? rc : tell(o, &r, FACT_MEMBERSHIP_GRANTED);
}

/* Either a person or an organisation. */
static int one_of(struct office *o, struct text person, struct text organisation) {
    struct rec_person p;
    struct rec_organisation r;
    if (person.p && organisation.p)
        return refuse(o, "conflict", "organisation",
                      "Expected a person or an organisation, not both.");
    return person.p
               ? find_person(o, person, "person", &p)
               : find_organisation(o, organisation, organisation.p ? "organisation" : "person", &r);
}

static int get(struct office *o, struct text network, struct text person, struct text organisation,
               struct rec_membership *ret) {
    int rc = person.p ? office_get(o, TABLE_MEMBERSHIP, key2(network, person), ret)
                      : office_get(o, TABLE_WHOLE, key2(network, organisation), ret);
    return rc == -ENOENT ? 0 : rc;
}

int apply_membership_grant(struct office *o, const struct msg_membership_grant *m) {
    struct rec_network n;
    struct rec_membership r = {.state = TEXT_NONE};
    int rc = find_network(o, m->network, "network", &n);
    if (rc == 0)
        rc = one_of(o, m->person, m->organisation);
    if (rc == 0)
        rc = find_topics(o, &n, m->topics);
    if (rc == 0)
        rc = get(o, m->network, m->person, m->organisation, &r);
    if (rc)
        return rc;
    if (text_is(r.state, "active"))
        return refuse(o, "already", m->person.p ? "person" : "organisation",
                      "They are a member already.");
    rc = office_move(o, "MEMBERSHIP", r.state, "grant", "membership", &r.state);
    if (rc)
        return rc;
    r.network = m->network;
    r.person = m->person;
    r.organisation = m->organisation.p ? m->organisation : r.organisation;
    r.whole = !m->person.p;
    r.zone = n.zone;
    r.source = m->source;
    r.topics = m->topics.count ? m->topics : r.topics;
    r.granted = o->said;
    r.ended = r.lapses = 0;
    rc = membership_put(o, &r);
    return rc ? rc : tell(o, &r, FACT_MEMBERSHIP_GRANTED);
}

static int end(struct office *o, struct rec_membership *r) {
    int rc = office_move(o, "MEMBERSHIP", r->state, "end", "membership", &r->state);
    if (rc)
        return rc;
    r->ended = o->said;
    r->lapses = 0;
    rc = membership_put(o, r);
    return rc ? rc
              : office_fact(o, FACT_MEMBERSHIP_ENDED, "membership",
                            subject_pair(o, r->network, r->whole ? r->organisation : r->person));
}

/* Who is a member only through an organisation can leave, too: a membership of her own says so. */
static int begin_to_leave(struct office *o, const struct msg_membership_end *m,
                          struct rec_membership *r) {
    static const struct audience members = {.nodes = {{.term = TERM_MEMBERS}}, .count = 1};
    struct rec_network n;
    struct subject s;
    int rc = find_network(o, m->network, "network", &n);
    if (rc == 0)
        rc = subject_load(o, TEXT_LIT("network"), m->network, &s);
    if (rc == 0)
        rc = audience_has(o, &members, &s, m->person);
    if (rc <= 0)
        return rc ? rc : refuse(o, "not-found", "membership", "There is no such membership.");
    r->network = m->network;
    r->person = m->person;
    r->zone = n.zone;
    r->state = TEXT_LIT("active");
    return 0;
}

int apply_membership_end(struct office *o, const struct msg_membership_end *m) {
    struct rec_membership r = {.state = TEXT_NONE};
    if (!m->person.p == !m->organisation.p)
        return refuse(o, m->person.p ? "conflict" : "missing", "person",
                      "Expected either a person or an organisation.");
    int rc = get(o, m->network, m->person, m->organisation, &r);
    if (rc == 0 && m->person.p && !text_is(r.state, "active") && !text_is(r.state, "requested") &&
        !text_is(r.state, "ended"))
        rc = begin_to_leave(o, m, &r);
    if (rc)
        return rc;
    office_about(o, "membership",
                 subject_pair(o, m->network, m->person.p ? m->person : m->organisation));
    return end(o, &r);
}

int membership_expire(struct office *o, struct key key) {
    struct rec_membership r;
    int rc = office_get(o, TABLE_MEMBERSHIP, key, &r);
    if (rc)
        return rc;
    rc = machine_next("MEMBERSHIP", r.state, "expire", &r.state);
    if (rc)
        return rc;
    rc = due_del(o, r.lapses, "lapse", key);
    r.lapses = 0;
    r.ended = 0;
    if (rc == 0)
        rc = membership_put(o, &r);
    return rc ? rc
              : office_fact(o, FACT_MEMBERSHIP_LAPSED, "membership",
                            subject_pair(o, r.network, r.person));
}

static bool goes_on(const struct rec_membership *r) {
    return text_is(r->state, "active") || text_is(r->state, "requested");
}

int membership_end_all(struct office *o, struct text person, struct text organisation) {
    struct key none = {.n = 0}, prefix = person.p ? key1(person) : none, at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, person.p ? TABLE_MEMBER_OF : TABLE_WHOLE, &prefix, &at, &value)) ==
           0) {
        struct rec_membership r = {.state = TEXT_NONE};
        rc = person.p ? get(o, arena_text(o->arena, key_part(&at, 1)), person, TEXT_NONE, &r)
                      : office_read(o, TABLE_WHOLE, value, &r);
        if (rc)
            return rc;
        if (!goes_on(&r) || (organisation.p && !text_eq(r.organisation, organisation)))
            continue;
        if ((rc = end(o, &r)))
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}
