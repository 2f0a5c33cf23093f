namespace QuantumTrader.App.Views;

/// <summary>The averages that the dashboard draws from closed candles: means, bands, RSI and the trend of volume. Plain numbers.</summary>
internal sealed class CloseFigures
{
    private const int Short = 9;
    private const int Long = 20;
    private const int RsiPeriod = 14;
    private const int RecentVolumes = 5;
    private const double BandWidth = 2;

    private readonly double[] _closes = new double[Long];
    private readonly double[] _volumes = new double[Long];
    private long _count;
    private double _gain;
    private double _loss;

    /// <summary>Takes in a candle that has closed.</summary>
    public void Add(double close, double volume)
    {
        if (_count > 0)
        {
            var change = close - _closes[(_count - 1) % Long];
            // Wilder's mean: plain over the first 14 changes, then each new one with a weight of 1/14.
            var weight = 1.0 / Math.Min(_count, RsiPeriod);
            _gain += weight * (Math.Max(change, 0) - _gain);
            _loss += weight * (Math.Max(-change, 0) - _loss);
        }

        _closes[_count % Long] = close;
        _volumes[_count % Long] = volume;
        _count++;
    }

    /// <summary>Mean of the last 9 closes; null while there are fewer, as everything here.</summary>
    public double? ShortMean => Mean(_closes, Short);

    /// <summary>Mean of the last 20 closes.</summary>
    public double? LongMean => Mean(_closes, Long);

    /// <summary>Standard deviation (population) of the last 20 closes.</summary>
    public double? Deviation => LongMean is { } mean ? Math.Sqrt(_closes.Sum(c => (c - mean) * (c - mean)) / Long) : null;

    /// <summary>Mean of the last 20 closes less two standard deviations.</summary>
    public double? LowerBand => LongMean - (BandWidth * Deviation);

    /// <summary>Mean of the last 20 closes plus two standard deviations.</summary>
    public double? UpperBand => LongMean + (BandWidth * Deviation);

    /// <summary>Wilder's relative strength index over 14 changes: 100 G/(G + L); 50 when the price did not move at all.</summary>
    public double? Rsi => _count <= RsiPeriod ? null : _gain + _loss == 0 ? 50 : 100 * _gain / (_gain + _loss);

    /// <summary>Mean volume of the last 5 candles by that of the last 20, less 1; null without volume.</summary>
    public double? VolumeTrend => Mean(_volumes, Long) is > 0 and var mean ? (Mean(_volumes, RecentVolumes) / mean) - 1 : null;

    private double? Mean(double[] values, int count)
    {
        if (_count < count)
        {
            return null;
        }

        var sum = 0.0;
        for (var i = _count - count; i < _count; i++)
        {
            sum += values[i % Long];
        }

        return sum / count;
    }
}
