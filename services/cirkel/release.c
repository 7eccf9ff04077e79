/* release - what the service held by itself (after a copy, a restore, a jump of the clock) may
 * leave: first what the mail log says went out is shown against what would go. */
#include "common/clock.h"
#include "proto/letter_id.h"
#include "proto/settings.h"
#include "services/cirkel/front.h"
#include "services/cirkel/home.h"
#include "services/cirkel/look.h"
#include "services/cirkel/look_home.h"
#include "services/cirkel/mail_log.h"
#include "services/cirkel/release.h"
#include "services/cirkel/table_out.h"
#include "services/cirkel/tree.h"
#include "services/cirkel/verbs.h"
#include "services/cirkel/when.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE (60 * SECONDS)
#define SHOWN 20

enum verdict { OUT_ALREADY, GOES, PAST, WAITS, VERDICTS };
static const char *const verdict_words[VERDICTS] = {"already-out", "would-go", "past", "waits"};

struct letter {
    int64_t no;
    struct text message_id, rule, person;
    instant due;
    enum verdict verdict;
};
struct difference {
    struct look look;
    struct arena *arena; /* texts of the letters, when the look is over */
    struct mail_log *log;
    const char *domain; /* ours, on the right of a Message-ID */
    instant now;
    bool copy, clock, pause; /* the holds there are */
    bool will_be;            /* one there will be at the next start */
    struct letter *letters;  /* that have not ended */
    unsigned count, room;
    uint64_t verdicts[VERDICTS];
    struct text *known; /* Message-IDs of letters that have ended */
    unsigned known_count, known_room;
    struct text *strangers; /* in the log, and in no row here */
    unsigned stranger_count;
    unsigned named; /* letters of ours in --mail-log */
    bool by_smtp, has_log;
    uint64_t
        undecided; /* reminders past their moment: whom they go to is decided when time goes on */
    instant first_undecided;
};

/* ---- gathering ---- */

static int on_hold(void *ctx, struct bytes key, struct bytes value) {
    struct difference *d = ctx;
    struct rec_halt hold;

    (void)key;
    if (look_decode(REC_HALT, value, &hold))
        return 0;
    d->copy |= text_is(hold.halt, "copy");
    d->clock |= text_is(hold.halt, "clock");
    d->pause |= text_is(hold.halt, "pause");
    return 0;
}

static enum verdict judge(struct difference *d, const struct rec_ledger *row) {
    if (d->copy && mail_log_has(d->log, row->message_id))
        return OUT_ALREADY;
    if (row->useful && row->useful < d->now)
        return PAST;
    return text_is(row->state, "held") || text_is(row->state, "unknown") ? WAITS : GOES;
}

static void *grown(void *list, unsigned count, unsigned *room, size_t size) {
    if (count < *room)
        return list;
    *room = *room ? *room * 2 : 256;
    list = reallocarray(list, *room, size);
    must(list);
    return list;
}

static int on_row(void *ctx, struct bytes key, struct bytes value) {
    struct difference *d = ctx;
    struct rec_ledger row;

    (void)key;
    if (look_decode(REC_LEDGER, value, &row))
        return 0;
    if (row.ended) {
        d->known = grown(d->known, d->known_count, &d->known_room, sizeof *d->known);
        d->known[d->known_count++] =
            arena_text(d->arena, letter_id_first(d->arena, row.message_id));
        return 0;
    }
    d->letters = grown(d->letters, d->count, &d->room, sizeof *d->letters);
    struct letter *letter = &d->letters[d->count++];
    *letter = (struct letter){.no = row.no,
                              .message_id = arena_text(d->arena, row.message_id),
                              .rule = arena_text(d->arena, row.rule),
                              .person = arena_text(d->arena, row.person),
                              .due = row.due,
                              .verdict = judge(d, &row)};
    d->verdicts[letter->verdict]++;
    return 0;
}

static int by_text(const void *a, const void *b) {
    return text_cmp(*(const struct text *)a, *(const struct text *)b);
}

/* As we make them; people of the office may have the same domain. */
static bool is_ours(const struct difference *d, struct text id) {
    struct text local, rest = id;
    return letter_id_word(id).n && text_cut(&rest, '@', &local) &&
           rest.n == strlen(d->domain) + 1 && text_starts(rest, d->domain);
}

