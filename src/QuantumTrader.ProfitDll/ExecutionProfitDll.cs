using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll.Callbacks;
using QuantumTrader.ProfitDll.Orders;
using QuantumTrader.Trading;

namespace QuantumTrader.ProfitDll;

/// <summary>Options of the block <c>execution.profitdll</c>.</summary>
public sealed record ExecutionProfitDllOptions
{
    /// <summary>Sends orders to the broker, provided that the environment says <c>ENABLE_TRADING=true</c> too. Otherwise every order is refused as <c>trading_off</c>.</summary>
    public bool SendOrders { get; init; }

    /// <summary>The account, as <c>broker:account</c>; not needed when the login has only one.</summary>
    public string? Account { get; init; }

    /// <summary>Largest net position per symbol that an order may lead to, long or short: the account's position, with all orders that are open on the same side.</summary>
    [Range(0, 1_000_000)]
    public decimal MaxPosition { get; init; } = 1;

    /// <summary>How long an order may be unanswered before it is asked after.</summary>
    [Range(0.01, 3600)]
    public double TimeoutSeconds { get; init; } = 30;

    /// <summary>How often it is asked after before it counts as lost.</summary>
    [Range(0, 100)]
    public int Inquiries { get; init; } = 3;

    /// <summary>Takes back the orders that this run has open at its end.</summary>
    public bool CancelAtEnd { get; init; } = true;

    /// <summary>How long the end of the run waits for open orders.</summary>
    [Range(0, 3600)]
    public double EndSeconds { get; init; } = 5;

    /// <summary>Costs per unit and side, in money; ProfitDLL does not tell them. 5 is usual for a B3 contract.</summary>
    [Range(0, 1_000_000)]
    public decimal CostPerUnit { get; init; }

    /// <summary>Money at the start, which a fall of the equity is measured against (alert <c>drawdown</c>); 0 when it is not known.</summary>
    [Range(0, 1_000_000_000_000)]
    public decimal Capital { get; init; }
}

/// <summary>
/// Sends orders to a broker through the session of <c>source.profitdll</c>: new ones, changes, cancellations, and the closing of a
/// position. Before the first one, and whenever the way to the broker was down, the account's orders and positions are read: what is open
/// there counts for <c>max_position</c>. An order is never sent twice; what is not answered is asked after. Fills are passed on with the
/// next event of the port <c>market</c>, and carry its sequence and time.
/// <para>Refused: <c>trading_off</c>, <c>not_ready</c> (not connected, or orders and positions not known yet), <c>bad_order</c>,
/// <c>duplicate_order</c>, <c>order_lost</c> (another order of the symbol is lost), <c>too_many_orders</c>, <c>position_limit</c>,
/// <c>unknown_order</c> (to change or cancel), <c>flat</c> (nothing to close), <c>refused</c> (by ProfitDLL; the note says why),
/// <c>killed</c> (trading is stopped from outside, see the section <c>trading</c>: what is open is cancelled, and nothing but cancellations
/// is sent; what then was not filled no longer counts as exposure of <c>risk</c>).</para>
/// <para>Real orders: only <c>qt run</c> runs this block, and no phase can have it as its candidate.</para>
/// </summary>
/// <example>
/// orders: { type: execution.profitdll, from: risk, market: book, send_orders: true }
/// </example>
[Block("execution.profitdll", "Sends orders to a broker through ProfitDLL.", Trading = true, Io = true)]
[SidePort("market")]
[RunEvent("QT2320", "trading_off", "No order is sent.", "If orders are wanted: `send_orders: true` in the pipeline and ENABLE_TRADING=true in the environment.")]
public sealed class ExecutionProfitDll : Operator<OrderRequest, MarketEvent, Fill>
{
    private const int GlanceMilliseconds = 10;

    private readonly ExecutionProfitDllOptions _options;
    private readonly MarketContext _market;
    private readonly TimeProvider _clock;
    private readonly OrderRouter _router;
    private readonly Positions _positions;
    private readonly string? _off;
    private readonly KillSwitch? _kill;
    private readonly List<RoutedOrder> _killed = [];
    private HaltGate? _gate;
    private bool _wasReady;
    private long _sequence;
    private long _eventTime;
    private long _received;
    private long _rejected;
    private long _fills;
    private bool _isCompleted;

    /// <summary>Sends nothing yet.</summary>
    /// <exception cref="ConfigurationException">The login is for the market only, or another block sends orders already.</exception>
    public ExecutionProfitDll(ExecutionProfitDllOptions options, BlockContext context, MarketContext market, ProfitLogin login, KillSwitch? kill = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(market);
        ArgumentNullException.ThrowIfNull(login);
        (_options, _market, _clock, _kill) = (options, market, context.Clock, kill);
        if (login.Options.Tap)
        {
            throw new ConfigurationException("", "The session belongs to the program that taps it, so it sends no orders from here. Remove tap: true from the section profitdll, or use execution.paper.");
        }

        if (!login.Options.Routing)
        {
            throw new ConfigurationException("", "The login of ProfitDLL is for the market only, so it sends no orders. Write routing: true in the section profitdll, or use execution.paper.");
        }

        if (login.Orders is not null)
        {
            throw new ConfigurationException("", "Another execution.profitdll sends the orders of this session. Let one block send all of them.");
        }

        var target = login.Orders = new OrderTarget();
        _router = new OrderRouter(options, market, login, target, context.Clock, Note);
        _positions = new Positions(market, options.Capital);
        _off = !options.SendOrders ? "send_orders is false" : Environment.GetEnvironmentVariable("ENABLE_TRADING")?.Trim() is not "true" ? "ENABLE_TRADING is not true" : null;
    }

