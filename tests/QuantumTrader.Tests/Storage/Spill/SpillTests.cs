using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;
using QuantumTrader.Trading;
using QuantumTrader.Tests.Dataflow;

namespace QuantumTrader.Tests.Storage;

public sealed class SpillTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("qt-spill-").FullName;

    private sealed class Formats : IEventFormats
    {
        private readonly MarketContext _market = MarketContext.Of(new TradingCalendar(), new Instrument("WDOU25", 0.5m, 10, 1));

        public IEventFormat? Of(Type eventType) => eventType == typeof(Signal) ? new SignalFormat(_market) : null;
    }

    private SpillStore Open(long maxBytes = 1 << 30, long fileBytes = 65_536) =>
        new(new SpillOptions { Path = "spill", MaxBytes = maxBytes, FileBytes = fileBytes }, new SectionContext(_root, _root), new Formats());

    private static Number[] Numbers(int count, long first = 1) => [.. Enumerable.Range(0, count).Select(i => new Number(first + i, (first + i) * 3))];

    [Fact]
    public void Events_come_back_in_order_whatever_the_sizes_of_writes_and_reads()
    {
        using var store = Open();
        using var spill = store.Open<Number>("feed -> sink.from");
        var random = new Random(3);
        var (written, read) = (0L, 0L);
        var into = new Number[5000];
        while (written < 200_000 || spill.Count > 0)
        {
            if (written < 200_000)
            {
                var count = random.Next(1, 3000);
                spill.Write(Numbers(count, written + 1)).ShouldBe(count);
                written += count;
            }

            var taken = spill.Read(into.AsSpan(0, random.Next(1, 4000)));
            for (var i = 0; i < taken; i++)
            {
                (into[i].Sequence, into[i].Value).ShouldBe((read + i + 1, (read + i + 1) * 3));
            }

            read += taken;
            spill.Count.ShouldBe(written - read);
        }

        store.Bytes.ShouldBeLessThanOrEqualTo(65_536 * 2);
    }

    [Fact]
    public void Files_are_deleted_when_they_are_read_and_none_is_left_at_the_end()
    {
        using (var store = Open())
        {
            using var spill = store.Open<Number>("a -> b.from");
            spill.Write(Numbers(100_000)).ShouldBe(100_000);
            var most = Directory.GetFiles(_root, "*.spill", SearchOption.AllDirectories).Length;
            most.ShouldBeGreaterThan(20);
            spill.Read(new Number[60_000]).ShouldBe(60_000);
            Directory.GetFiles(_root, "*.spill", SearchOption.AllDirectories).Length.ShouldBeLessThan(most / 2 + 2);
        }

        Directory.GetFiles(_root, "*", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Fact]
    public void A_spill_takes_no_more_than_its_limit_and_goes_on_when_there_is_room()
    {
        using var store = Open(maxBytes: 100_000);
        using var spill = store.Open<Number>("a -> b.from");
        var taken = spill.Write(Numbers(100_000));
        taken.ShouldBeInRange(1, 100_000 / 24);
        spill.Write(Numbers(4000, taken + 1)).ShouldBe(0);

        var into = new Number[taken];
        spill.Read(into).ShouldBe(taken);
        into[^1].Sequence.ShouldBe(taken);
        spill.Write(Numbers(2000, taken + 1)).ShouldBe(2000);
    }

    [Fact]
    public void Events_with_references_go_through_their_format()
    {
        using var store = Open();
        using var spill = store.Open<Signal>("model -> risk.from");
        var signals = Enumerable.Range(1, 500).Select(i => new Signal(i, 1000 + i, 1, Side.Buy, i / 500.0, 0.5, 5000, $"model {i}")).ToArray();
        spill.Write(signals).ShouldBe(500);

        var into = new Signal[500];
        spill.Read(into).ShouldBe(500);
        into.ShouldBe(signals);
    }

    [Fact]
    public void What_cannot_be_written_down_is_refused_before_the_run()
    {
        using var store = Open();
        Should.Throw<ConfigurationException>(() => store.Open<QuantumTrader.Models.Prediction>("model -> signal.from").Dispose());
    }

    [Fact]
    public void Leftovers_of_a_killed_run_are_reported_and_removed_those_of_a_running_one_stay()
    {
        using var running = Open();
        using var spill = running.Open<Number>("a -> b.from");
        spill.Write(Numbers(10));
        var dead = Path.Combine(_root, "spill", "1-1");
        Directory.CreateDirectory(dead);
        File.WriteAllBytes(Path.Combine(dead, "a-1.spill"), new byte[500]);

        using var next = Open();
        next.Findings.ShouldHaveSingleItem().ShouldContain("500 bytes of spilled events");
        Directory.Exists(dead).ShouldBeFalse();
        spill.Read(new Number[10]).ShouldBe(10);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
