using System.Globalization;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Trading;

/// <summary>Options of the section <c>trading</c>.</summary>
public sealed record TradingOptions
{
    /// <summary>A file that stops trading as long as it is there: <c>touch</c> it to stop, remove it to go on. The dashboard's kill switch makes and removes it, so that a run that begins anew stays stopped.</summary>
    public string? KillFile { get; init; }

    /// <summary>Stretches in which trading was stopped, as the report of a run gives them under <c>halts</c>: so the run can be repeated with what the operator did.</summary>
    public IReadOnlyList<Halt> Halts { get; init; } = [];
}

/// <summary>A stretch in which a block did not trade.</summary>
public sealed record Halt
{
    /// <summary>The block.</summary>
    [Required]
    public string Block { get; init; } = "";

    /// <summary>Sequence of the first event for which trading was stopped.</summary>
    [Required]
    public long From { get; init; }

    /// <summary>Sequence of the first event for which it went on; left out when it never did.</summary>
    public long? Until { get; init; }

    /// <summary>Orders that had been approved and were cancelled meanwhile, as far as this block was told when it went on.</summary>
    public IReadOnlyList<CancelledQuantity> Cancelled { get; init; } = [];
}

/// <summary>What was cancelled of a symbol.</summary>
public sealed record CancelledQuantity
{
    /// <summary>Name of the symbol.</summary>
    [Required]
    public string Symbol { get; init; } = "";

    /// <summary>Units bought less units sold that now will not be.</summary>
    public decimal Quantity { get; init; }
}

/// <summary>Whether trading is stopped, since when and why.</summary>
/// <param name="Engaged">It is stopped: no order is approved, and what is open is cancelled.</param>
/// <param name="Reason">Why.</param>
/// <param name="Actor">Who did it: <c>operator</c>, <c>file</c>.</param>
/// <param name="Since">Wall-clock time of the last change; null when there was none.</param>
public sealed record KillState(bool Engaged, string Reason, string Actor, DateTimeOffset? Since);

/// <summary>
/// Stops trading at once, from outside: <c>risk</c> approves nothing more, and who executes orders cancels what is open. Each of them looks
/// at it at every event with a new sequence, and reports the sequences between which it stood still (<see cref="Halt"/>): an operator's
/// action is part of the input, and repeating the input with these halts repeats the output.
/// </summary>
[Section("trading", "How trading is stopped from outside.")]
[RunEvent("QT2602", "halted", "Trading was stopped from outside.", "Resume it on the dashboard, or remove the kill file, when it shall go on.", Level = RunEventLevel.Error)]
[RunEvent("QT2603", "resumed", "Trading goes on.", "Nothing.", Level = RunEventLevel.Information)]
public sealed class KillSwitch : IDisposable
{
    private const int MaxHalts = 1000;
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly TradingOptions _options;
    private readonly MarketContext _market;
    private readonly TimeProvider _clock;
    private readonly string? _file;
    private readonly List<Halt> _halts = [];
    private readonly SortedDictionary<int, long> _cancelled = [];
    private KillState _state = new(false, "", "", null);
    private ITimer? _timer;
    private int _version;

    /// <summary>A switch that is off.</summary>
    public KillSwitch(TradingOptions options, MarketContext market, SectionContext files, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(files);
        (_options, _market, _clock) = (options, market, clock);
        _file = options.KillFile is null ? null : files.Resolve(options.KillFile);
        foreach (var halt in options.Halts.Where(h => h.Until < h.From))
        {
            throw new ConfigurationException("halts", FormattableString.Invariant($"Block '{halt.Block}' is halted from {halt.From} until {halt.Until}, which is before it. Take the halts as the report of the run gives them."));
        }
    }

    /// <summary>How it stands.</summary>
    public KillState State => Volatile.Read(ref _state);

    /// <summary>The stretches in which blocks stood still, in the order in which they began.</summary>
    public IReadOnlyList<Halt> Halts { get { lock (_gate) { return [.. _halts]; } } }

    /// <summary>Those of a block.</summary>
    public IReadOnlyList<Halt> HaltsOf(Block block) => [.. Halts.Where(h => h.Block == block.Name)];

