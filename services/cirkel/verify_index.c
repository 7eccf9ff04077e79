#include "services/cirkel/verify.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

static bool has(struct verify *v, enum table table, struct key key) {
    struct bytes value;
    return store_get(v->look.txn, table, key_bytes(&key), &value) == 0;
}

static bool get(struct verify *v, enum table table, struct key key, void *ret) {
    return look_get(&v->look, table, ret, key_bytes(&key)) == 0;
}

/* The two texts of an index row's key. */
static bool cut(struct verify *v, const char *index, struct bytes key, struct text *ret_a,
                struct text *ret_b) {
    size_t at = 0;
    if (key_next_text(key, &at, ret_a) && key_next_text(key, &at, ret_b))
        return true;
    verify_find(v, "%s %s: no key of that index", index, verify_key_text(key));
    return false;
}

/* ---- people ---- */

/* A row of (item, person): she is there; what she is listed under goes to *ret. */
static bool of_person(struct verify *v, const char *index, struct bytes key, struct text *ret,
                      struct rec_person *ret_person) {
    struct text person;

    if (!cut(v, index, key, ret, &person))
        return false;
    if (get(v, TABLE_PERSON, LOOK_KEY(person), ret_person))
        return true;
    verify_find(v, "%s %s: there is no such person", index, verify_key_text(key));
    return false;
}

static void staff_row(struct verify *v, struct bytes key, struct bytes value) {
    struct text organisation;
    struct rec_person rec;

    (void)value;
    if (of_person(v, "staff", key, &organisation, &rec) &&
        !list_has_text(rec.organisations, organisation))
        verify_find(v, "staff %s: the person is not of that organisation", verify_key_text(key));
}

static void function_row(struct verify *v, struct bytes key, struct bytes value) {
    struct text function;
    struct rec_person rec;

    (void)value;
    if (of_person(v, "function", key, &function, &rec) && !list_has_text(rec.functions, function))
        verify_find(v, "function %s: the person does not have it", verify_key_text(key));
}

/* Whoever came first to an address stands there, and those who share it after that. */
static void address_row(struct verify *v, struct bytes key, struct bytes value) {
    struct text address, person;
    struct rec_person rec;
    size_t at = 0;
    bool is_key = key_next_text(key, &at, &address);

    if (!is_key || !key_next_text(key, &at, &person))
        person = (struct text){value.p, value.n};
    if (!is_key || !get(v, TABLE_PERSON, LOOK_KEY(person), &rec)) {
        verify_find(v, "address of %.*s: there is no such person", TEXT_ARGS(person));
        return;
    }
    for (size_t i = 0; i < address.n; i++)
        if (rec.email.n != address.n ||
            tolower((unsigned char)rec.email.p[i]) != (unsigned char)address.p[i]) {
            verify_find(v, "address of %.*s: the person has another one", TEXT_ARGS(person));
            return;
        }
}

static void has_address(struct verify *v, const struct rec_person *rec) {
    char lower[STORE_KEY_MAX];
    struct text address = {lower, rec->email.n};
    struct bytes first;
    struct key key;

    if (!rec->email.n || rec->email.n > sizeof lower)
        return;
    for (size_t i = 0; i < rec->email.n; i++)
        lower[i] = (char)tolower((unsigned char)rec->email.p[i]);
    key = LOOK_KEY(address);
    if ((store_get(v->look.txn, TABLE_ADDRESS, key_bytes(&key), &first) ||
         !bytes_eq(first, (struct bytes){rec->person.p, rec->person.n})) &&
        !has(v, TABLE_ADDRESS, LOOK_KEY(address, rec->person)))
        verify_find(v, "person %.*s: not in the index of her address", TEXT_ARGS(rec->person));
}

static void person_row(struct verify *v, struct bytes key, struct bytes value) {
    struct text organisation, function;
    struct rec_person rec;

    (void)key;
    if (look_decode(REC_PERSON, value, &rec))
        return;
    has_address(v, &rec);
    while (codec_next_text(&rec.organisations, &organisation))
        if (!has(v, TABLE_STAFF, LOOK_KEY(organisation, rec.person)))
            verify_find(v, "person %.*s: not in the index of the staff of %.*s",
                        TEXT_ARGS(rec.person), TEXT_ARGS(organisation));
    while (codec_next_text(&rec.functions, &function))
        if (!has(v, TABLE_FUNCTION, LOOK_KEY(function, rec.person)))
            verify_find(v, "person %.*s: not in the index of who is %.*s", TEXT_ARGS(rec.person),
                        TEXT_ARGS(function));
}

