using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll.Callbacks;

namespace QuantumTrader.ProfitDll.Decoding;

/// <summary>What the last daily callback of a symbol said.</summary>
/// <param name="Open">First price of the day.</param>
/// <param name="High">Highest.</param>
/// <param name="Low">Lowest.</param>
/// <param name="Close">Newest.</param>
/// <param name="Settlement">Price of the settlement.</param>
/// <param name="MaxLimit">Highest price that the exchange accepts today.</param>
/// <param name="MinLimit">Lowest price that the exchange accepts today.</param>
/// <param name="OpenContracts">Open interest.</param>
public sealed record DailyReport(double Open, double High, double Low, double Close, double Settlement, double MaxLimit, double MinLimit, long OpenContracts);

/// <summary>
/// Turns what the callbacks copied into market events, in their order, on the thread of the source. It keeps the book that the feed tells
/// of by places, and holds live events back while trades of the past are still coming.
/// </summary>
/// <param name="market">Symbols and calendar.</param>
/// <param name="options">The source's.</param>
/// <param name="accounts">Counts what is dropped.</param>
/// <param name="note">Takes remarks.</param>
[RunEvent("QT2302", "feed_down", "The market data went down.", "Nothing: it comes back by itself, and what was missed is asked for.", Level = RunEventLevel.Error)]
[RunEvent("QT2303", "feed_frozen", "ProfitDLL says that its own thread is frozen.", "Restart the terminal if it lasts.", Level = RunEventLevel.Error)]
[RunEvent("QT2311", "feed_slow", "ProfitDLL says that its callbacks are taken too slowly.", "Look at the load of the machine and at the ring in `qt top`; what it held back is missing.")]
[RunEvent("QT2304", "invalid_ticker", "The server does not know a ticker.", "Correct the symbol or the exchange.", Level = RunEventLevel.Error)]
[RunEvent("QT2306", "ring_full", "The callbacks came faster than the source took them.", "Make the ring larger, or let the edge spill.", Level = RunEventLevel.Error)]
[RunEvent("QT2307", "instrument_differs", "The feed and `config/instruments.yml` do not agree about an instrument.", "Correct the file.", Level = RunEventLevel.Error)]
internal sealed class FeedDecoder(MarketContext market, ProfitDllSourceOptions options, Accounts accounts, Action<string, string> note)
{
    /// <summary>States of an asset are numbered from here, those of connections below.</summary>
    public const int AssetStates = 10_000;

    /// <summary>Live events that may wait for trades of the past.</summary>
    public const int MaxHeld = 1_000_000;

    private readonly PositionBook[] _books = [.. Enumerable.Range(0, market.Symbols.Count + 1).Select(_ => new PositionBook())];
    private readonly MarketEvent[] _quotes = new MarketEvent[market.Symbols.Count + 1];
    private readonly CallbackRecord[] _days = new CallbackRecord[market.Symbols.Count + 1];
    private readonly CallbackRecord[] _limits = new CallbackRecord[market.Symbols.Count + 1];
    private readonly History[] _histories = [.. Enumerable.Range(0, market.Symbols.Count + 1).Select(_ => new History())];
    private readonly long[] _kinds = new long[(int)RecordKind.InvalidTicker + 1];
    private readonly List<MarketEvent> _message = [];
    private readonly List<MarketEvent> _held = [];
    private CallbackRecord _page;
    private int _pageItems;
    private bool _isBurst;
    private long _feedTime;
    private int _downs;
    private int _released = options.HistoryDays > 0 ? -1 : 0;

    /// <summary>Events sent so far.</summary>
    public long Sequence { get; private set; }

    /// <summary>Records that the ring had no room for.</summary>
    public long Lost { get; private set; }

    /// <summary>Live events that wait for trades of the past.</summary>
    public int Held => _held.Count;

    /// <summary>Newest time that the feed itself gave, ns UTC.</summary>
    public long FeedTime => _feedTime;

    /// <summary>Asked when a book must begin anew; the symbol.</summary>
    public Action<int>? BookLost { get; init; }

