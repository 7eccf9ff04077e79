#include <string.h>

#include "proto/describe_inner.h"
#include "proto/machine.h"

/* Mermaid takes no hyphen in the name of a state. */
static void add_state(const char *state, struct buf *to) {
    if (strcmp(state, "none") == 0) {
        buf_str(to, "[*]");
        return;
    }
    for (const char *p = state; *p; p++)
        buf_char(to, *p == '-' ? '_' : *p);
}

static void add_picture(const struct transition *t, unsigned count, struct buf *to) {
    buf_str(to, "```mermaid\nstateDiagram-v2\n");
    for (unsigned i = 0; i < count; i++) {
        buf_str(to, "    ");
        add_state(t[i].state, to);
        buf_str(to, " --> ");
        add_state(t[i].next, to);
        buf_printf(to, " : %s\n", t[i].event);
    }
    buf_str(to, "```\n\n");
}

static void add_table(const struct transition *t, unsigned count, struct buf *to) {
    buf_str(to, "| in state | on | goes to | because |\n|---|---|---|---|\n");
    for (unsigned i = 0; i < count; i++)
        buf_printf(to, "| %s | `%s` | %s | %s |\n", t[i].state, t[i].event, t[i].next,
                   t[i].because);
    buf_char(to, '\n');
}

static void add_title(const char *machine, struct buf *to) {
    buf_str(to, "### States of a ");
    for (const char *p = machine; *p; p++)
        buf_char(to, *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p);
    buf_str(to, "\n\n");
}

void describe_machines(struct buf *to) {
    unsigned count;

    buf_str(to,
            "## States\n\nWhat may follow what; everything else is refused with `wrong-state`.\n"
            "`none` is what does not exist yet.\n\n");
    for (unsigned start = 0; start < transition_count; start += count) {
        const struct transition *t = &transitions[start];
        for (count = 1; start + count < transition_count; count++)
            if (strcmp(t[count].machine, t->machine) != 0)
                break;
        add_title(t->machine, to);
        add_picture(t, count, to);
        add_table(t, count, to);
    }
}
