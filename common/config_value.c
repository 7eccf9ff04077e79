#include "common/config_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t worth;
};
static const struct unit span_units[] = {{"ms", 1},        {"s", SECONDS}, {"m", MINUTES},
                                         {"min", MINUTES}, {"h", HOURS},   {"d", DAYS},
                                         {"w", 7 * DAYS},  {NULL, 0}};
#define POWER(n) ((int64_t)1 << (n))
static const struct unit size_units[] = {
    {"", 1},          {"B", 1},           {"K", POWER(10)}, {"KiB", POWER(10)},
    {"M", POWER(20)}, {"MiB", POWER(20)}, {"G", POWER(30)}, {"GiB", POWER(30)},
    {"T", POWER(40)}, {"TiB", POWER(40)}, {NULL, 0},
};

/* Takes "12h" or "12 h" off the front of *rest and adds its worth. */
static int add_part(struct text *rest, const struct unit *units, int64_t *sum) {
    int64_t number = 0, worth = 0;
    size_t i = 0;
    for (; i < rest->n && rest->p[i] >= '0' && rest->p[i] <= '9'; i++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, rest->p[i] - '0', &number))
            return -ERANGE;
    if (i == 0)
        return -EBADMSG;
    struct text after = text_trim((struct text){rest->p + i, rest->n - i}), name = {after.p, 0};
    while (name.n < after.n && after.p[name.n] != ' ' &&
           !(after.p[name.n] >= '0' && after.p[name.n] <= '9'))
        name.n++;
    for (; units->name && !worth; units++)
        if (text_is(name, units->name))
            worth = units->worth;
    if (!worth && number)
        return -EBADMSG;
    if (__builtin_mul_overflow(number, worth, &number) || __builtin_add_overflow(*sum, number, sum))
        return -ERANGE;
    *rest = text_trim((struct text){after.p + name.n, after.n - name.n});
    return !worth && name.n ? -EBADMSG : 0;
}

int config_span(struct text text, msec *ret) {
    msec sum = 0;
    struct text rest = text_trim(text);
    do {
        int rc = add_part(&rest, span_units, &sum);
        if (rc < 0)
            return rc;
    } while (rest.n);
    *ret = sum;
    return 0;
}

int config_size(struct text text, int64_t *ret) {
    int64_t sum = 0;
    struct text rest = text_trim(text);
    int rc = add_part(&rest, size_units, &sum);
    if (rc == 0 && rest.n)
        rc = -EBADMSG;
    if (rc == 0)
        *ret = sum;
    return rc;
}

static int read_bool(struct text text, int64_t *ret) {
    static const char *const words[][2] = {{"no", "yes"}, {"false", "true"}, {"off", "on"}};
    for (unsigned i = 0; i < COUNT_OF(words); i++) {
        for (unsigned truth = 0; truth < 2; truth++) {
            if (text_is(text, words[i][truth])) {
                *ret = truth;
                return 0;
            }
        }
    }
    return -EBADMSG;
}

static int read_number(enum config_kind kind, struct text text, int64_t *ret) {
    switch (kind) {
    case CONFIG_INT:
        return text_int(text, ret);
    case CONFIG_BOOL:
        return read_bool(text, ret);
    case CONFIG_SPAN:
        return config_span(text, ret);
    case CONFIG_SIZE:
        return config_size(text, ret);
    case CONFIG_STRING:
    case CONFIG_LIST:
        break; /* not numbers */
    }
    return -EINVAL;
}

static const char *form_of(enum config_kind kind) {
    static const char *const forms[] = {
        [CONFIG_STRING] = "a text",
        [CONFIG_INT] = "a whole number",
        [CONFIG_BOOL] = "yes or no",
        [CONFIG_SPAN] = "a span such as 30s, 5m, 2h, 7d",
        [CONFIG_SIZE] = "a size such as 64K, 10M, 1G",
        [CONFIG_LIST] = "a list",
    };
    return forms[kind];
}

/* The row's bounds, or those of its kind; false when there are none. */
static bool bounds_of(const struct config_row *row, int64_t *ret_min, int64_t *ret_max) {
    *ret_min = row->min;
    *ret_max = row->max;
    if (row->min || row->max)
        return true;
    *ret_max = row->kind == CONFIG_STRING ? CONFIG_STRING_MAX : CONFIG_LIST_MAX;
    return row->kind == CONFIG_STRING || row->kind == CONFIG_LIST;
}

