/* send - says events at the front door: one from the command line, or a file of them. */
#include "services/cirkel/body.h"
#include "services/cirkel/front.h"
#include "services/cirkel/home.h"
#include "services/cirkel/send.h"
#include "services/cirkel/tree.h"
#include "services/cirkel/progress.h"
#include "services/cirkel/release.h"
#include "services/cirkel/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_ONE (10 * SECONDS)
#define PATIENCE_FILE (60 * SECONDS)

static int not_there(const char *home, int rc) {
    if (rc == -ETIMEDOUT || rc == -EAGAIN)
        return trouble("nobody answers in %s. Start the service with: cirkel run --home %s", home,
                       home);
    return trouble("intake could not be asked: %s", strerror(-rc));
}

/* ---- one event ---- */

struct one {
    bool json, refused;
};

static void print_words(const struct line *line, const struct answer *answer) {
    printf("%.*s%s", TEXT_ARGS(answer->status), answer->again ? " (said before)" : "");
    if (answer->seq)
        printf(", event %lld", (long long)answer->seq);
    if (answer->code.p)
        printf(": %.*s%s%.*s", TEXT_ARGS(answer->code), answer->field.n ? ", " : "",
               TEXT_ARGS(answer->field));
    if (answer->text.n)
        printf(": %.*s", TEXT_ARGS(answer->text));
    printf("\n");
    if (answer->result.p) {
        json_t *result = tree_from_pack(answer->result);
        const char *key;
        json_t *value;
        json_object_foreach(result, key, value) {
            char *shown = json_is_string(value) ? strdup(json_string_value(value))
                                                : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
            printf("  %-14s %s\n", key, shown ? shown : "");
            free(shown);
        }
        json_decref(result);
    }
    (void)line;
}

static void on_answer(void *ctx, const struct line *line, const struct answer *answer) {
    struct one *one = ctx;
    json_t *json;

    one->refused = answer_is_refusal(answer);
    if (!one->json) {
        print_words(line, answer);
        return;
    }
    json = tree_from_pack(answer->raw);
    if (json)
        tree_print_line(json);
}

int send_one(const struct options *options, const char *type, const json_t *body) {
    struct one one = {.json = options->json};
    char wrong[JSON_ERROR_TEXT];
    struct front *front;
    struct line line;
    int rc = home_need(options->home);

    if (rc)
        return rc;
    memset(&line, 0, sizeof line);
    if (line_make(text_of(options->id), text_of(type), body, &line, wrong))
        return usage("%s", wrong);
    rc = home_is_served(options->home) ? front_open(&front, options->home) : -ETIMEDOUT;
    if (rc == 0) {
        rc = front_say(front, &line, 1, PATIENCE_ONE, on_answer, &one);
        front_close(&front);
    }
    line_free(&line);
    if (rc)
        return not_there(options->home, rc);
    return one.refused ? EXIT_REFUSED : EXIT_DONE;
}

static int say_words(const struct options *options, const char *type, int argc, char **argv) {
    struct buf error;
    json_t *body;
    int rc;

    buf_init(&error, 8192);
    if (body_from_words(type, argc, argv, &body, &error)) {
        rc = usage("%s", buf_cstr(&error));
    } else {
        rc = send_one(options, type, body);
        json_decref(body);
    }
    buf_free(&error);
    return rc;
}

/* ---- a file of events ---- */

struct mailbag {
    const struct options *options;
    struct lines *lines;
    struct front *front;
    struct progress bar;
    struct line batch[FRONT_BATCH];
    unsigned count;
    size_t bytes;
    uint64_t said, applied, again, refused, bad;
};

static void on_batch_answer(void *ctx, const struct line *line, const struct answer *answer) {
    struct mailbag *bag = ctx;

    bag->said++;
    if (!answer_is_refusal(answer)) {
        bag->again += answer->again;
        bag->applied++;
        return;
    }
    bag->refused++;
    progress_say(&bag->bar, "%s:%u: %s %.*s: %.*s%s%.*s: %.*s", lines_path(bag->lines), line->no,
                 line->type, TEXT_ARGS(answer->status), TEXT_ARGS(answer->code),
                 answer->field.n ? ", " : "", TEXT_ARGS(answer->field), TEXT_ARGS(answer->text));
}

