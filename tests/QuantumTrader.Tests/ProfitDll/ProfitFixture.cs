using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll;
using QuantumTrader.ProfitDll.Native;
using QuantumTrader.Tests.App;

namespace QuantumTrader.Tests.ProfitDll;

/// <summary>The callbacks belong to the process, so only one test at a time has a session.</summary>
[CollectionDefinition("ProfitDll", DisableParallelization = false)]
public sealed class ProfitDllCollection;

/// <summary>What the simulator counts of its consumer.</summary>
internal enum Counter
{
    RequestInCallback,
    TranslateLate,
    FreeUnknown,
    FreeSize,
    BlocksOut,
    Callbacks,
    Trades,
    BadLines,
    Subscribed,
    HistoryRequests,
    Finalized,
    Orders,
}

/// <summary>
/// A simulator of its own for each test: a copy of the library, because one can be initialised only once. Behind every test it must have
/// seen no misuse: no request inside a callback, no trade translated late, no block kept, freed twice or with a wrong size.
/// </summary>
internal sealed unsafe class ProfitFixture : IDisposable
{
    public const string Ticker = "WDOU25";
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // B3's clock is three hours behind UTC.
    public static readonly TradingCalendar B3 = Calendar();

    private static readonly Lazy<string> Built = new(() => LibraryFile.Find(Path.Combine(Qt.Root, "tests", "ProfitDllSimulator"), new SectionContext(Qt.Root, Qt.Root)));

    private readonly TemporaryFolder _folder = new();
    private readonly nint _handle;
    private readonly List<ProfitDllSource> _sources = [];
    private long _subscribed;

    public ProfitFixture(params string[] script)
    {
        Library = Path.Combine(_folder.Path, "libprofit.so");
        File.Copy(Built.Value, Library);
        _handle = NativeLibrary.Load(Library);
        Run([$"asset {Ticker} 5500 0.5 10", "asset WDOV25 5600 0.5 10", .. script]);
    }

    public string Library { get; }

    /// <summary>Misuse that the test itself provokes.</summary>
    public HashSet<Counter> Expected { get; } = [];

    public MarketContext Market { get; } = MarketContext.Of(B3, new Instrument(Ticker, 0.5m, 10m, 1m), new Instrument("WDOV25", 0.5m, 10m, 1m));

    public List<MarketEvent> Events { get; } = [];

    /// <summary>The section that a source and the orders share; made when first asked for.</summary>
    public ProfitLogin Login => field ??= new ProfitLogin(new ProfitLoginOptions { Library = Library, Routing = Routing, Tap = Tap, Server = Server }, Files);

    public bool Routing { get; init; }

    public bool Tap { get; init; }

    public string? Server { get; init; }

    private static SectionContext Files { get; } = new(Qt.Root, Qt.Root);

    public nint Export(string name) => NativeLibrary.GetExport(_handle, name);

    public void Run(params string[] lines)
    {
        fixed (byte* script = Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\0"))
        {
            ((delegate* unmanaged<byte*, int>)Export("SimRun"))(script).ShouldBe(0);
        }
    }

    public void Wait() => ((delegate* unmanaged<int, int>)Export("SimWait"))((int)Patience.TotalMilliseconds).ShouldBe(0, "the simulator must get through its script");

    public long Count(Counter counter) => ((delegate* unmanaged<int, long>)Export("SimCounter"))((int)counter);

    public long Prints(string ticker = Ticker)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(ticker + "\0"))
        {
            return ((delegate* unmanaged<byte*, long>)Export("SimPrints"))(name);
        }
    }

    /// <summary>The true book: quantity by price, of orders (0) or prices (1).</summary>
    public Dictionary<double, long> Truth(int what, int side, string ticker = Ticker)
    {
        var truth = new Dictionary<double, long>();
        fixed (byte* name = Encoding.UTF8.GetBytes(ticker + "\0"))
        {
            var book = (delegate* unmanaged<byte*, int, int, int, double*, long*, int>)Export("SimBook");
            double price;
            long quantity;
            var count = book(name, what, side, -1, &price, &quantity);
            for (var i = 0; i < count; i++)
            {
                book(name, what, side, i, &price, &quantity);
                truth[price] = truth.GetValueOrDefault(price) + quantity;
            }
        }

        return truth;
    }

    public ProfitDllSource NewSource(ProfitDllSourceOptions? options = null, WhenFull whenFull = WhenFull.DropNewest)
    {
        options ??= new ProfitDllSourceOptions();
        var source = new ProfitDllSource(
            options with { MaxClockSkewMs = 0 }, new BlockContext("feed", Files, TimeProvider.System) { WhenFull = whenFull }, Market, Login);
        _sources.Add(source);
        return source;
    }

    /// <summary>A source that is connected and subscribed.</summary>
    public ProfitDllSource Source(ProfitDllSourceOptions? options = null)
    {
        var source = NewSource(options ?? new ProfitDllSourceOptions { Undated = UndatedTime.Feed });
        source.Start();
        AwaitSubscription(source);
        return source;
    }

    /// <summary>Waits for the next time that the source has subscribed to everything.</summary>
    public void AwaitSubscription(ProfitDllSource source)
    {
        _subscribed++;
        ReadUntil(source, () => Report(source).Subscriptions >= _subscribed, "the source must subscribe");
        Wait();
    }

    public static ProfitDllReport Report(ProfitDllSource source) => (ProfitDllReport)source.Report()!;

    /// <summary>Reads into <see cref="Events"/> until the condition holds.</summary>
    public void ReadUntil(ProfitDllSource source, Func<bool> condition, string what)
    {
        var output = new Output<MarketEvent>();
        var since = Stopwatch.StartNew();
        while (!condition())
        {
            since.Elapsed.ShouldBeLessThan(Patience, what);
            using var glance = new CancellationTokenSource(5);
            source.Read(output, 256, glance.Token);
            Events.AddRange(output.ToArray());
        }
    }

    /// <summary>Runs lines and reads until the source has read everything that they brought.</summary>
    public MarketEvent[] Play(ProfitDllSource source, params string[] lines)
    {
        var before = Events.Count;
        Run(lines);
        Wait();
        ReadRest(source);
        return [.. Events.Skip(before)];
    }

    /// <summary>Reads what waits.</summary>
    public void ReadRest(ProfitDllSource source) => ReadUntil(source, () => source.Gauges[0].Value == 0, "the source must read what waits");

    public void Dispose()
    {
        foreach (var source in _sources)
        {
            source.Dispose();
        }

        var misuse = new[] { Counter.RequestInCallback, Counter.TranslateLate, Counter.FreeUnknown, Counter.FreeSize, Counter.BlocksOut, Counter.BadLines }
            .Where(c => !Expected.Contains(c) && Count(c) != 0).Select(c => $"{c}: {Count(c)}").ToList();
        _folder.Dispose();
        misuse.ShouldBeEmpty();
    }

    private static TradingCalendar Calendar()
    {
        var b3 = new SectionContext(Qt.Root, Qt.Root);
        return new MarketContext(new MarketOptions { Calendar = "b3", Symbols = ["WDOU25"] }, b3).Calendar;
    }
}
