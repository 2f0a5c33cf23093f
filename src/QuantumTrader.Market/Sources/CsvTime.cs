using System.Globalization;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market.Sources;

/// <summary>Reads times as CSV files write them, exact to the nanosecond.</summary>
internal static class CsvTime
{
    private const long NanosecondsPerHour = 3_600_000_000_000;
    private const long NanosecondsPerDay = 24 * NanosecondsPerHour;

    /// <summary>The time in ns since 1970 UTC; false when the text is none. <paramref name="midnight"/> is the start of the file's day, ns UTC.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, CsvTimeUnit unit, long offsetHours, long midnight, out long time)
    {
        switch (unit)
        {
            case CsvTimeUnit.S:
                return TryParseDecimal(text, 9, out time);
            case CsvTimeUnit.Ms:
                return TryParseDecimal(text, 6, out time);
            case CsvTimeUnit.Us:
                return TryParseDecimal(text, 3, out time);
            case CsvTimeUnit.Ns:
                return TryParseDecimal(text, 0, out time);
            case CsvTimeUnit.Iso:
                return IsoTime.TryParse(text, offsetHours * 60, out time);
            default:
                var ok = TryParseDecimal(text, 6, out time) && time < 2 * NanosecondsPerDay;
                time += midnight;
                return ok;
        }
    }

    /// <summary>Midnight of the day that a file's name begins with, such as <c>20140502_quote.zip</c>, in ns UTC.</summary>
    public static bool TryReadDay(string fileName, long offsetHours, out long midnight)
    {
        midnight = 0;
        if (fileName.Length < 8 || !DateOnly.TryParseExact(fileName.AsSpan(0, 8), "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
        {
            return false;
        }

        midnight = ((day.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber) * NanosecondsPerDay) - (offsetHours * NanosecondsPerHour);
        return true;
    }

    // A number with up to 18 digits before the point; of those behind it, as many count as there are down to the nanosecond.
    private static bool TryParseDecimal(ReadOnlySpan<byte> text, int decimals, out long value)
    {
        value = 0;
        var i = 0;
        if (!TryTakeDigits(text, ref i, 19, out var whole) || whole > (ulong)long.MaxValue / PowerOfTen(decimals))
        {
            return false;
        }

        value = (long)whole * (long)PowerOfTen(decimals);
        if (i == text.Length)
        {
            return true;
        }

        if (text[i++] != (byte)'.' || !TryTakeFraction(text, ref i, decimals, out var fraction) || value > long.MaxValue - fraction)
        {
            return false;
        }

        value += fraction;
        return i == text.Length;
    }

    private static bool TryTakeDigits(ReadOnlySpan<byte> text, ref int i, int most, out ulong value)
    {
        value = 0;
        var start = i;
        for (; i < text.Length && (uint)(text[i] - '0') <= 9; i++)
        {
            if (i - start == most)
            {
                return false;
            }

            value = (value * 10) + (uint)(text[i] - '0');
        }

        return i > start;
    }

    private static bool TryTakeFraction(ReadOnlySpan<byte> text, ref int i, int decimals, out long fraction)
    {
        fraction = 0;
        var start = i;
        var places = 0;
        for (; i < text.Length && (uint)(text[i] - '0') <= 9; i++)
        {
            if (places < decimals)
            {
                fraction = (fraction * 10) + (text[i] - '0');
                places++;
            }
        }

        fraction *= (long)PowerOfTen(decimals - places);
        return i > start;
    }

    private static ulong PowerOfTen(int exponent)
    {
        var power = 1UL;
        for (; exponent > 0; exponent--)
        {
            power *= 10;
        }

        return power;
    }
}
