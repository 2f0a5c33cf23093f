// The connector thread, its queues, initialisation, states, requests.
#include "simulator.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SUBSCRIBE, UNSUBSCRIBE, SUBSCRIBE_OFFERS, UNSUBSCRIBE_OFFERS, SUBSCRIBE_DEPTH, UNSUBSCRIBE_DEPTH, INFO, HISTORY, ORDER };

typedef struct Request { struct Request *next; int kind; Market *market; int64_t from, to; } Request;
typedef struct Line { struct Line *next; char text[]; } Line;

Callbacks callbacks;
Market markets[MAX_ASSETS];
int market_count, version = 41, login_result;
int64_t slow_ns, now_ms = 1755250200000; // 15/08/2025 09:30
bool is_online, is_login_manual, has_poison = true, has_garbage, forgets, is_initialized, is_finalizing, is_market_only;
double rate, speed;
atomic_llong counters[COUNTERS];
pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
pthread_t connector;

static pthread_cond_t news = PTHREAD_COND_INITIALIZER, idle = PTHREAD_COND_INITIALIZER;
static Request *requests, **last_request = &requests;
static Line *lines, **last_line = &lines;
static atomic_int waiting_requests;
static bool is_busy, was_initialized;
static int health;
static struct timespec due;

enum { MAX_CALLED = 128 };
static const char *called[MAX_CALLED];
static atomic_int called_count;

void note_call(const char *function)
{
    int at = atomic_fetch_add(&called_count, 1);
    if (at < MAX_CALLED)
    {
        called[at] = function;
    }
}

void count(int counter) { atomic_fetch_add(&counters[counter], 1); }

static int64_t nanoseconds(const struct timespec *t) { return t->tv_sec * 1000000000LL + t->tv_nsec; }

static void sleep_ns(int64_t ns)
{
    struct timespec t = { ns / 1000000000LL, ns % 1000000000LL };
    nanosleep(&t, NULL);
}

void give_state(int type, int result)
{
    if (callbacks.state)
    {
        callbacks.state(type, result);
    }
    count(COUNT_CALLBACKS);
}

void delivered(void)
{
    count(COUNT_CALLBACKS);
    if (rate > 0)
    {
        // Sleeps only when it is a millisecond ahead, so that high rates come in small bursts instead of not at all.
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t at = nanoseconds(&due) + (int64_t)(1e9 / rate);
        if (at < nanoseconds(&now) - 100000000)
        {
            at = nanoseconds(&now);
        }
        due.tv_sec = at / 1000000000LL;
        due.tv_nsec = at % 1000000000LL;
        if (at > nanoseconds(&now) + 1000000)
        {
            sleep_ns(at - nanoseconds(&now));
        }
    }
    serve_requests();
}

static void serve(Request *r)
{
    Market *m = r->market;
    switch (r->kind)
    {
    case SUBSCRIBE:
        m->wants_trades = true;
        // The last known trade comes first, of whatever day.
        if (m->print_count > 0)
        {
            give_print(m, &m->prints[m->print_count - 1], false, false);
        }
        break;
    case UNSUBSCRIBE: m->wants_trades = false; break;
    case SUBSCRIBE_OFFERS: m->wants_offers = true; give_offers(m, 0); break;
    case UNSUBSCRIBE_OFFERS: m->wants_offers = false; break;
    case SUBSCRIBE_DEPTH:
        m->wants_depth = true;
        give_depth(m, 254, 0, 4);
        break;
    case UNSUBSCRIBE_DEPTH: m->wants_depth = false; break;
    case INFO:
        if (callbacks.info)
        {
            Asset a = asset_of(m);
            callbacks.info(a, a.ticker, a.ticker, 1, 1000, 1, 0, 13, m->step, m->multiplier, a.ticker, a.ticker);
            poison();
        }
        break;
    case HISTORY: give_history(m, r->from, r->to); break;
    case ORDER: serve_order(r->from, (int)r->to); break;
    }
}

