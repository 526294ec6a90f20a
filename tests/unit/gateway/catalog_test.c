#include "tests/unit/gateway/fixture.h"

#include <string.h>

#include "gateway/services/catalog.h"

/* One of everything that has a name. */
static const char everything[] =
    "file { name: 'base.proto' package: 'base' "
    "  message_type { name: 'Options' extension_range { start: 100 end: 200 } } "
    "  message_type { name: 'Closed' } } "
    "file { name: 'a/all.proto' package: 'all.v1' dependency: 'base.proto' "
    "  dependency: 'elsewhere.proto' "
    "  message_type { name: 'Outer' field { name: 'one' number: 1 } oneof_decl { name: 'choice' } "
    "    nested_type { name: 'Inner' field { name: 'two' number: 1 } "
    "      enum_type { name: 'Deep' value { name: 'DEEP_ZERO' number: 0 } } } "
    "    extension { name: 'inside' extendee: '.base.Options' number: 150 } } "
    "  enum_type { name: 'Side' value { name: 'LEFT' number: 0 } } "
    "  service { name: 'Maker' method { name: 'Make' } } "
    "  extension { name: 'outside' extendee: '.base.Options' number: 101 } } "
    "file { name: 'root.proto' message_type { name: 'Rootless' } service { name: 'Bare' } }";

static void given_sets(struct buffer *api, struct buffer *own, const char *api_text,
                       const char *own_text)
{
    *api = descriptors_of_text(api_text);
    *own = descriptors_of_text(own_text);
}

struct scene {
    struct buffer api;
    struct buffer own;
    struct catalog *catalog;
};

static void scene_init(struct scene *s, const char *api, const char *own)
{
    struct error err = { 0 };
    given_sets(&s->api, &s->own, api, own);
    if (!catalog_new(buffer_text(&s->api), buffer_text(&s->own), &s->catalog, &err))
        fail_msg("%s", err.message);
}

static void scene_scope_end(struct scene *s)
{
    catalog_free(s->catalog);
    buffer_fini(&s->api);
    buffer_fini(&s->own);
}

static const char *file_of(const struct scene *s, size_t index)
{
    static char name[64];
    if (index == SIZE_MAX)
        return "nowhere";
    struct text text = catalog_file(s->catalog, index)->name;
    assert_true(text.len < sizeof name);
    memcpy(name, text.data, text.len);
    name[text.len] = '\0';
    return name;
}

static void every_full_name_leads_to_its_file(void **state)
{
    static const struct {
        const char *name;
        const char *file;
    } rows[] = {
        { "base.Options", "base.proto" },
        { "all.v1.Outer", "a/all.proto" },
        { "all.v1.Outer.one", "a/all.proto" },
        { "all.v1.Outer.choice", "a/all.proto" },
        { "all.v1.Outer.Inner", "a/all.proto" },
        { "all.v1.Outer.Inner.two", "a/all.proto" },
        { "all.v1.Outer.Inner.Deep", "a/all.proto" },
        { "all.v1.Outer.Inner.DEEP_ZERO", "a/all.proto" }, /* a value stands beside its enum */
        { "all.v1.Outer.Inner.Deep.DEEP_ZERO", "nowhere" },
        { "all.v1.Outer.inside", "a/all.proto" },
        { "all.v1.Side", "a/all.proto" },
        { "all.v1.LEFT", "a/all.proto" },
        { "all.v1.Maker", "a/all.proto" },
        { "all.v1.Maker.Make", "a/all.proto" },
        { "all.v1.outside", "a/all.proto" },
        { "Rootless", "root.proto" },
        { "Bare", "root.proto" },
        { "all.v1", "nowhere" }, /* a package is in many files */
        { ".all.v1.Outer", "nowhere" },
        { "all.v1.Outer.", "nowhere" },
        { "all.v1.Oute", "nowhere" },
        { "", "nowhere" },
    };
    (void)state;
    SCOPED(scene) struct scene s;
    scene_init(&s, everything, "");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *file = file_of(&s, catalog_find_symbol(s.catalog, text_of(rows[i].name)));
        if (strcmp(file, rows[i].file) != 0)
            fail_msg("%s is in %s instead of %s", rows[i].name, file, rows[i].file);
    }
}

