namespace QuantumTrader.Rollout.Gates;

/// <summary>
/// Tests a rate against a margin while it is measured. What it bets on are means of blocks of operations: errors come in bursts, and a
/// burst is one observation, not a hundred.
/// </summary>
internal sealed class RateGate(string name, GateOptions options, double alpha, bool inShadow) : Gate(name, options)
{
    private readonly BettingProcess _worse = new(isUpper: true);
    private readonly BettingProcess _better = new(isUpper: false);
    private readonly double _margin = options.Max?.Fraction ?? double.NaN;
    private long _samples;
    private long _bad;
    private long _inBlock;
    private long _badInBlock;
    private long _noiseSamples;
    private long _noiseBad;
    private bool _hasFailed;

    private bool IsOverNoise => Options.Over is not null;

    public override void Served(FallbackReason? fallback)
    {
        if (!inShadow && Options.Metric != GateMetric.MismatchRate)
        {
            Observe(Options.Metric == GateMetric.FallbackRate ? fallback is not null : fallback == FallbackReason.Deadline);
        }
    }

    public override void Compared(Outcome outcome)
    {
        var isAnswered = outcome is Outcome.Match or Outcome.Mismatch or Outcome.Ignored;
        if (Options.Metric == GateMetric.MismatchRate ? isAnswered : inShadow && (isAnswered || outcome is Outcome.CandidateError or Outcome.CandidateLate))
        {
            Observe(Options.Metric switch
            {
                GateMetric.MismatchRate => outcome == Outcome.Mismatch,
                GateMetric.FallbackRate => !isAnswered,
                _ => outcome == Outcome.CandidateLate,
            });
        }
    }

    public override void Noise(bool agrees)
    {
        _noiseSamples++;
        _noiseBad += agrees ? 0 : 1;
    }

    /// <summary>What it knows.</summary>
    public GateVerdict Verdict => _hasFailed ? GateVerdict.Failed : _better.Evidence >= 1 / alpha ? GateVerdict.Passed : GateVerdict.Inconclusive;

    public override GateReading Read() => new(
        Name,
        Verdict,
        _samples,
        _samples > 0 ? (double)_bad / _samples : double.NaN,
        _margin + (IsOverNoise ? NoiseBound() : 0),
        _worse.Evidence,
        _better.Evidence)
    { IsDryRun = Options.DryRun };

    public override double[] Save() =>
        [_samples, _bad, _inBlock, _badInBlock, _noiseSamples, _noiseBad, _hasFailed ? 1 : 0, .. _worse.Save(), .. _better.Save()];

    public override void Restore(double[] saved)
    {
        (_samples, _bad, _inBlock, _badInBlock) = ((long)saved[0], (long)saved[1], (long)saved[2], (long)saved[3]);
        (_noiseSamples, _noiseBad, _hasFailed) = ((long)saved[4], (long)saved[5], saved[6] > 0);
        _worse.Restore(saved.AsSpan(7, BettingProcess.Bets));
        _better.Restore(saved.AsSpan(7 + BettingProcess.Bets, BettingProcess.Bets));
    }

    /// <summary>Another operation.</summary>
    internal void Observe(bool isBad)
    {
        _samples++;
        _inBlock++;
        if (isBad)
        {
            _bad++;
            _badInBlock++;
        }

        if (_inBlock < Options.Block)
        {
            return;
        }

        var mean = (double)_badInBlock / _inBlock;
        (_inBlock, _badInBlock) = (0, 0);
        if (!IsOverNoise)
        {
            Bet(mean, _margin, _margin);
        }
        else if (_noiseSamples > 0)
        {
            // Each side takes the noise that is worse for it: what is seen of it to pass, the most that it can be to fail.
            Bet(mean, _margin + ((double)_noiseBad / _noiseSamples), _margin + NoiseBound());
        }
    }

    private void Bet(double mean, double toPass, double toFail)
    {
        if (toPass is > 0 and < 1)
        {
            _better.Observe(mean, toPass);
        }

        if (toFail is > 0 and < 1)
        {
            _worse.Observe(mean, toFail);
            _hasFailed |= _worse.Evidence >= 1 / alpha;
        }
    }

    // The greatest rate q that so few disagreements do not rule out: n KL(seen, q) <= ln(1/alpha) (Chernoff's bound).
    private double NoiseBound()
    {
        if (_noiseSamples == 0)
        {
            return 1;
        }

        var (seen, limit) = ((double)_noiseBad / _noiseSamples, Math.Log(1 / alpha) / _noiseSamples);
        var (low, high) = (seen, 1.0);
        for (var i = 0; i < 50; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = Divergence(seen, middle) <= limit ? (middle, high) : (low, middle);
        }

        return high;
    }

    private static double Divergence(double p, double q) =>
        (p > 0 ? p * Math.Log(p / q) : 0) + (p < 1 ? (1 - p) * Math.Log((1 - p) / (1 - q)) : 0);
}
