namespace QuantumTrader.Models.Coordination;

/// <summary>Options of a breaker that looks at latencies.</summary>
public sealed record BreakerOptions
{
    /// <summary>
    /// Whether the enhanced model is left alone while it is slow. It then depends on the machine which model answers: leave it off where
    /// runs must repeat, such as in replays; set it for live runs.
    /// </summary>
    public bool Enabled { get; init; }

    /// <summary>Opens when of the last 50 answers, at least 20, the 95th percentile took longer than this.</summary>
    [Pipelines.Range(0.001, 60_000)]
    public double P95Ms { get; init; } = 100;

    /// <summary>Event time after which one request is let through; if it is answered in time, the breaker closes.</summary>
    [Pipelines.Range(1, 86_400)]
    public int ProbeSeconds { get; init; } = 60;
}

/// <summary>Opens while a model is slow. Half open, it lets one request through at a time, so that it can close again.</summary>
internal sealed class LatencyBreaker(BreakerOptions options)
{
    // With 20 answers the 95th percentile is the second slowest: one slow answer alone never opens it.
    private const int LeastAnswers = 20;
    private const int MostAnswers = 50;

    private readonly double[] _milliseconds = new double[MostAnswers];
    private int _count;
    private int _next;
    private long _nextProbe;

    public bool IsOpen { get; private set; }

    public long Openings { get; private set; }

    public long Probes { get; private set; }

    /// <summary>Whether a request at this event time must not go to the model.</summary>
    public bool Refuses(long time) => IsOpen && time < _nextProbe;

    /// <summary>Takes in how long an answer took; true when that opens the breaker.</summary>
    public bool Add(double milliseconds, long time)
    {
        if (!options.Enabled)
        {
            return false;
        }

        if (IsOpen)
        {
            Probes++;
            IsOpen = milliseconds > options.P95Ms;
            _nextProbe = time + (options.ProbeSeconds * 1_000_000_000L);
            (_count, _next) = (0, 0);
            return false;
        }

        _milliseconds[_next] = milliseconds;
        _next = (_next + 1) % MostAnswers;
        _count = Math.Min(_count + 1, MostAnswers);
        if (_count < LeastAnswers || Percentile95() <= options.P95Ms)
        {
            return false;
        }

        IsOpen = true;
        Openings++;
        _nextProbe = time + (options.ProbeSeconds * 1_000_000_000L);
        return true;
    }

    // Nearest rank.
    private double Percentile95()
    {
        Span<double> sorted = stackalloc double[MostAnswers];
        _milliseconds.AsSpan(0, _count).CopyTo(sorted);
        sorted = sorted[.._count];
        sorted.Sort();
        return sorted[((_count * 95) + 99) / 100 - 1];
    }
}
