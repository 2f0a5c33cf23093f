using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Views;

namespace QuantumTrader.App.Api;

/// <summary><c>/api/market</c>: what the market page of a symbol shows.</summary>
internal sealed class MarketApi(RunViews views) : IApi
{
    public void Map(IEndpointRouteBuilder routes, LiveRun run) =>
        routes.MapGet("/api/market", Results<Ok<MarketDocument>, ProblemHttpResult> (string? symbol) => views.ReadMarket(Symbols.OrFirst(symbol, views.Market)) is { } market
            ? TypedResults.Ok(market)
            : Symbols.None(symbol, views.Market)).WithName("market").WithSummary("Market page of a symbol: fields, ladder, tape, candles, footprint, gauges.").ProducesProblem(StatusCodes.Status404NotFound);
}

/// <summary>The topic <c>market:SYMBOL</c>.</summary>
internal sealed class MarketTopic(RunViews views, string symbol) : ITopic
{
    public string Name => $"market:{symbol}";

    public long? Version => views.Looks;

    public object Read() => views.ReadMarket(symbol)!;
}
