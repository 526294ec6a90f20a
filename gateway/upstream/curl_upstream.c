#include "gateway/upstream/curl_upstream.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/env/env.h"
#include "gateway/upstream/socket_watch.h"
#include "gateway/upstream/transfer.h"

#define EVENTS_AT_ONCE 64
/* Easy handles kept for the next exchanges; what a burst needed beyond that is freed. */
#define SPARE_HANDLES 256
/* Longer waits than a week are a week: keeps the arithmetic on nanoseconds in range. */
#define TIMEOUT_MAX_MS (INT64_C(7) * 24 * 3600 * 1000)
#define NO_TIMER       INT64_MAX

struct transfer_list {
    struct transfer *first;
    struct transfer *last;
};

struct curl_upstream {
    struct upstream interface; /* first: the two addresses are the same */
    struct transfer_settings settings;

    pthread_mutex_t mutex; /* guards this block; nothing is called while it is held */
    struct transfer_list submitted;
    struct transfer *cancelled;        /* linked by next_cancelled                      */
    struct transfer *resumed;          /* linked by next_resumed                        */
    struct upstream_exchange *starved; /* no memory for a transfer; linked by ->transfer */
    struct transfer *spare;            /* free, with an easy handle                      */
    struct transfer *bare;             /* free, without                                  */
    struct transfer **transfers;       /* all of them, by the low half of their ids      */
    size_t transfer_count;
    size_t transfer_capacity;
    bool asleep; /* the loop waits: who adds work writes wake_fd */
    bool stopping;

    /* The loop's. */
    CURLM *multi;
    struct socket_watch watch;
    int wake_fd;
    int64_t timer_at_ns;       /* when curl wants to be called, 0 = at once, NO_TIMER = not */
    struct transfer *finished; /* settled, not yet given back */
    size_t running_count;
    size_t handle_count; /* transfers that have an easy handle */

    pthread_t thread;
    bool thread_runs;
};

/* What take_work found. */
struct work {
    struct transfer *submitted;
    struct transfer *cancelled;
    struct transfer *resumed;
    struct upstream_exchange *starved;
    bool stopping;
};

/* ---- Any thread: the queue ----------------------------------------------------------------- */

/* With the mutex held. True when the caller has to wake the loop after letting go. */
static bool wakes(struct curl_upstream *self)
{
    bool asleep = self->asleep;
    self->asleep = false;
    return asleep;
}

static void wake(struct curl_upstream *self)
{
    uint64_t one = 1;
    /* Cannot fail short of 2^64 wake-ups, which the edge-triggered watch would still notice. */
    ssize_t written = write(self->wake_fd, &one, sizeof one);
    (void)written;
}

/* With the mutex held. */
static struct transfer *new_transfer(struct curl_upstream *self)
{
    if (self->transfer_count == self->transfer_capacity) {
        size_t capacity = self->transfer_capacity == 0 ? 64 : self->transfer_capacity * 2;
        struct transfer **grown = realloc(self->transfers, capacity * sizeof(struct transfer *));
        if (grown == NULL)
            return NULL;
        self->transfers = grown;
        self->transfer_capacity = capacity;
    }
    struct transfer *transfer = calloc(1, sizeof *transfer);
    if (transfer == NULL)
        return NULL;
    transfer->settings = &self->settings;
    transfer->slot = (uint32_t)self->transfer_count;
    self->transfers[self->transfer_count++] = transfer;
    return transfer;
}

/* With the mutex held. */
static struct transfer *get_transfer(struct curl_upstream *self)
{
    struct transfer **list = self->spare != NULL ? &self->spare : &self->bare;
    struct transfer *transfer = *list;
    if (transfer == NULL)
        return new_transfer(self);
    *list = transfer->next;
    return transfer;
}

static void reset_answer(struct upstream_exchange *exchange)
{
    exchange->outcome = UPSTREAM_FAILED;
    exchange->status = 0;
    exchange->answer = buffer_capped(exchange->max_body_bytes);
    exchange_forget_head(exchange);
    exchange->duration_ns = 0;
    exchange->detail[0] = '\0';
    exchange->id = 0;
    exchange->transfer = NULL;
}

