/* Materials: public ones for all, members' ones for members, a cohort's for the cohort. */
#include "services/gateway/asking.h"

static int may_see(struct asking *a, const struct rec_material *m) {
    if (text_is(m->visibility, "public"))
        return 1;
    if (text_is(m->visibility, "members"))
        return sees_as_member(a, m->network);
    return sees_as_cohort(a, m->programme);
}

static int row(struct asking *a, struct bytes key, struct bytes value) {
    const struct query_materials_list *q = &a->request->body.materials_list;
    struct rec_material m;
    (void)key;
    if (!asking_read(a, TABLE_MATERIAL, value, &m) || !text_is(m.state, "published") ||
        !asked(q->network, m.network) || !asked(q->programme, m.programme) ||
        !asked(q->meeting, m.meeting) || !asked(q->kind, m.kind))
        return 0;
    int rc = may_see(a, &m);
    if (rc > 0)
        asking_add(a, &m);
    return rc < 0 ? rc : 0;
}

const struct answerer answer_materials_list = {TABLE_MATERIAL, NULL, row};
