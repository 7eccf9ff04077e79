/* The things of the small world: which of them a message is about. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "tests/harness/walk_known.h"

#define TRIES 16 /* to find a thing of which it can be said */

struct walk_context walk_context;

/* What has no machine, or no message of its name, is said of things in the state that this event of
 * a machine finds. The others are found by their name: "meeting.move" is event "move" of MEETING.
 */
static const struct {
    const char *type, *machine, *event;
} events[] = {
    {"application.judge_eligible", "APPLICATION", "find_eligible"},
    {"assessor.assign", "APPLICATION", "assess"},
    {"assessment.submit", "APPLICATION", "assess"},
    {"assessment.declare_conflict", "APPLICATION", "assess"},
    {"decision.make", "APPLICATION", "select"},
    {"offer.accept", "APPLICATION", "accept"},
    {"offer.refuse", "APPLICATION", "refuse"},
    {"call.open", "PROGRAMME", "call"},
    {"decision.release", "PROGRAMME", "release"},
    {"offer.make", "PROGRAMME", "end"},
    {"application.start", "CALL", "close"},
    {"evidence.judge", "EVIDENCE", "accept"},
    {"attendance.record", "MEETING", "record"},
    {"registration.make", "MEETING", "record"},
    {"registration.change", "MEETING", "record"},
    {"registration.cancel", "MEETING", "record"},
    {"registration.answer", "MEETING", "record"},
    {"registration.accept_offer", "MEETING", "record"},
    {"registration.decline_offer", "MEETING", "record"},
    {"delivery.settle", "DELIVERY", "resend"},
    {"hold.release", "DELIVERY", "miss"},
    {"delivery.report", "DELIVERY", "bounce"},
    {"support.assign", "CASE", "assign"},
    {"support.answer", "CASE", "answer"},
    {"support.close", "CASE", "close"},
};

static const struct kind {
    char letter;
    unsigned few; /* how many of the last ones are spoken of */
    enum table table;
    const char *machine;
} kinds[] = {
    {'p', 12, TABLE_PERSON, "PERSON"},
    {'o', 5, TABLE_ORGANISATION, "ORGANISATION"},
    {'n', 3, TABLE_NETWORK, "NETWORK"},
    {'m', 4, TABLE_MEETING, "MEETING"},
    {'g', 2, TABLE_GROUP, ""},
    {'c', 4, TABLE_CASE, "CASE"},
    {'i', 4, TABLE_IDEA, "IDEA"},
    {'q', 2, TABLE_POLL, "POLL"},
    {'a', 4, TABLE_MATERIAL, "MATERIAL"},
    {'r', 2, TABLE_PROGRAMME, "PROGRAMME"},
    {'k', 2, TABLE_CALL, "CALL"},
    {'l', 14, TABLE_APPLICATION, "APPLICATION"},
    {'e', 6, TABLE_EVIDENCE, "EVIDENCE"},
    {'h', 8, TABLE_HOURS, ""},
    {'s', 6, TABLE_MILESTONE, "MILESTONE"},
    {'u', 3, TABLE_SOLUTION, "SOLUTION"},
};

static const struct kind *kind_of(char letter) {
    for (unsigned i = 0; i < COUNT_OF(kinds); i++)
        if (kinds[i].letter == letter)
            return &kinds[i];
    must(false); /* the callers name kinds that there are */
    return NULL;
}

/* The event that this message is of that machine; NULL: it is none. */
const char *walk_event_of(enum msg_type type, const char *machine) {
    const char *name = msg_shapes[type].name, *dot = strchr(name, '.');
    for (unsigned i = 0; i < COUNT_OF(events); i++)
        if (strcmp(events[i].type, name) == 0 && strcmp(events[i].machine, machine) == 0)
            return events[i].event;
    if (strcmp(machine, "PERSON") == 0 || strcmp(machine, "ORGANISATION") == 0 ||
        strcmp(machine, "NETWORK") == 0) /* what is merged, closed or erased is seldom spoken of */
        return walk_chance(90) ? "update" : NULL;
    return dot && strlen(machine) == (size_t)(dot - name) &&
                   strncasecmp(name, machine, (size_t)(dot - name)) == 0
               ? dot + 1
               : NULL;
}

/* Whether the record in that row is in a state that `event` can find. */
bool walk_is_ripe(enum table table, struct key key, const char *machine, const char *event) {
    enum rec_type type = table_infos[table].record;
    void *record = arena_take(walk.t.arena, rec_shapes[type].size);
    const struct field *state = shape_field(&rec_shapes[type], TEXT_LIT("state"));
    struct text was, next;
    struct bytes value;
    if (!state || store_get(walk.t.txn, table, key_bytes(&key), &value))
        return false;
    trial_get(&walk.t, table, key, record);
    memcpy(&was, (char *)record + state->offset, sizeof was);
    return machine_next(machine, was, event, &next) == 0;
}

/* Any of the first rows under a prefix; false when there is none. */
bool walk_any_under(enum table table, const struct key *prefix, struct key *ret_key) {
    struct key from = *prefix;
    struct bytes key, value;
    unsigned n = 0;
    while (n < 24 && store_seek(walk.t.txn, table, key_bytes(&from), &key, &value) == 0 &&
           key_has_prefix(key, prefix)) {
        memcpy(from.b, key.p, key.n);
        from.n = key.n;
        if (walk_below(++n) == 0)
            *ret_key = from;
        from.b[from.n++] = 0;
    }
    return n > 0;
}

struct text walk_part(const struct key *key, unsigned i) {
    return arena_text(walk.t.arena, key_part(key, i));
}

bool walk_has(enum table table, struct key key, void *ret) {
    struct bytes value;
    if (store_get(walk.t.txn, table, key_bytes(&key), &value))
        return false;
    trial_get(&walk.t, table, key, ret);
    return true;
}

/* One of the last few of a kind, mostly one of which this can be said, seldom one that never was.
 */
const char *walk_thing(char letter) {
    const struct kind *kind = kind_of(letter);
    unsigned made = walk.made[(unsigned char)letter], few = kind->few;
    const char *event = walk_event_of(walk_context.type, kind->machine);
    if (walk_context.type == MSG_APPLICATION_EDIT || walk_context.type == MSG_APPLICATION_SUBMIT)
        few = 3; /* while its call is open */
    if (walk_chance(1) || !made)
        return walk_text("%c99999", letter);
    for (unsigned i = 0; event && i < TRIES && walk_chance(98); i++) {
        unsigned window = made < 3 * few ? made : 3 * few;
        const char *id = walk_text("%c%u", letter, made - walk_below(window));
        if (walk_is_ripe(kind->table, key1(text_of(id)), kind->machine, event))
            return id;
    }
    return walk_text("%c%u", letter, made - walk_below(made < few ? made : few));
}
