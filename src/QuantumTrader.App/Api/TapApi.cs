using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Views;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Api;

/// <summary>Some of the events that a block sent while somebody looked.</summary>
/// <param name="Block">The block.</param>
/// <param name="Event">What users call the event type, such as <c>market</c>.</param>
/// <param name="Sent">Events that it sent meanwhile.</param>
/// <param name="Unseen">Events of them that were to be shown, but came too fast.</param>
/// <param name="Events">Fields by name.</param>
internal sealed record TapDocument(string Block, string Event, long Sent, long Unseen, IReadOnlyList<Dictionary<string, object>> Events);

/// <summary><c>/api/blocks/NAME/tap</c>: what a block sends from now on, sampled.</summary>
internal sealed class TapApi : IApi
{
    private const int Most = 100;
    private const int MostSeconds = 10;

    // A ring for plain events holds so many times fewer of the heaviest.
    private const int Room = 16;
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);

    private readonly Lock _formats = new();

    public void Map(IEndpointRouteBuilder routes, LiveRun run)
    {
        var secrets = new Secrets(run.Plan);
        routes.MapGet("/api/blocks/{name}/tap", (string name, int? n, int? every, double? wait, CancellationToken gone) => TapAsync(run, secrets, name, n ?? 20, every ?? 1, wait ?? 1, gone))
            .WithName("tap").WithSummary("What a block sends from now on: at most n events (1 to 100), one of every so many, within so many seconds (0 to 10). Secrets are masked.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
    }

    private async Task<Results<Ok<TapDocument>, ProblemHttpResult>> TapAsync(LiveRun run, Secrets secrets, string name, int n, int every, double wait, CancellationToken gone)
    {
        if (n is < 1 or > Most || every < 1 || wait is not (>= 0 and <= MostSeconds))
        {
            return TypedResults.Problem($"n={n}, every={every}, wait={wait} was asked; legal are n from 1 to {Most}, every from 1, wait from 0 to {MostSeconds} seconds.", statusCode: StatusCodes.Status400BadRequest);
        }

        if (!run.Graph.Blocks.ContainsKey(name))
        {
            return BlocksApi.NoBlock(name, run);
        }

        using var tap = run.Graph.Tap(name, n * Room, every);
        var (events, since) = (new List<object>(n), run.Clock.GetTimestamp());
        while (true)
        {
            var isOver = run.State is RunState.Ended or RunState.Failed || run.Clock.GetElapsedTime(since).TotalSeconds >= wait;
            events.AddRange(tap.Read(n - events.Count));
            if (events.Count == n || isOver)
            {
                break;
            }

            await Task.Delay(Glance, run.Clock, gone).ConfigureAwait(false);
        }

        var format = Format(run, tap.EventType);
        return TypedResults.Ok(new TapDocument(
            name, run.Plan.Registry.FormatOf(tap.EventType)?.Name ?? SnakeCase.From(tap.EventType.Name), tap.Sent, tap.Unseen, [.. events.Select(e => EventFields.Of(e, format, secrets))]));
    }

    // They are made when first asked for, here by several requests at once.
    private IEventFormat? Format(LiveRun run, Type eventType)
    {
        lock (_formats)
        {
            return run.Factory.Format(eventType);
        }
    }
}
