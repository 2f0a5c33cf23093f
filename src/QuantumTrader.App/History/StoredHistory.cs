using QuantumTrader.App.Commands;
using QuantumTrader.App.TimeTravel;
using QuantumTrader.App.Views;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;
using QuantumTrader.Trading;

namespace QuantumTrader.App.History;

/// <summary>What was known of a symbol at a moment; null or empty where the store had nothing by then.</summary>
internal sealed record KnownDocument(
    BookDocument? Book, TradeDocument? LastTrade, IReadOnlyList<TradeDocument> Trades, IReadOnlyList<Api.TimedCandle> Candles,
    IReadOnlyDictionary<string, SortedDictionary<string, Gauge>> Features, PredictionDocument? Prediction, SignalDocument? Signal);

/// <summary>A signal.</summary>
internal sealed record SignalDocument(string Time, Side Side, double Direction, double Confidence, double Price, string Model);

/// <summary>A moment of the past.</summary>
internal sealed record MomentDocument(string Symbol, string Time, KnownDocument Known);

/// <summary>A page of stored trades. The cursor, given back, asks for the next one; null on the last.</summary>
internal sealed record TicksDocument(string Symbol, string From, string To, IReadOnlyList<TradeDocument> Ticks, string? NextCursor, IReadOnlyList<string> Gaps);

/// <summary>What some days have in common.</summary>
internal sealed record PatternsDocument(
    string Symbol, int Days, string? From, string? To, string Bars, DailyPatterns Daily, VolumePatterns Volume, VolatilityEvolution Volatility, RegimeChanges Regimes, Performance? Performance,
    IReadOnlyList<string> Gaps);

/// <summary>Asks a store about the past of a symbol.</summary>
internal sealed class StoredHistory(OpenStore open, MarketContext market)
{
    private const int Trades = 50;
    private const int Candles = 120;
    private const int Depth = 10;
    private const long Day = 24 * 3_600_000_000_000;
    private static readonly string[] VectorChannels = ["features", "flow", "liquidity"];

    /// <summary>What was known at a moment.</summary>
    public MomentDocument At(string symbol, long time)
    {
        var known = new KnownThen(open, symbol, time);
        var trades = known.Last<MarketEvent>("tick", Trades);
        var features = new Dictionary<string, SortedDictionary<string, Gauge>>(StringComparer.Ordinal);
        foreach (var channel in VectorChannels.Where(_ => open.Format(typeof(FeatureVector)) is not null))
        {
            if (known.Last<FeatureVector>(channel, 1) is [var vector])
            {
                features[vector.Schema.Name.Length > 0 ? vector.Schema.Name : channel] = Documents.Gauges([vector]);
            }
        }

        return new MomentDocument(symbol, Documents.Time(time), new KnownDocument(
            Levels(known.Book()),
            trades.Count == 0 ? null : Documents.Trade(trades[^1]),
            [.. trades.Select(t => Documents.Trade(in t))],
            [.. Last<Candle>(known, "bar:1m", Candles).Select(Api.TimedCandle.Of)],
            features,
            Last<Prediction>(known, "prediction", 1) is [var p]
                ? new PredictionDocument(Documents.Time(p.EventTime), symbol, "", p.Direction, p.Probability, p.Confidence, p.Magnitude == 0 ? null : p.Magnitude, p.IsStale, p.Regime.IsJoined ? p.Regime.Class : null, p.Model)
                : null,
            Last<Signal>(known, "signal", 1) is [var s] ? new SignalDocument(Documents.Time(s.EventTime), s.Side, s.Direction, s.Confidence, s.Price, s.Model) : null));
    }

    /// <summary>A page of trades of [from, to).</summary>
    /// <param name="symbol">Name of the symbol.</param>
    /// <param name="from">First ns that counts.</param>
    /// <param name="to">First ns that no longer counts.</param>
    /// <param name="limit">Most trades of the page.</param>
    /// <param name="begin">Where the page begins.</param>
    public TicksDocument Ticks(string symbol, long from, long to, int limit, TickCursor begin)
    {
        var ticks = new List<MarketEvent>(limit + 1);
        var passed = 0L;
        // One more than the page holds says that there is another one.
        var answer = Query<MarketEvent>("tick", symbol, begin.Time, to, begin.Passed + limit + 1, e =>
        {
            if (e.EventTime != begin.Time || passed++ >= begin.Passed)
            {
                ticks.Add(e);
            }
        });
        TickCursor? next = null;
        if (ticks.Count > limit)
        {
            var time = ticks[limit].EventTime;
            var given = ticks.Take(limit).Count(t => t.EventTime == time);
            next = new TickCursor(time, given + (time == begin.Time ? begin.Passed : 0));
        }

        return new TicksDocument(symbol, Documents.Time(from), Documents.Time(to), [.. ticks.Take(limit).Select(t => Documents.Trade(in t))], next?.ToString(), Gaps(answer));
    }

