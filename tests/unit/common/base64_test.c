#include "tests/unit/common/check.h"

#include "common/base/base64.h"

/* RFC 4648, section 10. */
static const struct {
    const char *plain;
    const char *encoded;
    const char *unpadded;
} vectors[] = {
    { "", "", "" },
    { "f", "Zg==", "Zg" },
    { "fo", "Zm8=", "Zm8" },
    { "foo", "Zm9v", "Zm9v" },
    { "foob", "Zm9vYg==", "Zm9vYg" },
    { "fooba", "Zm9vYmE=", "Zm9vYmE" },
    { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
};

static void the_vectors_of_the_rfc_hold_with_and_without_padding(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        SCOPED(buffer) struct buffer encoded = buffer_capped(64);
        SCOPED(buffer) struct buffer decoded = buffer_capped(64);
        SCOPED(buffer) struct buffer from_unpadded = buffer_capped(64);
        assert_true(base64_encode(&encoded, text_of(vectors[i].plain)));
        assert_text(buffer_text(&encoded), vectors[i].encoded);
        assert_true(base64_decode(&decoded, text_of(vectors[i].encoded)));
        assert_text(buffer_text(&decoded), vectors[i].plain);
        assert_true(base64_decode(&from_unpadded, text_of(vectors[i].unpadded)));
        assert_text(buffer_text(&from_unpadded), vectors[i].plain);
    }
}

static void both_alphabets_decode_to_the_same_bytes(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer standard = buffer_capped(64);
    SCOPED(buffer) struct buffer url = buffer_capped(64);
    assert_true(base64_decode(&standard, TEXT("+/+/")));
    assert_true(base64_decode(&url, TEXT("-_-_")));
    assert_int_equal(standard.len, 3);
    assert_memory_equal(standard.data, "\xfb\xff\xbf", 3);
    assert_memory_equal(url.data, standard.data, 3);
}

static void every_byte_value_survives_the_round_trip(void **state)
{
    (void)state;
    char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    for (size_t len = 0; len <= sizeof all; len++) {
        SCOPED(buffer) struct buffer encoded = buffer_capped(1024);
        SCOPED(buffer) struct buffer decoded = buffer_capped(1024);
        assert_true(base64_encode(&encoded, (struct text){ all, len }));
        assert_int_equal(encoded.len, (len + 2) / 3 * 4);
        assert_true(base64_decode(&decoded, buffer_text(&encoded)));
        assert_int_equal(decoded.len, len);
        if (len > 0)
            assert_memory_equal(decoded.data, all, len);
    }
}

static void what_is_not_base64_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "A",    "AAAAA", "AA A",  "AAA\n", "A===",  "====",  "=",
                                       "A=AA", "AA=",   "Zg===", "Z*==",  "Zm9v=", "AA\x80" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        SCOPED(buffer) struct buffer out = buffer_capped(64);
        if (base64_decode(&out, text_of(bad[i])))
            fail_msg("\"%s\" was decoded", bad[i]);
    }
}

static void a_full_buffer_ends_the_work(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer encoded = buffer_capped(5);
    SCOPED(buffer) struct buffer decoded = buffer_capped(2);
    assert_false(base64_encode(&encoded, TEXT("foobar")));
    assert_false(base64_decode(&decoded, TEXT("Zm9v")));
    assert_true(decoded.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_hold_with_and_without_padding),
        cmocka_unit_test(both_alphabets_decode_to_the_same_bytes),
        cmocka_unit_test(every_byte_value_survives_the_round_trip),
        cmocka_unit_test(what_is_not_base64_is_refused),
        cmocka_unit_test(a_full_buffer_ends_the_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
