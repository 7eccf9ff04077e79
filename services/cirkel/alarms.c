#include "services/cirkel/alarms.h"

#include "common/zone.h"
#include "services/cirkel/when.h"

#include <inttypes.h>

#define EVENTS_PATIENCE (1 * MINUTES)
#define DUE_PATIENCE (5 * MINUTES)

static const struct {
    const char *word, *todo;
} kinds[] = {
#define ALARM(NAME, word, todo) {word, todo},
#include "services/cirkel/alarms.def"
#undef ALARM
};

static void add(struct alarm *to, unsigned *n, enum alarm_kind kind, uint64_t count,
                instant since) {
    to[(*n)++] = (struct alarm){.kind = kind,
                                .word = kinds[kind].word,
                                .todo = kinds[kind].todo,
                                .count = count,
                                .since = since};
}

static bool is_older(instant since, instant now, msec patience) {
    return since > 0 && now - since > patience;
}

unsigned alarms_of(const struct health *h, msec patience, struct alarm ret[ALARM_COUNT]) {
    unsigned n = 0;
    instant quiet = h->last_accepted > h->oldest_waiting ? h->last_accepted : h->oldest_waiting;

    if (h->away) {
        add(ret, &n, ALARM_RUNNING, h->away, 0);
        ret[n - 1].names = h->away < h->started ? h->away_names : NULL;
    }
    if (h->pending && is_older(h->oldest_pending, h->now, EVENTS_PATIENCE))
        add(ret, &n, ALARM_EVENTS, h->pending, h->oldest_pending);
    if (h->overdue && is_older(h->oldest_overdue, h->now, DUE_PATIENCE))
        add(ret, &n, ALARM_DUE, h->overdue, h->oldest_overdue);
    if (h->waiting && !h->on_hold && is_older(quiet, h->now, patience))
        add(ret, &n, ALARM_LETTERS, h->waiting, quiet);
    if (h->disk_scarce)
        add(ret, &n, ALARM_DISK, 0, 0);
    return n;
}

void alarm_text(const struct alarm *alarm, instant now, struct buf *to) {
    char span[24];

    span_format(now - alarm->since, span);
    switch (alarm->kind) {
    case ALARM_RUNNING:
        if (alarm->names)
            buf_printf(to, "%s %s not run, though the rest of the service does", alarm->names,
                       plural((int64_t)alarm->count, "does", "do"));
        else
            buf_printf(to, "the service does not run: nothing is taken in, falls due or leaves");
        break;
    case ALARM_EVENTS:
        buf_printf(to, "%" PRIu64 " %s to be applied, the oldest for %s", alarm->count,
                   plural((int64_t)alarm->count, "event waits", "events wait"), span);
        break;
    case ALARM_DUE:
        buf_printf(to, "%" PRIu64 " %s, the oldest for %s", alarm->count,
                   plural((int64_t)alarm->count, "reminder is past its moment",
                          "reminders are past their moment"),
                   span);
        break;
    case ALARM_LETTERS:
        buf_printf(to, "%" PRIu64 " %s, and none has left for %s", alarm->count,
                   plural((int64_t)alarm->count, "letter waits", "letters wait"), span);
        break;
    default:
        buf_printf(to, "the disk is full: no letter leaves and little is taken in");
    }
}
