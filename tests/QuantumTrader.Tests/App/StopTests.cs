using System.Globalization;
using System.Threading.Tasks.Dataflow;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.App;

/// <summary>Real signals to a real <c>qt run</c>.</summary>
public sealed class StopTests
{
    private const string Long = "blocks.feed.days=10000";

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public void A_signal_drains_and_reports(string signal)
    {
        using var run = new Running("pipelines/demo.yml", "--set", Long);
        run.Signal(signal);
        var (code, output) = run.End();

        code.ShouldBe(0);
        output.ShouldEndWith("Balanced: every event is accounted for.\n");
    }

    [Fact]
    public void A_drain_that_takes_too_long_is_reported_and_fails()
    {
        using var folder = new TemporaryFolder();
        using var run = new Running(WithoutEnd(folder, 0.1));
        run.WaitForLine(EndlessBlock.Sign);
        run.Signal("INT");
        var (code, output) = run.End();

        code.ShouldBe(1);
        output.ShouldContain("FAILED: The graph was not drained within 0.1 s. Still holding: ");
        output.ShouldContain("block endless");
    }

    [Fact]
    public void A_second_signal_ends_at_once()
    {
        using var folder = new TemporaryFolder();
        using var run = new Running(WithoutEnd(folder, 3600));
        run.WaitForLine(EndlessBlock.Sign);
        run.Signal("INT");
        run.WaitForLine("Stopping: draining within 3600 s. The same signal again ends at once.");
        run.Signal("INT");

        run.End().ShouldBe((130, ""));
    }

    [Fact]
    public void The_page_on_running_lists_every_exit_code()
    {
        var page = File.ReadAllText(Path.Combine(Qt.Root, "docs", "running.md"));
        foreach (var code in typeof(QuantumTrader.App.Commands.ExitCodes).GetFields())
        {
            page.ShouldContain($"| {code.GetRawConstantValue()} | ");
        }
    }

    private static string WithoutEnd(TemporaryFolder folder, double drainSeconds)
    {
        var file = Path.Combine(folder.Path, "endless.yml");
        File.WriteAllText(file, $$"""
            version: 1
            pipeline: endless
            plugins: ['{{typeof(StopTests).Assembly.Location}}']
            engine: { drain_seconds: {{drainSeconds.ToString(CultureInfo.InvariantCulture)}} }
            market: { calendar: crypto, symbols: [DEMO] }
            blocks:
              feed:    { type: source.simulator, seed: 7, start: 2024-01-02, days: 1 }
              endless: { type: test.endless, from: feed }
            """);
        return file;
    }
}

/// <summary>Takes events and never completes. It tells on standard error that it has one, which from then on keeps the run from ending.</summary>
[Block("test.endless", "Takes events and never completes.")]
public sealed class EndlessBlock : PropagatorBlock<MarketEvent, MarketEvent>
{
    internal const string Sign = "The endless block holds an event.";

    public override IPropagatorBlock<MarketEvent, MarketEvent> Create() => new TransformBlock<MarketEvent, MarketEvent>(
        async e =>
        {
            await Console.Error.WriteLineAsync(Sign);
            await Task.Delay(Timeout.Infinite);
            return e;
        },
        new ExecutionDataflowBlockOptions { BoundedCapacity = 1 });

    public override MarketEvent WithSequence(in MarketEvent result, long sequence) => result with { Sequence = sequence };
}
