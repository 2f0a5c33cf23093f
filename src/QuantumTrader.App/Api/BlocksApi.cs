using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using QuantumTrader.App.Hosting;

namespace QuantumTrader.App.Api;

/// <summary>A block of a run as it is now.</summary>
internal sealed record BlockView
{
    private const int MaxErrors = 5;

    public required string Name { get; init; }

    public required string Type { get; init; }

    public required int Island { get; init; }

    /// <summary>Events taken in; of a source, made or refused.</summary>
    public required long In { get; init; }

    /// <summary>Events sent on.</summary>
    public required long Out { get; init; }

    public required double InPerSecond { get; init; }

    public required double OutPerSecond { get; init; }

    /// <summary>Events taken in and not yet accounted for otherwise.</summary>
    public required long Held { get; init; }

    /// <summary>By reason.</summary>
    public required IReadOnlyDictionary<string, long> Dropped { get; init; }

    /// <summary>By type.</summary>
    public required IReadOnlyDictionary<string, long> Errors { get; init; }

    /// <summary>The latest of the remarks and refused events that were kept.</summary>
    public required IReadOnlyList<string> LastErrors { get; init; }

    /// <summary>Share of the last second or so without input; the three add up to 1.</summary>
    public required double Idle { get; init; }

    /// <summary>Share in which a full edge kept it waiting.</summary>
    public required double Backpressured { get; init; }

    /// <summary>Share at work.</summary>
    public required double Busy { get; init; }

    /// <summary>Longest wait for a full edge since the start.</summary>
    public required double LongestStallSeconds { get; init; }

    /// <summary>Sampled cost of the block alone; null before the first sample.</summary>
    public required double? NanosecondsPerEvent { get; init; }

    /// <summary>By name, and what they are of where there are several.</summary>
    public required IReadOnlyDictionary<string, double> Gauges { get; init; }

    /// <summary>What the block itself reports when the run has ended.</summary>
    public object? Details { get; init; }

    /// <summary>All blocks.</summary>
    public static IEnumerable<BlockView> Of(LiveRun run)
    {
        var figures = run.Watch.Now();
        return figures.Blocks.Select(b => Of(b, figures, run));
    }

    private static BlockView Of(BlockFigures block, RunFigures figures, LiveRun run)
    {
        var report = block.Report;
        return new BlockView
        {
            Name = report.Name,
            Type = run.TypeOf(report.Name),
            Island = report.Island,
            In = report.In,
            Out = report.Out,
            InPerSecond = block.InPerSecond,
            OutPerSecond = block.OutPerSecond,
            Held = report.Held,
            Dropped = report.Dropped,
            Errors = report.Errors,
            LastErrors =
            [
                .. figures.Report.Notes.Where(n => PipelineView.BlockOf(n.Block) == report.Name).TakeLast(MaxErrors).Select(n => n.Message),
                .. figures.Report.DeadLetters.Where(d => PipelineView.BlockOf(d.Block) == report.Name).TakeLast(MaxErrors).Select(d => $"{d.Reason}: {d.Detail}"),
            ],
            Idle = block.Idle,
            Backpressured = block.Backpressured,
            Busy = block.Busy,
            LongestStallSeconds = Math.Round(report.LongestStallSeconds, 6),
            NanosecondsPerEvent = report.NanosecondsPerEvent > 0 ? Math.Round(report.NanosecondsPerEvent, 1) : null,
            Gauges = report.Gauges.ToDictionary(g => g.Of.Length == 0 ? g.Name : $"{g.Name}.{g.Of}", g => g.Value, StringComparer.Ordinal),
            Details = report.Details,
        };
    }
}

/// <summary><c>/api/blocks</c> and <c>/api/blocks/NAME</c>.</summary>
internal sealed class BlocksApi : IApi
{
    public void Map(IEndpointRouteBuilder routes, LiveRun run)
    {
        routes.MapGet("/api/blocks", () => BlockView.Of(run).ToList()).WithName("blocks").WithSummary("Every block: counts, rates, what was dropped and why, its three-state time.");
        routes.MapGet("/api/blocks/{name}", Results<Ok<BlockView>, ProblemHttpResult> (string name) => BlockView.Of(run).FirstOrDefault(b => b.Name == name) is { } block
            ? TypedResults.Ok(block)
            : NoBlock(name, run)).WithName("block").WithSummary("One block.").ProducesProblem(StatusCodes.Status404NotFound);
    }

    /// <summary>The answer to a name that no block has.</summary>
    public static ProblemHttpResult NoBlock(string name, LiveRun run) => TypedResults.Problem(
        $"No block is named '{name}'; there are {string.Join(", ", run.Watch.Now().Blocks.Select(b => b.Report.Name))}.", statusCode: StatusCodes.Status404NotFound);
}
