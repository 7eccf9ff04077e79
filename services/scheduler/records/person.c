#include <ctype.h>
#include <errno.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/records/staff.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/plan.h"
#include "services/scheduler/reminders/quiet.h"
#include "services/scheduler/reminders/suppression.h"

static struct key address_key(struct office *o, struct text address) {
    char *lower = arena_take(o->arena, address.n + 1);
    for (size_t i = 0; i < address.n; i++)
        lower[i] = (char)tolower((unsigned char)address.p[i]);
    return key1((struct text){lower, address.n});
}

static struct key shared_key(struct office *o, struct text address, struct text person) {
    struct key k = address_key(o, address);
    key_text(&k, person);
    return k;
}

int person_by_address(struct office *o, struct text address, struct text *ret_person) {
    return office_marked(o, TABLE_ADDRESS, address_key(o, address), ret_person);
}

/* Whoever came second is found by it from now on. */
static int hand_on_address(struct office *o, struct text address) {
    struct key of = address_key(o, address), at = of;
    struct bytes value;
    int rc = office_next(o, TABLE_ADDRESS, &of, &at, &value);
    if (rc)
        return rc == -ENOENT ? office_del(o, TABLE_ADDRESS, of) : rc;
    rc = office_mark(o, TABLE_ADDRESS, of, arena_text(o->arena, key_part(&at, 1)));
    return rc ? rc : office_del(o, TABLE_ADDRESS, at);
}

static int leave_address(struct office *o, struct text address, struct text person) {
    struct text holder;
    int rc = person_by_address(o, address, &holder);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    return text_eq(holder, person) ? hand_on_address(o, address)
                                   : office_del(o, TABLE_ADDRESS, shared_key(o, address, person));
}

/* Two people may share an address; the first is found by it. */
static int take_address(struct office *o, struct text address, struct text person) {
    struct text holder;
    int rc = person_by_address(o, address, &holder);
    if (rc == -ENOENT)
        return office_mark(o, TABLE_ADDRESS, address_key(o, address), person);
    return rc || text_eq(holder, person)
               ? rc
               : office_mark(o, TABLE_ADDRESS, shared_key(o, address, person), TEXT_LIT(""));
}

static int index_address(struct office *o, const struct rec_person *was,
                         const struct rec_person *p) {
    bool same = was && was->email.p && p->email.p && text_eq(was->email, p->email);
    int rc = 0;
    if (!same && was && was->email.p)
        rc = leave_address(o, was->email, p->person);
    return rc || same || !p->email.p ? rc : take_address(o, p->email, p->person);
}

/* In a table of (item, person), the items that she no longer has go, and those that she has come.
 */
static int index_list(struct office *o, enum table table, struct text person, struct list was,
                      struct list now) {
    struct list before = was, after = now;
    struct text item;
    int rc = 0;
    while (rc == 0 && codec_next_text(&before, &item))
        if (!list_has_text(now, item))
            rc = office_del(o, table, key2(item, person));
    while (rc == 0 && codec_next_text(&after, &item))
        if (!list_has_text(was, item))
            rc = office_mark(o, table, key2(item, person), TEXT_LIT(""));
    return rc;
}

int person_put(struct office *o, const struct rec_person *was, struct rec_person *p) {
    static const struct rec_person nobody;
    const struct rec_person *before = was ? was : &nobody;
    int rc = index_address(o, was, p);
    if (rc == 0)
        rc = index_list(o, TABLE_STAFF, p->person, before->organisations, p->organisations);
    if (rc == 0)
        rc = index_list(o, TABLE_FUNCTION, p->person, before->functions, p->functions);
    if (rc == 0)
        rc = office_put(o, TABLE_PERSON, key1(p->person), p);
    return rc ? rc : plan_derive(o, "person", p->person);
}

/* One list of organisations: the one first, then the others, none twice, all known. */
static int gather(struct office *o, struct text first, struct list others, struct list *ret) {
    struct text items[21], item;
    struct rec_organisation r;
    uint32_t n = 0;
    if (first.p)
        items[n++] = first;
    while (codec_next_text(&others, &item)) {
        bool known = false;
        for (uint32_t i = 0; i < n; i++)
            known |= text_eq(items[i], item);
        if (!known && n < COUNT_OF(items))
            items[n++] = item;
    }
    for (uint32_t i = 0; i < n; i++) {
        int rc = find_organisation(o, items[i], "organisation", &r);
        if (rc)
            return rc;
    }
    *ret = office_list_of(o, items, n);
    return 0;
}

