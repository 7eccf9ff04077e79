/* What services are started with, as a table; what cannot be meant ends the process with 2. */
#include "common/arguments.h"

#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct given {
    struct arguments all;
    const char *text;
    bool is_given;
};

static struct given read_words(const char *words) {
    char line[200], *argv[12] = {(char[]){"program"}};
    int argc = 1;
    struct given given = {.text = "as it was"};
    const struct argument more[] = {{"text", &given.text, NULL}, {"given", NULL, &given.is_given}};
    snprintf(line, sizeof line, "%s", words);
    for (char *word = strtok(line, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    optind = 0; /* anew */
    arguments_read(&given.all, argc, argv, "…", more, COUNT_OF(more));
    given.all.home = strdup(given.all.home);
    given.text = strdup(given.text);
    return given;
}

static void are_read(void **state) {
    static const struct {
        const char *words, *home, *text;
        const char *switches; /* clock debug check given */
    } cases[] = {
        {"", "./cirkel-home", "as it was", "----"},
        {"--home /a --clock", "/a", "as it was", "c---"},
        {"--debug --check --home=b", "b", "as it was", "-dk-"},
        {"--given --text t", "./cirkel-home", "t", "---g"},
        {"--text=--home --clock --debug --check --given", "./cirkel-home", "--home", "cdkg"},
    };
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct given g = read_words(cases[i].words);
        char switches[] = {g.all.with_clock ? 'c' : '-', g.all.is_debug ? 'd' : '-',
                           g.all.is_check ? 'k' : '-', g.is_given ? 'g' : '-', '\0'};
        assert_string_equal(g.all.home, cases[i].home);
        assert_string_equal(g.text, cases[i].text);
        assert_string_equal(switches, cases[i].switches);
        free((void *)(uintptr_t)g.all.home);
        free((void *)(uintptr_t)g.text);
    }
}

static void end_the_process(void **state) {
    static const char *const cases[] = {"--cloock",  "--home", "--text",
                                        "--clock=1", "word",   "--check -- word"};
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0) {
            (void)read_words(cases[i]);
            _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_CONFIG)
            fail_msg("%s: status %d", cases[i], status);
    }
}

static void say_where_things_lie(void **state) {
    char path[PATH_MAX];
    (void)state;
    arguments_path("/home", "keys/links.key", path);
    assert_string_equal(path, "/home/keys/links.key");
    arguments_endpoint("./home", "run/a.ipc", path);
    assert_string_equal(path, "ipc://./home/run/a.ipc");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_read),
        cmocka_unit_test(end_the_process),
        cmocka_unit_test(say_where_things_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