/* Letters of ours that left and that nothing here speaks of: what caused them was lost. */
static void find_strangers(struct difference *d) {
    unsigned count = mail_log_count(d->log);
    for (unsigned i = 0; i < d->count; i++) {
        d->known = grown(d->known, d->known_count, &d->known_room, sizeof *d->known);
        d->known[d->known_count++] = letter_id_first(d->arena, d->letters[i].message_id);
    }
    if (d->known_count)
        qsort(d->known, d->known_count, sizeof *d->known, by_text);
    d->strangers = calloc(count + 1, sizeof *d->strangers);
    must(d->strangers);
    for (unsigned i = 0; d->copy && i < count; i++) {
        struct text id = mail_log_at(d->log, i);
        if (is_ours(d, id) &&
            !(d->known_count && bsearch(&id, d->known, d->known_count, sizeof id, by_text)))
            d->strangers[d->stranger_count++] = id;
    }
}

static int read_mail_log(struct difference *d, const char *home, const char *path) {
    int rc = mail_log_read(d->log, path);
    if (rc == -EMEDIUMTYPE)
        return usage("--mail-log %s is compressed. Unpack it by zcat, xzcat, zstdcat or bzcat, and "
                     "pipe that\n        to: cirkel release --hold --home %s --mail-log -",
                     path, home);
    if (rc)
        return usage("--mail-log %s: %s", path, strerror(-rc));
    for (unsigned i = 0; i < mail_log_count(d->log); i++)
        d->named += is_ours(d, mail_log_at(d->log, i));
    return 0;
}

static int read_logs(struct difference *d, const struct options *options) {
    char path[HOME_PATH];
    int rc = options->mail_log ? read_mail_log(d, options->home, options->mail_log) : 0;

    if (rc)
        return rc;
    home_path(path, options->home, "outgoing");
    rc = mail_log_read(d->log, path);
    return rc && rc != -ENOENT ? trouble("%s: %s", path, strerror(-rc)) : 0;
}

static int on_due(void *ctx, struct bytes key, struct bytes value) {
    struct difference *d = ctx;
    uint64_t due;
    size_t at = 0;

    (void)value;
    if (!key_next_u64(key, &at, &due) || (instant)due > d->now)
        return 1;
    if (!d->undecided++)
        d->first_undecided = (instant)due;
    return 0;
}

static int gather(struct difference *d) {
    int rc = store_scan(d->look.txn, TABLE_HALT, (struct bytes){"", 0}, on_hold, d);
    if (rc == 0)
        rc = store_scan(d->look.txn, TABLE_DUE, (struct bytes){"", 0}, on_due, d);
    rc = rc == 1 ? 0 : rc;
    if (rc == 0)
        rc = store_scan(d->look.txn, TABLE_LEDGER, (struct bytes){"", 0}, on_row, d);
    if (rc)
        return trouble("not all could be read: %s. See: cirkel verify", strerror(-rc));
    find_strangers(d);
    return 0;
}

/* ---- showing ---- */

static json_t *letters_tree(const struct difference *d) {
    json_t *tree = json_array();
    char due[RFC3339_TEXT];

    for (unsigned i = 0; i < d->count; i++) {
        const struct letter *l = &d->letters[i];
        when_format(l->due, text_of(d->look.zone), due);
        json_array_append_new(tree,
                              json_pack("{s:I,s:s%,s:s%,s:s,s:s}", "no", (json_int_t)l->no, "rule",
                                        l->rule.p, l->rule.n, "person", l->person.p, l->person.n,
                                        "due", due, "verdict", verdict_words[l->verdict]));
    }
    return tree;
}

static json_t *holds_tree(const struct difference *d) {
    json_t *tree = json_array();
    if (d->copy)
        json_array_append_new(tree, json_string("copy"));
    if (d->clock)
        json_array_append_new(tree, json_string("clock"));
    if (d->pause)
        json_array_append_new(tree, json_string("pause"));
    return tree;
}

static void print_json(const struct difference *d, bool released) {
    tree_print_line(json_pack(
        "{s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:b,s:o}", "holds", holds_tree(d), "undecided",
        (json_int_t)d->undecided, "named", (json_int_t)d->named, "already_out",
        (json_int_t)d->verdicts[OUT_ALREADY], "would_go", (json_int_t)d->verdicts[GOES], "past",
        (json_int_t)d->verdicts[PAST], "waits", (json_int_t)d->verdicts[WAITS], "not_known_here",
        (json_int_t)d->stranger_count, "released", (int)released, "letters", letters_tree(d)));
}

