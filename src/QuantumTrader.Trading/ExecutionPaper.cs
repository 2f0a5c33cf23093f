using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Trading;

/// <summary>What paper orders are executed against.</summary>
public enum PaperPrices
{
    /// <summary>Best bid and ask of the book that the block <c>book</c> keeps.</summary>
    Book,

    /// <summary>Best bid and ask as the feed sends them.</summary>
    Quotes,

    /// <summary>The price and quantity of trades.</summary>
    Trades,
}

/// <summary>Options of the block <c>execution.paper</c>.</summary>
public sealed record ExecutionPaperOptions
{
    /// <summary>What orders are executed against: <c>book</c>, <c>quotes</c> or <c>trades</c>.</summary>
    public PaperPrices Prices { get; init; } = PaperPrices.Book;

    /// <summary>Costs per unit and side, in money; 5 is usual for a B3 contract.</summary>
    [Range(0, 1_000_000)]
    public decimal CostPerUnit { get; init; }

    /// <summary>Costs in hundredths of a percent of the money that changes hands.</summary>
    [Range(0, 10_000)]
    public decimal FeeBps { get; init; }

    /// <summary>Ticks by which every fill is worse than the price it meets.</summary>
    [Range(0, 1_000)]
    public int SlippageTicks { get; init; } = 1;

    /// <summary>Money at the start, which a fall of the equity is measured against (alert <c>drawdown</c>); 0 when it is not known.</summary>
    [Range(0, 1_000_000_000_000)]
    public decimal Capital { get; init; }
}

/// <summary>
/// Executes market orders on paper, and refuses others; no broker can be reached from here. An order meets the first price that comes behind it: it pays the
/// ask or gets the bid, slippage on top, up to the displayed quantity; the rest waits for the next price. Orders of a symbol are served
/// in the order in which they came and share what is displayed. A price that is no price (crossed, locked, a side empty) is passed over.
/// When trading is stopped from outside (section <c>trading</c>) what is open is cancelled, and so is what still comes, until it goes on.
/// What is open when the input ends stays unfilled and is reported: received = filled + open + rejected + cancelled.
/// </summary>
[Block("execution.paper", "Executes orders on paper, against the book, quotes or trades of the port market.", Trading = true)]
[SidePort("market")]
[RunEvent("QT2601", "open_at_end", "Orders were open at the end of the run.", "Nothing, if the session was meant to end with them.")]
[RunEvent("QT2604", "order_cancelled", "An open order was cancelled, because trading was stopped.", "Nothing.")]
public sealed class ExecutionPaper : Operator<OrderRequest, MarketEvent, Fill>
{
    /// <summary>Orders that may be open at a time; more are refused as <c>too_many_open</c>.</summary>
    public const int MaxOpen = 10_000;

    private readonly ExecutionPaperOptions _options;
    private readonly MarketContext _market;
    private readonly Positions _positions;
    private readonly List<OpenOrder>[] _open;
    private readonly EventKind _kind;
    private readonly KillSwitch? _kill;
    private HaltGate? _gate;
    private bool _isCompleted;
    private long _received;
    private long _filled;
    private long _rejected;
    private long _cancelled;
    private long _fills;
    private long _passedOver;
    private int _openCount;

    /// <summary>A block that has no orders.</summary>
    public ExecutionPaper(ExecutionPaperOptions options, MarketContext market, KillSwitch? kill = null)
    {
        (_options, _kill) = (options, kill);
        _market = market;
        _positions = new Positions(market, options.Capital);
        _open = [.. Enumerable.Range(0, market.Symbols.Count).Select(_ => new List<OpenOrder>())];
        _kind = options.Prices switch { PaperPrices.Book => EventKind.BookTop, PaperPrices.Quotes => EventKind.Quote, _ => EventKind.Trade };
    }

    /// <summary>Orders that wait for a price; 0 once the input has ended, since nothing can reach them then.</summary>
    public override long Held => _isCompleted ? 0 : _openCount;

    /// <summary>What the fills so far have come to.</summary>
    public Positions Positions => _positions;

