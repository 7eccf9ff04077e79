#include "services/scheduler/forecast/outlook.h"

#include <errno.h>
#include <stdlib.h>

#include "common/json.h"
#include "proto/occurrence.h"
#include "services/scheduler/reminders/delivery.h"
#include "services/scheduler/reminders/digest.h"
#include "services/scheduler/reminders/ledger.h"

void outlook_open(struct outlook *o) {
    *o = (struct outlook){.arena = arena_new()};
}

void outlook_close(struct outlook *o) {
    arena_free(&o->arena);
    free(o->letters);
}

struct outlook_letter *outlook_add(struct outlook *o) {
    if (o->count == o->room) {
        o->room = o->room ? 2 * o->room : 1024;
        o->letters = realloc(o->letters, o->room * sizeof *o->letters);
        must(o->letters);
    }
    o->letters[o->count] = (struct outlook_letter){.due = 0};
    return &o->letters[o->count++];
}

/* ---- what a row says ---- */

/* "rule+version/kind:subject/step:occurrence/person/channel" without version, occurrence and
 * channel, which are what may differ between two futures. */
static struct text same_of(struct arena *arena, const struct rec_ledger *row) {
    struct text rest = row->key, step;
    (void)text_cut_last(&rest, '/'); /* the channel */
    struct text person = text_cut_last(&rest, '/');
    struct text occurrence = text_cut_last(&rest, '/');
    if (!text_cut(&rest, '/', &step)) /* the rule and its version */
        rest = TEXT_NONE;
    if (!text_cut(&occurrence, ':', &step))
        step = TEXT_NONE;
    return arena_printf(arena, "%.*s/%.*s/%.*s/%.*s", TEXT_ARGS(row->rule), TEXT_ARGS(rest),
                        TEXT_ARGS(step), TEXT_ARGS(person));
}

static struct text words_of(struct future *f, const struct rule *rule, struct text language) {
    unsigned i = 0;
    while (i + 1 < LANGUAGES && !text_is(language, languages[i]))
        i++;
    return rule ? arena_printf(f->step.arena, "%s %s", rule->version, rule->text_hash[i])
                : TEXT_NONE;
}

/* A digest that is still to come has no number yet: it is known by when it leaves. */
static struct text reason_of(struct future *f, const struct rec_ledger *row) {
    struct text fate;
    if (!digest_is_fate(row, &fate))
        return row->reason;
    return text_is(fate, "accepted")
               ? TEXT_LIT("in a digest")
               : arena_printf(f->step.arena, "in a digest: %.*s", TEXT_ARGS(fate));
}

/* Whether nothing but the pause or hold is in its way, as things stand at the end. */
static int read_waiting(struct future *f, const struct rec_ledger *row,
                        struct outlook_letter *ret) {
    struct office *o = &f->step.office;
    bool written = false;
    const char *why = NULL;
    int rc = 0;
    if (text_is(row->state, "digested"))
        rc = digest_is_written(o, row, &written);
    else if (ledger_is_waiting(row))
        written = row->next_try <= f->options->until;
    if (rc || !written)
        return rc;
    rc = delivery_why_not(o, row, &why);
    ret->waits = !why && !(row->useful && row->useful < f->options->now);
    ret->gathered = ret->waits && row->digest.p;
    ret->useful = row->useful;
    ret->reason = arena_printf(f->step.arena, "%.*s%s%.*s%s%s", TEXT_ARGS(row->reason),
                               row->reason.n ? "; " : "", TEXT_ARGS(buf_as_text(&f->halted)),
                               why ? "; " : "", why ? why : "");
    return rc;
}

