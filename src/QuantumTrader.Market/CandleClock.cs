namespace QuantumTrader.Market;

/// <summary>The candle builders of all symbols of a market. They share days and length, so that one comparison per event serves them all.</summary>
internal sealed class CandleClock
{
    private readonly CandleBuilder[] _builders;

    public CandleClock(MarketContext market, int seconds)
    {
        _builders = new CandleBuilder[market.Instruments.Count];
        for (var i = 0; i < _builders.Length; i++)
        {
            _builders[i] = new CandleBuilder(market.Calendar, i + 1, seconds * 1_000_000_000L);
        }
    }

    /// <summary>One builder per symbol; that of symbol s is at s - 1.</summary>
    public ReadOnlySpan<CandleBuilder> Builders => _builders;

    /// <summary>Time from which on <see cref="Advance"/> must be called.</summary>
    public long NextBoundary { get; private set; } = long.MinValue;

    /// <summary>Brings all builders to the time of the event.</summary>
    public void Advance(in MarketEvent e)
    {
        NextBoundary = long.MaxValue;
        foreach (var builder in _builders)
        {
            builder.Advance(e.EventTime, e.Sequence);
            NextBoundary = Math.Min(NextBoundary, builder.NextBoundary);
        }
    }

    /// <summary>Gives a trade to the builder of its symbol.</summary>
    public void Add(in MarketEvent e)
    {
        if ((uint)(e.Symbol - 1) < (uint)_builders.Length)
        {
            _builders[e.Symbol - 1].Add(in e);
        }
    }
}
