/* outlook - the letters of a future, as they are compared and printed.
 *
 * OWNERSHIP  An outlook owns its letters and their texts.
 */
#ifndef SCHEDULER_OUTLOOK_H
#define SCHEDULER_OUTLOOK_H

#include "common/zone.h"
#include "services/scheduler/forecast/future.h"

struct outlook_letter {
    struct text same; /* who gets what about what: rule, subject, step, person */
    struct text rule, letter, class, about_kind, about, person, language, channel, state, reason;
    struct text words; /* hash of its text and of its rule */
    struct text zone;
    int64_t no;      /* in the ledger of its future */
    instant due, at; /* at: when it leaves, or is decided not to */
    bool goes;
    bool waits;     /* it would have left by the end, and sending is paused or on hold */
    bool gathered;  /* goes or waits within a digest: it is no letter of its own */
    instant useful; /* of what waits: after it it does not leave any more; 0: it always does */
    bool corrects;  /* its rule is for those who were told something else */
};

struct outlook {
    struct arena *arena;
    struct outlook_letter *letters;
    size_t count, room;
};

void outlook_open(struct outlook *o);
void outlook_close(struct outlook *o);
struct outlook_letter *outlook_add(struct outlook *o);

/* The letter that a row of the ledger is; its texts are borrowed from the row and the future's
 * arena. 0 or -errno. */
MUST_CHECK int outlook_read(struct future *f, const struct rec_ledger *row,
                            struct outlook_letter *ret);
/* The same, kept. */
MUST_CHECK int outlook_keep(struct outlook *o, struct future *f, const struct rec_ledger *row);
/* What waits is no more than what does not leave. */
void outlook_wait_no_more(struct outlook *o);
/* Whether it is about that, by the ledger's word or by that of its rule (occurrence.h). */
bool outlook_is_about(const struct outlook_letter *letter, struct text asked);
/* The members of a JSON object, without its braces. */
void outlook_json(const struct outlook_letter *letter, struct text office_zone, struct buf *to);
/* "name":"2022-05-24T09:00:00+02:00" */
void outlook_json_instant(const char *name, instant at, struct text zone, struct buf *to);

#endif
