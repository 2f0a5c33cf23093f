using System.Runtime.CompilerServices;
using QuantumTrader.Market;
using QuantumTrader.ProfitDll.Native;

namespace QuantumTrader.ProfitDll.Callbacks;

/// <summary>
/// What the callbacks of the running session write to: the ring, and the newest state of each connection. Everything here is called on
/// the vendor's thread and returns at once; it allocates nothing, takes no lock, and throws nothing.
/// </summary>
internal sealed unsafe class CallbackTarget(ProfitLibrary library, SymbolTable symbols, CallbackRing ring, TimeProvider clock, bool ownsBlocks = true)
{
    /// <summary>Types of connection in a state callback.</summary>
    public const int Login = 0;
    public const int Routing = 1;
    public const int MarketData = 2;
    public const int Activation = 3;

    public const int MarketConnected = 4;
    public const int RoutingDown = 0;
    public const int BrokerDown = 3;
    public const int BrokerConnected = 5;

    private const int FullBook = 4;

    private readonly string[] _names = [.. Enumerable.Range(1, symbols.Count).Select(symbols.Name)];
    private readonly int[] _states = [-1, -1, -1, -1];
    private int _lastSymbol;
    private int _downs;
    private bool _isUp;
    private bool _isRouting;
    private int _routingDowns;

    /// <summary>True from the beginning of the end: the codes that come now say nothing.</summary>
    public volatile bool IsEnding;

    /// <summary>Callbacks so far that were for a symbol that nobody asked for.</summary>
    public long Foreign;

    /// <summary>Callbacks so far that could not be read, such as a trade that was not translated.</summary>
    public long Unreadable;

    /// <summary>Times that the market data went down after it was up.</summary>
    public int Downs => Volatile.Read(ref _downs);

    /// <summary>Newest result of a type of connection; -1 before the first.</summary>
    public int StateOf(int type) => Volatile.Read(ref _states[type]);

    /// <summary>The market data can be subscribed to.</summary>
    public bool IsMarketUp => StateOf(Login) == 0 && StateOf(MarketData) is MarketConnected or 5 or 6 && StateOf(Activation) is 0 or -1;

    /// <summary>Orders can be sent. The states of several brokers come mixed, so the first that is connected counts until the way to all is down.</summary>
    public bool IsRoutingUp => Volatile.Read(ref _isRouting);

    /// <summary>Times that the way of the orders went down after it was up.</summary>
    public int RoutingDowns => Volatile.Read(ref _routingDowns);

