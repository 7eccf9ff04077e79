/* look_why - why somebody was written to, or was not: what the tables tell, in sentences. */
#include "services/cirkel/look_why.h"

#include "services/cirkel/home.h"
#include "services/cirkel/look_ledger.h"
#include "services/cirkel/tree.h"
#include "services/cirkel/verbs.h"
#include "services/cirkel/when.h"

#include "proto/occurrence.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The key of "a/b", or of "a". */
static struct key key_of(struct text id) {
    struct key key;
    struct text part;

    key_clear(&key);
    while (text_cut(&id, '/', &part))
        if (key.n + part.n + 1 < STORE_KEY_MAX)
            key_text(&key, part);
    return key;
}

/* ---- the person ---- */

static int on_preference(void *ctx, struct bytes key, struct bytes value) {
    struct why *why = ctx;
    struct rec_preference p;
    char at[RFC3339_TEXT];

    (void)key;
    if (look_decode(REC_PREFERENCE, value, &p))
        return 0;
    if (!text_eq(p.person, why->person))
        return 1;
    when_format(p.at, text_of(why->look.zone), at);
    why_say(why, "preference", "%s %.*s%.*s since %s%s%.*s.", p.on ? "Wants" : "Does not want",
            TEXT_ARGS(p.class), TEXT_ARGS(p.topic), at,
            p.on && p.digest.p ? ", gathered into one letter: " : "", TEXT_ARGS(p.digest));
    if (p.on && p.most)
        why_say(why, "preference", "Wants at most %lld %s of news a week.", (long long)p.most,
                plural(p.most, "letter", "letters"));
    return 0;
}

static int tell_person(struct why *why) {
    const struct rec_person *who = &why->who;
    struct key key = key_of(why->person);
    int rc;

    if (text_is(who->state, "erased"))
        why_say(why, "person",
                "%.*s was erased: name and address are gone, what was decided is kept.",
                TEXT_ARGS(why->person));
    else
        why_say(why, "person", "%.*s is %.*s%s, and reads %.*s.", TEXT_ARGS(why->person),
                TEXT_ARGS(who->name.p ? who->name : who->state),
                text_is(who->state, "active") ? "" : " (no longer active)",
                TEXT_ARGS(who->language));
    if (who->into.p)
        why_say(why, "person", "The record was merged into %.*s; look there.",
                TEXT_ARGS(who->into));
    if (!who->email.p && !text_is(who->state, "erased"))
        why_say(why, "person", "There is no address to write to.");
    why_address(why);
    if (who->restricted)
        why_say(why, "person", "Processing is restricted: nothing is sent.");
    if (who->protected)
        why_say(why, "person", "The identity is protected: in no automatic audience.");
    if (who->quiet_from.p)
        why_say(why, "person", "Quiet hours from %.*s to %.*s: news waits.",
                TEXT_ARGS(who->quiet_from), TEXT_ARGS(who->quiet_to));
    rc = store_scan(why->look.txn, TABLE_PREFERENCE, key_bytes(&key), on_preference, why);
    return rc == 1 ? 0 : rc;
}

/* ---- memberships and registrations ---- */

static void tell_membership(struct why *why, struct text network) {
    struct rec_membership m;
    struct key key = LOOK_KEY(network, why->person);
    char since[RFC3339_TEXT];

    if (look_get(&why->look, TABLE_MEMBERSHIP, &m, key_bytes(&key))) {
        why_say(why, "membership", "Is no member of %.*s in person (an organisation may be).",
                TEXT_ARGS(network));
        return;
    }
    when_format(text_is(m.state, "active")   ? m.confirmed ? m.confirmed : m.granted
                : text_is(m.state, "lapsed") ? m.lapses
                                             : shape_since(&rec_shapes[REC_MEMBERSHIP], &m),
                m.zone, since);
    why_say(why, "membership", "Membership of %.*s is %.*s%s%s.", TEXT_ARGS(network),
            TEXT_ARGS(m.state), since[0] ? ", since " : "", since);
}

