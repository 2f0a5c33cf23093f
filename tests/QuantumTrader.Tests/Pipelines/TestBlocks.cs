using System.Security.Cryptography;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

public struct Tick : IEvent<Tick>
{
    public long Sequence { get; set; }

    public decimal Price { get; set; }

    public readonly long PartitionKey => 0;

    public readonly long ConflationKey => 0;

    public static void AppendTo(ReadOnlySpan<Tick> events, IncrementalHash hash) => throw new NotSupportedException();
}

public struct Score : IEvent<Score>
{
    public long Sequence { get; set; }

    public readonly long PartitionKey => 0;

    public readonly long ConflationKey => 0;

    public static void AppendTo(ReadOnlySpan<Score> events, IncrementalHash hash) => throw new NotSupportedException();
}

public enum Speed
{
    AsRecorded,
    AsFastAsPossible,
}

public sealed record Limit
{
    [Required]
    public string Name { get; init; } = "";

    [Range(0, 1)]
    public double Share { get; init; } = 0.5;
}

public sealed record TestSourceOptions
{
    public string File { get; init; } = "ticks.csv";

    [Range(1, 1000)]
    public int Rate { get; init; } = 10;

    public Speed Speed { get; init; } = Speed.AsFastAsPossible;

    public bool Loop { get; init; }

    public long? Seed { get; init; }

    public decimal Tick { get; init; } = 0.5m;

    public double Factor { get; init; } = 1.5;

    public string? Comment { get; init; }

    public IReadOnlyList<string> Symbols { get; init; } = [];

    [Range(1, 99)]
    public int[] Windows { get; init; } = [5, 20];

    public IReadOnlyDictionary<string, decimal> Prices { get; init; } = new Dictionary<string, decimal>();

    public Limit? Limit { get; init; }

    public IReadOnlyList<Limit> Limits { get; init; } = [];
}

/// <summary>A source.</summary>
[Block("test.source", "Brings in ticks.")]
public sealed class TestSource(TestSourceOptions options, BlockContext context) : Source<Tick>
{
    public TestSourceOptions Options { get; } = options;

    public BlockContext Context { get; } = context;

    public override bool Read(Output<Tick> output, int limit, CancellationToken stop) => false;
}

[Block("test.callback", "Is called back with ticks.", Callback = true)]
public sealed class TestCallback : Source<Tick>
{
    public override bool Read(Output<Tick> output, int limit, CancellationToken stop) => false;
}

[Block("test.normalize", "Numbers ticks anew."), Resequences]
public sealed class TestNormalize : Operator<Tick, Tick>
{
    public override void Process(Run<Tick> run, Output<Tick> output) { }
}

[Block("test.merge", "Merges ticks of several sources."), Resequences]
public sealed class TestMerge : Operator<Tick, Tick>, IMergesBy<Tick>
{
    public long MergeKey(in Tick value) => (long)value.Price;

    public override void Process(Run<Tick> run, Output<Tick> output) { }
}

[Block("test.filter", "Removes ticks.")]
public sealed class TestFilter : Filter<Tick>
{
    public override void Process(EditableRun<Tick> run) { }
}

[Block("test.log", "Writes ticks down.", Io = true)]
public sealed class TestLog : Observer<Tick>
{
    public override void Observe(Run<Tick> run) { }
}

public sealed record TestModelOptions
{
    [Required]
    public string Model { get; init; } = "";

    [Range(1, 100)]
    public int Window { get; init; } = 20;
}

[Block("test.model", "Scores ticks."), Partitioned]
public sealed class TestModel : Operator<Tick, Score>
{
    public TestModel(TestModelOptions options, TestMarket market)
    {
        Market = market;
        if (options.Model == "missing.onnx")
        {
            throw new ConfigurationException("model", "the file missing.onnx does not exist.") { Outside = true };
        }
    }

    public TestMarket Market { get; }

    public override void Process(Run<Tick> run, Output<Score> output) { }
}

[Block("test.join", "Joins scores with ticks."), SidePort("market")]
public sealed class TestJoin : Operator<Score, Tick, Score>
{
    public override void Process(Run<Score> run, Output<Score> output) { }

    public override void ProcessSide(Run<Tick> run, Output<Score> output) { }
}

[Block("test.orders", "Trades scores.", Trading = true)]
public sealed class TestOrders : Operator<Score, Score>
{
    public override void Process(Run<Score> run, Output<Score> output) { }
}

public sealed record TestMarketOptions
{
    [Required]
    public IReadOnlyList<string> Symbols { get; init; } = [];
}

[Section("test_market", "What is traded.")]
public sealed class TestMarket(TestMarketOptions options, TestCalendar calendar)
{
    public TestMarketOptions Options { get; } = options;

    public TestCalendar Calendar { get; } = calendar;
}

public sealed record TestCalendarOptions
{
    public string Exchange { get; init; } = "b3";
}

