using QuantumTrader.Dataflow;

namespace QuantumTrader.Market.Sources;

/// <summary>What a live source knows of one symbol: how far each of its streams has come, and how its book stands.</summary>
/// <param name="name">The pipeline's name.</param>
/// <param name="exchangeName">The exchange's name, in upper case.</param>
/// <param name="backoff">Pauses between requests for a full book that fail.</param>
[RunEvent("QT2024", "trade_gap", "Trades are missing, by their numbers.", "Look at the connection; features over trades are off by what is missing.")]
[RunEvent("QT2025", "depth_gap", "Updates of the book are missing.", "Nothing: a full book is asked for.")]
internal sealed class LiveSymbol(string name, string exchangeName, Backoff backoff)
{
    // Numbers further back than this are no repeats: the count began anew, or the last number was a broken one.
    private const long LongestRepeat = 1L << 32;

    private long _lastTrade;
    private long _lastQuote;
    private long _missingTrades;
    private long _depthGaps;
    private long _snapshots;
    private bool _hasUpdates;

    public string Name { get; } = name;

    public string ExchangeName { get; } = exchangeName;

    public Backoff Backoff { get; } = backoff;

    public DepthChain Chain { get; } = new();

    /// <summary>True while a full book was asked for and did not come.</summary>
    public bool IsAsking { get; set; }

    public long FailedSnapshots { get; set; }

    /// <summary>Event time of the newest update of the book.</summary>
    public long BookTime { get; set; }

    /// <summary>When the last full book came, on the clock's stamps.</summary>
    public long JoinedStamp { get; private set; }

    /// <summary>A full book came that joins the updates.</summary>
    public void Joined(long stamp)
    {
        IsAsking = false;
        JoinedStamp = stamp;
        _snapshots++;
        Backoff.Reset();
    }

    /// <summary>
    /// True when the message came before, as it does while one connection takes over from another. Else it is counted as the newest of its
    /// stream, and what is missing before it is noted.
    /// </summary>
    public bool IsRepeat(BinanceMessage message, Action<string, string> note)
    {
        switch (message.Stream)
        {
            case BinanceStream.Trade:
                var missing = message[BinanceField.TradeNumber] - _lastTrade - 1;
                if (_lastTrade > 0 && missing > 0)
                {
                    _missingTrades += missing;
                    note("trade_gap", $"{Name}: {missing} trades did not come, {_lastTrade + 1} to {message[BinanceField.TradeNumber] - 1}.");
                }

                return !TryAdvance(ref _lastTrade, message[BinanceField.TradeNumber]);
            case BinanceStream.BookTicker:
                return message.Has(BinanceField.LastUpdateId) && !TryAdvance(ref _lastQuote, message[BinanceField.LastUpdateId]);
            case BinanceStream.Depth:
                var link = Chain.Add(message[BinanceField.FirstUpdateId], message[BinanceField.LastUpdateId], message.Has(BinanceField.PreviousUpdateId) ? message[BinanceField.PreviousUpdateId] : -1);
                if (link == ChainLink.Breaks && _hasUpdates)
                {
                    _depthGaps++;
                    note("depth_gap", $"{Name}: updates of the book are missing before {message[BinanceField.FirstUpdateId]}; a full book is asked for.");
                }

                _hasUpdates = true;
                return link == ChainLink.Repeats;
            default:
                return false;
        }
    }

    public LiveSymbolReport Report() => new(_missingTrades, _depthGaps, _snapshots, FailedSnapshots, _hasUpdates && !Chain.NeedsSnapshot);

    private static bool TryAdvance(ref long last, long number)
    {
        if (number <= last && last - number < LongestRepeat)
        {
            return false;
        }

        last = number;
        return true;
    }
}
