/* apply - puts another configuration in force: shows what would be different, asks, installs it,
 * and has it entered in the books. */
#include "services/cirkel/child.h"
#include "services/cirkel/config_set.h"
#include "services/cirkel/front.h"
#include "services/cirkel/home.h"
#include "services/cirkel/outlook.h"
#include "services/cirkel/supervise.h"
#include "services/cirkel/tree.h"
#include "common/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)1 << 30)
#define PATIENCE (10 * SECONDS)
#define DECISION_PATIENCE (5 * MINUTES) /* all plans may be derived anew first */
#define PAUSE_US 100000

struct apply {
    const struct options *options;
    struct outlook_sum sum;
    char status[20], text[600];
};

/* ---- looking and asking ---- */

static void print_existing(const struct outlook_sum *sum) {
    printf("It reaches back to %lld %s whose moment lies behind it", (long long)sum->existing,
           plural(sum->existing, "person", "people"));
    if (sum->existing_letters != sum->existing)
        printf(", with %lld letters, alone or in digests", (long long)sum->existing_letters);
    puts(".");
}

static int look_at(struct apply *a, const char *coming) {
    struct options options = *a->options;
    struct buf output;
    int rc;

    options.with_config = coming;
    buf_init(&output, OUTPUT_MAX);
    rc = outlook_ask(&options, NULL, &output);
    if (rc == 0 && options.json) {
        fwrite(output.p, 1, output.n, stdout);
        outlook_read_sum(buf_as_text(&output), &a->sum);
    } else if (rc == 0) {
        outlook_print_difference(buf_as_text(&output), &a->sum);
        if (options.also_existing)
            print_existing(&a->sum);
    }
    buf_free(&output);
    return rc;
}

/* What was typed, without its line end; "" at the end of the input. */
static void ask(const char *question, char ret[64]) {
    ret[0] = 0;
    fprintf(stderr, "%s ", question);
    if (fgets(ret, 64, stdin))
        ret[strcspn(ret, "\r\n")] = 0;
    else
        fputc('\n', stderr); /* nobody is there */
}

/* 0, or an exit code: with --also-existing it is the number that is typed back. */
static int confirm(const struct apply *a) {
    const char *given = a->options->count;
    char typed[64];
    int64_t count = 0;

    if (a->options->also_existing) {
        if (!given && a->options->yes)
            return usage("--also-existing with --yes needs --count %lld",
                         (long long)a->sum.existing);
        if (!given)
            ask("How many people is it to reach back to? Type their number:", typed);
        if (text_int(text_of(given ? given : typed), &count) || count != a->sum.existing) {
            fprintf(stderr, "cirkel: it would reach back to %lld %s, not %s; nothing was changed\n",
                    (long long)a->sum.existing, plural(a->sum.existing, "person", "people"),
                    given      ? given
                    : typed[0] ? typed
                               : "nobody");
            return EXIT_REFUSED;
        }
        return 0;
    }
    if (a->options->yes)
        return 0;
    ask("Put it in force? [y/N]", typed);
    if (strcmp(typed, "y") == 0 || strcmp(typed, "Y") == 0 || strcmp(typed, "yes") == 0)
        return 0;
    fprintf(stderr, "cirkel: nothing was changed\n");
    return EXIT_REFUSED;
}

/* What lies outside of what was looked at: files that cirkel.conf names, and keys. The scheduler
 * must not go by another one than those who cannot. */
static int check_others(const char *home, const char *coming) {
    static const char *const others[] = {"intake", "notifier", "gateway"};
    char program[HOME_PATH];

    for (unsigned i = 0; i < COUNT_OF(others); i++) {
        int rc = home_program(others[i], program) ? -ENOENT : child_check(program, home, coming);
        if (rc == EXIT_USAGE)
            return usage("for what is said above, %s could not go by it; mend that and apply it "
                         "again. Nothing was changed",
                         others[i]);
        if (rc)
            return trouble("%s could not check it: %s. Nothing was changed", program,
                           rc < 0 ? strerror(-rc) : "it was cut short");
    }
    return 0;
}

/* ---- the books ---- */

static void on_answer(void *ctx, const struct line *line, const struct answer *answer) {
    struct apply *a = ctx;
    (void)line;
    if (text_copy(answer->status, a->status, sizeof a->status))
        a->status[0] = 0;
    snprintf(a->text, sizeof a->text, "%.*s", TEXT_ARGS(answer->text));
}

