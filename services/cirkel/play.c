#include "services/cirkel/play.h"

#include "common/clock.h"
#include "services/cirkel/front.h"
#include "services/cirkel/home.h"
#include "services/cirkel/look_sums.h"
#include "services/cirkel/play_clock.h"
#include "services/cirkel/progress.h"
#include "services/cirkel/supervise.h"
#include "services/cirkel/verbs.h"
#include "services/cirkel/when.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE (60 * SECONDS)

struct play {
    const struct play_options *options;
    struct lines *lines;
    struct front *front;
    struct play_clock *clock;
    struct progress bar;
    pid_t supervisor;
    struct line batch[FRONT_BATCH]; /* all of one moment */
    unsigned count;
    struct line next; /* the first of the next moment */
    bool has_next;
    instant first, last, clock_before; /* 0: the clock was not there before */
    instant until, stop; /* moments of --until, and where --away begins; 0: after the last line */
    msec began;
    uint64_t said, applied, again, accepted, refused, bad;
};

/* ---- reading ---- */

/* The next good line into play->next; 0 also at the end. */
static int read_next(struct play *play) {
    struct buf error;
    int rc;

    buf_init(&error, 8192);
    do {
        buf_clear(&error);
        rc = lines_next(play->lines, &play->next, &error);
        if (rc == -EBADMSG) {
            progress_say(&play->bar, "%s", buf_cstr(&error));
            play->bad++;
        }
    } while (rc == -EBADMSG && play->options->keep_going);
    buf_free(&error);
    play->has_next = rc == 0;
    if (rc == 0 && play->next.at == 0)
        play->next.at = play->last;
    return rc == -ENOENT ? 0 : rc;
}

/* All lines of the next moment, or as many as can be said at once. */
static int read_batch(struct play *play) {
    size_t bytes = 0;
    int rc = 0;

    play->count = 0;
    if (play->has_next)
        play->last = play->next.at > play->last ? play->next.at : play->last;
    while (rc == 0 && play->has_next && play->next.at <= play->last && play->count < FRONT_BATCH &&
           bytes + play->next.request.n <= FRONT_BATCH_BYTES) {
        bytes += play->next.request.n;
        play->batch[play->count++] = play->next;
        play->next = (struct line){0};
        rc = read_next(play);
    }
    return rc;
}

/* ---- saying ---- */

static void on_answer(void *ctx, const struct line *line, const struct answer *answer) {
    struct play *play = ctx;

    play->said++;
    if (answer->again)
        play->again++;
    if (text_is(answer->status, "accepted"))
        play->accepted++;
    else if (!answer_is_refusal(answer))
        play->applied++;
    if (!answer_is_refusal(answer))
        return;
    play->refused++;
    progress_say(&play->bar, "%s:%u: %s %.*s: %.*s%s%.*s: %.*s", lines_path(play->lines), line->no,
                 line->type, TEXT_ARGS(answer->status), TEXT_ARGS(answer->code),
                 answer->field.n ? ", " : "", TEXT_ARGS(answer->field), TEXT_ARGS(answer->text));
}

static void show_progress(struct play *play) {
    char moment[RFC3339_TEXT], note[80];

    when_format(play_clock_now(play->clock), TEXT_NONE, moment);
    snprintf(note, sizeof note, "%.10s, %" PRIu64 " events", moment, play->said);
    if (lines_size(play->lines))
        progress_to(&play->bar, lines_at(play->lines), note);
}

static int play_lines(struct play *play) {
    int rc = 0, said = 0;

    while (rc == 0 && said == 0 && play->has_next &&
           (play->stop == 0 || play->next.at <= play->stop)) {
        rc = read_batch(play);
        said = play_clock_advance(play->clock, play->last);
        if (said == 0)
            said = front_say(play->front, play->batch, play->count, PATIENCE, on_answer, play);
        for (unsigned i = 0; i < play->count; i++)
            line_free(&play->batch[i]);
        show_progress(play);
    }
    return said ? said : rc;
}

/* ---- before and after ---- */

static int start_clock(struct play *play) {
    char path[HOME_PATH];
    int rc;

    home_path(path, play->options->home, "run/clock");
    rc = clock_use(path);
    if (rc == 0) {
        play->clock_before = clock_now();
        return 0;
    }
    if (rc != -ENOENT)
        return trouble("%s is no clock: %s. Remove it and try again", path, strerror(-rc));
    rc = clock_set(path, play->first, false);
    return rc ? trouble("%s: %s", path, strerror(-rc)) : 0;
}

static int start(struct play *play) {
    const struct play_options *o = play->options;
    int rc = start_clock(play);

    if (rc == 0)
        rc = supervise_aside(o->home, o->debug, &play->supervisor);
    if (rc)
        return rc;
    rc = play_clock_open(&play->clock, o->home, play->supervisor);
    if (rc == 0)
        rc = front_open(&play->front, o->home);
    if (rc == 0)
        front_watch(play->front, play->supervisor);
    return rc ? trouble("the programs cannot be spoken to: %s", strerror(-rc)) : 0;
}

static int explain(const struct play *play, int rc) {
    const char *home = play->options->home;

    switch (rc) {
    case 0:
        return 0;
    case -EBADMSG:
        return usage("stopped at a line that cannot be read; mend it and play the file again "
                     "(what was said counts once), or use --keep-going");
    case -ECHILD:
        return trouble("the programs have stopped; %s/run/log says why. Try: "
                       "cirkel check-config --home %s",
                       home, home);
    case -ETIMEDOUT:
        return trouble("the programs do not answer; %s/run/log may say why", home);
    case -EXDEV:
        return trouble("the service that runs in %s is not on its virtual clock; stop it first",
                       home);
    default:
        return trouble("%s", strerror(-rc));
    }
}