    /// <summary>Records read, by kind.</summary>
    public IReadOnlyDictionary<string, long> Received => _kinds.Select((n, i) => (n, i)).Where(k => k.n > 0).ToDictionary(k => SnakeCase.From(((RecordKind)k.i).ToString()), k => k.n, StringComparer.Ordinal);

    /// <summary>What came of the past of a symbol, as the session's thread watches it.</summary>
    public History HistoryOf(int symbol) => _histories[symbol];

    /// <summary>Any thread: the past of a fall of the market data is complete, so what was held goes on.</summary>
    public void Release(int downs) => Volatile.Write(ref _released, downs);

    /// <summary>The last daily figures of each symbol that has some.</summary>
    public IReadOnlyDictionary<string, DailyReport> Days => Enumerable.Range(1, market.Symbols.Count).Where(s => _days[s].Symbol != 0).ToDictionary(
        market.Symbols.Name,
        s => new DailyReport(_days[s].Price, _days[s].Second, _days[s].Third, _days[s].Fourth, _limits[s].Price, _limits[s].Second, _limits[s].Third, _limits[s].Quantity),
        StringComparer.Ordinal);

    /// <summary>Handles records in their order.</summary>
    /// <param name="records">What the ring gave.</param>
    /// <param name="overwritten">Records that are missing before them.</param>
    /// <param name="output">Where the events go.</param>
    public void Decode(ReadOnlySpan<CallbackRecord> records, long overwritten, Output<MarketEvent> output)
    {
        if (overwritten > 0)
        {
            Lose(overwritten, output);
        }

        foreach (ref readonly var r in records)
        {
            if (r.Lost > 0)
            {
                Lose(r.Lost, output);
            }

            _kinds[(int)r.Kind]++;
            Decode(in r, output);
        }

        SendHeld(output);
    }

    /// <summary>Sends what was held, if nothing more of the past is awaited.</summary>
    public void SendHeld(Output<MarketEvent> output)
    {
        if (_held.Count == 0 || IsHolding)
        {
            return;
        }

        foreach (var e in _held)
        {
            Add(in e, output);
        }

        _held.Clear();
    }

    private bool IsHolding => (options.FillGaps || _downs == 0) && _downs > Volatile.Read(ref _released) && _held.Count < MaxHeld;

    private void Decode(in CallbackRecord r, Output<MarketEvent> output)
    {
        switch (r.Kind)
        {
            case RecordKind.Trade:
            case RecordKind.OldTrade:
                DecodeTrade(in r, output);
                break;
            case RecordKind.Offer:
            case RecordKind.Depth:
                DecodeChange(in r, output);
                break;
            case RecordKind.OfferPage:
            case RecordKind.DepthPage:
                BeginPage(in r, output);
                break;
            case RecordKind.PageItem:
                DecodeItem(in r, output);
                break;
            case RecordKind.TinyBook:
                DecodeTop(in r, output);
                break;
            case RecordKind.Theoretical:
                SendMark(in r, r.Price, r.Quantity, output);
                break;
            case RecordKind.Daily:
                _days[r.Symbol] = r;
                break;
            case RecordKind.DailyLimits:
                // The settlement is what positions are marked to; it comes again with every daily callback.
                var isNew = r.Price != _limits[r.Symbol].Price;
                _limits[r.Symbol] = r;
                if (isNew)
                {
                    SendMark(in r, r.Price, 0, output);
                }

                break;
            default:
                DecodeRemark(in r, output);
                break;
        }
    }

