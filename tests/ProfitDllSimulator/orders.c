// Accounts, orders and positions. Orders are asked for on any thread and answered on the connector thread; the lock guards what both see.
#include "simulator.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ORDERS = 4096, BUYS = 1, SELLS = 2, MARKET = 1, LIMIT = 2, STOP_LIMIT = 4, ASK_NEW = 1, ASK_CHANGE, ASK_CANCEL, ASK_TELL };
enum { NEW = 0, PARTIAL = 1, FILLED = 2, CANCELLED = 4, REPLACED = 5, REJECTED = 8, BROKER_SENT = 202, CLIENT_CREATED = 203 };

typedef struct
{
    int64_t local, quantity, traded, event, wanted_quantity;
    double price, stop, average, wanted_price, wanted_stop;
    int account, type, side, status;
    bool has_cl_ord, is_triggered, is_lost;
    Market *market;
    SystemTime date;
    char text[TEXT];
} Order;

typedef struct { int64_t net, bought, sold; double average, paid, received; bool was_used; } Holding;

static const struct { int32_t broker; const char *id, *name, *owner; } accounts[] = { { 32006, "SIM-1", "Simulator", "A. Trader" }, { 1003, "REAL-7", "XP", "A. Trader" } };
enum { ACCOUNTS = sizeof accounts / sizeof accounts[0] };

static pthread_mutex_t book = PTHREAD_MUTEX_INITIALIZER;
static Order orders[MAX_ORDERS];
static Holding holdings[ACCOUNTS][MAX_ASSETS];
static int order_count, account_count = 1, loading, hidden, refusal;
static bool holds, rejects, loses, is_mute, comes_twice;

static Order *find_order(int64_t local) { return local > 0 && local <= order_count ? &orders[local - 1] : NULL; }

static bool is_open(const Order *o) { return o->status == NEW || o->status == PARTIAL || o->status == REPLACED; }

static void cl_ord_of(const Order *o, char *text) { snprintf(text, TEXT, "CL%06lld", (long long)o->local); }

static int account_of(const AccountId *id)
{
    char text[TEXT];
    narrow(id->account, text, TEXT);
    for (int i = 0; i < account_count; i++)
    {
        if (accounts[i].broker == id->broker && strcmp(accounts[i].id, text) == 0)
        {
            return i;
        }
    }
    return -1;
}

static Order *order_of(const OrderId *id)
{
    char text[TEXT], other[TEXT];
    if (id->local > 0)
    {
        return find_order(id->local);
    }
    narrow(id->cl_ord, text, TEXT);
    for (int i = 0; i < order_count; i++)
    {
        cl_ord_of(&orders[i], other);
        if (orders[i].has_cl_ord && strcmp(text, other) == 0)
        {
            return &orders[i];
        }
    }
    return NULL;
}

// One update. The callback only names the order; what became of it is asked for.
static void tell(Order *o)
{
    char text[TEXT];
    o->event++;
    cl_ord_of(o, text);
    for (int times = is_mute ? 0 : comes_twice ? 2 : 1; callbacks.order && times > 0; times--)
    {
        callbacks.order((OrderId){ 0, o->local, o->has_cl_ord ? text_of(text) : text_of("") });
        poison();
    }
    count(COUNT_CALLBACKS);
}

static void set_status(Order *o, int status, const char *text)
{
    pthread_mutex_lock(&book);
    o->status = status;
    snprintf(o->text, TEXT, "%s", text);
    pthread_mutex_unlock(&book);
    tell(o);
}

static void trade_order(Order *o, int64_t quantity, double price)
{
    Holding *h = &holdings[o->account][o->market - markets];
    quantity = quantity < o->quantity - o->traded ? quantity : o->quantity - o->traded;
    if (quantity <= 0)
    {
        return;
    }
    pthread_mutex_lock(&book);
    o->average = (o->average * (double)o->traded + price * (double)quantity) / (double)(o->traded + quantity);
    o->traded += quantity;
    o->status = o->traded == o->quantity ? FILLED : PARTIAL;
    int64_t signed_quantity = o->side == BUYS ? quantity : -quantity, net = h->net + signed_quantity;
    // The mean changes only while the position grows; one that turns begins anew at this price.
    h->average = net == 0 ? 0 : llabs(net) > llabs(h->net) && h->net * signed_quantity >= 0
        ? (h->average * (double)llabs(h->net) + price * (double)quantity) / (double)llabs(net)
        : h->net * net < 0 ? price : h->average;
    h->net = net;
    h->was_used = true;
    *(o->side == BUYS ? &h->bought : &h->sold) += quantity;
    *(o->side == BUYS ? &h->paid : &h->received) += price * (double)quantity;
    pthread_mutex_unlock(&book);
    tell(o);
}

