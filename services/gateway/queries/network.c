/* Networks, polls, and what a person is and wants in them. */
#include "services/gateway/asking.h"

/* ---- networks ---- */

static int network_row(struct asking *a, struct bytes key, struct bytes value) {
    struct rec_network n;
    (void)key;
    if (!asking_read(a, TABLE_NETWORK, value, &n))
        return 0;
    if (a->request->query == QUERY_NETWORKS_SHOW ||
        asked(a->request->body.networks_list.state, n.state))
        asking_add(a, &n);
    return 0;
}

static void one_network(struct asking *a) {
    key_text(&a->prefix, a->request->body.networks_show.network);
}

/* ---- memberships: a person's own, else her organisation's ---- */

static int find_inherited(struct asking *a, struct text network, struct rec_membership *ret) {
    struct list organisations = a->as->organisations;
    struct text organisation;
    while (codec_next_text(&organisations, &organisation)) {
        struct key key = key2(network, organisation);
        int rc = asking_get(a, TABLE_WHOLE, &key, ret);
        if (rc < 0 || (rc > 0 && text_is(ret->state, "active")))
            return rc;
    }
    return 0;
}

static int membership(struct asking *a, struct bytes key, struct bytes value) {
    struct text wanted = a->request->body.memberships_own.network;
    struct rec_network n;
    struct rec_membership own, inherited;
    (void)key;
    if (!asking_read(a, TABLE_NETWORK, value, &n) || !asked(wanted, n.network))
        return 0;
    struct key of = key2(n.network, a->person);
    int has_own = asking_get(a, TABLE_MEMBERSHIP, &of, &own);
    if (has_own < 0)
        return has_own;
    int inherits = find_inherited(a, n.network, &inherited);
    if (inherits < 0)
        return inherits;
    if (inherits && !(has_own && (text_is(own.state, "active") || text_is(own.state, "ended"))))
        asking_add_with(a, &inherited, VIEW_network_name, &n);
    else if (has_own)
        asking_add_with(a, &own, VIEW_network_name, &n);
    return 0;
}

/* ---- preferences and consents ---- */

static void own(struct asking *a) {
    key_text(&a->prefix, a->person);
}

static int preference(struct asking *a, struct bytes key, struct bytes value) {
    struct rec_preference p;
    (void)key;
    if (asking_read(a, TABLE_PREFERENCE, value, &p) &&
        asked(a->request->body.preferences_own.topic, p.topic))
        asking_add(a, &p);
    return 0;
}

static int consent(struct asking *a, struct bytes key, struct bytes value) {
    struct rec_consent c;
    (void)key;
    if (asking_read(a, TABLE_CONSENT, value, &c) &&
        asked(a->request->body.consents_own.purpose, c.purpose))
        asking_add(a, &c);
    return 0;
}

/* ---- polls ---- */

static int add_poll(struct asking *a, struct rec_poll *p) {
    struct rec_poll_answer own;
    int rc = 0;
    if (!text_is(p->state, "closed"))
        p->votes = (struct list){.count = 0};
    if (a->as) {
        struct key key = key2(p->poll, a->person);
        rc = asking_get(a, TABLE_POLL_ANSWER, &key, &own);
    }
    if (rc > 0)
        asking_add_with(a, p, VIEW_poll_answer, &own);
    else if (rc == 0)
        asking_add(a, p);
    return rc < 0 ? rc : 0;
}

static int poll(struct asking *a, struct bytes key, struct bytes value) {
    const struct query_polls_list *q = &a->request->body.polls_list;
    struct rec_poll p;
    (void)key;
    if (!asking_read(a, TABLE_POLL, value, &p))
        return 0;
    if (a->request->query == QUERY_POLLS_LIST &&
        (!asked(q->network, p.network) || !asked(q->state, p.state)))
        return 0;
    return add_poll(a, &p);
}

static void one_poll(struct asking *a) {
    key_text(&a->prefix, a->request->body.polls_show.poll);
}

const struct answerer answer_networks_list = {TABLE_NETWORK, NULL, network_row};
const struct answerer answer_networks_show = {TABLE_NETWORK, one_network, network_row};
const struct answerer answer_memberships_own = {TABLE_NETWORK, NULL, membership};
const struct answerer answer_preferences_own = {TABLE_PREFERENCE, own, preference};
const struct answerer answer_consents_own = {TABLE_CONSENT, own, consent};
const struct answerer answer_polls_list = {TABLE_POLL, NULL, poll};
const struct answerer answer_polls_show = {TABLE_POLL, one_poll, poll};
