/* import_check - a line against what core holds, and against the lines before it. */
#include "services/cirkel/import.h"

#include "proto/machine.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAME_ROOM 300

static bool get(struct import *import, enum table table, struct text a, struct text b, void *ret) {
    struct key key = b.p ? key2(a, b) : key1(a);
    return look_get(&import->look, table, ret, key_bytes(&key)) == 0;
}

/* True when a line before it said so too; else it is remembered. */
static bool is_double(struct import *import, struct import_line *line, const char *kind,
                      struct text what, const char *field) {
    char name[NAME_ROOM];
    json_int_t before;

    snprintf(name, sizeof name, "%s %.*s", kind, TEXT_ARGS(what));
    before = json_integer_value(json_object_get(import->seen, name));
    if (!before) {
        json_object_set_new(import->seen, name, json_integer(line->no));
        return false;
    }
    import_bad(import, line, field, "line %lld has the same", (long long)before);
    return true;
}

static bool is_said(struct import *import, const char *kind, struct text what) {
    char name[NAME_ROOM];

    snprintf(name, sizeof name, "%s %.*s", kind, TEXT_ARGS(what));
    return json_object_get(import->seen, name) != NULL;
}

static bool check_organisation(struct import *import, struct import_line *line, struct text id,
                               const char *field) {
    struct rec_organisation r;

    if (import->kind == IMPORT_ORGANISATIONS && is_said(import, "organisation", id))
        return true;
    if (!get(import, TABLE_ORGANISATION, id, TEXT_NONE, &r))
        import_bad(import, line, field, "there is no organisation %.*s", TEXT_ARGS(id));
    else if (!text_is(r.state, "active"))
        import_bad(import, line, field, "the organisation %.*s is %.*s", TEXT_ARGS(id),
                   TEXT_ARGS(r.state));
    return line->fate != IMPORT_BAD;
}

