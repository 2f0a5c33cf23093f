// The binary interface of ProfitDLL as far as it is simulated: types by value, natural packing, UTF-16 text.
#pragma once
#include <stdint.h>

typedef const uint16_t *ws;
#define EXPORT __attribute__((visibility("default")))

enum
{
    NL_OK = 0,
    NL_INTERNAL_ERROR = (int32_t)0x80000001,
    NL_NOT_INITIALIZED = (int32_t)0x80000002,
    NL_INVALID_ARGS = (int32_t)0x80000003,
    NL_WAITING_SERVER = (int32_t)0x80000004,
    NL_NO_LOGIN = (int32_t)0x80000005,
    NL_OUT_OF_RANGE = (int32_t)0x80000009,
    NL_MARKET_ONLY = (int32_t)0x8000000A,
    NL_NO_POSITION = (int32_t)0x8000000B,
    NL_NOT_FOUND = (int32_t)0x8000000C,
    NL_VERSION_NOT_SUPPORTED = (int32_t)0x8000000D,
    NL_EXCHANGE_UNKNOWN = (int32_t)0x8000000F,
    NL_INVALID_TICKER = (int32_t)0x8000001F,
    NL_HISTORY_PERIOD_LIMIT = (int32_t)0x8000002E,
};

typedef struct { ws ticker, exchange; int32_t feed; } Asset;
typedef struct { uint16_t year, month, day_of_week, day, hour, minute, second, ms; } SystemTime;
typedef struct { uint8_t version; ws ticker, exchange; uint8_t feed; } AssetId;
typedef struct { uint8_t version; int32_t broker; ws account, sub_account; int64_t reserved; } AccountId;
typedef struct { uint8_t version; int64_t local; ws cl_ord; } OrderId;
typedef struct
{
    uint8_t version; SystemTime date; uint32_t number; double price; int64_t quantity; double volume; int32_t buyer, seller; uint8_t type;
} Trade;
typedef struct { uint8_t version; double price; uint32_t count; int64_t quantity; uint32_t flags; } PriceGroup;
typedef struct { uint8_t version; AccountId account; AssetId asset; ws password; uint8_t type, side; double price, stop; int64_t quantity, message; } SendOrderRequest;
typedef struct { uint8_t version; AccountId account; OrderId order; ws password; double price, stop; int64_t quantity, message; } ChangeOrderRequest;
typedef struct { uint8_t version; AccountId account; OrderId order; ws password; int64_t message; } CancelOrderRequest;
typedef struct { uint8_t version; AccountId account; AssetId asset; ws password; } CancelOrdersRequest;
typedef struct { uint8_t version; AccountId account; ws password; } CancelAllRequest;
typedef struct { uint8_t version; AccountId account; AssetId asset; ws password; double price; uint8_t position_type; int64_t message; } ZeroPositionRequest;
typedef struct
{
    uint8_t version; int32_t broker; uint16_t account[100]; int32_t account_length; uint16_t sub_account[100]; int32_t sub_account_length; int64_t reserved;
} AccountIdOut;
typedef struct { uint8_t version; uint16_t *ticker; int32_t ticker_length; uint16_t *exchange; int32_t exchange_length; uint8_t feed; } AssetIdOut;
typedef struct
{
    uint8_t version; AccountId account; uint16_t *broker_name; int32_t broker_name_length; uint16_t *owner; int32_t owner_length; uint16_t *sub_owner;
    int32_t sub_owner_length; uint32_t flags; uint8_t type;
} AccountOut;
typedef struct
{
    uint8_t version; AccountId account; AssetId asset; int64_t open_quantity; double open_average; uint8_t open_side; double sell_average; int64_t sold; double buy_average;
    int64_t bought, d1, d2, d3, blocked, pending, alloc, provision, quantity, available; uint8_t position_type; int64_t event;
} PositionOut;
typedef struct
{
    uint8_t version; OrderId id; AccountId account; AssetId asset; int64_t quantity, traded, leaves; double price, stop, average; uint8_t side, type, status, validity;
    SystemTime date, last_update, close_date, validity_date; ws text; int64_t event;
} OrderView;
typedef struct
{
    uint8_t version; OrderId id; AccountIdOut account; AssetIdOut asset; int64_t quantity, traded, leaves; double price, stop, average; uint8_t side, type, status, validity;
    SystemTime date, last_update, close_date, validity_date; uint16_t *text; int32_t text_length; int64_t event;
} OrderOut;
typedef struct { uint8_t version; int32_t broker; OrderId order; int64_t message; uint8_t result; ws text; int32_t text_length; } MessageResult;
_Static_assert(sizeof(SendOrderRequest) == 120 && sizeof(ChangeOrderRequest) == 104 && sizeof(CancelOrderRequest) == 80 && sizeof(CancelOrdersRequest) == 80, "requests");
_Static_assert(sizeof(CancelAllRequest) == 48 && sizeof(ZeroPositionRequest) == 104 && sizeof(AccountIdOut) == 424 && sizeof(AccountOut) == 96, "accounts");
_Static_assert(sizeof(PositionOut) == 216 && sizeof(OrderView) == 232 && sizeof(OrderOut) == 640 && sizeof(MessageResult) == 64, "orders");

