/* How a transfer ended, in the words of the interface. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/upstream/transfer.h"

#define NS_IN_MS INT64_C(1000000)

void exchange_fail(struct upstream_exchange *exchange, enum upstream_outcome outcome,
                   const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(exchange->detail, sizeof exchange->detail, format, values);
    va_end(values);
    /* Pieces of it may come from the network or have been cut inside a character. */
    for (char *c = exchange->detail; *c != '\0'; c++) {
        if (*c < ' ' || *c == 0x7f)
            *c = '?';
    }
    exchange->outcome = outcome;
    buffer_fini(&exchange->answer);
}

/* What to do about a request that was on the wire. */
static const char *advice(const struct transfer *transfer)
{
    return transfer->exchange->method == HTTP_GET
               ? "it is safe to ask again"
               : "the request may have been acted upon, check before sending it again";
}

static const char *where(const struct transfer *transfer)
{
    const struct base_url *base = &transfer->settings->base;
    return base->socket != NULL ? base->socket : base->url;
}

static void end_of_verdict(struct transfer *transfer)
{
    struct upstream_exchange *exchange = transfer->exchange;
    switch (transfer->verdict) {
    case VERDICT_SENT_ONCE:
        exchange_fail(exchange, UPSTREAM_LOST, "%.60s closed the connection without an answer; %s",
                      where(transfer), advice(transfer));
        break;
    case VERDICT_BODY_TOO_LARGE:
        exchange_fail(exchange, UPSTREAM_TOO_LARGE,
                      "the answer of %.60s is larger than the %zu bytes allowed; ask for less",
                      where(transfer), exchange->max_body_bytes);
        break;
    case VERDICT_HEAD_TOO_LARGE:
        exchange_fail(exchange, UPSTREAM_MALFORMED,
                      "the headers of the answer of %.60s are too large; is it an HTTP API?",
                      where(transfer));
        break;
    case VERDICT_NO_MEMORY:
        exchange_fail(exchange, UPSTREAM_LOST,
                      "out of memory while reading the answer of %.60s; %s", where(transfer),
                      advice(transfer));
        break;
    case VERDICT_ENOUGH:
        exchange_fail(exchange, UPSTREAM_CANCELLED, "no more of the answer was wanted");
        break;
    case VERDICT_NONE:
        break;
    }
}

static void end_of_time(struct transfer *transfer, int64_t now_ns)
{
    struct upstream_exchange *exchange = transfer->exchange;
    if (transfer->attempts > 0)
        exchange_fail(exchange, UPSTREAM_TIMED_OUT, "no %s from %.60s within %lld ms; %s",
                      transfer->head_complete ? "end of the answer" : "answer", where(transfer),
                      (long long)exchange->timeout_ms, advice(transfer));
    else if (now_ns >= transfer->deadline_ns)
        exchange_fail(exchange, UPSTREAM_TIMED_OUT,
                      "no connection to %.60s within %lld ms; the request was not sent",
                      where(transfer), (long long)exchange->timeout_ms);
    else
        exchange_fail(exchange, UPSTREAM_UNREACHABLE,
                      "cannot connect to %.60s within %lld ms; are its host and port right, and "
                      "can they be reached from here?",
                      where(transfer), (long long)transfer->settings->connect_timeout_ms);
}

static void end_without_connection(struct transfer *transfer)
{
    long reason = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &reason);
    const char *text = reason == 0 ? NULL : strerrordesc_np((int)reason);
    if (reason == ECONNREFUSED)
        text = "connection refused";
    exchange_fail(transfer->exchange, UPSTREAM_UNREACHABLE,
                  "cannot connect to %.60s: %s; is the server running?", where(transfer),
                  text == NULL ? "connection failed" : text);
}

/* The request never left. Whatever is not listed here concerns the way to the server. */
static void end_unsent(struct transfer *transfer, CURLcode code)
{
    struct upstream_exchange *exchange = transfer->exchange;
    if (transfer->socket_errno != 0) {
        exchange_fail(exchange, UPSTREAM_FAILED,
                      "cannot open another connection: %s; raise the limit of open files or lower "
                      "the number of calls in flight",
                      strerrordesc_np(transfer->socket_errno));
        return;
    }
    switch ((int)code) {
    case CURLE_COULDNT_CONNECT:
        end_without_connection(transfer);
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        exchange_fail(exchange, UPSTREAM_UNREACHABLE,
                      "cannot find the host of %.60s; check the name in the upstream URL",
                      where(transfer));
        break;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ENGINE_INITFAILED:
        exchange_fail(exchange, UPSTREAM_FAILED, "the request was not sent: %.80s",
                      curl_easy_strerror(code));
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
        exchange_fail(
            exchange, UPSTREAM_UNREACHABLE,
            "the certificate of %.60s is not trusted (%.60s); give its CA with --upstream-ca",
            where(transfer), transfer->curl_says);
        break;
    case CURLE_SSL_CONNECT_ERROR:
        exchange_fail(exchange, UPSTREAM_UNREACHABLE,
                      "TLS with %.60s failed (%.60s); does the server speak https on this port?",
                      where(transfer), transfer->curl_says);
        break;
    default:
        exchange_fail(exchange, UPSTREAM_UNREACHABLE, "cannot reach %.60s: %.80s", where(transfer),
                      curl_easy_strerror(code));
        break;
    }
}

static void end_sent(struct transfer *transfer, CURLcode code)
{
    struct upstream_exchange *exchange = transfer->exchange;
    bool malformed = code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL;
    if (malformed)
        exchange_fail(exchange, UPSTREAM_MALFORMED,
                      "the answer of %.60s is not HTTP (%.60s); does the upstream URL name the "
                      "right port?",
                      where(transfer), transfer->curl_says);
    else
        exchange_fail(exchange, UPSTREAM_LOST,
                      "the connection to %.60s ended before its answer was complete; %s",
                      where(transfer), advice(transfer));
}

void transfer_settle(struct transfer *transfer, CURLcode code, int64_t now_ns)
{
    /* What curl says to a header line that does not end. */
    if (code == CURLE_OUT_OF_MEMORY && transfer->attempts > 0 && !transfer->head_complete)
        transfer->verdict = VERDICT_HEAD_TOO_LARGE;

    if (transfer->verdict != VERDICT_NONE)
        end_of_verdict(transfer);
    else if (code == CURLE_OPERATION_TIMEDOUT)
        end_of_time(transfer, now_ns);
    else if (transfer->attempts == 0)
        end_unsent(transfer, code);
    else if (code != CURLE_OK || !transfer->head_complete) /* curl is content with half a head */
        end_sent(transfer, code);
    else
        transfer->exchange->outcome = UPSTREAM_ANSWERED;
}
