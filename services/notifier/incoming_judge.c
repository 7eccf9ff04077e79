/* incoming_judge - what is to be said of a message. Pure. */
#include "services/notifier/incoming_inner.h"

#include <stdio.h>
#include <string.h>

#include "common/pack.h"
#include "proto/codec.h"

static enum incoming_way for_a_person(struct incoming_said *said, const char *reason) {
    (void)snprintf(said->reason, sizeof said->reason, "%s", reason);
    return WAY_UNREAD;
}

/* The token that a mail program copied from the letter's List-Unsubscribe into the subject. */
static bool is_unsubscribe(struct text subject, const struct token_key *links, instant now,
                           struct incoming_said *ret) {
    struct token *t = &ret->token;
    struct text word = TEXT_NONE;
    while (text_cut(&subject, ' ', &word))
        continue; /* the last word */
    if (!word.n || token_read(links, word, t) || !text_is(t->purpose, "preference.set") ||
        !text_is(t->value, "off") || (t->expiry && t->expiry < now))
        return false;
    ret->type = MSG_PREFERENCE_SET;
    ret->body.preference =
        (struct msg_preference_set){.person = t->person, .class = TEXT_LIT("news"), .on = false};
    return true;
}

enum incoming_way incoming_judge(const struct mail_report *report, const struct token_key *links,
                                 instant now, struct incoming_said *ret) {
    memset(ret, 0, sizeof *ret);
    ret->after = WAY_DONE;
    bool is_report = report->kind < MAIL_AUTOMATIC;
    if (!is_report && is_unsubscribe(text_of(report->subject), links, now, ret))
        return WAY_SAY;
    if (report->kind == MAIL_STRANGE)
        return for_a_person(ret, "not-understood");
    if (report->message_id[0])
        return WAY_FIND;
    if (is_report)
        return for_a_person(ret, "names-no-letter-of-ours");
    return report->kind == MAIL_AUTOMATIC ? WAY_DONE : for_a_person(ret, "an-answer");
}

static const char *word_of(enum mail_kind kind) {
    static const char *const words[] = {
        [MAIL_DELIVERED] = "delivered", [MAIL_RELAYED] = "relayed", [MAIL_DELAYED] = "delayed",
        [MAIL_SOFT] = "soft",           [MAIL_HARD] = "hard",       [MAIL_COMPLAINT] = "complaint",
        [MAIL_AUTOMATIC] = "answered",  [MAIL_ANSWER] = "answered"};
    return words[kind];
}

/* Of an answer only one thing is worth saying: that the letter arrived after all. */
static bool is_in_doubt(const struct rec_ledger *row) {
    bool waits = text_is(row->state, "queued") || text_is(row->state, "deferred");
    return text_is(row->state, "unknown") || (waits && row->attempts > 0);
}

static struct text or_none(const char *s) {
    return s[0] ? text_of(s) : TEXT_NONE;
}

enum incoming_way incoming_judge_letter(const struct mail_report *report,
                                        const struct rec_ledger *row, struct text ascii_address,
                                        struct incoming_said *ret) {
    bool is_answer = report->kind == MAIL_AUTOMATIC || report->kind == MAIL_ANSWER;
    if (report->kind == MAIL_ANSWER)
        ret->after = for_a_person(ret, "an-answer");
    if (is_answer && (!row || !is_in_doubt(row)))
        return ret->after;
    if (!row)
        return for_a_person(ret, "there-is-no-such-letter");
    if (!text_eq(row->message_id, text_of(report->message_id))) /* of a copy elsewhere */
        return is_answer ? ret->after : for_a_person(ret, "it-went-to-another-address-since");
    ret->block = (struct mail_block){.kind = report->kind};
    if (report->kind == MAIL_DELIVERED)
        mail_report_of(report, ascii_address, &ret->block);
    ret->type = MSG_DELIVERY_REPORT;
    ret->body.report = (struct msg_delivery_report){.delivery = row->no,
                                                    .message_id = text_of(report->message_id),
                                                    .kind = text_of(word_of(ret->block.kind)),
                                                    .status = or_none(ret->block.status),
                                                    .said = or_none(ret->block.said)};
    return WAY_SAY;
}

void incoming_request(const struct incoming_said *said, const char *id, struct buf *to) {
    const struct shape *shape = &msg_shapes[said->type];
    buf_clear(to);
    pack_map(to, 4);
    pack_str(to, "v");
    pack_int(to, 1);
    pack_str(to, "id");
    pack_str(to, id);
    pack_str(to, "type");
    pack_str(to, shape->name);
    pack_str(to, "body");
    codec_encode(shape, &said->body, to);
    must(!to->over);
}