    /// <summary>What the last days before a moment have in common.</summary>
    public PatternsDocument Patterns(string symbol, int days, long? before)
    {
        var streams = open.Store.Status().Streams.Where(s => s.Symbol == symbol).ToList();
        var hasBars = streams.Exists(s => s.Channel == "bar:1m");
        var to = before ?? streams.Where(s => s.Channel == (hasBars ? "bar:1m" : "tick")).Select(s => s.Last + 1).DefaultIfEmpty(0).Max();
        var from = to - (days * Day);
        var bars = new List<Candle>();
        var answer = hasBars ? Query<Candle>("bar:1m", symbol, from, to, long.MaxValue, bars.Add) : BarsOfTicks(symbol, from, to, bars);
        var fills = new List<Fill>();
        if (streams.Exists(s => s.Channel == "fill") && open.Format(typeof(Fill)) is not null)
        {
            Query<Fill>("fill", symbol, from, to, long.MaxValue, fills.Add);
        }

        var found = History.Patterns.Days(bars, market.Calendar);
        return new PatternsDocument(
            symbol, found.Count, bars.Count == 0 ? null : Documents.Time(bars[0].StartTime), bars.Count == 0 ? null : Documents.Time(bars[^1].EndTime), hasBars ? "stored" : "from_ticks",
            History.Patterns.Daily(found, market.Calendar), History.Patterns.Volume(found), History.Patterns.Volatility(found), History.Patterns.Regimes(found, market),
            History.Patterns.Of(fills, market.Instrument(market.Symbols.Find(symbol)).Multiplier, market.Calendar), Gaps(answer));
    }

    // A store without bars has them all the same, in its trades.
    private StoreAnswer BarsOfTicks(string symbol, long from, long to, List<Candle> bars)
    {
        var builder = new CandleBuilder(market.Calendar, market.Symbols.Find(symbol), 60_000_000_000);
        return Query<MarketEvent>("tick", symbol, from, to, long.MaxValue, e =>
        {
            if (e.EventTime >= builder.NextBoundary)
            {
                builder.Advance(e.EventTime, e.Sequence);
                bars.AddRange(builder.Closed);
            }

            builder.Add(in e);
        });
    }

    private StoreAnswer Query<T>(string channel, string symbol, long from, long to, long most, Action<T> take) where T : struct, IEvent<T> =>
        open.Store.Query(new StoreQuery(channel, symbol, from, to) { AtMost = most }, (EventFormat<T>)open.Format(typeof(T))!, events =>
        {
            foreach (ref readonly var e in events)
            {
                take(T.Keep(in e));
            }

            return true;
        });

    private IReadOnlyList<T> Last<T>(KnownThen known, string channel, int count) where T : struct, IEvent<T> => open.Format(typeof(T)) is null ? [] : known.Last<T>(channel, count);

    private static List<string> Gaps(StoreAnswer answer) => [.. answer.Gaps.Select(g => $"{Documents.Time(g.From)} to {Documents.Time(g.To)}: {g.Reason}")];

    private static BookDocument? Levels(OrderBook? book)
    {
        if (book is null)
        {
            return null;
        }

        var (bids, asks) = (new PriceLevel[Depth], new PriceLevel[Depth]);
        return new BookDocument(Documents.Levels(bids.AsSpan(0, book.CopyBids(bids))), Documents.Levels(asks.AsSpan(0, book.CopyAsks(asks))));
    }
}

/// <summary>A place between stored trades: the first one at a time, or so many behind it.</summary>
internal readonly record struct TickCursor(long Time, long Passed)
{
    public override string ToString() => FormattableString.Invariant($"{Time}-{Passed}");

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(string text, out TickCursor cursor)
    {
        cursor = default;
        var parts = text.Split('-');
        if (parts.Length != 2 || !long.TryParse(parts[0], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var time)
            || !long.TryParse(parts[1], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var passed))
        {
            return false;
        }

        cursor = new TickCursor(time, passed);
        return true;
    }
}