    private void DecodeRemark(in CallbackRecord r, Output<MarketEvent> output)
    {
        switch (r.Kind)
        {
            case RecordKind.State:
                if (r.Number == CallbackTarget.MarketData && r.Position is 5 or 6)
                {
                    note("feed_slow", $"ProfitDLL says that its callbacks are taken too slowly{(r.Position == 6 ? ", and holds back a part of them" : "")} (state {r.Position}).");
                }

                if (r.Quantity > _downs)
                {
                    note("feed_down", "The market data went down; what is subscribed is asked for again as soon as it is back.");
                    // Told at once; what comes from here on is held until the gap is filled.
                    LoseBooks(output);
                    _downs = (int)r.Quantity;
                }

                SendState(in r, (r.Number * 1000) + r.Position, output);
                break;
            case RecordKind.AssetState:
                SendState(in r, AssetStates + r.Position, output);
                break;
            case RecordKind.AssetInfo:
                CheckInstrument(in r);
                break;
            case RecordKind.Progress:
                Volatile.Write(ref _histories[r.Symbol].Progress, r.Position);
                break;
            case RecordKind.Health when r.Position != 0:
                note("feed_frozen", "ProfitDLL says that its own thread is frozen.");
                break;
            case RecordKind.InvalidTicker:
                note("invalid_ticker", $"The server does not know {market.Symbols.Name(r.Symbol)} on this exchange.");
                break;
            default:
                break;
        }
    }

    private void DecodeTrade(in CallbackRecord r, Output<MarketEvent> output)
    {
        var isOld = r.Kind == RecordKind.OldTrade;
        if (isOld)
        {
            var history = _histories[r.Symbol];
            Volatile.Write(ref history.Trades, history.Trades + 1);
            if ((r.Flags & CallbackRecord.IsLast) != 0)
            {
                Volatile.Write(ref history.LastPackets, history.LastPackets + 1);
            }
        }

        // The first trade after a subscription may be nothing but zeros.
        if (r.LocalTime == 0 || !(r.Price > 0) || r.Quantity <= 0 || r.Quantity > long.MaxValue / Scaled.One || !Scaled.TryFromDouble(r.Price, out var price))
        {
            accounts.Drop("empty_trade");
            return;
        }

        var e = Begin(in r, EventKind.Trade, market.Calendar.ToUtc(r.LocalTime));
        _feedTime = Math.Max(_feedTime, e.EventTime);
        e.Price = price;
        e.Quantity = r.Quantity * Scaled.One;
        e.TradeNumber = r.Number;
        (e.Buyer, e.Seller) = (r.Buyer, r.Seller);
        (e.Side, e.SideSource) = r.Action switch
        {
            TradeTypes.Buyer => (Side.Buy, SideSource.Flag),
            TradeTypes.Seller => (Side.Sell, SideSource.Flag),
            _ => (Side.None, SideSource.Unknown),
        };
        e.Flags = ((r.Flags & CallbackRecord.IsEdit) != 0 ? EventFlags.Edit : 0) | (TradeTypes.IsOffMarket(r.Action) ? EventFlags.OffMarket : 0) | (isOld ? EventFlags.Historical : 0);
        if (isOld)
        {
            Add(in e, output);
            return;
        }

        Send(in e, output);
    }

    private void DecodeTop(in CallbackRecord r, Output<MarketEvent> output)
    {
        if (r.Side > 1 || !(r.Price > 0) || r.Quantity < 0 || !Scaled.TryFromDouble(r.Price, out var price))
        {
            accounts.Drop("empty_quote");
            return;
        }

        ref var quote = ref _quotes[r.Symbol];
        if (r.Side == 0)
        {
            (quote.Price, quote.Quantity) = (price, r.Quantity * Scaled.One);
        }
        else
        {
            (quote.AskPrice, quote.AskQuantity) = (price, r.Quantity * Scaled.One);
        }

        // Each callback tells of one side.
        if (quote.Price == 0 || quote.AskPrice == 0)
        {
            accounts.Drop("one_sided_quote");
        }
        else if (TryTime(in r, out var time))
        {
            var e = Begin(in r, EventKind.Quote, time);
            (e.Price, e.Quantity, e.AskPrice, e.AskQuantity) = (quote.Price, quote.Quantity, quote.AskPrice, quote.AskQuantity);
            Send(in e, output);
        }
    }

