#include "services/scheduler/why/why.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/zone.h"
#include "services/scheduler/reminders/audience_why.h"
#include "proto/halted.h"
#include "proto/present.h"
#include "services/scheduler/reminders/fire.h"
#include "services/scheduler/reminders/plan.h"
#include "services/scheduler/step.h"

#define LINE_MOST (1 << 16)

struct why {
    struct settings settings;
    struct rulebook rules;
    struct token_key links;
    struct store *core;
    struct txn *txn;
    struct step step;
    struct text person, into; /* into: the record that hers was merged into; absent: none */
    const char *kind;         /* of the subject */
    struct subject subject;
    struct buf line, text, reason;
    struct buf halted; /* why nothing leaves now */
};

/* ---- words ---- */

static void moment_text(const struct why *w, instant at, char ret[RFC3339_TEXT]) {
    ret[0] = 0;
    if (at)
        instant_format(at, office_zone(&w->step.office, w->subject.zone), ret);
}

static void member(struct why *w, const char *name, struct text value) {
    if (!value.n)
        return;
    buf_printf(&w->line, "%s\"%s\":", w->line.n > 1 ? "," : "", name);
    json_text(&w->line, value);
}

static void put_line(struct why *w) {
    member(w, "text", buf_as_text(&w->text));
    buf_str(&w->line, "}\n");
    must(!w->line.over);
    fwrite(w->line.p, 1, w->line.n, stdout);
}

static void begin_line(struct why *w, const struct rule *rule, unsigned step) {
    buf_clear(&w->text);
    buf_clear(&w->line);
    buf_char(&w->line, '{');
    member(w, "rule", text_of(rule->name));
    buf_printf(&w->line, ",\"step\":%u", step);
    member(w, "about_kind", text_of(w->kind));
    member(w, "about", w->subject.id);
    member(w, "audience", text_of(rule_to(rule, step)));
}

/* ---- a rule that does not speak ---- */

/* " = called", " = given or accepted": any value of that field that would do. */
static void say_values(struct why *w, const struct rule *rule, const struct rule_condition *c) {
    const char *before = " = ";
    for (unsigned i = 0; i < rule->conditions; i++)
        if (rule->only[i].field == c->field && rule->only[i].value) {
            buf_printf(&w->reason, "%s%s", before, rule->only[i].value);
            before = " or ";
        }
}

/* "only if state = called" and what the field is. */
static void say_condition(struct why *w, const struct rule *rule) {
    const struct rule_condition *c = rule_first_failing(rule, &w->subject.rec);
    struct buf is;
    buf_init(&is, 512);
    if (present_field(&rec_shapes[rule->about->record], &w->subject.rec, field_name(c->field),
                      TEXT_LIT("en"), office_zone(&w->step.office, w->subject.zone), &is))
        buf_clear(&is);
    buf_printf(&w->reason, "it speaks only if %s%.*s", c->absent ? "not " : "",
               TEXT_ARGS(field_name(c->field)));
    if (c->value)
        say_values(w, rule, c);
    buf_printf(&w->reason, "; that is %s", is.n ? buf_cstr(&is) : "not given");
    buf_free(&is);
}

static void say_silent(struct why *w, const struct rule *rule, unsigned step, bool reckoned) {
    if (!rule_speaks(rule, &w->subject.rec))
        say_condition(w, rule);
    else if (!rule_speaks_at(rule, step, &w->subject.rec))
        buf_str(&w->reason, "it is owed no more");
    else if (!reckoned)
        buf_printf(&w->reason, "it is reckoned from %.*s, which is not given",
                   TEXT_ARGS(field_name(rule->when[step].anchor)));
    else
        buf_str(&w->reason, "nothing was planned for it");
    buf_printf(&w->text, "Rule %s (%s): nothing, for %.*s.", rule->name, rule_to(rule, step),
               (int)w->reason.n, w->reason.p);
    member(w, "plan", TEXT_LIT("none"));
    member(w, "because", buf_as_text(&w->reason));
}

/* ---- a plan ---- */

static int add_event(struct why *w, const struct rec_plan *p) {
    struct rec_decision d;
    char at[RFC3339_TEXT];
    if (!p->seq && p->config.p) { /* whoever asks looks for the event that put it in force */
        member(w, "config", p->config);
        buf_printf(&w->line, ",\"after\":%lld", (long long)p->after);
    }
    if (!p->seq)
        return 0;
    int rc = office_get(&w->step.office, TABLE_DECISION, key_no((uint64_t)p->seq), &d);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    moment_text(w, d.received, at);
    buf_printf(&w->line, ",\"event\":%lld", (long long)p->seq);
    member(w, "type", d.type);
    member(w, "owner", d.owner);
    member(w, "id", d.id);
    buf_printf(&w->text, " It was brought by event %lld, %.*s of %.*s at %s.", (long long)p->seq,
               TEXT_ARGS(d.type), TEXT_ARGS(d.owner), at);
    return 0;
}

