/* Places: one writer, so that six are never seven. */
#include "services/scheduler/records/place.h"

#include <errno.h>

#include "common/zone.h"
#include "services/scheduler/records/application.h"
#include "services/scheduler/records/call.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/obligation.h"
#include "services/scheduler/reminders/plan.h"

/* Until when an offer made at that moment holds: the last minute of a day, which still counts. */
static instant until(const struct office *o, instant offered, int64_t days, struct text zone) {
    const struct zone *z = office_zone(o, zone);
    struct wall last = wall_add(zone_wall(z, offered), (int)days, 0);
    last.hour = 23;
    last.minute = 59;
    return zone_instant(z, last);
}

instant place_ends(const struct rec_application *a) {
    return a->offer_expires + MINUTES;
}

static int owe_answer(struct office *o, const struct rec_application *a) {
    char due[WALL_TEXT];
    wall_format(zone_wall(office_zone(o, a->zone), a->offer_expires), due);
    struct owed owed = {.kind = "answer-offer",
                        .about_kind = "application",
                        .about = a->application,
                        .organisation = a->organisation,
                        .programme = a->programme,
                        .due = arena_text(o->arena, text_of(due)),
                        .zone = a->zone};
    return obligation_open(o, &owed);
}

int place_offer(struct office *o, struct rec_programme *p, int64_t accept_days, instant offered,
                struct rec_application *a) {
    struct rec_application was = *a;
    int rc = machine_next("APPLICATION", was.state, "select", &a->state);
    if (rc)
        return rc;
    must(p->taken < p->places);
    p->taken++;
    a->offered = offered;
    a->offer_expires = until(o, offered, accept_days, a->zone);
    rc = application_put(o, &was, a);
    if (rc == 0)
        rc = owe_answer(o, a);
    return rc ? rc : office_fact(o, FACT_OFFER_MADE, "application", a->application);
}

static int offer_first(struct office *o, struct rec_programme *p) {
    struct key prefix = key1(p->programme), at = {.n = 0};
    struct bytes value;
    struct rec_application a;
    struct rec_call c;
    int rc = office_next(o, TABLE_RESERVE, &prefix, &at, &value);
    if (rc)
        return rc;
    rc = office_get(o, TABLE_APPLICATION, key1((struct text){value.p, value.n}), &a);
    if (rc == 0)
        rc = office_get(o, TABLE_CALL, key1(a.call), &c);
    must(rc != -ENOENT); /* what stands in the index is there */
    return rc ? rc : place_offer(o, p, c.accept_days, o->now, &a);
}

int place_promote(struct office *o, struct rec_programme *p, int64_t most) {
    int rc = 0;
    if (!text_is(p->state, "running"))
        return 0;
    while (rc == 0 && most-- > 0 && p->taken < p->places)
        rc = offer_first(o, p);
    return rc == -ENOENT ? 0 : rc; /* nobody waits */
}

static int give_back(struct office *o, struct text programme, int64_t promote) {
    struct rec_programme p;
    int rc = office_get(o, TABLE_PROGRAMME, key1(programme), &p);
    if (rc)
        return rc;
    must(p.taken > 0);
    p.taken--;
    rc = place_promote(o, &p, promote);
    return rc ? rc : programme_put(o, &p);
}

int place_free(struct office *o, struct text programme) {
    return give_back(o, programme, 1);
}

int place_keep(struct office *o, struct text programme) {
    return give_back(o, programme, 0);
}

/* ---- the programme is over ---- */

/* An offer lapses, a reserve waits no more, a draft is never handed in. */
static int settle(struct office *o, struct rec_programme *p, const struct rec_application *was) {
    const struct text why = TEXT_LIT("The programme is over.");
    struct rec_application a = *was;
    if (machine_next("APPLICATION", was->state, "end", &a.state))
        return 0;
    p->taken -= text_is(was->state, "selected");
    a.withdrawn = text_is(a.state, "withdrawn") ? o->said : 0;
    a.over = o->said; /* not `lapsed`: nobody is next */
    int rc = application_put(o, was, &a);
    if (rc == 0)
        rc = obligation_end(o, NULL, "application", a.application, why);
    return rc ? rc
              : office_fact(
                    o, text_is(a.state, "lapsed") ? FACT_OFFER_ENDED : FACT_APPLICATION_CHANGED,
                    "application", a.application);
}

