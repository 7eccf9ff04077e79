/* What belongs with the kinds of a programme: its records, who speaks for an organisation, whose
 * holidays. */
#include <errno.h>

#include "services/scheduler/reminders/subject.h"
#include "services/scheduler/reminders/workday.h"

#define FOLLOW_MAX 8 /* organisations merged one after another */

/* Reads what is named, if it is named and there. */
static int load(struct office *o, enum table table, struct text first, struct text second,
                void *ret, bool *ret_has) {
    if (!first.p || *ret_has)
        return 0;
    int rc = office_get(o, table, second.p ? key2(first, second) : key1(first), ret);
    *ret_has = rc == 0;
    return rc == -ENOENT ? 0 : rc;
}

static int load_programme(struct office *o, struct subject *s, struct text programme) {
    int rc = load(o, TABLE_PROGRAMME, programme, TEXT_NONE, &s->programme, &s->has_programme);
    return rc == 0 && programme.p && !s->has_programme ? -EBADMSG : rc;
}

static int load_application(struct office *o, struct subject *s, struct text application) {
    int rc =
        load(o, TABLE_APPLICATION, application, TEXT_NONE, &s->application, &s->has_application);
    if (rc == 0 && s->has_application)
        rc = load(o, TABLE_CALL, s->application.call, TEXT_NONE, &s->call, &s->has_call);
    return rc;
}

static int load_participation(struct office *o, struct subject *s, struct text programme,
                              struct text organisation) {
    int rc = load(o, TABLE_PARTICIPATION, programme, organisation, &s->participation,
                  &s->has_participation);
    if (rc || !s->has_participation)
        return rc;
    s->adviser = s->participation.adviser;
    return load_application(o, s, s->participation.application);
}

static int follow_organisation(struct office *o, struct text *id) {
    struct rec_organisation r;
    for (unsigned i = 0; id->p && i < FOLLOW_MAX; i++) {
        int rc = office_get(o, TABLE_ORGANISATION, key1(*id), &r);
        if (rc || !r.into.p)
            return rc == -ENOENT ? 0 : rc;
        *id = r.into;
    }
    return 0;
}

/* Whether she belongs to the organisation, or to one that joined its application. */
static bool belongs(const struct subject *s, const struct rec_person *p, struct text organisation) {
    struct list list = p->organisations;
    struct text id;
    while (codec_next_text(&list, &id))
        if (text_eq(id, organisation) ||
            (s->has_application && list_has_text(s->application.partners, id)))
            return true;
    return false;
}

static int has_people(struct office *o, struct text organisation, bool *ret) {
    struct key prefix = key1(organisation), at = {.n = 0};
    struct bytes value;
    int rc = office_next(o, TABLE_STAFF, &prefix, &at, &value);
    *ret = rc == 0;
    return rc == -ENOENT ? 0 : rc;
}

/* Who speaks for the organisation that owns it. A contact who left is passed over if anyone is
 * left. */
static int find_owner(struct office *o, struct subject *s, struct text organisation) {
    struct rec_person p;
    bool others;
    struct text contact = TEXT_NONE;
    s->owned_by = organisation;
    int rc = follow_organisation(o, &s->owned_by);
    if (s->has_participation && text_eq(s->participation.organisation, organisation))
        contact = s->participation.contact;
    if (!contact.p && s->has_application && text_eq(s->application.organisation, organisation))
        contact = s->application.contact;
    if (rc || !contact.p)
        return rc;
    rc = subject_follow(o, &contact);
    if (rc == 0)
        rc = office_get(o, TABLE_PERSON, key1(contact), &p);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    rc = has_people(o, s->owned_by, &others);
    if (text_is(p.state, "active") && (belongs(s, &p, s->owned_by) || !others))
        s->owner = contact;
    return rc;
}

/* A record of an organisation in a programme. */
static int around_organisation(struct office *o, struct subject *s, struct text programme,
                               struct text organisation) {
    s->organisation = organisation;
    int rc = load_programme(o, s, programme);
    if (rc == 0)
        rc = load_participation(o, s, programme, organisation);
    return rc ? rc : find_owner(o, s, organisation);
}

static int around_application(struct office *o, struct subject *s, struct text application) {
    int rc = load_application(o, s, application);
    if (rc || !s->has_application)
        return rc;
    s->organisation = s->application.organisation;
    return load_programme(o, s, s->application.programme);
}

static int around_assessment(struct office *o, struct subject *s) {
    const struct rec_assessment *a = &s->rec.assessment;
    s->zone = a->zone;
    s->owner = a->person;
    s->main_kind = TEXT_LIT("application");
    s->main_id = a->application;
    return around_application(o, s, a->application);
}

