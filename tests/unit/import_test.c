/* service: cirkel */
#include "services/cirkel/import.h"
#include "tests/harness/folder.h"
#include "tests/harness/rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char home[FOLDER_BYTES];

/* Anna of Borås, who is a member of the network "net"; Malmö has closed. */
static void put_world(struct txn *txn) {
    struct rec_organisation o = {.organisation = TEXT_LIT("boras"),
                                 .state = TEXT_LIT("active"),
                                 .name = TEXT_LIT("Borås stad"),
                                 .kind = TEXT_LIT("municipality"),
                                 .country = TEXT_LIT("SE")};
    struct rec_person p = {.person = TEXT_LIT("anna"),
                           .state = TEXT_LIT("active"),
                           .name = TEXT_LIT("Anna"),
                           .email = TEXT_LIT("anna@boras.example"),
                           .language = TEXT_LIT("sv")};
    struct rec_network n = {.network = TEXT_LIT("net"),
                            .state = TEXT_LIT("open"),
                            .name = {.any = TEXT_LIT("Net")},
                            .host = TEXT_LIT("boras"),
                            .lead = TEXT_LIT("anna"),
                            .zone = TEXT_LIT("Europe/Stockholm")};
    struct rec_membership m = {.network = TEXT_LIT("net"),
                               .person = TEXT_LIT("anna"),
                               .state = TEXT_LIT("active"),
                               .zone = TEXT_LIT("Europe/Stockholm")};
    struct buf organisations;

    buf_init(&organisations, 100);
    codec_add_text(&organisations, TEXT_LIT("boras"));
    p.organisations = codec_list(&organisations, 0, 1);
    rows_put(txn, TABLE_ORGANISATION, ROWS_KEY("boras"), &o);
    o.organisation = TEXT_LIT("malmo");
    o.name = TEXT_LIT("Malmö stad");
    o.state = TEXT_LIT("closed");
    rows_put(txn, TABLE_ORGANISATION, ROWS_KEY("malmo"), &o);
    rows_put(txn, TABLE_PERSON, ROWS_KEY("anna"), &p);
    p.person = TEXT_LIT("gone");
    p.state = TEXT_LIT("erased");
    p.email = p.name = TEXT_NONE;
    rows_put(txn, TABLE_PERSON, ROWS_KEY("gone"), &p);
    rows_mark(txn, TABLE_ADDRESS, ROWS_KEY("anna@boras.example"), "anna");
    rows_put(txn, TABLE_NETWORK, ROWS_KEY("net"), &n);
    rows_put(txn, TABLE_MEMBERSHIP, ROWS_KEY("net", "anna"), &m);
    buf_free(&organisations);
}

static void read_text(struct import *import, enum import_kind kind, const char *network,
                      const char *file) {
    char core[FOLDER_BYTES + 32], path[FOLDER_BYTES + 32];
    struct store_options options = {.dir = core, .tables = table_names, .count = TABLE_COUNT};

    snprintf(core, sizeof core, "%s/core", home);
    snprintf(path, sizeof path, "%s/file.csv", home);
    assert_int_equal(write_file(path, 0600, (struct bytes){file, strlen(file)}), 0);
    *import = (struct import){.kind = kind, .network = text_of(network)};
    assert_int_equal(store_open(&import->look.store, &options), 0);
    assert_int_equal(store_begin_read(import->look.store, &import->look.txn), 0);
    assert_int_equal(import_read(import, path), 0);
    look_close(&import->look);
}