static int64_t deadline_ns(int64_t now_ns, int64_t timeout_ms)
{
    if (timeout_ms == UPSTREAM_NO_TIMEOUT)
        return INT64_MAX;
    if (timeout_ms > TIMEOUT_MAX_MS)
        timeout_ms = TIMEOUT_MAX_MS;
    if (timeout_ms < 1)
        timeout_ms = 1;
    return now_ns + timeout_ms * NS_PER_MS;
}

static void submit(struct upstream *upstream, struct upstream_exchange *exchange)
{
    struct curl_upstream *self = (struct curl_upstream *)upstream;
    int64_t now_ns = monotonic_now_ns();
    reset_answer(exchange);

    pthread_mutex_lock(&self->mutex);
    struct transfer *transfer = get_transfer(self);
    if (transfer == NULL) {
        exchange->transfer = self->starved;
        self->starved = exchange;
    } else {
        transfer->generation++;
        transfer->id = (uint64_t)transfer->generation << 32 | transfer->slot;
        transfer->exchange = exchange;
        transfer->submitted_ns = now_ns;
        transfer->deadline_ns = deadline_ns(now_ns, exchange->timeout_ms);
        transfer->state = TRANSFER_WAITING;
        transfer->cancel_asked = false;
        transfer->resume_asked = false;
        transfer->next = NULL;
        exchange->id = transfer->id;
        exchange->transfer = transfer;

        if (self->submitted.first == NULL)
            self->submitted.first = transfer;
        else
            self->submitted.last->next = transfer;
        self->submitted.last = transfer;
    }
    bool wake_needed = wakes(self);
    pthread_mutex_unlock(&self->mutex);

    /* From here on the exchange may be over and gone. */
    if (wake_needed)
        wake(self);
}

/* With the mutex held. NULL when the exchange of that id is over. */
static struct transfer *find_transfer(struct curl_upstream *self, uint64_t id)
{
    size_t slot = (size_t)(id & UINT32_MAX);
    if (id == 0 || slot >= self->transfer_count || self->transfers[slot]->id != id)
        return NULL;
    return self->transfers[slot];
}

static void cancel(struct upstream *upstream, uint64_t id)
{
    struct curl_upstream *self = (struct curl_upstream *)upstream;
    bool wake_needed = false;

    pthread_mutex_lock(&self->mutex);
    struct transfer *transfer = find_transfer(self, id);
    if (transfer != NULL && !transfer->cancel_asked) {
        transfer->cancel_asked = true;
        transfer->next_cancelled = self->cancelled;
        self->cancelled = transfer;
        wake_needed = wakes(self);
    }
    pthread_mutex_unlock(&self->mutex);

    if (wake_needed)
        wake(self);
}

static void resume(struct upstream *upstream, uint64_t id)
{
    struct curl_upstream *self = (struct curl_upstream *)upstream;
    bool wake_needed = false;

    pthread_mutex_lock(&self->mutex);
    struct transfer *transfer = find_transfer(self, id);
    if (transfer != NULL && !transfer->resume_asked) {
        transfer->resume_asked = true;
        transfer->next_resumed = self->resumed;
        self->resumed = transfer;
        wake_needed = wakes(self);
    }
    pthread_mutex_unlock(&self->mutex);

    if (wake_needed)
        wake(self);
}

/* ---- The loop's side of the queue ---------------------------------------------------------- */

/* With the mutex held: the cancellations that still mean something. */
static struct transfer *take_cancelled(struct curl_upstream *self)
{
    struct transfer *taken = NULL;
    struct transfer *next = NULL;
    for (struct transfer *t = self->cancelled; t != NULL; t = next) {
        next = t->next_cancelled;
        if (t->state == TRANSFER_OVER)
            continue;
        t->cancel_seen = true;
        t->next_cancelled = taken;
        taken = t;
    }
    self->cancelled = NULL;
    return taken;
}

/* With the mutex held: those that are to go on. */
static struct transfer *take_resumed(struct curl_upstream *self)
{
    struct transfer *taken = self->resumed;
    for (struct transfer *t = taken; t != NULL; t = t->next_resumed)
        t->resume_asked = false;
    self->resumed = NULL;
    return taken;
}

/* With the mutex held. */
static void give_back_finished(struct curl_upstream *self)
{
    struct transfer *next = NULL;
    for (struct transfer *t = self->finished; t != NULL; t = next) {
        struct transfer **list = t->easy != NULL ? &self->spare : &self->bare;
        next = t->next;
        t->id = 0;
        t->next = *list;
        *list = t;
    }
    self->finished = NULL;
}

