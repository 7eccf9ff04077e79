/* look_queues - what waits where, how long, and what became of the rest. */
#include "common/ballast.h"
#include "common/clock.h"
#include "services/cirkel/alarms.h"
#include "services/cirkel/home.h"
#include "services/cirkel/look_addresses.h"
#include "services/cirkel/look_hold.h"
#include "services/cirkel/look_home.h"
#include "services/cirkel/look_halts.h"
#include "services/cirkel/look_kept.h"
#include "services/cirkel/look_sums.h"
#include "services/cirkel/look_workers.h"
#include "services/cirkel/table_out.h"
#include "services/cirkel/tree.h"
#include "services/cirkel/verbs.h"
#include "services/cirkel/when.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CHANNELS 8
enum open_state {
    OPEN_QUEUED,
    OPEN_DEFERRED,
    OPEN_ARMED,
    OPEN_UNKNOWN,
    OPEN_HELD,
    OPEN_DIGESTED,
    OPEN_COUNT
};
static const char *const open_states[OPEN_COUNT] = {"queued",  "deferred", "armed",
                                                    "unknown", "held",     "digested"};

struct outbox { /* of one channel */
    char channel[65];
    uint64_t open[OPEN_COUNT];
    instant oldest;
};
struct queues {
    struct look look;
    instant now;
    uint64_t first, last, position, asides, pending;
    instant oldest_pending;
    uint64_t applied, refused, quarantined;
    uint64_t due_rows, overdue;
    instant due_first;
    struct outbox outbox[CHANNELS];
    unsigned channels;
    struct look_count letters;
    uint64_t hour, day; /* letters that came to an end */
    uint64_t missed;    /* of those of the last day */
    uint64_t waiting;   /* letters that could leave by now */
    instant oldest_waiting, last_accepted;
    struct look_addresses addresses;
    struct look_kept kept;
    struct look_halts halts;
    struct look_workers workers;
    bool opens_on_hold;
    instant zones_at; /* when time zone data last changed; 0: never */
    uint64_t zones_moved;
    struct alarm alarm[ALARM_COUNT];
    unsigned alarms;
    struct {
        uint64_t open, held;
        instant oldest;
    } sheets; /* for catch-up */
    struct {
        int64_t no, count;
        instant until;
        char programme[65];
    } window; /* the latest that can still be taken back; no 0: none */
};

/* ---- gathering ---- */

/* A number that cannot be read is shown as none; verify says so. */
static uint64_t number_of(struct look *look, enum table table, const char *name) {
    uint64_t n;
    return look_number(look->txn, table, name, &n) ? 0 : n;
}

static int on_pending(void *ctx, uint64_t seq, struct bytes payload) {
    struct queues *q = ctx;
    struct rec_event event;

    (void)seq;
    if (look_decode(REC_EVENT, payload, &event) == 0)
        q->oldest_pending = event.received;
    return 1;
}

static int gather_inbox(struct queues *q) {
    int rc = journal_range(q->look.inbox, &q->first, &q->last);

    if (rc == 0)
        rc = journal_aside_count(q->look.inbox, &q->asides);
    q->position = number_of(&q->look, TABLE_META, "position");
    q->pending = q->last > q->position ? q->last - q->position : 0;
    if (rc == 0 && q->pending)
        rc = journal_read(q->look.inbox, q->position + 1, 1, on_pending, q);
    q->applied = number_of(&q->look, TABLE_COUNTER, "applied");
    q->refused = number_of(&q->look, TABLE_COUNTER, "refused");
    q->quarantined = number_of(&q->look, TABLE_COUNTER, "quarantined");
    return rc == 1 ? 0 : rc;
}

static int on_due(void *ctx, struct bytes key, struct bytes value) {
    struct queues *q = ctx;
    uint64_t due;
    size_t at = 0;

    (void)value;
    if (!key_next_u64(key, &at, &due))
        return 0;
    if (q->due_rows++ == 0)
        q->due_first = (instant)due;
    if ((instant)due <= q->now)
        q->overdue++;
    return 0;
}

static struct outbox *outbox_of(struct queues *q, struct text channel) {
    for (unsigned i = 0; i < q->channels; i++)
        if (text_is(channel, q->outbox[i].channel))
            return &q->outbox[i];
    if (q->channels == CHANNELS ||
        text_copy(channel, q->outbox[q->channels].channel, sizeof q->outbox->channel))
        return &q->outbox[CHANNELS - 1];
    return &q->outbox[q->channels++];
}