static int say_batch(struct mailbag *bag) {
    char note[64];
    int rc = 0;

    if (bag->count)
        rc = front_say(bag->front, bag->batch, bag->count, PATIENCE_FILE, on_batch_answer, bag);
    for (unsigned i = 0; i < bag->count; i++)
        line_free(&bag->batch[i]);
    bag->count = 0;
    bag->bytes = 0;
    snprintf(note, sizeof note, "%llu events", (unsigned long long)bag->said);
    if (rc == 0 && lines_size(bag->lines))
        progress_to(&bag->bar, lines_at(bag->lines), note);
    return rc;
}

/* Until the end (0), a bad line (-EBADMSG) or trouble. */
static int say_lines(struct mailbag *bag) {
    struct buf error;
    int rc = 0;

    buf_init(&error, 8192);
    while (rc == 0) {
        struct line line = {0};
        buf_clear(&error);
        rc = lines_next(bag->lines, &line, &error);
        if (rc == -EBADMSG) {
            progress_say(&bag->bar, "%s", buf_cstr(&error));
            bag->bad++;
            rc = bag->options->keep_going ? 0 : -EBADMSG;
            continue;
        }
        if (rc)
            break;
        if (bag->bytes + line.request.n > FRONT_BATCH_BYTES)
            rc = say_batch(bag);
        bag->bytes += line.request.n;
        bag->batch[bag->count++] = line;
        if (rc == 0 && bag->count == FRONT_BATCH)
            rc = say_batch(bag);
    }
    buf_free(&error);
    if (rc == -ENOENT || rc == -EBADMSG) {
        int last = say_batch(bag);
        if (last)
            return last;
    }
    return rc == -ENOENT ? 0 : rc;
}

static int summary(const struct mailbag *bag, int rc) {
    if (bag->options->json) {
        tree_print_line(json_pack("{s:I,s:I,s:I,s:I,s:I}", "said", (json_int_t)bag->said,
                                  "accepted", (json_int_t)bag->applied, "again",
                                  (json_int_t)bag->again, "refused", (json_int_t)bag->refused,
                                  "bad_lines", (json_int_t)bag->bad));
    } else {
        printf("%llu %s said: %llu taken (%llu of them said before), %llu refused; %llu %s could "
               "not be read.\n",
               (unsigned long long)bag->said, plural((int64_t)bag->said, "event", "events"),
               (unsigned long long)bag->applied, (unsigned long long)bag->again,
               (unsigned long long)bag->refused, (unsigned long long)bag->bad,
               plural((int64_t)bag->bad, "line", "lines"));
    }
    if (rc == -EBADMSG)
        return usage("stopped at a line that cannot be read; mend it and send the file again "
                     "(what was said counts once), or use --keep-going");
    if (rc)
        return not_there(bag->options->home, rc);
    return bag->refused || bag->bad ? EXIT_REFUSED : EXIT_DONE;
}

static int send_file(const struct options *options) {
    struct mailbag *bag = calloc(1, sizeof *bag);
    int rc = home_need(options->home);

    must(bag != NULL);
    bag->options = options;
    if (rc == 0 && (rc = lines_open(&bag->lines, options->file)))
        rc = usage("%s: %s", options->file, strerror(-rc));
    if (rc == 0) {
        rc = home_is_served(options->home) ? front_open(&bag->front, options->home) : -ETIMEDOUT;
        if (rc) {
            rc = not_there(options->home, rc);
        } else {
            progress_begin(&bag->bar, "Sending", lines_size(bag->lines));
            rc = say_lines(bag);
            progress_end(&bag->bar);
            rc = summary(bag, rc);
        }
    }
    for (unsigned i = 0; i < bag->count; i++)
        line_free(&bag->batch[i]);
    front_close(&bag->front);
    lines_close(&bag->lines);
    free(bag);
    return rc;
}

/* ---- the verbs ---- */

int verb_send(const struct options *options, int argc, char **argv) {
    if (options->file && argc == 0)
        return send_file(options);
    if (options->file || argc == 0)
        return usage("send needs either TYPE key=value… or -f FILE. See: cirkel help send");
    return say_words(options, argv[0], argc - 1, argv + 1);
}

/* An order with one or two plain fields. */
static int order(const struct options *options, const char *verb, const char *type,
                 const char *const names[], int least, int most, int argc, char **argv) {
    json_t *body = json_object();
    int rc;

    if (argc < least || argc > most) {
        json_decref(body);
        return usage("it is said like this: cirkel %s %s%s. See: cirkel help %s", verb,
                     verb_arguments(verb),
                     argc > most ? "; several words that are one go in quotes" : "", verb);
    }
    for (int i = 0; i < argc; i++) {
        int64_t number;
        if (strcmp(names[i], "delivery")) {
            json_object_set_new(body, names[i], json_string(argv[i]));
        } else if (text_int(text_of(argv[i]), &number)) {
            json_decref(body);
            return usage("\"%s\" is no number of the ledger. See: cirkel ledger", argv[i]);
        } else {
            json_object_set_new(body, names[i], json_integer(number));
        }
    }
    rc = send_one(options, type, body);
    json_decref(body);
    return rc;
}

