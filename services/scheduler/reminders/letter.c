#include "services/scheduler/reminders/letter.h"

#include <errno.h>

#include "services/scheduler/reminders/plan.h"

static char *string(struct office *o, struct text t) {
    return (char *)(uintptr_t)arena_text(o->arena, t).p;
}

int letter_rule(struct office *o, const struct rec_letter *letter, struct rule *ret) {
    struct list texts = letter->texts;
    struct text language, hash;
    struct buf why;
    *ret = (struct rule){.name = string(o, TEXT_LIT(LETTER_RULE)),
                         .version = "1",
                         .steps = 1,
                         .to = string(o, letter->audience),
                         .letter = string(o, letter->letter),
                         .class = string(o, letter->class),
                         .calendar = string(o, TEXT_LIT("")),
                         .late = LATE_SEND};
    must(subject_kind_find(TEXT_LIT("letter"), &ret->about) == 0);
    while (codec_next_pair_text(&texts, &language, &hash))
        for (unsigned i = 0; i < LANGUAGES; i++)
            if (text_is(language, languages[i]) &&
                text_copy(hash, ret->text_hash[i], sizeof ret->text_hash[i]))
                return -EBADMSG;
    buf_init(&why, 1000);
    int rc = audience_parse(text_of(ret->to), &ret->audience, &why);
    buf_free(&why);
    return rc ? -EBADMSG : 0;
}

int letter_plan(struct office *o, struct text letter, struct rec_plan *ret) {
    struct key at = {.n = 0};
    int rc;
    while ((rc = plan_next(o, "letter", letter, &at, ret)) == 0)
        if (text_is(ret->state, "planned") || text_is(ret->state, "firing"))
            return 0;
    return rc;
}
