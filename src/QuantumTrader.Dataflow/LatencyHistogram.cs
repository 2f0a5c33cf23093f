using System.Diagnostics;
using System.Numerics;

namespace QuantumTrader.Dataflow;

/// <summary>
/// Durations in buckets of equal relative width (32 per power of two: an error of at most 3.2 %), as HdrHistogram does. One writer, many
/// readers, no allocation.
/// </summary>
public sealed class LatencyHistogram
{
    private const int SubBits = 5;
    private readonly long[] _counts = new long[64 << SubBits];

    /// <summary>Adds a duration in stopwatch ticks, as often as there were events in the run.</summary>
    public void Record(long ticks, int count)
    {
        ref var bucket = ref _counts[BucketOf(Math.Max(0, ticks))];
        Volatile.Write(ref bucket, bucket + count);
    }

    /// <summary>Events recorded and the given quantiles in microseconds (upper edges of their buckets).</summary>
    public (long Count, double[] Microseconds) Quantiles(params ReadOnlySpan<double> quantiles) => Quantiles(null, quantiles);

    /// <summary>Forgets everything. Called by the writer.</summary>
    internal void Clear() => Array.Clear(_counts);

    /// <summary>Quantiles of this one and another together.</summary>
    internal (long Count, double[] Microseconds) Quantiles(LatencyHistogram? other, params ReadOnlySpan<double> quantiles)
    {
        var counts = new long[_counts.Length];
        var total = 0L;
        for (var i = 0; i < counts.Length; i++)
        {
            counts[i] = Volatile.Read(ref _counts[i]) + (other is null ? 0 : Volatile.Read(ref other._counts[i]));
            total += counts[i];
        }

        var result = new double[quantiles.Length];
        for (var q = 0; q < quantiles.Length && total > 0; q++)
        {
            var rank = Math.Max(1, (long)Math.Ceiling(quantiles[q] * total));
            var seen = 0L;
            for (var i = 0; i < counts.Length; i++)
            {
                seen += counts[i];
                if (seen >= rank)
                {
                    result[q] = UpperEdgeOf(i) * 1e6 / Stopwatch.Frequency;
                    break;
                }
            }
        }

        return (total, result);
    }

    private static int BucketOf(long ticks)
    {
        if (ticks < 1 << SubBits)
        {
            return (int)ticks;
        }

        var shift = BitOperations.Log2((ulong)ticks) - SubBits;
        return ((shift + 1) << SubBits) + (int)((ticks >> shift) & ((1 << SubBits) - 1));
    }

    private static double UpperEdgeOf(int bucket)
    {
        if (bucket < 1 << SubBits)
        {
            return bucket;
        }

        var shift = (bucket >> SubBits) - 1;
        var mantissa = (bucket & ((1 << SubBits) - 1)) + (1 << SubBits);
        return ((mantissa + 1.0) * Math.Pow(2, shift)) - 1;
    }
}
