namespace QuantumTrader.Market.Sources;

/// <summary>
/// Makes events of Binance messages: of a trade, a quote and a mark price one each, of a depth message or a snapshot a header and one per
/// level. Event time is the transaction time, else the time at which the message left the exchange, else the newest of these so far.
/// </summary>
internal sealed class BinanceEvents
{
    internal const long NanosecondsPerMillisecond = 1_000_000;

    // An exchange time further than this from the receive time is a broken number, not a clock that is off.
    private const long LargestClockError = 86_400_000_000_000;

    private MarketEvent[] _events = new MarketEvent[256];
    private int _count;
    private long _newestExchangeTime;

    /// <summary>True when there was a message with a time of the exchange.</summary>
    public bool HasExchangeTime => _newestExchangeTime > 0;

    /// <summary>The events of a message, without sequences; valid until the next call.</summary>
    /// <param name="message">The message, of a known stream.</param>
    /// <param name="symbol">Number of its symbol.</param>
    /// <param name="receiveTime">When it was received, in ns UTC; also the event time while no exchange time is known.</param>
    public Span<MarketEvent> Of(BinanceMessage message, int symbol, long receiveTime)
    {
        _count = 0;
        var value = new MarketEvent { EventTime = EventTimeOf(message, receiveTime), ReceiveTime = receiveTime, Symbol = symbol };
        switch (message.Stream)
        {
            case BinanceStream.Trade:
                value.Kind = EventKind.Trade;
                value.Price = message[BinanceField.Price];
                value.Quantity = message[BinanceField.Quantity];
                value.TradeNumber = message[BinanceField.TradeNumber];
                value.Side = message[BinanceField.IsBuyerMaker] != 0 ? Side.Sell : Side.Buy;
                value.SideSource = SideSource.Flag;
                value.Flags = message.IsOffMarket ? EventFlags.OffMarket : EventFlags.None;
                Add(in value);
                break;
            case BinanceStream.BookTicker:
                value.Kind = EventKind.Quote;
                value.Price = message[BinanceField.Price];
                value.Quantity = message[BinanceField.Quantity];
                value.AskPrice = message[BinanceField.AskPrice];
                value.AskQuantity = message[BinanceField.AskQuantity];
                Add(in value);
                break;
            case BinanceStream.MarkPrice:
                value.Kind = EventKind.MarkPrice;
                value.Price = message[BinanceField.Price];
                Add(in value);
                break;
            default:
                AddBook(message, value);
                break;
        }

        return _events.AsSpan(0, _count);
    }

    private void AddBook(BinanceMessage message, MarketEvent level)
    {
        var isSnapshot = message.Stream == BinanceStream.Snapshot;
        level.Flags = isSnapshot ? EventFlags.Snapshot : EventFlags.None;

        var header = level;
        header.Kind = isSnapshot ? EventKind.BookSnapshot : EventKind.BookUpdate;
        header.FirstUpdateId = isSnapshot ? 0 : message[BinanceField.FirstUpdateId];
        header.LastUpdateId = message[BinanceField.LastUpdateId];
        header.PreviousUpdateId = message.Has(BinanceField.PreviousUpdateId) ? message[BinanceField.PreviousUpdateId] : -1;
        header.LevelCount = message.Bids.Count + message.Asks.Count;
        Add(in header);

        level.Kind = EventKind.BookLevel;
        level.Side = Side.Buy;
        AddLevels(message.Bids.Levels, level);
        level.Side = Side.Sell;
        AddLevels(message.Asks.Levels, level);
        _events[_count - 1].Flags |= EventFlags.EndOfMessage;
    }

    private void AddLevels(ReadOnlySpan<(long Price, long Quantity)> levels, MarketEvent level)
    {
        foreach (var (price, quantity) in levels)
        {
            level.Price = price;
            level.Quantity = quantity;
            Add(in level);
        }
    }

    private void Add(in MarketEvent value)
    {
        if (_count == _events.Length)
        {
            Array.Resize(ref _events, _count * 2);
        }

        _events[_count++] = value;
    }

    private long EventTimeOf(BinanceMessage message, long receiveTime)
    {
        var field = message.Has(BinanceField.TransactionTime) ? BinanceField.TransactionTime : BinanceField.EventTime;
        if (!message.Has(field))
        {
            return _newestExchangeTime > 0 ? _newestExchangeTime : receiveTime;
        }

        var time = message[field] * NanosecondsPerMillisecond;
        if (time > _newestExchangeTime && time < receiveTime + LargestClockError)
        {
            _newestExchangeTime = time;
        }

        return time;
    }
}
