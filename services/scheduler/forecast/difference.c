#include "services/scheduler/forecast/difference.h"

#include <stdlib.h>

const char *const change_words[CHANGE_NONE] = {"added",     "moved",    "dropped",
                                               "corrected", "reworded", "unsent"};

struct run { /* letters of one `same`, those that go first */
    struct outlook_letter *p;
    size_t n, goes;
};

static int compare(const void *a, const void *b) {
    const struct outlook_letter *x = a, *y = b;
    int rc = text_cmp(x->same, y->same);
    if (rc)
        return rc;
    if (x->goes != y->goes)
        return x->goes ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static void sort(struct outlook *o) {
    if (o->count)
        qsort(o->letters, o->count, sizeof *o->letters, compare);
}

/* The run that begins at `at`, if it is about `same`. */
static struct run run_at(const struct outlook *o, size_t at, struct text same) {
    struct run r = {o->letters + at, 0, 0};
    while (at + r.n < o->count && text_eq(o->letters[at + r.n].same, same))
        r.goes += r.p[r.n++].goes;
    return r;
}

struct differing {
    difference_fn *fn;
    void *ctx;
};

static int gone(const struct differing *d, const struct outlook_letter *was,
                const struct run *now) {
    const struct outlook_letter *why = now->goes < now->n ? &now->p[now->goes] : NULL;
    return d->fn(d->ctx, CHANGE_DROPPED, was, NULL, why);
}

static int came(const struct differing *d, const struct outlook_letter *is) {
    return d->fn(d->ctx, is->corrects ? CHANGE_CORRECTED : CHANGE_ADDED, NULL, is, NULL);
}

static int stayed(const struct differing *d, const struct outlook_letter *was,
                  const struct outlook_letter *is) {
    enum change change = was->at != is->at                ? CHANGE_MOVED
                         : text_eq(was->words, is->words) ? CHANGE_NONE
                                                          : CHANGE_REWORDED;
    return d->fn(d->ctx, change, was, is, NULL);
}

/* Those of both that go at the same instant are reported and taken out. */
static int pair_equal(const struct differing *d, struct run *a, struct run *b) {
    size_t i = 0, k = 0, left_a = 0, left_b = 0;
    int rc = 0;
    while (rc == 0 && (i < a->goes || k < b->goes)) {
        bool both = i < a->goes && k < b->goes;
        if (both && a->p[i].at == b->p[k].at)
            rc = stayed(d, &a->p[i++], &b->p[k++]);
        else if (k == b->goes || (both && a->p[i].at < b->p[k].at))
            a->p[left_a++] = a->p[i++];
        else
            b->p[left_b++] = b->p[k++];
    }
    a->goes = left_a;
    b->goes = left_b;
    return rc;
}

static int compare_runs(const struct differing *d, struct run *a, struct run *b) {
    struct run all = *b; /* what does not go stands behind what does */
    int rc = pair_equal(d, a, b);
    for (size_t i = 0; rc == 0 && (i < a->goes || i < b->goes); i++)
        rc = i >= b->goes   ? gone(d, &a->p[i], &all)
             : i >= a->goes ? came(d, &b->p[i])
                            : stayed(d, &a->p[i], &b->p[i]);
    for (size_t i = all.goes; rc == 0 && a->n == 0 && i < all.n; i++)
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