int verb_pause(const struct options *options, int argc, char **argv) {
    return order(options, "pause", "sending.pause", (const char *const[]){"reason"}, 1, 1, argc,
                 argv);
}

int verb_resume(const struct options *options, int argc, char **argv) {
    return order(options, "resume", "sending.resume", (const char *const[]){"reason"}, 0, 1, argc,
                 argv);
}

int verb_retry(const struct options *options, int argc, char **argv) {
    return order(options, "retry", "delivery.retry", (const char *const[]){"delivery"}, 1, 1, argc,
                 argv);
}

int verb_withdraw(const struct options *options, int argc, char **argv) {
    return order(options, "withdraw", "delivery.withdraw", (const char *const[]){"delivery"}, 1, 1,
                 argc, argv);
}

int verb_settle(const struct options *options, int argc, char **argv) {
    return order(options, "settle", "delivery.settle", (const char *const[]){"delivery", "outcome"},
                 2, 2, argc, argv);
}

int verb_unsuppress(const struct options *options, int argc, char **argv) {
    if (argc > 0 && strchr(argv[0], '@'))
        return usage("unsuppress takes who has the address (cirkel list person), or the ID that "
                     "cirkel list suppression shows, and no address: none is kept beside it");
    return order(options, "unsuppress", "suppression.lift",
                 (const char *const[]){"suppression", "reason"}, 1, 2, argc, argv);
}

/* What waits on catch-up sheets, as --rule and --rate say. */
static int order_sheet(const struct options *options, const char *type) {
    json_t *body = json_object();
    int64_t rate;
    if (options->rule)
        json_object_set_new(body, "rule", json_string(options->rule));
    if (options->rate) {
        struct text n = text_of(options->rate), unit;
        bool whole = text_cut(&n, '/', &unit) && (n.n == 0 || text_is(n, "min"));
        if (!whole || text_int(unit, &rate) || rate < 1) {
            json_decref(body);
            return usage("--rate takes letters a minute, like 30/min");
        }
        json_object_set_new(body, "rate", json_integer(rate));
    }
    int rc = send_one(options, type, body);
    json_decref(body);
    return rc;
}

int verb_skip(const struct options *options, int argc, char **argv) {
    if (argc == 0 && !options->rule != !options->all)
        return order_sheet(options, "catchup.skip");
    if (options->rule || options->all || argc == 0)
        return usage("skip needs either a PLAN, or --rule RULE, or --all. See: cirkel help skip");
    return order(options, "skip", "plan.skip", (const char *const[]){"plan"}, 1, 1, argc, argv);
}

/* "hold:3": a hold and not a letter. */
static int order_hold(const struct options *options, const char *type, const char *hold) {
    struct text name = text_of(hold), kind = TEXT_NONE;
    json_t *body;
    int64_t no;
    int rc;

    if (text_starts(name, "hold:"))
        text_cut(&name, ':', &kind);
    if (text_int(name, &no))
        return usage("\"%s\" is no number of a hold. See: cirkel list hold", hold);
    body = json_pack("{s:I}", "hold", (json_int_t)no);
    rc = send_one(options, type, body);
    json_decref(body);
    return rc;
}

int verb_undo(const struct options *options, int argc, char **argv) {
    if (argc != 1)
        return usage("undo needs the number of a hold. See: cirkel list hold");
    return order_hold(options, "hold.undo", argv[0]);
}

int verb_release(const struct options *options, int argc, char **argv) {
    if (options->hold)
        return release_hold(options, argc, argv);
    if (options->mail_log || options->yes)
        return usage("--mail-log and --yes are of --hold. See: cirkel help release");
    if (argc == 0)
        return order_sheet(options, "catchup.release");
    if (options->rule || options->rate)
        return usage("--rule and --rate are of the catch-up sheet. See: cirkel help release");
    if (argc == 1 && text_starts(text_of(argv[0]), "hold:"))
        return order_hold(options, "hold.release", argv[0]);
    return order(options, "release", "hold.release", (const char *const[]){"delivery"}, 1, 1, argc,
                 argv);
}
