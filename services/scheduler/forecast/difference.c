#include "services/scheduler/forecast/difference.h"

#include <stdlib.h>

const char *const change_words[CHANGE_NONE] = {"added",     "moved",    "dropped",
                                               "corrected", "reworded", "rerouted",
                                               "gathered",  "left-out", "unsent"};

struct run { /* letters of one `same`: those that come by themselves, in digests, not */
    struct outlook_letter *p;
    size_t n, comes, gathered;
};

/* A pause of sending is no difference between two letters. */
static bool comes(const struct outlook_letter *l) {
    return l->goes || l->waits;
}

static int rank(const struct outlook_letter *l) {
    return !comes(l) ? 2 : l->gathered;
}

static int compare(const void *a, const void *b) {
    const struct outlook_letter *x = a, *y = b;
    int rc = text_cmp(x->same, y->same);
    if (rc)
        return rc;
    if (rank(x) != rank(y))
        return rank(x) - rank(y);
    return (x->at > y->at) - (x->at < y->at);
}

static void sort(struct outlook *o) {
    if (o->count)
        qsort(o->letters, o->count, sizeof *o->letters, compare);
}

/* The run that begins at `at`, if it is about `same`. */
static struct run run_at(const struct outlook *o, size_t at, struct text same) {
    struct run r = {o->letters + at, 0, 0, 0};
    for (; at + r.n < o->count && text_eq(o->letters[at + r.n].same, same); r.n++) {
        r.comes += rank(&r.p[r.n]) == 0;
        r.gathered += rank(&r.p[r.n]) == 1;
    }
    return r;
}

struct differing {
    difference_fn *fn;
    void *ctx;
};

static int gone(const struct differing *d, const struct outlook_letter *was,
                const struct run *now) {
    const struct outlook_letter *why = now->comes < now->n ? &now->p[now->comes] : NULL;
    return d->fn(d->ctx, CHANGE_DROPPED, was, NULL, why);
}

static int came(const struct differing *d, const struct outlook_letter *is) {
    return d->fn(d->ctx, is->corrects ? CHANGE_CORRECTED : CHANGE_ADDED, NULL, is, NULL);
}

static int stayed(const struct differing *d, const struct outlook_letter *was,
                  const struct outlook_letter *is) {
    if (was->goes != is->goes) /* it is paused or held in one of them alone */
        return is->goes ? came(d, is) : d->fn(d->ctx, CHANGE_DROPPED, was, NULL, is);
    enum change change = was->at != is->at                     ? CHANGE_MOVED
                         : !text_eq(was->channel, is->channel) ? CHANGE_REROUTED
                         : text_eq(was->words, is->words)      ? CHANGE_NONE
                                                               : CHANGE_REWORDED;
    return d->fn(d->ctx, change, was, is, NULL);
}

/* Those of both that go at the same instant are reported and taken out. */
static int pair_equal(const struct differing *d, struct run *a, struct run *b) {
    size_t i = 0, k = 0, left_a = 0, left_b = 0;
    int rc = 0;
    while (rc == 0 && (i < a->comes || k < b->comes)) {
        bool both = i < a->comes && k < b->comes;
        if (both && a->p[i].at == b->p[k].at)
            rc = stayed(d, &a->p[i++], &b->p[k++]);
        else if (k == b->comes || (both && a->p[i].at < b->p[k].at))
            a->p[left_a++] = a->p[i++];
        else
            b->p[left_b++] = b->p[k++];
    }
    a->comes = left_a;
    b->comes = left_b;
    return rc;
}

/* Those at the end of `a` that go within digests, for which there is nothing in `b`: neither such
 * a one nor a letter of its own. */
static size_t alone(const struct run *a, size_t others) {
    return a->gathered > others ? a->gathered - others : 0;
}

static int compare_gathered(const struct differing *d, const struct run *a, const struct run *b,
                            size_t dropped, size_t added) {
    const struct outlook_letter *was = a->p + a->comes + a->gathered,
                                *is = b->p + b->comes + b->gathered;
    const struct outlook_letter *why = b->comes + b->gathered < b->n ? is : NULL;
    int rc = 0;
    for (size_t n = alone(a, b->gathered + added); rc == 0 && n > 0; n--)
        rc = d->fn(d->ctx, CHANGE_LEFT_OUT, was - n, NULL, why);
    for (size_t n = alone(b, a->gathered + dropped); rc == 0 && n > 0; n--)
        rc = d->fn(d->ctx, CHANGE_GATHERED, NULL, is - n, NULL);
    return rc;
}

static size_t beyond(size_t a, size_t b) {
    return a > b ? a - b : 0;
}

static int compare_runs(const struct differing *d, struct run *a, struct run *b) {
    struct run all_a = *a, all = *b; /* what does not go stands behind what does */
    int rc = pair_equal(d, a, b);
    size_t dropped = beyond(a->comes, b->comes), added = beyond(b->comes, a->comes);
    for (size_t i = 0; rc == 0 && (i < a->comes || i < b->comes); i++)
        rc = i >= b->comes   ? gone(d, &a->p[i], &all)
             : i >= a->comes ? came(d, &b->p[i])
                             : stayed(d, &a->p[i], &b->p[i]);
    if (rc == 0)
        rc = compare_gathered(d, &all_a, &all, dropped, added);
    for (size_t i = all.comes + all.gathered; rc == 0 && a->n == 0 && i < all.n; i++)
        rc = d->fn(d->ctx, CHANGE_UNSENT, NULL, &all.p[i], NULL);
    return rc;
}

int difference(struct outlook *was, struct outlook *is, difference_fn *fn, void *ctx) {
    struct differing d = {fn, ctx};
    size_t i = 0, k = 0;
    int rc = 0;
    sort(was);
    sort(is);
    while (rc == 0 && (i < was->count || k < is->count)) {
        bool from_is = i == was->count ||
                       (k < is->count && text_cmp(is->letters[k].same, was->letters[i].same) < 0);
        struct text same = from_is ? is->letters[k].same : was->letters[i].same;
        struct run a = run_at(was, i, same), b = run_at(is, k, same);
        i += a.n;
        k += b.n;
        rc = compare_runs(&d, &a, &b);
    }
    return rc;
}