    /// <summary>Orders that are open; 0 once the input has ended.</summary>
    public override long Held => _isCompleted ? 0 : _router.Open.Count(o => o.Order > 0);

    /// <inheritdoc/>
    public override IReadOnlyList<BlockGauge> Gauges => [.. _positions.Gauges, new("qt_profitdll_orders_open", "Orders that are open at the broker.", _router.Open.Count)];

    /// <inheritdoc/>
    public override void Start()
    {
        _gate = _kill?.GateOf(this, Shut);
        if (_off is not null)
        {
            Note("trading_off", $"No order is sent: {_off}. Real orders need send_orders: true in the pipeline and ENABLE_TRADING=true in the environment.");
        }
    }

    /// <inheritdoc/>
    public override void Process(Run<OrderRequest> run, Output<Fill> output)
    {
        foreach (ref readonly var order in run)
        {
            var isNew = order.Action is OrderAction.Send or OrderAction.Zero;
            _received += isNew ? 1 : 0;
            var isKilled = _gate?.IsShutNow == true && order.Action is not (OrderAction.Cancel or OrderAction.CancelAll);
            if ((_off is not null ? "trading_off" : isKilled ? "killed" : _router.Send(in order)) is { } reason)
            {
                _rejected += isNew ? 1 : 0;
                run.Reject(reason);
                if (reason == "killed" && order.Action == OrderAction.Send)
                {
                    _gate!.GiveBack(order.Symbol, (long)order.Side * order.Quantity);
                }
            }
        }

        Drain(output);
    }

    /// <inheritdoc/>
    public override void ProcessSide(Run<MarketEvent> run, Output<Fill> output)
    {
        foreach (ref readonly var e in run)
        {
            (_sequence, _eventTime) = (e.Sequence, e.EventTime);
            _gate?.IsShut(e.Sequence, e.EventTime);
            _positions.Mark(in e);
        }

        _router.Poll();
        if (_router.IsReady && !_wasReady && _gate?.IsShutNow == true)
        {
            CancelOpen();
        }

        _wasReady = _router.IsReady;
        GiveBack();
        Drain(output);
    }

    /// <inheritdoc/>
    public override void Complete(Output<Fill> output)
    {
        var since = _clock.GetTimestamp();
        var isCancelled = !_options.CancelAtEnd;
        for (; _router.Open.Any(o => o.Order > 0); BrokenOff.WaitHandle.WaitOne(GlanceMilliseconds))
        {
            _router.Poll();
            if (_clock.GetElapsedTime(since).TotalSeconds >= _options.EndSeconds || BrokenOff.IsCancellationRequested)
            {
                break;
            }

            // Orders at the market are given half of the time to trade.
            if (!isCancelled && _clock.GetElapsedTime(since).TotalSeconds >= _options.EndSeconds / 2)
            {
                isCancelled = true;
                CancelOpen();
            }
        }

        Drain(output);
        _isCompleted = true;
        foreach (var order in _router.Open.Where(o => o.Order > 0))
        {
            Note("open_at_end", FormattableString.Invariant(
                $"{order} ({order.Side} {Scaled.ToText(order.Life.Quantity)} {_market.Symbols.Name(order.Symbol)}) is {order.Life.State} with {Scaled.ToText(order.Life.Remaining)} open. Look at the broker."));
        }
    }

    /// <inheritdoc/>
    public override object Report() => new ExecutionReport(
        new OrderCounts(_received, _router.Count(OrderState.Filled), _router.Open.Count(o => o.Order > 0), _rejected + _router.Count(OrderState.Rejected)) { Cancelled = _router.Count(OrderState.Cancelled) },
        _fills, 0, _positions.Profit, _positions.MaxDrawdown, _positions.MaxExposure, _positions.Report()) { Halts = _kill?.HaltsOf(this) ?? [] };

    // What trades before its cancellation arrives has traded; the rest is given back when the broker has confirmed it.
    private void Shut()
    {
        _killed.AddRange(_router.Open.Where(o => o.Order > 0).Except(_killed));
        CancelOpen();
    }

    // While the way to the broker is down nothing can be asked; it is made up for when it is back.
    private void CancelOpen()
    {
        foreach (var order in _router.Open.Where(o => o is { Order: > 0, IsCancelling: false } && _router.IsReady).ToList())
        {
            _router.Cancel(order);
        }
    }

    private void GiveBack()
    {
        foreach (var order in _killed.Where(o => o.Life is { IsFinal: true, Remaining: > 0 }))
        {
            _gate!.GiveBack(order.Symbol, (long)order.Side * order.Life.Remaining);
        }

        _killed.RemoveAll(o => o.Life.IsFinal);
    }

    private void Drain(Output<Fill> output)
    {
        while (_router.TryTakeExecution(out var e))
        {
            var order = e.Order;
            var fill = new Fill(
                _sequence, _eventTime, order.Symbol, order.Side, e.Units, e.Price, order.Order == 0 ? 0 : e.Units / (decimal)Scaled.One * _options.CostPerUnit, order.Order, e.Remaining);
            _positions.Apply(in fill);

            // Number 0 is what the account held before: it counts, but it is no fill of now.
            if (order.Order != 0)
            {
                _fills++;
                output.Add(in fill);
            }
        }
    }
}
