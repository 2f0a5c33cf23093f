using System.IO.Compression;
using System.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Market.Sources;

/// <summary>Builds and reads sources outside a graph.</summary>
internal static class Feed
{
    public static SectionContext Files { get; } = new(TestData.Folder, QuantumTrader.Tests.App.Qt.Root);

    public static MarketContext Market(params string[] symbols) => new(new MarketOptions { Symbols = symbols }, Files);

    public static BlockContext Context(TimeProvider? clock = null) => new("feed", Files, clock ?? TimeProvider.System);

    public static MarketEvent[] ReadAll(Source<MarketEvent> source, int limit = 256)
    {
        var output = new Output<MarketEvent>();
        var all = new List<MarketEvent>();
        while (source.Read(output, limit, CancellationToken.None))
        {
            all.AddRange(output.ToArray());
        }

        output.ToArray().ShouldBeEmpty("a source that says that there are no more must not have added any");
        return [.. all];
    }

    public static void ShouldBeNumberedFromOne(this MarketEvent[] events) =>
        events.Select(e => e.Sequence).SequenceEqual(Enumerable.Range(1, events.Length).Select(i => (long)i)).ShouldBeTrue("sequences are 1, 2, 3, ...");

    public static MarketEvent[] Of(this MarketEvent[] events, EventKind kind) => [.. events.Where(e => e.Kind == kind)];

    public static byte[] Gzip(string text)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Optimal))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return memory.ToArray();
    }
}