static struct work take_work(struct curl_upstream *self)
{
    pthread_mutex_lock(&self->mutex);
    struct work work = {
        .cancelled = take_cancelled(self), /* before their transfers can be given back */
        .resumed = take_resumed(self),     /* likewise                                 */
        .submitted = self->submitted.first,
        .starved = self->starved,
        .stopping = self->stopping,
    };
    self->submitted = (struct transfer_list){ 0 };
    self->starved = NULL;
    self->asleep = false;
    give_back_finished(self);
    pthread_mutex_unlock(&self->mutex);
    return work;
}

/* True when there is nothing to do: from now on, who adds work wakes us. */
static bool fall_asleep(struct curl_upstream *self)
{
    pthread_mutex_lock(&self->mutex);
    self->asleep = self->submitted.first == NULL && self->cancelled == NULL &&
                   self->resumed == NULL && self->starved == NULL && !self->stopping;
    bool asleep = self->asleep;
    pthread_mutex_unlock(&self->mutex);
    return asleep;
}

/* ---- The loop ------------------------------------------------------------------------------ */

/* Hands the exchange to its owner, who may free it; then only the transfer is ours. */
static void finish(struct curl_upstream *self, struct transfer *transfer)
{
    struct upstream_exchange *exchange = transfer->exchange;
    bool is_surplus = self->handle_count - self->running_count > SPARE_HANDLES;
    if (transfer->easy != NULL && (is_surplus || !transfer_is_reusable(transfer))) {
        transfer_close(transfer);
        self->handle_count--;
    }
    transfer->exchange = NULL;
    transfer->state = TRANSFER_OVER;
    transfer->next = self->finished;
    self->finished = transfer;

    exchange->transfer = NULL;
    exchange->duration_ns = monotonic_now_ns() - transfer->submitted_ns;
    exchange->done(exchange);
}

static void finish_cancelled(struct curl_upstream *self, struct transfer *transfer)
{
    if (transfer->state == TRANSFER_RUNNING) {
        /* Closes the connection, as its answer is not complete. */
        curl_multi_remove_handle(self->multi, transfer->easy);
        self->running_count--;
    }
    exchange_fail(transfer->exchange, UPSTREAM_CANCELLED, "the call was cancelled");
    finish(self, transfer);
}

static void start(struct curl_upstream *self, struct transfer *transfer, int64_t now_ns)
{
    bool had_handle = transfer->easy != NULL;
    bool ready = transfer_prepare(transfer, now_ns);
    if (!had_handle && transfer->easy != NULL)
        self->handle_count++;
    if (ready && curl_multi_add_handle(self->multi, transfer->easy) != CURLM_OK) {
        exchange_fail(transfer->exchange, UPSTREAM_FAILED,
                      "out of memory before the request was sent; the gateway is overloaded");
        ready = false;
    }
    if (!ready) {
        finish(self, transfer);
        return;
    }
    transfer->state = TRANSFER_RUNNING;
    self->running_count++;
}

static void finish_settled(struct curl_upstream *self, struct transfer *transfer, CURLcode code)
{
    transfer_settle(transfer, code, monotonic_now_ns());
    curl_multi_remove_handle(self->multi, transfer->easy);
    self->running_count--;
    finish(self, transfer);
}

/* From within, curl hands over what it had in hand when it was told to pause; that this was enough
 * it tells us only. */
static void go_on(struct curl_upstream *self, struct transfer *transfer)
{
    CURLcode code = curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
    if (code != CURLE_OK)
        finish_settled(self, transfer, code);
}

