using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Trading;

/// <summary>The positions of a run and the way of their profit.</summary>
public sealed class Positions
{
    private readonly Position[] _positions;
    private readonly MarketContext _market;
    private readonly ClosedTrades _closed = new();
    private readonly decimal _capital;
    private decimal _peak;
    private double _shownFall;
    private double _shownProfit;
    private double _shownDrawdown;
    private double _shownExposure;

    /// <summary>Flat in every symbol of the market.</summary>
    /// <param name="market">The symbols.</param>
    /// <param name="capital">Money at the start, which a fall of the equity is measured against; 0 when it is not known.</param>
    public Positions(MarketContext market, decimal capital = 0)
    {
        (_market, _capital) = (market, capital);
        _shownFall = capital > 0 ? 0 : double.NaN;
        _positions = [.. Enumerable.Range(1, market.Symbols.Count).Select(symbol => new Position(market.Instrument(symbol).Multiplier))];
    }

    /// <summary>Profit of all symbols after fees, in money.</summary>
    public decimal Profit { get; private set; }

    /// <summary>Deepest fall of <see cref="Profit"/> from a height it had before (at first 0), in money; not negative.</summary>
    public decimal MaxDrawdown { get; private set; }

    /// <summary>Largest sum of the sizes of all open positions, in money.</summary>
    public decimal MaxExposure { get; private set; }

    /// <summary>The same three, and how the newest trades went, for whoever watches, from any thread: a decimal is not written at once, a double is.</summary>
    public IReadOnlyList<BlockGauge> Gauges =>
    [
        new("qt_trading_profit", "Profit of all symbols after fees, in money.", Volatile.Read(ref _shownProfit)),
        new("qt_trading_max_drawdown", "Deepest fall of the profit so far, in money.", Volatile.Read(ref _shownDrawdown)),
        new("qt_trading_max_exposure", "Largest size of the open positions so far, in money.", Volatile.Read(ref _shownExposure)),
        new("qt_trading_drawdown_ratio", "How far equity (capital and profit) is below its highest, as a share of that; NaN without capital.", Volatile.Read(ref _shownFall)),
        new("qt_trading_consecutive_losses", "Closed trades that lost since the last one that gained.", _closed.LossesInARow),
        new("qt_trading_win_rate", "Share of the newest 50 closed trades that gained; NaN before there are 20.", _closed.WinRate),
    ];

    /// <summary>The position in a symbol.</summary>
    public Position this[int symbol] => _positions[symbol - 1];

    /// <summary>Takes in a fill.</summary>
    public void Apply(in Fill fill)
    {
        var position = this[fill.Symbol];
        var (before, realised, size) = (position.Profit, position.Realised, position.Quantity);
        var units = (int)fill.Side * ToDecimal(fill.Quantity);
        position.Apply(units, ToDecimal(fill.Price), fill.Fee);
        if (Math.Sign(units) == -Math.Sign(size))
        {
            _closed.Add(position.Realised - realised - fill.Fee);
        }

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
            Volatile.Write(ref _shownFall, _capital + _peak > 0 && _capital > 0 ? (double)((_peak - Profit) / (_capital + _peak)) : double.NaN);
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
