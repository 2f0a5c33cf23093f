using System.Runtime.InteropServices;
using QuantumTrader.Pipelines;

namespace QuantumTrader.ProfitDll.Native;

/// <summary>An account at a broker.</summary>
internal readonly record struct Account(int Broker, string Id)
{
    public override string ToString() => FormattableString.Invariant($"{Broker}:{Id}");
}

/// <summary>A new order. Prices of -1 are none.</summary>
internal readonly record struct NewOrder(string Ticker, string Exchange, byte Type, byte Side, double Price, double StopPrice, long Quantity);

/// <summary>An order as ProfitDLL knows it now.</summary>
internal readonly record struct OrderSnapshot(
    long LocalId, string ClOrderId, string Ticker, byte Side, byte Status, long Quantity, long Traded, double Price, double AveragePrice, string Text);

/// <summary>A position as ProfitDLL knows it now: contracts, negative when short, and their mean price.</summary>
internal readonly record struct PositionSnapshot(long Net, double AveragePrice);

/// <summary>The functions of accounts, orders and positions. None of those that send may be called inside a callback.</summary>
internal sealed unsafe class OrderFunctions
{
    public const byte Market = 1;
    public const byte Limit = 2;
    public const byte StopLimit = 4;
    public const byte Buy = 1;
    public const byte Sell = 2;
    public const double NoPrice = -1;

    // The form of a structure that this binding fills: with the id of the message, and the type of a position.
    private const byte WithMessageId = 1;
    private const byte DayTrade = 1;

    private readonly delegate* unmanaged<SendOrder*, long> _sendOrder;
    private readonly delegate* unmanaged<ChangeOrder*, int> _changeOrder;
    private readonly delegate* unmanaged<CancelOrder*, int> _cancelOrder;
    private readonly delegate* unmanaged<CancelOrders*, int> _cancelOrders;
    private readonly delegate* unmanaged<CancelAllOrders*, int> _cancelAllOrders;
    private readonly delegate* unmanaged<ZeroPosition*, long> _zeroPosition;
    private readonly delegate* unmanaged<int> _accountCount;
    private readonly delegate* unmanaged<int, int, int, AccountIdentifierOut*, int> _accounts;
    private readonly delegate* unmanaged<TradingAccountOut*, int> _accountDetails;
    private readonly delegate* unmanaged<TradingAccountPosition*, int> _position;
    private readonly delegate* unmanaged<ConnectorOrderOut*, int> _orderDetails;
    private readonly delegate* unmanaged<AccountIdentifier*, SystemTime, SystemTime, int> _hasOrders;
    private readonly delegate* unmanaged<AccountIdentifier*, byte, nint, nint, int> _enumerateOrders;
    private readonly delegate* unmanaged<AccountIdentifier*, byte, nint, nint, int> _enumeratePositions;
    private readonly delegate* unmanaged<int, int> _setEnabledHistOrder;

    public OrderFunctions(ProfitLibrary library)
    {
        _sendOrder = (delegate* unmanaged<SendOrder*, long>)library.Require("SendOrder");
        _changeOrder = (delegate* unmanaged<ChangeOrder*, int>)library.Require("SendChangeOrderV2");
        _cancelOrder = (delegate* unmanaged<CancelOrder*, int>)library.Require("SendCancelOrderV2");
        _cancelOrders = (delegate* unmanaged<CancelOrders*, int>)library.Require("SendCancelOrdersV2");
        _cancelAllOrders = (delegate* unmanaged<CancelAllOrders*, int>)library.Require("SendCancelAllOrdersV2");
        _zeroPosition = (delegate* unmanaged<ZeroPosition*, long>)library.Require("SendZeroPositionV2");
        _accountCount = (delegate* unmanaged<int>)library.Require("GetAccountCount");
        _accounts = (delegate* unmanaged<int, int, int, AccountIdentifierOut*, int>)library.Require("GetAccounts");
        _accountDetails = (delegate* unmanaged<TradingAccountOut*, int>)library.Require("GetAccountDetails");
        _position = (delegate* unmanaged<TradingAccountPosition*, int>)library.Require("GetPositionV2");
        _orderDetails = (delegate* unmanaged<ConnectorOrderOut*, int>)library.Require("GetOrderDetails");
        _hasOrders = (delegate* unmanaged<AccountIdentifier*, SystemTime, SystemTime, int>)library.Require("HasOrdersInInterval");
        _enumerateOrders = (delegate* unmanaged<AccountIdentifier*, byte, nint, nint, int>)library.Require("EnumerateAllOrders");
        _enumeratePositions = (delegate* unmanaged<AccountIdentifier*, byte, nint, nint, int>)library.Require("EnumerateAllPositionAssets");
        _setEnabledHistOrder = (delegate* unmanaged<int, int>)library.Require("SetEnabledHistOrder");
        library.Require("SetOrderCallback");
        library.Require("SetTradingMessageResultCallback");
    }

