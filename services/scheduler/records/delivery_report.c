/* What became of a letter after it had left: what a person knows, and what mail servers report. */
#include <errno.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/suppression.h"

static int find_letter(struct office *o, int64_t no, struct rec_ledger *ret) {
    int rc = ledger_get(o, (uint64_t)no, ret);
    if (rc == -ENOENT)
        return refuse(o, "not-found", "delivery", "There is no delivery %lld.", (long long)no);
    return rc;
}

static int put(struct office *o, const struct rec_ledger *row) {
    return office_put(o, TABLE_LEDGER, key_no((uint64_t)row->no), row);
}

/* It waits to go a second time, because nobody knows whether the first copy left. */
static bool is_resend(const struct rec_ledger *row) {
    return ledger_is_waiting(row) && row->resends > 0;
}

/* ---- what a person knows ---- */

int apply_delivery_settle(struct office *o, const struct msg_delivery_settle *m) {
    struct rec_ledger row;
    bool sent = text_is(m->outcome, "sent");
    int rc = find_letter(o, m->delivery, &row);
    if (rc)
        return rc;
    bool open = text_is(row.state, "unknown") || is_resend(&row);
    if (!open && !text_eq(row.settled, m->outcome))
        return refuse(o, "wrong-state", "delivery", "The letter is %.*s; its fate is known.",
                      TEXT_ARGS(row.state));
    office_about(o, "ledger", arena_printf(o->arena, "%lld", (long long)m->delivery));
    row.settled = m->outcome;
    if (open && sent)
        rc = ledger_move(o, &row, "accept", TEXT_LIT("a person knows that it arrived"));
    else if (text_is(row.state, "unknown")) {
        row.left = 0;
        rc = ledger_move(o, &row, "resend", TEXT_LIT("a person knows that it did not leave"));
    } else if (open) { /* it goes again by itself */
        row.left = 0;
        rc = ledger_move(o, &row, "wait", row.reason);
    }
    answer_text(o, "state", row.state);
    return rc;
}

/* ---- what mail servers report ---- */

/* Whatever is said of it, it had left. */
static int left(struct office *o, struct rec_ledger *row) {
    if (text_is(row->state, "unknown") || (ledger_is_waiting(row) && row->attempts > 0))
        return ledger_move(o, row, "accept", TEXT_LIT("its fate was unknown; a report settled it"));
    return put(o, row);
}

static int came_back(struct office *o, struct rec_ledger *row, const char *kind) {
    struct text reason = text_is(text_of(kind), "hard")
                             ? TEXT_LIT("it came back: the address was refused for good")
                             : TEXT_LIT("it came back");
    int rc = ledger_move(o, row, "bounce", reason);
    return rc == -EPROTO ? put(o, row) : rc; /* it has ended otherwise; that stays */
}

static int note(struct office *o, struct rec_ledger *row, const struct msg_delivery_report *m) {
    bool there = text_is(m->kind, "delivered") || text_is(m->kind, "complaint") ||
                 text_is(m->kind, "answered");
    row->report = m->kind;
    row->report_status = m->status;
    row->reported = o->said;
    if (there && !row->delivered)
        row->delivered = o->said;
    if (m->said.n && row->address.p) /* of someone who was erased nothing comes back */
        row->reply = m->said;
    if (text_is(m->kind, "hard"))
        return came_back(o, row, "hard");
    if (text_is(m->kind, "soft"))
        return came_back(o, row, "soft");
    return left(o, row);
}

int apply_delivery_report(struct office *o, const struct msg_delivery_report *m) {
    struct rec_ledger row;
    int rc = find_letter(o, m->delivery, &row);
    if (rc)
        return rc;
    if (!row.message_id.p || !text_eq(row.message_id, m->message_id))
        return refuse(o, "conflict", "message_id", "Delivery %lld has another Message-ID.",
                      (long long)m->delivery);
    if (!row.attempts)
        return refuse(o, "wrong-state", "delivery", "The letter is %.*s and has never left.",
                      TEXT_ARGS(row.state));
    office_about(o, "ledger", arena_printf(o->arena, "%lld", (long long)m->delivery));
    rc = note(o, &row, m);
    answer_text(o, "state", row.state);
    if (rc || !row.address.p)
        return rc;
    if (text_is(m->kind, "hard"))
        return suppression_report(o, &row, "hard", m->status);
    if (text_is(m->kind, "soft") || text_is(m->kind, "delayed"))
        return suppression_report(o, &row, "soft", m->status);
    if (text_is(m->kind, "complaint"))
        return suppression_report(o, &row, "complaint", m->status);
    return 0;
}

/* ---- what operators lift ---- */

int apply_suppression_lift(struct office *o, const struct msg_suppression_lift *m) {
    struct rec_suppression s;
    struct rec_person p;
    int rc = office_get(o, TABLE_SUPPRESSION, key1(m->suppression), &s);
    if (rc == -ENOENT && (rc = office_get(o, TABLE_PERSON, key1(m->suppression), &p)) == 0)
        rc = suppression_of(o, p.email, &s);
    if (rc == -ENOENT)
        return refuse(
            o, "not-found", "suppression",
            "There is no suppression %.*s, nor a person of that id whose address has one.",
            TEXT_ARGS(m->suppression));
    if (rc)
        return rc;
    if (text_is(s.state, "lifted"))
        return refuse(o, "already", "suppression", "It was lifted before.");
    office_about(o, "suppression", s.suppression);
    answer_text(o, "suppression", s.suppression);
    answer_text(o, "person", s.person);
    return suppression_lift(o, &s, m->reason.p ? m->reason : TEXT_LIT("an operator lifted it"));
}
