using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Market.Sources;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Market.Sources;

public sealed class ReplayClockTests : IDisposable
{
    private const long Second = 1_000_000_000;
    private readonly TemporaryFolder _folder = new();
    private readonly SleepingClock _clock = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A source of levels, two events each, at these seconds.</summary>
    private CsvSource Open(string speed, params double[] seconds)
    {
        var rows = seconds.Select(s => s.ToString(System.Globalization.CultureInfo.InvariantCulture) + ",buy,1,1");
        return new CsvSource(
            new CsvOptions
            {
                Path = [_folder.Write("rows.csv", ["t,side,p,q", .. rows])],
                Kind = CsvKind.Level,
                Time = new() { Column = "t", Unit = CsvTimeUnit.S },
                Columns = new() { Side = "side", Price = "p", Quantity = "q" },
                Speed = speed,
            },
            Feed.Market("BTCUSDT"),
            Feed.Context(_clock));
    }

    /// <summary>What each call of Read gave, with the virtual time at which it came back.</summary>
    private List<(double Seconds, int Events)> ReadTimed(CsvSource source, int limit = 256)
    {
        var output = new Output<MarketEvent>();
        var reads = new List<(double, int)>();
        while (source.Read(output, limit, CancellationToken.None))
        {
            reads.Add((_clock.Now / (double)Second, output.ToArray().Length));
        }

        return reads;
    }

    [Fact]
    public void At_full_speed_the_clock_is_not_even_looked_at()
    {
        using var source = Open("max", 100, 200, 300);
        ReadTimed(source).ShouldBe([(0, 6)]);
        _clock.Looks.ShouldBe(0);
    }

    [Fact]
    public void Events_are_held_back_until_they_are_due_and_what_is_due_is_not()
    {
        using var source = Open("1x", 100, 101, 101, 103.5);
        ReadTimed(source).ShouldBe([(0, 2), (1, 4), (3.5, 2)]);
        _clock.Sleeps.ShouldBe(2);
    }

    [Theory]
    [InlineData("10x", 0.1, 0.35)]
    [InlineData("0.5x", 2, 7)]
    public void A_factor_stretches_the_time_between_events(string speed, double second, double third)
    {
        using var source = Open(speed, 100, 101, 103.5);
        ReadTimed(source).ShouldBe([(0, 2), (second, 2), (third, 2)]);
    }

    [Fact]
    public void A_rate_counts_events_and_not_their_times()
    {
        using var source = Open("4/s", 100, 100, 900);
        ReadTimed(source).ShouldBe([(0, 2), (0.5, 2), (1, 2)]);
    }

    [Fact]
    public void An_event_from_the_past_goes_out_at_once()
    {
        using var source = Open("1x", 100, 101, 50, 102);
        ReadTimed(source).ShouldBe([(0, 2), (1, 4), (2, 2)]);
    }

    [Fact]
    public void A_limit_is_kept_and_the_sleep_is_rounded_up_so_that_nothing_spins()
    {
        using var source = Open("1x", 100, 100, 100.0015);
        ReadTimed(source, limit: 1).ShouldBe([(0, 2), (0, 2), (0.002, 2)]);
        _clock.Sleeps.ShouldBe(1);
    }

    [Fact]
    public void Stopping_ends_the_sleep_and_loses_nothing()
    {
        using var stop = new CancellationTokenSource();
        using var source = Open("1x", 100, 200);
        var output = new Output<MarketEvent>();
        source.Read(output, 256, stop.Token).ShouldBeTrue();
        output.ToArray().Length.ShouldBe(2);

        _clock.OnSleep = stop.Cancel;
        var watch = System.Diagnostics.Stopwatch.StartNew();
        source.Read(output, 256, stop.Token).ShouldBeTrue();
        watch.ElapsedMilliseconds.ShouldBeLessThan(1000, "the virtual sleep is of 100 s and nobody wakes it");
        output.ToArray().ShouldBeEmpty();
        ((SourceReport)source.Report()).Events.ShouldBe(2);

        _clock.OnSleep = null;
        Feed.ReadAll(source).Select(e => e.Sequence).ShouldBe([3, 4]);
    }

    [Fact]
    public void Pace_changes_no_event()
    {
        using var slow = Open("1x", 100, 105, 103, 200);
        using var fast = Open("max", 100, 105, 103, 200);
        Feed.ReadAll(slow).ShouldBe(Feed.ReadAll(fast));
    }

    [Theory]
    [InlineData("")]
    [InlineData("fast")]
    [InlineData("0x")]
    [InlineData("-1x")]
    [InlineData("1,5x")]
    [InlineData("/s")]
    [InlineData("NaNx")]
    public void A_speed_that_is_none_is_told(string speed)
    {
        var error = Should.Throw<ConfigurationException>(() => Open(speed, 1));
        error.Option.ShouldBe("speed");
        error.Message.ShouldContain($"'{speed}'");
    }

    /// <summary>A clock on which sleeping is what makes the time pass.</summary>
    private sealed class SleepingClock : TimeProvider
    {
        public long Now { get; private set; }

        public int Looks { get; private set; }

        public int Sleeps { get; private set; }

        public Action? OnSleep { get; set; }

        public override long TimestampFrequency => Second;

        public override long GetTimestamp()
        {
            Looks++;
            return Now;
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Looks++;
            return new Timer(this, () => callback(state));
        }

        private sealed class Timer(SleepingClock clock, Action fire) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                dueTime.ShouldBeGreaterThan(TimeSpan.Zero, "a sleep of nothing would spin");
                clock.Sleeps++;
                if (clock.OnSleep is { } action)
                {
                    action();
                }
                else
                {
                    clock.Now += dueTime.Ticks * 100;
                    fire();
                }

                return true;
            }

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
