using QuantumTrader.Market;
using QuantumTrader.ProfitDll;
using QuantumTrader.ProfitDll.Callbacks;
using QuantumTrader.ProfitDll.Native;

namespace QuantumTrader.Tests.ProfitDll;

[Collection("ProfitDll")]
public sealed class TapTests
{
    private static readonly string[] Session =
    [
        "seed 11", "garbage 1", "trades WDOU25 200", "offers WDOU25 300", "depths WDOU25 300", "mixed WDOU25 500 20", "offer WDOU25 full 7", "tiny WDOU25 0 5499.5 3",
        "daily WDOU25 5400 5450 5390 5440", "theoretical WDOU25 5431 17", "status WDOU25 4", "progress WDOU25 50", "edit WDOU25 3 5400.5 2", "zero WDOU25", "state 2 5", "state 2 4", "trades WDOV25 5",
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_callbacks_of_an_existing_program_are_told_the_same_in_the_same_order_with_and_without_us(bool isOld)
    {
        var without = Play(isTapped: false, isOld, out _);
        var overhead = ProfitTap.Overhead.Quantiles().Count;
        var with = Play(isTapped: true, isOld, out var events);

        with.ShouldBe(without);
        with.Select(s => s.Split(' ')[0]).Distinct().ShouldBe(["state", "trade", "old", "offer", "page", "depth", "tiny", "daily", "theoretical", "status", "progress"], ignoreOrder: true);
        (ProfitTap.Overhead.Quantiles().Count - overhead).ShouldBe(with.Count(s => !s.StartsWith("page", StringComparison.Ordinal)), "each of ours took its time");
        events.Count(e => e.Kind == EventKind.Trade && !e.Has(EventFlags.Historical)).ShouldBe(with.Count(s => s.StartsWith("trade WDOU25", StringComparison.Ordinal)) - 1, "all but the empty one");
        events.ShouldContain(e => e.Kind == EventKind.BookLevel);
        events.ShouldContain(e => e.Has(EventFlags.Historical));
    }

    [Fact]
    public void The_programs_own_callback_runs_before_ours()
    {
        using var sim = new ProfitFixture { Tap = true };
        var source = sim.NewSource(new ProfitDllSourceOptions { Undated = UndatedTime.Feed });
        source.Start();
        var program = new TappedProgram(sim, isTapped: true, isOld: false) { Waiting = () => source.Gauges[0].Value };
        sim.ReadRest(source);
        sim.Run("status WDOU25 4");
        sim.Wait();
        (program.WaitingThen, source.Gauges[0].Value).ShouldBe((0, 1));
        program.End();
    }

    [Fact]
    public void What_fails_in_our_part_the_program_does_not_see()
    {
        var without = Play(isTapped: false, isOld: false, out _);
        using var sim = new ProfitFixture();
        var target = new CallbackTarget(ProfitLibrary.Load(sim.Library), sim.Market.Symbols, new CallbackRing(1024, false, false), new BrokenClock(), ownsBlocks: false);
        CallbackEntry.TryAttach(target).ShouldBeTrue();
        var failures = ProfitTap.Failures;
        try
        {
            var program = new TappedProgram(sim, isTapped: true, isOld: false);
            Run(sim, program);
            program.Seen.ShouldBe(without);
            (ProfitTap.Failures - failures).ShouldBeGreaterThan(1000);
        }
        finally
        {
            CallbackEntry.Detach(target);
        }
    }

    [Fact]
    public void A_slow_callback_of_the_program_is_warned_of_and_the_pipeline_says_so()
    {
        using var sim = new ProfitFixture { Tap = true };
        var source = sim.NewSource(new ProfitDllSourceOptions { Undated = UndatedTime.Feed });
        source.Start();
        var program = new TappedProgram(sim, isTapped: true, isOld: false) { Slowness = TimeSpan.FromSeconds(1.1) };
        sim.Run("slow 1000", "trade WDOU25 5500 1", "trade WDOU25 5500 1");
        sim.Wait();
        program.Slowness = TimeSpan.Zero;
        sim.Play(source, "trade WDOU25 5500 1");
        program.Seen.Where(s => s.StartsWith("state 2", StringComparison.Ordinal)).TakeLast(3).ShouldBe(["state 2 5", "state 2 6", "state 2 4"]);
        source.Accounts.NoteCounts["feed_slow"].ShouldBe(2);
        source.Accounts.NoteCounts.ContainsKey("feed_down").ShouldBeFalse();
        program.End();
    }

    private static List<string> Play(bool isTapped, bool isOld, out List<MarketEvent> events)
    {
        using var sim = new ProfitFixture { Tap = true };
        var source = isTapped ? sim.NewSource(new ProfitDllSourceOptions { Book = BookFeed.Offers, Undated = UndatedTime.Feed }) : null;
        source?.Start();
        var program = new TappedProgram(sim, isTapped, isOld);
        Run(sim, program);
        if (source is not null)
        {
            sim.ReadRest(source);
            ProfitFixture.Report(source).Unreadable.ShouldBe(0);
        }

        events = sim.Events;
        return program.Seen;
    }

    private static void Run(ProfitFixture sim, TappedProgram program)
    {
        sim.Run(Session);
        sim.Wait();
        program.AskForHistory(new DateTime(2025, 8, 15));
        sim.Wait();
        program.End();
    }

    private sealed class BrokenClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => throw new InvalidOperationException("broken");
    }
}