static void meet(Order *o)
{
    Market *m = o->market;
    if (!is_open(o) || holds)
    {
        return;
    }
    bool buys = o->side == BUYS;
    o->is_triggered |= o->type == STOP_LIMIT && (buys ? m->price >= o->stop : m->price <= o->stop);
    if (o->type == MARKET || ((o->type == LIMIT || o->is_triggered) && (buys ? m->price <= o->price : m->price >= o->price)))
    {
        trade_order(o, o->quantity, m->price);
    }
}

void meet_orders(Market *m)
{
    for (int i = 0; i < order_count; i++)
    {
        if (orders[i].market == m)
        {
            meet(&orders[i]);
        }
    }
}

static void give_result(const Order *o, int result, const char *text)
{
    if (callbacks.result && !is_mute)
    {
        MessageResult r = { 0, accounts[o->account].broker, { 0, o->local, NULL }, o->local, (uint8_t)result, text_of(text), (int32_t)strlen(text) };
        callbacks.result(&r);
        memset(&r, 0xDD, sizeof r);
        poison();
    }
}

void serve_order(int64_t local, int what)
{
    Order *o = find_order(local);
    switch (what)
    {
    case ASK_NEW:
        set_status(o, CLIENT_CREATED, "");
        if (rejects)
        {
            set_status(o, REJECTED, "Insufficient margin");
            give_result(o, 9, "Insufficient margin");
            return;
        }
        // The permanent id comes with the second update.
        o->has_cl_ord = true;
        set_status(o, BROKER_SENT, "");
        set_status(o, NEW, "");
        give_result(o, 10, "");
        meet(o);
        break;
    case ASK_CHANGE:
        if (is_open(o) && o->wanted_quantity > o->traded)
        {
            o->quantity = o->wanted_quantity, o->price = o->wanted_price, o->stop = o->wanted_stop;
            set_status(o, REPLACED, "");
            meet(o);
        }
        break;
    case ASK_CANCEL:
        if (is_open(o))
        {
            set_status(o, CANCELLED, "");
        }
        break;
    case ASK_TELL: tell(o); break;
    }
}

static int32_t check(const AccountId *account, uint8_t given, int newest, ws password, int *found)
{
    int32_t result;
    *found = -1;
    if (refuses_request(&result))
    {
        return result;
    }
    if (given > newest)
    {
        return NL_VERSION_NOT_SUPPORTED;
    }
    if (is_market_only)
    {
        return NL_MARKET_ONLY;
    }
    if (refusal)
    {
        result = (int32_t)(0x80000000u + (unsigned)refusal);
        refusal = 0;
        return result;
    }
    *found = account_of(account);
    return *found < 0 || !password || !*password ? NL_INVALID_ARGS : NL_OK;
}

static int64_t add_order(int account, Market *m, int type, int side, double price, double stop, int64_t quantity, bool is_asked)
{
    pthread_mutex_lock(&book);
    if (order_count == MAX_ORDERS)
    {
        pthread_mutex_unlock(&book);
        return NL_INTERNAL_ERROR;
    }
    Order *o = &orders[order_count];
    *o = (Order){ .local = order_count + 1, .quantity = quantity, .price = price, .stop = stop, .account = account, .type = type, .side = side, .market = m,
        .status = CLIENT_CREATED, .date = system_time(now_ms), .is_lost = loses };
    order_count++;
    pthread_mutex_unlock(&book);
    count(COUNT_ORDERS);
    // A lost one was taken, has its number, and is never heard of again.
    if (is_asked && !loses)
    {
        ask_for_order(o->local, ASK_NEW);
    }
    return o->local;
}

