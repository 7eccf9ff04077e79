/* subject - what a rule speaks about: a record, and what belongs with it. */
#ifndef SCHEDULER_SUBJECT_H
#define SCHEDULER_SUBJECT_H

#include "proto/shape.h"
#include "proto/table.h"
#include "services/scheduler/office.h"

struct subject_kind {
    const char *name; /* "meeting", "registration" … as rules and plans say it */
    enum table table;
    enum rec_type record;
    unsigned parts; /* of its key: "meeting/person" has two */
};
/* -ENOENT when rules cannot speak about such a thing. */
MUST_CHECK int subject_kind_find(struct text name, const struct subject_kind **ret);

struct subject {
    const struct subject_kind *kind;
    struct text id; /* "traff-2020-11-24", "traff-2020-11-24/boras-inkopare" */
    union {
        struct rec_organisation organisation;
        struct rec_person person;
        struct rec_network network;
        struct rec_membership membership;
        struct rec_meeting meeting;
        struct rec_registration registration;
        struct rec_material material;
        struct rec_idea idea;
        struct rec_case case_;
        struct rec_poll poll;
    } rec;
    bool has_network, has_meeting;
    struct rec_network network; /* the network it belongs to */
    struct rec_meeting meeting; /* the meeting it is, or belongs to */
    struct text zone;
    struct text owner, adviser; /* people */
    struct text audience;       /* its own audience expression */
    struct text main_kind, main_id; /* what people say it is about: the meeting, for a registration */
};

/* Loads it and what belongs with it; -ENOENT when it is gone. */
MUST_CHECK int subject_load(struct office *o, struct text kind, struct text id,
                            struct subject *ret);
struct key subject_key(const struct subject_kind *kind, struct text id);
/* "a/b" in the arena. */
struct text subject_pair(struct office *o, struct text a, struct text b);

#endif
