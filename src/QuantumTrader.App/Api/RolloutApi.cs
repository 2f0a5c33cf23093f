using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Reports;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;
using QuantumTrader.Rollout.Journal;

namespace QuantumTrader.App.Api;

/// <summary>What goes with a command on a phase.</summary>
/// <param name="Reason">Why, for the journal.</param>
/// <param name="Full">For promote: past all steps.</param>
internal sealed record PhaseRequest(string? Reason, bool Full);

/// <summary>What goes with a rollback.</summary>
/// <param name="Level">Phases of this level and below: 1 to 4.</param>
/// <param name="Reason">Why, for the journal.</param>
internal sealed record RollbackRequest(int Level, string? Reason);

/// <summary>What goes with a change of a switch.</summary>
internal sealed record SwitchRequest(string? Value, string? Reason);

/// <summary>A command was done, or waits for the next tick.</summary>
/// <param name="Ok">True.</param>
/// <param name="Words">What was done.</param>
/// <param name="State">Where the phase stands now.</param>
/// <param name="Generation">No operation of this generation or a later one sees what a command took back.</param>
internal sealed record CommandDone(bool Ok, string Words, string? State, long Generation);

/// <summary>The journal of the phases, oldest first.</summary>
internal sealed record HistoryView(IReadOnlyList<JournalEntry> Entries);

/// <summary><c>/api/rollout</c>, the topic of the same name, the commands on phases, and <c>/api/switches</c>.</summary>
internal sealed class RolloutApi(LiveRun run) : IApi, ITopic
{
    private const int MaxReason = 200;

    public string Name => "rollout";

    public object Read() => RolloutView.Of(run);

    public void Map(IEndpointRouteBuilder routes, LiveRun live)
    {
        routes.MapGet("/api/rollout", () => RolloutView.Of(live)).WithName("rollout").WithSummary("The phases: where each stands, what its gates say, what was counted of it.");
        routes.MapGet("/api/rollout/report", () => MigrationReport.Of(live.Factory.Section<RolloutSection>()?.Phases ?? [], live.Plan, live.Watch.Now().Report.Blocks))
            .WithName("rollout_report").WithSummary("How far the pipeline has moved to its new path: calls, fallbacks, latencies, progress.");
        routes.MapGet("/api/rollout/history", () => History(live)).WithName("rollout_history").WithSummary("What happened to the phases and the switches, and why, from the journal.");
        routes.MapPost("/api/rollout/rollback", (RollbackRequest request) => Send(live, new PhaseCommand(PhaseAction.Rollback) { Level = request.Level, Reason = Words(request.Reason), Actor = "api" }))
            .WithName("rollback").WithSummary("Takes out all phases up to a level, before it answers. Needs the token.")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        foreach (var action in (PhaseAction[])[PhaseAction.Start, PhaseAction.Promote, PhaseAction.Hold, PhaseAction.Retry, PhaseAction.Abort])
        {
            var word = SnakeCase.From(action.ToString());
            routes.MapPost($"/api/rollout/{{phase}}/{word}", (string phase, PhaseRequest? request) => Send(live, new PhaseCommand(action)
            {
                Phase = phase,
                Full = action == PhaseAction.Promote && request?.Full == true,
                Reason = Words(request?.Reason),
                Actor = "api",
            })).WithName($"rollout_{word}").WithSummary($"Phase: {word}. Needs the token.").ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        }

        routes.MapGet("/api/switches", () => live.Factory.Switches.Values).WithName("switches").WithSummary("The switches and their values.");
        routes.MapPost("/api/switches/{name}", (string name, SwitchRequest request) => Set(live, name, request))
            .WithName("set_switch").WithSummary("Changes a switch; it counts from the next event on. Needs the token.").ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static Results<Ok<CommandDone>, ProblemHttpResult> Send(LiveRun run, PhaseCommand command)
    {
        if (run.Factory.Section<RolloutSection>() is not { } rollout)
        {
            return TypedResults.Problem("This pipeline has no section 'rollout', and so no phases.", statusCode: StatusCodes.Status404NotFound);
        }

        var phase = rollout.Phases.FirstOrDefault(p => p.Options.Name == command.Phase);
        if (command.Phase.Length > 0 && phase is null)
        {
            return TypedResults.Problem($"No phase is named '{command.Phase}'. Phases: {string.Join(", ", rollout.Phases.Select(p => p.Options.Name))}.", statusCode: StatusCodes.Status404NotFound);
        }

        if (run.State is RunState.Ended or RunState.Failed)
        {
            return TypedResults.Problem("The run is over. Change its state with `qt rollout` and the pipeline's file.", statusCode: StatusCodes.Status409Conflict);
        }

        var answer = rollout.Control.Send(command);
        return answer.IsAccepted
            ? TypedResults.Ok(new CommandDone(true, answer.Words, phase?.State.ToString(), answer.Generation))
            : TypedResults.Problem(answer.Words, statusCode: StatusCodes.Status409Conflict);
    }

    private static Results<Ok<CommandDone>, ProblemHttpResult> Set(LiveRun run, string name, SwitchRequest request)
    {
        var answer = run.Factory.Switches.Set(name, request.Value ?? "", "api", Words(request.Reason));
        return answer.IsAccepted
            ? TypedResults.Ok(new CommandDone(true, answer.Words, null, run.Factory.Section<RolloutSection>()?.Control.Generation ?? 0))
            : TypedResults.Problem(answer.Words, statusCode: StatusCodes.Status409Conflict);
    }

    // Without a folder only this run is known.
    private static HistoryView History(LiveRun run) => run.Factory.Section<RolloutSection>() is not { } rollout ? new HistoryView([])
        : rollout.StateFolder is { } folder ? new HistoryView(StateFolder.Look(folder).Entries)
        : new HistoryView([.. rollout.Control.Transitions.Select((t, i) => new JournalEntry
        {
            Seq = i + 1, Time = run.Started, Kind = JournalKind.Change, Actor = t.Actor, Phase = t.Phase, From = SavedState.Of(t.From), To = SavedState.Of(t.To), Generation = t.To.Generation, EventTime = t.EventTime, Reason = t.Reason,
        })]);

    private static string Words(string? reason) => (reason ?? "").Trim() is var words && words.Length > MaxReason ? words[..MaxReason] : words;
}