EXPORT int64_t SendOrder(SendOrderRequest *r)
{
    CALLED;
    int account;
    int32_t refused = check(&r->account, r->version, 2, r->password, &account);
    Market *m = refused ? NULL : find_market(r->asset.ticker);
    if (refused || !m)
    {
        return refused ? refused : NL_INVALID_TICKER;
    }
    bool has_price = r->price > 0, has_stop = r->stop > 0;
    bool fits = r->type == MARKET ? r->price == -1 && r->stop == -1 : r->type == LIMIT ? has_price && r->stop == -1 : r->type == STOP_LIMIT && has_price && has_stop;
    if (!fits || r->quantity <= 0 || (r->side != BUYS && r->side != SELLS) || !r->asset.exchange || r->asset.exchange[0] != 'F')
    {
        return NL_INVALID_ARGS;
    }
    return add_order(account, m, r->type, r->side, r->price, r->stop, r->quantity, true);
}

static int32_t ask_open(Order *o, int what)
{
    if (!o)
    {
        return NL_NOT_FOUND;
    }
    if (!o->is_lost && !loses)
    {
        ask_for_order(o->local, what);
    }
    return NL_OK;
}

EXPORT int32_t SendChangeOrderV2(ChangeOrderRequest *r)
{
    CALLED;
    int account;
    int32_t refused = check(&r->account, r->version, 1, r->password, &account);
    Order *o = refused ? NULL : order_of(&r->order);
    if (o)
    {
        o->wanted_quantity = r->quantity, o->wanted_price = r->price, o->wanted_stop = r->stop;
    }
    return refused ? refused : ask_open(o, ASK_CHANGE);
}

EXPORT int32_t SendCancelOrderV2(CancelOrderRequest *r)
{
    CALLED;
    int account;
    int32_t refused = check(&r->account, r->version, 1, r->password, &account);
    return refused ? refused : ask_open(order_of(&r->order), ASK_CANCEL);
}

static int32_t cancel_open(int account, const Market *only)
{
    for (int i = 0; i < order_count; i++)
    {
        if (orders[i].account == account && (!only || orders[i].market == only) && is_open(&orders[i]))
        {
            ask_open(&orders[i], ASK_CANCEL);
        }
    }
    return NL_OK;
}

EXPORT int32_t SendCancelOrdersV2(CancelOrdersRequest *r)
{
    CALLED;
    int account;
    int32_t refused = check(&r->account, r->version, 0, r->password, &account);
    Market *m = refused ? NULL : find_market(r->asset.ticker);
    return refused ? refused : m ? cancel_open(account, m) : NL_INVALID_TICKER;
}

EXPORT int32_t SendCancelAllOrdersV2(CancelAllRequest *r)
{
    CALLED;
    int account;
    int32_t refused = check(&r->account, r->version, 0, r->password, &account);
    return refused ? refused : cancel_open(account, NULL);
}

EXPORT int64_t SendZeroPositionV2(ZeroPositionRequest *r)
{
    CALLED;
    int account;
    int32_t refused = check(&r->account, r->version, 2, r->password, &account);
    Market *m = refused ? NULL : find_market(r->asset.ticker);
    if (refused || !m)
    {
        return refused ? refused : NL_INVALID_TICKER;
    }
    int64_t net = holdings[account][m - markets].net;
    return net == 0 ? NL_NO_POSITION
        : add_order(account, m, r->price > 0 ? LIMIT : MARKET, net > 0 ? SELLS : BUYS, r->price, -1, llabs(net), true);
}

EXPORT int32_t GetAccountCount(void) { CALLED; return is_initialized ? account_count : NL_NOT_INITIALIZED; }

static int32_t copy_text(const char *text, uint16_t *out, int room)
{
    int i = 0;
    for (; i < room && text[i]; i++)
    {
        out[i] = (uint8_t)text[i];
    }
    out[i] = 0;
    return i;
}

static void fill_account(int account, AccountIdOut *out)
{
    out->broker = accounts[account].broker;
    out->account_length = copy_text(accounts[account].id, out->account, 99);
    out->sub_account_length = copy_text("", out->sub_account, 99);
}

EXPORT int32_t GetAccounts(int32_t source, int32_t destination, int32_t room, AccountIdOut *out)
{
    CALLED;
    int32_t filled = 0;
    for (; filled < room && source + filled < account_count; filled++)
    {
        fill_account(source + filled, &out[destination + filled]);
    }
    return filled;
}