static bool same_text(struct text a, struct text b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ---- people ---- */

static void lower(struct text address, char ret[NAME_ROOM]) {
    size_t n = address.n < NAME_ROOM - 1 ? address.n : NAME_ROOM - 1;

    for (size_t i = 0; i < n; i++)
        ret[i] = (char)tolower((unsigned char)address.p[i]);
    ret[n] = 0;
}

/* What the line does not say agrees with anything. */
static bool agrees(struct text said, struct text have) {
    return !said.p || same_text(said, have);
}

/* Whether the organisations are those of the message: the first one, then the others. */
static bool same_organisations(const struct msg_person_register *m, struct list have) {
    struct list others = m->organisations;
    struct text one;
    uint32_t n = m->organisation.p != NULL;

    if (!n && !m->organisations.count)
        return true;
    if (m->organisation.p && !list_has_text(have, m->organisation))
        return false;
    while (codec_next_text(&others, &one)) {
        if (!list_has_text(have, one))
            return false;
        n += !text_eq(one, m->organisation);
    }
    return n == have.count;
}

static bool list_agrees(struct list said, struct list have) {
    return !said.count ||
           (said.count == have.count && same_text((struct text){said.raw.p, said.raw.n},
                                                  (struct text){have.raw.p, have.raw.n}));
}

/* Core has this person: the same values are fine, others are for person.update. */
static void compare_person(struct import *import, struct import_line *line,
                           const struct msg_person_register *m, const struct rec_person *r) {
    const char *other = !text_is(r->state, "active")               ? "state"
                        : !same_text(m->name, r->name)             ? "name"
                        : !same_text(m->email, r->email)           ? "email"
                        : !same_text(m->language, r->language)     ? "language"
                        : !same_organisations(m, r->organisations) ? "organisations"
                        : !list_agrees(m->functions, r->functions) ? "functions"
                                                                   : NULL;
    line->fate = IMPORT_THERE;
    if (other)
        import_bad(import, line, m->person.p ? "person" : "email",
                   "%.*s is there already, with another %s; a change is said with person.update",
                   TEXT_ARGS(r->person), other);
}

static void check_person(struct import *import, struct import_line *line,
                         const struct msg_person_register *m) {
    struct list others = m->organisations;
    struct text one, owner = TEXT_NONE;
    char address[NAME_ROOM];
    struct rec_person r;
    struct bytes value;
    struct key key;

    line->what = arena_printf(import->arena, "%.*s%s%.*s", TEXT_ARGS(m->person),
                              m->person.p ? ", " : "", TEXT_ARGS(m->name));
    lower(m->email, address);
    if (m->person.p && is_double(import, line, "person", m->person, "person"))
        return;
    if (is_double(import, line, "email", text_of(address), "email"))
        return;
    key = key1(text_of(address));
    if (store_get(import->look.txn, TABLE_ADDRESS, key_bytes(&key), &value) == 0)
        owner = (struct text){value.p, value.n};
    if ((m->person.p || owner.p) &&
        get(import, TABLE_PERSON, m->person.p ? m->person : owner, TEXT_NONE, &r)) {
        compare_person(import, line, m, &r);
        return;
    }
    if (owner.p)
        import_bad(import, line, "email", "this address is that of %.*s already", TEXT_ARGS(owner));
    if (m->organisation.p && !check_organisation(import, line, m->organisation, "organisation"))
        return;
    while (codec_next_text(&others, &one) && check_organisation(import, line, one, "organisations"))
        ;
}

/* ---- organisations ---- */

struct name_scan {
    const struct msg_organisation_register *m;
    struct rec_organisation found;
};

static int on_organisation(void *ctx, struct bytes key, struct bytes value) {
    struct name_scan *scan = ctx;

    (void)key;
    return look_decode(REC_ORGANISATION, value, &scan->found) == 0 &&
           text_is(scan->found.state, "active") && same_text(scan->found.name, scan->m->name) &&
           same_text(scan->found.country, scan->m->country);
}

/* By its id; without one, by name and country. */
static bool find_organisation(struct import *import, const struct msg_organisation_register *m,
                              struct rec_organisation *ret) {
    struct name_scan scan = {.m = m};

    if (m->organisation.p)
        return get(import, TABLE_ORGANISATION, m->organisation, TEXT_NONE, ret);
    if (store_scan(import->look.txn, TABLE_ORGANISATION, (struct bytes){"", 0}, on_organisation,
                   &scan) != 1)
        return false;
    *ret = scan.found;
    return true;
}

static void compare_organisation(struct import *import, struct import_line *line,
                                 const struct msg_organisation_register *m,
                                 const struct rec_organisation *r) {
    const char *other = !text_is(r->state, "active")         ? "state"
                        : !same_text(m->name, r->name)       ? "name"
                        : !same_text(m->kind, r->kind)       ? "kind"
                        : !same_text(m->country, r->country) ? "country"
                        : !agrees(m->region, r->region)      ? "region"
                        : !agrees(m->number, r->number)      ? "number"
                        : !agrees(m->parent, r->parent)      ? "parent"
                                                             : NULL;
    line->fate = IMPORT_THERE;
    if (other)
        import_bad(import, line, m->organisation.p ? "organisation" : "name",
                   "%.*s is there already, with another %s; a change is said with "
                   "organisation.update",
                   TEXT_ARGS(r->organisation), other);
}

static void check_new_organisation(struct import *import, struct import_line *line,
                                   const struct msg_organisation_register *m) {
    char name[NAME_ROOM];
    struct rec_organisation r;

    line->what = arena_printf(import->arena, "%.*s%s%.*s", TEXT_ARGS(m->organisation),
                              m->organisation.p ? ", " : "", TEXT_ARGS(m->name));
    if (m->parent.p && text_eq(m->parent, m->organisation))
        import_bad(import, line, "parent", "an organisation cannot be its own parent");
    if (m->parent.p && !check_organisation(import, line, m->parent, "parent"))
        return;
    snprintf(name, sizeof name, "%.*s %.*s", TEXT_ARGS(m->country), TEXT_ARGS(m->name));
    if (m->organisation.p &&
        is_double(import, line, "organisation", m->organisation, "organisation"))
        return;
    if (!m->organisation.p && is_double(import, line, "name", text_of(name), "name"))
        return;
    if (find_organisation(import, m, &r))
        compare_organisation(import, line, m, &r);
}

/* ---- memberships ---- */

static void check_topics(struct import *import, struct import_line *line, struct list topics,
                         const struct rec_network *n) {
    struct text topic;

    while (codec_next_text(&topics, &topic)) {
        struct list known = n->topics;
        struct part_topic t;
        bool found = false;
        while (codec_next_part(&known, PART_topic, &t))
            found |= text_eq(t.topic, topic);
        if (!found)
            import_bad(import, line, "topics", "the network has no topic %.*s", TEXT_ARGS(topic));
    }
}

static void check_member(struct import *import, struct import_line *line,
                         const struct msg_membership_grant *m) {
    struct rec_person r;

    if (m->person.p && m->organisation.p)
        import_bad(import, line, "organisation", "either a person or an organisation, not both");
    else if (!m->person.p && !m->organisation.p)
        import_bad(import, line, "person", "neither a person nor an organisation is given");
    else if (m->organisation.p)
        (void)check_organisation(import, line, m->organisation, "organisation");
    else if (!get(import, TABLE_PERSON, m->person, TEXT_NONE, &r))
        import_bad(import, line, "person", "there is no person %.*s", TEXT_ARGS(m->person));
    else if (!text_is(r.state, "active"))
        import_bad(import, line, "person", "%.*s is %.*s", TEXT_ARGS(m->person),
                   TEXT_ARGS(r.state));
}

static void check_membership(struct import *import, struct import_line *line,
                             const struct msg_membership_grant *m) {
    struct text who = m->person.p ? m->person : m->organisation;
    const char *column = m->person.p ? "person" : "organisation";
    struct rec_membership r = {.state = TEXT_NONE};
    char pair[NAME_ROOM];
    struct rec_network n;

    line->what = arena_printf(import->arena, "%.*s in %.*s", TEXT_ARGS(who), TEXT_ARGS(m->network));
    check_member(import, line, m);
    if (!get(import, TABLE_NETWORK, m->network, TEXT_NONE, &n))
        import_bad(import, line, "network", "there is no network %.*s", TEXT_ARGS(m->network));
    else if (!text_is(n.state, "open"))
        import_bad(import, line, "network", "the network is %.*s", TEXT_ARGS(n.state));
    else
        check_topics(import, line, m->topics, &n);
    snprintf(pair, sizeof pair, "%s %.*s %.*s", column, TEXT_ARGS(m->network), TEXT_ARGS(who));
    if (line->fate == IMPORT_BAD || is_double(import, line, "member", text_of(pair), column))
        return;
    if (get(import, m->person.p ? TABLE_MEMBERSHIP : TABLE_WHOLE, m->network, who, &r) &&
        text_is(r.state, "active"))
        line->fate = IMPORT_THERE;
    else if (machine_next("MEMBERSHIP", r.state, "grant", &who))
        import_bad(import, line, column, "the membership is %.*s", TEXT_ARGS(r.state));
}

void import_check(struct import *import, struct import_line *line, const union any_msg *msg) {
    if (import->kind == IMPORT_PEOPLE)
        check_person(import, line, &msg->person_register);
    else if (import->kind == IMPORT_ORGANISATIONS)
        check_new_organisation(import, line, &msg->organisation_register);
    else
        check_membership(import, line, &msg->membership_grant);
}
