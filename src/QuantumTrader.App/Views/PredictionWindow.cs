namespace QuantumTrader.App.Views;

/// <summary>The predictions of one symbol in (T - length, T]; bounded, the oldest leave early.</summary>
/// <param name="length">Length in ns of event time.</param>
/// <param name="capacity">Predictions that it may hold.</param>
internal sealed class PredictionWindow(long length, int capacity)
{
    private readonly List<(long Time, double Direction, double Confidence)> _inside = [];
    private long _time = long.MinValue;

    /// <summary>Takes in a prediction, and moves the window's end to its time. Several models are read one after the other, so that it may be older than others.</summary>
    public void Add(long time, double direction, double confidence)
    {
        AdvanceTo(time);
        if (time <= _time - length)
        {
            return;
        }

        if (_inside.Count == capacity)
        {
            _inside.RemoveAt(0);
        }

        var at = _inside.Count;
        while (at > 0 && _inside[at - 1].Time > time)
        {
            at--;
        }

        _inside.Insert(at, (time, direction, confidence));
    }

    /// <summary>Moves the end of the window; a time before it changes nothing.</summary>
    public void AdvanceTo(long time)
    {
        _time = Math.Max(_time, time);
        var gone = 0;
        while (gone < _inside.Count && _inside[gone].Time <= _time - length)
        {
            gone++;
        }

        _inside.RemoveRange(0, gone);
    }

    /// <summary>Predictions inside.</summary>
    public int Count => _inside.Count;

    /// <summary>Mean confidence; null without any.</summary>
    public double? MeanConfidence => Count == 0 ? null : _inside.Average(p => p.Confidence);

    /// <summary>Share with a direction above 0; null without any.</summary>
    public double? BullishShare => Count == 0 ? null : _inside.Count(p => p.Direction > 0) / (double)Count;

    /// <summary>1 - changes of the direction's sign / (n - 1); null with fewer than two.</summary>
    public double? Stability
    {
        get
        {
            if (Count < 2)
            {
                return null;
            }

            var changes = _inside.Zip(_inside.Skip(1)).Count(pair => Math.Sign(pair.First.Direction) != Math.Sign(pair.Second.Direction));
            return 1 - (changes / (double)(Count - 1));
        }
    }
}
