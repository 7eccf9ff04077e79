/* cirkel - the one command: runs the service, speaks to it, looks at what it keeps. */
#include "services/cirkel/home.h"
#include "services/cirkel/verbs.h"

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "0.1"

struct verb { /* without a function: the title of a group */
    const char *name;
    verb_fn *function;
    const char *options, *arguments, *line, *help;
};
static const struct verb verbs[] = {
#define GROUP(title) {.name = title},
#define VERB(name_, function_, options_, arguments_, line_, help_)                                 \
    {name_, function_, options_, arguments_, line_, help_},
#include "services/cirkel/verbs.def"
#undef VERB
#undef GROUP
};

struct option_row {
    const char *name, *argument, *doc;
    size_t offset;
};
static const struct option_row option_rows[] = {
#define OPTION(name_, long_name, argument_, doc_)                                                  \
    {long_name, argument_, doc_, offsetof(struct options, name_)},
#include "services/cirkel/options.def"
#undef OPTION
};

static const char exit_codes[] =
    "Exit codes: 0 done; 1 trouble (the machine, or a service that is not running); 2 the command "
    "line\n"
    "or the configuration is wrong; 3 something was refused; 4 verify found something\n"
    "wrong, or queues an alarm.\n";

static const struct verb *find_verb(const char *name) {
    for (unsigned i = 0; i < COUNT_OF(verbs); i++)
        if (verbs[i].function && strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static bool takes_option(const struct verb *verb, const char *option) {
    struct text rest = text_of(verb->options), one;
    while (text_cut(&rest, ' ', &one))
        if (text_is(one, option))
            return true;
    return false;
}

static const char **option_of(struct options *options, unsigned row) {
    return (const char **)(void *)((char *)options + option_rows[row].offset);
}

/* Options may stand before and after the verb; 0, or an exit code. */
static int parse_options(int argc, char **argv, struct options *ret) {
    struct option longs[COUNT_OF(option_rows) + 1];
    int c, row;

    memset(longs, 0, sizeof longs);
    for (unsigned i = 0; i < COUNT_OF(option_rows); i++) {
        longs[i].name = option_rows[i].name;
        longs[i].has_arg = option_rows[i].argument[0] ? required_argument : no_argument;
    }
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":f:h", longs, &row)) != -1) {
        if (c == 0 && optarg && optarg[0] == '-' && optarg[1] == '-')
            return usage("--%s needs an argument (%s), and %s is an option. See: cirkel help",
                         option_rows[row].name, option_rows[row].argument, optarg);
        else if (c == 0)
            *option_of(ret, (unsigned)row) = optarg ? optarg : "";
        else if (c == 'f')
            ret->file = optarg;
        else if (c == 'h')
            ret->help = "";
        else if (c == ':')
            return usage("%s needs an argument. See: cirkel help", argv[optind - 1]);
        else
            return usage("there is no option %s. See: cirkel help", argv[optind - 1]);
    }
    return 0;
}

static int check_options(const struct verb *verb, struct options *options) {
    for (unsigned i = 0; i < COUNT_OF(option_rows); i++)
        if (*option_of(options, i) && !takes_option(verb, option_rows[i].name))
            return usage("%s takes no --%s. See: cirkel help %s", verb->name, option_rows[i].name,
                         verb->name);
    return 0;
}

static void print_verbs(FILE *to) {
    fputs("cirkel VERB [options]: letters that fall due, from what the office is told.\n", to);
    for (unsigned i = 0; i < COUNT_OF(verbs); i++) {
        if (!verbs[i].function)
            fprintf(to, "\n%s\n", verbs[i].name);
        else
            fprintf(to, "  %-13s %s\n", verbs[i].name, verbs[i].line);
    }
    fprintf(to, "\ncirkel help VERB says more. To see it work: cirkel run --demo\n%s", exit_codes);
}

static void print_verb(const struct verb *verb) {
    printf("cirkel %s%s%s\n\n%s.\n", verb->name, verb->arguments[0] ? " " : "", verb->arguments,
           verb->line);
    if (verb->help[0])
        printf("\n%s", verb->help);
    if (verb->options[0])
        puts("");
    for (unsigned i = 0; i < COUNT_OF(option_rows); i++)
        if (takes_option(verb, option_rows[i].name))
            printf("  --%s%s%s\n        %s\n", option_rows[i].name,
                   option_rows[i].argument[0] ? " " : "", option_rows[i].argument,
                   option_rows[i].doc);
    printf("\n%s", exit_codes);
}

int verb_help(const struct options *options, int argc, char **argv) {
    const struct verb *verb;

    (void)options;
    if (argc == 0) {
        print_verbs(stdout);
        return EXIT_DONE;
    }
    verb = find_verb(argv[0]);
    if (!verb)
        return usage("there is no verb %s. See: cirkel help", argv[0]);
    print_verb(verb);
    return EXIT_DONE;
}

/* JSON takes nothing else, and what it does not take would be left out of an event. */
static int check_words(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (!text_is_utf8(text_of(argv[i])))
            return usage("word %d is not UTF-8: is this terminal set to another encoding?", i);
    return 0;
}

int main(int argc, char **argv) {
    struct options options = {0};
    const struct verb *verb;
    int rc;

    setlocale(LC_CTYPE, "C.UTF-8");
    rc = check_words(argc, argv);
    if (rc == 0)
        rc = parse_options(argc, argv, &options);
    if (rc)
        return rc;
    argc -= optind;
    argv += optind;
    if (options.version) {
        puts("cirkel " VERSION);
        return EXIT_DONE;
    }
    if (options.help)
        return verb_help(&options, argc > 1 ? 1 : argc, argv);
    if (argc == 0) {
        print_verbs(stderr);
        return EXIT_USAGE;
    }
    verb = find_verb(argv[0]);
    if (!verb)
        return usage("there is no verb %s. See: cirkel help", argv[0]);
    rc = check_options(verb, &options);
    if (rc)
        return rc;
    if (!options.home)
        options.home = HOME_DEFAULT;
    rc = verb->function(&options, argc - 1, argv + 1);
    if (fflush(stdout) || ferror(stdout))
        return trouble("the output could not be written: %s", strerror(errno));
    return rc;
}
