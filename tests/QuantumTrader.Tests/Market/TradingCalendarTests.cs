using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Market;

public sealed class TradingCalendarTests
{
    private static readonly TradingCalendar B3 = Calendar("b3");

    [Fact]
    public void A_market_that_never_closes_has_a_session_from_midnight_to_midnight()
    {
        var calendar = new TradingCalendar();

        calendar.TryGetDay(Time("2024-08-08T23:59:59.9999999Z"), out var day).ShouldBeTrue();
        day.ShouldBe(new TradingDay(19943, Time("2024-08-08T00:00:00Z"), Time("2024-08-09T00:00:00Z")));
        calendar.TryGetDay(Time("2024-08-09T00:00:00Z"), out day).ShouldBeTrue();
        day.Day.ShouldBe(19944);
    }

    [Theory]
    [InlineData("2025-08-20T11:59:59Z", false)] // Wednesday, 08:59:59 in Sao Paulo
    [InlineData("2025-08-20T12:00:00Z", true)]
    [InlineData("2025-08-20T21:29:59Z", true)]
    [InlineData("2025-08-20T21:30:00Z", false)]
    [InlineData("2025-08-23T15:00:00Z", false)] // Saturday
    [InlineData("2025-12-25T15:00:00Z", false)] // Christmas
    [InlineData("2025-03-05T15:59:59Z", false)] // Ash Wednesday opens at 13:00
    [InlineData("2025-03-05T16:00:00Z", true)]
    [InlineData("2018-12-03T11:00:00Z", true)] // summer time: UTC-2
    [InlineData("2018-12-03T20:30:00Z", false)]
    public void B3_trades_from_nine_to_half_past_six_on_working_days(string time, bool open) =>
        B3.TryGetDay(Time(time), out _).ShouldBe(open);

    [Fact]
    public void The_exchanges_own_date_changes_at_its_own_midnight()
    {
        B3.DateOf(Time("2025-08-21T02:59:59Z")).ShouldBe(Date("2025-08-20"));
        B3.DateOf(Time("2025-08-21T03:00:00Z")).ShouldBe(Date("2025-08-21"));
        new TradingCalendar().DateOf(-1).ShouldBe(-1);
    }

    [Fact]
    public void The_next_session_after_a_friday_evening_is_on_monday()
    {
        B3.TryGetNext(Time("2025-08-22T22:00:00Z"), out var day).ShouldBeTrue();
        day.ShouldBe(new TradingDay(Date("2025-08-25"), Time("2025-08-25T12:00:00Z"), Time("2025-08-25T21:30:00Z")));
    }

    [Fact]
    public void The_time_of_day_is_the_exchanges() =>
        B3.TimeOfDay(Time("2025-08-21T02:30:00Z")).ShouldBe(TimeSpan.FromHours(23.5).Ticks * 100);

    [FileFact("/usr/share/zoneinfo/America/Sao_Paulo")]
    public void The_carried_offsets_of_brazil_equal_the_tz_database()
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById("America/Sao_Paulo");
        var hours = Enumerable.Range(0, 24 * 365 * 12).Select(h => new DateTime(2015, 3, 1, 0, 30, 0, DateTimeKind.Utc).AddHours(h)).ToList();
        foreach (var time in hours.Concat(hours.AsEnumerable().Reverse()))
        {
            var local = time + zone.GetUtcOffset(time);
            var scaled = (time - DateTime.UnixEpoch).Ticks * 100;
            if (B3.DateOf(scaled) != (local.Date - DateTime.UnixEpoch).Days || B3.TimeOfDay(scaled) != local.TimeOfDay.Ticks * 100)
            {
                Assert.Fail($"{time:o} was day {B3.DateOf(scaled)}");
            }
        }
    }

    [Fact]
    public async Task Threads_at_different_days_get_their_own_answers()
    {
        var calendar = new TradingCalendar();
        var workers = Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                var date = (worker * 7) + (i & 3);
                if (!calendar.TryGetDay((date * 86_400_000_000_000L) + i, out var day) || day.Day != date)
                {
                    return false;
                }
            }

            return true;
        }));

        (await Task.WhenAll(workers)).ShouldAllBe(ok => ok);
    }

    private static TradingCalendar Calendar(string name) =>
        new MarketContext(new MarketOptions { Calendar = name, Symbols = ["WDOU25"] }, new SectionContext("/", "/")).Calendar;

    private static long Time(string text) => (DateTimeOffset.Parse(text, null).UtcDateTime - DateTime.UnixEpoch).Ticks * 100;

    private static int Date(string text) => DateOnly.Parse(text, null).DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;
}