typedef void (*StateCallback)(int32_t type, int32_t result);
typedef void (*ProgressCallback)(Asset, int32_t percent);
typedef void (*DailyCallback)(Asset, ws date, double open, double high, double low, double close, double volume, double adjust, double max_limit, double min_limit,
    double volume_buyer, double volume_seller, int32_t quantity, int32_t trades, int32_t open_contracts, int32_t quantity_buyer, int32_t quantity_seller,
    int32_t trades_buyer, int32_t trades_seller);
// A 16-bit flag is passed in a slot whose upper bits may hold anything: declared wider here, so that they can be made to.
typedef void (*TradeCallback)(Asset, ws date, uint32_t number, double price, double volume, int32_t quantity, int32_t buyer, int32_t seller, int32_t type, uint32_t is_edit);
typedef void (*TradeCallbackV2)(AssetId, void *trade, uint32_t flags);
typedef void (*HistoryCallback)(Asset, ws date, uint32_t number, double price, double volume, int32_t quantity, int32_t buyer, int32_t seller, int32_t type);
typedef void (*OfferCallback)(Asset, int32_t action, int32_t position, int32_t side, int32_t quantity, int32_t agent, int64_t id, double price, uint32_t has_price,
    uint32_t has_quantity, uint32_t has_date, uint32_t has_id, uint32_t has_agent, ws date, void *sell, void *buy);
typedef void (*OfferCallbackV2)(Asset, int32_t action, int32_t position, int32_t side, int64_t quantity, int32_t agent, int64_t id, double price, uint32_t has_price,
    uint32_t has_quantity, uint32_t has_date, uint32_t has_id, uint32_t has_agent, ws date, void *sell, void *buy);
typedef void (*TinyBookCallback)(Asset, double price, int32_t quantity, int32_t side);
typedef void (*DepthCallback)(AssetId, uint8_t side, int32_t position, uint8_t type);
typedef void (*TheoreticalCallback)(Asset, double price, int64_t quantity);
typedef void (*StateTickerCallback)(Asset, ws date, int32_t state);
typedef void (*AssetInfoCallback)(Asset, ws name, ws description, int64_t min_quantity, int64_t max_quantity, int64_t lot, int32_t type, int32_t sub_type,
    double min_increment, double multiplier, ws validity, ws isin);
typedef void (*InvalidTickerCallback)(AssetId);
typedef void (*HealthCallback)(int32_t state);
typedef void (*OrderCallback)(OrderId);
typedef void (*MessageResultCallback)(MessageResult *);
typedef int32_t (*OrderProc)(OrderView *, void *);
typedef int32_t (*AssetProc)(AssetId, void *);
