/* Networks, pledges and groups. */
#include <errno.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/plan.h"

static int put(struct office *o, struct rec_network *r, enum fact_type fact) {
    office_about(o, "network", r->network);
    int rc = office_put(o, TABLE_NETWORK, key1(r->network), r);
    if (rc == 0)
        rc = plan_derive(o, "network", r->network);
    return rc ? rc : office_fact(o, fact, "network", r->network);
}

int apply_network_open(struct office *o, const struct msg_network_open *m) {
    struct rec_organisation host;
    struct rec_person lead;
    int rc = find_none(o, TABLE_NETWORK, key1(m->network), "network");
    if (rc == 0)
        rc = find_organisation(o, m->host, "host", &host);
    if (rc == 0)
        rc = find_person(o, m->lead, "lead", &lead);
    if (rc == 0)
        rc = find_zone(o, m->zone, "zone");
    if (rc)
        return rc;
    struct rec_network r = {.network = m->network,
                            .state = TEXT_LIT("open"),
                            .name = m->name,
                            .host = m->host,
                            .lead = m->lead,
                            .funders = m->funders,
                            .languages = m->languages,
                            .zone = m->zone,
                            .regions = m->regions,
                            .topics = m->topics};
    answer_text(o, "network", r.network);
    return put(o, &r, FACT_NETWORK_OPENED);
}

int apply_network_update(struct office *o, const struct msg_network_update *m) {
    struct rec_network r;
    struct rec_person lead;
    int rc = find_network(o, m->network, "network", &r);
    if (rc == 0 && m->lead.p)
        rc = find_person(o, m->lead, "lead", &lead);
    if (rc)
        return rc;
    r.name = texts_given(&m->name) ? m->name : r.name;
    r.lead = m->lead.p ? m->lead : r.lead;
    r.funders = m->funders.raw.p ? m->funders : r.funders;
    r.languages = m->languages.raw.p ? m->languages : r.languages;
    r.regions = m->regions.raw.p ? m->regions : r.regions;
    r.topics = m->topics.raw.p ? m->topics : r.topics;
    return put(o, &r, FACT_NETWORK_UPDATED);
}

int apply_network_close(struct office *o, const struct msg_network_close *m) {
    struct rec_network r;
    int rc = find_network(o, m->network, "network", &r);
    if (rc == 0)
        rc = office_move(o, "NETWORK", r.state, "close", "network", &r.state);
    return rc ? rc : put(o, &r, FACT_NETWORK_CLOSED);
}

/* ---- pledges ---- */

static int put_pledge(struct office *o, struct rec_pledge *r, enum fact_type fact) {
    office_about(o, "organisation", r->organisation);
    int rc = office_put(o, TABLE_PLEDGE, key2(r->organisation, r->pledge), r);
    return rc ? rc : office_fact(o, fact, "organisation", r->organisation);
}

int apply_pledge_record(struct office *o, const struct msg_pledge_record *m) {
    struct rec_organisation organisation;
    struct rec_pledge r = {.state = TEXT_NONE};
    int rc = find_organisation(o, m->organisation, "organisation", &organisation);
    if (rc)
        return rc;
    rc = office_get(o, TABLE_PLEDGE, key2(m->organisation, m->pledge), &r);
    if (rc && rc != -ENOENT)
        return rc;
    rc = office_move(o, "PLEDGE", r.state, "record", "pledge", &r.state);
    if (rc)
        return rc;
    r.organisation = m->organisation;
    r.pledge = m->pledge;
    r.years = m->years;
    r.evidence = m->evidence.p ? m->evidence : r.evidence;
    return put_pledge(o, &r, FACT_PLEDGE_RECORDED);
}

int apply_pledge_follow_up(struct office *o, const struct msg_pledge_follow_up *m) {
    struct rec_pledge r = {.state = TEXT_NONE};
    int rc = office_get(o, TABLE_PLEDGE, key2(m->organisation, m->pledge), &r);
    if (rc && rc != -ENOENT)
        return rc;
    rc = office_move(o, "PLEDGE", r.state, m->ended ? "end" : "follow_up", "pledge", &r.state);
    if (rc)
        return rc;
    r.follow_up = m->text;
    return put_pledge(o, &r, FACT_PLEDGE_FOLLOWED_UP);
}

/* ---- groups ---- */

int apply_group_create(struct office *o, const struct msg_group_create *m) {
    struct rec_network network;
    struct rec_programme programme;
    struct rec_group r = {
        .group = m->group, .network = m->network, .programme = m->programme, .name = m->name};
    int rc = find_none(o, TABLE_GROUP, key1(m->group), "group");
    if (rc == 0 && m->network.p && m->programme.p)
        return refuse(o, "conflict", "programme", "A group is of a network or of a programme.");
    if (rc == 0 && m->network.p)
        rc = find_network(o, m->network, "network", &network);
    if (rc == 0 && m->programme.p)
        rc = find_programme(o, m->programme, "programme", &programme);
    if (rc)
        return rc;
    office_about(o, "group", m->group);
    rc = office_put(o, TABLE_GROUP, key1(m->group), &r);
    return rc ? rc : office_fact(o, FACT_GROUP_CHANGED, "group", m->group);
}

static int find_group(struct office *o, struct text group) {
    struct rec_group r;
    int rc = office_get(o, TABLE_GROUP, key1(group), &r);
    if (rc == -ENOENT)
        return refuse(o, "not-found", "group", "There is no group %.*s.", TEXT_ARGS(group));
    office_about(o, "group", group);
    return rc;
}

int apply_group_add(struct office *o, const struct msg_group_add *m) {
    struct rec_person p;
    struct rec_group_member r = {.group = m->group, .person = m->person, .joined = o->said};
    struct text there;
    int rc = find_group(o, m->group);
    if (rc == 0)
        rc = find_person(o, m->person, "person", &p);
    if (rc)
        return rc;
    if (office_marked(o, TABLE_GROUP_MEMBER, key2(m->group, m->person), &there) == 0)
        return refuse(o, "already", "person", "%.*s is in the group already.",
                      TEXT_ARGS(m->person));
    rc = office_put(o, TABLE_GROUP_MEMBER, key2(m->group, m->person), &r);
    return rc ? rc : office_fact(o, FACT_GROUP_CHANGED, "group", m->group);
}

int apply_group_remove(struct office *o, const struct msg_group_remove *m) {
    struct text there;
    int rc = find_group(o, m->group);
    if (rc)
        return rc;
    rc = office_marked(o, TABLE_GROUP_MEMBER, key2(m->group, m->person), &there);
    if (rc == -ENOENT)
        return refuse(o, "not-found", "person", "%.*s is not in the group.", TEXT_ARGS(m->person));
    if (rc == 0)
        rc = office_del(o, TABLE_GROUP_MEMBER, key2(m->group, m->person));
    return rc ? rc : office_fact(o, FACT_GROUP_CHANGED, "group", m->group);
}
