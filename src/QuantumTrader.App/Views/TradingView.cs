using System.Globalization;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Runs;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Trading;

namespace QuantumTrader.App.Views;

/// <summary>Whether trading is stopped.</summary>
internal sealed record KillDocument(bool Engaged, string? Reason, string? Since, string? Actor)
{
    public static KillDocument Of(KillState state) => new(
        state.Engaged, state.Engaged ? state.Reason : null, state.Engaged ? state.Since?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) : null, state.Engaged ? state.Actor : null);
}

/// <summary>The position in a symbol.</summary>
internal sealed record PositionDocument(decimal Quantity, decimal? AveragePrice, decimal? LastPrice, decimal Realised, decimal Unrealised, decimal Fees, decimal Profit, decimal Exposure);

/// <summary>An order.</summary>
internal sealed record OrderDocument(string Time, string Symbol, Side Side, decimal Quantity, string Type, decimal? Price, OrderState State, decimal Filled, decimal? AveragePrice, string? Reason);

/// <summary>A fill.</summary>
internal sealed record FillDocument(string Time, string Symbol, Side Side, decimal Quantity, decimal Price, decimal Fee, long Order);

/// <summary>A limit, and how much of it is used.</summary>
/// <param name="Used">So much.</param>
/// <param name="Max">Of so much.</param>
/// <param name="Unit"><c>quantity</c>, <c>trades</c>.</param>
/// <param name="Scope">The symbol it holds for; null for all.</param>
internal sealed record LimitDocument(decimal Used, [property: System.Text.Json.Serialization.JsonPropertyName("limit")] decimal Max, string Unit, string? Scope);

/// <summary>The trading page.</summary>
internal sealed record TradingDocument(
    bool OrdersLive, KillDocument Kill, IReadOnlyDictionary<string, PositionDocument> Positions, IReadOnlyDictionary<string, OrderDocument> Orders,
    IReadOnlyDictionary<string, FillDocument> Fills, IReadOnlyDictionary<string, LimitDocument> Limits, IReadOnlyDictionary<string, long> Refusals,
    IReadOnlyDictionary<string, double> Equity, double Profit, double MaxDrawdown, double MaxExposure, long Unseen);

/// <summary>
/// The trading page: orders and fills as they passed, positions from the fills by average cost, limits by the rules of <c>risk</c>. Profit,
/// drawdown and exposure are the execution's own, exact at every price; positions are marked ten times a second.
/// </summary>
internal sealed class TradingView : IDisposable
{
    private const int Kept = 50;
    private const int EquityPoints = 500;

    private readonly LiveRun _run;
    private readonly MarketContext _market;
    private readonly MarketView _prices;
    private readonly KillSwitch? _kill;
    private readonly TapFeed<OrderRequest> _orders;
    private readonly TapFeed<Fill> _fills;
    private readonly Positions _positions;
    private readonly Queue<OrderRequest> _newestOrders = new();
    private readonly Queue<(long Number, Fill Fill)> _newestFills = new();
    private readonly Dictionary<long, (long Filled, decimal Notional)> _filled = [];
    private readonly Dictionary<int, long> _approved = [];
    private readonly EquityCurve _equity = new(EquityPoints);
    private readonly List<string> _executions;
    private long _number;
    private int _day = int.MinValue;
    private int _tradesToday;

    public TradingView(LiveRun run, MarketContext market, MarketView prices)
    {
        (_run, _market, _prices, _kill) = (run, market, prices, run.Factory.Section<KillSwitch>());
        _orders = new TapFeed<OrderRequest>(run, RunBlocks.Sending<OrderRequest>(run.Plan));
        _fills = new TapFeed<Fill>(run, RunBlocks.Sending<Fill>(run.Plan));
        _executions = [.. RunBlocks.Sending<Fill>(run.Plan)];
        _positions = new Positions(market);
    }

    /// <summary>False when the pipeline has no orders.</summary>
    public bool IsThere => _orders.IsThere || _fills.IsThere;

    /// <summary>Takes in what the blocks have sent; true when the blocks are too fast for a page.</summary>
    public bool Pump()
    {
        _orders.Drain(Take);
        _fills.Drain(Take);
        for (var symbol = 1; symbol <= _market.Symbols.Count; symbol++)
        {
            if (_positions[symbol].Quantity != 0 && (_prices[symbol].Quote ?? AtLast(symbol)) is var (bid, ask))
            {
                _positions.Mark(symbol, bid, ask);
            }
        }

        if (_prices.Time is { } now && _executions.Count > 0)
        {
            _equity.Add(now, Gauge("qt_trading_profit"));
        }

        return _orders.IsTooFast || _fills.IsTooFast;
    }

    /// <summary>The page.</summary>
    public TradingDocument Read()
    {
        var halts = _kill?.Halts.Where(h => _executions.Contains(h.Block)).ToList() ?? [];
        // The market may be seen less far than the orders, in a replay at full speed.
        var today = _prices.Time is { } now && _market.Calendar.DateOf(now) <= _day ? _tradesToday : 0;
        return new TradingDocument(
            OrdersLive: _run.Plan.Blocks.Any(b => b.Options is ProfitDll.ExecutionProfitDllOptions { SendOrders: true }),
            KillDocument.Of(_kill?.State ?? new KillState(false, "", "", null)),
            Enumerable.Range(1, _market.Symbols.Count).ToDictionary(_market.Symbols.Name, Position, StringComparer.Ordinal),
            _newestOrders.ToDictionary(o => o.Order.ToString(CultureInfo.InvariantCulture), o => Document(o, halts)),
            _newestFills.ToDictionary(f => f.Number.ToString(CultureInfo.InvariantCulture), f => Document(f.Fill)),
            Limits(today),
            Refusals(),
            _equity.Points.ToDictionary(p => Documents.Time(p.Time), p => p.Profit),
            Gauge("qt_trading_profit"), Gauge("qt_trading_max_drawdown"), Gauge("qt_trading_max_exposure"), _orders.Unseen + _fills.Unseen);
    }

