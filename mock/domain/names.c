#include "mock/domain/names.h"

bool names_find(const char *const *names, size_t count, struct text name, size_t *index)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i][0] != '\0' && text_equal_cstr(name, names[i])) {
            *index = i;
            return true;
        }
    }
    return false;
}
