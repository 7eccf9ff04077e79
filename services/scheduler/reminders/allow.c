#include "services/scheduler/reminders/allow.h"

#include <strings.h>

static bool is_same(struct text a, struct text b) {
    return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

/* "anna@kommun.example", "@kommun.example" or "kommun.example" */
static bool fits(struct text item, struct text address) {
    const char *at = memrchr(address.p, '@', address.n);
    struct text domain = {at, at ? (size_t)(address.p + address.n - at) : 0};
    if (is_same(item, address))
        return true;
    if (!domain.n)
        return false;
    if (item.p[0] != '@') {
        domain.p++;
        domain.n--;
    }
    return is_same(item, domain);
}

bool allow_has(const char *list, struct text address) {
    const char *at = list + strspn(list, ", ");
    if (!*at)
        return true;
    for (size_t n; *at; at += n, at += strspn(at, ", ")) {
        n = strcspn(at, ", ");
        if (address.n && fits((struct text){at, n}, address))
            return true;
    }
    return false;
}