static void tell_registration(struct why *why, struct text meeting) {
    struct rec_registration r;
    struct key key = LOOK_KEY(meeting, why->person);
    char since[RFC3339_TEXT];

    if (look_get(&why->look, TABLE_REGISTRATION, &r, key_bytes(&key))) {
        why_say(why, "registration", "Has no registration for %.*s.", TEXT_ARGS(meeting));
        return;
    }
    when_format(shape_since(&rec_shapes[REC_REGISTRATION], &r), r.zone, since);
    why_say(why, "registration", "For %.*s: %.*s%s%s%s%.*s.", TEXT_ARGS(meeting),
            TEXT_ARGS(r.state), since[0] ? ", since " : "", since,
            r.answer.p ? "; last answer " : "", TEXT_ARGS(r.answer));
}

/* ---- programmes ---- */

static void tell_participation(struct why *why, struct text programme, struct text organisation) {
    struct rec_participation p;
    struct key key = LOOK_KEY(programme, organisation);

    if (look_get(&why->look, TABLE_PARTICIPATION, &p, key_bytes(&key)))
        return;
    why_say(why, "participation", "%.*s in %.*s is %.*s; this person is %s.",
            TEXT_ARGS(organisation), TEXT_ARGS(programme), TEXT_ARGS(p.state),
            list_has_text(p.staff, why->person) ? "of its staff"
            : text_eq(p.adviser, why->person)   ? "its adviser"
            : text_eq(p.contact, why->person)   ? "its contact"
                                                : "not of its staff");
}

static void tell_application(struct why *why, const struct rec_application *a) {
    bool own = list_has_text(why->who.organisations, a->organisation);

    why_say(why, "application", "%.*s, the application of %.*s, is %.*s; %s%s.",
            TEXT_ARGS(a->application), TEXT_ARGS(a->organisation), TEXT_ARGS(a->state),
            own ? "this person is of that organisation" : "this person is of another organisation",
            text_eq(a->contact, why->person) ? ", and its contact" : "");
    if (own)
        tell_participation(why, a->programme, a->organisation);
}

/* Of a programme: what the person's own organisations do in it. */
static void tell_programme(struct why *why, const struct rec_programme *p) {
    struct list organisations = why->who.organisations;
    struct text one;

    why_say(why, "programme", "%.*s is %.*s%s.", TEXT_ARGS(p->programme), TEXT_ARGS(p->state),
            text_eq(p->lead, why->person) ? "; this person leads it" : "");
    while (codec_next_text(&organisations, &one))
        tell_participation(why, p->programme, one);
}

/* Index rows "person, other". */
static int on_other(struct why *why, struct bytes key,
                    void (*tell)(struct why *why, struct text other)) {
    struct text person, other;
    size_t at = 0;

    if (!key_next_text(key, &at, &person) || !text_eq(person, why->person))
        return 1;
    if (key_next_text(key, &at, &other))
        tell(why, other);
    return 0;
}

static int on_member_of(void *ctx, struct bytes key, struct bytes value) {
    (void)value;
    return on_other(ctx, key, tell_membership);
}

static int on_registered_for(void *ctx, struct bytes key, struct bytes value) {
    (void)value;
    return on_other(ctx, key, tell_registration);
}

static void tell_of_programme(struct why *why, const struct key *subject) {
    union any_rec rec;

    if (look_get(&why->look, TABLE_APPLICATION, &rec, key_bytes(subject)) == 0)
        tell_application(why, &rec.rec_application);
    else if (look_get(&why->look, TABLE_PROGRAMME, &rec, key_bytes(subject)) == 0)
        tell_programme(why, &rec.rec_programme);
    else if (look_get(&why->look, TABLE_PARTICIPATION, &rec, key_bytes(subject)) == 0)
        tell_participation(why, rec.rec_participation.programme,
                           rec.rec_participation.organisation);
}

static int tell_belonging(struct why *why) {
    struct key key = key_of(why->person);
    struct rec_meeting meeting;
    struct rec_network network;
    struct key subject = key_of(why->subject);
    int rc;

    if (!why->subject.p) {
        rc = store_scan(why->look.txn, TABLE_MEMBER_OF, key_bytes(&key), on_member_of, why);
        if (rc >= 0)
            rc = store_scan(why->look.txn, TABLE_REGISTERED_FOR, key_bytes(&key), on_registered_for,
                            why);
        return rc == 1 ? 0 : rc;
    }
    if (look_get(&why->look, TABLE_MEETING, &meeting, key_bytes(&subject)) == 0) {
        why_say(why, "meeting", "%.*s is %.*s, starts %.*s (%.*s), for: %.*s.",
                TEXT_ARGS(meeting.meeting), TEXT_ARGS(meeting.state), TEXT_ARGS(meeting.starts),
                TEXT_ARGS(meeting.zone), TEXT_ARGS(meeting.audience));
        if (meeting.network.p)
            tell_membership(why, meeting.network);
        tell_registration(why, meeting.meeting);
    } else if (look_get(&why->look, TABLE_NETWORK, &network, key_bytes(&subject)) == 0) {
        tell_membership(why, network.network);
    } else {
        tell_of_programme(why, &subject);
    }
    return 0;
}