// First the lengths, then the text: whoever does not ask twice gets none.
static void two_pass(const char *text, uint16_t *out, int32_t *length)
{
    if (out)
    {
        copy_text(text, out, *length);
    }
    *length = (int32_t)strlen(text);
}

EXPORT int32_t GetAccountDetails(AccountOut *out)
{
    CALLED;
    int account = account_of(&out->account);
    if (account < 0)
    {
        return NL_NOT_FOUND;
    }
    two_pass(accounts[account].name, out->broker_name, &out->broker_name_length);
    two_pass(accounts[account].owner, out->owner, &out->owner_length);
    two_pass("", out->sub_owner, &out->sub_owner_length);
    out->flags = 2;
    return NL_OK;
}

EXPORT int32_t GetPositionV2(PositionOut *out)
{
    CALLED;
    int account = account_of(&out->account);
    Market *m = find_market(out->asset.ticker);
    if (is_market_only || account < 0 || !m)
    {
        return is_market_only ? NL_MARKET_ONLY : NL_NOT_FOUND;
    }
    pthread_mutex_lock(&book);
    const Holding *h = &holdings[account][m - markets];
    out->open_quantity = llabs(h->net);
    out->open_average = h->average;
    out->open_side = h->net > 0 ? 1 : h->net < 0 ? 2 : 0;
    out->bought = h->bought, out->sold = h->sold;
    out->buy_average = h->bought ? h->paid / (double)h->bought : 0;
    out->sell_average = h->sold ? h->received / (double)h->sold : 0;
    int32_t result = h->was_used ? NL_OK : NL_NO_POSITION;
    pthread_mutex_unlock(&book);
    return result;
}

EXPORT int32_t GetOrderDetails(OrderOut *out)
{
    CALLED;
    if (out->version > 1)
    {
        return NL_VERSION_NOT_SUPPORTED;
    }
    pthread_mutex_lock(&book);
    const Order *o = order_of(&out->id);
    // Right behind its callback an order may not be there yet.
    if (!o || o->is_lost || hidden > 0)
    {
        hidden -= hidden > 0;
        pthread_mutex_unlock(&book);
        return NL_NOT_FOUND;
    }
    fill_account(o->account, &out->account);
    two_pass(o->market->ticker, out->asset.ticker, &out->asset.ticker_length);
    two_pass("F", out->asset.exchange, &out->asset.exchange_length);
    two_pass(o->text, out->text, &out->text_length);
    out->id.local = o->local;
    out->quantity = o->quantity, out->traded = o->traded, out->leaves = o->quantity - o->traded;
    out->price = o->price, out->stop = o->stop, out->average = o->average;
    out->side = (uint8_t)o->side, out->type = (uint8_t)o->type, out->status = (uint8_t)o->status, out->validity = 0;
    out->date = out->last_update = o->date;
    out->event = o->event;
    pthread_mutex_unlock(&book);
    return NL_OK;
}

EXPORT int32_t HasOrdersInInterval(AccountId *account, SystemTime start, SystemTime end)
{
    CALLED;
    (void)start, (void)end;
    if (account_of(account) < 0)
    {
        return NL_NOT_FOUND;
    }
    return loading > 0 ? (loading--, NL_WAITING_SERVER) : NL_OK;
}

EXPORT int32_t EnumerateAllOrders(AccountId *account, uint8_t order_version, void *state, OrderProc proc)
{
    CALLED;
    int found = account_of(account);
    if (found < 0 || order_version > 1)
    {
        return found < 0 ? NL_NOT_FOUND : NL_VERSION_NOT_SUPPORTED;
    }
    for (int i = 0; i < order_count; i++)
    {
        const Order *o = &orders[i];
        uint16_t account_text[TEXT], ticker[TEXT], text[TEXT], exchange[2] = { 'F', 0 }, cl_ord_text[TEXT];
        char cl_ord[TEXT];
        cl_ord_of(o, cl_ord);
        copy_text(accounts[found].id, account_text, TEXT - 1), copy_text(o->market->ticker, ticker, TEXT - 1), copy_text(o->text, text, TEXT - 1);
        copy_text(o->has_cl_ord ? cl_ord : "", cl_ord_text, TEXT - 1);
        OrderView view = { order_version, { 0, o->local, cl_ord_text }, { 0, accounts[found].broker, account_text, NULL, 0 }, { 0, ticker, exchange, 0 }, o->quantity, o->traded,
            o->quantity - o->traded, o->price, o->stop, o->average, (uint8_t)o->side, (uint8_t)o->type, (uint8_t)o->status, 0, o->date, o->date, o->date, o->date, text, o->event };
        if (o->account == found && !o->is_lost && !proc(&view, state))
        {
            break;
        }
    }
    return NL_OK;
}

