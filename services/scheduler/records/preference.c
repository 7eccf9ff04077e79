/* What a person wants and agrees to. */
#include <errno.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/digest.h"

int apply_preference_set(struct office *o, const struct msg_preference_set *m) {
    struct rec_person p;
    int rc = find_person(o, m->person, "person", &p);
    if (rc)
        return rc;
    if (!m->class.p == !m->topic.p)
        return refuse(o, m->class.p ? "conflict" : "missing", "topic",
                      "Expected either a class or a topic.");
    if (text_is(m->topic, "news")) /* they are kept under one name */
        return refuse(o, "bad-value", "topic", "news is a class of letters, and no topic.");
    if (m->digest.p && m->topic.n > DIGEST_KIND_MAX)
        return refuse(o, "too-long", "topic", "What is gathered has a name of at most %d bytes.",
                      DIGEST_KIND_MAX);
    if (m->channel.p && (m->digest.p || m->most))
        return refuse(o, "conflict", "channel", "How often is said for all channels together.");
    if (m->topic.p && m->most)
        return refuse(o, "conflict", "most", "How many a week is said of the class news.");
    struct rec_preference r = {.person = m->person,
                               .class = m->class,
                               .topic = m->topic,
                               .channel = m->channel,
                               .on = m->on,
                               .digest = m->digest,
                               .most = m->most,
                               .at = o->said};
    struct key k = key2(m->person, m->class.p ? m->class : m->topic);
    key_text(&k, m->channel.p ? m->channel : TEXT_LIT(""));
    office_about(o, "person", m->person);
    rc = office_put(o, TABLE_PREFERENCE, k, &r);
    return rc ? rc : office_fact(o, FACT_PERSON_UPDATED, "person", m->person);
}

static int set_consent(struct office *o, struct text person, struct text purpose, struct text state,
                       struct text version) {
    struct rec_consent r = {.person = person,
                            .purpose = purpose,
                            .state = state,
                            .text_version = version,
                            .at = o->said};
    office_about(o, "person", person);
    int rc = office_put(o, TABLE_CONSENT, key2(person, purpose), &r);
    return rc ? rc : office_fact(o, FACT_PERSON_UPDATED, "person", person);
}

int apply_consent_give(struct office *o, const struct msg_consent_give *m) {
    struct rec_person p;
    int rc = find_person(o, m->person, "person", &p);
    return rc ? rc : set_consent(o, m->person, m->purpose, TEXT_LIT("given"), m->text_version);
}

int apply_consent_withdraw(struct office *o, const struct msg_consent_withdraw *m) {
    struct rec_person p;
    struct rec_consent r;
    int rc = find_person(o, m->person, "person", &p);
    if (rc)
        return rc;
    rc = office_get(o, TABLE_CONSENT, key2(m->person, m->purpose), &r);
    if (rc == -ENOENT)
        return refuse(o, "not-found", "purpose", "There is no consent to %.*s.",
                      TEXT_ARGS(m->purpose));
    if (rc == 0 && text_is(r.state, "withdrawn"))
        return refuse(o, "already", "purpose", "The consent to %.*s was withdrawn before.",
                      TEXT_ARGS(m->purpose));
    return rc ? rc
              : set_consent(o, m->person, m->purpose, TEXT_LIT("withdrawn"),
                            m->text_version.p ? m->text_version : r.text_version);
}
