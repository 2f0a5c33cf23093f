namespace QuantumTrader.Rollout.Gates;

/// <summary>
/// Watches that the candidate is asked as often as the share says: if not, routing or counting is wrong and nothing else can be believed.
/// A sequential test: the likelihood of what was seen under any share, over that under the one asked for (M. Lindon and A. Malek,
/// Anytime-valid inference for multinomial count data, 2022).
/// </summary>
internal sealed class SampleRatioGate(string name, GateOptions options, double alpha, double share) : Gate(name, options)
{
    // Weight of the share asked for before anything is seen, in operations.
    private const double Prior = 10;

    private long _candidate;
    private long _baseline;
    private double _logEvidence;
    private bool _hasFailed;

    public override bool OnlyHolds => true;

    public override void Served(FallbackReason? fallback)
    {
        See(share, _candidate);
        _candidate++;
    }

    public override void Kept(long count)
    {
        for (var i = 0; i < count; i++)
        {
            See(1 - share, _baseline);
            _baseline++;
        }
    }

    public override GateReading Read() => new(
        Name,
        _hasFailed ? GateVerdict.Failed : _candidate + _baseline >= Options.Block ? GateVerdict.Passed : GateVerdict.Inconclusive,
        _candidate + _baseline,
        (double)_candidate / (_candidate + _baseline),
        share,
        Math.Exp(_logEvidence),
        double.NaN)
    { IsDryRun = Options.DryRun };

    public override double[] Save() => [_candidate, _baseline, _logEvidence, _hasFailed ? 1 : 0];

    public override void Restore(double[] saved) => (_candidate, _baseline, _logEvidence, _hasFailed) = ((long)saved[0], (long)saved[1], saved[2], saved[3] > 0);

    private void See(double expected, long seen)
    {
        if (expected <= 0)
        {
            _hasFailed = true;
            return;
        }

        var predicted = (seen + (Prior * expected)) / (_candidate + _baseline + Prior);
        _logEvidence = Math.Min(300, _logEvidence + Math.Log(predicted / expected));
        _hasFailed |= _logEvidence >= -Math.Log(alpha);
    }
}
