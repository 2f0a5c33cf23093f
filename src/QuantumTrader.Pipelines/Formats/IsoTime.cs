using System.Globalization;
using System.Text;

namespace QuantumTrader.Pipelines;

/// <summary>Moments as ISO-8601 texts, exact to the nanosecond: <c>2024-08-08T12:00:00.25Z</c>.</summary>
public static class IsoTime
{
    private const long Second = 1_000_000_000;

    /// <summary>The moment in UTC, with as many decimals as it needs.</summary>
    public static string ToText(long nanoseconds)
    {
        var seconds = Math.DivRem(nanoseconds, Second, out var fraction);
        if (fraction < 0)
        {
            (seconds, fraction) = (seconds - 1, fraction + Second);
        }

        var text = DateTime.UnixEpoch.AddSeconds(seconds).ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
        return fraction == 0 ? text + "Z" : text + "." + fraction.ToString("000000000", CultureInfo.InvariantCulture).TrimEnd('0') + "Z";
    }

    /// <summary>Reads a text that says its zone; false when it is no such text.</summary>
    public static bool TryParse(string text, out long nanoseconds)
    {
        Span<byte> bytes = stackalloc byte[40];
        nanoseconds = 0;
        return text.Length <= bytes.Length && Encoding.UTF8.TryGetBytes(text, bytes, out var count) && TryParse(bytes[..count], null, out nanoseconds);
    }

    /// <summary>
    /// Reads <c>2018-04-24T03:52:17.202Z</c>: a space may stand for the T, there may be any number of decimals or none, and <c>Z</c>,
    /// <c>+hh:mm</c> or <c>-hhmm</c> at the end. A text without zone is read with the offset given, in minutes east of UTC, and is no
    /// time when there is none. Years from 1970 to 2261.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, long? offsetMinutes, out long nanoseconds)
    {
        nanoseconds = 0;
        if (text.Length < 19 || text[4] != '-' || text[7] != '-' || text[10] is not ((byte)'T' or (byte)' ') || text[13] != ':' || text[16] != ':'
            || !TryRead(text[..4], out var year) || !TryRead(text[5..7], out var month) || !TryRead(text[8..10], out var day)
            || !TryRead(text[11..13], out var hour) || !TryRead(text[14..16], out var minute) || !TryRead(text[17..19], out var second)
            || year is < 1970 or > 2261 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 60)
        {
            return false;
        }

        var rest = text[19..];
        if (!TryTakeFraction(ref rest, out var fraction) || ReadZone(rest, offsetMinutes) is not { } zoneMinutes)
        {
            return false;
        }

        var days = new DateOnly(year, month, day).DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;
        nanoseconds = (((days * 86_400L) + (hour * 3600) + (minute * 60) + second - (zoneMinutes * 60)) * Second) + fraction;
        return true;
    }

    private static bool TryTakeFraction(ref ReadOnlySpan<byte> text, out long fraction)
    {
        fraction = 0;
        if (text.IsEmpty || text[0] != (byte)'.')
        {
            return true;
        }

        var worth = Second / 10;
        var i = 1;
        for (; i < text.Length && char.IsAsciiDigit((char)text[i]); i++, worth /= 10)
        {
            fraction += (text[i] - '0') * worth;
        }

        text = text[i..];
        return i > 1;
    }

    private static long? ReadZone(ReadOnlySpan<byte> zone, long? otherwise)
    {
        if (zone.IsEmpty)
        {
            return otherwise;
        }

        if (zone is [(byte)'Z'])
        {
            return 0;
        }

        var digits = zone.Length == 6 && zone[3] == (byte)':' ? 4 : zone.Length == 5 ? 3 : -1;
        return digits > 0 && zone[0] is (byte)'+' or (byte)'-' && TryRead(zone[1..3], out var hours) && TryRead(zone[digits..], out var minutes)
            ? ((hours * 60) + minutes) * (zone[0] == (byte)'-' ? -1 : 1)
            : null;
    }

    private static bool TryRead(ReadOnlySpan<byte> digits, out int value)
    {
        value = 0;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }

            value = (value * 10) + (digit - '0');
        }

        return true;
    }
}
