using QuantumTrader.Pipelines;

namespace QuantumTrader.Models.Drift;

/// <summary>How often a value lay in each bin of its training, within a window.</summary>
internal sealed class DriftingValue(ValueBins bins, int window)
{
    private readonly double[] _edges = [.. bins.Edges];
    private readonly double[] _expected = [.. bins.Shares.Select(s => s * window)];
    private readonly double[] _found = new double[bins.Shares.Count];
    private double _largest = double.NaN;
    private long _largestAt;

    public string Name => bins.Name;

    /// <summary>Population stability index at the last comparison; NaN before the first.</summary>
    public double Index { get; private set; } = double.NaN;

    /// <summary>The furthest that it went since it was last stable, so that an index that wavers around a band is told once.</summary>
    public DriftBand Told { get; private set; }

    /// <summary>The bin of a value: one on an edge belongs below it, as in training.</summary>
    public byte BinOf(double value)
    {
        var at = _edges.AsSpan().BinarySearch(value);
        return (byte)(at < 0 ? ~at : at);
    }

    /// <summary>Counts a value; returns its bin.</summary>
    public byte Take(double value)
    {
        var bin = BinOf(value);
        _found[bin]++;
        return bin;
    }

    /// <summary>A value of this bin has left the window.</summary>
    public void Forget(byte bin) => _found[bin]--;

    /// <summary>Holds the window against training.</summary>
    /// <returns>True when there is something to tell.</returns>
    public bool Compare(long eventTime)
    {
        Index = PopulationStability.Index(_expected, _found);
        if (!(Index <= _largest))
        {
            (_largest, _largestAt) = (Index, eventTime);
        }

        var (band, told) = (PopulationStability.BandOf(Index), Told);
        Told = band == DriftBand.Stable || band > told ? band : told;
        return Told != told;
    }

    public DriftFigure Figure() => double.IsNaN(Index)
        ? new DriftFigure(Name, null, null, null, DriftBand.Stable)
        : new DriftFigure(Name, Index, _largest, IsoTime.ToText(_largestAt), PopulationStability.BandOf(Index));
}
