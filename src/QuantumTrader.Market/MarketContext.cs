using QuantumTrader.Pipelines;

namespace QuantumTrader.Market;

/// <summary>What is traded.</summary>
/// <param name="Symbol">Name in the feed, such as <c>BTCUSDT</c>.</param>
/// <param name="Tick">Smallest price step.</param>
/// <param name="Multiplier">Money per 1.0 of price and unit of quantity.</param>
/// <param name="QuantityStep">Smallest quantity step.</param>
public sealed record Instrument(string Symbol, decimal Tick, decimal Multiplier, decimal QuantityStep);

/// <summary>Options of the section <c>market</c>.</summary>
public sealed record MarketOptions
{
    /// <summary>Name of a calendar in config/calendars.yml: <c>b3</c>, <c>crypto</c>.</summary>
    public string Calendar { get; init; } = "crypto";

    /// <summary>The symbols of this pipeline; events of others are counted and dropped by the source.</summary>
    [Required]
    public IReadOnlyList<string> Symbols { get; init; } = [];
}

/// <summary>The market of a run: symbols, instruments, calendar.</summary>
[Section("market", "The symbols of the pipeline and the calendar of their exchange.")]
public sealed class MarketContext
{
    private readonly Instrument[] _instruments;

    /// <summary>Reads instruments and calendar from <c>config/</c>.</summary>
    public MarketContext(MarketOptions options, SectionContext files)
    {
        ArgumentNullException.ThrowIfNull(files);
        Symbols = new SymbolTable(options.Symbols);
        _instruments = [.. options.Symbols.Select(s => new Instrument(s, 0.01m, 1m, 0.00000001m))];
        Calendar = new TradingCalendar();
    }

    /// <summary>The symbols, numbered in the order of the section.</summary>
    public SymbolTable Symbols { get; }

    /// <summary>Days and hours of trading.</summary>
    public TradingCalendar Calendar { get; }

    /// <summary>The instrument of an interned symbol.</summary>
    public Instrument Instrument(int symbol) => _instruments[symbol - 1];
}

/// <summary>One trading day of a calendar.</summary>
/// <param name="Day">Days since 1970-01-01, by the exchange's own date.</param>
/// <param name="Open">First ns of the session, UTC.</param>
/// <param name="Close">First ns after the session, UTC.</param>
public readonly record struct TradingDay(int Day, long Open, long Close);

/// <summary>Days and hours of trading of one exchange.</summary>
public sealed class TradingCalendar
{
    private readonly long NanosecondsPerDay = 86_400_000_000_000L;

    /// <summary>The trading day whose session holds this time (ns UTC); false outside sessions.</summary>
    public bool TryGetDay(long time, out TradingDay day)
    {
        var number = (int)Math.DivRem(time, NanosecondsPerDay, out _);
        day = new TradingDay(number, number * NanosecondsPerDay, (number + 1) * NanosecondsPerDay);
        return true;
    }

    /// <summary>The exchange's own date of this time, in days since 1970-01-01; defined outside sessions too.</summary>
    public int DateOf(long time) => (int)Math.DivRem(time, NanosecondsPerDay, out _);
}