    public void Dispose()
    {
        _orders.Dispose();
        _fills.Dispose();
    }

    private void Take(ReadOnlySpan<OrderRequest> orders)
    {
        foreach (ref readonly var order in orders)
        {
            if (order.Action != OrderAction.Send)
            {
                continue;
            }

            var day = _market.Calendar.DateOf(order.EventTime);
            (_day, _tradesToday) = (day, day == _day ? _tradesToday + 1 : 1);
            _approved[order.Symbol] = _approved.GetValueOrDefault(order.Symbol) + ((long)order.Side * order.Quantity);
            _newestOrders.Enqueue(order);
            if (_newestOrders.Count > Kept)
            {
                _filled.Remove(_newestOrders.Dequeue().Order);
            }
        }
    }

    private void Take(ReadOnlySpan<Fill> fills)
    {
        foreach (ref readonly var fill in fills)
        {
            _positions.Apply(in fill);
            var (filled, notional) = _filled.GetValueOrDefault(fill.Order);
            _filled[fill.Order] = (filled + fill.Quantity, notional + (Scaled.ToDecimal(fill.Quantity) * Scaled.ToDecimal(fill.Price)));
            _newestFills.Enqueue((++_number, fill));
            if (_newestFills.Count > Kept)
            {
                _newestFills.Dequeue();
            }
        }

        if (_filled.Count > 2 * Kept)
        {
            foreach (var gone in _filled.Keys.Except(_newestOrders.Select(o => o.Order)).ToList())
            {
                _filled.Remove(gone);
            }
        }
    }

    private (long Bid, long Ask)? AtLast(int symbol) => _prices[symbol].LastPrice is { } last ? (last, last) : null;

    private PositionDocument Position(int symbol)
    {
        var p = _positions[symbol];
        return new PositionDocument(
            p.Quantity, p.Quantity == 0 ? null : decimal.Round(p.AveragePrice, 8), Documents.Decimal(_prices[symbol].LastPrice), p.Realised, p.Unrealised, p.Fees, p.Profit, p.Exposure);
    }

    private OrderDocument Document(OrderRequest order, List<Halt> halts)
    {
        var (filled, notional) = _filled.GetValueOrDefault(order.Order);
        var isHalted = halts.Exists(h => order.Sequence < (h.Until ?? long.MaxValue));
        return new OrderDocument(
            Documents.Time(order.EventTime), _market.Symbols.Name(order.Symbol), order.Side, Documents.Number(order.Quantity), order.IsMarket ? "market" : order.StopPrice > 0 ? "stop" : "limit", order.Price == 0 ? null : Documents.Number(order.Price),
            filled >= order.Quantity ? OrderState.Filled : isHalted ? OrderState.Cancelled : filled > 0 ? OrderState.Partial : OrderState.Sent,
            Documents.Number(filled), filled == 0 ? null : decimal.Round(notional / Scaled.ToDecimal(filled), 8), isHalted && filled < order.Quantity ? "killed" : null);
    }

    private FillDocument Document(Fill f) => new(
        Documents.Time(f.EventTime), _market.Symbols.Name(f.Symbol), f.Side, Documents.Number(f.Quantity), Documents.Number(f.Price), f.Fee, f.Order);

    private Dictionary<string, LimitDocument> Limits(int today)
    {
        var limits = new Dictionary<string, LimitDocument>(StringComparer.Ordinal);
        foreach (var (name, options) in _run.Plan.Blocks.Where(b => b.Options is RiskOptions).Select(b => (b.Name, (RiskOptions)b.Options!)))
        {
            var given = _kill?.Halts.Where(h => h.Block == name).SelectMany(h => h.Cancelled).ToLookup(c => c.Symbol, c => c.Quantity);
            for (var symbol = 1; symbol <= _market.Symbols.Count; symbol++)
            {
                var text = _market.Symbols.Name(symbol);
                var exposure = Documents.Number(_approved.GetValueOrDefault(symbol)) - (given?[text].Sum() ?? 0);
                limits[$"max_position.{text}"] = new LimitDocument(Math.Abs(exposure), options.MaxPosition, "quantity", text);
            }

            limits["max_trades_per_day"] = new LimitDocument(today, options.MaxTradesPerDay, "trades", null);
        }

        return limits;
    }

    private SortedDictionary<string, long> Refusals()
    {
        var refusals = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (reason, count) in _run.Watch.Now().Report.Blocks.Where(b => _run.Plan.Blocks.Any(p => p.Name == b.Name && p.Options is RiskOptions)).SelectMany(b => b.Dropped))
        {
            refusals[reason] = refusals.GetValueOrDefault(reason) + count;
        }

        return refusals;
    }

    private double Gauge(string name) => _run.Watch.Now().Report.Blocks.SelectMany(b => b.Gauges).Where(g => g.Name == name).Sum(g => g.Value);
}
