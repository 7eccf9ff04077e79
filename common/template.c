#include "common/template_inner.h"

#include <errno.h>

/* One rendering. Only lists need a place to come back to: other sections are walked through. */
struct loop_frame {
    struct template_scope scope;
    unsigned begin, end, count;
};
struct rendering {
    const struct template *template;
    template_value_fn *fn;
    void *ctx;
    template_escape_fn *escape;
    struct buf *to;
    struct template_error *reterr;
    struct loop_frame frames[TEMPLATE_NESTING_MAX];
    unsigned depth;
};

static int look_up(struct rendering *r, const struct node *node, struct template_value *ret) {
    *ret = (struct template_value){TEMPLATE_ABSENT, TEXT_NONE, false, 0};
    const struct template_scope *scope = r->depth ? &r->frames[r->depth - 1].scope : NULL;
    int rc = r->fn(r->ctx, scope, node->text, ret);
    if (rc == -ENOENT)
        return template_fail(r->reterr, rc, node->source, node->line, "\"%.*s\" is not known here",
                             TEXT_ARGS(node->text));
    if (rc < 0)
        return template_fail(r->reterr, rc, node->source, node->line, "\"%.*s\" cannot be had",
                             TEXT_ARGS(node->text));
    return 0;
}

static bool is_shown(const struct template_value *value) {
    switch (value->kind) {
    case TEMPLATE_TEXT:
        return value->text.n > 0;
    case TEMPLATE_BOOL:
        return value->is_true;
    case TEMPLATE_LIST:
        return value->count > 0;
    case TEMPLATE_ABSENT:
        break;
    }
    return false;
}

static int write_variable(struct rendering *r, const struct node *node) {
    struct template_value value;
    int rc = look_up(r, node, &value);
    if (rc < 0)
        return rc;
    if (value.kind == TEMPLATE_ABSENT)
        return template_fail(r->reterr, -ENOENT, node->source, node->line,
                             "\"%.*s\" is absent, expected {{#%.*s}} around it",
                             TEXT_ARGS(node->text), TEXT_ARGS(node->text));
    bool is_text = value.kind == TEMPLATE_TEXT || (value.kind == TEMPLATE_BOOL && value.text.p);
    if (!is_text)
        return template_fail(r->reterr, -EPROTO, node->source, node->line,
                             "\"%.*s\" is not a text, expected {{#%.*s}}", TEXT_ARGS(node->text),
                             TEXT_ARGS(node->text));
    if (r->escape && node->kind == NODE_VARIABLE)
        r->escape(r->to, value.text);
    else
        buf_text(r->to, value.text);
    return 0;
}

/* Moves *at into the section's body or past it. */
static int enter_section(struct rendering *r, const struct node *node, unsigned *at) {
    struct template_value value;
    int rc = look_up(r, node, &value);
    if (rc < 0)
        return rc;
    if (is_shown(&value) != (node->kind == NODE_SECTION)) {
        *at = node->end;
    } else if (node->kind == NODE_SECTION && value.kind == TEMPLATE_LIST) {
        must(r->depth < TEMPLATE_NESTING_MAX);
        const struct template_scope *outer = r->depth ? &r->frames[r->depth - 1].scope : NULL;
        r->frames[r->depth++] = (struct loop_frame){
            .scope = {node->text, 0, outer}, .begin = *at, .end = node->end, .count = value.count};
    }
    return 0;
}

/* At the end of a list's body: back to its beginning, or out. */
static bool turn_back(struct rendering *r, unsigned *at) {
    if (!r->depth || *at != r->frames[r->depth - 1].end)
        return false;
    struct loop_frame *frame = &r->frames[r->depth - 1];
    if (++frame->scope.index < frame->count)
        *at = frame->begin;
    else
        r->depth--;
    return true;
}

int template_render(const struct template *template, template_value_fn *fn, void *ctx,
                    template_escape_fn *escape, struct buf *to, struct template_error *reterr) {
    struct rendering r = {
        .template = template, .fn = fn, .ctx = ctx, .escape = escape, .to = to, .reterr = reterr};
    unsigned at = 0, steps = 0;
    while (at < template->count || r.depth) {
        const struct node *last = &template->nodes[at < template->count ? at : at - 1];
        if (to->over || ++steps > TEMPLATE_STEPS_MAX)
            return template_fail(reterr, -EMSGSIZE, last->source, last->line,
                                 "what is written is too long");
        if (turn_back(&r, &at))
            continue;
        const struct node *node = &template->nodes[at++];
        int rc = 0;
        if (node->kind == NODE_TEXT)
            buf_text(to, node->text);
        else if (node->kind == NODE_VARIABLE || node->kind == NODE_UNESCAPED)
            rc = write_variable(&r, node);
        else
            rc = enter_section(&r, node, &at);
        if (rc < 0)
            return rc;
    }
    if (to->over)
        return template_fail(reterr, -EMSGSIZE, TEXT_NONE, 1, "what is written is too long");
    return 0;
}

static struct text section_around(const struct template *template, const struct node *node) {
    while (node->within) {
        node = &template->nodes[node->within - 1];
        if (node->kind == NODE_SECTION)
            return node->text;
    }
    return TEXT_NONE;
}

int template_names(const struct template *template, template_use_fn *fn, void *ctx) {
    for (unsigned i = 0; i < template->count; i++) {
        const struct node *node = &template->nodes[i];
        if (node->kind == NODE_TEXT)
            continue;
        struct template_use use = {
            .name = node->text,
            .source = node->source,
            .within = section_around(template, node),
            .line = node->line,
            .is_section = node->kind == NODE_SECTION || node->kind == NODE_INVERTED,
        };
        int rc = fn(ctx, &use);
        if (rc)
            return rc;
    }
    return 0;
}