void serve_requests(void)
{
    while (atomic_load(&waiting_requests) > 0)
    {
        pthread_mutex_lock(&gate);
        Request *r = requests;
        if (r && !(requests = r->next))
        {
            last_request = &requests;
        }
        pthread_mutex_unlock(&gate);
        if (!r)
        {
            return;
        }
        // Counted down first: an answer is an event, behind which requests are served again.
        atomic_fetch_sub(&waiting_requests, 1);
        serve(r);
        free(r);
    }
}

static void log_in(void)
{
    static const int steps[][2] = { { 2, 1 }, { 0, 0 }, { 2, 0 }, { 2, 1 }, { 1, 1 }, { 3, 0 }, { 2, 2 }, { 1, 2 }, { 1, 4 }, { 2, 4 }, { 1, 5 }, { 1, 4 }, { 2, 4 }, { 1, 5 } };
    if (login_result != 0)
    {
        give_state(0, login_result);
        return;
    }
    is_online = true;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
    {
        give_state(steps[i][0], steps[i][1]);
    }
}

static void *run(void *unused)
{
    (void)unused;
    clock_gettime(CLOCK_MONOTONIC, &due);
    if (!is_login_manual)
    {
        log_in();
    }
    pthread_mutex_lock(&gate);
    while (true)
    {
        if (requests)
        {
            is_busy = true;
            pthread_mutex_unlock(&gate);
            serve_requests();
            pthread_mutex_lock(&gate);
        }
        else if (is_finalizing)
        {
            break;
        }
        else if (lines)
        {
            Line *line = lines;
            if (!(lines = line->next))
            {
                last_line = &lines;
            }
            is_busy = true;
            pthread_mutex_unlock(&gate);
            if (strcmp(line->text, "login") == 0)
            {
                log_in();
            }
            else
            {
                run_line(line->text);
            }
            free(line);
            pthread_mutex_lock(&gate);
        }
        else
        {
            is_busy = false;
            pthread_cond_broadcast(&idle);
            pthread_cond_wait(&news, &gate);
        }
    }
    pthread_mutex_unlock(&gate);
    // The same codes come once more while the session ends; result 1 of the login now means that it is over.
    give_state(2, 0);
    give_state(1, 0);
    give_state(0, 1);
    return NULL;
}

bool refuses_request(int32_t *result)
{
    if (!is_initialized)
    {
        *result = NL_NOT_INITIALIZED;
        return true;
    }
    if (pthread_equal(pthread_self(), connector))
    {
        count(COUNT_REQUEST_IN_CALLBACK);
    }
    return false;
}

static void enqueue(Request request)
{
    Request *r = malloc(sizeof *r);
    *r = request;
    pthread_mutex_lock(&gate);
    *last_request = r;
    last_request = &r->next;
    atomic_fetch_add(&waiting_requests, 1);
    pthread_cond_signal(&news);
    pthread_mutex_unlock(&gate);
}

static int32_t request(int kind, ws ticker, ws exchange, int64_t from, int64_t to)
{
    int32_t result;
    if (refuses_request(&result))
    {
        return result;
    }
    if (!ticker || !exchange || ticker[0] == 0)
    {
        return NL_INVALID_ARGS;
    }
    if (exchange[0] == 0 || exchange[1] != 0)
    {
        return NL_EXCHANGE_UNKNOWN;
    }
    Market *m = find_market(ticker);
    if (!m)
    {
        return NL_INVALID_TICKER;
    }
    if (kind == SUBSCRIBE)
    {
        count(COUNT_SUBSCRIBED);
    }
    // Subscribing while market data is down fails silently.
    if (!is_online)
    {
        return NL_OK;
    }
    enqueue((Request){ NULL, kind, m, from, to });
    return NL_OK;
}

void ask_for_order(int64_t local, int what) { enqueue((Request){ NULL, ORDER, NULL, local, what }); }

