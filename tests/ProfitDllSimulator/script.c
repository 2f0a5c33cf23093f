// The script: one command a line, words separated by blanks, # begins a comment. docs/profitdll.md lists the commands.
#include "simulator.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_WORDS = 16 };

static int index_of(const char *word, const char *const *names)
{
    for (int i = 0; names[i]; i++)
    {
        if (strcmp(word, names[i]) == 0)
        {
            return i;
        }
    }
    return -1;
}

static void pass(int64_t ms)
{
    now_ms += ms;
    if (speed > 0)
    {
        int64_t ns = (int64_t)((double)ms * 1e6 / speed);
        struct timespec t = { ns / 1000000000LL, ns % 1000000000LL };
        nanosleep(&t, NULL);
    }
}

static void trade(Market *m, char **w, int words)
{
    Print *p = add_print(m, now_ms, words > 2 ? atof(w[2]) : m->price, words > 3 ? atoll(w[3]) : 1, words > 4 ? atoi(w[4]) : 39, words > 5 ? atoi(w[5]) : 120,
        (uint8_t)(words > 6 ? atoi(w[6]) : 2));
    give_print(m, p, false, false);
    delivered();
}

// edit TICKER NUMBER PRICE QUANTITY: the trade was another; it comes again, marked.
static void edit(Market *m, uint32_t number, double price, int64_t quantity)
{
    for (size_t i = 0; i < m->print_count; i++)
    {
        if (m->prints[i].number == number)
        {
            m->prints[i].price = price;
            m->prints[i].quantity = quantity;
            give_print(m, &m->prints[i], true, false);
            delivered();
            return;
        }
    }
}

static void past(Market *m, const char *day, int trades)
{
    int64_t start;
    if (!parse_date(day, &start))
    {
        count(COUNT_BAD_LINES);
        return;
    }
    // The numbers begin anew each day.
    uint32_t number = m->number;
    m->number = 0;
    for (int i = 0; i < trades; i++)
    {
        add_print(m, start + 9 * 3600000 + (int64_t)i * 30000000 / trades, m->price + ((int)next_random(3) - 1) * m->step, 1 + next_random(20), 39, 120, 2);
    }
    m->number = number;
}

static void tell_top(Market *m, int side)
{
    if (callbacks.tiny && is_online && m->wants_trades)
    {
        callbacks.tiny(asset_of(m), m->price + (side == BUY ? -m->step : m->step), (int32_t)(1 + next_random(50)), side);
        poison();
        delivered();
    }
}

static void mixed(Market *m, int64_t events, uint32_t step)
{
    for (int64_t i = 0; i < events && !is_finalizing; i++)
    {
        pass(next_random(step + 1));
        uint32_t what = next_random(100);
        if (what < 40)
        {
            random_trade(m, true);
        }
        else if (what < 65)
        {
            random_offer(m);
        }
        else if (what < 90)
        {
            random_depth(m);
        }
        else
        {
            tell_top(m, (int)next_random(2));
        }
    }
}

static void run_words(char **words, int count_of_words);