static void finish_ended(struct curl_upstream *self)
{
    CURLMsg *message = NULL;
    int left = 0;
    while ((message = curl_multi_info_read(self->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct transfer *transfer = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        finish_settled(self, transfer, code);
    }
}

static void fail_starved(struct upstream_exchange *exchange)
{
    while (exchange != NULL) {
        struct upstream_exchange *next = exchange->transfer;
        exchange->transfer = NULL;
        exchange_fail(exchange, UPSTREAM_FAILED,
                      "out of memory before the request was sent; the gateway is overloaded");
        exchange->done(exchange);
        exchange = next;
    }
}

static void do_work(struct curl_upstream *self, const struct work *work)
{
    struct transfer *next = NULL;
    /* Those both submitted and cancelled end here without being started... */
    int64_t now_ns = work->submitted != NULL ? monotonic_now_ns() : 0;
    for (struct transfer *t = work->submitted; t != NULL; t = next) {
        next = t->next;
        if (!t->cancel_seen && !work->stopping)
            start(self, t, now_ns);
        else if (work->stopping)
            finish_cancelled(self, t);
    }
    for (struct transfer *t = work->cancelled; t != NULL; t = next) {
        next = t->next_cancelled;
        t->cancel_seen = false;
        if (t->state != TRANSFER_OVER)
            finish_cancelled(self, t);
    }
    for (struct transfer *t = work->resumed; t != NULL; t = next) {
        next = t->next_resumed;
        if (t->state == TRANSFER_RUNNING)
            go_on(self, t);
    }
    fail_starved(work->starved);
}

static int curl_wants_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct curl_upstream *self = context;
    if (timeout_ms < 0)
        self->timer_at_ns = NO_TIMER;
    else
        self->timer_at_ns = timeout_ms == 0 ? 0 : monotonic_now_ns() + timeout_ms * NS_PER_MS;
    return 0;
}

static int curl_wants_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *unused)
{
    (void)easy, (void)unused;
    struct curl_upstream *self = context;
    unsigned wanted = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        wanted |= WATCH_IN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        wanted |= WATCH_OUT;
    return socket_watch_want(&self->watch, fd, wanted) ? 0 : -1;
}