/* When it speaks, or were it to speak now. */
static int say_audience(struct why *w, const struct rule *rule, const struct rec_plan *p) {
    struct office *o = &w->step.office;
    instant at = text_is(p->state, "planned") && p->due > o->now ? p->due : o->now;
    const char *stopped;
    int has =
        audience_why(o, rule_audience(rule, (unsigned)p->step), &w->subject, w->person, &w->reason);
    if (has < 0)
        return has;
    int rc = fire_why_not(o, rule, &w->subject, w->person, at, at <= p->useful ? p->useful : 0,
                          &stopped);
    buf_printf(&w->line, ",\"in_audience\":%s", has ? "true" : "false");
    if (rc == 0 && has && stopped)
        buf_str(&w->reason, stopped);
    return rc;
}

static void say_plan(struct why *w, const struct rule *rule, const struct rec_plan *p,
                     bool halted) {
    const char *to = rule_to(rule, (unsigned)p->step);
    const char *name = rule->name, *because = buf_cstr(&w->reason);
    char due[RFC3339_TEXT], fired[RFC3339_TEXT], made[RFC3339_TEXT];
    moment_text(w, p->due, due);
    moment_text(w, p->fired, fired);
    moment_text(w, p->made, made);
    if (text_is(p->state, "planned"))
        buf_printf(&w->text, "Rule %s (%s) speaks at %s; as things stand %s%s.", name, to, due,
                   halted        ? "it is for this person, but does not leave: "
                   : w->reason.n ? "not to this person: "
                                 : "this person gets it",
                   because);
    else if (text_is(p->state, "firing"))
        buf_printf(&w->text, "Rule %s (%s) is being carried out now.", name, to);
    else if (text_is(p->state, "fired") && w->into.p)
        buf_printf(&w->text,
                   "Rule %s (%s) spoke at %s; %lld %s considered. Whether this person was among "
                   "them is told of %.*s, into whose record this one was merged.",
                   name, to, fired, (long long)p->considered,
                   plural(p->considered, "person was", "people were"), TEXT_ARGS(w->into));
    else if (text_is(p->state, "fired"))
        buf_printf(&w->text,
                   "Rule %s (%s) spoke at %s; %lld %s considered, this person "
                   "was not in its audience then%s%s.",
                   name, to, fired, (long long)p->considered,
                   plural(p->considered, "person was", "people were"),
                   w->reason.n ? "; now: " : ", but would be now", because);
    else if (text_is(p->state, "past"))
        buf_printf(&w->text,
                   "Rule %s (%s) would have spoken at %s, but that lay behind us when %s "
                   "came into being (%s): nobody was written to.",
                   name, to, due, p->brought.p ? "the rule" : "it", made);
    else if (text_is(p->state, "missed"))
        buf_printf(&w->text,
                   "Rule %s (%s) was to speak at %s; it was missed, too late to be of "
                   "use.",
                   name, to, due);
    else
        buf_printf(&w->text, "Rule %s (%s) was to speak at %s; an operator skipped it.", name, to,
                   due);
}

static int explain_plan(struct why *w, const struct rule *rule, const struct rec_plan *p) {
    bool open = text_is(p->state, "planned") || text_is(p->state, "fired");
    buf_clear(&w->reason);
    begin_line(w, rule, (unsigned)p->step);
    member(w, "plan", p->state);
    buf_printf(&w->line, ",\"occasion\":%lld", (long long)p->occasion);
    char due[RFC3339_TEXT];
    moment_text(w, p->due, due);
    member(w, "due", text_of(due));
    int rc = open ? say_audience(w, rule, p) : 0;
    if (rc)
        return rc;
    bool halted = text_is(p->state, "planned") && !w->reason.n && w->halted.n;
    if (halted)
        buf_text(&w->reason, buf_as_text(&w->halted));
    say_plan(w, rule, p, halted);
    member(w, "because", buf_as_text(&w->reason));
    rc = add_event(w, p);
    if (rc == 0)
        put_line(w);
    return rc;
}

/* ---- all rules about a subject ---- */