static bool of_session(char **w, int words)
{
    if (strcmp(w[0], "manual") == 0) { is_login_manual = true; }
    else if (strcmp(w[0], "reject") == 0) { login_result = words > 1 ? atoi(w[1]) : 1; }
    else if (strcmp(w[0], "version") == 0) { version = words > 1 ? atoi(w[1]) : 41; }
    else if (strcmp(w[0], "seed") == 0) { seed_random(words > 1 ? strtoull(w[1], NULL, 10) : 1); }
    else if (strcmp(w[0], "rate") == 0) { rate = words > 1 ? atof(w[1]) : 0; }
    else if (strcmp(w[0], "speed") == 0) { speed = words > 1 ? atof(w[1]) : 0; }
    else if (strcmp(w[0], "poison") == 0) { has_poison = words > 1 && atoi(w[1]); }
    else if (strcmp(w[0], "garbage") == 0) { has_garbage = words > 1 && atoi(w[1]); }
    else if (strcmp(w[0], "slow") == 0) { slow_ns = (int64_t)(words > 1 ? atof(w[1]) * 1e6 : 0); }
    else if (strcmp(w[0], "forget") == 0) { forgets = words < 2 || atoi(w[1]); }
    else if (strcmp(w[0], "wait") == 0) { pass(words > 1 ? atoll(w[1]) : 0); }
    // hide and a line: it happens, but nobody is told.
    else if (strcmp(w[0], "hide") == 0)
    {
        bool was_online = is_online;
        is_online = false;
        for (int i = 1; i < words; i++) { w[i - 1] = w[i]; }
        run_words(w, words - 1);
        is_online = was_online;
    }
    else if (strcmp(w[0], "stick") == 0) { stick_history(words > 1 ? atoi(w[1]) : 1); }
    else if (strcmp(w[0], "drop") == 0)
    {
        is_online = false;
        for (int i = 0; i < market_count; i++)
        {
            markets[i].wants_trades = markets[i].wants_offers = markets[i].wants_depth = false;
        }
        give_state(2, 0);
    }
    else if (strcmp(w[0], "restore") == 0)
    {
        give_state(2, 1);
        give_state(2, 2);
        is_online = true;
        give_state(2, 4);
    }
    else if (strcmp(w[0], "cycles") == 0)
    {
        for (int i = 0; i < (words > 1 ? atoi(w[1]) : 1) && !is_finalizing; i++)
        {
            char drop[] = "drop", restore[] = "restore", *d[] = { drop }, *r[] = { restore };
            of_session(d, 1);
            of_session(r, 1);
            serve_requests();
        }
    }
    else if (strcmp(w[0], "state") == 0 && words > 2) { give_state(atoi(w[1]), atoi(w[2])); }
    else if (strcmp(w[0], "health") == 0 && words > 1 && callbacks.health) { callbacks.health(atoi(w[1])); }
    else if (strcmp(w[0], "clock") == 0 && words > 2)
    {
        char text[TEXT * 2] = "";
        strncat(text, w[1], TEXT - 1);
        strcat(text, " ");
        strncat(text, w[2], TEXT - 2);
        if (!parse_date(text, &now_ms))
        {
            count(COUNT_BAD_LINES);
        }
    }
    else { return false; }
    return true;
}