static void extensions_are_found_by_what_they_extend(void **state)
{
    (void)state;
    SCOPED(scene) struct scene s;
    int32_t number = 0;
    scene_init(&s, everything, "");
    const struct text options = TEXT("base.Options");
    assert_string_equal(file_of(&s, catalog_find_extension(s.catalog, options, 101)),
                        "a/all.proto");
    assert_string_equal(file_of(&s, catalog_find_extension(s.catalog, options, 150)),
                        "a/all.proto");
    assert_int_equal(catalog_find_extension(s.catalog, options, 102), SIZE_MAX);
    assert_int_equal(catalog_find_extension(s.catalog, TEXT("base.Closed"), 101), SIZE_MAX);
    assert_true(catalog_extension_number(s.catalog, options, 0, &number));
    assert_int_equal(number, 101);
    assert_true(catalog_extension_number(s.catalog, options, 1, &number));
    assert_int_equal(number, 150);
    assert_false(catalog_extension_number(s.catalog, options, 2, &number));
    assert_false(catalog_extension_number(s.catalog, TEXT("base.Closed"), 0, &number));
    assert_true(catalog_has_message(s.catalog, TEXT("base.Closed")));
    assert_true(catalog_has_message(s.catalog, TEXT("all.v1.Outer.Inner")));
    assert_false(catalog_has_message(s.catalog, TEXT("all.v1.Side")));
    assert_false(catalog_has_message(s.catalog, TEXT("nothing")));
}

static void files_keep_their_bytes_and_know_their_imports(void **state)
{
    (void)state;
    SCOPED(scene) struct scene s;
    scene_init(&s, everything, "");
    assert_int_equal(catalog_file_count(s.catalog), 3);
    size_t total = 0;
    for (size_t i = 0; i < 3; i++)
        total += catalog_file(s.catalog, i)->bytes.len;
    assert_in_range(s.api.len - total, 6, 9); /* tags and lengths */
    size_t all = catalog_find_file(s.catalog, TEXT("a/all.proto"));
    assert_string_equal(file_of(&s, all), "a/all.proto");
    const struct catalog_file *file = catalog_file(s.catalog, all);
    assert_int_equal(file->import_count, 1); /* elsewhere.proto is not in the set */
    assert_string_equal(file_of(&s, file->imports[0]), "base.proto");
    assert_int_equal(catalog_find_file(s.catalog, TEXT("all.proto")), SIZE_MAX);
    assert_int_equal(catalog_find_file(s.catalog, TEXT("")), SIZE_MAX);
}

static void assert_services(const struct catalog *catalog, const char *const *names,
                            const bool *are_own, size_t count)
{
    assert_int_equal(catalog_service_count(catalog), count);
    for (size_t i = 0; i < count; i++) {
        assert_text(catalog_service(catalog, i)->name, names[i]);
        assert_int_equal(catalog_service(catalog, i)->is_own, are_own[i]);
        assert_ptr_equal(catalog_find_service(catalog, text_of(names[i])),
                         catalog_service(catalog, i));
    }
}

static void services_of_both_sets_are_listed_in_order(void **state)
{
    (void)state;
    SCOPED(scene) struct scene s;
    scene_init(&s, everything,
               "file { name: 'own.proto' package: 'z' service { name: 'Own' } } "
               "file { name: 'own2.proto' package: 'all' service { name: 'Own' } }");
    assert_services(s.catalog, (const char *[]){ "Bare", "all.Own", "all.v1.Maker", "z.Own" },
                    (bool[]){ false, true, false, true }, 4);
    assert_null(catalog_find_service(s.catalog, TEXT("all.v1.Outer")));
    assert_null(catalog_find_service(s.catalog, TEXT("")));
}