    private void DecodeChange(in CallbackRecord r, Output<MarketEvent> output)
    {
        const byte prepare = 5, flush = 6;
        var book = _books[r.Symbol];
        if (r.Kind == RecordKind.Depth && r.Action is prepare or flush)
        {
            _isBurst = r.Action == prepare;
            if (!_isBurst && book.IsValid)
            {
                SendTouched(in r, book, output);
            }

            return;
        }

        if (!book.IsValid && !book.IsLoading)
        {
            accounts.Drop("book_not_loaded");
            return;
        }

        if ((r.Kind == RecordKind.Offer ? book.ChangeOffer(in r) : book.ChangeDepth(in r)) is { } fault)
        {
            accounts.Drop("book_fault");
            LoseBook(r.Symbol, fault, in r, output);
            return;
        }

        if (!_isBurst && !book.IsLoading)
        {
            SendTouched(in r, book, output);
        }
    }

    private void BeginPage(in CallbackRecord r, Output<MarketEvent> output)
    {
        (_page, _pageItems) = (r, r.Position);
        _books[r.Symbol].BeginPage(r.Side, (r.Flags & CallbackRecord.FirstPage) != 0);
        EndPage(output);
    }

    private void DecodeItem(in CallbackRecord r, Output<MarketEvent> output)
    {
        // The head of its page was lost.
        if (_pageItems == 0)
        {
            accounts.Drop("torn_page");
            return;
        }

        _books[r.Symbol].AddPageItem(r.Side, r.Price, r.Quantity);
        _pageItems--;
        EndPage(output);
    }

    private void EndPage(Output<MarketEvent> output)
    {
        var book = _books[_page.Symbol];
        if (_pageItems == 0 && book.EndPage(_page.Side, (_page.Flags & CallbackRecord.LastPage) != 0, (_page.Flags & CallbackRecord.EndOfCallback) != 0))
        {
            SendWhole(book, output);
        }
    }

    private void SendWhole(PositionBook book, Output<MarketEvent> output)
    {
        book.ClearTouched();
        if (!TryTime(in _page, out var time))
        {
            return;
        }

        _message.Clear();
        foreach (var side in (ReadOnlySpan<int>)[0, 1])
        {
            // Sorted, so that the same book gives the same events.
            foreach (var (price, quantity) in book.Totals(side).OrderBy(t => side == 0 ? -t.Key : t.Key))
            {
                _message.Add(Level(in _page, time, side, price, quantity) with { Flags = EventFlags.Snapshot });
            }
        }

        SendMessage(Begin(in _page, EventKind.BookSnapshot, time) with { Flags = EventFlags.Snapshot }, output);
    }

    private void SendTouched(in CallbackRecord r, PositionBook book, Output<MarketEvent> output)
    {
        if (book.Touched.Length > 0 && TryTime(in r, out var time))
        {
            _message.Clear();
            foreach (var (side, price) in book.Touched)
            {
                _message.Add(Level(in r, time, side, price, book.Total(side, price)));
            }

            SendMessage(Begin(in r, EventKind.BookUpdate, time), output);
        }

        book.ClearTouched();
    }

    private void SendMessage(MarketEvent header, Output<MarketEvent> output)
    {
        header.PreviousUpdateId = -1;
        header.LevelCount = _message.Count;
        header.Flags |= _message.Count == 0 ? EventFlags.EndOfMessage : 0;
        Send(in header, output);
        for (var i = 0; i < _message.Count; i++)
        {
            var level = _message[i];
            level.Flags |= i == _message.Count - 1 ? EventFlags.EndOfMessage : 0;
            Send(in level, output);
        }
    }

    private void LoseBook(int symbol, string why, in CallbackRecord r, Output<MarketEvent> output)
    {
        note("book_gap", $"{market.Symbols.Name(symbol)}: {why}; the book is asked for again.");
        TellBookLost(symbol, in r, output);
        BookLost?.Invoke(symbol);
    }

    private void TellBookLost(int symbol, in CallbackRecord r, Output<MarketEvent> output)
    {
        var wasValid = _books[symbol].IsValid;
        _books[symbol].Invalidate();
        _books[symbol].ClearTouched();
        if (wasValid && TryTime(in r, out var time))
        {
            _message.Clear();
            SendMessage(Begin(in r, EventKind.BookUpdate, time) with { Symbol = symbol, Flags = EventFlags.Gap }, output);
        }
    }