    /// <inheritdoc/>
    public override IReadOnlyList<BlockGauge> Gauges =>
    [
        .. _positions.Gauges,
        new("qt_trading_open_orders", "Orders that wait for a price.", Volatile.Read(ref _openCount)),
    ];

    /// <inheritdoc/>
    public override void Start() => _gate = _kill?.GateOf(this, CancelAll);

    /// <inheritdoc/>
    public override void Process(Run<OrderRequest> run, Output<Fill> output)
    {
        foreach (ref readonly var order in run)
        {
            _received++;
            if (!order.IsMarket || order.Quantity <= 0 || order.Side == Side.None || (uint)(order.Symbol - 1) >= (uint)_open.Length)
            {
                _rejected++;
                run.Reject("bad_order");
            }
            else if (_openCount >= MaxOpen)
            {
                _rejected++;
                run.Reject("too_many_open");
            }
            else if (_gate?.IsShutNow == true)
            {
                run.Drop("killed");
                Cancel(order, order.Quantity);
            }
            else
            {
                _openCount++;
                _open[order.Symbol - 1].Add(new OpenOrder(order, OrderLife.Begin(order.Quantity)));
            }
        }
    }

    /// <inheritdoc/>
    public override void ProcessSide(Run<MarketEvent> run, Output<Fill> output)
    {
        foreach (ref readonly var e in run)
        {
            // Only here, not at the orders too: both inputs share their sequences, and one place in the input must say when it changed.
            _gate?.IsShut(e.Sequence, e.EventTime);
            if (e.Kind != _kind || (uint)(e.Symbol - 1) >= (uint)_open.Length)
            {
                continue;
            }

            var orders = _open[e.Symbol - 1];
            if (!Displayed.TryRead(in e, out var displayed))
            {
                _passedOver++;
                continue;
            }

            _positions.Mark(e.Symbol, displayed.BidPrice, displayed.AskPrice);
            if (orders.Count > 0)
            {
                Match(orders, in e, displayed, output);
            }
        }
    }

    /// <inheritdoc/>
    public override void Complete(Output<Fill> output)
    {
        _isCompleted = true;
        foreach (var (order, life) in _open.SelectMany(orders => orders))
        {
            Note("open_at_end", FormattableString.Invariant(
                $"Order {order.Order} ({order.Side} {Scaled.ToText(order.Quantity)} {_market.Symbols.Name(order.Symbol)}) had {Scaled.ToText(life.Remaining)} unfilled when the input ended: no price came behind it, or too little was displayed."));
        }
    }

    /// <inheritdoc/>
    public override object Report() => new ExecutionReport(
        new OrderCounts(_received, _filled, _openCount, _rejected) { Cancelled = _cancelled }, _fills, _passedOver, _positions.Profit, _positions.MaxDrawdown, _positions.MaxExposure, _positions.Report()) { Halts = _kill?.HaltsOf(this) ?? [] };

    private void CancelAll()
    {
        foreach (var orders in _open)
        {
            foreach (var (order, life) in orders)
            {
                Cancel(order, life.Remaining);
            }

            _openCount -= orders.Count;
            orders.Clear();
        }
    }

    private void Cancel(OrderRequest order, long remaining)
    {
        _cancelled++;
        _gate!.GiveBack(order.Symbol, (int)order.Side * remaining);
        Note("order_cancelled", FormattableString.Invariant(
            $"Order {order.Order} ({order.Side} {Scaled.ToText(order.Quantity)} {_market.Symbols.Name(order.Symbol)}) was cancelled with {Scaled.ToText(remaining)} unfilled: trading was stopped."));
    }

    private void Match(List<OpenOrder> orders, in MarketEvent e, Displayed displayed, Output<Fill> output)
    {
        var kept = 0;
        for (var i = 0; i < orders.Count; i++)
        {
            var (order, life) = orders[i];
            var left = order.Side == Side.Buy ? displayed.AskQuantity : displayed.BidQuantity;
            var quantity = Math.Min(life.Remaining, left);

            // Nobody trades at the price that made him send the order.
            if (e.Sequence > order.Sequence && quantity > 0)
            {
                displayed = displayed.Less(order.Side, quantity);
                life = life.Trade(quantity);
                Send(order, life.Remaining, quantity, order.Side == Side.Buy ? displayed.AskPrice : displayed.BidPrice, in e, output);
            }

            if (life.IsFinal)
            {
                _filled++;
                _openCount--;
            }
            else
            {
                orders[kept++] = new OpenOrder(order, life);
            }
        }

        orders.RemoveRange(kept, orders.Count - kept);
    }

