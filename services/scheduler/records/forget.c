#include "services/scheduler/records/forget.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/pack.h"

#define BLANK TEXT_LIT("(erased)")
#define IDS_MOST 64 /* of one person: her own, and those of records that were merged into it */

struct who {
    struct text id[IDS_MOST];
    unsigned count;
    struct text address; /* absent: others have it, too */
    struct arena *arena; /* of what is kept here */
};

static bool is_she(const struct who *who, struct text id) {
    for (unsigned i = 0; id.p && i < who->count; i++)
        if (text_eq(who->id[i], id))
            return true;
    return false;
}

/* Every row of a table, each in memory that is free again after it. */
typedef int row_fn(struct office *o, struct key at, struct bytes value, struct who *who);

static int each(struct office *o, enum table table, row_fn *fn, struct who *who) {
    struct arena *arena = o->arena;
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    int rc = 0;
    o->arena = o->scratch;
    while (rc == 0 && (rc = office_next(o, table, &none, &at, &value)) == 0) {
        rc = fn(o, at, value, who);
        arena_reset(o->scratch);
    }
    o->arena = arena;
    return rc == -ENOENT ? 0 : rc;
}

static int note_merged(struct office *o, struct key at, struct bytes value, struct who *who) {
    struct rec_person p;
    int rc = office_read(o, TABLE_PERSON, value, &p);
    (void)at;
    if (rc == 0 && is_she(who, p.into) && !is_she(who, p.person) && who->count < IDS_MOST)
        who->id[who->count++] = arena_text(who->arena, p.person);
    return rc;
}

static int find_ids(struct office *o, struct who *who) {
    unsigned before = 0;
    int rc = 0;
    while (rc == 0 && who->count > before) {
        before = who->count;
        rc = each(o, TABLE_PERSON, note_merged, who);
    }
    return rc;
}

/* ---- what she wrote ---- */

static bool is_her_address(const struct who *who, struct text address) {
    return address.p && who->address.p && address.n == who->address.n &&
           strncasecmp(address.p, who->address.p, address.n) == 0;
}

static bool is_her_idea(const struct who *who, const struct rec_idea *r) {
    return r->person.p ? is_she(who, r->person) : is_her_address(who, r->contact);
}

static void blank_idea(struct rec_idea *r) {
    r->text = BLANK;
    r->answer = r->answer.p ? BLANK : TEXT_NONE;
    r->contact = TEXT_NONE;
}

static void blank_notes(struct office *o, struct rec_case *c) {
    struct list before = c->notes;
    struct part_note n;
    struct buf b;
    uint32_t count = 0;
    buf_init(&b, 1 << 20);
    while (codec_next_part(&before, PART_note, &n)) {
        n.text = BLANK;
        codec_add_part(&b, PART_note, &n);
        count++;
    }
    must(!b.over);
    c->notes = (struct list){arena_bytes(o->arena, buf_as_bytes(&b)), count};
    buf_free(&b);
}

static int idea_row(struct office *o, struct key at, struct bytes value, struct who *who) {
    struct rec_idea r;
    int rc = office_read(o, TABLE_IDEA, value, &r);
    if (rc || !is_her_idea(who, &r))
        return rc;
    blank_idea(&r);
    return office_put(o, TABLE_IDEA, at, &r);
}

static int case_row(struct office *o, struct key at, struct bytes value, struct who *who) {
    struct rec_case r;
    int rc = office_read(o, TABLE_CASE, value, &r);
    if (rc || !is_she(who, r.person))
        return rc;
    blank_notes(o, &r);
    return office_put(o, TABLE_CASE, at, &r);
}

/* ---- what was said of her and set aside: that it was stays, its bytes go ---- */

static bool names_her(const struct who *who, struct bytes body) {
    struct pack_reader r = pack_read(body);
    enum pack_kind kind;
    struct text t;
    uint32_t count;
    while ((kind = pack_peek(&r)) != PACK_END) {
        bool is_text = kind == PACK_TEXT;
        bool ok = is_text              ? pack_read_text(&r, &t)
                  : kind == PACK_MAP   ? pack_read_map(&r, &count)
                  : kind == PACK_ARRAY ? pack_read_array(&r, &count)
                                       : pack_skip(&r);
        if (!ok)
            return true; /* nobody can say */
        if (is_text && (is_she(who, t) || is_her_address(who, t)))
            return true;
    }
    return false;
}