    private void LoseBooks(Output<MarketEvent> output)
    {
        // A subscription brings them whole again.
        for (var symbol = 1; symbol < _books.Length; symbol++)
        {
            TellBookLost(symbol, default, output);
        }

        _quotes.AsSpan().Clear();
    }

    private void Lose(long count, Output<MarketEvent> output)
    {
        Lost += count;
        accounts.Drop("ring_full", count);
        note("ring_full", "The callbacks came faster than the source took them; raise 'ring', or see what keeps the machine busy.");
        (_pageItems, _isBurst) = (0, false);
        for (var symbol = 1; symbol < _books.Length; symbol++)
        {
            if (_books[symbol].IsValid || _books[symbol].IsLoading)
            {
                LoseBook(symbol, "callbacks were lost", default, output);
            }
        }
    }

    private void SendMark(in CallbackRecord r, double price, long quantity, Output<MarketEvent> output)
    {
        if (price > 0 && Scaled.TryFromDouble(price, out var scaled) && TryTime(in r, out var time))
        {
            var e = Begin(in r, EventKind.MarkPrice, time);
            (e.Price, e.Quantity) = (scaled, Math.Max(0, quantity) * Scaled.One);
            Send(in e, output);
        }
    }

    private void SendState(in CallbackRecord r, long code, Output<MarketEvent> output)
    {
        if (TryTime(in r, out var time))
        {
            var e = Begin(in r, EventKind.State, time);
            e.TradeNumber = code;
            Send(in e, output);
        }
    }

    private void CheckInstrument(in CallbackRecord r)
    {
        var instrument = market.Instrument(r.Symbol);
        if ((r.Price > 0 && r.Price != (double)instrument.Tick) || (r.Second > 0 && r.Second != (double)instrument.Multiplier))
        {
            note("instrument_differs", FormattableString.Invariant(
                $"{instrument.Symbol}: the feed says tick {r.Price} and multiplier {r.Second}, config/instruments.yml {instrument.Tick} and {instrument.Multiplier}. Correct the file."));
        }
    }

    /// <summary>Time of what comes without one. False, and counted, when there is none yet.</summary>
    private bool TryTime(in CallbackRecord r, out long time)
    {
        time = options.Undated == UndatedTime.Receive && r.ReceiveTime > 0 ? r.ReceiveTime : _feedTime;
        if (time == 0)
        {
            accounts.Drop("undated");
        }

        return time != 0;
    }

    private static MarketEvent Begin(in CallbackRecord r, EventKind kind, long time) => new() { Kind = kind, EventTime = time, ReceiveTime = r.ReceiveTime, Symbol = r.Symbol };

    private static MarketEvent Level(in CallbackRecord r, long time, int side, long price, long quantity) => new()
    {
        Kind = EventKind.BookLevel,
        EventTime = time,
        ReceiveTime = r.ReceiveTime,
        Symbol = r.Symbol,
        Side = side == 0 ? Side.Buy : Side.Sell,
        Price = price,
        Quantity = quantity * Scaled.One,
    };

    private void Send(in MarketEvent e, Output<MarketEvent> output)
    {
        if (IsHolding)
        {
            _held.Add(e);
            return;
        }

        SendHeld(output);
        Add(in e, output);
    }

    private void Add(in MarketEvent e, Output<MarketEvent> output)
    {
        ref var next = ref output.Next();
        next = e;
        next.Sequence = ++Sequence;
        // Only what went on counts: a gap is filled from there.
        if (e.Kind == EventKind.Trade && e.EventTime > _histories[e.Symbol].LastTime)
        {
            Volatile.Write(ref _histories[e.Symbol].LastTime, e.EventTime);
        }
    }

    /// <summary>How far the trades of the past of one symbol are. Written by the source's thread, read by the session's.</summary>
    internal sealed class History
    {
        /// <summary>Trades so far.</summary>
        public long Trades;

        /// <summary>Requests whose last packet came.</summary>
        public long LastPackets;

        /// <summary>Newest percentage; 0 is written by the session before it asks.</summary>
        public int Progress;

        /// <summary>Newest trade that went on, ns UTC; 0 before the first.</summary>
        public long LastTime;
    }
}
