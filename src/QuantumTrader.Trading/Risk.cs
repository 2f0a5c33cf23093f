using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Trading;

/// <summary>Options of the block <c>risk</c>.</summary>
public sealed record RiskOptions
{
    /// <summary>Whether orders are allowed at all; with false every signal is refused as <c>disabled</c>.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Units of each order; a multiple of the instrument's quantity step.</summary>
    [Range(0, 1_000_000_000)]
    public decimal OrderQuantity { get; init; } = 1;

    /// <summary>Largest order quantity that may be configured: guards against a slip of the decimal point.</summary>
    [Range(0, 1_000_000_000)]
    public decimal MaxOrderQuantity { get; init; } = 10;

    /// <summary>Largest net position per symbol, long or short, counting every approved order as if it were filled.</summary>
    [Range(0, 1_000_000_000)]
    public decimal MaxPosition { get; init; } = 1;

    /// <summary>Orders per trading day over all symbols.</summary>
    [Range(0, 1_000_000)]
    public int MaxTradesPerDay { get; init; } = 10;

    /// <summary>Whether a second signal in the direction of the symbol's last order is allowed.</summary>
    public bool AllowSameDirection { get; init; }
}

/// <summary>
/// Lets a signal become a market order if all limits allow it. What it refuses is counted: <c>disabled</c>, <c>killed</c> (trading is
/// stopped from outside, see the section <c>trading</c>), <c>no_side</c>, <c>trades_per_day</c>, <c>same_direction</c>, <c>position_limit</c>, checked in this order. Exposure is what was approved, not what was
/// filled, so that orders on their way cannot add up to more than the limit.
/// </summary>
[Block("risk", "Lets signals become orders within limits.")]
public sealed class Risk : Operator<Signal, OrderRequest>
{
    private readonly RiskOptions _options;
    private readonly TradingCalendar _calendar;
    private readonly long _quantity;
    private readonly long _maxPosition;
    private readonly Dictionary<int, Approved> _approved = [];
    private readonly KillSwitch? _kill;
    private HaltGate? _gate;
    private int _day = int.MinValue;
    private int _tradesToday;
    private long _orders;

    /// <summary>A block that has approved nothing.</summary>
    /// <exception cref="ConfigurationException">The order quantity is 0, above its limit, or no multiple of an instrument's step.</exception>
    public Risk(RiskOptions options, MarketContext market, KillSwitch? kill = null)
    {
        ArgumentNullException.ThrowIfNull(market);
        (_options, _kill) = (options, kill);
        _calendar = market.Calendar;
        _quantity = Units("order_quantity", options.OrderQuantity);
        _maxPosition = Units("max_position", options.MaxPosition);
        if (options.OrderQuantity <= 0 || options.OrderQuantity > options.MaxOrderQuantity)
        {
            throw new ConfigurationException("order_quantity", FormattableString.Invariant(
                $"An order of {options.OrderQuantity} was refused; legal is above 0 up to max_order_quantity, {options.MaxOrderQuantity}. Correct the one or the other."));
        }

        for (var symbol = 1; symbol <= market.Symbols.Count; symbol++)
        {
            var instrument = market.Instrument(symbol);
            if (options.OrderQuantity % instrument.QuantityStep != 0)
            {
                throw new ConfigurationException("order_quantity", FormattableString.Invariant(
                    $"An order of {options.OrderQuantity} {instrument.Symbol} was refused; legal are multiples of its quantity step, {instrument.QuantityStep}. Round the quantity."));
            }
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<BlockGauge> Gauges => [new("qt_trading_stopped", "Trading is stopped from outside: 1, otherwise 0.", _kill?.State.Engaged == true ? 1 : 0)];

    /// <inheritdoc/>
    public override void Start() => _gate = _kill?.GateOf(this, onOpen: GiveBack);

    /// <inheritdoc/>
    public override void Process(Run<Signal> run, Output<OrderRequest> output)
    {
        foreach (ref readonly var signal in run)
        {
            var day = _calendar.DateOf(signal.EventTime);
            if (day != _day)
            {
                (_day, _tradesToday) = (day, 0);
            }

            var isKilled = _gate?.IsShut(signal.Sequence, signal.EventTime) == true;
            var before = _approved.GetValueOrDefault(signal.Symbol);
            if (Refusal(in signal, before, isKilled) is { } reason)
            {
                run.Drop(reason);
                continue;
            }

            _tradesToday++;
            _approved[signal.Symbol] = new Approved(before.Exposure + ((long)signal.Side * _quantity), signal.Side);
            output.Add(new OrderRequest(signal.Sequence, signal.EventTime, signal.Symbol, signal.Side, _quantity, ++_orders));
        }
    }

    /// <inheritdoc/>
    public override object Report() => new RiskReport(_options.Enabled, _orders, _kill?.HaltsOf(this) ?? []);

    private string? Refusal(in Signal signal, Approved before, bool isKilled) =>
        !_options.Enabled ? "disabled"
        : isKilled ? "killed"
        : signal.Side == Side.None ? "no_side"
        : _tradesToday >= _options.MaxTradesPerDay ? "trades_per_day"
        : signal.Side == before.LastSide && !_options.AllowSameDirection ? "same_direction"
        : Math.Abs(before.Exposure + ((long)signal.Side * _quantity)) > _maxPosition ? "position_limit"
        : null;

    // Orders that were cancelled will not be filled, so they no longer count.
    private void GiveBack(IReadOnlyDictionary<int, long> cancelled)
    {
        foreach (var (symbol, units) in cancelled)
        {
            var before = _approved.GetValueOrDefault(symbol);
            _approved[symbol] = before with { Exposure = before.Exposure - units };
        }
    }

    private static long Units(string option, decimal quantity)
    {
        var units = quantity * Scaled.One;
        return units is >= 0 and < long.MaxValue / 4 && units == decimal.Truncate(units)
            ? (long)units
            : throw new ConfigurationException(option, FormattableString.Invariant($"{quantity} was refused; legal are numbers from 0 to 20000000000 with at most {Scaled.Digits} decimals."));
    }

    private readonly record struct Approved(long Exposure, Side LastSide);
}

/// <summary>What the report says of the limits.</summary>
/// <param name="Enabled">Whether orders were allowed.</param>
/// <param name="Orders">Orders approved; refusals are counted by reason.</param>
/// <param name="Halts">Where trading was stopped from outside; the section <c>trading</c> takes them back to repeat the run.</param>
public sealed record RiskReport(bool Enabled, long Orders, IReadOnlyList<Halt> Halts);
