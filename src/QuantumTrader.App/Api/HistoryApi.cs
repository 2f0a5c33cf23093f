using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using QuantumTrader.App.Commands;
using QuantumTrader.App.History;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Views;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;

namespace QuantumTrader.App.Api;

/// <summary><c>/api/history/...</c>: the past as the pipeline's store has it, while it runs. Nobody writes there from here.</summary>
internal sealed class HistoryApi(RunViews views) : IApi
{
    private const int MostTicks = 1000;
    private const int MostDays = 100;
    private const string TimeForm = "Write a time with its zone, such as 2024-08-08T12:00:00Z.";

    // A look at a long time takes seconds; one at a time, so that many pages cannot take the run's processors.
    private readonly Lock _one = new();

    public void Map(IEndpointRouteBuilder routes, LiveRun run)
    {
        Describe(routes.MapGet("/api/history/at", (string symbol, string time) => Ask<MomentDocument>(run, symbol, (history, name) =>
            IsoTime.TryParse(time, out var moment) ? TypedResults.Ok(history.At(name, moment)) : Refuse($"time='{time}' is no time. {TimeForm}"))),
            "history_at", "What was known of a symbol at a moment: book, trades, candles, features, prediction, signal.");
        Describe(routes.MapGet("/api/history/ticks", (string symbol, string from, string to, int? limit, string? cursor) => Ask<TicksDocument>(run, symbol, (history, name) =>
        {
            if (!IsoTime.TryParse(from, out var begin) || !IsoTime.TryParse(to, out var end))
            {
                return Refuse($"from='{from}' or to='{to}' is no time. {TimeForm}");
            }

            var at = new TickCursor(begin, 0);
            return limit is < 1 or > MostTicks ? Refuse($"limit={limit}; legal are 1 to {MostTicks}.")
                : cursor is not null && (!TickCursor.TryParse(cursor, out at) || at.Time < begin || at.Time >= end) ? Refuse($"cursor='{cursor}' is none of this range. Take it from the page before, as it is.")
                : TypedResults.Ok(history.Ticks(name, begin, end, limit ?? MostTicks, at));
        })), "history_ticks", "Stored trades of [from, to), page by page.");
        Describe(routes.MapGet("/api/history/patterns", (string symbol, int? days, string? to) => Ask<PatternsDocument>(run, symbol, (history, name) =>
            days is < 1 or > MostDays ? Refuse($"days={days}; legal are 1 to {MostDays}.")
            : to is not null && !IsoTime.TryParse(to, out _) ? Refuse($"to='{to}' is no time. {TimeForm}")
            : TypedResults.Ok(history.Patterns(name, days ?? 7, to is not null && IsoTime.TryParse(to, out var end) ? end : null)))),
            "history_patterns", "What the last days of a symbol have in common: hours, volume, volatility, regimes, performance.");
    }

    private static void Describe(RouteHandlerBuilder route, string name, string summary) => route.WithName(name).WithSummary(summary)
        .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status503ServiceUnavailable);

    private Results<Ok<T>, ProblemHttpResult> Ask<T>(LiveRun run, string name, Func<StoredHistory, string, Results<Ok<T>, ProblemHttpResult>> ask)
    {
        if (views.Market is not { } market || market.Symbols.Find(name) <= 0)
        {
            return Symbols.None(name, views.Market);
        }

        if (run.Factory.Section<StoreSection>() is not { } section)
        {
            return TypedResults.Problem("This pipeline has no section 'store', and so no past. Add it, and blocks of type 'sink.store' behind what is to be kept.", statusCode: StatusCodes.Status404NotFound);
        }

        lock (_one)
        {
            try
            {
                using var store = section.OpenToRead();
                return ask(new StoredHistory(new OpenStore(store, run.Factory.Format), market), name);
            }
            catch (StoreException error)
            {
                return TypedResults.Problem(error.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
            }
        }
    }

    private static ProblemHttpResult Refuse(string why) => TypedResults.Problem(why, statusCode: StatusCodes.Status400BadRequest);
}
