/* report - what a programme came to, for its funder: read from one snapshot into a paper.
 *
 * TRUST      The names of people are only those of staff with their hours and of the lead; those
 *            with a protected identity are not named. A decision that was not told is not shown.
 * OWNERSHIP  Records read live until the look is closed; the paper keeps copies.
 * ERRORS     0 or -errno. Rows that cannot be read are counted and passed over.
 */
#ifndef CIRKEL_REPORT_H
#define CIRKEL_REPORT_H

#include "services/cirkel/look.h"
#include "services/cirkel/report_paper.h"

struct report {
    struct look look;
    struct paper *paper;
    struct rec_programme programme;
    const struct zone *zone;
    bool cut;            /* a day was asked for: what is after it is left out */
    char until[11];      /* the last day, "2022-05-24" */
    instant end;         /* of that day */
    int64_t days, today; /* of the programme; of them until then, that day included */
    int64_t elapsed;     /* per cent of the days */
    unsigned bad;
    struct { /* in figures */
        int64_t received, assessed, offered, reserve, declined, participants, minutes, budget, held,
            milestones, reached, solutions;
    } sum;
};

/* `until` may be NULL: today. -ENOENT: there is no such programme; -EINVAL: until is no moment. */
MUST_CHECK int report_read(struct report *report, const char *home, const char *programme,
                           const char *until);

/* ---- its parts ---- */
MUST_CHECK int report_call(struct report *r);   /* call, criteria, applications, decisions */
MUST_CHECK int report_people(struct report *r); /* hours of municipalities and people, the plot */
MUST_CHECK int report_work(struct report *r);   /* activities, milestones, tests, solutions */

/* ---- for the parts ---- */
/* Every row whose key begins with `prefix` (NULL: all), decoded. */
typedef int report_row_fn(struct report *r, const void *rec, void *ctx);
MUST_CHECK int report_each(struct report *r, enum table table, const struct key *prefix,
                           report_row_fn *fn, void *ctx);
/* Every row that index `of` (programme, organisation, id) names for the programme, organisation by
 * organisation; `turn` is told before the first of each and, absent, after the last of all. */
typedef void report_turn_fn(struct report *r, struct text organisation, void *ctx);
MUST_CHECK int report_each_of(struct report *r, enum table of, enum table table,
                              report_turn_fn *turn, report_row_fn *fn, void *ctx);
bool report_by_then(const struct report *r, instant at); /* happened, and not after the end */
struct text report_day(struct report *r, instant at);    /* its date there; absent for 0 */
struct text report_text(const struct report *r, const struct texts *texts);
struct text report_organisation(struct report *r, struct text id); /* its name, else its id */
struct text report_person(struct report *r, struct text id);
int64_t report_day_number(const struct report *r, struct text date); /* 0: the first day */

#endif
