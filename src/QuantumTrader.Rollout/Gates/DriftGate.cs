using QuantumTrader.Models;

namespace QuantumTrader.Rollout.Gates;

/// <summary>
/// Watches whether the candidate's values of a field are spread as the baseline's: the population stability index over bins that hold
/// equal parts of the baseline's first values. Its bands are a convention, not a test; so it only ever holds a phase.
/// </summary>
internal sealed class DriftGate(string name, GateOptions options) : Gate(name, options)
{
    // Values of the baseline that fix the bins; as many of each side are needed before the index says anything.
    private const int ToBegin = 1000;

    private readonly double[] _baseline = new double[options.Bins];
    private readonly double[] _candidate = new double[options.Bins];
    private readonly List<double> _first = [];
    private double[] _edges = [];
    private long _samples;

    public override bool OnlyHolds => true;

    public override void Paired(string field, double baseline, double candidate)
    {
        if (field != Options.Field || !double.IsFinite(baseline) || !double.IsFinite(candidate))
        {
            return;
        }

        if (_edges.Length == 0)
        {
            _first.Add(baseline);
            if (_first.Count < ToBegin)
            {
                return;
            }

            _first.Sort();
            _edges = [.. Enumerable.Range(1, Options.Bins - 1).Select(i => _first[i * ToBegin / Options.Bins])];
            _first.Clear();
            return;
        }

        _samples++;
        _baseline[Bin(baseline)]++;
        _candidate[Bin(candidate)]++;
    }

    public override GateReading Read()
    {
        var index = _samples >= ToBegin ? PopulationStability.Index(_baseline, _candidate) : double.NaN;
        var verdict = double.IsNaN(index) ? GateVerdict.Inconclusive : index >= Options.Hold ? GateVerdict.Failed : GateVerdict.Passed;
        return new GateReading(Name, verdict, _samples, index, Options.Hold, double.NaN, double.NaN) { IsDryRun = Options.DryRun, Warns = index >= Options.Warn };
    }

    public override double[] Save() => _edges.Length == 0 ? [] : [_samples, .. _edges, .. _baseline, .. _candidate];

    public override void Restore(double[] saved)
    {
        if (saved.Length == 0)
        {
            return;
        }

        _samples = (long)saved[0];
        _edges = saved[1..Options.Bins];
        for (var bin = 0; bin < Options.Bins; bin++)
        {
            (_baseline[bin], _candidate[bin]) = (saved[Options.Bins + bin], saved[(2 * Options.Bins) + bin]);
        }
    }

    private int Bin(double value)
    {
        var at = Array.BinarySearch(_edges, value);
        return at < 0 ? ~at : at + 1;
    }
}
