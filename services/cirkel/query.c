/* query - asks the gateway what a frontend would ask, and prints every row of every page. */
#include "common/bus.h"
#include "common/pack.h"
#include "proto/query.h"
#include "services/cirkel/body.h"
#include "services/cirkel/home.h"
#include "services/cirkel/tree.h"
#include "services/cirkel/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PATIENCE (10 * SECONDS)
#define PAGE_ROWS 100
#define REQUEST_MAX ((size_t)16 << 10)
#define ANSWER_MAX ((size_t)4 << 20)

static int not_there(const char *home, int rc) {
    if (rc == -ETIMEDOUT || rc == -EAGAIN)
        return trouble("nobody answers in %s. Start the service with: cirkel run --home %s", home,
                       home);
    return trouble("the gateway could not be asked: %s", strerror(-rc));
}

/* {v, id, query, body, limit, person?, after?}; `answer` is the page before, NULL: none. */
static json_t *request_of(const char *query, json_t *body, const char *person, json_t *answer) {
    json_t *request = json_pack("{s:i,s:s,s:s,s:O,s:i}", "v", 1, "id", "cirkel", "query", query,
                                "body", body, "limit", PAGE_ROWS);

    must(request != NULL);
    if (person)
        json_object_set_new(request, "person", json_string(person));
    if (answer)
        json_object_set(request, "after", json_object_get(answer, "next"));
    return request;
}

/* *ret_answer is the caller's. */
static int ask(struct caller *caller, json_t *request, json_t **ret_answer) {
    char error[JSON_ERROR_TEXT];
    struct buf out, in;

    buf_init(&out, REQUEST_MAX);
    buf_init(&in, ANSWER_MAX);
    int rc = tree_to_pack(request, &out, error);
    if (rc == 0)
        rc = caller_send(caller, buf_as_bytes(&out));
    if (rc == 0)
        rc = caller_recv(caller, PATIENCE, &in);
    if (rc == 0) {
        *ret_answer = tree_from_pack(buf_as_bytes(&in));
        rc = *ret_answer ? 0 : -EBADMSG;
    }
    buf_free(&out);
    buf_free(&in);
    return rc;
}

static int say_refusal(const json_t *answer) {
    const json_t *error = json_object_get(answer, "error");
    const char *field = json_string_value(json_object_get(error, "field"));
    const char *status = json_string_value(json_object_get(answer, "status"));

    if (!error)
        return trouble("the gateway says \"%s\": there is nothing to be seen yet",
                       status ? status : "");
    fprintf(stderr, "cirkel: refused: %s%s%s: %s\n",
            json_string_value(json_object_get(error, "code")), field ? ", " : "",
            field ? field : "", json_string_value(json_object_get(error, "text")));
    return EXIT_REFUSED;
}

static void print_rows(const json_t *answer) {
    json_t *row;
    size_t i;

    json_array_foreach(json_object_get(answer, "rows"), i, row) {
        tree_print_line(json_incref(row));
    }
}

static int ask_all(const struct options *options, struct caller *caller, const char *query,
                   json_t *body) {
    json_t *answer = NULL;
    int code = EXIT_DONE;

    do {
        json_t *request = request_of(query, body, options->person, answer), *page = NULL;
        int rc = ask(caller, request, &page);
        json_decref(request);
        json_decref(answer);
        answer = NULL;
        if (rc)
            return not_there(options->home, rc);
        answer = page;
        if (json_object_get(answer, "rows"))
            print_rows(answer);
        else
            code = say_refusal(answer);
    } while (code == EXIT_DONE && json_object_get(answer, "next"));
    json_decref(answer);
    return code;
}

static int ask_gateway(const struct options *options, const char *query, json_t *body) {
    char endpoint[HOME_PATH + 8];
    struct bus_options bus = {.endpoint = endpoint, .max_bytes = ANSWER_MAX};
    struct caller *caller;
    int rc = home_need(options->home);

    if (rc)
        return rc;
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/run/gateway.ipc", options->home);
    rc = caller_open(&caller, &bus);
    if (rc)
        return not_there(options->home, rc);
    rc = ask_all(options, caller, query, body);
    caller_close(&caller);
    return rc;
}

int verb_query(const struct options *options, int argc, char **argv) {
    enum query_type query;
    struct buf error;
    json_t *body;
    int rc;

    if (argc == 0)
        return usage("query needs NAME key=value…. See: cirkel help query");
    if (query_find(text_of(argv[0]), &query))
        return usage("there is no query %s. The queries are in: cirkel protocol", argv[0]);
    buf_init(&error, 8192);
    if (body_of_shape(&query_infos[query].shape, argc - 1, argv + 1, &body, &error)) {
        rc = usage("%s", buf_cstr(&error));
    } else {
        rc = ask_gateway(options, argv[0], body);
        json_decref(body);
    }
    buf_free(&error);
    return rc;
}