static int on_letter(void *ctx, struct bytes key, struct bytes value) {
    struct queues *q = ctx;
    struct rec_ledger row;
    struct outbox *outbox;

    (void)key;
    if (look_decode(REC_LEDGER, value, &row))
        return 0;
    outbox = outbox_of(q, row.channel);
    for (unsigned i = 0; i < OPEN_COUNT; i++)
        if (text_is(row.state, open_states[i])) {
            outbox->open[i]++;
            if (i != OPEN_DIGESTED && (outbox->oldest == 0 || row.decided < outbox->oldest))
                outbox->oldest = row.decided;
        }
    if (text_is(row.state, "accepted") && row.ended > q->last_accepted)
        q->last_accepted = row.ended;
    if ((text_is(row.state, "queued") || text_is(row.state, "deferred")) && row.decided <= q->now) {
        q->waiting++;
        if (q->oldest_waiting == 0 || row.decided < q->oldest_waiting)
            q->oldest_waiting = row.decided;
    }
    if (row.ended && row.ended <= q->now) {
        q->hour += q->now - row.ended < HOURS;
        q->day += q->now - row.ended < DAYS;
        q->missed += q->now - row.ended < DAYS && text_is(row.state, "missed");
    }
    return 0;
}

static int on_hold(void *ctx, const struct rec_hold *hold) {
    struct queues *q = ctx;

    if (!hold_is_open(hold))
        return 0;
    if (!text_is(hold->kind, "catchup")) {
        q->window.no = hold->no;
        q->window.count = hold->count;
        q->window.until = hold->until;
        return text_copy(hold->programme, q->window.programme, sizeof q->window.programme);
    }
    if (q->sheets.open++ == 0)
        q->sheets.oldest = hold->opened;
    q->sheets.held += (uint64_t)hold->held;
    return 0;
}

static int gather(struct queues *q, const char *home) {
    int rc = gather_inbox(q);

    if (rc == 0)
        rc = store_scan(q->look.txn, TABLE_DUE, (struct bytes){"", 0}, on_due, q);
    if (rc == 0)
        rc = store_scan(q->look.txn, TABLE_LEDGER, (struct bytes){"", 0}, on_letter, q);
    if (rc == 0)
        rc = look_count(&q->look, TABLE_LEDGER, "state", &q->letters);
    if (rc == 0)
        rc = look_addresses(&q->look, home, &q->addresses);
    if (rc == 0)
        rc = look_kept(&q->look, home, q->first, q->last, q->position, &q->kept);
    if (rc == 0)
        rc = look_holds(&q->look, on_hold, q);
    if (rc == 0)
        rc = look_halts(&q->look, &q->halts);
    q->opens_on_hold = look_home_is_other(&q->look, home);
    q->zones_at = (instant)number_of(&q->look, TABLE_META, "zones-at");
    q->zones_moved = number_of(&q->look, TABLE_META, "zones-moved");
    return rc;
}

static void look_for_alarms(struct queues *q, const char *home) {
    look_workers(home, &q->workers);
    struct health health = {.now = q->now,
                            .started = q->workers.noted,
                            .away = clock_is_virtual() ? 0 : q->workers.away,
                            .away_names = q->workers.names,
                            .pending = q->pending,
                            .overdue = look_halts_find(&q->halts, "clock") ? 0 : q->overdue,
                            .oldest_pending = q->oldest_pending,
                            .oldest_overdue = q->due_first,
                            .waiting = q->waiting,
                            .oldest_waiting = q->oldest_waiting,
                            .last_accepted = q->last_accepted,
                            .on_hold = q->halts.count != 0,
                            .disk_scarce = ballast_room(home) == ROOM_SCARCE};
    q->alarms = alarms_of(&health, q->look.alarm_after, q->alarm);
}

/* ---- showing ---- */

static json_t *age(const struct queues *q, instant since) {
    return since && since <= q->now ? json_integer((q->now - since) / SECONDS) : json_null();
}

static json_t *moment(const struct queues *q, instant at) {
    char text[RFC3339_TEXT];

    when_format(at, text_of(q->look.zone), text);
    return at ? json_string(text) : json_null();
}

static json_t *outbox_tree(const struct queues *q) {
    json_t *tree = json_object();

    for (unsigned i = 0; i < q->channels; i++) {
        const struct outbox *outbox = &q->outbox[i];
        json_t *one = json_object();
        for (unsigned s = 0; s < OPEN_COUNT; s++)
            json_object_set_new(one, open_states[s], json_integer((json_int_t)outbox->open[s]));
        json_object_set_new(one, "oldest_s", age(q, outbox->oldest));
        json_object_set_new(tree, outbox->channel, one);
    }
    return tree;
}

static bool is_open_state(struct text state) {
    for (unsigned i = 0; i < OPEN_COUNT; i++)
        if (text_is(state, open_states[i]))
            return true;
    return false;
}

