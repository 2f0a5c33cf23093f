namespace QuantumTrader.Market.Sources;

/// <summary>
/// When orders arrive: a Hawkes process with an exponential kernel, whose base rate follows a U over the day. Each order raises the rate by
/// <c>branching * decay</c>, which then decays with <c>exp(-decay * seconds)</c>; so an order causes <c>branching</c> further ones on
/// average, and the mean rate is <c>base / (1 - branching)</c>. Sampled by thinning (Ogata, 1981).
/// </summary>
internal sealed class SimulatedArrivals(StableRandom random, double meanRate, double branching, double decay)
{
    // The base rate is bounded over stretches of this length; short enough that few candidates are refused.
    private const double StretchSeconds = 60;

    private readonly double _base = meanRate * (1 - branching);
    private long _open;
    private double _length;
    private double _now;
    private double _excitation;

    /// <summary>Starts a session.</summary>
    public void Begin(long open, long close)
    {
        _open = open;
        _length = (close - open) / 1e9;
        _now = 0;
        _excitation = 0;
    }

    /// <summary>Time of the next order, ns UTC; <see cref="long.MaxValue"/> when the session ends before it.</summary>
    public long Next()
    {
        while (_now < _length)
        {
            // The U has its largest value of a stretch at one of the ends; the excitation only falls.
            var end = Math.Min(_now + StretchSeconds, _length);
            var bound = Math.Max(BaseAt(_now), BaseAt(end)) + _excitation;
            var wait = random.Exponential() / bound;
            if (_now + wait >= end)
            {
                _excitation *= StableMath.ExpOfMinus(decay * (end - _now));
                _now = end;
                continue;
            }

            _now += wait;
            _excitation *= StableMath.ExpOfMinus(decay * wait);
            if (random.NextDouble() * bound < BaseAt(_now) + _excitation)
            {
                _excitation += branching * decay;
                return _open + (long)(_now * 1e9);
            }
        }

        return long.MaxValue;
    }

    // 0.5 + 1.5 x² for x from -1 at the open to 1 at the close: mean 1, four times as much at the ends as at noon.
    private double BaseAt(double seconds)
    {
        var x = (2 * seconds / _length) - 1;
        return _base * (0.5 + (1.5 * x * x));
    }
}
