// Text, dates, trades and their history.
#include "simulator.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct { uint32_t magic; Print print; } TradeBlock;
enum { MAGIC = 0x54524144, TEXTS = 4 };

static TradeBlock block;
static uint16_t texts[TEXTS][TEXT];
static int next_text;
static uint64_t random_state = 88172645463325252ULL;
static int stuck_answers;

void seed_random(uint64_t seed) { random_state = seed * 2654435761ULL + 88172645463325252ULL; }

uint32_t next_random(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % below;
}

ws text_of(const char *text)
{
    uint16_t *t = texts[next_text++ % TEXTS];
    int i = 0;
    for (; i < TEXT - 1 && text[i]; i++)
    {
        t[i] = (uint8_t)text[i];
    }
    t[i] = 0;
    return t;
}

// What a pointer that was kept shows behind its callback.
void poison(void)
{
    next_text = 0;
    if (has_poison)
    {
        memset(texts, 0xDD, sizeof texts);
        memset(&block, 0xDD, sizeof block);
    }
}

void narrow(ws text, char *out, int room)
{
    int i = 0;
    for (; text && i < room - 1 && text[i]; i++)
    {
        out[i] = (char)text[i];
    }
    out[i] = 0;
}

static void civil(int64_t days, int *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned doe = (unsigned)(days - era * 146097), yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

static int64_t days_of(int year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    unsigned yoe = (unsigned)(year - era * 400), doy = (153 * (unsigned)(month > 2 ? month - 3 : month + 9) + 2) / 5 + (unsigned)day - 1;
    return era * 146097 + (int64_t)(yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719468;
}

SystemTime system_time(int64_t ms)
{
    int year, month, day;
    int64_t days = ms / 86400000, rest = ms % 86400000;
    civil(days, &year, &month, &day);
    return (SystemTime){ (uint16_t)year, (uint16_t)month, (uint16_t)((days + 4) % 7), (uint16_t)day, (uint16_t)(rest / 3600000), (uint16_t)(rest / 60000 % 60),
        (uint16_t)(rest / 1000 % 60), (uint16_t)(rest % 1000) };
}

void date_text(int64_t ms, char *out)
{
    SystemTime t = system_time(ms);
    snprintf(out, TEXT, "%02u/%02u/%04u %02u:%02u:%02u.%03u", t.day, t.month, t.year, t.hour, t.minute, t.second, t.ms);
}

bool parse_date(const char *text, int64_t *ms)
{
    int day, month, year, hour = 0, minute = 0, second = 0, milli = 0;
    int found = sscanf(text, "%2d/%2d/%4d %2d:%2d:%2d.%3d", &day, &month, &year, &hour, &minute, &second, &milli);
    if (found < 3)
    {
        return false;
    }
    *ms = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60000LL + second * 1000LL + milli;
    return true;
}

Market *market_of(const char *ticker)
{
    for (int i = 0; i < market_count; i++)
    {
        if (strcmp(markets[i].ticker, ticker) == 0)
        {
            return &markets[i];
        }
    }
    if (market_count == MAX_ASSETS)
    {
        return &markets[0];
    }
    Market *m = &markets[market_count++];
    snprintf(m->ticker, TEXT, "%s", ticker);
    m->price = 5500, m->step = 0.5, m->multiplier = 10, m->next_id = 1;
    return m;
}

Market *find_market(ws ticker)
{
    char name[TEXT];
    narrow(ticker, name, TEXT);
    for (int i = 0; i < market_count; i++)
    {
        if (strcmp(markets[i].ticker, name) == 0)
        {
            return &markets[i];
        }
    }
    return NULL;
}

Asset asset_of(const Market *m) { return (Asset){ text_of(m->ticker), text_of("F"), 0 }; }
AssetId asset_id_of(const Market *m) { return (AssetId){ 0, text_of(m->ticker), text_of("F"), 0 }; }

Print *add_print(Market *m, int64_t time, double price, int64_t quantity, int32_t buyer, int32_t seller, uint8_t type)
{
    if (forgets)
    {
        m->print_count = 0;
    }
    if (m->print_count == m->print_room)
    {
        m->print_room = m->print_room ? m->print_room * 2 : 1024;
        m->prints = realloc(m->prints, m->print_room * sizeof *m->prints);
    }
    Print *p = &m->prints[m->print_count++];
    *p = (Print){ time, ++m->number, price, quantity, buyer, seller, type };
    m->price = price;
    return p;
}

static int64_t monotonic(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

// A handler that takes too long is warned of, then part of the data is held back; one that is quick again ends it.
static void judge(int64_t took)
{
    static int slow;
    bool is_slow = took > slow_ns;
    if (is_slow && slow < 2)
    {
        give_state(2, 5 + slow++);
    }
    else if (!is_slow && slow > 0)
    {
        slow = 0;
        give_state(2, 4);
    }
}

void give_print(Market *m, const Print *print, bool is_edit, bool is_zero)
{
    if (!is_online || !m->wants_trades)
    {
        return;
    }
    Print p = is_zero ? (Print){ 0 } : *print;
    int64_t began = slow_ns > 0 ? monotonic() : 0;
    if (callbacks.trade_v2)
    {
        block = (TradeBlock){ MAGIC, p };
        callbacks.trade_v2(asset_id_of(m), &block, is_edit ? 1 : 0);
        poison();
    }
    if (callbacks.trade)
    {
        char date[TEXT] = "";
        if (!is_zero)
        {
            date_text(p.time, date);
        }
        uint32_t garbage = has_garbage ? 0xABCD0000u : 0;
        callbacks.trade(asset_of(m), text_of(date), p.number, p.price, p.price * (double)p.quantity * m->multiplier, (int32_t)p.quantity, p.buyer, p.seller, p.type,
            garbage | (is_edit ? 1 : 0));
        poison();
    }
    if (slow_ns > 0)
    {
        judge(monotonic() - began);
    }
    count(COUNT_TRADES);
    meet_orders(m);
}

void random_trade(Market *m, bool is_delivered)
{
    double price = m->price + ((int)next_random(3) - 1) * m->step;
    Print *p = add_print(m, now_ms, price < m->step ? m->step : price, 1 + next_random(20), 39, 120, (uint8_t)(2 + next_random(2)));
    if (is_delivered)
    {
        give_print(m, p, false, false);
        delivered();
    }
}

static void give_old(Market *m, const Print *p, bool is_last)
{
    if (callbacks.history_v2)
    {
        block = (TradeBlock){ MAGIC, p ? *p : (Print){ 0 } };
        callbacks.history_v2(asset_id_of(m), &block, is_last ? 2 : 0);
        poison();
    }
    else if (callbacks.history && p)
    {
        char date[TEXT];
        date_text(p->time, date);
        callbacks.history(asset_of(m), text_of(date), p->number, p->price, p->price * (double)p->quantity * m->multiplier, (int32_t)p->quantity, p->buyer, p->seller, p->type);
        poison();
    }
}

static void give_progress(Market *m, int percent)
{
    if (callbacks.progress)
    {
        callbacks.progress(asset_of(m), percent);
        poison();
    }
}

void stick_history(int answers) { stuck_answers = answers; }

void give_history(Market *m, int64_t from, int64_t to)
{
    // A request that was accepted and is never answered.
    if (stuck_answers > 0)
    {
        stuck_answers--;
        give_progress(m, 99);
        return;
    }
    size_t first = 0, end = m->print_count;
    size_t *found = malloc((end + 1) * sizeof *found), matches = 0;
    for (size_t i = first; i < end; i++)
    {
        if (m->prints[i].time >= from && m->prints[i].time < to)
        {
            found[matches++] = i;
        }
    }
    give_progress(m, 1);
    for (size_t i = 0; i < matches && is_online; i++)
    {
        give_old(m, &m->prints[found[i]], i + 1 == matches);
        count(COUNT_CALLBACKS);
    }
    free(found);
    give_progress(m, 99);
    give_progress(m, 100);
}

EXPORT int32_t TranslateTrade(void *trade, Trade *out)
{
    CALLED;
    TradeBlock *b = trade;
    if (b != &block || b->magic != MAGIC || !pthread_equal(pthread_self(), connector))
    {
        count(COUNT_TRANSLATE_LATE);
        return NL_INVALID_ARGS;
    }
    if (out->version != 0)
    {
        return NL_VERSION_NOT_SUPPORTED;
    }
    const Print *p = &b->print;
    SystemTime none = { 0 };
    *out = (Trade){ 0, p->time ? system_time(p->time) : none, p->number, p->price, p->quantity, p->price * (double)p->quantity * 10, p->buyer, p->seller, p->type };
    return NL_OK;
}