EXPORT int32_t EnumerateAllPositionAssets(AccountId *account, uint8_t asset_version, void *state, AssetProc proc)
{
    CALLED;
    int found = account_of(account);
    if (found < 0 || asset_version > 0)
    {
        return found < 0 ? NL_NOT_FOUND : NL_VERSION_NOT_SUPPORTED;
    }
    for (int i = 0; i < market_count; i++)
    {
        uint16_t ticker[TEXT], exchange[2] = { 'F', 0 };
        copy_text(markets[i].ticker, ticker, TEXT - 1);
        if (holdings[found][i].was_used && !proc((AssetId){ 0, ticker, exchange, 0 }, state))
        {
            break;
        }
    }
    return NL_OK;
}

EXPORT int32_t SetEnabledHistOrder(int32_t flag) { CALLED; return flag == 0 || flag == 1 ? NL_OK : NL_INVALID_ARGS; }

// orders WORD ...: how orders are answered from now on, and what happens to those that are there.
bool run_orders(char **w, int words)
{
    if (words < 2 || strcmp(w[0], "orders") != 0)
    {
        return false;
    }
    int64_t number = words > 2 ? atoll(w[2]) : 1;
    const char *what = w[1];
    if (strcmp(what, "hold") == 0) { holds = number != 0; }
    else if (strcmp(what, "reject") == 0) { rejects = number != 0; }
    else if (strcmp(what, "lose") == 0) { loses = number != 0; }
    else if (strcmp(what, "mute") == 0) { is_mute = number != 0; }
    else if (strcmp(what, "twice") == 0) { comes_twice = number != 0; }
    else if (strcmp(what, "refuse") == 0) { refusal = (int)number; }
    else if (strcmp(what, "hide") == 0) { hidden = (int)number; }
    else if (strcmp(what, "loading") == 0) { loading = (int)number; }
    else if (strcmp(what, "accounts") == 0) { account_count = number < 0 ? 0 : number > ACCOUNTS ? ACCOUNTS : (int)number; }
    else if (strcmp(what, "tell") == 0) { for (int i = 0; i < order_count; i++) { serve_order(orders[i].local, ASK_TELL); } }
    else if (strcmp(what, "meet") == 0) { for (int i = 0; i < market_count; i++) { meet_orders(&markets[i]); } }
    // orders trade NUMBER QUANTITY PRICE, orders cancel NUMBER, orders drop NUMBER TEXT
    else if (strcmp(what, "trade") == 0 && find_order(number) && words > 4) { trade_order(find_order(number), atoll(w[3]), atof(w[4])); }
    else if (strcmp(what, "cancel") == 0 && find_order(number)) { serve_order(number, ASK_CANCEL); }
    else if (strcmp(what, "drop") == 0 && find_order(number)) { set_status(find_order(number), REJECTED, words > 3 ? w[3] : ""); }
    // orders left TICKER SIDE QUANTITY PRICE: one that was sent before this session; orders position TICKER NET PRICE
    else if (strcmp(what, "left") == 0 && words > 5)
    {
        int64_t local = add_order(0, market_of(w[2]), LIMIT, atoi(w[3]), atof(w[5]), -1, atoll(w[4]), false);
        orders[local - 1].status = NEW;
        orders[local - 1].has_cl_ord = true;
    }
    else if (strcmp(what, "position") == 0 && words > 4)
    {
        Holding *h = &holdings[0][market_of(w[2]) - markets];
        h->net = atoll(w[3]), h->average = atof(w[4]), h->was_used = true;
    }
    else { return false; }
    return true;
}