/* One line of a file whose other lines are good: what becomes of it, and why. */
static const struct {
    enum import_kind kind;
    const char *header, *line;
    enum import_fate fate;
    const char *column, *reason;
} cases[] = {
    {IMPORT_PEOPLE, "person;name;email;language", "bo;Bo;bo@boras.example;sv", IMPORT_NEW, "", ""},
    {IMPORT_PEOPLE, "name;email;language", "Bo;bo@boras.example;sv", IMPORT_NEW, "", ""},
    {IMPORT_PEOPLE, "person;name;email;language", ";Bo;bo@boras.example;sv", IMPORT_NEW, "", ""},
    {IMPORT_PEOPLE, "person;name;email;language;organisation;functions",
     "bo;Bo;bo@boras.example;sv;boras;environment|textiles", IMPORT_NEW, "", ""},
    {IMPORT_PEOPLE, "person;name;email;language;organisation",
     "anna;Anna;anna@boras.example;sv;boras", IMPORT_THERE, "", ""},
    {IMPORT_PEOPLE, "name;email;language;organisations", "Anna;anna@boras.example;sv;boras",
     IMPORT_THERE, "", ""},
    {IMPORT_PEOPLE, "person;name;email;language", "anna;Anna;anna@boras.example;sv", IMPORT_THERE,
     "", ""},
    {IMPORT_PEOPLE, "person;name;email;language;functions", "anna;Anna;anna@boras.example;sv;wool",
     IMPORT_BAD, "person", "another functions"},
    {IMPORT_PEOPLE, "person;name;email;language;organisation",
     "anna;Ann;anna@boras.example;sv;boras", IMPORT_BAD, "person", "another name"},
    {IMPORT_PEOPLE, "person;name;email;language", "gone;X;x@boras.example;sv", IMPORT_BAD, "person",
     "another state"},
    {IMPORT_PEOPLE, "person;name;email;language", "bo;Bo;ANNA@boras.example;sv", IMPORT_BAD,
     "email", "anna already"},
    {IMPORT_PEOPLE, "person;name;email;language", "bo;Bo;no address;sv", IMPORT_BAD, "email", ""},
    {IMPORT_PEOPLE, "person;name;email;language", "bo;Bo;;sv", IMPORT_BAD, "email", ""},
    {IMPORT_PEOPLE, "person;name;email;language", "bo;Bo;bo@boras.example;fi", IMPORT_BAD,
     "language", ""},
    {IMPORT_PEOPLE, "person;name;email;language", "B O;Bo;bo@boras.example;sv", IMPORT_BAD,
     "person", ""},
    {IMPORT_PEOPLE, "person;name;email;language;organisation", "bo;Bo;bo@boras.example;sv;nowhere",
     IMPORT_BAD, "organisation", "no organisation nowhere"},
    {IMPORT_PEOPLE, "person;name;email;language;organisations",
     "bo;Bo;bo@boras.example;sv;boras|malmo", IMPORT_BAD, "organisations", "malmo is closed"},
    {IMPORT_PEOPLE, "person;name;email;language", "bo;Bo;bo@boras.example;sv;more", IMPORT_BAD, "",
     "5 cells, but 4 columns"},
    {IMPORT_PEOPLE, "person;name;email;language;organisations", "bo;Bo;bo@boras.example;sv;a b",
     IMPORT_BAD, "organisations", ""},
    {IMPORT_ORGANISATIONS, "organisation,name,kind,country", "lund,Lund,municipality,SE",
     IMPORT_NEW, "", ""},
    {IMPORT_ORGANISATIONS, "organisation,name,kind,country,parent", "b2,Borås 2,other,SE,boras",
     IMPORT_NEW, "", ""},
    {IMPORT_ORGANISATIONS, "organisation,name,kind,country", "boras,Borås stad,municipality,SE",
     IMPORT_THERE, "", ""},
    {IMPORT_ORGANISATIONS, "name,kind,country", "Borås stad,municipality,SE", IMPORT_THERE, "", ""},
    {IMPORT_ORGANISATIONS, "organisation,name,kind,country", "boras,Borås,municipality,SE",
     IMPORT_BAD, "organisation", "another name"},
    {IMPORT_ORGANISATIONS, "name,kind,country", "Borås stad,company,SE", IMPORT_BAD, "name",
     "another kind"},
    {IMPORT_ORGANISATIONS, "organisation,name,kind,country", "lund,Lund,town,SE", IMPORT_BAD,
     "kind", ""},
    {IMPORT_ORGANISATIONS, "organisation,name,kind,country,parent", "lund,Lund,other,SE,nowhere",
     IMPORT_BAD, "parent", "no organisation nowhere"},
    {IMPORT_ORGANISATIONS, "organisation,name,kind,country,parent", "lund,Lund,other,SE,lund",
     IMPORT_BAD, "parent", "its own parent"},
    {IMPORT_MEMBERSHIPS, "network,organisation,source", "net,boras,from before", IMPORT_NEW, "",
     ""},
    {IMPORT_MEMBERSHIPS, "network,person,source", "net,anna,from before", IMPORT_THERE, "", ""},
    {IMPORT_MEMBERSHIPS, "network,person,source", "net,nobody,from before", IMPORT_BAD, "person",
     "no person nobody"},
    {IMPORT_MEMBERSHIPS, "network,person,source", "net,gone,from before", IMPORT_BAD, "person",
     "gone is erased"},
    {IMPORT_MEMBERSHIPS, "network,person,source", "other,anna,from before", IMPORT_BAD, "network",
     "no network other"},
    {IMPORT_MEMBERSHIPS, "network,person,organisation,source", "net,anna,boras,x", IMPORT_BAD,
     "organisation", "not both"},
    {IMPORT_MEMBERSHIPS, "network,person,organisation,source", "net,,,x", IMPORT_BAD, "person",
     "neither"},
    {IMPORT_MEMBERSHIPS, "network,organisation,source,topics", "net,boras,x,wool", IMPORT_BAD,
     "topics", "no topic wool"},
    {IMPORT_MEMBERSHIPS, "network,organisation,source", "net,boras,", IMPORT_BAD, "source", ""},
};

static void test_each_line(void **state) {
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct import import;
        const struct import_line *line;
        char file[400];
        snprintf(file, sizeof file, "%s\n%s\n", cases[i].header, cases[i].line);
        read_text(&import, cases[i].kind, NULL, file);
        assert_int_equal(import.count, 1);
        line = &import.lines[0];
        if (line->fate != cases[i].fate)
            fail_msg("%s: fate %d, %.*s: %.*s", cases[i].line, line->fate, TEXT_ARGS(line->column),
                     TEXT_ARGS(line->reason));
        assert_int_equal(line->no, 2);
        if (!text_is(line->column, cases[i].column) && cases[i].column[0])
            fail_msg("%s: column %.*s", cases[i].line, TEXT_ARGS(line->column));
        assert_true(!cases[i].column[0] || line->column_no > 0);
        if (line->fate == IMPORT_BAD &&
            !memmem(line->reason.p, line->reason.n, cases[i].reason, strlen(cases[i].reason)))
            fail_msg("%s: %.*s", cases[i].line, TEXT_ARGS(line->reason));
        import_free(&import);
    }
}