int outlook_read(struct future *f, const struct rec_ledger *row, struct outlook_letter *ret) {
    const struct rule *rule = rulebook_find(&f->rules, row->rule);
    bool goes = text_is(row->state, "accepted");
    *ret = (struct outlook_letter){
        .same = same_of(f->step.arena, row),
        .rule = row->rule,
        .letter = row->letter,
        .class = row->class,
        .about_kind = row->about_kind,
        .about = row->about,
        .person = row->person,
        .language = row->language,
        .channel = row->channel,
        .state = goes ? TEXT_LIT("goes") : row->state,
        .reason = reason_of(f, row),
        .words = words_of(f, rule, row->language),
        .zone = row->zone,
        .no = row->no,
        .due = row->due,
        .at = row->ended      ? row->ended
              : row->next_try ? row->next_try
                              : row->decided,
        .goes = goes,
        .gathered = goes && row->digest.p,
        .corrects = rule && audience_mentions(&rule->audience, TERM_TOLD),
    };
    return f->halted.n && !goes ? read_waiting(f, row, ret) : 0;
}

/* Rows come in the order of their plans: most of their words are those of the row before. */
static struct text keep(struct outlook *o, struct text was, struct text is) {
    return text_eq(was, is) && was.p ? was : arena_text(o->arena, is);
}

int outlook_keep(struct outlook *o, struct future *f, const struct rec_ledger *row) {
    struct outlook_letter l, none = {.due = 0};
    int rc = outlook_read(f, row, &l);
    if (rc)
        return rc;
    struct outlook_letter *to = outlook_add(o);
    const struct outlook_letter *was = o->count > 1 ? to - 1 : &none;
    l.same = arena_text(o->arena, l.same);
    l.person = arena_text(o->arena, l.person);
    l.rule = keep(o, was->rule, l.rule);
    l.letter = keep(o, was->letter, l.letter);
    l.class = keep(o, was->class, l.class);
    l.about_kind = keep(o, was->about_kind, l.about_kind);
    l.about = keep(o, was->about, l.about);
    l.language = keep(o, was->language, l.language);
    l.channel = keep(o, was->channel, l.channel);
    l.state = keep(o, was->state, l.state);
    l.reason = keep(o, was->reason, l.reason);
    l.words = keep(o, was->words, l.words);
    l.zone = keep(o, was->zone, l.zone);
    *to = l;
    return 0;
}

void outlook_wait_no_more(struct outlook *o) {
    for (size_t i = 0; i < o->count; i++) {
        o->letters[i].waits = false;
        o->letters[i].gathered &= o->letters[i].goes;
    }
}

/* ---- as JSON ---- */

bool outlook_is_about(const struct outlook_letter *l, struct text asked) {
    struct text rest = l->same, part;
    if (occurrence_fits(asked, l->about_kind, l->about))
        return true;
    (void)text_cut_last(&rest, '/'); /* the person */
    (void)text_cut_last(&rest, '/'); /* the step */
    return text_cut(&rest, '/', &part) && text_cut(&rest, ':', &part) &&
           occurrence_fits(asked, part, rest);
}

static void add_text(const char *name, struct text value, struct buf *to) {
    if (!value.p)
        return;
    if (to->n && to->p[to->n - 1] != '{')
        buf_char(to, ',');
    buf_char(to, '"');
    buf_str(to, name);
    buf_str(to, "\":");
    json_text(to, value);
}

void outlook_json_instant(const char *name, instant at, struct text zone, struct buf *to) {
    const struct zone *in;
    char text[RFC3339_TEXT];
    if (!at)
        return;
    if (!zone.p || zone_find(zone, &in))
        in = zone_utc();
    instant_format(at, in, text);
    add_text(name, text_of(text), to);
}

void outlook_json(const struct outlook_letter *l, struct text office_zone, struct buf *to) {
    struct text zone = l->zone.p ? l->zone : office_zone;
    outlook_json_instant("at", l->at, zone, to);
    outlook_json_instant("due", l->due, zone, to);
    add_text("person", l->person, to);
    add_text("language", l->language, to);
    add_text("channel", l->channel, to);
    add_text("letter", l->letter, to);
    add_text("rule", l->rule, to);
    add_text("class", l->class, to);
    add_text("about_kind", l->about_kind, to);
    add_text("about", l->about, to);
    add_text("state", l->state, to);
    add_text("reason", l->reason, to);
    if (l->gathered)
        buf_str(to, ",\"in_digest\":true");
}
