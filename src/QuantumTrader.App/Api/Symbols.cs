using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using QuantumTrader.Market;

namespace QuantumTrader.App.Api;

/// <summary>The symbol that a request names.</summary>
internal static class Symbols
{
    /// <summary>The one named, else the pipeline's first; empty when it has none.</summary>
    public static string OrFirst(string? symbol, MarketContext? market) => symbol ?? (market is { Symbols.Count: > 0 } ? market.Symbols.Name(1) : "");

    /// <summary>The answer to a symbol that the pipeline does not have.</summary>
    public static ProblemHttpResult None(string? symbol, MarketContext? market) => TypedResults.Problem(
        market is null ? "This pipeline has no section 'market', and so no symbols." : $"There is no symbol '{symbol}'; there are {string.Join(", ", market.Instruments.Select(i => i.Symbol))}.",
        statusCode: StatusCodes.Status404NotFound);
}
