using System.Globalization;

namespace QuantumTrader.Pipelines;

/// <summary>A part of a whole, in whole basis points (0.01 %), so that it is the same number everywhere.</summary>
/// <param name="BasisPoints">From 0 to 10000.</param>
public readonly record struct Share(int BasisPoints) : IComparable<Share>
{
    /// <summary>Nothing.</summary>
    public static Share None => new(0);

    /// <summary>Everything.</summary>
    public static Share All => new(10_000);

    /// <summary>As a fraction, from 0 to 1.</summary>
    public double Fraction => BasisPoints / 10_000.0;

    /// <summary>Reads a text such as <c>10%</c> or <c>0.25%</c>.</summary>
    public static bool TryParse(string text, out Share share)
    {
        share = default;
        if (!text.EndsWith('%') || !decimal.TryParse(text[..^1].TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent))
        {
            return false;
        }

        var points = percent * 100;
        share = points <= 10_000 && points == decimal.Truncate(points) ? new Share((int)points) : default;
        return points <= 10_000 && points == decimal.Truncate(points);
    }

    /// <inheritdoc/>
    public int CompareTo(Share other) => BasisPoints.CompareTo(other.BasisPoints);

    /// <summary>As users write it: <c>10%</c>.</summary>
    public override string ToString() => (BasisPoints / 100m).ToString("0.##", CultureInfo.InvariantCulture) + "%";

    public static bool operator <(Share left, Share right) => left.BasisPoints < right.BasisPoints;

    public static bool operator >(Share left, Share right) => left.BasisPoints > right.BasisPoints;

    public static bool operator <=(Share left, Share right) => left.BasisPoints <= right.BasisPoints;

    public static bool operator >=(Share left, Share right) => left.BasisPoints >= right.BasisPoints;
}