static void where_both_sets_declare_something_the_api_counts(void **state)
{
    (void)state;
    SCOPED(scene) struct scene s;
    scene_init(&s, everything,
               "file { name: 'root.proto' service { name: 'SameFile' } } "
               "file { name: 'other.proto' package: 'all.v1' service { name: 'Fresh' } "
               "       message_type { name: 'Side' extension { name: 'x' "
               "       extendee: '.base.Options' number: 102 } } } "
               "file { name: 'own.proto' package: 'z' service { name: 'Own' } }");
    assert_services(s.catalog, (const char *[]){ "Bare", "all.v1.Maker", "z.Own" },
                    (bool[]){ false, false, true }, 3);
    assert_int_equal(catalog_file_count(s.catalog), 4);
    assert_int_equal(catalog_find_file(s.catalog, TEXT("other.proto")), SIZE_MAX);
    assert_int_equal(catalog_find_symbol(s.catalog, TEXT("all.v1.Fresh")), SIZE_MAX);
    assert_int_equal(catalog_find_extension(s.catalog, TEXT("base.Options"), 102), SIZE_MAX);
    assert_string_equal(file_of(&s, catalog_find_symbol(s.catalog, TEXT("z.Own"))), "own.proto");
}

static void sets_without_anything_make_a_catalog_without_anything(void **state)
{
    (void)state;
    SCOPED(scene) struct scene s;
    scene_init(&s, "", "");
    assert_int_equal(catalog_service_count(s.catalog), 0);
    assert_int_equal(catalog_file_count(s.catalog), 0);
    assert_int_equal(catalog_find_symbol(s.catalog, TEXT("x")), SIZE_MAX);
    assert_int_equal(catalog_find_extension(s.catalog, TEXT("x"), 1), SIZE_MAX);
}

static void the_real_sets_make_a_catalog(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer api = file_bytes(HYPEMAN_SET);
    SCOPED(buffer) struct buffer own = file_bytes(OWN_SET);
    struct catalog *catalog = NULL;
    struct error err = { 0 };
    assert_true(catalog_new(buffer_text(&api), buffer_text(&own), &catalog, &err));
    assert_services(catalog,
                    (const char *[]){ "grpc.health.v1.Health",
                                      "grpc.reflection.v1.ServerReflection",
                                      "grpc.reflection.v1alpha.ServerReflection",
                                      "hypeman.v1.InstanceService", "hypeman.v1.SnapshotService" },
                    (bool[]){ true, true, true, false, false }, 5);
    catalog_free(catalog);
}

static void bytes_that_are_no_descriptor_set_are_refused(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer good = file_bytes(OWN_SET);
    SCOPED(buffer) struct buffer deep = buffer_capped(1 << 20);
    for (int i = 0; i < 40; i++) { /* a message within a message ... within a file */
        SCOPED(buffer) struct buffer around = buffer_capped(1 << 20);
        uint8_t head[] = { i == 39 ? 0x22 : 0x1a, (uint8_t)(deep.len | 0x80),
                           (uint8_t)(deep.len >> 7) };
        buffer_append(&around, head, sizeof head);
        buffer_append_text(&around, buffer_text(&deep));
        buffer_fini(&deep);
        deep = buffer_take(&around);
    }
    uint8_t head[] = { 0x0a, (uint8_t)(deep.len | 0x80), (uint8_t)(deep.len >> 7) };
    assert_true(buffer_insert(&deep, 0, head, sizeof head));
    const struct text sets[] = {
        TEXT("no"),         TEXT("\x0a\x05"), TEXT("\x0a\x02\x22\x05"), { good.data, good.len - 1 },
        buffer_text(&deep),
    };
    for (size_t i = 0; i < ARRAY_LEN(sets); i++)
        for (int as_own = 0; as_own < 2; as_own++) {
            struct catalog *catalog = NULL;
            struct error err = { 0 };
            assert_false(catalog_new(as_own == 1 ? TEXT("") : sets[i],
                                     as_own == 1 ? sets[i] : TEXT(""), &catalog, &err));
            assert_int_equal(err.code, ERROR_INVALID_ARGUMENT);
            assert_null(catalog);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_full_name_leads_to_its_file),
        cmocka_unit_test(extensions_are_found_by_what_they_extend),
        cmocka_unit_test(files_keep_their_bytes_and_know_their_imports),
        cmocka_unit_test(services_of_both_sets_are_listed_in_order),
        cmocka_unit_test(where_both_sets_declare_something_the_api_counts),
        cmocka_unit_test(sets_without_anything_make_a_catalog_without_anything),
        cmocka_unit_test(the_real_sets_make_a_catalog),
        cmocka_unit_test(bytes_that_are_no_descriptor_set_are_refused),
    };
    return cmocka_run_group_tests_name("gateway/services/catalog", tests, NULL, NULL);
}