static void print_some(const struct difference *d, enum verdict verdict, const char *title) {
    struct table_out *table = table_out_new("  >no rule person due");
    unsigned shown = 0;
    char due[RFC3339_TEXT];

    printf("%6" PRIu64 "  %s\n", d->verdicts[verdict], title);
    for (unsigned i = 0; i < d->count && shown < SHOWN; i++) {
        const struct letter *l = &d->letters[i];
        if (l->verdict != verdict)
            continue;
        shown++;
        when_format(l->due, text_of(d->look.zone), due);
        table_out_row(table);
        table_out_cell(table, TEXT_LIT(" "));
        table_out_printf(table, "%" PRId64, l->no);
        table_out_cell(table, l->rule);
        table_out_cell(table, l->person);
        table_out_cell(table, text_of(due));
    }
    fflush(stdout);
    if (shown)
        table_out_print(table);
    if (d->verdicts[verdict] > shown)
        printf("        … and %" PRIu64 " more; --json shows all\n", d->verdicts[verdict] - shown);
    table_out_free(&table);
}

/* Nothing found is right only when the log was. */
static void warn_of_log(const struct difference *d, const struct options *options) {
    if (d->copy && !options->mail_log && d->by_smtp)
        fprintf(stderr, "cirkel: no mail log was read: what left by SMTP since then is not seen, "
                        "and would go\n        again. The mail server's log is told with "
                        "--mail-log\n");
    else if (d->copy && options->mail_log && !d->named)
        fprintf(stderr,
                "cirkel: no letter of this office (…@%s) is named in %s.\n        Is it the right "
                "log, and does it go back far enough?\n",
                d->domain, options->mail_log);
}

/* Of a clock in doubt: by it, they would be due. */
static void print_undecided(const struct difference *d) {
    char now[RFC3339_TEXT], first[RFC3339_TEXT];

    when_format(d->now, text_of(d->look.zone), now);
    when_format(d->first_undecided, text_of(d->look.zone), first);
    printf("%6" PRIu64 "  reminders besides were due by %s, as the clock says it is; the first at "
           "%s:\n        whom they go to, and what is too late, is decided when this is "
           "released\n",
           d->undecided, now, first);
}

static void print_words(const struct difference *d) {
    if (d->copy && d->has_log)
        printf("%6u  letters of this office are named in the mail log\n", d->named);
    if (d->copy)
        print_some(d, OUT_ALREADY, "have left, by the mail log: they count as accepted");
    print_some(d, GOES, "would go");
    print_some(d, PAST, "are past their use, and will not go");
    print_some(d, WAITS, "wait for a person all the same (held or unknown)");
    if (d->undecided)
        print_undecided(d);
    if (d->copy)
        printf("%6u  in the mail log are of events that this data does not know; should those be "
               "sent again,\n        their letters will not go twice\n",
               d->stranger_count);
}

/* ---- releasing ---- */

struct saying {
    struct front *front;
    struct line batch[FRONT_BATCH];
    unsigned count;
    uint64_t refused;
};

static void on_answer(void *ctx, const struct line *line, const struct answer *answer) {
    struct saying *s = ctx;
    if (!answer_is_refusal(answer))
        return;
    s->refused++;
    fprintf(stderr, "cirkel: %s was refused: %.*s\n", line->type, TEXT_ARGS(answer->text));
}

static int flush(struct saying *s) {
    int rc = s->count ? front_say(s->front, s->batch, s->count, PATIENCE, on_answer, s) : 0;
    for (unsigned i = 0; i < s->count; i++)
        line_free(&s->batch[i]);
    s->count = 0;
    return rc;
}

static int say(struct saying *s, const char *type, json_t *body) {
    char wrong[JSON_ERROR_TEXT];
    int rc = s->count == FRONT_BATCH ? flush(s) : 0;

    must(body);
    if (rc == 0) {
        s->batch[s->count] = (struct line){0};
        rc = line_make(TEXT_NONE, text_of(type), body, &s->batch[s->count], wrong);
        s->count += rc == 0;
    }
    json_decref(body);
    return rc;
}

