using System.Diagnostics;
using QuantumTrader.App.Commands;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll;
using QuantumTrader.Tests.App;

namespace QuantumTrader.Tests.ProfitDll;

[Collection("ProfitDll")]
public sealed class SoakTests
{
    // Ten times the peak of B3: 20,000 trades a second, and the book on top. Of a hundred random events 40 are trades, 25 changes of the
    // book by price, 10 of its top, and 25 changes of the book by order, which is not subscribed to.
    private const int EventsPerSecond = 40_000;
    private const double Delivered = 0.75;

    [Theory]
    [InlineData(600)]
    [Trait("Category", "Slow")]
    public async Task Ten_minutes_at_ten_times_the_peak_lose_nothing_and_keep_memory_flat(int seconds)
    {
        using var sim = new ProfitFixture();
        using var folder = new TemporaryFolder();
        var script = folder.Write(
            "soak.txt", "asset WDOU25 5500 0.5 10", "seed 7", "clock 15/08/2025 09:30:00", "forget", FormattableString.Invariant($"rate {EventsPerSecond}"),
            FormattableString.Invariant($"mixed WDOU25 {(long)(seconds * EventsPerSecond / Delivered)} 1"));
        var loaded = new PipelineLoader(PipelineArguments.Registry).Load(
            Path.Combine(Qt.Root, "pipelines", "profitdll-sim.yml"), null, [$"profitdll.library={sim.Library}", $"profitdll.server={script}"]);
        loaded.Findings.ShouldBeEmpty();
        using var factory = new BlockFactory(loaded.Plan!, TimeProvider.System);
        using var graph = PipelineBuilder.Build(loaded.Plan!, factory);
        var (run, since, samples) = (graph.RunAsync(), Stopwatch.StartNew(), new List<(double At, long Bytes)>());
        using var process = Process.GetCurrentProcess();
        while (await Task.WhenAny(run, Task.Delay(TimeSpan.FromSeconds(1))) != run)
        {
            since.Elapsed.TotalSeconds.ShouldBeLessThan(60 + (2 * seconds), "the run must keep up");
            process.Refresh();
            samples.Add((since.Elapsed.TotalSeconds, process.WorkingSet64));
        }

        var report = await run;
        (report.Fault, report.Balanced).ShouldBe((null, true));
        var feed = InProcess.Details<ProfitDllReport>(report, "feed");
        (feed.Lost, feed.Unreadable, feed.Foreign).ShouldBe((0, 0, 0));
        report.Edges.ShouldAllBe(e => e.Dropped.Count == 0);
        (feed.Received["trade"] / (double)seconds).ShouldBeInRange(20_000, 23_000);

        // The first third fills rings and caches; afterwards nothing may grow any more.
        var (second, last) = (Highest(1 / 3.0, 2 / 3.0), Highest(2 / 3.0, 1));
        (last - second).ShouldBeLessThan(16 << 20, $"{second >> 20} MiB in the second third, {last >> 20} MiB in the last");

        long Highest(double from, double to) => samples.Where(s => s.At >= from * seconds && s.At < to * seconds).Max(s => s.Bytes);
    }
}
