namespace QuantumTrader.Models.Regimes;

/// <summary>
/// Average directional index and average true range over 14 candles (J. Welles Wilder, New Concepts in Technical Trading Systems, 1978):
/// each mean begins as the plain mean of its first 14 values and then moves by 1/14 of the way to each new one.
/// </summary>
internal struct DirectionalMovement
{
    private const int Period = 14;

    private WilderMean _range;
    private WilderMean _up;
    private WilderMean _down;
    private WilderMean _index;
    private double _high;
    private double _low;
    private double _close;
    private bool _hasCandle;

    /// <summary>From 0 to 100; 0 until 28 candles were seen.</summary>
    public readonly double Adx => _index.IsComplete ? _index.Value : 0;

    /// <summary>In the unit of the price; the plain mean while there are fewer than 14, 0 until there are two candles.</summary>
    public readonly double TrueRange => _range.Value;

    public void Add(double high, double low, double close)
    {
        if (_hasCandle)
        {
            var (up, down) = (high - _high, _low - low);
            _range.Add(Math.Max(high, _close) - Math.Min(low, _close));
            _up.Add(up > down && up > 0 ? up : 0);
            _down.Add(down > up && down > 0 ? down : 0);
            if (_range.IsComplete)
            {
                // The true range cancels out of the quotient of the two directional indicators; without movement it is 0.
                var sum = _up.Value + _down.Value;
                _index.Add(sum > 0 ? 100 * Math.Abs(_up.Value - _down.Value) / sum : 0);
            }
        }

        (_high, _low, _close, _hasCandle) = (high, low, close, true);
    }

    private struct WilderMean
    {
        private int _count;

        public double Value { get; private set; }

        public readonly bool IsComplete => _count == Period;

        public void Add(double value)
        {
            // While the mean is being filled this is its plain mean, afterwards Wilder's step.
            _count = Math.Min(_count + 1, Period);
            Value += (value - Value) / _count;
        }
    }
}