/* ---- what was decided ---- */

static const char *state_in_words(struct text state) {
    static const struct {
        const char *state, *words;
    } all[] = {{"held", "it is held"},
               {"digested", "it waits for the digest it goes in"},
               {"queued", "it waits to leave"},
               {"armed", "it is leaving now"},
               {"deferred", "it is tried again later"},
               {"unknown", "it may have left: the answer was lost"},
               {"accepted", "it was sent, and accepted at the other end"},
               {"failed", "it was refused for good at the other end"},
               {"expired", "it could not be sent while it was of use"},
               {"withdrawn", "it was withdrawn"},
               {"suppressed", "it was not sent"},
               {"superseded", "it was not sent, because what it told was no longer so"},
               {"missed", "it was missed, and not sent"},
               {"not-due", "it was not due for this person"}};
    for (unsigned i = 0; i < COUNT_OF(all); i++)
        if (text_is(state, all[i].state))
            return all[i].words;
    return "nothing is known of it";
}

/* The subject itself or what belongs to it, as people say it, as the rule did, or as the latter is
 * called since two became one. */
static bool is_of_subject(const struct why *why, const struct rec_ledger *row,
                          const struct rec_occasion *occasion) {
    if (!why->subject.p || look_is_about(row, why->about) ||
        occurrence_fits(why->about, occasion->about_kind, occasion->about))
        return true;
    return !why->kind.p && row->about.n > why->subject.n && row->about.p[why->subject.n] == '/' &&
           memcmp(row->about.p, why->subject.p, why->subject.n) == 0;
}

static void tell_tries(struct why *why, const struct rec_ledger *row) {
    struct list tries = row->tries;
    struct text one;
    while (codec_next_text(&tries, &one))
        why_say(why, "attempt", "Letter %lld, an attempt: %.*s.", (long long)row->no,
                TEXT_ARGS(one));
}

static int on_ledger(void *ctx, const struct rec_ledger *row) {
    struct why *why = ctx;
    struct rec_occasion occasion = {0};
    char due[RFC3339_TEXT], decided[RFC3339_TEXT], at[RFC3339_TEXT];
    struct buf reason;
    struct key key = key_no((uint64_t)row->occasion);
    bool past = look_ledger_is_past(row);

    if (look_get(&why->look, TABLE_OCCASION, &occasion, key_bytes(&key)))
        occasion = (struct rec_occasion){.audience = TEXT_LIT("?")};
    if (!is_of_subject(why, row, &occasion))
        return 0;
    json_array_append_new(why->occasions, json_integer(row->occasion));
    when_format(row->due, row->zone, due);
    when_format(row->decided, row->zone, decided);
    when_format(row->ended ? row->ended : row->next_try, row->zone, at);
    buf_init(&reason, SENTENCE_MAX);
    look_ledger_reason(&why->look, row, &reason);
    why_say(why, "letter",
            "Letter %lld, %.*s, about %.*s %.*s: due %s by rule %.*s (%.*s, to: %.*s); decided %s: "
            "%s%s%s%s%.*s%s%.*s.",
            (long long)row->no, TEXT_ARGS(row->letter), TEXT_ARGS(row->about_kind),
            TEXT_ARGS(row->about), due, TEXT_ARGS(row->rule), TEXT_ARGS(row->class),
            TEXT_ARGS(occasion.audience), decided,
            past ? "it waits, and will not go" : state_in_words(row->state),
            past || !at[0] ? ""
            : row->ended   ? ", "
                           : ", not before ",
            past ? "" : at, reason.n ? "; because: " : "", TEXT_ARGS(buf_as_text(&reason)),
            row->reply.p ? "; the other end said: " : "", TEXT_ARGS(row->reply));
    buf_free(&reason);
    json_object_set_new(json_array_get(why->lines, json_array_size(why->lines) - 1), "ledger",
                        look_ledger_tree(&why->look, row));
    why_event(why, row, &occasion);
    tell_tries(why, row);
    if (row->readdressed)
        why_say(why, "address",
                "Letter %lld: the address had become another one since it was decided; it goes "
                "where this person is now.",
                (long long)row->no);
    why_report(why, row);
    return 0;
}