/* Said again under the same key until it is decided. */
static int say(struct apply *a, const struct line *line) {
    struct front *front;
    msec end = clock_boot() + DECISION_PATIENCE;
    int rc = front_open(&front, a->options->home);
    if (rc)
        return rc;
    do {
        if (a->status[0])
            usleep(PAUSE_US);
        rc = front_say(front, line, 1, PATIENCE, on_answer, a);
    } while (rc == 0 && clock_boot() < end && strcmp(a->status, "applied") &&
             strcmp(a->status, "refused") && strcmp(a->status, "quarantined"));
    front_close(&front);
    return rc;
}

static int enter(struct apply *a) {
    bool existing = a->options->also_existing != NULL;
    json_t *body = existing ? json_pack("{s:s,s:b,s:I}", "version", a->sum.version, "also_existing",
                                        1, "count", a->sum.existing)
                            : json_pack("{s:s}", "version", a->sum.version);
    char wrong[JSON_ERROR_TEXT];
    struct line line;
    int rc;

    memset(&line, 0, sizeof line);
    must(line_make(text_of(a->options->id), TEXT_LIT("rules.apply"), body, &line, wrong) == 0);
    rc = say(a, &line);
    line_free(&line);
    json_decref(body);
    if (rc)
        return trouble("it lies in the home, but nobody answers there: it is in force when the "
                       "service starts%s",
                       existing ? ", and reaches back to nobody" : "");
    if (strcmp(a->status, "applied") == 0)
        return 0;
    fprintf(stderr, "cirkel: it lies in the home, but was %s: %s%s\n", a->status, a->text,
            existing ? " Nobody was reached back to; say it again with the right number." : "");
    return EXIT_REFUSED;
}

/* ---- the verb ---- */

/* In JSON it is one line more, after the sum. */
static void print_done(const struct apply *a, bool already, bool waits) {
    const char *home = a->options->home;
    if (a->options->json) {
        tree_print_line(json_pack("{s:s,s:s,s:b,s:b}", "change", "in-force", "version",
                                  a->sum.version, "already", already, "waits_for_start", waits));
        return;
    }
    if (already)
        printf("Version %s was in force already.\n", a->sum.version);
    else
        printf("Version %s is in force. What was before lies in %s/" CONFIG_PREVIOUS ".\n",
               a->sum.version, home);
    if (waits)
        puts("cirkel.conf is another one: intake, notifier and gateway read it when they start.");
}

static int install(struct apply *a) {
    const char *home = a->options->home;
    bool settings = config_set_has_settings(home), already = config_set_is_in_force(home);
    struct buf err;
    buf_init(&err, 2 * HOME_PATH);
    int rc = already ? 0 : config_set_install(home, &err);
    if (rc)
        rc = trouble("%s. Mend that and apply it again", buf_cstr(&err));
    buf_free(&err);
    if (already) /* what was before it stays what was before */
        config_set_forget(home);
    if (rc == 0)
        rc = enter(a);
    if (rc)
        return rc;
    /* Even then: whoever put it in force may not have come to tell the service. */
    bool is_told = supervise_reload(home);
    print_done(a, already, !already && settings && !is_told);
    return EXIT_DONE;
}

static int look_and_install(struct apply *a, const char *dir) {
    const char *home = a->options->home;
    char coming[HOME_PATH];
    struct buf err;
    buf_init(&err, 2 * HOME_PATH);
    int rc = config_set_prepare(home, dir, &err) ? usage("%s", buf_cstr(&err)) : 0;
    buf_free(&err);
    home_path(coming, home, CONFIG_COMING);
    if (rc == 0 && (rc = look_at(a, coming)) == EXIT_USAGE)
        fprintf(stderr, "cirkel: %s is a copy of %s: mend it there; nothing was changed\n", coming,
                dir);
    if (rc == 0)
        rc = check_others(home, coming);
    if (rc == 0)
        rc = confirm(a);
    if (rc == 0)
        return install(a);
    config_set_forget(home);
    return rc;
}

int verb_apply(const struct options *options, int argc, char **argv) {
    struct apply a = {.options = options};
    struct buf err;
    int lock, rc = home_need_own(options->home);

    if (rc == 0)
        rc = config_set_need(options->home);
    if (rc)
        return rc;
    if (argc != 1)
        return usage(
            "apply needs one folder with cirkel.conf, rules and letters: cirkel apply DIR");
    if (options->count && !options->also_existing)
        return usage("--count is the number of people that --also-existing reaches back to");
    if ((rc = outlook_need(options)))
        return rc;
    buf_init(&err, 2 * HOME_PATH);
    if (config_set_lock(options->home, &lock, &err))
        rc = trouble("%s", buf_cstr(&err));
    buf_free(&err);
    if (rc)
        return rc;
    rc = look_and_install(&a, argv[0]);
    close(lock);
    return rc;
}
