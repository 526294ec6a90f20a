#include "gateway/services/health.h"

#include "gateway/transcode/wire.h"

/* Field numbers of proto/grpc/health/v1/health.proto. */
enum {
    REQUEST_SERVICE = 1,
    RESPONSE_STATUS = 1,
    LIST_STATUSES = 1,
    MAP_KEY = 1,
    MAP_VALUE = 2,
};

enum health_subject health_find_subject(const struct catalog *catalog, struct text service)
{
    if (service.len == 0)
        return HEALTH_OF_API;
    const struct catalog_service *found = catalog_find_service(catalog, service);
    if (found == NULL)
        return HEALTH_OF_NOBODY;
    return found->is_own ? HEALTH_OF_GATEWAY : HEALTH_OF_API;
}

enum health_status health_status(struct health_facts facts, enum health_subject subject)
{
    if (subject == HEALTH_OF_NOBODY)
        return HEALTH_SERVICE_UNKNOWN;
    const bool is_well = facts.is_upstream_up || subject == HEALTH_OF_GATEWAY;
    return is_well && !facts.is_draining ? HEALTH_SERVING : HEALTH_NOT_SERVING;
}

bool health_read_request(struct text bytes, struct text *service, struct error *err)
{
    struct wire_reader reader = wire_reader_from(bytes);
    *service = (struct text){ NULL, 0 };
    for (;;) {
        struct wire_record record = { 0 };
        bool more = false;
        if (!wire_next(&reader, &record, &more, err))
            return false;
        if (!more)
            return true;
        if (record.number == REQUEST_SERVICE && record.type == WIRE_BYTES)
            *service = record.bytes;
    }
}

bool health_write_response(struct buffer *out, enum health_status status)
{
    wire_write_tag(out, RESPONSE_STATUS, WIRE_VARINT);
    return wire_write_varint(out, (uint64_t)status);
}

static void write_entry(struct buffer *out, struct text service, enum health_status status)
{
    wire_write_tag(out, LIST_STATUSES, WIRE_BYTES);
    size_t entry = wire_begin_length(out);
    wire_write_tag(out, MAP_KEY, WIRE_BYTES);
    wire_write_bytes(out, service);
    wire_write_tag(out, MAP_VALUE, WIRE_BYTES);
    size_t value = wire_begin_length(out);
    health_write_response(out, status);
    wire_end_length(out, value);
    wire_end_length(out, entry);
}

bool health_write_list(struct buffer *out, const struct catalog *catalog, struct health_facts facts)
{
    write_entry(out, TEXT(""), health_status(facts, HEALTH_OF_API));
    for (size_t i = 0; i < catalog_service_count(catalog); i++) {
        const struct catalog_service *service = catalog_service(catalog, i);
        write_entry(out, service->name,
                    health_status(facts, service->is_own ? HEALTH_OF_GATEWAY : HEALTH_OF_API));
    }
    return !out->failed;
}
