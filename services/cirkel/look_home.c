#include "services/cirkel/look_home.h"

#include "proto/instance.h"
#include "services/cirkel/home.h"

static uint64_t noted(struct look *look, const char *name) {
    uint64_t n;
    return look_number(look->txn, TABLE_META, name, &n) ? 0 : n;
}

bool look_home_is_other(struct look *look, const char *home) {
    uint64_t instance = noted(look, "instance"), mark = noted(look, "home-mark"), reached;
    struct instance here;
    int64_t found;

    if (!instance || home_is_served(home)) /* who runs has looked, and goes on while we read */
        return false;
    if (instance_read(home, &here) || instance != (uint64_t)here.instance ||
        noted(look, "home-generation") != (uint64_t)here.generation)
        return true;
    if (look->guards_copies && mark && instance_mark(home, &found) == 0 && mark != (uint64_t)found)
        return true;
    return instance_reached(home, &reached) == 0 && reached > noted(look, "position");
}