static bool of_market(Market *m, char **w, int words)
{
    static const char *const actions[] = { "add", "edit", "delete", "deletefrom", "full", NULL };
    static const char *const types[] = { "add", "edit", "delete", "insert", "full", "prepare", "flush", "theoretical", "deletefrom", NULL };
    double number[MAX_WORDS];
    for (int i = 0; i < MAX_WORDS; i++)
    {
        number[i] = i < words ? atof(w[i]) : 0;
    }
    int64_t events = words > 2 ? atoll(w[2]) : 1;
    if (strcmp(w[0], "asset") == 0)
    {
        m->price = words > 2 ? number[2] : m->price, m->step = words > 3 ? number[3] : m->step, m->multiplier = words > 4 ? number[4] : m->multiplier;
    }
    else if (strcmp(w[0], "trade") == 0) { trade(m, w, words); }
    else if (strcmp(w[0], "trades") == 0) { for (int64_t i = 0; i < events && !is_finalizing; i++) { now_ms += next_random(3); random_trade(m, true); } }
    else if (strcmp(w[0], "burst") == 0)
    {
        // As fast as it can or so many a second, and without keeping them for a later request.
        struct timespec start, now;
        clock_gettime(CLOCK_MONOTONIC, &start);
        for (int64_t i = 0; i < events && !is_finalizing; i++)
        {
            for (int64_t due = words > 3 ? (int64_t)((double)i * 1e9 / number[3]) : 0; due > 0;)
            {
                clock_gettime(CLOCK_MONOTONIC, &now);
                due = (now.tv_sec - start.tv_sec) * 1000000000LL + now.tv_nsec - start.tv_nsec < due ? due : 0;
            }
            m->print_count = 0;
            give_print(m, add_print(m, now_ms + i / 1000, m->price, 1, 39, 120, 2), false, false);
            count(COUNT_CALLBACKS);
        }
    }
    else if (strcmp(w[0], "skip") == 0) { for (int64_t i = 0; i < events; i++) { now_ms += next_random(3); random_trade(m, false); } }
    else if (strcmp(w[0], "again") == 0 && m->print_count > 0) { give_print(m, &m->prints[m->print_count - 1], false, false); delivered(); }
    else if (strcmp(w[0], "zero") == 0) { Print none = { 0 }; give_print(m, &none, false, true); delivered(); }
    else if (strcmp(w[0], "late") == 0)
    {
        Print *p = add_print(m, now_ms - events, m->price, 1, 39, 120, 2);
        give_print(m, p, false, false);
        delivered();
    }
    else if (strcmp(w[0], "edit") == 0 && words > 4) { edit(m, (uint32_t)number[2], number[3], (int64_t)number[4]); }
    else if (strcmp(w[0], "past") == 0 && words > 3) { past(m, w[2], atoi(w[3])); }
    else if (strcmp(w[0], "mixed") == 0) { mixed(m, events, words > 3 ? (uint32_t)number[3] : 10); }
    else if (strcmp(w[0], "offers") == 0) { for (int64_t i = 0; i < events && !is_finalizing; i++) { random_offer(m); } }
    else if (strcmp(w[0], "depths") == 0) { for (int64_t i = 0; i < events && !is_finalizing; i++) { random_depth(m); } }
    else if (strcmp(w[0], "offer") == 0 && words > 2)
    {
        // offer TICKER ACTION SIDE POSITION PRICE QUANTITY, or offer TICKER full PAGE
        int action = index_of(w[2], actions);
        if (action == FULL_BOOK) { give_offers(m, (int)number[3]); }
        else if (action >= 0) { change_offer(m, action, (int)number[3], (int)number[4], number[5], (int64_t)number[6], 39, m->next_id++, false); }
        else { return false; }
    }
    else if (strcmp(w[0], "depth") == 0 && words > 2)
    {
        // depth TICKER TYPE SIDE POSITION PRICE QUANTITY
        int type = index_of(w[2], types);
        if (type == 1 || type == 2 || type == 3 || type == 8) { change_depth(m, type, (int)number[3], (int)number[4], number[5], (int64_t)number[6], 1); }
        else if (type >= 0) { give_depth(m, words > 3 ? (int)number[3] : 254, 0, type); }
        else { return false; }
    }
    else if (strcmp(w[0], "tiny") == 0 && words > 4)
    {
        if (callbacks.tiny) { callbacks.tiny(asset_of(m), number[3], (int32_t)number[4], (int32_t)number[2]); poison(); }
        delivered();
    }
    else if (strcmp(w[0], "daily") == 0 && words > 5)
    {
        char date[TEXT];
        date_text(now_ms, date);
        if (callbacks.daily)
        {
            callbacks.daily(asset_of(m), text_of(date), number[2], number[3], number[4], number[5], 1e6, number[5] + 1, number[3] + 100, number[4] - 100, 5e5, 5e5,
                11, 12, 13, 14, 15, 16, 17);
            poison();
        }
        delivered();
    }
    else if (strcmp(w[0], "theoretical") == 0 && words > 3)
    {
        m->theoretical = number[2], m->theoretical_quantity = (int64_t)number[3];
        if (callbacks.theoretical) { callbacks.theoretical(asset_of(m), number[2], (int64_t)number[3]); poison(); }
        delivered();
    }
    else if (strcmp(w[0], "status") == 0)
    {
        char date[TEXT];
        date_text(now_ms, date);
        if (callbacks.state_ticker) { callbacks.state_ticker(asset_of(m), text_of(date), (int32_t)events); poison(); }
        delivered();
    }
    else if (strcmp(w[0], "invalid") == 0)
    {
        if (callbacks.invalid) { callbacks.invalid(asset_id_of(m)); poison(); }
        delivered();
    }
    else if (strcmp(w[0], "progress") == 0)
    {
        if (callbacks.progress) { callbacks.progress(asset_of(m), (int32_t)events); poison(); }
        delivered();
    }
    else { return false; }
    return true;
}

static void run_words(char **words, int count_of_words)
{
    if (count_of_words > 0 && !of_session(words, count_of_words) && !run_orders(words, count_of_words) && (count_of_words < 2 || !of_market(market_of(words[1]), words, count_of_words)))
    {
        count(COUNT_BAD_LINES);
    }
}

void run_line(char *line)
{
    char *words[MAX_WORDS], *rest = NULL;
    int count_of_words = 0;
    line[strcspn(line, "#\r\n")] = 0;
    for (char *w = strtok_r(line, " \t", &rest); w && count_of_words < MAX_WORDS; w = strtok_r(NULL, " \t", &rest))
    {
        words[count_of_words++] = w;
    }
    run_words(words, count_of_words);
}
