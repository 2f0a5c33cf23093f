using QuantumTrader.Market;

namespace QuantumTrader.Features.Model65;

/// <summary>Rows 61-66: the exchange's clock at tau, the start of candle t.</summary>
internal static class Temporal
{
    private const long Minute = 60_000_000_000L;
    private const long Hour = 60 * Minute;
    private const long HalfHour = 30 * Minute;

    public static FeatureGroup Group { get; } = new("temporal", "Temporal",
    [
        Of("minute", "minute of the hour of tau", 59),
        Of("hour", "hour of tau", 23),
        Of("day_of_week", "Monday = 0", 6),
        Of("is_opening_30min", "1 if 0 <= tau - open < 30 min", 1),
        Of("is_closing_30min", "1 if 0 < close - tau <= 30 min", 1),
        Of("is_lunch_hour", "1 if 12:00 <= tau < 13:00", 1),
    ]);

    /// <summary>Share of the day that is over at tau.</summary>
    public static double ShareOfDay(long tau, in TradingDay day) => Math.Clamp((tau - day.Open) / (double)Math.Max(1, day.Close - day.Open), 0, 1);

    public static void Write(bool isWarm, long tau, long timeOfDay, in TradingDay day, ref FeatureWriter writer)
    {
        var hour = timeOfDay / Hour;
        writer.Add(isWarm, timeOfDay / Minute % 60);
        writer.Add(isWarm, hour);
        writer.Add(isWarm, (((day.Day + 3) % 7) + 7) % 7); // 1970-01-01 was a Thursday
        writer.Add(isWarm, tau >= day.Open && tau - day.Open < HalfHour ? 1 : 0);
        writer.Add(isWarm, tau < day.Close && day.Close - tau <= HalfHour ? 1 : 0);
        writer.Add(isWarm, hour == 12 ? 1 : 0);
    }

    private static FeatureDefinition Of(string name, string formula, int max) => new(name, formula) { Inputs = "clock", WarmAfter = "1 candle", Min = 0, Max = max };
}
