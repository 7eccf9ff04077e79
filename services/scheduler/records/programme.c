/* A programme from its opening to its end. Its places are in place.c. */
#include <errno.h>

#include "services/scheduler/records/evidence.h"
#include "services/scheduler/records/call.h"
#include "services/scheduler/records/place.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/plan.h"

int programme_put(struct office *o, struct rec_programme *p) {
    int rc = office_put(o, TABLE_PROGRAMME, key1(p->programme), p);
    return rc ? rc : plan_derive(o, "programme", p->programme);
}

static int tell(struct office *o, struct rec_programme *p, enum fact_type fact) {
    office_about(o, "programme", p->programme);
    answer_text(o, "programme", p->programme);
    answer_text(o, "state", p->state);
    int rc = programme_put(o, p);
    return rc ? rc : office_fact(o, fact, "programme", p->programme);
}

static int check_phases(struct office *o, struct list phases) {
    struct part_phase a, b;
    while (codec_next_part(&phases, PART_phase, &a)) {
        struct list rest = phases;
        while (codec_next_part(&rest, PART_phase, &b))
            if (text_eq(a.phase, b.phase))
                return refuse(o, "conflict", "phases", "The phase %.*s is there twice.",
                              TEXT_ARGS(a.phase));
    }
    return 0;
}

static int check_hosts(struct office *o, struct list hosts) {
    struct text host;
    struct rec_organisation r;
    while (codec_next_text(&hosts, &host)) {
        int rc = find_organisation(o, host, "hosts", &r);
        if (rc)
            return rc;
        if (list_has_text(hosts, host))
            return refuse(o, "conflict", "hosts", "%.*s is there twice.", TEXT_ARGS(host));
    }
    return 0;
}

static int check_days(struct office *o, struct text starts, struct text ends) {
    if (text_cmp(ends, starts) <= 0) /* dates sort as texts */
        return refuse(o, "conflict", "ends", "The programme would end %.*s, but it starts %.*s.",
                      TEXT_ARGS(ends), TEXT_ARGS(starts));
    return 0;
}

int apply_programme_open(struct office *o, const struct msg_programme_open *m) {
    struct rec_person lead;
    struct rec_programme p = {.programme = m->programme,
                              .name = m->name,
                              .hosts = m->hosts,
                              .lead = m->lead,
                              .funder = m->funder,
                              .places = m->places,
                              .starts = m->starts,
                              .ends = m->ends,
                              .budget_minutes = m->budget_minutes,
                              .budget_per = m->budget_per,
                              .least_staff = m->least_staff,
                              .zone = m->zone,
                              .languages = m->languages,
                              .phases = m->phases,
                              .opened = o->said};
    int rc = find_none(o, TABLE_PROGRAMME, key1(m->programme), "programme");
    if (rc == 0)
        rc = check_hosts(o, m->hosts);
    if (rc == 0)
        rc = find_person(o, m->lead, "lead", &lead);
    if (rc == 0)
        rc = find_zone(o, m->zone, "zone");
    if (rc == 0)
        rc = check_days(o, m->starts, m->ends);
    if (rc == 0)
        rc = check_phases(o, m->phases);
    if (rc == 0)
        rc = office_move(o, "PROGRAMME", TEXT_NONE, "open", "programme", &p.state);
    if (rc)
        return rc;
    if (!p.budget_per.p)
        p.budget_per = TEXT_LIT("organisation");
    return tell(o, &p, FACT_PROGRAMME_OPENED);
}

static int check_update(struct office *o, const struct msg_programme_update *m,
                        const struct rec_programme *p) {
    struct rec_person lead;
    int rc = m->lead.p ? find_person(o, m->lead, "lead", &lead) : 0;
    if (rc == 0 && m->ends.p)
        rc = check_days(o, p->starts, m->ends);
    if (rc == 0)
        rc = check_phases(o, m->phases);
    if (rc == 0 && m->places && m->places < p->taken)
        return refuse(o, "conflict", "places", "%lld places are taken already.",
                      (long long)p->taken);
    return rc;
}

int apply_programme_update(struct office *o, const struct msg_programme_update *m) {
    struct rec_programme p;
    int rc = find_programme(o, m->programme, "programme", &p);
    if (rc == 0)
        rc = check_update(o, m, &p);
    if (rc)
        return rc;
    int64_t more = m->places > p.places ? m->places - p.places : 0;
    bool moved = m->ends.p && !text_eq(m->ends, p.ends); /* said again it opens nothing again */
    p.name = texts_given(&m->name) ? m->name : p.name;
    p.lead = m->lead.p ? m->lead : p.lead;
    p.funder = m->funder.p ? m->funder : p.funder;
    p.ends = m->ends.p ? m->ends : p.ends;
    p.places = m->places ? m->places : p.places;
    p.phases = m->phases.raw.p ? m->phases : p.phases;
    rc = place_promote(o, &p, more);
    if (rc == 0 && moved)
        rc = participation_move_end(o, &p);
    if (rc == 0)
        rc = tell(o, &p, FACT_PROGRAMME_UPDATED);
    return rc || !moved ? rc : evidence_measure(o, p.programme);
}

/* One that has not opened never does; what is left of one that was decided is settled. */
static int end_call(struct office *o, struct rec_programme *p) {
    struct rec_call c;
    int rc = call_of(o, p->programme, &c);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    return text_is(c.state, "planned") ? call_drop(o, &c) : place_end(o, p, c.call);
}

int apply_programme_end(struct office *o, const struct msg_programme_end *m) {
    struct rec_programme p = {.state = TEXT_NONE};
    int rc = office_get(o, TABLE_PROGRAMME, key1(m->programme), &p);
    if (rc && rc != -ENOENT)
        return rc;
    if (text_is(p.state, "ended"))
        return refuse(o, "already", "programme", "The programme has ended already.");
    rc = office_move(o, "PROGRAMME", p.state, "end", "programme", &p.state);
    if (rc)
        return rc;
    p.ended = o->said;
    rc = participation_complete_all(o, p.programme);
    if (rc == 0)
        rc = end_call(o, &p);
    return rc ? rc : tell(o, &p, FACT_PROGRAMME_ENDED);
}
