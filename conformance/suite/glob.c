#include "conformance/suite/glob.h"

/* Where the last '*' stood, to try again one character further: linear in memory, no recursion. */
static bool component_match(struct text pattern, struct text word)
{
    size_t p = 0, w = 0, star = SIZE_MAX, from = 0;

    while (w < word.len) {
        if (p < pattern.len && pattern.data[p] == '*') {
            star = p++;
            from = w;
        } else if (p < pattern.len && pattern.data[p] == word.data[w]) {
            p++;
            w++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            w = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.data[p] == '*')
        p++;
    return p == pattern.len;
}

/* As component_match, one level up: "**" is the star, components are the characters. */
bool glob_match(struct text pattern, struct text id)
{
    struct text star = { 0 }, from = { 0 };
    bool starred = false;

    while (id.data != NULL) {
        struct text pattern_rest = pattern, id_rest = id;
        struct text wanted = text_split(&pattern_rest, '/');
        struct text word = text_split(&id_rest, '/');
        if (pattern.data != NULL && text_equal_cstr(wanted, "**")) {
            starred = true;
            star = pattern = pattern_rest;
            from = id;
        } else if (pattern.data != NULL && component_match(wanted, word)) {
            pattern = pattern_rest;
            id = id_rest;
        } else if (starred) {
            (void)text_split(&from, '/');
            pattern = star;
            id = from;
        } else {
            return false;
        }
    }
    while (pattern.data != NULL) {
        if (!text_equal_cstr(text_split(&pattern, '/'), "**"))
            return false;
    }
    return true;
}