int place_end(struct office *o, struct rec_programme *p, struct text call) {
    struct key at = {.n = 0};
    struct rec_application a;
    int rc;
    while ((rc = application_next(o, call, &at, &a)) == 0)
        if ((rc = settle(o, p, &a)))
            return rc;
    return rc == -ENOENT ? 0 : rc;
}

/* ---- answering an offer ---- */

/* Somebody of the organisation, and in time. */
static int find_offer(struct office *o, struct text application, struct text person,
                      struct rec_application *a) {
    struct rec_person p;
    int rc = find_application(o, application, "application", a);
    if (rc == 0)
        rc = find_person(o, person, "person", &p);
    if (rc)
        return rc;
    rc = application_speaks(o, &p, a->organisation);
    if (rc <= 0)
        return rc ? rc
                  : refuse(o, "not-entitled", "person", "%.*s does not belong to %.*s.",
                           TEXT_ARGS(person), TEXT_ARGS(a->organisation));
    if (text_is(a->state, "lapsed") || (text_is(a->state, "selected") && o->said >= place_ends(a)))
        return refuse(o, "too-late", "application", "The offer has lapsed.");
    return 0;
}

int apply_offer_accept(struct office *o, const struct msg_offer_accept *m) {
    struct rec_application was, a;
    struct rec_programme p;
    int rc = find_offer(o, m->application, m->person, &was);
    if (rc)
        return rc;
    if (text_is(was.state, "accepted"))
        return refuse(o, "already", "application", "The place was taken before.");
    a = was;
    rc = office_move(o, "APPLICATION", was.state, "accept", "application", &a.state);
    if (rc == 0)
        rc = find_programme(o, was.programme, "application", &p);
    if (rc)
        return rc;
    a.accepted = o->said;
    rc = application_tell(o, &was, &a, FACT_APPLICATION_CHANGED);
    if (rc == 0)
        rc = obligation_meet(o, "answer-offer", "application", a.application, TEXT_NONE, m->person);
    return rc ? rc : participation_begin(o, &a, &p);
}

int apply_offer_make(struct office *o, const struct msg_offer_make *m) {
    struct rec_programme p;
    int rc = find_programme(o, m->programme, "programme", &p);
    if (rc)
        return rc;
    if (!text_is(p.state, "running"))
        return refuse(o, "wrong-state", "programme",
                      "The programme is %.*s; its first offers go with decision.release.",
                      TEXT_ARGS(p.state));
    if (p.taken >= p.places)
        return refuse(o, "full", "programme", "All %lld places are taken or offered.",
                      (long long)p.places);
    rc = offer_first(o, &p);
    if (rc == -ENOENT)
        return refuse(o, "not-found", "programme", "Nobody is in reserve.");
    answer_int(o, "taken", p.taken);
    return rc ? rc : programme_put(o, &p);
}

int apply_offer_refuse(struct office *o, const struct msg_offer_refuse *m) {
    struct rec_application was, a;
    int rc = find_offer(o, m->application, m->person, &was);
    if (rc)
        return rc;
    if (text_is(was.state, "refused"))
        return refuse(o, "already", "application", "The place was refused before.");
    a = was;
    rc = office_move(o, "APPLICATION", was.state, "refuse", "application", &a.state);
    if (rc)
        return rc;
    a.refused = o->said;
    rc = application_tell(o, &was, &a, FACT_OFFER_ENDED);
    if (rc == 0)
        rc = obligation_meet(o, "answer-offer", "application", a.application, TEXT_NONE, m->person);
    return rc ? rc : place_free(o, a.programme);
}

int application_expire(struct office *o, struct key key) {
    struct rec_application was, a;
    int rc = office_get(o, TABLE_APPLICATION, key, &was);
    a = was;
    if (rc == 0)
        rc = machine_next("APPLICATION", was.state, "expire", &a.state);
    if (rc)
        return rc;
    a.lapsed = o->said;
    rc = application_put(o, &was, &a);
    if (rc == 0)
        rc = obligation_end(o, "answer-offer", "application", a.application,
                            TEXT_LIT("The offer has lapsed."));
    if (rc == 0)
        rc = office_fact(o, FACT_OFFER_ENDED, "application", a.application);
    return rc ? rc : place_free(o, a.programme);
}
