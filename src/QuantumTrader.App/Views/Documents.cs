using System.Globalization;
using System.Text.Json.Serialization;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Views;

/// <summary>Levels as [price, quantity], best first.</summary>
internal sealed record BookDocument(decimal[][] Bids, decimal[][] Asks);

/// <summary>A trade.</summary>
internal sealed record TradeDocument(string Time, decimal Price, decimal Quantity, Side Side, SideSource SideSource);

/// <summary>A candle. Delta: bought less sold; cumulative: since the begin of the trading day.</summary>
internal sealed record CandleDocument(decimal Open, decimal High, decimal Low, decimal Close, decimal Volume, decimal Delta, decimal CumulativeDelta);

/// <summary>A figure with the range it can have.</summary>
/// <param name="Value">The value; the feature's neutral one while it is not warm.</param>
/// <param name="Warm">It is computed from enough data.</param>
/// <param name="Min">Smallest possible value; null when there is none.</param>
/// <param name="Max">Largest possible value; null when there is none.</param>
internal sealed record Gauge(double Value, bool Warm, double? Min, double? Max);

/// <summary>The newest prediction.</summary>
internal sealed record LastPrediction(string Time, double Direction, double Confidence, string Model);

/// <summary>What the predictions of the last five minutes come to.</summary>
internal sealed record PredictionFigures(
    LastPrediction? Last, [property: JsonPropertyName("count_5min")] int Count, double? MeanConfidence, double? BullishShare, double? Stability);

/// <summary>The dashboard fields. Null where a field is not defined, as where it would divide by zero.</summary>
internal sealed record MarketFields
{
    public decimal? LastPrice { get; init; }

    [JsonPropertyName("volume_5min")]
    public decimal? Volume { get; init; }

    [JsonPropertyName("trades_5min")]
    public int? Trades { get; init; }

    [JsonPropertyName("price_change_5min")]
    public decimal? PriceChange { get; init; }

    [JsonPropertyName("price_change_5min_pct")]
    public double? PriceChangePercent { get; init; }

    public double? AvgTradeSize { get; init; }

    public double? BuySellRatio { get; init; }

    [JsonPropertyName("open_5min")]
    public decimal? Open { get; init; }

    [JsonPropertyName("high_5min")]
    public decimal? High { get; init; }

    [JsonPropertyName("low_5min")]
    public decimal? Low { get; init; }

    public decimal? Spread { get; init; }

    public double? Vwap { get; init; }

    [JsonPropertyName("sma_9")]
    public double? ShortMean { get; init; }

    [JsonPropertyName("sma_20")]
    public double? LongMean { get; init; }

    [JsonPropertyName("rsi_14")]
    public double? Rsi { get; init; }

    public double? BandUpper { get; init; }

    public double? BandMiddle { get; init; }

    public double? BandLower { get; init; }

    public double? VolumeTrend { get; init; }

    /// <summary>The fields of a symbol.</summary>
    public static MarketFields Of(WindowFigures? window, CloseFigures closes, (long Bid, long Ask)? quote) => new()
    {
        LastPrice = Documents.Decimal(window?.Last),
        Volume = window is null ? null : (decimal)window.Volume / Scaled.One,
        Trades = window?.Trades,
        PriceChange = Documents.Decimal(window?.Last - window?.Before),
        PriceChangePercent = window is { Last: { } last, Before: { } before } ? 100.0 * (last - before) / before : null,
        AvgTradeSize = window is null ? null : window.Trades == 0 ? 0 : (double)window.Volume / Scaled.One / window.Trades,
        BuySellRatio = window is null ? null : window.Sold > 0 ? (double)window.Bought / (double)window.Sold : window.Bought > 0 ? null : 1,
        Open = Documents.Decimal(window?.Open),
        High = Documents.Decimal(window?.High),
        Low = Documents.Decimal(window?.Low),
        Spread = Documents.Decimal(quote?.Ask - quote?.Bid),
        Vwap = window is { Volume: var volume } && volume > 0 ? (double)window.Notional / (double)volume / Scaled.One : null,
        ShortMean = closes.ShortMean,
        LongMean = closes.LongMean,
        Rsi = closes.Rsi,
        BandUpper = closes.UpperBand,
        BandMiddle = closes.LongMean,
        BandLower = closes.LowerBand,
        VolumeTrend = closes.VolumeTrend,
    };
}

