namespace QuantumTrader.Models.Regimes;

/// <summary>The last 50 candles of a symbol.</summary>
internal sealed class RegimeWindow
{
    /// <summary>Candles that are kept.</summary>
    public const int Size = 50;

    // A candle is a pivot when no other of the five around it goes further.
    private const int PivotSide = 2;

    private readonly double[] _highs = new double[Size];
    private readonly double[] _lows = new double[Size];
    private readonly double[] _closes = new double[Size];
    private int _next;

    /// <summary>Adds a candle in place of the oldest.</summary>
    public void Add(double high, double low, double close)
    {
        (_highs[_next], _lows[_next], _closes[_next]) = (high, low, close);
        _next = (_next + 1) % Size;
    }

    /// <summary>The close so many candles ago; 0 is the newest.</summary>
    public double Close(int ago) => _closes[At(ago)];

    /// <summary>Nearest pivot low at or below the newest close and nearest pivot high at or above it; 0 where there is none.</summary>
    public (double Support, double Resistance) Borders()
    {
        var close = Close(0);
        var (support, resistance) = (0.0, double.PositiveInfinity);
        for (var ago = PivotSide; ago < Size - PivotSide; ago++)
        {
            var (low, high) = (_lows[At(ago)], _highs[At(ago)]);
            support = low <= close && low > support && IsPivot(_lows, ago, -1) ? low : support;
            resistance = high >= close && high < resistance && IsPivot(_highs, ago, 1) ? high : resistance;
        }

        return (support, double.IsFinite(resistance) ? resistance : 0);
    }

    /// <summary>Visits to the lowest and to the highest tenth of the window: candles that reach into it behind one that did not.</summary>
    public (int Bottom, int Top) Touches()
    {
        var (lowest, highest) = (_lows.Min(), _highs.Max());
        var tenth = (highest - lowest) / 10;
        var (bottom, top) = (0, 0);
        var (wasBottom, wasTop) = (false, false);
        for (var ago = Size - 1; ago >= 0; ago--)
        {
            var (isBottom, isTop) = (_lows[At(ago)] <= lowest + tenth, _highs[At(ago)] >= highest - tenth);
            bottom += isBottom && !wasBottom ? 1 : 0;
            top += isTop && !wasTop ? 1 : 0;
            (wasBottom, wasTop) = (isBottom, isTop);
        }

        return (bottom, top);
    }

    private bool IsPivot(double[] values, int ago, int sign)
    {
        var value = values[At(ago)] * sign;
        for (var other = ago - PivotSide; other <= ago + PivotSide; other++)
        {
            if (values[At(other)] * sign > value)
            {
                return false;
            }
        }

        return true;
    }

    private int At(int ago) => (_next - 1 - ago + (2 * Size)) % Size;
}
