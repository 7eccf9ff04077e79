/* Applications, for who wrote them, who assesses them and who leads the programme. */
#include "services/gateway/asking.h"

static void begin(struct asking *a) {
    if (a->request->body.applications_list.application.p)
        key_text(&a->prefix, a->request->body.applications_list.application);
}

static bool is_own(const struct asking *a, const struct rec_application *r) {
    return text_eq(r->contact, a->person) || list_has_text(a->as->organisations, r->organisation) ||
           list_has_text(r->staff, a->person);
}

/* Not by who declared a conflict. */
static int assesses(struct asking *a, const struct rec_application *r) {
    struct rec_assessment s;
    struct key key = key2(r->application, a->person);
    int rc = asking_get(a, TABLE_ASSESSMENT, &key, &s);
    return rc > 0 ? !text_is(s.state, "conflict") : rc;
}

static int leads(struct asking *a, const struct rec_application *r) {
    struct rec_programme p;
    struct key key = key1(r->programme);
    int rc = asking_get(a, TABLE_PROGRAMME, &key, &p);
    return rc > 0 ? text_eq(p.lead, a->person) : rc;
}

/* Nobody reads here what the letters have not told yet. */
static void hide_what_is_held(struct rec_application *r) {
    static const char *const held[] = {"eligible", "ineligible", "assessed"};
    if (r->released)
        return;
    for (unsigned i = 0; i < COUNT_OF(held); i++)
        if (text_is(r->state, held[i]))
            r->state = TEXT_LIT("submitted");
    r->outcome = TEXT_NONE;
    r->rank = 0;
    r->reasons = (struct texts){.any = TEXT_NONE};
}

static int application(struct asking *a, struct bytes key, struct bytes value) {
    struct rec_application r;
    (void)key;
    if (!asking_read(a, TABLE_APPLICATION, value, &r) ||
        !asked(a->request->body.applications_list.call, r.call))
        return 0;
    int rc = is_own(a, &r) ? 1 : assesses(a, &r);
    rc = rc ? rc : leads(a, &r);
    if (rc <= 0)
        return rc;
    hide_what_is_held(&r);
    asking_add(a, &r);
    return 0;
}

const struct answerer answer_applications_list = {TABLE_APPLICATION, begin, application};