static int explain_step(struct why *w, const struct rule *rule, unsigned step) {
    struct office *o = &w->step.office;
    struct rec_plan plan;
    struct key at = {.n = 0};
    char occurrence[65];
    bool any = false;
    int rc;
    while ((rc = plan_next(o, w->kind, w->subject.id, &at, &plan)) == 0) {
        if (plan.step != step || !text_is(plan.rule, rule->name))
            continue;
        any = true;
        if ((rc = explain_plan(w, rule, &plan)))
            return rc;
    }
    if (rc != -ENOENT || any)
        return rc == -ENOENT ? 0 : rc;
    buf_clear(&w->reason);
    begin_line(w, rule, step);
    say_silent(w, rule, step,
               moment_of(&rule->when[step], &w->subject.rec, office_zone(o, w->subject.zone),
                         w->subject.country, occurrence) != 0);
    put_line(w);
    return 0;
}

static int explain_subject(struct why *w, const char *kind, struct text id) {
    struct office *o = &w->step.office;
    int rc = subject_load(o, text_of(kind), id, &w->subject);
    w->kind = kind;
    for (unsigned i = 0; rc == 0 && i < w->rules.count; i++)
        for (unsigned k = 0; rc == 0 && k < w->rules.rules[i].steps; k++)
            if (w->rules.rules[i].about == w->subject.kind)
                rc = explain_step(w, &w->rules.rules[i], k);
    return rc == -ENOENT ? 0 : rc;
}

static int find_into(struct why *w) {
    struct rec_person p;
    int rc = office_get(&w->step.office, TABLE_PERSON, key1(w->person), &p);
    if (rc == 0)
        w->into = p.into;
    return rc == -ENOENT ? 0 : rc;
}

static int explain(struct why *w, struct text about) {
    struct office *o = &w->step.office;
    const struct subject_kind *only = NULL;
    struct text id = about, kind;
    if (text_cut(&id, ':', &kind) && kind.n < about.n && subject_kind_find(kind, &only) == 0)
        about = id;
    bool pair = about.n && memchr(about.p, '/', about.n);
    int rc = find_into(w);
    for (unsigned i = 0; rc == 0 && i < subject_kind_count; i++) {
        const struct subject_kind *k = &subject_kinds[i];
        id = k->parts == 2 && !pair ? subject_pair(o, about, w->person) : about;
        if (only && only != k)
            continue;
        if (pair == (k->parts == 2) || k->parts == 2)
            rc = explain_subject(w, k->name, id);
    }
    return rc;
}

static int open_office(struct why *w, const char *home, struct buf *err) {
    char path[4200];
    snprintf(path, sizeof path, "%s/core", home);
    struct store_options o = {.dir = path, .tables = table_names, .count = TABLE_COUNT};
    int rc = settings_read(home, &w->settings, err);
    if (rc == 0)
        rc = rulebook_read(home, &w->rules, err);
    if (rc == 0)
        rc = store_open(&w->core, &o);
    if (rc == 0)
        rc = store_begin_read(w->core, &w->txn);
    if (rc)
        return rc;
    step_open(&w->step, &w->settings, &w->rules, &w->links);
    rc = step_begin(&w->step, w->txn);
    if (rc == 0)
        rc = halted_say(w->txn, &w->halted);
    w->step.office.now = w->step.office.said = clock_now();
    return rc;
}

int why(const char *home, bool clock, const char *person, const char *about) {
    struct why w = {.person = text_of(person)};
    struct buf err;
    char virtual[4200];
    snprintf(virtual, sizeof virtual, "%s/run/clock", home);
    buf_init(&err, 1 << 16);
    buf_init(&w.line, LINE_MOST);
    buf_init(&w.text, LINE_MOST / 4);
    buf_init(&w.reason, LINE_MOST / 4);
    buf_init(&w.halted, LINE_MOST / 8);
    int rc = clock_use(clock ? virtual : NULL);
    if (rc == 0)
        rc = open_office(&w, home, &err);
    if (rc == 0)
        rc = explain(&w, text_of(about));
    if (rc)
        fprintf(stderr, "%swhy: %s\n", buf_cstr(&err), strerror(-rc));
    if (w.txn)
        step_close(&w.step);
    store_abort(&w.txn);
    store_close(&w.core);
    rulebook_free(&w.rules);
    settings_free(&w.settings);
    buf_free(&w.line);
    buf_free(&w.text);
    buf_free(&w.reason);
    buf_free(&w.halted);
    buf_free(&err);
    return rc ? 1 : 0;
}
