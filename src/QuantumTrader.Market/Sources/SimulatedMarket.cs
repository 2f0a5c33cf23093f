using System.Runtime.InteropServices;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market.Sources;

/// <summary>The order flow, book and numbers of one made-up symbol; turns what happens into messages.</summary>
internal sealed class SimulatedMarket
{
    private const long ReceiveDelay = 250_000;

    private readonly int _symbol;
    private readonly long _tick;
    private readonly long _lot;
    private readonly SimulatorOptions _options;
    private readonly StableRandom _random;
    private readonly SimulatedArrivals _arrivals;
    private readonly SimulatedBook _book;
    private readonly List<MarketEvent> _message = [];
    private (SimulatedLevel Bid, SimulatedLevel Ask) _lastQuote;
    private int _openTicks;
    private long _lastUpdateId;
    private long _lastTrade;

    public SimulatedMarket(int symbol, Instrument instrument, SimulatorOptions options)
    {
        _symbol = symbol;
        _options = options;
        _tick = (long)(instrument.Tick * Scaled.One);
        _lot = Scaled.FromDouble(options.Lot);
        var ticks = Math.Round((decimal)options.StartPrice / instrument.Tick);
        if (ticks <= 2 * options.Depth || ticks > int.MaxValue / 4)
        {
            throw new ConfigurationException(
                "start_price", $"{options.StartPrice} is {ticks} ticks of {instrument.Symbol}. Legal are {(2 * options.Depth) + 1} to {int.MaxValue / 4} ticks of {instrument.Tick}; choose another price or depth.");
        }

        _openTicks = (int)ticks;
        var seed = unchecked((ulong)StableHash.Mix(options.Seed, symbol));
        _random = new StableRandom(seed);
        _arrivals = new SimulatedArrivals(new StableRandom(~seed), options.Rate, options.Branching, options.DecayPerSecond);
        _book = new SimulatedBook(_random, options.Depth);
    }

    /// <summary>When the next order comes; <see cref="long.MaxValue"/> when the session has no more.</summary>
    public long NextTime { get; private set; } = long.MaxValue;

    /// <summary>Time of the newest message.</summary>
    public long LastTime { get; private set; }

    /// <summary>Begins a day around the price at which the one before ended.</summary>
    public void Open(TradingDay day, SimulatedFaults faults, Output<MarketEvent> output)
    {
        _lastTrade = 0;
        _book.Open(_openTicks);
        _arrivals.Begin(day.Open, day.Close);
        LastTime = day.Open;
        _lastUpdateId++;
        SendBook(EventKind.BookSnapshot, EventFlags.Snapshot, faults, output);
        SendQuote(faults, output);
        NextTime = _arrivals.Next();
    }

    /// <summary>Takes in the order that is next: its trades, then the book's changes, then the quote if it is another.</summary>
    public void TakeOrder(SimulatedFaults faults, Output<MarketEvent> output)
    {
        LastTime = NextTime;
        _book.TakeOrder();
        foreach (var fill in _book.Fills)
        {
            SendTrade(fill, faults, output);
        }

        SendBook(EventKind.BookUpdate, EventFlags.None, faults, output);
        SendQuote(faults, output);
        _openTicks = _book.BestBid.Ticks;
        NextTime = _arrivals.Next();
    }

    private MarketEvent Begin(EventKind kind) => new() { Kind = kind, Symbol = _symbol, EventTime = LastTime, ReceiveTime = LastTime + ReceiveDelay };

    private void SendTrade(SimulatedFill fill, SimulatedFaults faults, Output<MarketEvent> output)
    {
        var trade = Begin(EventKind.Trade);
        trade.Price = fill.Ticks * _tick;
        trade.Quantity = fill.Lots * _lot;
        trade.TradeNumber = ++_lastTrade;
        trade.Side = _book.Aggressor;
        trade.SideSource = SideSource.Flag;
        var buyer = _random.Below(_options.Participants);
        trade.Buyer = 1 + buyer;
        trade.Seller = 1 + ((buyer + 1 + _random.Below(_options.Participants - 1)) % _options.Participants); // never the buyer
        faults.Send(new Span<MarketEvent>(ref trade), output);
    }

    private void SendBook(EventKind kind, EventFlags flags, SimulatedFaults faults, Output<MarketEvent> output)
    {
        var changes = _book.Changes;
        var header = Begin(kind);
        header.FirstUpdateId = kind == EventKind.BookUpdate ? _lastUpdateId + 1 : 0;
        _lastUpdateId += kind == EventKind.BookUpdate ? changes.Count : 0;
        header.LastUpdateId = _lastUpdateId;
        header.PreviousUpdateId = -1;
        header.LevelCount = changes.Count;
        header.Flags = flags;

        _message.Clear();
        _message.Add(header);
        foreach (var change in changes)
        {
            var level = Begin(EventKind.BookLevel);
            level.Side = change.Side;
            level.Price = change.Ticks * _tick;
            level.Quantity = change.Lots * _lot;
            level.Flags = flags;
            _message.Add(level);
        }

        var message = CollectionsMarshal.AsSpan(_message);
        message[^1].Flags |= EventFlags.EndOfMessage;
        faults.Send(message, output);
    }

    private void SendQuote(SimulatedFaults faults, Output<MarketEvent> output)
    {
        var best = (_book.BestBid, _book.BestAsk);
        if (!_options.Quotes || best == _lastQuote)
        {
            return;
        }

        _lastQuote = best;
        var quote = Begin(EventKind.Quote);
        quote.Price = best.BestBid.Ticks * _tick;
        quote.Quantity = best.BestBid.Lots * _lot;
        quote.AskPrice = best.BestAsk.Ticks * _tick;
        quote.AskQuantity = best.BestAsk.Lots * _lot;
        faults.Send(new Span<MarketEvent>(ref quote), output);
    }
}
