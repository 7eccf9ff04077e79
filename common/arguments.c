#include "common/arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define MORE_MAX 16
#define HOME_MAX (PATH_MAX - 256) /* bytes; names in a home are ours, and short */

static _Noreturn void refuse(const char *usage) {
    fprintf(stderr, "usage: %s %s\n", program_invocation_short_name, usage);
    exit(EXIT_CONFIG);
}

void arguments_read(struct arguments *ret, int argc, char **argv, const char *usage,
                    const struct argument *more, unsigned count) {
    struct arguments a = {.home = "./cirkel-home"};
    const struct argument all[] = {
        {"home", &a.home, NULL},      {"clock", NULL, &a.with_clock},  {"debug", NULL, &a.is_debug},
        {"check", NULL, &a.is_check}, {"settings", &a.settings, NULL},
    };
    struct option options[COUNT_OF(all) + MORE_MAX + 1] = {{NULL, 0, NULL, 0}};
    int at;
    must(count <= MORE_MAX);
    for (unsigned i = 0; i < COUNT_OF(all) + count; i++) {
        const struct argument *row = i < COUNT_OF(all) ? &all[i] : &more[i - COUNT_OF(all)];
        options[i].name = row->name;
        options[i].has_arg = row->text ? required_argument : no_argument;
    }
    for (int c; (c = getopt_long(argc, argv, "", options, &at)) != -1;) {
        if (c != 0)
            refuse(usage); /* getopt_long() has said why */
        const struct argument *row =
            at < (int)COUNT_OF(all) ? &all[at] : &more[at - (int)COUNT_OF(all)];
        if (row->text)
            *row->text = optarg;
        else
            *row->is_given = true;
    }
    if (optind < argc) {
        fprintf(stderr, "%s: unexpected argument %s\n", program_invocation_short_name,
                argv[optind]);
        refuse(usage);
    }
    if (a.settings && !a.is_check) {
        fprintf(stderr, "%s: --settings goes with --check\n", program_invocation_short_name);
        refuse(usage);
    }
    if (!a.settings)
        a.settings = a.home;
    if (strlen(a.home) > HOME_MAX || strlen(a.settings) > HOME_MAX) {
        fprintf(stderr, "%s: --home or --settings is longer than %d bytes\n",
                program_invocation_short_name, HOME_MAX);
        exit(EXIT_CONFIG);
    }
    *ret = a;
}

void arguments_path(const char *home, const char *name, char ret[PATH_MAX]) {
    must(snprintf(ret, PATH_MAX, "%s/%s", home, name) < PATH_MAX);
}

void arguments_endpoint(const char *home, const char *name, char ret[PATH_MAX]) {
    must(snprintf(ret, PATH_MAX, "ipc://%s/%s", home, name) < PATH_MAX);
}
