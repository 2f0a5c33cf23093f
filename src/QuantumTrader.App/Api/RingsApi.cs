using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Views;
using QuantumTrader.Market;

namespace QuantumTrader.App.Api;

/// <summary>A candle with its begin.</summary>
internal sealed record TimedCandle(string Time, decimal Open, decimal High, decimal Low, decimal Close, decimal Volume, decimal Delta, int Trades)
{
    public static TimedCandle Of(Candle c) => new(
        Documents.Time(c.StartTime), Documents.Number(c.Open), Documents.Number(c.High), Documents.Number(c.Low), Documents.Number(c.Close), Documents.Number(c.Volume), Documents.Number(c.BuyVolume - c.SellVolume), c.Trades);
}

/// <summary>The newest of what a <c>rings</c> block keeps of a symbol, the newest last.</summary>
/// <param name="Symbol">The symbol.</param>
/// <param name="Block">The block.</param>
/// <param name="Trades">Trades, edits included.</param>
/// <param name="Book">The newest book; null before any.</param>
/// <param name="Candles">Closed candles.</param>
internal sealed record RingsDocument(string Symbol, string Block, IReadOnlyList<TradeDocument> Trades, BookDocument? Book, IReadOnlyList<TimedCandle> Candles);

/// <summary><c>/api/rings</c>: what the pipeline's own <c>rings</c> block keeps.</summary>
internal sealed class RingsApi(RunViews views) : IApi
{
    private const int Most = 1000;

    public void Map(IEndpointRouteBuilder routes, LiveRun run) =>
        routes.MapGet("/api/rings", (string? symbol, int? last, string? block) => Read(symbol, Math.Clamp(last ?? 100, 1, Most), block))
            .WithName("rings").WithSummary("The newest trades, book and candles that a block 'rings' keeps.").ProducesProblem(StatusCodes.Status404NotFound);

    private Results<Ok<RingsDocument>, ProblemHttpResult> Read(string? symbol, int last, string? block)
    {
        var name = Symbols.OrFirst(symbol, views.Market);
        var id = views.Market?.Symbols.Find(name) ?? 0;
        if (views.Market is not { } market || id <= 0)
        {
            return Symbols.None(symbol, views.Market);
        }

        if ((block ?? (market.Rings.Names is [var first, ..] ? first : null)) is not { } ring || !market.Rings.TryGet(ring, out var set))
        {
            return TypedResults.Problem(
                market.Rings.Names.Count == 0 ? "This pipeline has no block of type 'rings'. Add one behind the book." : $"No block of type 'rings' is named '{block}'; there are {string.Join(", ", market.Rings.Names)}.",
                statusCode: StatusCodes.Status404NotFound);
        }

        var rings = set.Of(id);
        var book = rings.Books.ReadLast(1);
        return TypedResults.Ok(new RingsDocument(
            name, ring, [.. rings.Trades.ReadLast(last).Select(t => Documents.Trade(in t))],
            book.Length == 0 ? null : new BookDocument(Documents.Levels(book[0].Bids), Documents.Levels(book[0].Asks)),
            [.. rings.Candles.ReadLast(last).Select(TimedCandle.Of)]));
    }
}
