using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Views;
using QuantumTrader.Trading;

namespace QuantumTrader.App.Api;

/// <summary>Why trading is stopped, or goes on.</summary>
internal sealed record KillRequest(string? Reason);

/// <summary><c>/api/trading</c>, the topic of the same name, and the kill switch.</summary>
internal sealed class TradingApi(RunViews views) : IApi, ITopic
{
    private const int MaxReason = 200;

    public string Name => "trading";

    public long? Version => views.Looks;

    public object Read() => views.ReadTrading();

    public void Map(IEndpointRouteBuilder routes, LiveRun run)
    {
        routes.MapGet("/api/trading", Read).WithName("trading").WithSummary("Trading page: positions, orders, fills, limits and how much of them is used, kill switch, equity.").Produces<TradingDocument>();
        routes.MapPost("/api/trading/kill", (KillRequest? request) => Turn(run, k => k.Kill(Words(request), "operator")))
            .WithName("kill").WithSummary("Stops trading: no new order from each block's next event on, and what is open is cancelled. Needs the token.")
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status500InternalServerError);
        routes.MapPost("/api/trading/resume", (KillRequest? request) => Turn(run, k => k.Resume(Words(request), "operator")))
            .WithName("resume").WithSummary("Lets trading go on. Needs the token.")
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status500InternalServerError);
    }

    private static Results<Ok<KillDocument>, ProblemHttpResult> Turn(LiveRun run, Action<KillSwitch> turn)
    {
        if (run.Factory.Section<KillSwitch>() is not { } kill)
        {
            return TypedResults.Problem("This pipeline has neither 'risk' nor an execution: there is no trading to stop.", statusCode: StatusCodes.Status409Conflict);
        }

        try
        {
            turn(kill);
            return TypedResults.Ok(KillDocument.Of(kill.State));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return TypedResults.Problem(
                $"Trading is {(kill.State.Engaged ? "stopped" : "not stopped")}, but trading.kill_file could not be changed: {error.Message} A run that begins anew would not know. Put it right by hand.",
                statusCode: StatusCodes.Status500InternalServerError);
        }
    }

    private static string Words(KillRequest? request) => (request?.Reason ?? "").Trim() is var words && words.Length > MaxReason ? words[..MaxReason] : words;
}
