#include "services/cirkel/look_why.h"

#include "proto/address.h"
#include "services/cirkel/when.h"

static void tell_suppressed(struct why *why, const struct rec_suppression *s) {
    char since[RFC3339_TEXT], until[RFC3339_TEXT];

    when_format(s->since, text_of(why->look.zone), since);
    when_format(s->until, text_of(why->look.zone), until);
    if (text_is(s->cause, "hard"))
        why_say(why, "address",
                "The address was refused for good%s%.*s%s, said of letter %lld: nothing is sent "
                "there since %s, until it changes or somebody lifts it (cirkel unsuppress).",
                s->status.p ? " (" : "", TEXT_ARGS(s->status), s->status.p ? ")" : "",
                (long long)s->delivery, since);
    else if (text_is(s->cause, "soft"))
        why_say(why, "address",
                "The address could not be reached again and again, last with letter %lld: nothing "
                "is sent there from %s to %s.",
                (long long)s->delivery, since, until);
    else
        why_say(why, "address",
                "A complaint came about letter %lld: no news is sent there since %s, until "
                "somebody lifts it (cirkel unsuppress).",
                (long long)s->delivery, since);
}

void why_address(struct why *why) {
    char id[ADDRESS_ID_MAX], since[RFC3339_TEXT];
    struct rec_suppression s;
    struct key key;

    if (!why->who.email.p)
        return;
    address_id(why->who.email, id);
    key = key1(text_of(id));
    if (look_get(&why->look, TABLE_SUPPRESSION, &s, key_bytes(&key)))
        return;
    when_format(s.since, text_of(why->look.zone), since);
    if (text_is(s.state, "suppressed"))
        tell_suppressed(why, &s);
    else if (text_is(s.state, "watched"))
        why_say(why, "address", "The address is watched since %s: %lld of its letters came back.",
                since, (long long)s.soft);
    else
        why_say(why, "address", "The address was suppressed before; that ended at %s: %.*s.", since,
                TEXT_ARGS(s.note));
}

/* The words of delivery.report. */
static const char *in_words(struct text kind) {
    static const struct {
        const char *kind, *words;
    } all[] = {{"delivered", "it lies in the mailbox"},
               {"relayed", "it was handed on to a server that tells no more"},
               {"delayed", "it is still being tried"},
               {"soft", "it came back, for a reason that may pass"},
               {"hard", "it came back: the address was refused for good"},
               {"complaint", "the reader complained of it"},
               {"answered", "an answer came to it"}};
    for (unsigned i = 0; i < COUNT_OF(all); i++)
        if (text_is(kind, all[i].kind))
            return all[i].words;
    return "it said something unknown";
}

void why_report(struct why *why, const struct rec_ledger *row) {
    char at[RFC3339_TEXT];

    when_format(row->reported, row->zone, at);
    if (row->settled.p)
        why_say(why, "settled", "Of letter %lld, whose fate was unknown, a person said: %.*s.",
                (long long)row->no, TEXT_ARGS(row->settled));
    if (row->report.p)
        why_say(why, "report", "Of letter %lld a mail server reported at %s: %s%s%.*s%s.",
                (long long)row->no, at, in_words(row->report), row->report_status.p ? " (" : "",
                TEXT_ARGS(row->report_status), row->report_status.p ? ")" : "");
}
