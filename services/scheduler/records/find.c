/* What handlers ask of what a message names. */
#include <errno.h>

#include "common/zone.h"
#include "services/scheduler/records/application.h"
#include "services/scheduler/records/call.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/audience.h"

static int unknown(struct office *o, const char *kind, struct text id, const char *field) {
    if (!id.p)
        return refuse(o, "missing", field, "%s is required.", field);
    return refuse(o, "not-found", field, "There is no %s %.*s.", kind, TEXT_ARGS(id));
}

static int gone(struct office *o, const char *kind, struct text id, struct text state,
                struct text into, const char *field) {
    if (into.p)
        return refuse(o, "wrong-state", field, "The %s %.*s was merged into %.*s.", kind,
                      TEXT_ARGS(id), TEXT_ARGS(into));
    return refuse(o, "wrong-state", field, "The %s %.*s is %.*s.", kind, TEXT_ARGS(id),
                  TEXT_ARGS(state));
}

int find_person(struct office *o, struct text id, const char *field, struct rec_person *ret) {
    int rc = id.p ? office_get(o, TABLE_PERSON, key1(id), ret) : -ENOENT;
    if (rc == -ENOENT)
        return unknown(o, "person", id, field);
    if (rc == 0 && !text_is(ret->state, "active"))
        return gone(o, "person", id, ret->state, ret->into, field);
    return rc;
}

int find_organisation(struct office *o, struct text id, const char *field,
                      struct rec_organisation *ret) {
    int rc = id.p ? office_get(o, TABLE_ORGANISATION, key1(id), ret) : -ENOENT;
    if (rc == -ENOENT)
        return unknown(o, "organisation", id, field);
    if (rc == 0 && !text_is(ret->state, "active"))
        return gone(o, "organisation", id, ret->state, ret->into, field);
    return rc;
}

int find_network(struct office *o, struct text id, const char *field, struct rec_network *ret) {
    int rc = id.p ? office_get(o, TABLE_NETWORK, key1(id), ret) : -ENOENT;
    if (rc == -ENOENT)
        return unknown(o, "network", id, field);
    if (rc == 0 && !text_is(ret->state, "open"))
        return gone(o, "network", id, ret->state, TEXT_NONE, field);
    return rc;
}

int find_meeting(struct office *o, struct text id, const char *field, struct rec_meeting *ret) {
    int rc = id.p ? office_get(o, TABLE_MEETING, key1(id), ret) : -ENOENT;
    return rc == -ENOENT ? unknown(o, "meeting", id, field) : rc;
}

int find_programme(struct office *o, struct text id, const char *field, struct rec_programme *ret) {
    int rc = id.p ? office_get(o, TABLE_PROGRAMME, key1(id), ret) : -ENOENT;
    if (rc == -ENOENT)
        return unknown(o, "programme", id, field);
    if (rc == 0 && text_is(ret->state, "ended"))
        return gone(o, "programme", id, ret->state, TEXT_NONE, field);
    return rc;
}

int find_call(struct office *o, struct text id, const char *field, struct rec_call *ret) {
    int rc = id.p ? office_get(o, TABLE_CALL, key1(id), ret) : -ENOENT;
    return rc == -ENOENT ? unknown(o, "call", id, field) : rc;
}

int find_application(struct office *o, struct text id, const char *field,
                     struct rec_application *ret) {
    int rc = id.p ? office_get(o, TABLE_APPLICATION, key1(id), ret) : -ENOENT;
    return rc == -ENOENT ? unknown(o, "application", id, field) : rc;
}

int find_zone(struct office *o, struct text name, const char *field) {
    const struct zone *zone;
    if (name.p && zone_find(name, &zone))
        return refuse(o, "bad-value", field,
                      "%.*s is no time zone; expected one like Europe/Stockholm.", TEXT_ARGS(name));
    return 0;
}

static int read_audience(struct office *o, struct text expression, const char *field,
                         struct audience *ret) {
    struct buf why;
    buf_init(&why, 1000);
    int rc = audience_parse(expression, ret, &why);
    if (rc)
        rc = refuse(o, "bad-value", field, "%s", buf_cstr(&why));
    buf_free(&why);
    return rc;
}

int find_audience(struct office *o, struct text expression, const char *field) {
    struct audience a;
    int rc = read_audience(o, expression, field, &a);
    if (rc)
        return rc;
    if (audience_mentions(&a, TERM_AUDIENCE) || audience_mentions(&a, TERM_NOT_ANSWERED))
        return refuse(o, "bad-value", field,
                      "An audience cannot name itself: no audience and no not-answered in it.");
    return 0;
}

int find_audience_of_meeting(struct office *o, struct text expression, const char *field) {
    struct audience a;
    return read_audience(o, expression, field, &a);
}

int find_none(struct office *o, enum table table, struct key key, const char *field) {
    struct bytes value;
    int rc = store_get(o->txn, table, key_bytes(&key), &value);
    if (rc == -ENOENT)
        return 0;
    struct text id = key_part(&key, 0);
    return rc ? rc
              : refuse(o, "already", field, "There is a %s %.*s already.", table_infos[table].name,
                       TEXT_ARGS(id));
}
