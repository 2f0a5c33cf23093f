using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using QuantumTrader.App.Hosting;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Api;

/// <summary>A block in the drawing of a pipeline.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type; of a block that the engine put in, what it does.</param>
/// <param name="Sentence">What it does.</param>
/// <param name="From">What feeds it.</param>
/// <param name="Island">The island it runs on.</param>
/// <param name="Phase">Phase of the rollout that switches it on.</param>
internal sealed record PipelineBlock(string Name, string Type, string Sentence, IReadOnlyList<string> From, int Island, string? Phase);

/// <summary>An edge in the drawing of a pipeline.</summary>
internal sealed record PipelineEdge(string From, string To, string Port, bool Fused, int Capacity, WhenFull WhenFull);

/// <summary>A run and its graph.</summary>
internal sealed record PipelineView
{
    public required string Name { get; init; }

    public required string File { get; init; }

    public required RunState State { get; init; }

    /// <summary>Why it was broken off.</summary>
    public string? Fault { get; init; }

    /// <summary>Wall-clock time of its start.</summary>
    public required string Started { get; init; }

    public required double ElapsedSeconds { get; init; }

    /// <summary>Time of the newest event.</summary>
    public string? EventTime { get; init; }

    /// <summary>Events that the sources made.</summary>
    public required long Events { get; init; }

    public required double EventsPerSecond { get; init; }

    /// <summary>From 0 to 1, where it is known.</summary>
    public double? Progress { get; init; }

    /// <summary>In words.</summary>
    public required string Bottleneck { get; init; }

    /// <summary>True when every event is accounted for.</summary>
    public required bool Balanced { get; init; }

    public required IReadOnlyList<IReadOnlyList<string>> Islands { get; init; }

    public required IReadOnlyList<PipelineBlock> Blocks { get; init; }

    public required IReadOnlyList<PipelineEdge> Edges { get; init; }

    public required IReadOnlyList<string> Symbols { get; init; }

    /// <summary>Time zone of the calendar; without a market UTC.</summary>
    public required string TimeZone { get; init; }

    /// <summary>It was started with a token: who knows that one can change something.</summary>
    public required bool Changeable { get; init; }

    /// <summary>The run as it is now.</summary>
    public static PipelineView Of(LiveRun run)
    {
        var figures = run.Watch.Now();
        var report = figures.Report;
        return new PipelineView
        {
            Name = run.Plan.Name,
            File = run.Plan.File,
            State = run.State,
            Fault = report.Fault,
            Started = run.Started.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture),
            ElapsedSeconds = Math.Round(report.Elapsed.TotalSeconds, 3),
            EventTime = run.EventTime is { } time ? IsoTime.ToText(time) : null,
            Events = report.Events,
            EventsPerSecond = figures.EventsPerSecond,
            Progress = report.Progress is { } progress ? Math.Round(progress, 4) : null,
            Bottleneck = report.Bottleneck,
            Balanced = report.Balanced,
            Islands = run.Graph.Islands,
            Blocks = [.. report.Blocks.Select(b => Describe(b, report, run))],
            Edges = [.. report.Edges.Select(e => new PipelineEdge(BlockOf(e.From), BlockOf(e.To), e.Port, e.Fused, e.Capacity, e.WhenFull)).DistinctBy(e => (e.From, e.To, e.Port)).Where(e => e.From != e.To)],
            Symbols = run.Factory.Section<MarketContext>() is { } market ? [.. market.Instruments.Select(i => i.Symbol)] : [],
            TimeZone = run.Factory.Section<MarketContext>()?.Calendar.TimeZone ?? "UTC",
            Changeable = run.IsChangeable,
        };
    }

    /// <summary>The block of a row: several instances of one have a number each.</summary>
    public static string BlockOf(string row) => row.Split('#')[0];

    private static PipelineBlock Describe(BlockReport block, GraphReport report, LiveRun run)
    {
        var plan = run.Plan.Blocks.FirstOrDefault(b => b.Name == block.Name);
        return new PipelineBlock(
            block.Name, run.TypeOf(block.Name), plan?.Type.Summary ?? "Put in by the rollout.",
            [.. report.Edges.Where(e => BlockOf(e.To) == block.Name && BlockOf(e.From) != block.Name).Select(e => BlockOf(e.From)).Distinct()],
            block.Island, plan?.Phase);
    }
}

/// <summary><c>/api/pipeline</c>.</summary>
internal sealed class PipelineApi : IApi
{
    public void Map(IEndpointRouteBuilder routes, LiveRun run) =>
        routes.MapGet("/api/pipeline", () => PipelineView.Of(run)).WithName("pipeline").WithSummary("The run: its state, its graph, how fast it goes, what holds it up.");
}