static int around_evidence(struct office *o, struct subject *s) {
    const struct rec_evidence *e = &s->rec.evidence;
    s->zone = e->zone;
    int rc = load_application(o, s, e->application);
    return rc ? rc : around_organisation(o, s, e->programme, e->organisation);
}

/* Takes over what belongs with the subject of an obligation. */
static void adopt(struct office *o, const struct subject *of, struct subject *s) {
    struct subject was = *s;
    *s = *of;
    s->kind = was.kind;
    s->id = was.id;
    s->rec = was.rec;
    s->owner = s->owned_by = s->audience = TEXT_NONE;
    s->owed_type = of->kind->record;
    s->owed = office_pack(o, s->owed_type, &of->rec);
}

static int around_obligation(struct office *o, struct subject *s) {
    struct rec_obligation ob = s->rec.obligation;
    struct subject *of = arena_take(o->arena, sizeof *of);
    const struct subject_kind *kind;
    int rc = subject_kind_find(ob.about_kind, &kind);
    if (rc == 0 && kind->record != REC_OBLIGATION)
        rc = subject_load(o, ob.about_kind, ob.about, of);
    if (rc == 0)
        adopt(o, of, s);
    else if (rc != -ENOENT)
        return rc;
    s->zone = ob.zone;
    s->country = ob.country;
    rc = load_programme(o, s, ob.programme);
    if (rc || ob.person.p) {
        s->owner = ob.person;
        return rc;
    }
    s->organisation = ob.organisation;
    return find_owner(o, s, ob.organisation);
}

int subject_around(struct office *o, struct subject *s) {
    int rc;
    switch (s->kind->table) {
    case TABLE_PROGRAMME:
        s->programme = s->rec.programme;
        s->has_programme = true;
        s->zone = s->programme.zone;
        return 0;
    case TABLE_CALL:
        s->call = s->rec.call;
        s->has_call = true;
        s->zone = s->call.zone;
        return load_programme(o, s, s->call.programme);
    case TABLE_APPLICATION:
        s->application = s->rec.application;
        s->has_application = true;
        s->zone = s->application.zone;
        rc = load(o, TABLE_CALL, s->application.call, TEXT_NONE, &s->call, &s->has_call);
        if (rc == 0)
            rc = around_application(o, s, s->application.application);
        return rc ? rc : find_owner(o, s, s->organisation);
    case TABLE_EVIDENCE:
        return around_evidence(o, s);
    case TABLE_ASSESSMENT:
        return around_assessment(o, s);
    case TABLE_PARTICIPATION:
        s->zone = s->rec.participation.zone;
        return around_organisation(o, s, s->rec.participation.programme,
                                   s->rec.participation.organisation);
    case TABLE_MILESTONE:
        s->zone = s->rec.milestone.zone;
        return around_organisation(o, s, s->rec.milestone.programme, s->rec.milestone.organisation);
    case TABLE_SOLUTION:
        s->zone = s->rec.solution.zone;
        return around_organisation(o, s, s->rec.solution.programme, s->rec.solution.organisation);
    case TABLE_OBLIGATION:
        return around_obligation(o, s);
    default:
        return 0;
    }
}

/* A group meets for its programme. */
static int load_meetings_programme(struct office *o, struct subject *s, struct text group) {
    struct rec_group g;
    bool has_group = false;
    int rc = load(o, TABLE_GROUP, group, TEXT_NONE, &g, &has_group);
    return rc || !has_group ? rc : load_programme(o, s, g.programme);
}

int subject_complete(struct office *o, struct subject *s) {
    int rc = 0;
    if (s->kind->table == TABLE_ORGANISATION)
        s->organisation = s->rec.organisation.organisation;
    else if (s->kind->table == TABLE_GROUP)
        rc = load_programme(o, s, s->rec.group.programme);
    else if (s->kind->table == TABLE_MATERIAL)
        rc = load_programme(o, s, s->rec.material.programme);
    else if (s->kind->table == TABLE_LETTER && s->rec.letter.programme.p)
        rc = load_programme(o, s, s->rec.letter.programme);
    else if (s->has_meeting)
        rc = load_programme(o, s, s->meeting.programme);
    if (rc == 0 && s->has_meeting && !s->has_programme)
        rc = load_meetings_programme(o, s, s->meeting.group);
    if (!s->zone.p)
        s->zone = s->has_programme ? s->programme.zone : text_of(o->settings->zone);
    if (rc == 0)
        rc = follow_organisation(o, &s->organisation);
    if (!s->country.p) /* of who is to act, not of who asks: an organisation may be anywhere */
        s->country = workday_country(s->zone);
    return rc;
}
