/* config - what is configured: every program checks its own part; and what could be. */
#include "proto/describe.h"
#include "proto/settings.h"
#include "services/cirkel/child.h"
#include "services/cirkel/config_set.h"
#include "services/cirkel/home.h"
#include "services/cirkel/verbs.h"

#include <stdio.h>
#include <string.h>

#define PRINT_MAX (4u << 20)

static int check_with(const char *name, const char *home) {
    char program[HOME_PATH];
    int rc;

    if (home_program(name, program))
        return trouble("the program %s was not found; is the installation complete?", name);
    rc = child_check(program, home, NULL);
    if (rc < 0)
        return trouble("%s: %s", program, strerror(-rc));
    printf("%-10s %s\n", name,
           rc == 0            ? "good"
           : rc == EXIT_USAGE ? "wrong, see above"
                              : "could not check");
    fflush(stdout);
    return rc;
}

int verb_check_config(const struct options *options, int argc, char **argv) {
    static const char *const programs[] = {"scheduler", "intake", "notifier", "gateway"};
    int worst = config_set_need(options->home);

    (void)argv;
    if (argc)
        return usage("check-config takes no arguments. See: cirkel help check-config");
    if (worst)
        return worst;
    for (unsigned i = 0; i < COUNT_OF(programs); i++) {
        int rc = check_with(programs[i], options->home);
        worst = rc > worst ? rc : worst;
    }
    return worst == 0 || worst == EXIT_USAGE ? worst : EXIT_TROUBLE;
}

static int print(void (*to_buf)(struct buf *to)) {
    struct buf text;

    buf_init(&text, PRINT_MAX);
    to_buf(&text);
    fwrite(text.p, 1, text.n, stdout);
    buf_free(&text);
    return EXIT_DONE;
}

int verb_settings(const struct options *options, int argc, char **argv) {
    (void)options;
    (void)argv;
    return argc ? usage("settings takes no arguments") : print(settings_print);
}

int verb_protocol(const struct options *options, int argc, char **argv) {
    (void)options;
    (void)argv;
    return argc ? usage("protocol takes no arguments") : print(describe_protocol);
}
