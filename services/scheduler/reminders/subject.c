#include "services/scheduler/reminders/subject.h"

#include <errno.h>

#define FOLLOW_MAX 8 /* records merged one after another */

const struct subject_kind subject_kinds[] = {
    {"organisation", TABLE_ORGANISATION, REC_ORGANISATION, 1},
    {"person", TABLE_PERSON, REC_PERSON, 1},
    {"network", TABLE_NETWORK, REC_NETWORK, 1},
    {"membership", TABLE_MEMBERSHIP, REC_MEMBERSHIP, 2},
    {"meeting", TABLE_MEETING, REC_MEETING, 1},
    {"registration", TABLE_REGISTRATION, REC_REGISTRATION, 2},
    {"material", TABLE_MATERIAL, REC_MATERIAL, 1},
    {"idea", TABLE_IDEA, REC_IDEA, 1},
    {"case", TABLE_CASE, REC_CASE, 1},
    {"poll", TABLE_POLL, REC_POLL, 1},
    {"group", TABLE_GROUP, REC_GROUP, 1},
    {"programme", TABLE_PROGRAMME, REC_PROGRAMME, 1},
    {"call", TABLE_CALL, REC_CALL, 1},
    {"application", TABLE_APPLICATION, REC_APPLICATION, 1},
    {"evidence", TABLE_EVIDENCE, REC_EVIDENCE, 1},
    {"assessment", TABLE_ASSESSMENT, REC_ASSESSMENT, 2},
    {"participation", TABLE_PARTICIPATION, REC_PARTICIPATION, 2},
    {"milestone", TABLE_MILESTONE, REC_MILESTONE, 1},
    {"solution", TABLE_SOLUTION, REC_SOLUTION, 1},
    {"obligation", TABLE_OBLIGATION, REC_OBLIGATION, 1},
    {"letter", TABLE_LETTER, REC_LETTER, 1},
    {"digest", TABLE_DIGEST, REC_DIGEST, 2},
    {"morning", TABLE_MORNING, REC_MORNING, 1},
};
const unsigned subject_kind_count = COUNT_OF(subject_kinds);

int subject_kind_find(struct text name, const struct subject_kind **ret) {
    for (unsigned i = 0; i < subject_kind_count; i++)
        if (text_is(name, subject_kinds[i].name)) {
            *ret = &subject_kinds[i];
            return 0;
        }
    return -ENOENT;
}

struct key subject_key(const struct subject_kind *kind, struct text id) {
    struct text first;
    if (kind->parts == 1)
        return key1(id);
    must(text_cut(&id, '/', &first));
    return key2(first, id);
}

struct text subject_pair(struct office *o, struct text a, struct text b) {
    return arena_printf(o->arena, "%.*s/%.*s", TEXT_ARGS(a), TEXT_ARGS(b));
}

/* What is named and not there is damage: nothing is deleted that others name. */
static int load_network(struct office *o, struct text network, struct subject *s) {
    if (!network.p)
        return 0;
    int rc = office_get(o, TABLE_NETWORK, key1(network), &s->network);
    s->has_network = rc == 0;
    return rc == -ENOENT ? -EBADMSG : rc;
}

static int load_meeting(struct office *o, struct text meeting, struct subject *s) {
    if (!meeting.p)
        return 0;
    int rc = office_get(o, TABLE_MEETING, key1(meeting), &s->meeting);
    s->has_meeting = rc == 0;
    if (rc)
        return rc == -ENOENT ? -EBADMSG : rc;
    return load_network(o, s->meeting.network, s);
}

static void is_about(struct subject *s, const char *kind, struct text id) {
    s->main_kind = text_of(kind);
    s->main_id = id;
}

/* What an operator's letter is about is what people say it is about. */
static int load_letter(struct office *o, struct subject *s) {
    const struct rec_letter *l = &s->rec.letter;
    s->zone = l->zone;
    if (l->meeting.p) {
        is_about(s, "meeting", l->meeting);
        int rc = load_meeting(o, l->meeting, s);
        s->audience = s->meeting.audience;
        return rc;
    }
    if (l->programme.p)
        is_about(s, "programme", l->programme);
    if (l->network.p)
        is_about(s, "network", l->network);
    return load_network(o, l->network, s);
}

