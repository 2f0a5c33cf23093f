using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market.Sources;

/// <summary>What every source of recorded or made-up events can be told.</summary>
public abstract record SourceOptions
{
    /// <summary>
    /// How fast events are sent: <c>max</c> as fast as they are taken; <c>1x</c>, <c>10x</c>, <c>0.5x</c> as a multiple of the time between
    /// their event times; <c>5000/s</c> at a steady number of events a second. Example: <c>speed: 10x</c>.
    /// </summary>
    public string Speed { get; init; } = "max";
}

/// <summary>What a source leaves in the run's report.</summary>
/// <param name="Events">Events sent.</param>
/// <param name="Kinds">Events sent, by kind.</param>
/// <param name="Files">Lines read per file, in the order of reading.</param>
public sealed record SourceReport(long Events, IReadOnlyDictionary<string, long> Kinds, IReadOnlyList<FileLines> Files);

/// <summary>How many lines of a file were read.</summary>
/// <param name="File">Name of the file.</param>
/// <param name="Lines">Lines read, bad ones included.</param>
public sealed record FileLines(string File, long Lines);

/// <summary>
/// A source of market events: numbers and counts what is sent and holds it back when a speed is asked for. A source derives from it,
/// and knows nothing of pace.
/// </summary>
public abstract class MarketSource : Source<MarketEvent>
{
    private readonly ReplayClock? _pace;
    private readonly Output<MarketEvent> _staged = new();
    private readonly long[] _kinds = new long[Enum.GetValues<EventKind>().Length];
    private MarketEvent[] _waiting = [];

    /// <summary>A source that sends at this speed.</summary>
    protected MarketSource(SourceOptions options, BlockContext context)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(context);
        _pace = ReplayClock.Create(options.Speed, context.Clock);
        if (context.OnlyLooks)
        {
            _pace?.Dispose();
            _pace = null;
        }
    }

    /// <summary>A source that sends as its events come.</summary>
    protected MarketSource()
    {
    }

    /// <summary>Sequence of the newest event made; 0 before the first.</summary>
    protected long Sequence { get; private set; }

    /// <summary>
    /// Adds whole messages until about <paramref name="limit"/> events were added, and returns true; false when there are no more.
    /// It may return true with nothing when stop is asked for.
    /// </summary>
    protected abstract bool ReadMessages(Output<MarketEvent> output, int limit, CancellationToken stop);

    /// <summary>Numbers an event, counts it and sends it.</summary>
    protected void Send(Output<MarketEvent> output, ref MarketEvent value)
    {
        value.Sequence = ++Sequence;
        _kinds[(int)value.Kind]++;
        output.Add(in value);
    }

    /// <summary>Numbers events, counts them and sends them.</summary>
    protected void SendAll(Output<MarketEvent> output, Span<MarketEvent> values)
    {
        foreach (ref var value in values)
        {
            Send(output, ref value);
        }
    }

    /// <inheritdoc/>
    public sealed override bool Read(Output<MarketEvent> output, int limit, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(output);
        return _pace is null ? ReadMessages(output, limit, stop) : ReadPaced(_pace, output, limit, stop);
    }

    // One message is decoded ahead. What is due goes out; the source sleeps only when it has nothing to hand over.
    private bool ReadPaced(ReplayClock pace, Output<MarketEvent> output, int limit, CancellationToken stop)
    {
        var added = 0;
        while (added < limit && !stop.IsCancellationRequested)
        {
            if (_waiting.Length == 0)
            {
                if (!ReadMessages(_staged, 1, stop))
                {
                    return added > 0;
                }

                _waiting = _staged.ToArray();
                continue;
            }

            var remaining = pace.Remaining(_waiting[0].EventTime);
            if (remaining > TimeSpan.Zero)
            {
                if (added > 0)
                {
                    break;
                }

                using (Idle())
                {
                    pace.Sleep(remaining, stop);
                }

                continue;
            }

            foreach (ref readonly var e in _waiting.AsSpan())
            {
                output.Add(in e);
            }

            pace.Sent(_waiting.Length);
            added += _waiting.Length;
            _waiting = [];
        }

        return true;
    }

    /// <inheritdoc/>
    public override object Report()
    {
        var kinds = new Dictionary<string, long>();
        foreach (var kind in Enum.GetValues<EventKind>())
        {
            var sent = _kinds[(int)kind] - _waiting.Count(e => e.Kind == kind);
            if (sent > 0)
            {
                kinds.Add(kind.ToString(), sent);
            }
        }

        return new SourceReport(kinds.Values.Sum(), kinds, FilesRead());
    }

    /// <summary>The files read so far; none for a source without files.</summary>
    protected virtual IReadOnlyList<FileLines> FilesRead() => [];

    /// <inheritdoc/>
    public override void Dispose()
    {
        _pace?.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }
}
