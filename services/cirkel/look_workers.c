#include "services/cirkel/look_workers.h"

#include "services/cirkel/orphan.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const programs[] = {"scheduler", "intake", "notifier", "gateway"};

static void look(const char *home, struct look_workers *ret) {
    size_t n = 0;

    *ret = (struct look_workers){.noted = 0};
    for (unsigned i = 0; i < COUNT_OF(programs); i++) {
        int pid = orphan_noted(home, programs[i]);
        if (!pid)
            continue;
        ret->noted++;
        if (orphan_runs(pid, programs[i]))
            continue;
        n += (size_t)snprintf(ret->names + n, sizeof ret->names - n, "%s%s", n ? ", " : "",
                              programs[i]);
        ret->away++;
    }
}

void look_workers(const char *home, struct look_workers *ret) {
    look(home, ret);
    if (ret->away && ret->away < ret->noted) {
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        look(home, ret);
    }
}

json_t *look_workers_tree(const struct look_workers *w) {
    json_t *tree = json_array();
    struct text rest = text_of(w->names), one;

    while (rest.n && text_cut(&rest, ',', &one)) {
        one = text_trim(one);
        json_array_append_new(tree, json_stringn(one.p, one.n));
    }
    return tree;
}
