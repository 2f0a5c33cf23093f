// The true books, and the callbacks that tell of their changes.
#include "simulator.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BLOCKS = 256, DATE = 23 };

static struct { void *block; int32_t size; } blocks[MAX_BLOCKS];

static void insert(Side *s, int index, Entry e)
{
    if (s->count == s->room)
    {
        s->room = s->room ? s->room * 2 : 64;
        s->items = realloc(s->items, (size_t)s->room * sizeof *s->items);
    }
    memmove(&s->items[index + 1], &s->items[index], (size_t)(s->count - index) * sizeof *s->items);
    s->items[index] = e;
    s->count++;
}

static void cut(Side *s, int index, int count)
{
    memmove(&s->items[index], &s->items[index + count], (size_t)(s->count - index - count) * sizeof *s->items);
    s->count -= count;
}

static void call_offer(Market *m, int action, int side, int position, int64_t quantity, int32_t agent, int64_t id, double price, bool has_date, void *sell, void *buy)
{
    uint32_t garbage = has_garbage ? 0x5A5A0000u : 0;
    uint32_t has = garbage | (action == ADD || action == EDIT ? 1 : 0);
    char date[TEXT] = "31/12/1899 00:00:00.000";
    if (has_date)
    {
        date_text(now_ms, date);
    }
    if (callbacks.offer_v2)
    {
        callbacks.offer_v2(asset_of(m), action, position, side, quantity, agent, id, price, has, has, garbage | has_date, has, has, text_of(date), sell, buy);
        poison();
    }
    if (callbacks.offer)
    {
        callbacks.offer(asset_of(m), action, position, side, (int32_t)quantity, agent, id, price, has, has, garbage | has_date, has, has, text_of(date), sell, buy);
        poison();
    }
    delivered();
}

// Applies the change to the truth and tells of it; the quantity of an edit is a difference.
void change_offer(Market *m, int action, int side, int position, double price, int64_t quantity, int32_t agent, int64_t id, bool has_date)
{
    Side *s = &m->offers[side];
    if (position < 0 || position > s->count || (action != ADD && position >= s->count))
    {
        count(COUNT_BAD_LINES);
        return;
    }
    switch (action)
    {
    case ADD: insert(s, s->count - position, (Entry){ price, quantity, agent, 1, id }); break;
    case EDIT:
        s->items[s->count - 1 - position].quantity += quantity;
        s->items[s->count - 1 - position].price = price;
        break;
    case DELETE: cut(s, s->count - 1 - position, 1); break;
    case DELETE_FROM: cut(s, s->count - 1 - position, position + 1); break;
    }
    if (is_online && m->wants_offers)
    {
        bool says_all = action == ADD || action == EDIT;
        call_offer(m, action, side, position, says_all ? quantity : 0, says_all ? agent : 0, says_all ? id : 0, says_all ? price : 0, has_date, NULL, NULL);
    }
}

static double price_of(const Market *m, int side, int depth) { return m->price + (side == BUY ? -1 : 1) * (1 + depth) * m->step; }

void random_offer(Market *m)
{
    int side = (int)next_random(2);
    Side *s = &m->offers[side];
    uint32_t what = next_random(100);
    if (s->count < 4 || (what < 45 && s->count < 400))
    {
        // Behind the orders of the same price, as an exchange queues them.
        double price = price_of(m, side, (int)next_random(30));
        int index = s->count;
        while (index > 0 && (side == BUY ? s->items[index - 1].price >= price : s->items[index - 1].price <= price))
        {
            index--;
        }
        change_offer(m, ADD, side, s->count - index, price, 1 + next_random(50), 39, m->next_id++, next_random(100) < 3);
    }
    else if (what < 70)
    {
        int position = (int)next_random((uint32_t)s->count);
        Entry *e = &s->items[s->count - 1 - position];
        int64_t change = (int64_t)next_random(20) - 5;
        change_offer(m, EDIT, side, position, e->price, e->quantity + change > 0 ? change : 1, e->agent, e->id, false);
    }
    else if (what < 94)
    {
        change_offer(m, DELETE, side, (int)next_random((uint32_t)s->count), 0, 0, 0, 0, false);
    }
    else
    {
        change_offer(m, DELETE_FROM, side, 1 + (int)next_random(2), 0, 0, 0, 0, false);
    }
}

static uint8_t *put(uint8_t *at, const void *value, size_t size)
{
    memcpy(at, value, size);
    return at + size;
}

static void *page_of(const Side *s, int from, int count, uint32_t flags, bool is_wide)
{
    int32_t size = 12 + count * (is_wide ? 53 : 49);
    int slot = 0;
    while (slot < MAX_BLOCKS && blocks[slot].block)
    {
        slot++;
    }
    uint8_t *block = malloc((size_t)size), *at = block;
    if (slot < MAX_BLOCKS)
    {
        blocks[slot].block = block, blocks[slot].size = size;
    }
    int32_t items = count;
    at = put(put(at, &items, 4), &size, 4);
    for (int i = from; i < from + count; i++)
    {
        const Entry *e = &s->items[i];
        int32_t narrow_quantity = (int32_t)e->quantity;
        uint16_t length = DATE;
        char date[TEXT];
        date_text(now_ms, date);
        at = put(at, &e->price, 8);
        at = is_wide ? put(at, &e->quantity, 8) : put(at, &narrow_quantity, 4);
        at = put(put(at, &e->agent, 4), &e->id, 8);
        at = put(put(at, &length, 2), date, DATE);
    }
    put(at, &flags, 4);
    atomic_fetch_add(&counters[COUNT_BLOCKS_OUT], 1);
    return block;
}

