/* image_reference: never crashes; what is accepted has bounded parts and, written out in full, is
 * the same reference; what is refused has a text and leaves nothing behind. */
#include "fuzz/fuzz.h"
#include "mock/domain/image_reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct image_reference reference = { .tag = TEXT("untouched") };
    struct image_reference again;
    struct error err = { 0 };

    if (!image_reference_parse((struct text){ (const char *)data, size }, &reference, &err)) {
        ALWAYS(err.code == ERROR_INVALID_ARGUMENT && err.message[0] != '\0');
        ALWAYS(text_equal_cstr(reference.tag, "untouched") && reference.path.len == 0);
        return 0;
    }
    ALWAYS(reference.library.len + reference.path.len <= IMAGE_PATH_MAX);
    ALWAYS(reference.tag.len > 0 || reference.digest.len > 0);

    const struct image_name name = image_reference_name(&reference);
    ALWAYS(image_reference_parse((struct text){ name.text, name.len }, &again, &err));
    const struct image_name same = image_reference_name(&again);
    ALWAYS(text_equal((struct text){ name.text, name.len }, (struct text){ same.text, same.len }));
    ALWAYS(text_equal(image_reference_version(&reference), image_reference_version(&again)));

    const struct image_name repository = image_reference_repository(&reference);
    ALWAYS(text_starts_with((struct text){ name.text, name.len },
                            (struct text){ repository.text, repository.len }));
    return 0;
}
