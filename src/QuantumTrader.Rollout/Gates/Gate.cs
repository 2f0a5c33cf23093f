namespace QuantumTrader.Rollout.Gates;

/// <summary>What a gate knows.</summary>
public enum GateVerdict
{
    /// <summary>Not enough to say.</summary>
    Inconclusive,

    /// <summary>The candidate is no worse than the margin.</summary>
    Passed,

    /// <summary>It is worse.</summary>
    Failed,
}

/// <summary>What a gate says, and on what grounds.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Verdict">What it knows.</param>
/// <param name="Samples">Operations that it has seen.</param>
/// <param name="Value">The rate, share or index that it measures; not a number while there is none.</param>
/// <param name="Limit">What the value is held against.</param>
/// <param name="Against">Evidence that the candidate is worse; the gate fails at 1/alpha.</param>
/// <param name="For">Evidence that it is better; the gate passes at 1/alpha.</param>
public sealed record GateReading(string Name, GateVerdict Verdict, long Samples, double Value, double Limit, double Against, double For)
{
    /// <summary>It is told, and decides nothing.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>It is not bad enough to fail, and worth telling.</summary>
    public bool Warns { get; init; }
}

/// <summary>Looks at what is seen of a phase during one step. One thread at a time.</summary>
internal abstract class Gate(string name, GateOptions options)
{
    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>What the pipeline says of it.</summary>
    public GateOptions Options => options;

    /// <summary>It can only stop a phase, never abort it: what it sees is a fault of the plumbing or of the market.</summary>
    public virtual bool OnlyHolds => false;

    /// <summary>The candidate was to answer, and did, or did not because of this.</summary>
    public virtual void Served(FallbackReason? fallback) { }

    /// <summary>The baseline was to answer.</summary>
    public virtual void Kept(long count) { }

    /// <summary>Two answers were compared.</summary>
    public virtual void Compared(Outcome outcome) { }

    /// <summary>A field of two answers to the same operation.</summary>
    public virtual void Paired(string field, double baseline, double candidate) { }

    /// <summary>The baseline was compared with itself.</summary>
    public virtual void Noise(bool agrees) { }

    /// <summary>What it says now.</summary>
    public abstract GateReading Read();

    /// <summary>All that it has seen, as numbers.</summary>
    public abstract double[] Save();

    /// <summary>Goes on from there.</summary>
    public abstract void Restore(double[] saved);

    /// <summary>The gate of a metric.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="options">What the pipeline says of it.</param>
    /// <param name="alpha">Its part of the step's chance of a false verdict.</param>
    /// <param name="step">The step that it belongs to.</param>
    public static Gate Of(string name, GateOptions options, double alpha, RampStep step) => options.Metric switch
    {
        GateMetric.Psi => new DriftGate(name, options),
        GateMetric.SampleRatio => new SampleRatioGate(name, options, alpha, step.Share.Fraction),
        _ => new RateGate(name, options, alpha, inShadow: step.Share.BasisPoints == 0),
    };
}