static int say_all(struct difference *d, struct saying *s, const char *reason) {
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < d->count; i++)
        if (d->letters[i].verdict == OUT_ALREADY)
            rc = say(s, "delivery.left",
                     json_pack("{s:s%,s:I}", "message_id", d->letters[i].message_id.p,
                               d->letters[i].message_id.n, "delivery",
                               (json_int_t)d->letters[i].no));
    for (unsigned i = 0; rc == 0 && i < d->stranger_count; i++)
        rc = say(s, "delivery.left",
                 json_pack("{s:s%}", "message_id", d->strangers[i].p, d->strangers[i].n));
    if (rc == 0)
        rc = flush(s);
    if (rc || s->refused)
        return rc;
    if (d->copy)
        rc = say(s, "sending.release", json_pack("{s:s,s:s*}", "hold", "copy", "reason", reason));
    if (rc == 0 && d->clock)
        rc = say(s, "sending.release", json_pack("{s:s,s:s*}", "hold", "clock", "reason", reason));
    return rc ? rc : flush(s);
}

static int release(struct difference *d, const struct options *options, const char *reason) {
    struct saying *s = calloc(1, sizeof *s);
    int rc;

    must(s);
    rc = home_is_served(options->home) ? front_open(&s->front, options->home) : -ECONNREFUSED;
    if (rc == 0)
        rc = say_all(d, s, reason);
    front_close(&s->front);
    uint64_t refused = s->refused;
    free(s);
    if (rc)
        return trouble("nobody answers in %s (%s); nothing was released. Start the service with: "
                       "cirkel run --home %s",
                       options->home, strerror(-rc), options->home);
    if (refused)
        fprintf(stderr, "cirkel: not released, because something was refused\n");
    return refused ? EXIT_REFUSED : EXIT_DONE;
}

/* ---- the verb ---- */

static int show_and_release(struct difference *d, const struct options *options, int argc,
                            char **argv) {
    bool any = d->copy || d->clock;
    int rc = 0;

    if (d->will_be)
        return trouble(
            "this data was restored or copied, and has not been started since: it opens on "
            "hold, and then this is the place to look. First: cirkel run --home %s",
            options->home);
    warn_of_log(d, options);

    if (!any && !options->json)
        puts(d->pause ? "Sending is paused; that ends with: cirkel resume"
                      : "Nothing is held by the service itself.");
    else if (!options->json)
        print_words(d);
    if (any && options->yes)
        rc = release(d, options, argc ? argv[0] : NULL);
    if (options->json)
        print_json(d, any && options->yes && rc == 0);
    else if (any && rc == 0)
        puts(!options->yes ? "\nNothing was changed. If that is right, the same again with --yes."
             : d->pause    ? "\nReleased. Sending is paused still; that ends with: cirkel resume"
                           : "\nReleased.");
    return rc;
}

static int find_difference(struct difference *d, const struct options *options,
                           const struct settings *settings) {
    int rc = look_open(&d->look, options->home);

    if (rc)
        return rc;
    home_use_clock(options->home);
    d->now = clock_now();
    d->domain = settings->message_domain;
    d->has_log = options->mail_log != NULL;
    d->by_smtp = strcmp(settings->channel, "smtp") == 0;
    d->will_be = look_home_is_other(&d->look, options->home);
    rc = read_logs(d, options);
    if (rc == 0)
        rc = gather(d);
    look_close(&d->look);
    return rc;
}

static int show_difference(const struct options *options, int argc, char **argv) {
    struct difference d = {.arena = arena_new(), .log = mail_log_new()};
    struct settings settings;
    struct buf error;
    int rc = home_need(options->home);

    buf_init(&error, 65536);
    if (rc == 0 && settings_read(options->home, &settings, &error)) {
        rc = usage("the settings are wrong; see: cirkel check-config --home %s", options->home);
    } else if (rc == 0) {
        rc = find_difference(&d, options, &settings);
        if (rc == 0)
            rc = show_and_release(&d, options, argc, argv);
        settings_free(&settings);
    }
    buf_free(&error);
    free(d.letters);
    free(d.known);
    free(d.strangers);
    mail_log_free(&d.log);
    arena_free(&d.arena);
    return rc;
}

int release_hold(const struct options *options, int argc, char **argv) {
    if (argc > 1 || options->rule || options->rate)
        return usage("--hold takes a reason at most. See: cirkel help release");
    return show_difference(options, argc, argv);
}
