/* decisions - a look at what a programme's decisions would tell whom, and then, with their number
 * typed back, telling them: held for a while in which it can be taken back. */
#include "services/cirkel/heads.h"
#include "services/cirkel/look.h"
#include "services/cirkel/send.h"

#include <stdio.h>
#include <string.h>

struct decisions {
    const char *programme;
    int64_t held; /* that are made and not told */
};

static int on_application(void *ctx, struct bytes key, struct bytes value) {
    struct decisions *d = ctx;
    struct rec_application a;

    (void)key;
    if (look_decode(REC_APPLICATION, value, &a))
        return 0;
    d->held += text_is(a.programme, d->programme) && a.outcome.p && !a.released &&
               (text_is(a.state, "eligible") || text_is(a.state, "assessed") ||
                text_is(a.state, "ineligible"));
    return 0;
}

static int count_held(const struct options *options, struct decisions *d) {
    struct look look;
    int rc = look_open(&look, options->home);

    if (rc)
        return rc;
    rc = store_scan(look.txn, TABLE_APPLICATION, (struct bytes){"", 0}, on_application, d);
    look_close(&look);
    return rc ? trouble("not all could be read: %s. See: cirkel verify", strerror(-rc)) : 0;
}

static int tell(const struct options *options, const struct decisions *d) {
    int64_t count = 0, minutes = 0;
    int rc = heads_typed(options, "Type the number of decisions to tell them", &count);

    if (rc || (rc = heads_window(options, &minutes)))
        return rc;
    if (!count) {
        fprintf(options->json ? stderr : stdout,
                "\nNobody has been told. To tell them, with %lld minutes to take it back:\n"
                "  cirkel decisions %s --count %lld\n",
                (long long)minutes, d->programme, (long long)d->held);
        return EXIT_DONE;
    }
    json_t *body = json_pack("{s:s,s:I,s:I}", "programme", d->programme, "count", (json_int_t)count,
                             "window", (json_int_t)minutes);
    rc = send_one(options, "decision.release", body);
    json_decref(body);
    if (rc == EXIT_DONE && !options->json)
        puts("To take it back before then: cirkel undo, with the number of the hold.");
    return rc;
}

static int look_at(const struct options *options, const struct decisions *d) {
    json_t *body = json_pack("{s:s}", "programme", d->programme);
    struct heads heads;
    int rc = heads_look(options, "decision.release", body, "1s", NULL, &heads);

    json_decref(body);
    if (rc == 0 && heads.refused) {
        rc = EXIT_REFUSED;
        fprintf(stderr, "cirkel: they cannot be told: %s\n", heads.refused);
    } else if (rc == 0 && !options->json) {
        printf("%lld %s of %s %s made and not told.\n\n", (long long)d->held,
               plural(d->held, "decision", "decisions"), d->programme,
               plural(d->held, "is", "are"));
        heads_print(&heads);
    } else if (rc == 0 && !options->count) {
        heads_print_json(&heads, heads.goes);
    }
    heads_free(&heads);
    return rc;
}

int verb_decisions(const struct options *options, int argc, char **argv) {
    struct decisions d = {.held = 0};
    int rc;

    if (argc != 1 || check_id(text_of(argv[0])))
        return usage("decisions needs a programme: cirkel decisions PROGRAMME");
    d.programme = argv[0];
    rc = count_held(options, &d);
    if (rc == 0)
        rc = look_at(options, &d);
    return rc ? rc : tell(options, &d);
}