[Section("test_calendar", "When it is traded.")]
public sealed class TestCalendar(TestCalendarOptions options)
{
    public string Exchange { get; } = options.Exchange;
}

[Block("test.sink", "Takes any events outside.", Io = true)]
public sealed class TestSink<T>(EventFormat<T> format, TestCalendar calendar) : Observer<T> where T : struct, IEvent<T>
{
    public EventFormat<T> Format { get; } = format;

    public TestCalendar Calendar { get; } = calendar;

    public override void Observe(Run<T> run) { }
}

public sealed record TestRecordedOptions
{
    public string Store { get; init; } = "";
}

/// <summary>A source that is not told its events by its class.</summary>
[Block("test.recorded", "Brings in any events.")]
public sealed class TestRecorded<T>(TestRecordedOptions options, EventFormat<T> format) : Source<T> where T : struct, IEvent<T>
{
    public TestRecordedOptions Options { get; } = options;

    public EventFormat<T> Format { get; } = format;

    public override bool Read(Output<T> output, int limit, CancellationToken stop) => false;
}

[Block("test.look", "Looks at any events.")]
public sealed class TestLook<T> : Observer<T> where T : struct, IEvent<T>
{
    public override void Observe(Run<T> run) { }
}

[Block("test.sample", "Removes any events when a tick says so."), SidePort("when")]
public sealed class TestSample<T> : Operator<T, Tick, T> where T : struct, IEvent<T>
{
    public override void Process(Run<T> run, Output<T> output) { }

    public override void ProcessSide(Run<Tick> run, Output<T> output) { }
}

[EventFormat("tick")]
public sealed class TickFormat(TestNames names) : EventFormat<Tick>
{
    public TestNames Names { get; } = names;

    public override IReadOnlyList<string> Fields { get; } = ["seq", "price"];

    public override IReadOnlyList<string> Channels { get; } = ["tick"];

    public override void Write(in Tick value, IFieldWriter fields)
    {
        fields.Whole("seq", value.Sequence);
        fields.Fixed("price", (long)(value.Price * Scaled.One));
    }

    public override Tick Read(IFieldReader fields) => new() { Sequence = fields.Whole("seq"), Price = Scaled.ToDecimal(fields.Fixed("price")) };

    public override EventAddress AddressOf(in Tick value) => new("tick", "", 0, value.Sequence);
}

[Section("test_names", "What the format of ticks needs.")]
public sealed class TestNames;

[Section("test_archive", "Needs the format of ticks.")]
public sealed class TestArchive(EventFormat<Tick> format)
{
    public EventFormat<Tick> Format { get; } = format;
}

/// <summary>Loads small pipelines.</summary>
internal static class Sample
{
    public static readonly BlockRegistry Registry = BlockRegistry.Scan([typeof(Sample).Assembly]);

    public const string Valid = """
        version: 1
        pipeline: sample
        test_market: { symbols: [WDOU25, BTCUSDT] }
        engine: { batch: 64, drain_seconds: 2.5 }
        blocks:
          model:  { type: test.model, from: clean, model: "${MODEL:-small.onnx}", window: 5, edge: { capacity: 100 } }
          feed:   { type: test.source, rate: 20, symbols: [a, b] }
          clean:  { type: test.filter, from: feed }
          log:    { type: test.log, from: clean, phase: store, edge: { capacity: 8192, when_full: drop_oldest } }
          join:   { type: test.join, from: model, market: clean }
          orders: { type: test.orders, from: [join], on_error: retry, retries: 5 }
        tests:
          - name: a tick gives a score
            insert: { feed: [{ price: 61680.5 }], join.market: [{ price: 1 }] }
            expect: { clean: [{ price: 61680.5 }] }
        """;

    /// <summary>A pipeline with these blocks, each a line such as <c>feed: { type: test.source }</c>; the first one is line 5.</summary>
    public static string With(params string[] blocks) =>
        "version: 1\npipeline: sample\ntest_market: { symbols: [a] }\nblocks:\n" + string.Concat(blocks.Select(b => $"  {b}\n"));

    public static LoadResult Load(string text, IReadOnlyList<string>? sets = null, Dictionary<string, string>? environment = null, IReadOnlyList<string>? overlays = null) =>
        new PipelineLoader(Registry).LoadText(text, "p.yml", overlays, sets, name => environment?.GetValueOrDefault(name));

    public static PipelinePlan Plan(string text, IReadOnlyList<string>? sets = null, Dictionary<string, string>? environment = null, IReadOnlyList<string>? overlays = null)
    {
        var result = Load(text, sets, environment, overlays);
        result.Findings.Where(f => f.Severity == Severity.Error).ShouldBeEmpty();
        return result.Plan.ShouldNotBeNull();
    }

    public static string[] Findings(string text, IReadOnlyList<string>? sets = null, Dictionary<string, string>? environment = null, IReadOnlyList<string>? overlays = null) =>
        [.. Load(text, sets, environment, overlays).Findings.Select(f => f.ToString())];
}
