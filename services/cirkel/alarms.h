/* alarms - whether the office is broken: something waits that should not, or nothing leaves though
 * there is work. A busy, paused or quiet office has none.
 */
#ifndef CIRKEL_ALARMS_H
#define CIRKEL_ALARMS_H

#include "common/base.h"

enum alarm_kind {
#define ALARM(NAME, word, todo) ALARM_##NAME,
#include "services/cirkel/alarms.def"
#undef ALARM
    ALARM_COUNT
};

struct health { /* instants are 0 when there is none */
    instant now;
    unsigned started, away; /* programs of the service, and those of them that do not run */
    const char *away_names;
    uint64_t pending, overdue; /* events not applied; plans past their moment */
    instant oldest_pending, oldest_overdue;
    uint64_t waiting; /* letters that could leave by now */
    instant oldest_waiting, last_accepted;
    bool on_hold;     /* paused, or held: nothing is to leave */
    bool disk_scarce; /* nothing new is given out */
};

struct alarm {
    enum alarm_kind kind;
    const char *word, *todo;
    uint64_t count;    /* of what waits */
    const char *names; /* of what does not run; NULL: nothing of it does */
    instant since;     /* 0: it is so now */
};

/* `patience`: how long a letter may wait while none is accepted. Returns how many. */
unsigned alarms_of(const struct health *health, msec patience, struct alarm ret[ALARM_COUNT]);
/* "7 letters wait, and none has left for 2 h" */
void alarm_text(const struct alarm *alarm, instant now, struct buf *to);

#endif
