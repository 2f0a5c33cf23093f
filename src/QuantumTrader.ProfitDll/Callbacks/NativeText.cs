using System.Runtime.CompilerServices;

namespace QuantumTrader.ProfitDll.Callbacks;

/// <summary>Reads the vendor's UTF-16 text where it lies, without making strings.</summary>
internal static unsafe class NativeText
{
    private const long NanosecondsPerDay = 86_400_000_000_000L;

    /// <summary>
    /// Reads <c>dd/MM/yyyy HH:mm:ss.fff</c>, the fraction or the whole time of day may be missing; ns since 1970 by the same clock, 0 when
    /// it is no date.
    /// </summary>
    public static long ReadDate(nint text)
    {
        var t = (ushort*)text;
        // One after the other, because what is behind the zero is not ours.
        if (t == null || !Two(t, out var day) || t[2] != '/' || !Two(t + 3, out var month) || t[5] != '/' || !Two(t + 6, out var century) || !Two(t + 8, out var year))
        {
            return 0;
        }

        var time = Days((century * 100) + year, month, day) * NanosecondsPerDay;
        if (month is < 1 or > 12 || day is < 1 or > 31 || t[10] != ' ')
        {
            return month is < 1 or > 12 || day is < 1 or > 31 || t[10] != 0 ? 0 : time;
        }

        if (!Two(t + 11, out var hour) || t[13] != ':' || !Two(t + 14, out var minute) || t[16] != ':' || !Two(t + 17, out var second))
        {
            return 0;
        }

        var millisecond = t[19] == '.' && Digit(t[20], out var a) && Digit(t[21], out var b) && Digit(t[22], out var c) ? (a * 100) + (b * 10) + c : 0;
        return time + (((((((hour * 60L) + minute) * 60) + second) * 1000) + millisecond) * 1_000_000);
    }

    /// <summary>The same of a date in fields; 0 when it is none.</summary>
    public static long ReadDate(in Native.SystemTime t) => t.Month is < 1 or > 12 || t.Day is < 1 or > 31 || t.Year < 1970
        ? 0
        : (Days(t.Year, t.Month, t.Day) * NanosecondsPerDay) + (((((((t.Hour * 60L) + t.Minute) * 60) + t.Second) * 1000) + t.Millisecond) * 1_000_000);

    /// <summary>True when the text at a pointer is this one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Matches(nint text, string name)
    {
        var t = (ushort*)text;
        for (var i = 0; i < name.Length; i++)
        {
            if (t[i] != name[i])
            {
                return false;
            }
        }

        return t[name.Length] == 0;
    }

    // Days since 1970-01-01 of the Gregorian calendar; years begin in March, so that the odd day of February is the last.
    private static long Days(int year, int month, int day)
    {
        year -= month <= 2 ? 1 : 0;
        var era = year / 400;
        var yearOfEra = year - (era * 400);
        var dayOfYear = (((153 * (month + (month > 2 ? -3 : 9))) + 2) / 5) + day - 1;
        return (era * 146_097L) + (yearOfEra * 365) + (yearOfEra / 4) - (yearOfEra / 100) + dayOfYear - 719_468;
    }

    private static bool Two(ushort* t, out int value)
    {
        value = 0;
        if (!Digit(t[0], out var tens) || !Digit(t[1], out var ones))
        {
            return false;
        }

        value = (tens * 10) + ones;
        return true;
    }

    private static bool Digit(ushort c, out int value)
    {
        value = c - '0';
        return (uint)value <= 9;
    }
}