static void print_summary(const struct play *play, msec took) {
    const char *home = play->options->home;
    char from[RFC3339_TEXT], to[RFC3339_TEXT], days[24];
    instant now = play_clock_now(play->clock);
    instant since = play->clock_before ? play->clock_before : play->first;

    when_format(since, TEXT_NONE, from);
    when_format(now, TEXT_NONE, to);
    span_format(now - since, days);
    printf("Played %s: %" PRIu64 " events: %" PRIu64 " applied, %" PRIu64 " refused",
           play->options->file, play->said, play->applied, play->refused);
    if (play->accepted)
        printf(", %" PRIu64 " accepted but not yet applied", play->accepted);
    if (play->bad)
        printf(", %" PRIu64 " lines that could not be read", play->bad);
    printf(".\n");
    if (play->again)
        printf("%" PRIu64 " of them had been said before and changed nothing.\n", play->again);
    look_print_letters(home);
    printf("The clock went from %.10s to %.10s (%s) in %.1f s.\n", from, to, days,
           (double)took / SECONDS);
    printf("Letters lie in %s/outgoing/new. Next: %s ledger --home %s\n", home,
           program_invocation_name, home);
}

/* Stopped, and started again when all that time has gone by. */
static int be_away(struct play *play) {
    char path[HOME_PATH];
    instant before = play->clock_before;
    int rc;

    home_path(path, play->options->home, "run/clock");
    front_close(&play->front);
    play_clock_close(&play->clock);
    supervise_stop(play->supervisor);
    play->supervisor = 0;
    rc = clock_set(path, play->until, false);
    if (rc == 0)
        rc = start(play) ? -ECHILD : 0;
    play->clock_before = before;
    return rc ? rc : play_clock_advance(play->clock, play->until);
}

static int run_out(struct play *play) {
    const char *until = play->options->until ? play->options->until : PLAY_AFTER;
    instant end;

    if (play->stop) {
        int rc = play_clock_advance(play->clock, play->stop);
        return rc || !play->options->away ? rc : be_away(play);
    }
    if (when_parse(until, play->last, zone_utc(), &end))
        return -EINVAL;
    return play_clock_run_out(play->clock, end);
}

/* The programs are stopped, or the clock goes on from where it is. */
static int finish(struct play *play, int rc) {
    char path[HOME_PATH];

    if (rc == 0 && play->options->serve) {
        home_path(path, play->options->home, "run/clock");
        rc = clock_set(path, play_clock_now(play->clock), true);
        return rc;
    }
    if (play->supervisor && rc != -ECHILD)
        supervise_stop(play->supervisor);
    play->supervisor = 0;
    return rc;
}

static int play_file(struct play *play) {
    int rc = read_next(play), code;

    if (rc)
        return explain(play, rc);
    if (!play->has_next)
        return usage("%s holds no events", play->options->file);
    if (play->next.at == 0)
        return usage("%s:%u: the first line needs \"at\", for the clock to begin at",
                     play->options->file, play->next.no);
    play->first = play->next.at;
    rc = start(play);
    if (rc) {
        if (play->supervisor)
            supervise_stop(play->supervisor);
        play->supervisor = 0;
        return rc;
    }
    progress_begin(&play->bar, "Playing", lines_size(play->lines));
    rc = play_lines(play);
    if (rc == 0 || rc == -EBADMSG) {
        int out = run_out(play);
        rc = rc ? rc : out;
    }
    progress_end(&play->bar);
    rc = finish(play, rc);
    code = explain(play, rc);
    print_summary(play, clock_boot() - play->began);
    return code ? code : play->refused || play->bad ? EXIT_REFUSED : EXIT_DONE;
}

/* A span is reckoned from the last line, a moment is where the play stops. */
static int read_until(struct play *play) {
    const char *until = play->options->until, *away = play->options->away;
    instant one = 0, other = 0, span = 0;

    if (until &&
        (when_parse(until, 1, zone_utc(), &one) || when_parse(until, 2, zone_utc(), &other)))
        return usage("--until takes a span like 30d, or a moment like 2022-05-24");
    if (until && one == other)
        play->until = play->stop = one;
    if (!away)
        return 0;
    if (!play->until)
        return usage("--away needs a moment to be back: --until 2022-05-24T14:00:00+02:00");
    if (when_parse(away, 0, zone_utc(), &span) || span <= 0 || span >= play->until)
        return usage("--away takes a span like 8h");
    play->stop = play->until - span;
    return 0;
}

int play(const struct play_options *options, pid_t *ret_supervisor) {
    struct play *play = calloc(1, sizeof *play);
    int rc;

    must(play != NULL);
    play->options = options;
    play->began = clock_boot();
    *ret_supervisor = 0;
    rc = read_until(play);
    if (rc == 0 && (rc = lines_open(&play->lines, options->file))) {
        rc = usage("%s: %s", options->file, strerror(-rc));
    } else if (rc == 0) {
        rc = home_need_trial(options->home);
        if (rc == 0)
            rc = play_file(play);
        *ret_supervisor = play->supervisor;
    }
    line_free(&play->next);
    front_close(&play->front);
    play_clock_close(&play->clock);
    lines_close(&play->lines);
    free(play);
    return rc;
}

int verb_play(const struct options *options, int argc, char **argv) {
    struct play_options o = {.home = options->home,
                             .until = options->until,
                             .away = options->away,
                             .keep_going = options->keep_going,
                             .debug = options->debug};
    pid_t none;

    if (argc != 1)
        return usage("play needs one file: cirkel play FILE.jsonl --home DIR");
    o.file = argv[0];
    return play(&o, &none);
}