    /// <summary>Stops trading; takes effect at each block's next event. Once stopped, a second reason changes nothing.</summary>
    /// <exception cref="IOException">The kill file cannot be written. Trading is stopped all the same.</exception>
    public void Kill(string reason, string actor)
    {
        lock (_gate)
        {
            Set(true, reason, actor);
        }

        if (_file is not null)
        {
            File.WriteAllText(_file, reason);
        }
    }

    /// <summary>Lets trading go on.</summary>
    /// <exception cref="IOException">The kill file cannot be removed. Trading stays stopped.</exception>
    public void Resume(string reason, string actor)
    {
        if (_file is not null)
        {
            File.Delete(_file);
        }

        lock (_gate)
        {
            Set(false, reason, actor);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer?.Dispose();

    /// <summary>What a block asks at its events.</summary>
    /// <param name="block">The block, which has its name.</param>
    /// <param name="onShut">Called when it must stand still, before the event is handled: cancels what is open.</param>
    /// <param name="onOpen">Called when it may go on, with what was cancelled meanwhile: units by symbol, scaled by 1e-8.</param>
    public HaltGate GateOf(Block block, Action? onShut = null, Action<IReadOnlyDictionary<int, long>>? onOpen = null)
    {
        if (_file is not null && _timer is null)
        {
            LookAtFile();
            _timer = _clock.CreateTimer(_ => LookAtFile(), null, LookInterval, LookInterval);
        }

        return new HaltGate(this, block, [.. _options.Halts.Where(h => h.Block == block.Name).OrderBy(h => h.From)], onShut, onOpen);
    }

    /// <summary>Changes each time that gates must look again.</summary>
    internal int Version => Volatile.Read(ref _version);

    /// <summary>Units of an approved order are no longer to come. A gate that is open already looks again.</summary>
    internal void Cancel(int symbol, long units)
    {
        lock (_gate)
        {
            _cancelled[symbol] = _cancelled.GetValueOrDefault(symbol) + units;
            Volatile.Write(ref _version, _version + 1);
        }
    }

    /// <summary>Lets a gate change its state, and nobody else meanwhile.</summary>
    internal void Change(Action<KillState> change)
    {
        lock (_gate)
        {
            change(_state);
        }
    }

    /// <summary>What was cancelled since somebody last asked. Called from within a gate.</summary>
    internal SortedDictionary<int, long> TakeCancelled()
    {
        var taken = new SortedDictionary<int, long>(_cancelled);
        _cancelled.Clear();
        return taken;
    }

    /// <summary>Writes a halt down; returns its place, -1 when there are too many. Called from within a gate.</summary>
    internal int Record(Halt halt)
    {
        if (_halts.Count == MaxHalts)
        {
            return -1;
        }

        _halts.Add(halt);
        return _halts.Count - 1;
    }

    /// <summary>Writes down how a halt ended. Called from within a gate.</summary>
    internal void End(int halt, long until, IReadOnlyDictionary<int, long> cancelled)
    {
        if (halt >= 0)
        {
            _halts[halt] = _halts[halt] with { Until = until, Cancelled = Describe(cancelled) };
        }
    }

    internal IReadOnlyList<CancelledQuantity> Describe(IReadOnlyDictionary<int, long> cancelled) =>
        [.. cancelled.Where(c => c.Value != 0).Select(c => new CancelledQuantity { Symbol = _market.Symbols.Name(c.Key), Quantity = Positions.ToDecimal(c.Value) })];

    internal SortedDictionary<int, long> Read(IReadOnlyList<CancelledQuantity> cancelled) =>
        new(cancelled.ToDictionary(c => _market.Symbols.Find(c.Symbol), c => (long)(c.Quantity * Scaled.One)));

    private void Set(bool engaged, string reason, string actor)
    {
        if (_state.Engaged != engaged)
        {
            Volatile.Write(ref _state, new KillState(engaged, reason, actor, _clock.GetUtcNow()));
            Volatile.Write(ref _version, _version + 1);
        }
    }

    private void LookAtFile()
    {
        var exists = File.Exists(_file);
        lock (_gate)
        {
            Set(exists, exists ? "the kill file exists" : "the kill file was removed", "file");
        }
    }
}

/// <summary>A block's side of the <see cref="KillSwitch"/>; used by the thread that runs the block.</summary>
public sealed class HaltGate
{
    private static readonly SortedDictionary<int, long> NoneCancelled = [];

    private readonly KillSwitch _switch;
    private readonly Block _block;
    private readonly IReadOnlyList<Halt> _planned;
    private readonly Action? _onShut;
    private readonly Action<IReadOnlyDictionary<int, long>>? _onOpen;
    private long _sequence = long.MinValue;
    private long _nextPlanned;
    private int _version;
    private int _halt = -1;
    private bool _isShut;

    internal HaltGate(KillSwitch killSwitch, Block block, IReadOnlyList<Halt> planned, Action? onShut, Action<IReadOnlyDictionary<int, long>>? onOpen)
    {
        (_switch, _block, _planned, _onShut, _onOpen) = (killSwitch, block, planned, onShut, onOpen);
        _nextPlanned = planned.Count > 0 ? planned[0].From : long.MaxValue;
    }

    /// <summary>
    /// Whether trading is stopped at this event. Changes only where the sequence does, so that it is one place in the input at which it
    /// changed, and costs two comparisons where nothing changes.
    /// </summary>
    public bool IsShut(long sequence, long eventTime)
    {
        if (sequence != _sequence)
        {
            _sequence = sequence;
            if (_version != _switch.Version || sequence >= _nextPlanned)
            {
                Look(eventTime);
            }
        }

        return _isShut;
    }

    /// <summary>As it was at the last event.</summary>
    public bool IsShutNow => _isShut;

    /// <summary>Units of an approved order will not be filled, because trading is stopped: who approved it no longer counts them once it goes on, also when that is known only then.</summary>
    /// <param name="symbol">Its symbol.</param>
    /// <param name="units">Units bought, below 0 for units sold, scaled by 1e-8.</param>
    public void GiveBack(int symbol, long units) => _switch.Cancel(symbol, units);

    private void Look(long eventTime) => _switch.Change(state =>
    {
        _version = _switch.Version;
        var halt = _planned.LastOrDefault(h => h.From <= _sequence);
        var isPlanned = halt is not null && (halt.Until is null || _sequence < halt.Until);
        _nextPlanned = isPlanned ? halt!.Until ?? long.MaxValue : _planned.FirstOrDefault(h => h.From > _sequence)?.From ?? long.MaxValue;
        var isShut = state.Engaged || isPlanned;
        if (isShut && !_isShut)
        {
            _halt = _switch.Record(new Halt { Block = _block.Name, From = _sequence });
            Note("halted", isPlanned ? "as planned in trading.halts" : Words(state), eventTime);
            _onShut?.Invoke();
        }
        else if (!isShut && (_onOpen is not null || _isShut))
        {
            // A run that is repeated takes what was cancelled from its halts: there it does not depend on which block comes first.
            var cancelled = _onOpen is null ? NoneCancelled
                : _planned.Count == 0 ? _switch.TakeCancelled()
                : halt?.Until == _sequence ? _switch.Read(halt.Cancelled) : NoneCancelled;
            if (_isShut || cancelled.Count > 0)
            {
                _switch.End(_isShut ? _halt : _switch.Record(new Halt { Block = _block.Name, From = _sequence }), _sequence, cancelled);
                Note("resumed", _planned.Count > 0 ? "as planned in trading.halts" : Words(state), eventTime);
                _onOpen?.Invoke(cancelled);
            }
        }

        _isShut = isShut;
    });

    private void Note(string code, string why, long eventTime) => _block.Accounts.Note(code, string.Create(
        CultureInfo.InvariantCulture, $"Trading was {code} at sequence {_sequence} ({IsoTime.ToText(eventTime)}): {why}."));

    private static string Words(KillState state) => $"{(state.Reason.Length == 0 ? "no reason was given" : state.Reason.TrimEnd('.'))}, by {state.Actor}";
}
