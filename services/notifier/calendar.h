/* calendar - the calendar entry of a meeting (RFC 5545, 5546): asked for, moved, or cancelled.
 *
 * The entry of a meeting has one UID for ever, and the meeting's revision as its SEQUENCE, so that
 * a calendar moves or removes the entry it has.
 *
 * TRUST      Texts of the meeting are anybody's: they are escaped; addresses and links that hold
 *            anything but plain characters are left out or refused.
 * ERRORS     0, or -errno with a sentence in `why`. Nothing here logs.
 */
#ifndef NOTIFIER_CALENDAR_H
#define NOTIFIER_CALENDAR_H

#include "common/base.h"
#include "proto/shape.h"

#define CALENDAR_WHY_MAX 200

enum calendar_method { CALENDAR_REQUEST, CALENDAR_CANCEL };

struct calendar_in { /* all borrowed */
    enum calendar_method method;
    const struct rec_meeting *meeting;
    struct text language;
    struct text organiser, organiser_name; /* the address as in From; ASCII */
    struct text attendee, attendee_name;   /* the address as in To; ASCII; the name may be absent */
    struct text domain;                    /* right half of the UID */
    instant stamp;
};

/* Keeps the zone it described last. */
struct calendar;
struct calendar *calendar_new(void);
void calendar_free(struct calendar **calendar);

const char *calendar_method_name(enum calendar_method method); /* "REQUEST", "CANCEL" */

/* Appends the entry: folded lines that end in CRLF. */
MUST_CHECK int calendar_write(struct calendar *calendar, const struct calendar_in *in,
                              struct buf *to, char why[CALENDAR_WHY_MAX]);

#endif