static int32_t initialize(ws key, ws user, ws password)
{
    if (was_initialized)
    {
        return NL_INTERNAL_ERROR;
    }
    if (!key || !user || !password || !*key || !*user || !*password)
    {
        return NL_INVALID_ARGS;
    }
    was_initialized = is_initialized = true;
    pthread_mutex_lock(&gate);
    is_busy = true; // with the login
    int failed = pthread_create(&connector, NULL, run, NULL);
    pthread_mutex_unlock(&gate);
    return failed ? NL_INTERNAL_ERROR : NL_OK;
}

EXPORT int32_t DLLInitializeLogin(ws key, ws user, ws password, StateCallback state, void *history, void *order_change, void *account, TradeCallback trade,
    DailyCallback daily, void *price_book, OfferCallback offer, HistoryCallback history_trade, ProgressCallback progress, TinyBookCallback tiny)
{
    CALLED;
    (void)history, (void)order_change, (void)account, (void)price_book;
    callbacks.state = state, callbacks.trade = trade, callbacks.daily = daily, callbacks.offer = offer;
    callbacks.history = history_trade, callbacks.progress = progress, callbacks.tiny = tiny;
    return initialize(key, user, password);
}

EXPORT int32_t DLLInitializeMarketLogin(ws key, ws user, ws password, StateCallback state, TradeCallback trade, DailyCallback daily, void *price_book,
    OfferCallback offer, HistoryCallback history_trade, ProgressCallback progress, TinyBookCallback tiny)
{
    CALLED;
    is_market_only = true;
    return DLLInitializeLogin(key, user, password, state, NULL, NULL, NULL, trade, daily, price_book, offer, history_trade, progress, tiny);
}

EXPORT int32_t DLLFinalize(void)
{
    CALLED;
    int32_t result;
    if (refuses_request(&result))
    {
        return result;
    }
    pthread_mutex_lock(&gate);
    is_finalizing = true;
    pthread_cond_signal(&news);
    pthread_mutex_unlock(&gate);
    pthread_join(connector, NULL);
    is_initialized = false;
    count(COUNT_FINALIZED);
    return NL_OK;
}

EXPORT int32_t SetServerAndPort(ws server, ws port)
{
    CALLED;
    (void)port;
    char path[1024];
    narrow(server, path, sizeof path);
    FILE *file = fopen(path, "r");
    if (!file)
    {
        return NL_INVALID_ARGS;
    }
    extern int32_t SimRun(const char *);
    char line[512];
    while (fgets(line, sizeof line, file))
    {
        SimRun(line);
    }
    fclose(file);
    return NL_OK;
}

EXPORT int32_t GetServerClock(double *date, int32_t *year, int32_t *month, int32_t *day, int32_t *hour, int32_t *minute, int32_t *second, int32_t *ms)
{
    CALLED;
    if (!is_initialized)
    {
        return NL_NOT_INITIALIZED;
    }
    SystemTime t = system_time(now_ms);
    *date = now_ms / 86400000.0 + 25569;
    *year = t.year, *month = t.month, *day = t.day, *hour = t.hour, *minute = t.minute, *second = t.second, *ms = t.ms;
    return NL_OK;
}

EXPORT int32_t GetHealthStatus(int32_t *state) { CALLED; *state = health; return NL_OK; }

EXPORT int32_t SubscribeTicker(ws t, ws e) { CALLED; return request(SUBSCRIBE, t, e, 0, 0); }
EXPORT int32_t UnsubscribeTicker(ws t, ws e) { CALLED; return request(UNSUBSCRIBE, t, e, 0, 0); }
EXPORT int32_t SubscribeOfferBook(ws t, ws e) { CALLED; return request(SUBSCRIBE_OFFERS, t, e, 0, 0); }
EXPORT int32_t UnsubscribeOfferBook(ws t, ws e) { CALLED; return request(UNSUBSCRIBE_OFFERS, t, e, 0, 0); }
EXPORT int32_t RequestTickerInfo(ws t, ws e) { CALLED; return request(INFO, t, e, 0, 0); }
EXPORT int32_t SubscribePriceDepth(AssetId *a) { CALLED; return request(SUBSCRIBE_DEPTH, a->ticker, a->exchange, 0, 0); }
EXPORT int32_t UnsubscribePriceDepth(AssetId *a) { CALLED; return request(UNSUBSCRIBE_DEPTH, a->ticker, a->exchange, 0, 0); }

