using QuantumTrader.Pipelines;

namespace QuantumTrader.Market;

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
    /// <exception cref="ConfigurationException">A symbol or the calendar is not in its file, or a file is bad.</exception>
    public MarketContext(MarketOptions options, SectionContext files)
        : this(Calendars.Find(options.Calendar, files), Market.Instruments.Find(options.Symbols, files))
    {
    }

    private MarketContext(TradingCalendar calendar, Instrument[] instruments)
    {
        _instruments = instruments;
        Symbols = new SymbolTable(instruments.Select(i => i.Symbol));
        Calendar = calendar;
    }

    /// <summary>The symbols, numbered in the order of the section.</summary>
    public SymbolTable Symbols { get; }

    /// <summary>The instruments in the order of the section: the one of symbol s is at s - 1.</summary>
    public IReadOnlyList<Instrument> Instruments => _instruments;

    /// <summary>Days and hours of trading.</summary>
    public TradingCalendar Calendar { get; }

    /// <summary>The rings of the pipeline's <c>rings</c> blocks, by the name of the block.</summary>
    public RingRegistry Rings { get; } = new();

    /// <summary>A market made in code, without files: for tests and tools.</summary>
    public static MarketContext Of(TradingCalendar calendar, params Instrument[] instruments) => new(calendar, instruments);

    /// <summary>The instrument of an interned symbol.</summary>
    public Instrument Instrument(int symbol) => _instruments[symbol - 1];
}