    public void OnState(int type, int result)
    {
        if (IsEnding || (uint)type >= (uint)_states.Length || !ring.TryReserve(1))
        {
            return;
        }

        // The market may come and go before anybody looks: each fall counts, in the order of the events around it.
        if (type == MarketData)
        {
            var isUp = result >= MarketConnected;
            if (_isUp && !isUp)
            {
                Volatile.Write(ref _downs, _downs + 1);
            }

            _isUp = isUp;
        }

        if (type == Routing)
        {
            var isUp = result == BrokerConnected || (_isRouting && result is not (RoutingDown or BrokerDown));
            if (_isRouting && !isUp)
            {
                Volatile.Write(ref _routingDowns, _routingDowns + 1);
            }

            Volatile.Write(ref _isRouting, isUp);
        }

        Volatile.Write(ref _states[type], result);
        ref var r = ref Begin(RecordKind.State, 0);
        r.Number = type;
        r.Position = result;
        r.Quantity = _downs;
        ring.Publish(1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void OnTrade(RecordKind kind, nint ticker, nint trade, uint flags)
    {
        ConnectorTrade t;
        if (SymbolOf(ticker) is not (not 0 and var symbol))
        {
            return;
        }

        if (!library.TryTranslate(trade, &t))
        {
            Unreadable++;
            return;
        }

        AddTrade(kind, symbol, NativeText.ReadDate(in t.TradeDate), t.TradeNumber, t.Price, t.Quantity, t.BuyAgent, t.SellAgent, t.TradeType, (byte)flags);
    }

    public void OnTrade(RecordKind kind, nint ticker, nint date, uint number, double price, int quantity, int buyer, int seller, int type, byte flags)
    {
        if (SymbolOf(ticker) is not 0 and var symbol)
        {
            AddTrade(kind, symbol, NativeText.ReadDate(date), number, price, quantity, buyer, seller, (byte)type, flags);
        }
    }

    public void OnDaily(nint ticker, nint date, double open, double high, double low, double close, double adjust, double maxLimit, double minLimit, int openContracts)
    {
        if (SymbolOf(ticker) is not (not 0 and var symbol) || !ring.TryReserve(2))
        {
            return;
        }

        var time = NativeText.ReadDate(date);
        ref var first = ref Begin(RecordKind.Daily, symbol);
        (first.LocalTime, first.Price, first.Second, first.Third, first.Fourth) = (time, open, high, low, close);
        ref var second = ref Begin(RecordKind.DailyLimits, symbol, 1);
        (second.LocalTime, second.Price, second.Second, second.Third, second.Quantity) = (time, adjust, maxLimit, minLimit, openContracts);
        ring.Publish(2);
    }

    public void OnTinyBook(nint ticker, double price, int quantity, int side) => AddSimple(RecordKind.TinyBook, ticker, price, quantity, side: (byte)side);

    public void OnTheoretical(nint ticker, double price, long quantity) => AddSimple(RecordKind.Theoretical, ticker, price, quantity);

    public void OnAssetState(nint ticker, nint date, int state) => AddSimple(RecordKind.AssetState, ticker, time: NativeText.ReadDate(date), position: state);

    public void OnProgress(nint ticker, int percent) => AddSimple(RecordKind.Progress, ticker, position: percent);

    public void OnInvalidTicker(nint ticker) => AddSimple(RecordKind.InvalidTicker, ticker);

    public void OnAssetInfo(nint ticker, double increment, double multiplier)
    {
        if (SymbolOf(ticker) is not 0 and var symbol && ring.TryReserve(1))
        {
            ref var r = ref Begin(RecordKind.AssetInfo, symbol);
            (r.Price, r.Second) = (increment, multiplier);
            ring.Publish(1);
        }
    }

    public void OnHealth(int state)
    {
        if (ring.TryReserve(1))
        {
            Begin(RecordKind.Health, 0).Position = state;
            ring.Publish(1);
        }
    }

    public void OnOffer(nint ticker, int action, int position, int side, long quantity, int agent, long id, double price, byte has, nint sell, nint buy, bool isWide)
    {
        var symbol = SymbolOf(ticker);
        if (action == FullBook)
        {
            // Also that of a symbol that nobody wants, because its memory is to be given back.
            OnOfferPages(symbol, sell, buy, isWide);
            return;
        }

        if (symbol == 0 || !ring.TryReserve(1))
        {
            return;
        }

        ref var r = ref Begin(RecordKind.Offer, symbol);
        (r.Action, r.Side, r.Position, r.Quantity, r.Price, r.Flags, r.Number, r.Buyer) = ((byte)action, (byte)side, position, quantity, price, has, id, agent);
        ring.Publish(1);
    }

    /// <summary>A change of the book by price: what stands there now is asked for at once, because afterwards it may be another.</summary>
    public void OnDepth(AssetIdentifier* asset, byte side, int position, byte type)
    {
        const byte add = 0, edit = 1, insert = 3, fullBook = 4, theoretical = 7;
        if (SymbolOf(asset->Ticker) is not (not 0 and var symbol))
        {
            return;
        }

        if (type == fullBook)
        {
            // Both sides, whatever the callback names: what is right cannot hurt.
            if (AddDepthPage(symbol, asset, 0, isLast: false))
            {
                AddDepthPage(symbol, asset, 1, isLast: true);
            }

            return;
        }

        if (type == theoretical)
        {
            if (library.TryGetTheoretical(asset, out var auction, out var volume) && ring.TryReserve(1))
            {
                ref var t = ref Begin(RecordKind.Theoretical, symbol);
                (t.Price, t.Quantity) = (auction, volume);
                ring.Publish(1);
            }

            return;
        }

        PriceGroup group = default;
        if (type == add || (type is edit or insert && !library.TryGetPriceGroup(asset, side, position, &group)))
        {
            // Type 0 only repeats the lowest changed place. A place that cannot be read leaves the book wrong, which the reader must know.
            if (type == add)
            {
                return;
            }

            Unreadable++;
            group.Price = double.NaN;
        }

        if (ring.TryReserve(1))
        {
            ref var r = ref Begin(RecordKind.Depth, symbol);
            (r.Action, r.Side, r.Position, r.Price, r.Quantity, r.Buyer, r.Flags) = (type, side, position, group.Price, group.Quantity, (int)group.Count, (byte)(group.Flags & 1));
            ring.Publish(1);
        }
    }

    private bool AddDepthPage(int symbol, AssetIdentifier* asset, byte side, bool isLast)
    {
        var count = library.DepthCount(asset, side);
        if (count < 0 || count > ring.Capacity / 2)
        {
            Unreadable++;
            return false;
        }

        if (!ring.TryReserve(count + 1))
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            // From the worst to the best, as all pages here.
            PriceGroup group = default;
            if (!library.TryGetPriceGroup(asset, side, count - 1 - i, &group))
            {
                Unreadable++;
            }

            ref var item = ref Begin(RecordKind.PageItem, symbol, i + 1);
            (item.Side, item.Price, item.Quantity, item.Buyer, item.Number) = (side, group.Price, group.Quantity, (int)group.Count, 0);
        }

        ref var page = ref Begin(RecordKind.DepthPage, symbol);
        (page.Side, page.Position) = (side, count);
        page.Flags = (byte)(CallbackRecord.FirstPage | (isLast ? CallbackRecord.LastPage | CallbackRecord.EndOfCallback : 0));
        ring.Publish(count + 1);
        return true;
    }

    private void OnOfferPages(int symbol, nint sell, nint buy, bool isWide)
    {
        // The last callback before the book is whole has pages of both sides, or of the only one.
        AddOfferPage(symbol, 0, buy, isWide, isEnd: sell == 0);
        AddOfferPage(symbol, 1, sell, isWide, isEnd: true);
    }

    // A packed array: i32 items, i32 size of the block, the items, u32 flags. An item is f64 price, i32 or i64 quantity, i32 agent, i64 id,
    // u16 length of the date, the date in single bytes.
    private void AddOfferPage(int symbol, byte side, nint block, bool isWide, bool isEnd)
    {
        if (block == 0)
        {
            return;
        }

        var bytes = (byte*)block;
        var count = Unsafe.ReadUnaligned<int>(bytes);
        var size = Unsafe.ReadUnaligned<int>(bytes + 4);
        var fixedPart = isWide ? 30 : 26;
        if (symbol != 0)
        {
            if (count < 0 || size < 12 || count > (size - 12) / fixedPart)
            {
                Unreadable++;
            }
            else if (count <= ring.Capacity / 2 && ring.TryReserve(count + 1))
            {
                var at = bytes + 8;
                var end = bytes + size - 4;
                var read = 0;
                for (; read < count && at + fixedPart <= end; read++)
                {
                    ref var item = ref Begin(RecordKind.PageItem, symbol, read + 1);
                    item.Side = side;
                    item.Price = Unsafe.ReadUnaligned<double>(at);
                    at += 8;
                    item.Quantity = isWide ? Unsafe.ReadUnaligned<long>(at) : Unsafe.ReadUnaligned<int>(at);
                    at += isWide ? 8 : 4;
                    item.Buyer = Unsafe.ReadUnaligned<int>(at);
                    item.Number = Unsafe.ReadUnaligned<long>(at + 4);
                    // The dates differ in length: the stride is that of each item.
                    at += 14 + Unsafe.ReadUnaligned<ushort>(at + 12);
                }

                if (read == count && at <= end)
                {
                    ref var page = ref Begin(RecordKind.OfferPage, symbol);
                    (page.Side, page.Position) = (side, count);
                    page.Flags = (byte)((Unsafe.ReadUnaligned<uint>(end) & 3) | (isEnd ? CallbackRecord.EndOfCallback : 0u));
                    ring.Publish(count + 1);
                }
                else
                {
                    Unreadable++;
                }
            }
        }

        if (ownsBlocks)
        {
            _ = library.Free(block, size);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AddTrade(RecordKind kind, int symbol, long time, uint number, double price, long quantity, int buyer, int seller, byte type, byte flags)
    {
        if (!ring.TryReserve(1))
        {
            return;
        }

        ref var r = ref Begin(kind, symbol);
        r.Action = type;
        r.Flags = flags;
        r.LocalTime = time;
        r.Number = number;
        r.Price = price;
        r.Quantity = quantity;
        r.Buyer = buyer;
        r.Seller = seller;
        ring.Publish(1);
    }

    private void AddSimple(RecordKind kind, nint ticker, double price = 0, long quantity = 0, byte side = 0, long time = 0, int position = 0)
    {
        if (SymbolOf(ticker) is not 0 and var symbol && ring.TryReserve(1))
        {
            ref var r = ref Begin(kind, symbol);
            (r.Price, r.Quantity, r.Side, r.LocalTime, r.Position) = (price, quantity, side, time, position);
            ring.Publish(1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref CallbackRecord Begin(RecordKind kind, int symbol, int index = 0)
    {
        ref var r = ref ring.Reserved(index);
        r.Kind = kind;
        r.Symbol = symbol;
        r.Lost = 0;
        r.ReceiveTime = (clock.GetUtcNow().UtcTicks - DateTime.UnixEpoch.Ticks) * 100;
        return ref r;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int SymbolOf(nint ticker)
    {
        if (ticker == 0)
        {
            Foreign++;
            return 0;
        }

        return NativeText.Matches(ticker, _names[_lastSymbol]) ? _lastSymbol + 1 : FindSymbol(ticker);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int FindSymbol(nint ticker)
    {
        for (var i = 0; i < _names.Length; i++)
        {
            if (NativeText.Matches(ticker, _names[i]))
            {
                _lastSymbol = i;
                return i + 1;
            }
        }

        Foreign++;
        return 0;
    }
}
