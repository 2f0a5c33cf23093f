// What the files of the simulator share. Everything that changes belongs to the connector thread, or is behind the gate.
#pragma once
#include "abi.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { MAX_ASSETS = 8, TEXT = 64, BUY = 0, SELL = 1 };
enum { ADD, EDIT, DELETE, DELETE_FROM, FULL_BOOK };

// One order of the true offer book, or one price of the true depth.
typedef struct { double price; int64_t quantity; int32_t agent; uint32_t count; int64_t id; } Entry;

// Worst first, best last.
typedef struct { Entry *items; int count, room; } Side;

typedef struct { int64_t time; uint32_t number; double price; int64_t quantity; int32_t buyer, seller; uint8_t type; } Print;

typedef struct
{
    char ticker[TEXT];
    bool wants_trades, wants_offers, wants_depth;
    double price, step, multiplier, theoretical;
    int64_t theoretical_quantity;
    uint32_t number;
    int64_t next_id;
    Print *prints;
    size_t print_count, print_room;
    Side offers[2], depth[2];
} Market;

// What the consumer did, as SimCounter gives it.
enum
{
    COUNT_REQUEST_IN_CALLBACK, COUNT_TRANSLATE_LATE, COUNT_FREE_UNKNOWN, COUNT_FREE_SIZE, COUNT_BLOCKS_OUT, COUNT_CALLBACKS, COUNT_TRADES, COUNT_BAD_LINES,
    COUNT_SUBSCRIBED, COUNT_HISTORY_REQUESTS, COUNT_FINALIZED, COUNT_ORDERS, COUNTERS
};

typedef struct
{
    StateCallback state; ProgressCallback progress; DailyCallback daily; TradeCallback trade; TradeCallbackV2 trade_v2; HistoryCallback history;
    TradeCallbackV2 history_v2; OfferCallback offer; OfferCallbackV2 offer_v2; TinyBookCallback tiny; DepthCallback depth; TheoreticalCallback theoretical;
    StateTickerCallback state_ticker; AssetInfoCallback info; InvalidTickerCallback invalid; HealthCallback health; OrderCallback order; MessageResultCallback result;
} Callbacks;

extern Callbacks callbacks;
extern Market markets[MAX_ASSETS];
extern int market_count, version;
extern int64_t slow_ns;              // what a trade callback may take; 0 any time
extern int64_t now_ms;              // the exchange's clock: ms since 1970 by Brasilia's time
extern bool is_online, is_login_manual, has_poison, has_garbage, forgets;
extern int login_result;
extern double rate, speed;
extern atomic_llong counters[COUNTERS];
extern pthread_mutex_t gate;
extern pthread_t connector;
extern bool is_initialized, is_finalizing, is_market_only;

// Remembers that a function was called, as SimCalled tells.
#define CALLED do { static atomic_bool was; if (!atomic_load_explicit(&was, memory_order_relaxed) && !atomic_exchange(&was, true)) { note_call(__func__); } } while (0)
void note_call(const char *function);
void count(int counter);
bool refuses_request(int32_t *result); // counts one made on the connector thread
void ask_for_order(int64_t local, int what);
void serve_requests(void);             // on the connector thread, between two events
void delivered(void);                  // behind every event: pace, requests
void give_state(int type, int result);
uint32_t next_random(uint32_t below);
void seed_random(uint64_t seed);

Market *market_of(const char *ticker);
Market *find_market(ws ticker);
Asset asset_of(const Market *m);       // in text buffers that poison() spoils
AssetId asset_id_of(const Market *m);
ws text_of(const char *text);
void poison(void);
void narrow(ws text, char *out, int room);
void date_text(int64_t ms, char *out); // dd/MM/yyyy HH:mm:ss.fff
bool parse_date(const char *text, int64_t *ms);
SystemTime system_time(int64_t ms);

Print *add_print(Market *m, int64_t time, double price, int64_t quantity, int32_t buyer, int32_t seller, uint8_t type);
void give_print(Market *m, const Print *p, bool is_edit, bool is_zero);
void random_trade(Market *m, bool is_delivered);
void give_history(Market *m, int64_t from, int64_t to);
void stick_history(int answers);

void change_offer(Market *m, int action, int side, int position, double price, int64_t quantity, int32_t agent, int64_t id, bool has_date);
void random_offer(Market *m);
void give_offers(Market *m, int page);
void change_depth(Market *m, int action, int side, int position, double price, int64_t quantity, uint32_t count);
void random_depth(Market *m);
void give_depth(Market *m, int side, int position, int type);

void serve_order(int64_t local, int what);
void meet_orders(Market *m);           // those that the price has reached
bool run_orders(char **words, int count_of_words);

void run_line(char *line);