static json_t *ended_tree(const struct queues *q) {
    json_t *tree = json_object();

    for (unsigned i = 0; i < q->letters.words; i++) {
        struct text word = q->letters.word[i];
        if (!is_open_state(word))
            json_object_setn_new(tree, word.p, word.n, json_integer((json_int_t)q->letters.n[i]));
    }
    return tree;
}

static json_t *alarms_tree(const struct queues *q) {
    json_t *tree = json_array();
    struct buf text;

    buf_init(&text, 256);
    for (unsigned i = 0; i < q->alarms; i++) {
        const struct alarm *alarm = &q->alarm[i];
        buf_clear(&text);
        alarm_text(alarm, q->now, &text);
        json_array_append_new(tree, json_pack("{s:s,s:s,s:o,s:s}", "alarm", alarm->word, "text",
                                              buf_cstr(&text), "since", moment(q, alarm->since),
                                              "do", alarm->todo));
    }
    buf_free(&text);
    return tree;
}

static json_t *catchup_tree(const struct queues *q) {
    return json_pack("{s:I,s:I,s:o}", "sheets", (json_int_t)q->sheets.open, "held",
                     (json_int_t)q->sheets.held, "since", moment(q, q->sheets.oldest));
}

static json_t *queues_tree(const struct queues *q) {
    const struct rec_halt *pause = look_halts_find(&q->halts, "pause");
    json_t *tree = json_pack(
        "{s:o,s:o,s:{s:I,s:I,s:I,s:I,s:I,s:I,s:o},s:{s:I,s:I,s:o,s:o},s:o,s:o,s:{s:I,"
        "s:I,s:I},s:b,s:o,s:o,s:o}",
        "now", moment(q, q->now), "alarms", alarms_tree(q), "inbox", "accepted",
        (json_int_t)q->last, "applied", (json_int_t)q->applied, "refused", (json_int_t)q->refused,
        "quarantined", (json_int_t)q->quarantined, "pending", (json_int_t)q->pending,
        "refused_at_the_door", (json_int_t)q->asides, "oldest_pending_s", age(q, q->oldest_pending),
        "due", "planned", (json_int_t)q->due_rows, "overdue", (json_int_t)q->overdue,
        "oldest_overdue_s", q->overdue ? age(q, q->due_first) : json_null(), "next",
        moment(q, q->due_first), "outbox", outbox_tree(q), "ended", ended_tree(q),
        "ended_in_the_last", "hour", (json_int_t)q->hour, "day", (json_int_t)q->day, "missed",
        (json_int_t)q->missed, "paused", pause != NULL, "paused_since",
        moment(q, pause ? pause->since : 0), "holds", look_halts_tree(&q->halts, q->look.zone),
        "addresses", look_addresses_tree(&q->addresses));
    json_object_set_new(tree, "opens_on_hold", json_boolean(q->opens_on_hold));
    json_object_set_new(tree, "not_running", look_workers_tree(&q->workers));
    json_object_set_new(tree, "kept", look_kept_tree(&q->kept, q->look.zone));
    json_object_set_new(tree, "catchup", catchup_tree(q));
    json_object_set_new(tree, "zones",
                        json_pack("{s:o,s:I}", "changed", moment(q, q->zones_at), "moved",
                                  (json_int_t)q->zones_moved));
    return tree;
}

static void print_age(const struct queues *q, const char *what, instant since) {
    char span[24];

    if (!since || since > q->now)
        return;
    span_format(q->now - since, span);
    printf("%s%s", what, span);
}

static void print_outbox(const struct queues *q) {
    struct table_out *table =
        table_out_new("outbox >queued >deferred >armed >unknown >held >digested oldest");
    uint64_t unknown = 0;

    for (unsigned i = 0; i < q->channels; i++) {
        const struct outbox *outbox = &q->outbox[i];
        char span[24] = "";
        unknown += outbox->open[OPEN_UNKNOWN];
        if (outbox->oldest && outbox->oldest <= q->now)
            span_format(q->now - outbox->oldest, span);
        table_out_row(table);
        table_out_printf(table, "%s", outbox->channel);
        for (unsigned s = 0; s < OPEN_COUNT; s++)
            table_out_printf(table, "%" PRIu64, outbox->open[s]);
        table_out_printf(table, "%s", span);
    }
    if (q->channels) {
        fflush(stdout);
        table_out_print(table);
        if (unknown)
            puts("unknown: may have left, and waits for a report or for you. cirkel ledger --state "
                 "unknown, then\n         cirkel settle NUMBER sent|not-sent");
        puts("");
    }
    table_out_free(&table);
}