static void run_timer(struct curl_upstream *self)
{
    if (self->timer_at_ns == NO_TIMER ||
        (self->timer_at_ns != 0 && self->timer_at_ns > monotonic_now_ns()))
        return;
    int running = 0;
    self->timer_at_ns = NO_TIMER; /* curl sets it again from within */
    curl_multi_socket_action(self->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

static int wait_ms(const struct curl_upstream *self)
{
    if (self->timer_at_ns == NO_TIMER)
        return -1;
    int64_t left_ns = self->timer_at_ns == 0 ? 0 : self->timer_at_ns - monotonic_now_ns();
    if (left_ns <= 0)
        return 0;
    int64_t left_ms = (left_ns + NS_PER_MS - 1) / NS_PER_MS;
    return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

static void wait_and_transfer(struct curl_upstream *self)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int timeout_ms = fall_asleep(self) ? wait_ms(self) : 0;
    int count = socket_watch_wait(&self->watch, events, EVENTS_AT_ONCE, timeout_ms);

    for (int i = 0; i < count; i++) {
        if (events[i].data.fd == self->wake_fd)
            continue;
        unsigned ready = socket_watch_ready(&self->watch, &events[i]);
        int running = 0;
        int mask = ((ready & WATCH_IN) != 0 ? CURL_CSELECT_IN : 0) |
                   ((ready & WATCH_OUT) != 0 ? CURL_CSELECT_OUT : 0);
        if (ready != 0)
            curl_multi_socket_action(self->multi, events[i].data.fd, mask, &running);
    }
}

/* Ends everything; `done` may still submit, which ends the same way. */
static void cancel_all(struct curl_upstream *self, struct work work)
{
    for (;;) {
        bool any = work.submitted != NULL || work.starved != NULL;
        do_work(self, &work);
        for (size_t i = 0; i < self->transfer_count; i++) {
            if (self->transfers[i]->state == TRANSFER_RUNNING) {
                finish_cancelled(self, self->transfers[i]);
                any = true;
            }
        }
        if (!any)
            return;
        work = take_work(self);
    }
}

static void *loop(void *context)
{
    struct curl_upstream *self = context;
    for (;;) {
        struct work work = take_work(self);
        if (work.stopping) {
            cancel_all(self, work);
            return NULL;
        }
        do_work(self, &work);
        run_timer(self);
        finish_ended(self);
        wait_and_transfer(self);
        finish_ended(self);
    }
}

/* ---- Life ---------------------------------------------------------------------------------- */

static bool start_thread(struct curl_upstream *self)
{
    sigset_t all;
    sigset_t before;
    /* The thread inherits the mask: signals are main's, and a broken pipe is an error code. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    self->thread_runs = pthread_create(&self->thread, NULL, loop, self) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (self->thread_runs)
        pthread_setname_np(self->thread, "upstream");
    return self->thread_runs;
}

static bool make_multi(struct curl_upstream *self, size_t max_connections)
{
    self->multi = curl_multi_init();
    return self->multi != NULL &&
           curl_multi_setopt(self->multi, CURLMOPT_SOCKETFUNCTION, curl_wants_socket) == CURLM_OK &&
           curl_multi_setopt(self->multi, CURLMOPT_SOCKETDATA, self) == CURLM_OK &&
           curl_multi_setopt(self->multi, CURLMOPT_TIMERFUNCTION, curl_wants_timer) == CURLM_OK &&
           curl_multi_setopt(self->multi, CURLMOPT_TIMERDATA, self) == CURLM_OK &&
           curl_multi_setopt(self->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) ==
               CURLM_OK &&
           curl_multi_setopt(self->multi, CURLMOPT_MAXCONNECTS, (long)max_connections) == CURLM_OK;
}

static bool check_config(const struct curl_upstream_config *config, struct error *err)
{
    if (config->connect_timeout_ms < 1 || config->connect_timeout_ms > TIMEOUT_MAX_MS)
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "the upstream's connect timeout is %lld ms; expected 1 ms to a week",
                         (long long)config->connect_timeout_ms);
    if (config->max_idle_ms < 0 || config->max_idle_ms > TIMEOUT_MAX_MS)
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "the upstream's idle limit is %lld ms; expected 0 to a week",
                         (long long)config->max_idle_ms);
    if (config->max_connections < 1 || config->max_connections > INT_MAX)
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "the upstream's connection limit is %zu; expected at least 1",
                         config->max_connections);
    return true;
}

static void curl_upstream_scope_end(struct curl_upstream **self)
{
    curl_upstream_free(*self);
}

bool curl_upstream_new(const struct curl_upstream_config *config, struct curl_upstream **out,
                       struct error *err)
{
    if (!check_config(config, err))
        return false;

    SCOPED(curl_upstream) struct curl_upstream *self = calloc(1, sizeof *self);
    if (self == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    self->interface = (struct upstream){ .submit = submit, .cancel = cancel, .resume = resume };
    self->timer_at_ns = NO_TIMER;
    self->watch.epoll_fd = -1;
    self->wake_fd = -1;
    pthread_mutex_init(&self->mutex, NULL);

    self->settings.connect_timeout_ms = config->connect_timeout_ms;
    self->settings.max_idle_ms = config->max_idle_ms;
    self->settings.watch = &self->watch;
    if (!base_url_parse(config->base_url, &self->settings.base, err))
        return false;
    if (config->ca_file != NULL && (self->settings.ca_file = strdup(config->ca_file)) == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    if (!make_multi(self, config->max_connections))
        return error_set(err, ERROR_NO_MEMORY, "out of memory");

    self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->wake_fd < 0 || !socket_watch_init(&self->watch) ||
        !socket_watch_add_wakeup(&self->watch, self->wake_fd))
        return error_set(err, ERROR_RESOURCE_EXHAUSTED, "cannot make the upstream's event loop: %s",
                         strerrordesc_np(errno));
    if (!start_thread(self))
        return error_set(err, ERROR_RESOURCE_EXHAUSTED, "cannot start the upstream's thread");

    *out = TAKE(self);
    return true;
}

struct upstream *curl_upstream_interface(struct curl_upstream *self)
{
    return &self->interface;
}

static void stop_thread(struct curl_upstream *self)
{
    pthread_mutex_lock(&self->mutex);
    self->stopping = true;
    bool wake_needed = wakes(self);
    pthread_mutex_unlock(&self->mutex);
    if (wake_needed)
        wake(self);
    pthread_join(self->thread, NULL);
}

void curl_upstream_free(struct curl_upstream *self)
{
    if (self == NULL)
        return;
    if (self->thread_runs)
        stop_thread(self);

    for (size_t i = 0; i < self->transfer_count; i++) {
        transfer_fini(self->transfers[i]);
        free(self->transfers[i]);
    }
    free(self->transfers);
    curl_multi_cleanup(self->multi); /* closes the pooled connections: needs the watch */
    socket_watch_fini(&self->watch);
    if (self->wake_fd >= 0)
        close(self->wake_fd);
    base_url_fini(&self->settings.base);
    free(self->settings.ca_file);
    pthread_mutex_destroy(&self->mutex);
    free(self);
}
