#include <errno.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/plan.h"

static int put(struct office *o, struct rec_material *r, enum fact_type fact) {
    office_about(o, "material", r->material);
    answer_text(o, "material", r->material);
    int rc = office_put(o, TABLE_MATERIAL, key1(r->material), r);
    if (rc == 0)
        rc = plan_derive(o, "material", r->material);
    return rc ? rc : office_fact(o, fact, "material", r->material);
}

int apply_material_expect(struct office *o, const struct msg_material_expect *m) {
    struct rec_meeting meeting;
    struct rec_person from;
    struct rec_material r = {.material = office_id(o, m->material, "material")};
    int rc = find_none(o, TABLE_MATERIAL, key1(r.material), "material");
    if (rc == 0)
        rc = find_meeting(o, m->meeting, "meeting", &meeting);
    if (rc == 0)
        rc = find_person(o, m->from, "from", &from);
    if (rc == 0)
        rc = office_move(o, "MATERIAL", TEXT_NONE, "expect", "material", &r.state);
    if (rc)
        return rc;
    r.meeting = m->meeting;
    r.network = meeting.network;
    r.programme = meeting.programme;
    r.zone = meeting.zone;
    r.kind = m->kind.p ? m->kind : TEXT_LIT("presentation");
    r.title = m->title;
    r.from = m->from;
    r.due = m->due;
    r.expected = o->said;
    return put(o, &r, FACT_MATERIAL_EXPECTED);
}

static int belong_meeting(struct office *o, struct text meeting, struct rec_material *r) {
    struct rec_meeting m;
    int rc = find_meeting(o, meeting, "meeting", &m);
    if (rc)
        return rc;
    r->meeting = meeting;
    r->network = m.network;
    r->programme = m.programme;
    r->zone = m.zone;
    return 0;
}

static int belong_programme(struct office *o, struct text programme, struct rec_material *r) {
    struct rec_programme p;
    int rc = find_programme(o, programme, "programme", &p);
    r->programme = programme;
    r->network = TEXT_NONE; /* of which it was before it was withdrawn */
    r->zone = p.zone;
    return rc;
}

static int belong_network(struct office *o, struct text network, struct rec_material *r) {
    struct rec_network n;
    int rc = find_network(o, network, "network", &n);
    r->network = network;
    r->programme = TEXT_NONE;
    r->zone = n.zone;
    return rc;
}

/* Where it belongs: a meeting's, or a network's or programme's own. */
static int belong(struct office *o, const struct msg_material_publish *m, struct rec_material *r) {
    if ((m->meeting.p != NULL) + (m->network.p != NULL) + (m->programme.p != NULL) > 1)
        return refuse(o, "conflict", m->programme.p ? "programme" : "network",
                      "Expected one of meeting, network and programme.");
    if (m->meeting.p)
        return belong_meeting(o, m->meeting, r);
    if (r->meeting.p)
        return 0;
    if (m->programme.p)
        return belong_programme(o, m->programme, r);
    if (!m->network.p)
        return refuse(o, "missing", "meeting", "Expected a meeting, a network or a programme.");
    return belong_network(o, m->network, r);
}

/* Whom it is for must be able to exist there. */
static int check_visibility(struct office *o, const struct rec_material *r,
                            struct text visibility) {
    if (text_is(visibility, "cohort") && !r->programme.p)
        return refuse(o, "conflict", "visibility", "Only a programme has a cohort.");
    if (text_is(visibility, "members") && !r->network.p)
        return refuse(o, "conflict", "visibility", "Only a network has members.");
    return 0;
}

int apply_material_publish(struct office *o, const struct msg_material_publish *m) {
    struct rec_material r = {.state = TEXT_NONE};
    struct text id = office_id(o, m->material, "material");
    int rc = office_get(o, TABLE_MATERIAL, key1(id), &r);
    if (rc && rc != -ENOENT)
        return rc;
    if (text_is(r.state, "published"))
        return refuse(o, "already", "material", "The material %.*s was published before.",
                      TEXT_ARGS(id));
    rc = office_move(o, "MATERIAL", r.state, "publish", "material", &r.state);
    if (rc == 0)
        rc = belong(o, m, &r);
    if (rc == 0)
        rc = check_visibility(o, &r, m->visibility);
    if (rc)
        return rc;
    r.material = id;
    r.kind = m->kind;
    r.title = m->title;
    r.language = m->language;
    r.visibility = m->visibility;
    r.link = m->link;
    r.published = o->said;
    return put(o, &r, FACT_MATERIAL_PUBLISHED);
}

int apply_material_withdraw(struct office *o, const struct msg_material_withdraw *m) {
    struct rec_material r = {.state = TEXT_NONE};
    int rc = office_get(o, TABLE_MATERIAL, key1(m->material), &r);
    if (rc && rc != -ENOENT)
        return rc;
    rc = office_move(o, "MATERIAL", r.state, "withdraw", "material", &r.state);
    if (rc)
        return rc;
    r.withdrawn = o->said;
    rc = put(o, &r, FACT_MATERIAL_WITHDRAWN);
    return rc ? rc
              : ledger_supersede_if(o, TABLE_LEDGER_ABOUT, key2(TEXT_LIT("material"), m->material),
                                    NULL, NULL, TEXT_LIT("it was withdrawn"));
}