// The whole book in pages of so many orders a side; 0 is one page.
void give_offers(Market *m, int page)
{
    if (!is_online || !m->wants_offers || (!callbacks.offer && !callbacks.offer_v2))
    {
        return;
    }
    int most = m->offers[0].count > m->offers[1].count ? m->offers[0].count : m->offers[1].count;
    page = page > 0 ? page : (most > 0 ? most : 1);
    bool is_wide = callbacks.offer_v2 != NULL;
    for (int from = 0; from == 0 || from < most; from += page)
    {
        void *pages[2];
        for (int side = 0; side < 2; side++)
        {
            int left = m->offers[side].count - from;
            int items = left < 0 ? 0 : left < page ? left : page;
            uint32_t flags = (from + page >= most ? 1u : 0) | (from == 0 && version >= 36 ? 2u : 0);
            pages[side] = page_of(&m->offers[side], from, items, flags, is_wide);
        }
        // Only the arrays mean anything: the rest is what stood there.
        call_offer(m, FULL_BOOK, 77, -5, -123, -1, -1, -1, false, pages[SELL], pages[BUY]);
    }
}

EXPORT int32_t FreePointer(void *block, int32_t size)
{
    CALLED;
    for (int i = 0; i < MAX_BLOCKS; i++)
    {
        if (blocks[i].block == block && block)
        {
            if (blocks[i].size != size)
            {
                count(COUNT_FREE_SIZE);
            }
            memset(block, 0xDD, (size_t)blocks[i].size);
            free(block);
            blocks[i].block = NULL;
            atomic_fetch_sub(&counters[COUNT_BLOCKS_OUT], 1);
            return NL_OK;
        }
    }
    count(COUNT_FREE_UNKNOWN);
    return NL_INVALID_ARGS;
}

void give_depth(Market *m, int side, int position, int type)
{
    if (is_online && m->wants_depth && callbacks.depth)
    {
        callbacks.depth(asset_id_of(m), (uint8_t)side, position, (uint8_t)type);
        poison();
        delivered();
    }
}

// Actions as update types: 1 edit, 2 delete, 3 insert, 8 delete from; quantities are absolute, position 0 is the top.
void change_depth(Market *m, int type, int side, int position, double price, int64_t quantity, uint32_t orders)
{
    Side *s = &m->depth[side];
    if (position < 0 || position > s->count || (type != 3 && position >= s->count))
    {
        count(COUNT_BAD_LINES);
        return;
    }
    int index = s->count - 1 - position;
    switch (type)
    {
    case 1: s->items[index].quantity = quantity, s->items[index].count = orders; break;
    case 2: cut(s, index, 1); break;
    case 3: insert(s, s->count - position, (Entry){ price, quantity, 0, orders, 0 }); break;
    case 8: cut(s, index, position + 1); break;
    }
    give_depth(m, side, position, type);
}

void random_depth(Market *m)
{
    int side = (int)next_random(2);
    Side *s = &m->depth[side];
    uint32_t what = next_random(100);
    if (s->count < 3 || what < 40)
    {
        double price = price_of(m, side, (int)next_random(40));
        int index = s->count;
        while (index > 0 && (side == BUY ? s->items[index - 1].price > price : s->items[index - 1].price < price))
        {
            index--;
        }
        if (index > 0 && s->items[index - 1].price == price)
        {
            change_depth(m, 1, side, s->count - index, price, 1 + next_random(500), 3);
        }
        else
        {
            change_depth(m, 3, side, s->count - index, price, 1 + next_random(500), 2);
        }
    }
    else if (what < 70)
    {
        int position = (int)next_random((uint32_t)s->count);
        change_depth(m, 1, side, position, 0, 1 + next_random(500), 4);
    }
    else if (what < 92)
    {
        change_depth(m, 2, side, (int)next_random((uint32_t)s->count), 0, 0, 0);
    }
    else
    {
        change_depth(m, 8, side, 1, 0, 0, 0);
    }
}

EXPORT int32_t GetPriceDepthSideCount(AssetId *asset, uint8_t side)
{
    CALLED;
    Market *m = find_market(asset->ticker);
    return !m ? NL_INVALID_TICKER : side > 1 ? NL_INVALID_ARGS : m->depth[side].count;
}

EXPORT int32_t GetPriceGroup(AssetId *asset, uint8_t side, int32_t position, PriceGroup *out)
{
    CALLED;
    Market *m = find_market(asset->ticker);
    if (!m || side > 1)
    {
        return m ? NL_INVALID_ARGS : NL_INVALID_TICKER;
    }
    if (out->version != 0)
    {
        return NL_VERSION_NOT_SUPPORTED;
    }
    // The first versions answered with the buy side, whatever was asked for.
    Side *s = &m->depth[version <= 33 ? BUY : side];
    if (position < 0 || position >= s->count)
    {
        return NL_OUT_OF_RANGE;
    }
    const Entry *e = &s->items[s->count - 1 - position];
    *out = (PriceGroup){ 0, e->price, e->count, e->quantity, isinf(e->price) ? 1 : 0 };
    return NL_OK;
}

EXPORT int32_t GetTheoreticalValues(AssetId *asset, double *price, int64_t *quantity)
{
    CALLED;
    Market *m = find_market(asset->ticker);
    if (!m)
    {
        return NL_INVALID_TICKER;
    }
    *price = m->theoretical;
    *quantity = m->theoretical_quantity;
    return NL_OK;
}
