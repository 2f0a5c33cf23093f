using System.Globalization;
using QuantumTrader.Rollout.Gates;

namespace QuantumTrader.Rollout;

/// <summary>What a step says at a tick.</summary>
/// <param name="Missing">What it still asks for, in words; empty when the phase may go on.</param>
/// <param name="Abort">Why the phase must be aborted; null when it need not be.</param>
/// <param name="Pause">Why the phase must be held; null when it need not be.</param>
/// <param name="Gates">What its gates say.</param>
internal sealed record StepReading(string Missing, string? Abort, string? Pause, IReadOnlyList<GateReading> Gates);

/// <summary>What a step has summed up, to go on with in the next run.</summary>
internal sealed record StepSums
{
    /// <summary>The change that began the step.</summary>
    public long Generation { get; init; }

    /// <summary>The last change of the phase; a later one makes the sums worthless.</summary>
    public long Through { get; init; }

    /// <summary>Event time of its first tick, ns UTC.</summary>
    public long? Since { get; init; }

    /// <summary>Event time during which the candidate worked, ns.</summary>
    public long Baked { get; init; }

    /// <summary>Operations.</summary>
    public long Samples { get; init; }

    /// <summary>Differences that were ignored.</summary>
    public long Ignored { get; init; }

    /// <summary>What the gates have seen.</summary>
    public IReadOnlyDictionary<string, double[]> Gates { get; init; } = new Dictionary<string, double[]>();
}

/// <summary>Watches a phase during one step: its gates, its samples, its time. One thread at a time.</summary>
internal sealed class StepWatch
{
    // A longer time between two ticks is a closed market, in which nothing was tried.
    private const long LongestTick = 60_000_000_000;

    // So many operations of which not one is compared: the shadow is connected to nothing.
    private const long SilentOperations = 10_000;

    private readonly RampStep _step;
    private readonly PhaseOptions _phase;
    private readonly bool _isLast;
    private readonly Gate[] _gates;
    private long _generation;
    private long? _since;
    private long _baked;
    private long _samples;
    private long _ignored;
    private long _kept;
    private long _lastTick;
    private long _samplesAtTick;

    /// <summary>A step that begins.</summary>
    public StepWatch(PhaseRamp ramp, PhaseState state)
    {
        _step = ramp.StepOf(state)!;
        _phase = ramp.Phase;
        _isLast = state.Step == ramp.Steps.Count - 1;
        _gates = [.. _step.Gates.Select(g => Gate.Of(g.Name, g.Gate, _step.AlphaOf(g.Gate), _step))];
        _generation = state.Generation;
    }

    private bool IsShadow => _step.Share.BasisPoints == 0;

    /// <summary>Whether an operation that was decided on in a state belongs to this step.</summary>
    public bool Covers(PhaseState? decided) => decided is null || decided.Generation >= _generation;

    public void Served(FallbackReason? fallback)
    {
        _samples += IsShadow ? 0 : 1;
        foreach (var gate in _gates)
        {
            gate.Served(fallback);
        }
    }

    public void Kept(long count)
    {
        _kept += count;
        foreach (var gate in _gates)
        {
            gate.Kept(count);
        }
    }

    public void Compared(Outcome outcome)
    {
        _samples += IsShadow && outcome != Outcome.CompareError ? 1 : 0;
        _ignored += outcome == Outcome.Ignored ? 1 : 0;
        foreach (var gate in _gates)
        {
            gate.Compared(outcome);
        }
    }

    public void Paired(string field, double baseline, double candidate)
    {
        foreach (var gate in _gates)
        {
            gate.Paired(field, baseline, candidate);
        }
    }

    public void Noise(bool agrees)
    {
        foreach (var gate in _gates)
        {
            gate.Noise(agrees);
        }
    }

    /// <summary>Event time has moved on. Time counts only while something was tried in it.</summary>
    public void Tick(long eventTime)
    {
        var passed = eventTime - _lastTick;
        _since ??= eventTime;
        _baked += _lastTick > 0 && passed is > 0 and <= LongestTick && _samples > _samplesAtTick ? passed : 0;
        (_lastTick, _samplesAtTick) = (Math.Max(_lastTick, eventTime), _samples);
    }

    public StepReading Read()
    {
        GateReading[] readings = [.. _gates.Select(g => g.Read())];
        return new StepReading(string.Join("; ", Missing(readings)), Failed(readings, OnGateFail.Abort), Failed(readings, OnGateFail.Freeze) ?? Waited(), readings);
    }

    public StepSums Save() => new()
    {
        Generation = _generation,
        Since = _since,
        Baked = _baked,
        Samples = _samples,
        Ignored = _ignored,
        Gates = _gates.ToDictionary(g => g.Name, g => g.Save()),
    };

    public void Restore(StepSums sums)
    {
        (_generation, _since, _baked, _samples, _ignored) = (sums.Generation, sums.Since, sums.Baked, sums.Samples, sums.Ignored);
        _samplesAtTick = sums.Samples;
        foreach (var gate in _gates)
        {
            if (sums.Gates.TryGetValue(gate.Name, out var saved))
            {
                gate.Restore(saved);
            }
        }
    }

    private IEnumerable<string> Missing(GateReading[] readings)
    {
        if (_samples < Math.Max(1, _step.MinSamples))
        {
            yield return $"it has {_samples} of {Math.Max(1, _step.MinSamples)} operations";
        }

        if (_baked < _step.MinBake.Ticks * 100)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"it has worked for {TimeSpan.FromTicks(_baked / 100):c} of {_step.MinBake:c}");
        }

        foreach (var reading in readings.Where(r => !r.IsDryRun && r.Verdict != GateVerdict.Passed))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"the gate '{reading.Name}' has not passed (n {reading.Samples}, {reading.Value:0.######} of {reading.Limit:0.######}, E {reading.For:0.##})");
        }

        if (_isLast && _ignored > 0 && !_phase.Compare.AcceptIgnores)
        {
            yield return $"{_ignored} differences were ignored; say compare.accept_ignores to complete it with them";
        }
    }

    private string? Failed(GateReading[] readings, OnGateFail onFail)
    {
        for (var i = 0; i < readings.Length; i++)
        {
            var (reading, gate) = (readings[i], _gates[i]);
            if (reading.Verdict == GateVerdict.Failed && !reading.IsDryRun && (gate.OnlyHolds ? OnGateFail.Freeze : gate.Options.OnFail) == onFail)
            {
                return string.Create(CultureInfo.InvariantCulture, $"the gate '{reading.Name}' failed (n {reading.Samples}, {reading.Value:0.######} against {reading.Limit:0.######}, E {reading.Against:0.##})");
            }
        }

        return null;
    }

    private string? Waited() =>
        _step.MaxWait is { } wait && _since is { } since && _lastTick - since > wait.Ticks * 100 ? $"it has not gone on within {wait:c}"
        : IsShadow && _samples == 0 && _kept * _phase.Shadow.Sample.Fraction >= SilentOperations ? $"of {_kept} operations not one was compared: the shadow sees nothing"
        : null;
}