static void test_headers(void **state) {
    static const struct {
        enum import_kind kind;
        const char *network, *header, *reason;
    } headers[] = {
        {IMPORT_PEOPLE, NULL, "", "the file is empty"},
        {IMPORT_PEOPLE, NULL, "name,email", "no column language"},
        {IMPORT_PEOPLE, NULL, "name,email,language,age", "no such field"},
        {IMPORT_PEOPLE, NULL, "name,email,language,name", "twice"},
        {IMPORT_PEOPLE, NULL, "name,email,,language", "no such field"},
        {IMPORT_MEMBERSHIPS, NULL, "person,source", "no column network"},
        {IMPORT_MEMBERSHIPS, "net", "network,person,source", "--network already"},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(headers); i++) {
        struct import import;
        char file[200];
        snprintf(file, sizeof file, "%s\nx,y,z\n", headers[i].header);
        read_text(&import, headers[i].kind, headers[i].network, headers[i].header[0] ? file : "");
        assert_int_equal(import.count, 1);
        assert_int_equal(import.of[IMPORT_BAD], 1);
        if (!memmem(import.lines[0].reason.p, import.lines[0].reason.n, headers[i].reason,
                    strlen(headers[i].reason)))
            fail_msg("%s: %.*s", headers[i].header, TEXT_ARGS(import.lines[0].reason));
        import_free(&import);
    }
}

static void test_doubles_and_every_bad_line(void **state) {
    struct import import;

    (void)state;
    read_text(&import, IMPORT_PEOPLE, NULL,
              "person,name,email,language\n"
              "bo,Bo,bo@x.example,sv\n"
              "bo,Bo,bo2@x.example,sv\n"
              "cy,Cy,BO@x.example,sv\n"
              "\"di,Di\n");
    assert_int_equal(import.of[IMPORT_NEW], 1);
    assert_int_equal(import.of[IMPORT_BAD], 3);
    assert_true(text_is(import.lines[1].column, "person"));
    assert_true(text_is(import.lines[1].reason, "line 2 has the same"));
    assert_true(text_is(import.lines[2].column, "email"));
    assert_int_equal(import.lines[3].no, 5);
    import_free(&import);
}

/* An organisation may stand in the file before those it is the parent of. */
static void test_parents_in_the_file(void **state) {
    struct import import;

    (void)state;
    read_text(&import, IMPORT_ORGANISATIONS, NULL,
              "organisation,name,kind,country,parent\n"
              "lund,Lund,municipality,SE,\n"
              "lund-skola,Lunds skolor,authority,SE,lund\n"
              "early,Early,other,SE,late\n"
              "late,Late,other,SE,\n");
    assert_int_equal(import.of[IMPORT_NEW], 3);
    assert_int_equal(import.lines[2].fate, IMPORT_BAD);
    import_free(&import);
}

static void test_ids_follow_from_the_file(void **state) {
    static const char file[] = "network,organisation,source\nnet,boras,x\n";
    struct import a, b, c;

    (void)state;
    read_text(&a, IMPORT_MEMBERSHIPS, NULL, file);
    read_text(&b, IMPORT_MEMBERSHIPS, NULL, file);
    read_text(&c, IMPORT_MEMBERSHIPS, "net", "organisation,source\nboras,x\n");
    assert_string_equal(a.lines[0].line.id, b.lines[0].line.id);
    assert_string_not_equal(a.lines[0].line.id, c.lines[0].line.id);
    assert_string_equal(a.lines[0].line.type, "membership.grant");
    assert_int_equal(c.of[IMPORT_NEW], 1);
    import_free(&a);
    import_free(&b);
    import_free(&c);
}

static int begin(void **state) {
    char core[FOLDER_BYTES + 32];
    struct store_options options = {
        .dir = core, .tables = table_names, .count = TABLE_COUNT, .writer = true};
    struct store *store;
    struct txn *txn;

    (void)state;
    if (folder_make(home, "import_test"))
        return -1;
    snprintf(core, sizeof core, "%s/core", home);
    assert_int_equal(make_dir(core, 0700), 0);
    assert_int_equal(store_open(&store, &options), 0);
    assert_int_equal(store_begin_write(store, &txn), 0);
    put_world(txn);
    assert_int_equal(store_commit(&txn), 0);
    store_close(&store);
    return 0;
}

static int end(void **state) {
    (void)state;
    return folder_remove(home);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_line),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_doubles_and_every_bad_line),
        cmocka_unit_test(test_parents_in_the_file),
        cmocka_unit_test(test_ids_follow_from_the_file),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