static int check_bounds(const struct config_row *row, int64_t n, const char *of,
                        char ret_why[CONFIG_WHY_MAX]) {
    char is[CONFIG_NUMBER_TEXT], least[CONFIG_NUMBER_TEXT], most[CONFIG_NUMBER_TEXT];
    int64_t min, max;
    if (!bounds_of(row, &min, &max) || (n >= min && n <= max))
        return 0;
    config_number_text(row->kind, n, is);
    config_number_text(row->kind, min, least);
    config_number_text(row->kind, max, most);
    (void)snprintf(ret_why, CONFIG_WHY_MAX, "%s is %s%s, expected %s to %s", row->name, is, of,
                   least, most);
    return -EBADMSG;
}

static char *copy(struct text text) {
    char *p = strndup(text.p ? text.p : "", text.n);
    must(p);
    return p;
}

static int read_list(const struct config_row *row, const struct text *parts, unsigned count,
                     struct config_list *ret, char ret_why[CONFIG_WHY_MAX]) {
    int rc = check_bounds(row, count, " items", ret_why);
    for (unsigned i = 0; i < count && rc == 0; i++) {
        if (parts[i].n > CONFIG_STRING_MAX) {
            (void)snprintf(ret_why, CONFIG_WHY_MAX, "an item of %s has %zu bytes, expected %d",
                           row->name, parts[i].n, CONFIG_STRING_MAX);
            rc = -EBADMSG;
        }
    }
    if (rc < 0)
        return rc;
    *ret = (struct config_list){calloc(count + 1, sizeof *ret->items), count};
    must(ret->items);
    for (unsigned i = 0; i < count; i++)
        ret->items[i] = copy(parts[i]);
    return 0;
}

int config_value_read(const struct config_row *row, const struct text *parts, unsigned count,
                      struct config_value *ret, char ret_why[CONFIG_WHY_MAX]) {
    struct config_value value = {0};
    int rc = 0;
    if (row->kind == CONFIG_LIST) {
        rc = read_list(row, parts, count, &value.list, ret_why);
    } else if (row->kind == CONFIG_STRING) {
        rc = check_bounds(row, (int64_t)parts[0].n, " bytes", ret_why);
        if (rc == 0)
            value.string = copy(parts[0]);
    } else if (read_number(row->kind, parts[0], &value.number) < 0) {
        (void)snprintf(ret_why, CONFIG_WHY_MAX, "%s is \"%.*s\", expected %s", row->name,
                       (int)(parts[0].n < 60 ? parts[0].n : 60), parts[0].p, form_of(row->kind));
        rc = -EBADMSG;
    } else {
        rc = check_bounds(row, value.number, "", ret_why);
    }
    if (rc == 0)
        *ret = value;
    return rc;
}

void config_value_fall_back(const struct config_row *row, struct config_value *ret) {
    struct text parts[CONFIG_LIST_MAX] = {{0}}, rest = text_of(row->fallback), part;
    unsigned count = 0;
    char why[CONFIG_WHY_MAX];
    must(row->fallback);
    if (row->kind == CONFIG_LIST)
        while (count < CONFIG_LIST_MAX && rest.n && text_cut(&rest, ',', &part))
            parts[count++] = text_trim(part);
    else
        parts[count++] = rest;
    int rc = config_value_read(row, parts, count, ret, why);
    must(rc == 0);
}

void config_value_put(const struct config_row *row, const struct config_value *value,
                      void *filled) {
    void *field = (char *)filled + row->offset;
    if (row->kind == CONFIG_STRING)
        memcpy(field, &value->string, sizeof value->string);
    else if (row->kind == CONFIG_LIST)
        memcpy(field, &value->list, sizeof value->list);
    else if (row->kind == CONFIG_BOOL)
        memcpy(field, &(bool){value->number != 0}, sizeof(bool));
    else
        memcpy(field, &value->number, sizeof value->number);
}

void config_value_free(struct config_value *value) {
    for (unsigned i = 0; i < value->list.count; i++)
        free(value->list.items[i]);
    free(value->list.items);
    free(value->string);
    *value = (struct config_value){0};
}