    /// <summary>Right behind the login: lets the library keep orders, without which positions are not to be relied on.</summary>
    public void KeepOrders() => ReturnCodes.Check(_setEnabledHistOrder(1), "SetEnabledHistOrder");

    /// <summary>Sends an order. Its number in this session, or below 0 a code.</summary>
    public long Send(Account account, string password, in NewOrder order)
    {
        fixed (char* a = account.Id, p = password, t = order.Ticker, e = order.Exchange)
        {
            var request = new SendOrder
            {
                Version = WithMessageId,
                Account = Identify(account, a),
                Asset = Identify(t, e),
                Password = (nint)p,
                OrderType = order.Type,
                OrderSide = order.Side,
                Price = order.Price,
                StopPrice = order.StopPrice,
                Quantity = order.Quantity,
                MessageId = -1,
            };
            return _sendOrder(&request);
        }
    }

    /// <summary>Asks for other prices and another quantity of an open order. Prices of -1 are none.</summary>
    public int Change(Account account, string password, long localId, string clOrderId, double price, double stopPrice, long quantity)
    {
        fixed (char* a = account.Id, p = password, c = clOrderId)
        {
            var request = new ChangeOrder
            {
                Version = WithMessageId, Account = Identify(account, a), OrderId = Identify(localId, c), Password = (nint)p, Price = price, StopPrice = stopPrice, Quantity = quantity, MessageId = -1,
            };
            return _changeOrder(&request);
        }
    }

    /// <summary>Asks to take back an open order.</summary>
    public int Cancel(Account account, string password, long localId, string clOrderId)
    {
        fixed (char* a = account.Id, p = password, c = clOrderId)
        {
            var request = new CancelOrder { Version = WithMessageId, Account = Identify(account, a), OrderId = Identify(localId, c), Password = (nint)p, MessageId = -1 };
            return _cancelOrder(&request);
        }
    }

    /// <summary>Asks to take back all open orders of a ticker.</summary>
    public int CancelAll(Account account, string password, string ticker, string exchange)
    {
        fixed (char* a = account.Id, p = password, t = ticker, e = exchange)
        {
            var request = new CancelOrders { Account = Identify(account, a), Asset = Identify(t, e), Password = (nint)p };
            return _cancelOrders(&request);
        }
    }

    /// <summary>Asks to take back all open orders of the account.</summary>
    public int CancelAll(Account account, string password)
    {
        fixed (char* a = account.Id, p = password)
        {
            var request = new CancelAllOrders { Account = Identify(account, a), Password = (nint)p };
            return _cancelAllOrders(&request);
        }
    }

    /// <summary>Closes the position in a ticker at the market. The order's number in this session, or below 0 a code.</summary>
    public long Zero(Account account, string password, string ticker, string exchange)
    {
        fixed (char* a = account.Id, p = password, t = ticker, e = exchange)
        {
            var request = new ZeroPosition
            {
                Version = WithMessageId, Account = Identify(account, a), Asset = Identify(t, e), Password = (nint)p, Price = NoPrice, PositionType = DayTrade, MessageId = -1,
            };
            return _zeroPosition(&request);
        }
    }

    /// <summary>The accounts that are known so far; just behind the login not all may be.</summary>
    public IReadOnlyList<Account> Accounts()
    {
        var count = _accountCount();
        if (count <= 0)
        {
            return [];
        }

        var found = new AccountIdentifierOut[count];
        fixed (AccountIdentifierOut* f = found)
        {
            var filled = Math.Min(_accounts(0, 0, count, f), count);
            return [.. found.Take(filled).Select(a => new Account(a.BrokerId, Read(in a.AccountId, a.AccountIdLength)))];
        }
    }

    /// <summary>Names of an account's broker and owner; null when it is not known.</summary>
    public (string Broker, string Owner)? Details(Account account)
    {
        fixed (char* a = account.Id)
        {
            var details = new TradingAccountOut { Account = Identify(account, a) };
            if (_accountDetails(&details) < 0)
            {
                return null;
            }

            // The first call gives the lengths, the second the texts.
            Span<char> broker = new char[Room(details.BrokerNameLength)], owner = new char[Room(details.OwnerNameLength)], other = new char[Room(details.SubOwnerNameLength)];
            fixed (char* b = broker, o = owner, s = other)
            {
                (details.BrokerName, details.OwnerName, details.SubOwnerName) = ((nint)b, (nint)o, (nint)s);
                return _accountDetails(&details) < 0 ? null : (Text(broker, details.BrokerNameLength), Text(owner, details.OwnerNameLength));
            }
        }
    }

    /// <summary>The position in a ticker, or below 0 a code; flat is none.</summary>
    public int TryGetPosition(Account account, string ticker, string exchange, out PositionSnapshot position)
    {
        fixed (char* a = account.Id, t = ticker, e = exchange)
        {
            var found = new TradingAccountPosition { Version = WithMessageId, Account = Identify(account, a), Asset = Identify(t, e), PositionType = DayTrade };
            var code = _position(&found);
            position = code < 0 ? default : new PositionSnapshot(found.OpenSide == Sell ? -found.OpenQuantity : found.OpenQuantity, found.OpenAveragePrice);
            return code == ReturnCodes.NoPosition ? 0 : code;
        }
    }

