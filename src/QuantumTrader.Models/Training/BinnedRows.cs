namespace QuantumTrader.Models.Training;

/// <summary>
/// Rows whose features are replaced by the number of the bin that they lie in. Features are rounded to single precision first, and so are
/// the bounds between bins: ONNX knows no other thresholds, and a row must go the same way here and there.
/// </summary>
internal sealed class BinnedRows
{
    /// <summary>Most bins of a feature.</summary>
    public const int MostBins = 64;

    public BinnedRows(double[][] rows)
    {
        Rows = rows.Length;
        Bounds = [.. Enumerable.Range(0, rows[0].Length).Select(f => BoundsOf([.. rows.Select(r => (float)r[f])]))];
        Bins = [.. Bounds.Select((bounds, f) => rows.Select(r => BinOf((float)r[f], bounds)).ToArray())];
    }

    public int Rows { get; }

    /// <summary>Per feature the upper bounds of all bins but the last, in order; a value on a bound belongs below it.</summary>
    public float[][] Bounds { get; }

    /// <summary>Per feature the bin of each row.</summary>
    public byte[][] Bins { get; }

    private static float[] BoundsOf(float[] values)
    {
        Array.Sort(values);
        var bounds = new List<float>();
        for (var bin = 1; bin < MostBins; bin++)
        {
            // The border is moved up to where the value changes.
            var at = (int)((long)values.Length * bin / MostBins);
            while (at > 0 && at < values.Length && values[at - 1] == values[at])
            {
                at++;
            }

            if (at == 0 || at >= values.Length)
            {
                continue;
            }

            var (below, above) = (values[at - 1], values[at]);
            var middle = below + ((above - below) / 2);
            var bound = middle >= below && middle < above ? middle : below;
            if (bounds.Count == 0 || bound > bounds[^1])
            {
                bounds.Add(bound);
            }
        }

        return [.. bounds];
    }

    private static byte BinOf(float value, float[] bounds)
    {
        var (low, high) = (0, bounds.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (value <= bounds[middle])
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return (byte)low;
    }
}
