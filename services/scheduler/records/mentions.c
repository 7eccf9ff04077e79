#include "services/scheduler/records/mentions.h"

#include <errno.h>

#include "services/scheduler/records/names.h"
#include "services/scheduler/records/poll.h"
#include "services/scheduler/reminders/plan.h"

union mention {
    struct rec_case case_;
    struct rec_idea idea;
    struct rec_material material;
    struct rec_network network;
    struct rec_programme programme;
    struct rec_organisation organisation;
    struct rec_application application;
};

/* Whether it named `from`; then it names `into`. */
typedef bool change_fn(struct office *o, union mention *r, struct text from, struct text into);

/* Every record of a kind that names somebody. */
static int change_all(struct office *o, enum table table, const char *kind, struct text from,
                      struct text into, change_fn *fn) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, table, &none, &at, &value)) == 0) {
        union mention *r = arena_take(o->arena, sizeof *r);
        if ((rc = office_read(o, table, value, r)))
            return rc;
        if (!fn(o, r, from, into))
            continue;
        rc = office_put(o, table, at, r);
        if (rc == 0)
            rc = plan_derive(o, kind, arena_text(o->arena, key_part(&at, 0)));
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* ---- a person ---- */

static bool case_of(struct office *o, union mention *r, struct text from, struct text into) {
    bool asks = name_change(&r->case_.person, from, into);
    (void)o;
    return name_change(&r->case_.adviser, from, into) || asks;
}

static bool idea_of(struct office *o, union mention *r, struct text from, struct text into) {
    (void)o;
    return name_change(&r->idea.person, from, into);
}

static bool material_from(struct office *o, union mention *r, struct text from, struct text into) {
    (void)o;
    return name_change(&r->material.from, from, into);
}

static bool network_led(struct office *o, union mention *r, struct text from, struct text into) {
    (void)o;
    return name_change(&r->network.lead, from, into);
}

static bool programme_led(struct office *o, union mention *r, struct text from, struct text into) {
    (void)o;
    return name_change(&r->programme.lead, from, into);
}

/* The later word on a purpose counts. */
static int move_consents(struct office *o, struct text from, struct text into) {
    struct key prefix = key1(from), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_CONSENT, &prefix, &at, &value)) == 0) {
        struct rec_consent c, there;
        if ((rc = office_read(o, TABLE_CONSENT, value, &c)))
            return rc;
        struct key to = key2(into, c.purpose);
        c.person = into;
        rc = office_get(o, TABLE_CONSENT, to, &there);
        if (rc == -ENOENT || (rc == 0 && there.at < c.at))
            rc = office_put(o, TABLE_CONSENT, to, &c);
        if (rc == 0)
            rc = office_del(o, TABLE_CONSENT, at);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

int mentions_move_person(struct office *o, struct text from, struct text into) {
    static const struct {
        enum table table;
        const char *kind;
        change_fn *fn;
    } rows[] = {{TABLE_CASE, "case", case_of},
                {TABLE_IDEA, "idea", idea_of},
                {TABLE_MATERIAL, "material", material_from},
                {TABLE_NETWORK, "network", network_led},
                {TABLE_PROGRAMME, "programme", programme_led}};
    int rc = poll_move_person(o, from, into);
    for (unsigned i = 0; rc == 0 && i < COUNT_OF(rows); i++)
        rc = change_all(o, rows[i].table, rows[i].kind, from, into, rows[i].fn);
    return rc ? rc : move_consents(o, from, into);
}

/* ---- an organisation ---- */

static bool case_for(struct office *o, union mention *r, struct text from, struct text into) {
    (void)o;
    return name_change(&r->case_.organisation, from, into);
}

static bool network_hosted(struct office *o, union mention *r, struct text from, struct text into) {
    (void)o;
    return name_change(&r->network.host, from, into);
}

static bool programme_hosted(struct office *o, union mention *r, struct text from,
                             struct text into) {
    return names_change(o, &r->programme.hosts, from, into);
}

/* One that becomes its own parent has none. */
static bool part_of(struct office *o, union mention *r, struct text from, struct text into) {
    bool self = text_eq(r->organisation.organisation, into);
    (void)o;
    return name_change(&r->organisation.parent, from, self ? TEXT_NONE : into);
}

static bool partner_of(struct office *o, union mention *r, struct text from, struct text into) {
    bool leads = text_eq(r->application.organisation, into);
    return names_change(o, &r->application.partners, from, leads ? TEXT_NONE : into);
}

int mentions_move_organisation(struct office *o, struct text from, struct text into) {
    static const struct {
        enum table table;
        const char *kind;
        change_fn *fn;
    } rows[] = {{TABLE_CASE, "case", case_for},
                {TABLE_NETWORK, "network", network_hosted},
                {TABLE_PROGRAMME, "programme", programme_hosted},
                {TABLE_ORGANISATION, "organisation", part_of},
                {TABLE_APPLICATION, "application", partner_of}};
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < COUNT_OF(rows); i++)
        rc = change_all(o, rows[i].table, rows[i].kind, from, into, rows[i].fn);
    return rc;
}
