using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using QuantumTrader.App.Alerting;
using QuantumTrader.App.Alerting.Channels;
using QuantumTrader.App.Hosting;

namespace QuantumTrader.App.Api;

/// <summary>The alerts of a run as they are now.</summary>
/// <param name="Active">What is still so, oldest first.</param>
/// <param name="History">What fired, newest first.</param>
/// <param name="Summary">How much fired, and what became of it.</param>
internal sealed record AlertsView(IReadOnlyList<RaisedAlert> Active, IReadOnlyList<RaisedAlert> History, AlertsSummary Summary)
{
    public static AlertsView Of(LiveRun run, int history)
    {
        var alerts = run.Alerts?.Overview() ?? new AlertOverview([], [], new Dictionary<string, int>(), new Dictionary<string, int>(), 0, 0);
        return new AlertsView(
            alerts.Active, [.. alerts.History.Take(history)],
            new AlertsSummary(alerts.History.Count, alerts.BySeverity, alerts.ByRule, alerts.Suppressed, run.Alerts?.Channels ?? []));
    }
}

/// <summary>How much fired, and what became of it.</summary>
/// <param name="Count">Alerts that are remembered.</param>
/// <param name="BySeverity">Of them, by severity.</param>
/// <param name="ByRule">Of them, by rule.</param>
/// <param name="Suppressed">Times that a rule was met again within its cool-down.</param>
/// <param name="Channels">What became of them outside.</param>
internal sealed record AlertsSummary(
    int Count, IReadOnlyDictionary<string, int> BySeverity, IReadOnlyDictionary<string, int> ByRule, long Suppressed, IReadOnlyList<OutboxReport> Channels);

/// <summary><c>/api/alerts</c>.</summary>
internal sealed class AlertsApi : IApi
{
    public void Map(IEndpointRouteBuilder routes, LiveRun run) =>
        routes.MapGet("/api/alerts", () => AlertsView.Of(run, AlertBook.MaxHistory)).WithName("alerts").WithSummary("What is wrong now, what was told, and what became of it.");
}

/// <summary>The topic <c>alerts</c>: what is wrong now, and the newest of what was told, by their numbers.</summary>
internal sealed class AlertsTopic(LiveRun run) : ITopic
{
    private const int Newest = 100;

    public string Name => "alerts";

    public object Read()
    {
        var view = AlertsView.Of(run, Newest);
        return new
        {
            Active = view.Active.ToDictionary(IdOf),
            History = view.History.ToDictionary(IdOf),
            view.Summary,
        };
    }

    private static string IdOf(RaisedAlert alert) => alert.Id.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