static int load_material(struct office *o, struct subject *s) {
    const struct rec_material *m = &s->rec.material;
    s->zone = m->zone;
    s->owner = m->from;
    int rc = load_meeting(o, m->meeting, s);
    return rc || s->has_network ? rc : load_network(o, m->network, s);
}

/* What belongs with the record: its network and meeting, its zone, owner and audience. */
static int load_around(struct office *o, struct subject *s) {
    switch (s->kind->table) {
    case TABLE_NETWORK:
        s->network = s->rec.network;
        s->has_network = true;
        s->zone = s->network.zone;
        return 0;
    case TABLE_MEMBERSHIP:
        s->zone = s->rec.membership.zone;
        s->owner = s->rec.membership.person;
        is_about(s, "network", s->rec.membership.network);
        return load_network(o, s->rec.membership.network, s);
    case TABLE_MEETING:
        s->meeting = s->rec.meeting;
        s->has_meeting = true;
        s->zone = s->meeting.zone;
        s->audience = s->meeting.audience;
        return load_network(o, s->meeting.network, s);
    case TABLE_REGISTRATION:
        s->zone = s->rec.registration.zone;
        s->owner = s->rec.registration.person;
        is_about(s, "meeting", s->rec.registration.meeting);
        return load_meeting(o, s->rec.registration.meeting, s);
    case TABLE_MATERIAL:
        return load_material(o, s);
    case TABLE_LETTER:
        return load_letter(o, s);
    case TABLE_IDEA:
        s->zone = s->rec.idea.zone;
        s->owner = s->rec.idea.person;
        return load_network(o, s->rec.idea.network, s);
    case TABLE_CASE:
        s->zone = s->rec.case_.zone;
        s->owner = s->rec.case_.person;
        s->adviser = s->rec.case_.adviser;
        s->organisation = s->rec.case_.organisation;
        return load_network(o, s->rec.case_.network, s);
    case TABLE_POLL:
        s->zone = s->rec.poll.zone;
        s->audience = s->rec.poll.audience;
        return load_network(o, s->rec.poll.network, s);
    case TABLE_PERSON:
        s->owner = s->rec.person.person;
        return 0;
    case TABLE_DIGEST:
        s->zone = s->rec.digest.zone;
        s->owner = s->rec.digest.person;
        return 0;
    case TABLE_GROUP:
        return load_network(o, s->rec.group.network, s);
    default:
        return subject_around(o, s);
    }
}

int subject_follow(struct office *o, struct text *person) {
    struct rec_person p;
    for (unsigned i = 0; person->p && i < FOLLOW_MAX; i++) {
        int rc = office_get(o, TABLE_PERSON, key1(*person), &p);
        if (rc || !text_is(p.state, "merged"))
            return rc == -ENOENT ? 0 : rc;
        *person = p.into;
    }
    return 0;
}

static int load_rest(struct office *o, struct subject *ret) {
    int rc = load_around(o, ret);
    if (rc == 0)
        rc = subject_complete(o, ret);
    if (rc == 0)
        rc = subject_follow(o, &ret->owner);
    if (rc == 0)
        rc = subject_follow(o, &ret->adviser);
    if (rc == 0 && ret->has_network)
        rc = subject_follow(o, &ret->network.lead);
    if (rc == 0 && ret->has_programme)
        rc = subject_follow(o, &ret->programme.lead);
    if (rc == 0)
        ret->lead = ret->has_network     ? ret->network.lead
                    : ret->has_programme ? ret->programme.lead
                                         : TEXT_NONE;
    return rc;
}

int subject_load(struct office *o, struct text kind, struct text id, struct subject *ret) {
    *ret = (struct subject){.id = id, .main_kind = kind, .main_id = id, .owed_type = REC_NONE};
    int rc = subject_kind_find(kind, &ret->kind);
    if (rc)
        return rc;
    rc = office_get(o, ret->kind->table, subject_key(ret->kind, id), &ret->rec);
    return rc ? rc : load_rest(o, ret);
}

int subject_of_letter(struct office *o, const struct rec_letter *letter, struct subject *ret) {
    *ret = (struct subject){.id = letter->letter,
                            .main_kind = TEXT_LIT("letter"),
                            .main_id = letter->letter,
                            .owed_type = REC_NONE};
    ret->rec.letter = *letter;
    int rc = subject_kind_find(ret->main_kind, &ret->kind);
    return rc ? rc : load_rest(o, ret);
}