/* ---- the verb ---- */

void why_say(struct why *why, const char *what, const char *fmt, ...) {
    char sentence[SENTENCE_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, args);
    va_end(args);
    json_array_append_new(why->lines, json_pack("{s:s,s:s}", "what", what, "text", sentence));
}

static int tell_all(struct why *why) {
    int rc = tell_person(why);

    if (rc == 0)
        rc = tell_belonging(why);
    if (rc == 0)
        rc = look_ledger(&why->look, why->person, TEXT_NONE, on_ledger, why);
    if (rc == 0 && json_array_size(why->occasions) == 0 && why->who.into.p)
        why_say(why, "letter", "What was decided for this person is told of %.*s now.",
                TEXT_ARGS(why->who.into));
    else if (rc == 0 && json_array_size(why->occasions) == 0)
        why_say(why, "letter", "Nothing was ever decided for this person%s%.*s.",
                why->subject.p ? " about " : "", TEXT_ARGS(why->subject));
    if (rc == 0)
        rc = why_owed(why);
    if (rc == 0 && why->subject.p)
        rc = why_rules(why);
    return rc;
}

static void print_why(const struct why *why, bool json) {
    const char *said = "";
    json_t *line;
    size_t i;

    if (json) {
        tree_print(json_pack("{s:o,s:o,s:O}", "person", tree_text(why->person), "subject",
                             tree_text(why->subject), "lines", why->lines));
        return;
    }
    json_array_foreach(why->lines, i, line) { /* several steps may say the same */
        const char *text = json_string_value(json_object_get(line, "text"));
        if (strcmp(text, said) != 0)
            puts(text);
        said = text;
    }
}

/* 0, or an exit code. */
static int check_arguments(int argc, char **argv) {
    size_t person, subject;

    if (argc < 1 || argc > 2 || !argv[0][0] || !argv[argc - 1][0])
        return usage("why needs a person and perhaps a subject: cirkel why PERSON [SUBJECT]");
    person = strlen(argv[0]);
    subject = argc == 2 ? strlen(argv[1]) : 0;
    if (person > WHY_PERSON_MOST)
        return usage("PERSON is too long: an id has at most %d characters, this has %zu",
                     WHY_PERSON_MOST, person);
    if (subject > WHY_SUBJECT_MOST)
        return usage("SUBJECT is too long: it has at most %d characters, this has %zu",
                     WHY_SUBJECT_MOST, subject);
    return 0;
}

int verb_why(const struct options *options, int argc, char **argv) {
    struct why why = {0};
    struct key key;
    int rc, code = EXIT_DONE;

    rc = check_arguments(argc, argv);
    if (rc)
        return rc;
    home_use_clock(options->home);
    rc = look_open(&why.look, options->home);
    if (rc)
        return rc;
    why.home = options->home;
    why.person = text_of(argv[0]);
    why.about = why.subject = argc == 2 ? text_of(argv[1]) : TEXT_NONE;
    look_cut_kind(&why.subject, &why.kind);
    why.lines = json_array();
    why.occasions = json_array();
    key = key_of(why.person);
    rc = look_get(&why.look, TABLE_PERSON, &why.who, key_bytes(&key));
    bool is_nobody = rc == -ENOENT;
    if (rc == 0 && argc == 2 && !look_knows(&why.look, argv[1]))
        code = look_need_id(&why.look, argv[1]);
    if (rc == 0 && code == 0)
        rc = tell_all(&why);
    look_close(&why.look);
    if (rc == 0 && code == 0)
        print_why(&why, options->json);
    json_decref(why.lines);
    json_decref(why.occasions);
    if (is_nobody)
        return trouble("there is no person %s. See: cirkel list person", argv[0]);
    return rc ? trouble("not all could be read: %s. See: cirkel verify", strerror(-rc)) : code;
}
