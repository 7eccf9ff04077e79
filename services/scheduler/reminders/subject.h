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
extern const struct subject_kind subject_kinds[];
extern const unsigned subject_kind_count;
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
        struct rec_group group;
        struct rec_programme programme;
        struct rec_call call;
        struct rec_application application;
        struct rec_evidence evidence;
        struct rec_assessment assessment;
        struct rec_participation participation;
        struct rec_milestone milestone;
        struct rec_solution solution;
        struct rec_obligation obligation;
        struct rec_letter letter;
        struct rec_digest digest;
/* Every other kind is of_NAME, and there is room for all of them. */
#include "proto/rows_none.inc"
#define RECORD(NAME, name, doc) struct rec_##name of_##name;
#include "proto/records.def"
#include "proto/rows_end.inc"
        struct rec_morning morning;
    } rec;
    bool has_network, has_meeting, has_programme, has_call, has_application, has_participation;
    struct rec_network network;     /* the network it belongs to */
    struct rec_meeting meeting;     /* the meeting it is, or belongs to */
    struct rec_programme programme; /* the same of programmes */
    struct rec_call call;
    struct rec_application application;
    struct rec_participation participation;
    enum rec_type
        owed_type;     /* of what an obligation is about; REC_NONE: it is none, or that is gone */
    struct bytes owed; /* that record, encoded */
    struct text zone, country;
    struct text owner, adviser, lead; /* people */
    struct text organisation;         /* whom it is about */
    struct text owned_by; /* the organisation that owns it: `owner` speaks for it; absent: all do */
    struct text audience; /* its own audience expression */
    struct text main_kind,
        main_id; /* what people say it is about: the meeting, for a registration */
};

/* Loads it and what belongs with it; -ENOENT when it is gone. */
MUST_CHECK int subject_load(struct office *o, struct text kind, struct text id,
                            struct subject *ret);
/* Of a letter that is not kept yet. */
MUST_CHECK int subject_of_letter(struct office *o, const struct rec_letter *letter,
                                 struct subject *ret);
struct key subject_key(const struct subject_kind *kind, struct text id);
/* Whoever was merged is now somebody else. */
MUST_CHECK int subject_follow(struct office *o, struct text *person);
/* ---- subject_programme.c ---- */
/* What belongs with a record of a programme's kinds. */
MUST_CHECK int subject_around(struct office *o, struct subject *s);
/* What every kind has besides: the programme of a meeting, a zone, a country. */
MUST_CHECK int subject_complete(struct office *o, struct subject *s);
/* "a/b" in the arena. */
struct text subject_pair(struct office *o, struct text a, struct text b);

#endif
