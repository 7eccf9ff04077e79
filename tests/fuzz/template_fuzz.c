/* Whatever the source: it is refused with a reason, or it renders within the limits. */
#include "common/template.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int value_of(void *ctx, const struct template_scope *scope, struct text name,
                    struct template_value *ret) {
    (void)ctx;
    must(name.n > 0 && name.n <= TEMPLATE_NAME_MAX);
    for (; scope; scope = scope->outer)
        must(scope->index < 2);
    switch (name.p[0] % 4) {
    case 0:
        *ret = (struct template_value){.kind = TEMPLATE_TEXT, .text = name};
        break;
    case 1:
        *ret = (struct template_value){.kind = TEMPLATE_LIST, .count = 2};
        break;
    case 2:
        *ret = (struct template_value){.kind = TEMPLATE_BOOL, .is_true = name.n > 1};
        break;
    default:
        return name.n > 1 ? -ENOENT : 0;
    }
    return 0;
}

static int partial_of(void *ctx, struct text name, struct text *ret) {
    *ret = *(struct text *)ctx; /* itself */
    return name.n > 1 ? -ENOENT : 0;
}

/* As much longer as an escape makes a text. */
static void escape(struct buf *to, struct text text) {
    for (size_t i = 0; i < text.n; i++) {
        buf_char(to, '\\');
        buf_char(to, text.p[i]);
    }
}

static int count_use(void *ctx, const struct template_use *use) {
    *(unsigned *)ctx += use->line > 0;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text source = {(const char *)data, size};
    struct template *template = NULL;
    struct template_error error = {0};
    unsigned uses = 0;
    struct buf to;
    buf_init(&to, 10000);
    int rc = template_parse(&template, source, partial_of, &source, &error);
    if (rc == 0) {
        (void)template_names(template, count_use, &uses);
        rc = template_render(template, value_of, NULL, escape, &to, &error);
    }
    must(rc == 0 || (error.line > 0 && error.what[0]));
    must(to.n <= 10000);
    template_free(&template);
    buf_free(&to);
    return 0;
}
