#include "services/scheduler/reminders/allow.h"

#include <string.h>
#include <strings.h>
#include <unicode/uidna.h>

#define DOMAIN_MAX 256

static bool is_same(struct text a, struct text b) {
    return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static bool is_ascii(struct text t) {
    for (size_t i = 0; i < t.n; i++)
        if ((unsigned char)t.p[i] >= 0x80)
            return false;
    return true;
}

/* "ålborg.example" as "xn--lborg-lra.example"; absent: it is none. */
static struct text ascii_of(struct text domain, char to[DOMAIN_MAX]) {
    UErrorCode error = U_ZERO_ERROR;
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    UIDNA *idna = uidna_openUTS46(UIDNA_NONTRANSITIONAL_TO_ASCII, &error);
    int32_t n =
        uidna_nameToASCII_UTF8(idna, domain.p, (int32_t)domain.n, to, DOMAIN_MAX, &info, &error);
    uidna_close(idna);
    bool good = U_SUCCESS(error) && !info.errors && n > 0 && n < DOMAIN_MAX;
    return good ? (struct text){to, (size_t)n} : TEXT_NONE;
}

/* However it is written. */
static bool is_same_domain(struct text a, struct text b) {
    char to_a[DOMAIN_MAX], to_b[DOMAIN_MAX];
    if (is_same(a, b))
        return true;
    if ((is_ascii(a) && is_ascii(b)) || a.n >= DOMAIN_MAX || b.n >= DOMAIN_MAX)
        return false;
    struct text x = ascii_of(a, to_a), y = ascii_of(b, to_b);
    return x.n && is_same(x, y);
}

/* "anna@kommun.example", "@kommun.example" or "kommun.example" */
static bool fits(struct text item, struct text address) {
    const char *at = memrchr(address.p, '@', address.n), *sign = memrchr(item.p, '@', item.n);
    struct text local = {item.p, sign ? (size_t)(sign - item.p) : 0};
    struct text domain = {item.p, item.n};
    if (!at)
        return false;
    if (sign)
        domain = (struct text){sign + 1, (size_t)(item.p + item.n - sign) - 1};
    struct text of = {at + 1, (size_t)(address.p + address.n - at) - 1};
    return domain.n && is_same_domain(domain, of) &&
           (!local.n || is_same(local, (struct text){address.p, (size_t)(at - address.p)}));
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