int apply_person_register(struct office *o, const struct msg_person_register *m) {
    struct rec_person p = {.person = office_id(o, m->person, "person"),
                           .state = TEXT_LIT("active"),
                           .name = m->name,
                           .email = m->email,
                           .language = m->language,
                           .functions = m->functions,
                           .zone = m->zone};
    int rc = find_none(o, TABLE_PERSON, key1(p.person), "person");
    if (rc == 0)
        rc = find_zone(o, m->zone, "zone");
    if (rc == 0)
        rc = gather(o, m->organisation, m->organisations, &p.organisations);
    if (rc)
        return rc;
    office_about(o, "person", p.person);
    answer_text(o, "person", p.person);
    rc = person_put(o, NULL, &p);
    return rc ? rc : office_fact(o, FACT_PERSON_REGISTERED, "person", p.person);
}

static int update(struct office *o, const struct rec_person *was, struct rec_person *p,
                  enum fact_type fact) {
    office_about(o, "person", p->person);
    int rc = person_put(o, was, p);
    return rc ? rc : office_fact(o, fact, "person", p->person);
}

/* Those she speaks for no more. */
static int leave_organisations(struct office *o, const struct rec_person *was,
                               const struct rec_person *p) {
    struct list before = was->organisations;
    struct text organisation;
    int rc = 0;
    while (rc == 0 && codec_next_text(&before, &organisation))
        if (!list_has_text(p->organisations, organisation))
            rc = staff_leave(o, p->person, organisation);
    return rc;
}

int apply_person_update(struct office *o, const struct msg_person_update *m) {
    struct rec_person was, p;
    int rc = find_person(o, m->person, "person", &was);
    p = was;
    if (rc == 0)
        rc = find_zone(o, m->zone, "zone");
    if (rc == 0 && m->organisations.raw.p)
        rc = gather(o, TEXT_NONE, m->organisations, &p.organisations);
    if (rc)
        return rc;
    p.name = m->name.p ? m->name : p.name;
    p.language = m->language.p ? m->language : p.language;
    p.functions = m->functions.raw.p ? m->functions : p.functions;
    p.zone = m->zone.p ? m->zone : p.zone;
    if (m->email.p) { /* also when it is the same: somebody says that it is right */
        p.email = m->email;
        if ((rc = suppression_vouch(o, m->email)))
            return rc;
    }
    rc = update(o, &was, &p, FACT_PERSON_UPDATED);
    return rc ? rc : leave_organisations(o, &was, &p);
}

static int set_flag(struct office *o, struct text person, bool on, size_t flag,
                    const char *reason) {
    struct rec_person was, p;
    int rc = find_person(o, person, "person", &was);
    if (rc)
        return rc;
    p = was;
    *(bool *)((char *)&p + flag) = on;
    if (on)
        rc = ledger_stop_person(o, person, TEXT_NONE, false, "suppress", text_of(reason));
    return rc ? rc : update(o, &was, &p, FACT_PERSON_UPDATED);
}

int apply_person_protect(struct office *o, const struct msg_person_protect *m) {
    return set_flag(o, m->person, m->on, offsetof(struct rec_person, protected),
                    "protected identity");
}

int apply_person_restrict(struct office *o, const struct msg_person_restrict *m) {
    return set_flag(o, m->person, m->on, offsetof(struct rec_person, restricted),
                    "restricted processing");
}

int apply_quiet_set(struct office *o, const struct msg_quiet_set *m) {
    struct rec_person was, p;
    int rc = find_person(o, m->person, "person", &was);
    if (rc == 0)
        rc = find_zone(o, m->zone, "zone");
    if (rc)
        return rc;
    if (!m->from.p != !m->to.p)
        return refuse(o, "missing", m->from.p ? "to" : "from", "Quiet hours need from and to.");
    if (m->from.p && quiet_minutes(m->from) < 0)
        return refuse(o, "bad-value", "from", "Expected hh:mm, 00:00 to 23:59.");
    if (m->to.p && quiet_minutes(m->to) < 0)
        return refuse(o, "bad-value", "to", "Expected hh:mm, 00:00 to 23:59.");
    p = was;
    p.quiet_from = m->from;
    p.quiet_to = m->to;
    p.quiet_zone = m->zone;
    return update(o, &was, &p, FACT_PERSON_UPDATED);
}