    /// <summary>An order as it is now. Right behind its callback it may not be there yet.</summary>
    public bool TryGetOrder(long localId, string clOrderId, out OrderSnapshot order)
    {
        order = default;
        fixed (char* c = clOrderId)
        {
            var details = new ConnectorOrderOut { OrderId = Identify(localId, c) };
            if (_orderDetails(&details) < 0)
            {
                return false;
            }

            Span<char> ticker = new char[Room(details.Asset.TickerLength)], exchange = new char[Room(details.Asset.ExchangeLength)], text = new char[Room(details.TextMessageLength)];
            fixed (char* t = ticker, e = exchange, m = text)
            {
                (details.Asset.Ticker, details.Asset.Exchange, details.TextMessage) = ((nint)t, (nint)e, (nint)m);
                if (_orderDetails(&details) < 0)
                {
                    return false;
                }

                order = new OrderSnapshot(
                    details.OrderId.LocalOrderId, clOrderId, Text(ticker, details.Asset.TickerLength), details.OrderSide, details.OrderStatus, details.Quantity, details.TradedQuantity,
                    details.Price, details.AveragePrice, Text(text, details.TextMessageLength));
                return true;
            }
        }
    }

    /// <summary>Asks for the orders of a day. 0 when they are there; the code that they are waited for; or another one.</summary>
    public int HasOrders(Account account, DateTime day)
    {
        fixed (char* a = account.Id)
        {
            var identifier = Identify(account, a);
            var date = new SystemTime { Year = (ushort)day.Year, Month = (ushort)day.Month, Day = (ushort)day.Day, DayOfWeek = (ushort)day.DayOfWeek };
            return _hasOrders(&identifier, date, date);
        }
    }

    /// <summary>All orders that the library has of an account.</summary>
    public IReadOnlyList<OrderSnapshot> Orders(Account account)
    {
        var found = new List<OrderSnapshot>();
        Enumerate(_enumerateOrders, account, found, (nint)(delegate* unmanaged<ConnectorOrder*, nint, int>)&AddOrder);
        return found;
    }

    /// <summary>Tickers in which an account has, or had today, a position.</summary>
    public IReadOnlyList<string> PositionTickers(Account account)
    {
        var found = new List<string>();
        Enumerate(_enumeratePositions, account, found, (nint)(delegate* unmanaged<AssetIdentifier, nint, int>)&AddTicker);
        return found;
    }

    private static void Enumerate(delegate* unmanaged<AccountIdentifier*, byte, nint, nint, int> function, Account account, object found, nint add)
    {
        var handle = GCHandle.Alloc(found);
        try
        {
            fixed (char* a = account.Id)
            {
                var identifier = Identify(account, a);
                ReturnCodes.Check(function(&identifier, 0, GCHandle.ToIntPtr(handle), add), "the orders and positions of the account");
            }
        }
        finally
        {
            handle.Free();
        }
    }

    [UnmanagedCallersOnly]
    private static int AddOrder(ConnectorOrder* o, nint list)
    {
        ((List<OrderSnapshot>)GCHandle.FromIntPtr(list).Target!).Add(new OrderSnapshot(
            o->OrderId.LocalOrderId, Text(o->OrderId.ClOrderId), Text(o->Asset.Ticker), o->OrderSide, o->OrderStatus, o->Quantity, o->TradedQuantity, o->Price, o->AveragePrice, Text(o->TextMessage)));
        return 1;
    }

    [UnmanagedCallersOnly]
    private static int AddTicker(AssetIdentifier asset, nint list)
    {
        ((List<string>)GCHandle.FromIntPtr(list).Target!).Add(Text(asset.Ticker));
        return 1;
    }

    private static AccountIdentifier Identify(Account account, char* id) => new() { BrokerId = account.Broker, AccountId = (nint)id };

    private static AssetIdentifier Identify(char* ticker, char* exchange) => new() { Ticker = (nint)ticker, Exchange = (nint)exchange };

    private static OrderIdentifier Identify(long localId, char* clOrderId) => new() { LocalOrderId = localId, ClOrderId = (nint)clOrderId };

    private static string Read(in Text100 text, int length)
    {
        fixed (Text100* t = &text)
        {
            return new string((char*)t, 0, Math.Clamp(length, 0, 100)).TrimEnd('\0');
        }
    }

    private static string Text(nint text) => Marshal.PtrToStringUni(text) ?? "";

    private static int Room(int length) => Math.Clamp(length, 0, 65_536) + 1;

    private static string Text(Span<char> text, int length) => text[..Math.Clamp(length, 0, text.Length)].TrimEnd('\0').ToString();
}
