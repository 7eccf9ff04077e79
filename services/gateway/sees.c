/* What a person may see beyond what is public. */
#include "services/gateway/asking.h"

#include <errno.h>

/* 1, or 0; *ret_left: she has left, and inherits nothing. */
static int is_own_member(struct asking *a, struct text network, bool *ret_left) {
    struct rec_membership m;
    struct key key = key2(network, a->person);
    int rc = asking_get(a, TABLE_MEMBERSHIP, &key, &m);
    *ret_left = rc > 0 && text_is(m.state, "ended");
    return rc > 0 ? text_is(m.state, "active") : rc;
}

static int is_inherited_member(struct asking *a, struct text network) {
    struct list organisations = a->as->organisations;
    struct text organisation;
    while (codec_next_text(&organisations, &organisation)) {
        struct rec_membership m;
        struct key key = key2(network, organisation);
        int rc = asking_get(a, TABLE_WHOLE, &key, &m);
        if (rc < 0 || (rc > 0 && text_is(m.state, "active")))
            return rc;
    }
    return 0;
}

int sees_as_member(struct asking *a, struct text network) {
    if (!a->as || !network.p)
        return 0;
    bool left;
    int rc = is_own_member(a, network, &left);
    return rc || left ? rc : is_inherited_member(a, network);
}

/* Staff of an organisation that takes part, or did until the end. */
int sees_as_cohort(struct asking *a, struct text programme) {
    struct key prefix, at;
    struct bytes key, value;
    int rc;
    if (!a->as || !programme.p)
        return 0;
    prefix = at = key2(a->person, programme);
    while ((rc = store_seek(a->txn, TABLE_STAFF_OF, key_bytes(&at), &key, &value)) == 0 &&
           key_has_prefix(key, &prefix)) {
        struct rec_participation p;
        struct key of = key2(programme, key_text_at(key, 2));
        bool is_now = value.n == 3 && text_is((struct text){value.p, value.n}, "now");
        rc = is_now ? asking_get(a, TABLE_PARTICIPATION, &of, &p) : 0;
        if (rc < 0 || (rc > 0 && !text_is(p.state, "left")))
            return rc;
        at.n = 0;
        key_text(&at, a->person);
        key_text(&at, programme);
        key_text(&at, key_text_at(key, 2));
        key_text(&at, TEXT_LIT("")); /* the first key after it */
    }
    a->damaged += rc == -EBADMSG;
    return rc == 0 || rc == -ENOENT || rc == -EBADMSG ? 0 : rc;
}

int sees_as_group(struct asking *a, struct text group) {
    struct rec_group_member m;
    struct key key;
    if (!a->as || !group.p)
        return 0;
    key = key2(group, a->person);
    return asking_get(a, TABLE_GROUP_MEMBER, &key, &m);
}

int sees_as_registered(struct asking *a, struct text meeting) {
    struct rec_registration r;
    struct key key;
    if (!a->as)
        return 0;
    key = key2(meeting, a->person);
    int rc = asking_get(a, TABLE_REGISTRATION, &key, &r);
    return rc > 0 ? text_is(r.state, "registered") || text_is(r.state, "attended") : rc;
}
