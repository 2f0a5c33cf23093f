namespace QuantumTrader.App.Views;

/// <summary>The way of the profit, bounded: when it has too many points every second one goes, and from then on half as many come.</summary>
internal sealed class EquityCurve(int capacity)
{
    private readonly List<(long Time, double Profit)> _points = [];
    private int _stride = 1;
    private int _skipped;

    /// <summary>The points, oldest first, the newest one always among them.</summary>
    public IReadOnlyList<(long Time, double Profit)> Points => _points;

    /// <summary>Adds the profit of a moment; one at the same or an earlier time, or without a change, replaces the newest.</summary>
    public void Add(long time, double profit)
    {
        var isSame = _points.Count > 1 && _points[^1].Profit == profit && _points[^2].Profit == profit;
        if (_points.Count > 0 && (time <= _points[^1].Time || isSame || ++_skipped % _stride != 0))
        {
            _points[^1] = (Math.Max(time, _points[^1].Time), profit);
            return;
        }

        _points.Add((time, profit));
        if (_points.Count > capacity)
        {
            // The first and the newest stay.
            var kept = _points.Where((_, i) => i % 2 == 0 || i == _points.Count - 1).ToList();
            _points.Clear();
            _points.AddRange(kept);
            _stride *= 2;
        }
    }
}