    private void Send(OrderRequest order, long remaining, long quantity, long price, in MarketEvent e, Output<Fill> output)
    {
        var instrument = _market.Instrument(order.Symbol);
        var slippage = (long)(instrument.Tick * _options.SlippageTicks * Scaled.One);

        // A price never slips to 0 or below.
        var paid = Math.Max(price + ((int)order.Side * slippage), 1);
        var units = Positions.ToDecimal(quantity);
        var fee = (units * _options.CostPerUnit) + (units * Positions.ToDecimal(paid) * instrument.Multiplier * _options.FeeBps / 10_000m);
        var fill = new Fill(e.Sequence, e.EventTime, order.Symbol, order.Side, quantity, paid, fee, order.Order, remaining);
        _fills++;
        _positions.Apply(in fill);
        output.Add(in fill);
    }

    private readonly record struct OpenOrder(OrderRequest Order, OrderLife Life);

    /// <summary>Prices and quantities that an event offers; those of a trade are the same for both sides and shared by them.</summary>
    private readonly record struct Displayed(long BidPrice, long BidQuantity, long AskPrice, long AskQuantity, bool IsShared)
    {
        public static bool TryRead(in MarketEvent e, out Displayed displayed)
        {
            var isTrade = e.Kind == EventKind.Trade;
            displayed = isTrade
                ? new Displayed(e.Price, e.Quantity, e.Price, e.Quantity, true)
                : new Displayed(e.BidPrice, e.BidQuantity, e.AskPrice, e.AskQuantity, false);
            return displayed is { BidPrice: > 0, BidQuantity: > 0, AskPrice: > 0, AskQuantity: > 0 }
                && (isTrade
                    ? !e.Has(EventFlags.OffMarket) && !e.Has(EventFlags.Edit)
                    : displayed.BidPrice < displayed.AskPrice && !e.Has(EventFlags.Crossed) && !e.Has(EventFlags.Locked));
        }

        public Displayed Less(Side side, long quantity) => this with
        {
            AskQuantity = side == Side.Buy || IsShared ? AskQuantity - quantity : AskQuantity,
            BidQuantity = side == Side.Sell || IsShared ? BidQuantity - quantity : BidQuantity,
        };
    }
}

/// <summary>What became of the orders: received = filled + open + rejected + cancelled.</summary>
/// <param name="Received">Orders that came in.</param>
/// <param name="Filled">Filled whole.</param>
/// <param name="Open">Not filled, or only in part.</param>
/// <param name="Rejected">Refused because they were bad.</param>
public sealed record OrderCounts(long Received, long Filled, long Open, long Rejected)
{
    /// <summary>Taken back before they were filled whole.</summary>
    public long Cancelled { get; init; }
}

/// <summary>What the report says of the execution.</summary>
/// <param name="Orders">What became of the orders.</param>
/// <param name="Fills">Executions.</param>
/// <param name="PricesPassedOver">Crossed, locked or empty prices.</param>
/// <param name="Profit">Of all symbols after fees, in money.</param>
/// <param name="MaxDrawdown">Deepest fall of the profit from a height it had before, in money.</param>
/// <param name="MaxExposure">Largest sum of the sizes of all open positions, in money.</param>
/// <param name="Positions">By symbol.</param>
public sealed record ExecutionReport(
    OrderCounts Orders, long Fills, long PricesPassedOver, decimal Profit, decimal MaxDrawdown, decimal MaxExposure, IReadOnlyList<PositionReport> Positions)
{
    /// <summary>Where trading was stopped from outside; the section <c>trading</c> takes them back to repeat the run.</summary>
    public IReadOnlyList<Halt> Halts { get; init; } = [];
}