static int aside_row(struct office *o, struct key at, struct bytes value, struct who *who) {
    struct rec_quarantined q;
    struct rec_event e;
    int rc = office_read(o, TABLE_QUARANTINE, value, &q);
    if (rc || !q.event.p)
        return rc;
    if (codec_decode(&rec_shapes[REC_EVENT], CODEC_LENIENT, q.event, &e, NULL) == 0 &&
        !names_her(who, e.body))
        return 0;
    q.event = (struct bytes){NULL, 0};
    return office_put(o, TABLE_QUARANTINE, at, &q);
}

/* ---- the letters about it, whoever they went to, show it as it was ---- */

static int blank_written(struct office *o, const struct who *who, struct rec_occasion *occasion) {
    struct rec_idea idea = {.person = TEXT_NONE};
    struct rec_case c = {.person = TEXT_NONE};
    int rc = occasion->idea.p ? office_unpack(o, REC_IDEA, occasion->idea, &idea) : 0;
    if (rc == 0 && occasion->case_.p)
        rc = office_unpack(o, REC_CASE, occasion->case_, &c);
    if (rc == 0 && occasion->idea.p && is_her_idea(who, &idea)) {
        blank_idea(&idea);
        occasion->idea = office_pack(o, REC_IDEA, &idea);
    }
    if (rc == 0 && occasion->case_.p && is_she(who, c.person)) {
        blank_notes(o, &c);
        occasion->case_ = office_pack(o, REC_CASE, &c);
    }
    return rc;
}

static int blank_lead(struct office *o, const struct who *who, struct rec_occasion *occasion) {
    struct rec_network n = {.lead = TEXT_NONE};
    struct rec_programme p = {.lead = TEXT_NONE};
    int rc = occasion->network.p ? office_unpack(o, REC_NETWORK, occasion->network, &n) : 0;
    if (rc == 0 && occasion->programme.p)
        rc = office_unpack(o, REC_PROGRAMME, occasion->programme, &p);
    if (rc == 0 && is_she(who, n.lead.p ? n.lead : p.lead))
        occasion->lead = TEXT_NONE;
    return rc;
}

static int blank_adviser(struct office *o, const struct who *who, struct rec_occasion *occasion) {
    struct rec_case c = {.adviser = TEXT_NONE};
    struct rec_participation p = {.adviser = TEXT_NONE};
    int rc = occasion->case_.p ? office_unpack(o, REC_CASE, occasion->case_, &c) : 0;
    if (rc == 0 && occasion->participation.p)
        rc = office_unpack(o, REC_PARTICIPATION, occasion->participation, &p);
    if (rc == 0 && (is_she(who, c.adviser) || is_she(who, p.adviser)))
        occasion->adviser = TEXT_NONE;
    return rc;
}

/* There are as many as letters, and few are hers: the others are not even decoded. */
static bool may_be_hers(const struct who *who, struct bytes raw) {
    static const char contact[] = "contact"; /* may be her address, in capitals or not */
    if (who->address.p && memmem(raw.p, raw.n, contact, sizeof contact - 1))
        return true;
    for (unsigned i = 0; i < who->count; i++)
        if (memmem(raw.p, raw.n, who->id[i].p, who->id[i].n))
            return true;
    return false;
}

static int occasion_row(struct office *o, struct key at, struct bytes value, struct who *who) {
    struct rec_occasion was, now;
    if (!may_be_hers(who, value))
        return 0;
    int rc = office_read(o, TABLE_OCCASION, value, &was);
    now = was;
    if (rc == 0)
        rc = blank_written(o, who, &now);
    if (rc == 0)
        rc = blank_lead(o, who, &now);
    if (rc == 0)
        rc = blank_adviser(o, who, &now);
    bool same = now.idea.p == was.idea.p && now.case_.p == was.case_.p &&
                now.lead.p == was.lead.p && now.adviser.p == was.adviser.p;
    return rc || same ? rc : office_put(o, TABLE_OCCASION, at, &now);
}

int forget_person(struct office *o, struct text person, struct text address) {
    struct who who = {.id = {person}, .count = 1, .address = address, .arena = o->arena};
    int rc = find_ids(o, &who);
    if (rc == 0)
        rc = each(o, TABLE_IDEA, idea_row, &who);
    if (rc == 0)
        rc = each(o, TABLE_CASE, case_row, &who);
    if (rc == 0)
        rc = each(o, TABLE_QUARANTINE, aside_row, &who);
    return rc ? rc : each(o, TABLE_OCCASION, occasion_row, &who);
}
