/* The event that brought a letter or a plan: what was said, or what put another configuration in
 * force. */
#include "services/cirkel/look_why.h"

#include "services/cirkel/outlook.h"
#include "services/cirkel/tree.h"
#include "services/cirkel/when.h"

#include <stdio.h>

#define LOOKED_AT_MOST 10000 /* decisions, for one that is mostly the first of them */
#define WORDS_MAX 1000

struct origin {
    int64_t event; /* 0: none */
    struct text config;
    int64_t after; /* config: events applied before it */
};

struct search {
    struct text config;
    struct rec_decision *event;
    unsigned looked_at;
    bool is_found;
};

/* The first that was applied by then: until it comes only what waited before it is said. */
static int on_decision(void *ctx, struct bytes key, struct bytes value) {
    struct search *search = ctx;
    const struct rec_decision *d = search->event;

    (void)key;
    if (++search->looked_at > LOOKED_AT_MOST)
        return 1;
    if (look_decode(REC_DECISION, value, search->event) || !text_is(d->type, "rules.apply") ||
        !text_is(d->status, "applied"))
        return 0;
    search->is_found = text_eq(d->about, search->config);
    return 1;
}

static bool find_event(struct why *why, const struct origin *origin, struct rec_decision *ret) {
    struct search search = {.config = origin->config, .event = ret};
    struct key key = key_no((uint64_t)(origin->event ? origin->event : origin->after + 1));

    if (origin->event)
        return look_get(&why->look, TABLE_DECISION, ret, key_bytes(&key)) == 0;
    return origin->config.p &&
           store_scan(why->look.txn, TABLE_DECISION, key_bytes(&key), on_decision, &search) >= 0 &&
           search.is_found;
}

static void say_event(const struct rec_decision *d, struct text zone, struct buf *words) {
    char at[RFC3339_TEXT];

    when_format(d->received, zone, at);
    buf_printf(words, "event %lld, %.*s of %.*s at %s, under the key %.*s", (long long)d->seq,
               TEXT_ARGS(d->type), TEXT_ARGS(d->owner), at, TEXT_ARGS(d->id));
}

/* "was brought by …"; true: by `event`. */
static bool say_origin(struct why *why, const struct origin *origin, struct text zone,
                       struct rec_decision *event, struct buf *words) {
    bool has = find_event(why, origin, event);

    if (origin->event) {
        buf_str(words, "was brought by ");
        if (has)
            say_event(event, zone, words);
        else
            buf_printf(words, "event %lld, of which no more is kept", (long long)origin->event);
    } else if (origin->config.p) {
        buf_printf(words, "was brought by configuration %.*s, which ", TEXT_ARGS(origin->config));
        if (has)
            say_event(event, zone, words);
        buf_str(words, has ? ", put in force" : "no event put in force");
    } else {
        buf_str(words, "came with time, and was brought by no event");
    }
    return has;
}

static void name_event(json_t *line, const struct rec_decision *d) {
    json_object_set_new(line, "event", json_integer(d->seq));
    json_object_set_new(line, "type", tree_text(d->type));
    json_object_set_new(line, "owner", tree_text(d->owner));
    json_object_set_new(line, "id", tree_text(d->id));
}

void why_event(struct why *why, const struct rec_ledger *row, const struct rec_occasion *occasion) {
    struct origin origin = {occasion->event, occasion->config, occasion->after};
    struct rec_decision event;
    struct buf words;
    bool has;

    buf_init(&words, WORDS_MAX);
    has = say_origin(why, &origin, row->zone, &event, &words);
    why_say(why, "event", "Letter %lld %s.", (long long)row->no, buf_cstr(&words));
    if (has)
        name_event(json_array_get(why->lines, json_array_size(why->lines) - 1), &event);
    buf_free(&words);
}

void why_event_of_rule(struct why *why, json_t *line) {
    struct origin origin = {
        .config = text_of(outlook_member(line, "config")),
        .after = (int64_t)json_integer_value(json_object_get(line, "after")),
    };
    struct rec_decision event;
    struct buf words;

    if (!origin.config.n)
        return;
    buf_init(&words, WORDS_MAX + SENTENCE_MAX);
    buf_printf(&words, "%s It ", outlook_member(line, "text"));
    if (say_origin(why, &origin, text_of(why->look.zone), &event, &words))
        name_event(line, &event);
    buf_char(&words, '.');
    json_object_set_new(line, "text", json_string(buf_cstr(&words)));
    buf_free(&words);
}
