#include "services/cirkel/body.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static json_t *number(struct text value) {
    int64_t v;
    return text_int(value, &v) ? NULL : json_integer(v);
}

static json_t *boolean(struct text value) {
    static const struct {
        const char *word;
        bool meaning;
    } words[] = {{"true", true},   {"yes", true}, {"on", true},   {"1", true},
                 {"false", false}, {"no", false}, {"off", false}, {"0", false}};
    for (unsigned i = 0; i < COUNT_OF(words); i++)
        if (text_is(value, words[i].word))
            return json_boolean(words[i].meaning);
    return NULL;
}

static json_t *list(const struct field *field, struct text value) {
    json_t *items = json_array();
    struct text part;

    while (text_cut(&value, ',', &part)) {
        struct text one = text_trim(part);
        json_t *item = field->item == FIELD_INT ? number(one) : json_stringn(one.p, one.n);
        if (!item) {
            json_decref(items);
            return NULL;
        }
        json_array_append_new(items, item);
    }
    return items;
}

/* NULL when the value is not what the field takes. */
static json_t *value_of(const struct field *field, const char *value) {
    struct text text = text_of(value);

    if ((value[0] == '{' || value[0] == '[') && field->kind != FIELD_TEXT)
        return json_loads(value, JSON_REJECT_DUPLICATES, NULL);
    switch (field->kind) {
    case FIELD_INT:
        return number(text);
    case FIELD_BOOL:
        return boolean(text);
    case FIELD_LIST:
        return list(field, text);
    case FIELD_MAP:
    case FIELD_ROWS:
        return NULL;
    default:
        return json_stringn(text.p, text.n);
    }
}

static const char *kind_in_words(const struct field *field) {
    switch (field->kind) {
    case FIELD_INT:
        return "a whole number";
    case FIELD_BOOL:
        return "true or false";
    case FIELD_LIST:
        return "values separated by commas, or a JSON list";
    case FIELD_MAP:
        return "a JSON object";
    case FIELD_ROWS:
        return "a JSON list of objects";
    default:
        return "UTF-8 text";
    }
}

static void say_fields(const struct shape *shape, struct buf *to) {
    buf_printf(to, "%s takes:", shape->name);
    for (const struct field *f = shape->fields(); f->kind != FIELD_END; f++) {
        buf_printf(to, " %.*s%s", TEXT_ARGS(field_name(f)), f->required ? "" : "?");
        if (f->choices)
            buf_printf(to, "=%s", f->choices);
    }
}

/* "title.sv": a text in one language. */
static bool split_language(struct text name, struct text *ret_name, struct text *ret_language) {
    *ret_language = name;
    return text_cut(ret_language, '.', ret_name) && ret_language->n > 0;
}

static int add_word(const struct shape *shape, const char *word, json_t *body, struct buf *reterr) {
    const char *equals = strchr(word, '=');
    struct text name = {word, equals ? (size_t)(equals - word) : 0}, first, language;
    const struct field *field = shape_field(shape, name);
    json_t *texts, *value;

    if (!equals) {
        buf_printf(reterr, "\"%s\" is no key=value", word);
        return -EINVAL;
    }
    if (!field && split_language(name, &first, &language)) {
        field = shape_field(shape, first);
        if (field && field->kind == FIELD_TEXTS) {
            texts = json_object_getn(body, first.p, first.n);
            if (!json_is_object(texts)) {
                texts = json_object();
                json_object_setn_new(body, first.p, first.n, texts);
            }
            json_object_setn_new(texts, language.p, language.n, json_string(equals + 1));
            return 0;
        }
        field = NULL;
    }
    if (!field) {
        buf_printf(reterr, "there is no field \"%.*s\". ", TEXT_ARGS(name));
        say_fields(shape, reterr);
        return -EINVAL;
    }
    value = value_of(field, equals + 1);
    if (!value) {
        buf_printf(reterr, "%.*s takes %s", TEXT_ARGS(name), kind_in_words(field));
        return -EINVAL;
    }
    json_object_setn_new(body, name.p, name.n, value);
    return 0;
}

int body_from_words(const char *type, int argc, char **argv, json_t **ret, struct buf *reterr) {
    enum msg_type msg;

    if (msg_find(text_of(type), &msg)) {
        buf_printf(reterr, "there is no type %s. The types are in: cirkel protocol", type);
        return -EINVAL;
    }
    return body_of_shape(&msg_shapes[msg], argc, argv, ret, reterr);
}

int body_of_shape(const struct shape *shape, int argc, char **argv, json_t **ret,
                  struct buf *reterr) {
    json_t *body = json_object();
    int rc = 0;

    for (int i = 0; rc == 0 && i < argc; i++)
        rc = add_word(shape, argv[i], body, reterr);
    if (rc)
        json_decref(body);
    else
        *ret = body;
    return rc;
}
