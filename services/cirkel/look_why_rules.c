#include "services/cirkel/look_why.h"

#include "services/cirkel/child.h"
#include "services/cirkel/home.h"
#include "services/cirkel/outlook.h"

#include <errno.h>
#include <stdio.h>

#define OUTPUT_MAX ((size_t)64 << 20)

static bool has_row(const struct why *why, json_int_t occasion) {
    json_t *one;
    size_t i;

    json_array_foreach(why->occasions, i, one) if (json_integer_value(one) == occasion) return true;
    return false;
}

static void tell_line(struct why *why, struct text text) {
    json_t *line = json_loadb(text.p, text.n, 0, NULL);
    json_int_t occasion = json_integer_value(json_object_get(line, "occasion"));

    if (line && !(occasion && has_row(why, occasion))) { /* what she got is told already */
        json_object_set_new(line, "what", json_string("rule"));
        why_event_of_rule(why, line);
        json_array_append(why->lines, line);
    }
    json_decref(line);
}

int why_rules(struct why *why) {
    static char home[] = "--home", clock[] = "--clock", person[] = "--why", about[] = "--about";
    char program[HOME_PATH], who[WHY_PERSON_MOST + 1], subject[WHY_SUBJECT_MOST + 1];
    char *argv[9] = {program, home, (char *)(uintptr_t)why->home, person, who, about, subject};
    struct buf output;
    struct text rest, line;
    int rc = home_program("scheduler", program);

    if (rc == 0)
        rc = text_copy(why->person, who, sizeof who);
    if (rc == 0)
        rc = text_copy(why->about, subject, sizeof subject);
    if (rc)
        return rc;
    if (home_use_clock(why->home))
        argv[7] = clock;
    buf_init(&output, OUTPUT_MAX);
    rc = child_run(argv, &output);
    rest = buf_as_text(&output);
    while (rc == 0 && text_cut(&rest, '\n', &line))
        tell_line(why, line);
    buf_free(&output);
    return rc > 0 ? -EIO : rc;
}