static void print_alarms(const struct queues *q) {
    struct buf text;

    buf_init(&text, 256);
    for (unsigned i = 0; i < q->alarms; i++) {
        buf_clear(&text);
        alarm_text(&q->alarm[i], q->now, &text);
        printf("ALARM   %s.\n        %s\n\n", buf_cstr(&text), q->alarm[i].todo);
    }
    buf_free(&text);
}

/* What a person has to do before letters leave. */
static void print_waiting(const struct queues *q) {
    char since[RFC3339_TEXT];

    when_format(q->sheets.oldest, text_of(q->look.zone), since);
    look_halts_print(&q->halts, q->look.zone);
    if (q->sheets.open)
        printf("A catch-up sheet WAITS since %s: %" PRIu64
               " %s only when you have seen it. See: cirkel catchup\n\n",
               since, q->sheets.held,
               plural((int64_t)q->sheets.held, "letter leaves", "letters leave"));
}

/* What can still be taken back: the latest of them. */
static void print_window(const struct queues *q) {
    char until[RFC3339_TEXT];

    when_format(q->window.until, text_of(q->look.zone), until);
    if (!q->window.no)
        return;
    if (q->window.programme[0])
        printf("%" PRId64 " %s of %s %s told at %s", q->window.count,
               plural(q->window.count, "decision", "decisions"), q->window.programme,
               plural(q->window.count, "is", "are"), until);
    else
        printf("A letter to %" PRId64 " %s leaves at %s", q->window.count,
               plural(q->window.count, "person", "people"), until);
    printf(". To take it back: cirkel undo %" PRId64 "\n\n", q->window.no);
}

static void print_queues(const struct queues *q) {
    char now[RFC3339_TEXT], next[RFC3339_TEXT], zones_at[RFC3339_TEXT];
    struct buf ended;

    when_format(q->now, text_of(q->look.zone), now);
    when_format(q->due_first, text_of(q->look.zone), next);
    when_format(q->zones_at, text_of(q->look.zone), zones_at);
    printf("%s%s\n\n", now, clock_is_virtual() ? " (virtual clock)" : "");
    if (clock_is_virtual() && q->workers.away)
        printf("Not running: %s. To go on: cirkel run --clock, or cirkel play\n\n",
               q->workers.names);
    if (q->opens_on_hold)
        puts("NOTHING LEAVES when it is started: this data was restored or copied, and opens on "
             "hold.\n"
             "    To go on: cirkel run, then cirkel release --hold\n");
    print_waiting(q);
    print_alarms(q);
    print_window(q);
    printf("inbox   %" PRIu64 " accepted: %" PRIu64 " applied, %" PRIu64 " refused, %" PRIu64
           " quarantined, %" PRIu64 " pending",
           q->last, q->applied, q->refused, q->quarantined, q->pending);
    print_age(q, ", the oldest for ", q->oldest_pending);
    printf("; %" PRIu64 " refused at the door%s\n", q->asides,
           q->asides ? ": cirkel list aside" : "");
    printf("due     %" PRIu64 " planned, %" PRIu64 " overdue", q->due_rows, q->overdue);
    if (q->overdue)
        print_age(q, ", the oldest for ", q->due_first);
    printf("%s%s\n", q->due_rows ? "; next " : "", next);
    if (q->zones_at)
        printf("zones   new time zone data moved %" PRIu64
               " of them, on %s; from when: cirkel list "
               "plan, the column was\n",
               q->zones_moved, zones_at);
    puts("");
    print_outbox(q);
    buf_init(&ended, 4096);
    look_count_text(&q->letters, &ended);
    printf("letters %" PRIu64 "%s%s\n", q->letters.all, ended.n ? ": " : "", buf_cstr(&ended));
    printf("        %" PRIu64 " came to an end in the last hour, %" PRIu64 " in the last day",
           q->hour, q->day);
    if (q->missed)
        printf(", %" PRIu64 " of them missed: cirkel ledger --state missed", q->missed);
    puts("");
    look_addresses_print(&q->addresses);
    look_kept_print(&q->kept, q->look.zone);
    buf_free(&ended);
}

int verb_queues(const struct options *options, int argc, char **argv) {
    struct queues q = {0};
    int rc;

    (void)argv;
    if (argc)
        return usage("queues takes no arguments. See: cirkel help queues");
    rc = look_open(&q.look, options->home);
    if (rc)
        return rc;
    home_use_clock(options->home);
    q.now = clock_now();
    rc = gather(&q, options->home);
    look_for_alarms(&q, options->home);
    if (rc == 0 && options->json)
        tree_print_line(queues_tree(&q));
    else if (rc == 0)
        print_queues(&q);
    look_close(&q.look);
    if (rc)
        return trouble("not all could be read: %s. See: cirkel verify", strerror(-rc));
    return q.alarms ? EXIT_FOUND : EXIT_DONE;
}
