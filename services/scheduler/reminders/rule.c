#include "services/scheduler/reminders/rule.h"

#include <stdio.h>
#include <stdlib.h>

#include "services/scheduler/reminders/subject.h"

const char *const languages[LANGUAGES] = {"da", "sv", "en"};

void rulebook_free(struct rulebook *book) {
    for (unsigned i = 0; i < book->count; i++) {
        struct rule *r = &book->rules[i];
        for (unsigned k = 0; k < r->conditions; k++)
            free((char *)r->only[k].value);
        for (unsigned k = 0; k < r->rung_count; k++)
            free(r->rungs[k].to);
        free(r->rungs);
        free(r->speaks_of);
        free(r->name);
        free(r->to);
        free(r->letter);
        free(r->class);
        free(r->calendar);
    }
    for (unsigned i = 0; i < book->text_count; i++)
        free(book->texts[i].text);
    free(book->rules);
    free(book->texts);
    *book = (struct rulebook){.rules = NULL};
}

const struct rule *rulebook_find(const struct rulebook *book, struct text name) {
    for (unsigned i = 0; i < book->count; i++)
        if (text_is(name, book->rules[i].name))
            return &book->rules[i];
    return NULL;
}

static bool is_given(const struct field *f, const void *at) {
    switch (f->kind) {
    case FIELD_INT:
        return *(const int64_t *)at != 0;
    case FIELD_BOOL:
        return *(const bool *)at;
    case FIELD_INSTANT:
        return *(const instant *)at != 0;
    case FIELD_TEXTS:
        return texts_given(at);
    case FIELD_LIST:
    case FIELD_MAP:
    case FIELD_ROWS:
        return ((const struct list *)at)->count != 0;
    case FIELD_RAW:
        return ((const struct bytes *)at)->p != NULL;
    default:
        return ((const struct text *)at)->p != NULL;
    }
}

static bool is_equal(const struct field *f, const void *at, const char *value) {
    char number[24];
    if (f->kind == FIELD_INT) {
        snprintf(number, sizeof number, "%lld", (long long)*(const int64_t *)at);
        return text_is(text_of(number), value);
    }
    if (f->kind == FIELD_BOOL)
        return text_is(text_of(*(const bool *)at ? "true" : "false"), value);
    return f->kind != FIELD_RAW && text_is(*(const struct text *)at, value);
}

static bool holds(const struct rule_condition *c, const void *record) {
    const char *at = (const char *)record + c->field->offset;
    if (c->value)
        return is_equal(c->field, at, c->value);
    return is_given(c->field, at) != c->absent;
}

/* Several values of one field: any of them. Several fields: all of them. */
const struct rule_condition *rule_first_failing(const struct rule *rule, const void *record) {
    for (unsigned i = 0; i < rule->conditions; i++) {
        bool any = false;
        for (unsigned k = 0; k < rule->conditions; k++)
            any |= rule->only[k].field == rule->only[i].field && holds(&rule->only[k], record);
        if (!any)
            return &rule->only[i];
    }
    return NULL;
}

bool rule_speaks(const struct rule *rule, const void *record) {
    return !rule_first_failing(rule, record);
}

bool rule_speaks_at(const struct rule *rule, unsigned step, const void *record) {
    if (step >= rule->steps || !rule_speaks(rule, record))
        return false;
    const struct moment *m = &rule->when[step];
    if (rule->about->record != REC_OBLIGATION || !text_is(field_name(m->anchor), "due"))
        return true;
    struct text state = ((const struct rec_obligation *)record)->state;
    return text_is(state, "open") || (moment_is_after(m) && text_is(state, "overdue"));
}

static const struct rule_rung *rung(const struct rule *rule, unsigned step) {
    unsigned first = rule->steps - rule->rung_count;
    return step < first || step >= rule->steps ? NULL : &rule->rungs[step - first];
}

const char *rule_to(const struct rule *rule, unsigned step) {
    const struct rule_rung *r = rung(rule, step);
    return r ? r->to : rule->to;
}

const struct audience *rule_audience(const struct rule *rule, unsigned step) {
    const struct rule_rung *r = rung(rule, step);
    return r ? &r->audience : &rule->audience;
}
