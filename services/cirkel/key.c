/* key - keys of frontends that reach intake over the network. */
#include "proto/keyring.h"
#include "services/cirkel/home.h"
#include "services/cirkel/table_out.h"
#include "services/cirkel/tree.h"
#include "services/cirkel/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct secret { /* as text: what the owner needs to connect */
    char public_z85[BUS_KEY_TEXT], secret_z85[BUS_KEY_TEXT], server_z85[BUS_KEY_TEXT];
};

static int write_secret(const char *dir, const char *owner, const struct secret *secret) {
    char path[HOME_PATH];
    struct buf text;
    int rc;

    if (snprintf(path, sizeof path, "%s/%s.key", dir, owner) >= (int)sizeof path)
        return usage("the name of the folder is too long");
    buf_init(&text, 1024);
    buf_printf(&text, "owner = %s\npublic = %s\nsecret = %s\nserver = %s\n", owner,
               secret->public_z85, secret->secret_z85, secret->server_z85);
    rc = write_file(path, 0600, buf_as_bytes(&text));
    explicit_bzero(text.p, text.n);
    buf_free(&text);
    if (rc)
        return trouble("%s: %s. Revoke the key and make a new one: cirkel key revoke %s", path,
                       strerror(-rc), owner);
    printf("Wrote %s: hand it over safely, then remove it here.\n", path);
    return EXIT_DONE;
}

static int show_secret(const struct options *options, const char *owner,
                       const struct secret *secret) {
    if (options->out)
        return write_secret(options->out, owner, secret);
    if (options->json) {
        tree_print_line(json_pack("{s:s,s:s,s:s,s:s}", "owner", owner, "public", secret->public_z85,
                                  "secret", secret->secret_z85, "server", secret->server_z85));
        return EXIT_DONE;
    }
    printf("%s may come in. This is shown once and kept nowhere:\n\n"
           "  public  %s\n  secret  %s\n  server  %s\n\n"
           "`server` is our public key, which the frontend needs to be sure of us.\n",
           owner, secret->public_z85, secret->secret_z85, secret->server_z85);
    return EXIT_DONE;
}

static int key_new(const struct options *options, const char *keys, const char *owner) {
    struct text types[KEYRING_TYPES + 1], rest = text_of(options->types);
    struct bus_key made, server;
    struct secret secret;
    struct buf error;
    unsigned count = 0;
    int rc;

    while (count < COUNT_OF(types) && text_cut(&rest, ',', &types[count])) {
        types[count] = text_trim(types[count]);
        count++;
    }
    if (count == 0)
        return usage(
            "say what the key may say: --types 'registration.*,membership.request' (or '*')");
    rc = keyring_server(keys, true, &server);
    if (rc)
        return trouble("%s/server.key: %s", keys, keyring_server_trouble(rc));
    buf_init(&error, 8192);
    rc = keyring_new_client(keys, text_of(owner), types, count, options->operator_ != NULL, &made,
                            &error);
    if (rc == -EEXIST) {
        rc = usage("%s has a key already. To replace it: cirkel key revoke %s", owner, owner);
    } else if (rc) {
        struct text why = text_trim(error.n ? buf_as_text(&error) : text_of(strerror(-rc)));
        rc = usage("%.*s", TEXT_ARGS(why));
    } else {
        bus_key_text(made.public_key, secret.public_z85);
        bus_key_text(made.secret_key, secret.secret_z85);
        bus_key_text(server.public_key, secret.server_z85);
        rc = show_secret(options, owner, &secret);
    }
    explicit_bzero(&made, sizeof made);
    explicit_bzero(&server, sizeof server);
    explicit_bzero(&secret, sizeof secret);
    buf_free(&error);
    return rc;
}

struct key_listing {
    struct table_out *table;
    json_t *tree;
};

static int on_client(void *ctx, const struct key_client *client) {
    struct key_listing *listing = ctx;
    json_t *types = json_array();
    struct buf text;

    buf_init(&text, 8192);
    for (unsigned i = 0; i < client->type_count; i++) {
        buf_printf(&text, "%s%s", i ? ", " : "", client->types[i]);
        json_array_append_new(types, json_string(client->types[i]));
    }
    table_out_row(listing->table);
    table_out_printf(listing->table, "%s", client->owner);
    table_out_printf(listing->table, "%s", client->is_operator ? "yes" : "");
    table_out_cell(listing->table, buf_as_text(&text));
    table_out_printf(listing->table, "%s", client->public_z85);
    json_array_append_new(listing->tree, json_pack("{s:s,s:b,s:o,s:s}", "owner", client->owner,
                                                   "operator", client->is_operator, "types", types,
                                                   "public", client->public_z85));
    buf_free(&text);
    return 0;
}

static int key_list(const struct options *options, const char *keys) {
    struct key_listing listing = {table_out_new("owner operator ~types public"), json_array()};
    struct keyring *keyring = NULL;
    struct buf error;
    int rc;

    buf_init(&error, 65536);
    rc = keyring_open(&keyring, keys, &error);
    if (error.n)
        fputs(buf_cstr(&error), stderr);
    if (keyring) {
        (void)keyring_list(keyring, on_client, &listing);
        if (options->json)
            tree_print_line(json_incref(listing.tree));
        else if (table_out_rows(listing.table))
            table_out_print(listing.table);
        else
            puts("No keys. Make one with: cirkel key new OWNER --types 'registration.*'");
    }
    keyring_close(&keyring);
    table_out_free(&listing.table);
    json_decref(listing.tree);
    buf_free(&error);
    if (rc == -EBADMSG) /* said above, with file and line */
        return EXIT_USAGE;
    return rc ? trouble("%s: %s", keys, strerror(-rc)) : EXIT_DONE;
}

static int key_revoke(const char *keys, const char *owner) {
    int rc = keyring_revoke(keys, text_of(owner));

    if (rc == -ENOENT)
        return usage("%s has no key. See: cirkel key list", owner);
    if (rc)
        return trouble("the key of %s could not be removed: %s", owner, strerror(-rc));
    printf("%s is let in no more, within 5 s.\n", owner);
    return EXIT_DONE;
}

int verb_key(const struct options *options, int argc, char **argv) {
    char keys[HOME_PATH];
    int rc = home_need(options->home);

    if (rc)
        return rc;
    home_path(keys, options->home, "keys");
    if (argc == 1 && strcmp(argv[0], "list") == 0)
        return key_list(options, keys);
    rc = home_need_own(options->home);
    if (rc)
        return rc;
    if (argc == 2 && strcmp(argv[0], "new") == 0)
        return key_new(options, keys, argv[1]);
    if (argc == 2 && strcmp(argv[0], "revoke") == 0)
        return key_revoke(keys, argv[1]);
    return usage("key needs new OWNER, list, or revoke OWNER. See: cirkel help key");
}
