using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace QuantumTrader.ProfitDll.Native;

// The structures of the vendor's interface, 64 bit, natural alignment. Text is a pointer to UTF-16 with a zero behind it. Fields that start
// a row are those that the vendor versions. The tests hold every size and offset against the documented ones.
#pragma warning disable CS0649 // written by the other side
internal struct AssetRecord
{
    public nint Ticker;
    public nint Exchange;
    public int Feed;
}

internal struct SystemTime
{
    public ushort Year;
    public ushort Month;
    public ushort DayOfWeek;
    public ushort Day;
    public ushort Hour;
    public ushort Minute;
    public ushort Second;
    public ushort Millisecond;
}

internal struct AssetIdentifier
{
    public byte Version;
    public nint Ticker;
    public nint Exchange;
    public byte FeedType;
}

internal struct AssetIdentifierOut
{
    public byte Version;
    public nint Ticker;
    public int TickerLength;
    public nint Exchange;
    public int ExchangeLength;
    public byte FeedType;
}

internal struct AccountIdentifier
{
    public byte Version;
    public int BrokerId;
    public nint AccountId;
    public nint SubAccountId;
    public long Reserved;
}

[InlineArray(100)]
internal struct Text100
{
    private ushort _first;
}

internal struct AccountIdentifierOut
{
    public byte Version;
    public int BrokerId;
    public Text100 AccountId;
    public int AccountIdLength;
    public Text100 SubAccountId;
    public int SubAccountIdLength;
    public long Reserved;
}

internal struct OrderIdentifier
{
    public byte Version;
    public long LocalOrderId;
    public nint ClOrderId;
}

internal struct ConnectorTrade
{
    public byte Version;
    public SystemTime TradeDate;
    public uint TradeNumber;
    public double Price;
    public long Quantity;
    public double Volume;
    public int BuyAgent;
    public int SellAgent;
    public byte TradeType;
}

internal struct PriceGroup
{
    public byte Version;
    public double Price;
    public uint Count;
    public long Quantity;
    public uint Flags;
}

internal struct SendOrder
{
    public byte Version;
    public AccountIdentifier Account;
    public AssetIdentifier Asset;
    public nint Password;
    public byte OrderType;
    public byte OrderSide;
    public double Price;
    public double StopPrice;
    public long Quantity;
    public long MessageId;
}

internal struct ChangeOrder
{
    public byte Version;
    public AccountIdentifier Account;
    public OrderIdentifier OrderId;
    public nint Password;
    public double Price;
    public double StopPrice;
    public long Quantity;
    public long MessageId;
}

internal struct CancelOrder
{
    public byte Version;
    public AccountIdentifier Account;
    public OrderIdentifier OrderId;
    public nint Password;
    public long MessageId;
}

internal struct CancelOrders
{
    public byte Version;
    public AccountIdentifier Account;
    public AssetIdentifier Asset;
    public nint Password;
}

internal struct CancelAllOrders
{
    public byte Version;
    public AccountIdentifier Account;
    public nint Password;
}

internal struct ZeroPosition
{
    public byte Version;
    public AccountIdentifier Account;
    public AssetIdentifier Asset;
    public nint Password;
    public double Price;
    public byte PositionType;
    public long MessageId;
}

internal struct TradingAccountOut
{
    public byte Version;
    public AccountIdentifier Account;
    public nint BrokerName;
    public int BrokerNameLength;
    public nint OwnerName;
    public int OwnerNameLength;
    public nint SubOwnerName;
    public int SubOwnerNameLength;
    public uint Flags;
    public byte AccountType;
}

internal struct TradingAccountPosition
{
    public byte Version;
    public AccountIdentifier Account;
    public AssetIdentifier Asset;
    public long OpenQuantity;
    public double OpenAveragePrice;
    public byte OpenSide;
    public double DailyAverageSellPrice;
    public long DailySellQuantity;
    public double DailyAverageBuyPrice;
    public long DailyBuyQuantity;
    public long DailyQuantityD1;
    public long DailyQuantityD2;
    public long DailyQuantityD3;
    public long DailyQuantityBlocked;
    public long DailyQuantityPending;
    public long DailyQuantityAlloc;
    public long DailyQuantityProvision;
    public long DailyQuantity;
    public long DailyQuantityAvailable;
    public byte PositionType;
    public long EventId;
}

internal struct ConnectorOrder
{
    public byte Version;
    public OrderIdentifier OrderId;
    public AccountIdentifier Account;
    public AssetIdentifier Asset;
    public long Quantity;
    public long TradedQuantity;
    public long LeavesQuantity;
    public double Price;
    public double StopPrice;
    public double AveragePrice;
    public byte OrderSide;
    public byte OrderType;
    public byte OrderStatus;
    public byte ValidityType;
    public SystemTime Date;
    public SystemTime LastUpdate;
    public SystemTime CloseDate;
    public SystemTime ValidityDate;
    public nint TextMessage;
    public long EventId;
}

internal struct ConnectorOrderOut
{
    public byte Version;
    public OrderIdentifier OrderId;
    public AccountIdentifierOut Account;
    public AssetIdentifierOut Asset;
    public long Quantity;
    public long TradedQuantity;
    public long LeavesQuantity;
    public double Price;
    public double StopPrice;
    public double AveragePrice;
    public byte OrderSide;
    public byte OrderType;
    public byte OrderStatus;
    public byte ValidityType;
    public SystemTime Date;
    public SystemTime LastUpdate;
    public SystemTime CloseDate;
    public SystemTime ValidityDate;
    public nint TextMessage;
    public int TextMessageLength;
    public long EventId;
}

internal struct TradingMessageResult
{
    public byte Version;
    public int BrokerId;
    public OrderIdentifier OrderId;
    public long MessageId;
    public byte ResultCode;
    public nint Message;
    public int MessageLength;
}
#pragma warning restore CS0649