EXPORT int32_t GetHistoryTrades(ws ticker, ws exchange, ws start, ws end)
{
    CALLED;
    char from_text[TEXT], to_text[TEXT];
    int64_t from, to;
    narrow(start, from_text, TEXT);
    narrow(end, to_text, TEXT);
    if (!parse_date(from_text, &from) || !parse_date(to_text, &to) || from >= to)
    {
        return NL_INVALID_ARGS;
    }
    if (version >= 41 && from < now_ms - 30LL * 86400000)
    {
        return NL_HISTORY_PERIOD_LIMIT;
    }
    count(COUNT_HISTORY_REQUESTS);
    return request(HISTORY, ticker, exchange, from, to);
}

static const struct { int id; const char *name, *short_name; } agents[] = { { 39, "Agora CTVM", "Agora" }, { 120, "Genial Investimentos", "Genial" } };

static const char *agent_name(int32_t id, uint32_t is_short)
{
    for (size_t i = 0; i < sizeof agents / sizeof agents[0]; i++)
    {
        if (agents[i].id == id)
        {
            return is_short ? agents[i].short_name : agents[i].name;
        }
    }
    return NULL;
}

EXPORT int32_t GetAgentNameLength(int32_t id, uint32_t is_short)
{
    CALLED;
    const char *name = agent_name(id, is_short);
    return name ? (int32_t)strlen(name) : NL_NOT_FOUND;
}

EXPORT int32_t GetAgentName(int32_t length, int32_t id, uint16_t *buffer, uint32_t is_short)
{
    CALLED;
    const char *name = agent_name(id, is_short);
    if (!name)
    {
        return NL_NOT_FOUND;
    }
    int32_t i = 0;
    for (; i < length && name[i]; i++)
    {
        buffer[i] = (uint8_t)name[i];
    }
    buffer[i] = 0;
    return version >= 36 ? i : NL_OK;
}

#define SETTER(NAME, TYPE, FIELD) EXPORT int32_t NAME(TYPE c) { CALLED; callbacks.FIELD = c; return NL_OK; }
SETTER(SetStateCallback, StateCallback, state)
SETTER(SetTradeCallback, TradeCallback, trade)
SETTER(SetTradeCallbackV2, TradeCallbackV2, trade_v2)
SETTER(SetHistoryTradeCallback, HistoryCallback, history)
SETTER(SetHistoryTradeCallbackV2, TradeCallbackV2, history_v2)
SETTER(SetDailyCallback, DailyCallback, daily)
SETTER(SetTinyBookCallback, TinyBookCallback, tiny)
SETTER(SetSerieProgressCallback, ProgressCallback, progress)
SETTER(SetOfferBookCallback, OfferCallback, offer)
SETTER(SetOfferBookCallbackV2, OfferCallbackV2, offer_v2)
SETTER(SetPriceDepthCallback, DepthCallback, depth)
SETTER(SetTheoreticalPriceCallback, TheoreticalCallback, theoretical)
SETTER(SetChangeStateTickerCallback, StateTickerCallback, state_ticker)
SETTER(SetAssetListInfoCallback, AssetInfoCallback, info)
SETTER(SetInvalidTickerCallback, InvalidTickerCallback, invalid)
SETTER(SetHealthCallback, HealthCallback, health)
SETTER(SetOrderCallback, OrderCallback, order)
SETTER(SetTradingMessageResultCallback, MessageResultCallback, result)

