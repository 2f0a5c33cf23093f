using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace QuantumTrader.Pipelines;

/// <summary>Decimal numbers as 64-bit integers in units of 1e-8: exact, and the same on every machine.</summary>
public static class Scaled
{
    /// <summary>Units per whole.</summary>
    public const long One = 100_000_000;

    /// <summary>Decimal places.</summary>
    public const int Digits = 8;

    private static readonly long[] Powers = [100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

    /// <summary>The number as a double, for features.</summary>
    public static double ToDouble(long scaled) => scaled / 1e8;

    /// <summary>The number as an exact decimal, for reports.</summary>
    public static decimal ToDecimal(long scaled) => scaled / (decimal)One;

    /// <summary>The nearest scaled number (half away from zero); false when not finite or out of range.</summary>
    public static bool TryFromDouble(double value, out long scaled)
    {
        var x = Math.Round(value * 1e8, MidpointRounding.AwayFromZero);
        var ok = Math.Abs(x) < 9.2e18; // false for NaN too
        scaled = ok ? (long)x : 0;
        return ok;
    }

    /// <summary>As <see cref="TryFromDouble"/>, for numbers known to be in range.</summary>
    public static long FromDouble(double value) =>
        TryFromDouble(value, out var scaled) ? scaled : throw new ArgumentOutOfRangeException(nameof(value), value, "Condition failed: the number must be finite and below 9.2e10.");

    /// <summary>
    /// Parses a plain decimal such as <c>61496.50</c> or <c>-0.001</c>. More than 8 decimals are rounded half up by the ninth, because
    /// feeds print binary floats (0.11244000000000001). An exponent is read too (1e-05). False when it is no number or too large.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long scaled)
    {
        scaled = 0;
        var i = 0;
        var negative = false;
        if (text.Length > 0 && (text[0] == (byte)'-' || text[0] == (byte)'+'))
        {
            negative = text[0] == (byte)'-';
            i = 1;
        }

        long whole = 0;
        var digits = 0;
        for (; i < text.Length && (uint)(text[i] - '0') <= 9; i++, digits++)
        {
            if (whole > 92_233_720_367L)
            {
                return false;
            }

            whole = (whole * 10) + (text[i] - '0');
        }

        long fraction = 0;
        var places = 0;
        if (i < text.Length && text[i] == (byte)'.')
        {
            for (i++; i < text.Length && (uint)(text[i] - '0') <= 9; i++, digits++)
            {
                if (places < Digits)
                {
                    fraction = (fraction * 10) + (text[i] - '0');
                    places++;
                }
                else if (places == Digits)
                {
                    fraction += text[i] >= (byte)'5' ? 1 : 0;
                    places++;
                }
            }
        }

        if (digits == 0)
        {
            return false;
        }

        if (i < text.Length)
        {
            return TryParseExponent(text, out scaled);
        }

        if (whole > 92_233_720_367L)
        {
            return false;
        }

        scaled = (whole * One) + (fraction * Powers[Math.Min(places, Digits)]);
        scaled = negative ? -scaled : scaled;
        return true;
    }

    private static bool TryParseExponent(ReadOnlySpan<byte> text, out long scaled)
    {
        scaled = 0;
        if (!Utf8Parser.TryParse(text, out decimal value, out var used, 'E') || used != text.Length || Math.Abs(value) > 92_233_720_367m)
        {
            return false;
        }

        scaled = (long)Math.Round(value * One, MidpointRounding.AwayFromZero);
        return true;
    }

    /// <summary>Bytes that the longest text takes.</summary>
    public const int MaxTextLength = 24;

    /// <summary>Writes the shortest decimal text in UTF-8 and returns its length. The span holds at least <see cref="MaxTextLength"/> bytes.</summary>
    public static int Format(long scaled, Span<byte> text)
    {
        var length = 0;
        var magnitude = (ulong)scaled;
        if (scaled < 0)
        {
            text[length++] = (byte)'-';
            magnitude = 0 - magnitude;
        }

        var (whole, fraction) = Math.DivRem(magnitude, (ulong)One);
        Utf8Formatter.TryFormat(whole, text[length..], out var written);
        length += written;
        if (fraction == 0)
        {
            return length;
        }

        text[length++] = (byte)'.';
        Utf8Formatter.TryFormat(fraction, text[length..], out written, new StandardFormat('D', Digits));
        length += written;
        while (text[length - 1] == (byte)'0')
        {
            length--;
        }

        return length;
    }

    /// <summary>The shortest decimal text, such as <c>61496.5</c>.</summary>
    public static string ToText(long scaled) => (scaled / (decimal)One).ToString("0.########", CultureInfo.InvariantCulture);
}