/// <summary>How much of the run a page has seen.</summary>
/// <param name="Unseen">Events that were sent while the page could not take them, as in a replay at full speed.</param>
/// <param name="Complete">All of the last five minutes was seen.</param>
internal sealed record Coverage(long Unseen, bool Complete);

/// <summary>The market page of one symbol.</summary>
internal sealed record MarketDocument
{
    public required string Symbol { get; init; }

    /// <summary>T: time of the newest event.</summary>
    public string? EventTime { get; init; }

    public required decimal Tick { get; init; }

    public required int PriceDecimals { get; init; }

    public required int QuantityDecimals { get; init; }

    public int CandleSeconds { get; init; } = 60;

    public required Coverage Coverage { get; init; }

    public required MarketFields Fields { get; init; }

    public required RunHealth Health { get; init; }

    public PredictionFigures? Ml { get; init; }

    public BookDocument? Book { get; init; }

    public required IReadOnlyDictionary<string, TradeDocument> Tape { get; init; }

    public required IReadOnlyDictionary<string, CandleDocument> Candles { get; init; }

    /// <summary>By begin of the candle and price: bought, sold.</summary>
    public required IReadOnlyDictionary<string, Dictionary<string, decimal[]>> Footprint { get; init; }

    public required IReadOnlyDictionary<string, Gauge> Gauges { get; init; }
}

/// <summary>A page that the pipeline has nothing for, and why.</summary>
internal sealed record EmptyDocument(string Reason)
{
    public bool Empty { get; } = true;
}

/// <summary>Turns events into what is sent.</summary>
internal static class Documents
{
    public static string Time(long nanoseconds) => IsoTime.ToText(nanoseconds);

    public static decimal? Decimal(long? scaled) => scaled is { } value ? Number(value) : null;

    /// <summary>An exact number without trailing zeros.</summary>
    public static decimal Number(long scaled) => Scaled.ToDecimal(scaled) / 1.000000000000000000000000000000000m;

    public static int Decimals(decimal step) => (step / 1.000000000000000000000000000000000m).ToString(CultureInfo.InvariantCulture) is var text && text.IndexOf('.', StringComparison.Ordinal) is >= 0 and var at ? text.Length - at - 1 : 0;

    public static decimal[][] Levels(ReadOnlySpan<PriceLevel> levels)
    {
        var documents = new decimal[levels.Length][];
        for (var i = 0; i < levels.Length; i++)
        {
            documents[i] = [Number(levels[i].Price), Number(levels[i].Quantity)];
        }

        return documents;
    }

    public static TradeDocument Trade(in MarketEvent e) => new(Time(e.EventTime), Number(e.Price), Number(e.Quantity), e.Side, e.SideSource);

    public static CandleDocument Candle(in Candle c, long cumulativeDelta) =>
        new(Number(c.Open), Number(c.High), Number(c.Low), Number(c.Close), Number(c.Volume), Number(c.BuyVolume - c.SellVolume), Number(cumulativeDelta));

    public static Dictionary<string, decimal[]> Footprint(FootprintLevel[] levels) =>
        levels.ToDictionary(l => Scaled.ToText(l.Price), l => (decimal[])[Number(l.Bought), Number(l.Sold)]);

    /// <summary>The features of some vectors, by name.</summary>
    public static SortedDictionary<string, Gauge> Gauges(IEnumerable<FeatureVector> vectors)
    {
        var gauges = new SortedDictionary<string, Gauge>(StringComparer.Ordinal);
        foreach (var vector in vectors)
        {
            var schema = vector.Schema;
            for (var i = 0; i < vector.Values.Length && i < schema.Names.Count; i++)
            {
                var (min, max) = i < schema.Definitions.Count ? (schema.Definitions[i].Min, schema.Definitions[i].Max) : (double.NegativeInfinity, double.PositiveInfinity);
                gauges[schema.Names[i]] = new Gauge(vector.Values[i], vector.IsWarm(i), double.IsFinite(min) ? min : null, double.IsFinite(max) ? max : null);
            }
        }

        return gauges;
    }
}