// What only a simulator has.

// Queues the lines of a script; they run on the connector thread, in order.
EXPORT int32_t SimRun(const char *script)
{
    while (*script)
    {
        size_t length = strcspn(script, "\n");
        Line *line = malloc(sizeof *line + length + 1);
        line->next = NULL;
        memcpy(line->text, script, length);
        line->text[length] = 0;
        pthread_mutex_lock(&gate);
        // Settings that must hold before the connection is made cannot wait for its thread.
        if (!is_initialized && (strncmp(line->text, "manual", 6) == 0 || strncmp(line->text, "reject", 6) == 0 || strncmp(line->text, "version", 7) == 0 || strncmp(line->text, "asset", 5) == 0
            || strncmp(line->text, "past", 4) == 0 || strncmp(line->text, "clock", 5) == 0 || strncmp(line->text, "seed", 4) == 0))
        {
            run_line(line->text);
            free(line);
        }
        else
        {
            *last_line = line;
            last_line = &line->next;
            pthread_cond_signal(&news);
        }
        pthread_mutex_unlock(&gate);
        script += length + (script[length] == '\n');
    }
    return NL_OK;
}

// Waits until everything queued has been handled; 0, or -1 when that takes longer.
EXPORT int32_t SimWait(int32_t milliseconds)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    int64_t at = nanoseconds(&until) + milliseconds * 1000000LL;
    until.tv_sec = at / 1000000000LL;
    until.tv_nsec = at % 1000000000LL;
    int failed = 0;
    pthread_mutex_lock(&gate);
    while (!failed && (lines || requests || is_busy))
    {
        failed = pthread_cond_timedwait(&idle, &gate, &until);
    }
    pthread_mutex_unlock(&gate);
    return failed ? -1 : 0;
}

// 1 when a function of the interface was called.
EXPORT int32_t SimCalled(const char *function)
{
    for (int i = 0; i < atomic_load(&called_count) && i < MAX_CALLED; i++)
    {
        if (called[i] && strcmp(called[i], function) == 0)
        {
            return 1;
        }
    }
    return 0;
}

EXPORT int64_t SimCounter(int32_t which) { return which >= 0 && which < COUNTERS ? atomic_load(&counters[which]) : -1; }

// The true book: orders (what 0) or prices (what 1), index 0 is the worst; returns how many there are.
EXPORT int32_t SimBook(const char *ticker, int32_t what, int32_t side, int32_t index, double *price, int64_t *quantity)
{
    Market *m = market_of(ticker);
    Side *s = what == 0 ? &m->offers[side] : &m->depth[side];
    if (index >= 0 && index < s->count)
    {
        *price = s->items[index].price;
        *quantity = s->items[index].quantity;
    }
    return s->count;
}

// Trades made so far of a ticker, delivered or not.
EXPORT int64_t SimPrints(const char *ticker) { return (int64_t)market_of(ticker)->print_count; }
EXPORT void SimHealth(int32_t state) { health = state; }

// Calls the trade callback so often, from this thread, so many ns apart, and gives the time of each call in ns.
EXPORT void SimMeasure(const char *ticker, int64_t calls, int64_t gap, int64_t *ns)
{
    Market *m = market_of(ticker);
    pthread_t own = connector;
    connector = pthread_self();
    for (int64_t i = 0; i < calls; i++)
    {
        struct timespec a, b;
        m->print_count = 0;
        Print *p = add_print(m, now_ms, m->price, 1, 39, 120, 2);
        clock_gettime(CLOCK_MONOTONIC, &a);
        give_print(m, p, false, false);
        clock_gettime(CLOCK_MONOTONIC, &b);
        ns[i] = nanoseconds(&b) - nanoseconds(&a);
        while (nanoseconds(&b) - nanoseconds(&a) < gap)
        {
            clock_gettime(CLOCK_MONOTONIC, &b);
        }
    }
    connector = own;
}