/* ---- memberships and registrations ---- */

static void member_of_row(struct verify *v, struct bytes key, struct bytes value) {
    struct text person, network;

    (void)value;
    if (cut(v, "member_of", key, &person, &network) &&
        !has(v, TABLE_MEMBERSHIP, LOOK_KEY(network, person)))
        verify_find(v, "member_of %s: there is no such membership", verify_key_text(key));
}

static void membership_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_membership rec;

    (void)key;
    if (look_decode(REC_MEMBERSHIP, value, &rec))
        return;
    if (!has(v, TABLE_MEMBER_OF, LOOK_KEY(rec.person, rec.network)))
        verify_find(v, "membership %.*s/%.*s: not in the index of the person's networks",
                    TEXT_ARGS(rec.network), TEXT_ARGS(rec.person));
}

static void registered_for_row(struct verify *v, struct bytes key, struct bytes value) {
    struct text person, meeting;

    (void)value;
    if (cut(v, "registered_for", key, &person, &meeting) &&
        !has(v, TABLE_REGISTRATION, LOOK_KEY(meeting, person)))
        verify_find(v, "registered_for %s: there is no such registration", verify_key_text(key));
}

static struct key waiting_key(struct text meeting, uint64_t number) {
    struct key key = LOOK_KEY(meeting);
    key_u64(&key, number);
    return key;
}

static void waiting_row(struct verify *v, struct bytes key, struct bytes value) {
    struct text meeting, person = {value.p, value.n};
    struct rec_registration rec;
    uint64_t number;
    size_t at = 0;

    if (!key_next_text(key, &at, &meeting) || !key_next_u64(key, &at, &number))
        verify_find(v, "waiting %s: no key of that index", verify_key_text(key));
    else if (!get(v, TABLE_REGISTRATION, LOOK_KEY(meeting, person), &rec))
        verify_find(v, "waiting %s: there is no registration of %.*s", verify_key_text(key),
                    TEXT_ARGS(person));
    else if (!text_is(rec.state, "waiting") || rec.queue != (int64_t)number)
        verify_find(v, "waiting %s: %.*s is %.*s, with number %" PRId64, verify_key_text(key),
                    TEXT_ARGS(person), TEXT_ARGS(rec.state), rec.queue);
}

static void registration_row(struct verify *v, struct bytes key, struct bytes value) {
    struct rec_registration rec;

    (void)key;
    if (look_decode(REC_REGISTRATION, value, &rec))
        return;
    if (!has(v, TABLE_REGISTERED_FOR, LOOK_KEY(rec.person, rec.meeting)))
        verify_find(v, "registration %.*s/%.*s: not in the index of the person's meetings",
                    TEXT_ARGS(rec.meeting), TEXT_ARGS(rec.person));
    if (text_is(rec.state, "waiting") &&
        !has(v, TABLE_WAITING, waiting_key(rec.meeting, (uint64_t)rec.queue)))
        verify_find(v, "registration %.*s/%.*s: waits, but not on the waiting list",
                    TEXT_ARGS(rec.meeting), TEXT_ARGS(rec.person));
}

void verify_indexes(struct verify *v) {
    verify_each(v, TABLE_STAFF, staff_row);
    verify_each(v, TABLE_FUNCTION, function_row);
    verify_each(v, TABLE_ADDRESS, address_row);
    verify_each(v, TABLE_PERSON, person_row);
    verify_each(v, TABLE_MEMBER_OF, member_of_row);
    verify_each(v, TABLE_MEMBERSHIP, membership_row);
    verify_each(v, TABLE_REGISTERED_FOR, registered_for_row);
    verify_each(v, TABLE_WAITING, waiting_row);
    verify_each(v, TABLE_REGISTRATION, registration_row);
}
