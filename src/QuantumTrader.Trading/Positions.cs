using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Trading;

/// <summary>The positions of a run and the way of their profit.</summary>
public sealed class Positions
{
    private readonly Position[] _positions;
    private readonly MarketContext _market;
    private decimal _peak;
    private double _shownProfit;
    private double _shownDrawdown;
    private double _shownExposure;

    /// <summary>Flat in every symbol of the market.</summary>
    public Positions(MarketContext market)
    {
        _market = market;
        _positions = [.. Enumerable.Range(1, market.Symbols.Count).Select(symbol => new Position(market.Instrument(symbol).Multiplier))];
    }

    /// <summary>Profit of all symbols after fees, in money.</summary>
    public decimal Profit { get; private set; }

    /// <summary>Deepest fall of <see cref="Profit"/> from a height it had before (at first 0), in money; not negative.</summary>
    public decimal MaxDrawdown { get; private set; }

    /// <summary>Largest sum of the sizes of all open positions, in money.</summary>
    public decimal MaxExposure { get; private set; }

    /// <summary>The same three for whoever watches, from any thread: a decimal is not written at once, a double is.</summary>
    public IReadOnlyList<BlockGauge> Gauges =>
    [
        new("qt_trading_profit", "Profit of all symbols after fees, in money.", Volatile.Read(ref _shownProfit)),
        new("qt_trading_max_drawdown", "Deepest fall of the profit so far, in money.", Volatile.Read(ref _shownDrawdown)),
        new("qt_trading_max_exposure", "Largest size of the open positions so far, in money.", Volatile.Read(ref _shownExposure)),
    ];

    /// <summary>The position in a symbol.</summary>
    public Position this[int symbol] => _positions[symbol - 1];

    /// <summary>Takes in a fill.</summary>
    public void Apply(in Fill fill)
    {
        var position = this[fill.Symbol];
        var before = position.Profit;
        position.Apply((int)fill.Side * ToDecimal(fill.Quantity), ToDecimal(fill.Price), fill.Fee);
        Update(position.Profit - before);
    }

    /// <summary>Values a symbol's open units at what closing them would bring: long ones at the bid, short ones at the ask.</summary>
    /// <param name="symbol">Interned symbol.</param>
    /// <param name="bid">Scaled by 1e-8.</param>
    /// <param name="ask">Scaled by 1e-8.</param>
    public void Mark(int symbol, long bid, long ask)
    {
        var position = this[symbol];
        if (position.Quantity != 0)
        {
            var before = position.Profit;
            position.Mark(ToDecimal(position.Quantity > 0 ? bid : ask));
            Update(position.Profit - before);
        }
    }

    /// <summary>Values a symbol's open units at the prices of an event, when it has a bid below an ask.</summary>
    public void Mark(in MarketEvent e)
    {
        if (e.Kind is EventKind.BookTop or EventKind.Quote && e.BidPrice > 0 && e.BidPrice < e.AskPrice && (uint)(e.Symbol - 1) < (uint)_positions.Length)
        {
            Mark(e.Symbol, e.BidPrice, e.AskPrice);
        }
    }

    /// <summary>The position of every symbol, in the order of the market section.</summary>
    public IReadOnlyList<PositionReport> Report() =>
    [
        .. _positions.Select((p, i) => new PositionReport(_market.Symbols.Name(i + 1), p.Quantity, p.AveragePrice, p.Realised, p.Unrealised, p.Fees, p.Profit, p.Exposure)),
    ];

    /// <summary>A scaled number as an exact decimal.</summary>
    internal static decimal ToDecimal(long scaled) => scaled / (decimal)Scaled.One;

    private void Update(decimal change)
    {
        Profit += change;
        _peak = Math.Max(_peak, Profit);
        MaxDrawdown = Math.Max(MaxDrawdown, _peak - Profit);
        var exposure = 0m;
        foreach (var position in _positions)
        {
            exposure += position.Exposure;
        }

        MaxExposure = Math.Max(MaxExposure, exposure);
        if (change != 0)
        {
            Volatile.Write(ref _shownProfit, (double)Profit);
            Volatile.Write(ref _shownDrawdown, (double)MaxDrawdown);
            Volatile.Write(ref _shownExposure, (double)MaxExposure);
        }
    }
}

/// <summary>The position of one symbol at the end of a run.</summary>
/// <param name="Symbol">Its name.</param>
/// <param name="Quantity">Units held; negative when short.</param>
/// <param name="AveragePrice">Mean price of the open units; 0 when flat.</param>
/// <param name="Realised">Profit of the closed units before fees, in money.</param>
/// <param name="Unrealised">Profit of the open units, in money.</param>
/// <param name="Fees">In money.</param>
/// <param name="Profit">Realised and unrealised less fees.</param>
/// <param name="Exposure">Size of the open units, in money.</param>
public sealed record PositionReport(
    string Symbol, decimal Quantity, decimal AveragePrice, decimal Realised, decimal Unrealised, decimal Fees, decimal Profit, decimal Exposure);
