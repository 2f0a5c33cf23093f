using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Dataflow;
using QuantumTrader.Tests.Storage.Valkey;

namespace QuantumTrader.Tests.Dataflow;

public sealed class TapTests
{
    private const int Count = 40_000;

    private static readonly EngineSettings[] Modes =
    [
        new() { Hashes = true },
        new() { Hashes = true, Fuse = false },
        new() { Hashes = true, Fuse = false, Capacity = 1 },
    ];

    public static TheoryData<int> ModeNumbers => [.. Enumerable.Range(0, Modes.Length)];

    // Two branches, one of which edits in place, a merge and a parallel block: every way in which an output is handed on.
    private static Graph Build(EngineSettings settings, Collect sink, long count = Count, Source<Number>? source = null) => new GraphBuilder(settings)
        .Add("source", source ?? new Counting(count))
        .Add("times", new Multiply(v => (int)(v % 3)), ["source"])
        .Add("negate", new DropAndChange(v => v % 5 == 0), ["times"])
        .Add("merge", new Multiply(_ => 1, 1), ["times", "negate"])
        .Add("sums", _ => new SumPerKey(), [("from", ["merge"])], new BlockSettings { Parallelism = 3 })
        .Add("sink", sink, ["sums"])
        .Build();

    private sealed class Recorder : IWatcher<Number>
    {
        public List<Number> Seen { get; } = [];

        public void See(ReadOnlySpan<Number> events) => Seen.AddRange(events);
    }

    private sealed class Holding(long at, ManualResetEventSlim goesOn) : Source<Number>
    {
        private long _sent;

        public override bool Read(Output<Number> output, int limit, CancellationToken stop)
        {
            if (_sent == at)
            {
                goesOn.Wait(stop);
            }

            for (var end = Math.Min(_sent + limit, _sent < at ? at : Count); _sent < end;)
            {
                _sent++;
                output.Add(new Number(_sent, _sent, _sent));
            }

            return _sent < Count;
        }
    }

    private sealed class ThrowsAt(int call) : IWatcher<Number>
    {
        public int Calls { get; private set; }

        public void See(ReadOnlySpan<Number> events)
        {
            if (++Calls == call)
            {
                throw new InvalidDataException("cannot look.");
            }
        }
    }

    private static GraphReport Run(Graph graph)
    {
        var run = graph.RunAsync();
        run.Wait(TimeSpan.FromSeconds(60)).ShouldBeTrue("the graph must end");
        run.Result.ShouldBeSound();
        return run.Result;
    }

    private static Dictionary<string, string?> Hashes(GraphReport report) => report.Blocks.ToDictionary(b => b.Name, b => b.Hash);

    private static string HashOf(IReadOnlyCollection<Number> events)
    {
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        Number.AppendTo(events.ToArray(), hash);
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    [Fact]
    public void Who_comes_late_to_a_parallel_block_that_nobody_read_sees_what_follows_in_order()
    {
        using var goesOn = new ManualResetEventSlim();
        using var graph = new GraphBuilder()
            .Add("source", new Holding(Count / 2, goesOn))
            .Add("sums", _ => new Multiply(_ => 1), [("from", ["source"])], new BlockSettings { Parallelism = 3 })
            .Build();
        var late = new Recorder();
        var run = graph.RunAsync();
        Eventually.Holds(() => graph.Snapshot().Block("sums").Out == Count / 2, "all that was read must come out, though nobody sees it");
        graph.Watch("sums", late);
        goesOn.Set();
        run.Wait(TimeSpan.FromSeconds(60)).ShouldBeTrue("the graph must end");

        run.Result.ShouldBeSound();
        var row = run.Result.Block("sums");
        (row.In, row.Out, row.Instances.Sum(i => i.Out)).ShouldBe((Count, Count, Count));
        late.Seen.Select(e => e.Sequence).ShouldBe(Enumerable.Range((Count / 2) + 1, Count / 2).Select(i => (long)i));
        run.Result.Latency.Sum(l => l.Count).ShouldBe(Count);
    }

    [Theory]
    [MemberData(nameof(ModeNumbers))]
    public void A_watcher_sees_exactly_what_each_block_sends_in_order(int mode)
    {
        var sink = new Collect();
        using var graph = Build(Modes[mode], sink, 20_000);
        var names = graph.Snapshot().Blocks.Select(b => b.Name).ToList();
        var watchers = names.ToDictionary(n => n, _ => new Recorder());
        foreach (var (name, watcher) in watchers)
        {
            graph.Watch(name, watcher);
        }

        var report = Run(graph);

        watchers.ToDictionary(w => w.Key, w => (string?)HashOf(w.Value.Seen)).ShouldBe(Hashes(report), ignoreOrder: true);
        watchers["sink"].Seen.ShouldBe(sink.Seen);
    }

    [Fact]
    public void A_tap_that_holds_all_gives_all_and_counts_none_as_unseen()
    {
        var sink = new Collect();
        using var graph = Build(Modes[0], sink, 5_000);
        using var tap = (Tap<Number>)graph.Tap("sums", 20_000);
        Run(graph);

        var read = new Number[20_000];
        var count = tap.Read(read);

        read[..count].ShouldBe(sink.Seen);
        (tap.Sent, tap.Taken, tap.Unseen, tap.EventType, tap.Fault).ShouldBe((sink.Seen.Count, sink.Seen.Count, 0L, typeof(Number), null));
    }

    [Fact]
    public void What_finds_the_ring_full_is_counted_as_unseen_and_what_was_taken_is_the_oldest()
    {
        var tap = new Tap<Number>(10);
        tap.See(Numbers(1, 7));
        tap.See(Numbers(8, 7));

        (tap.Sent, tap.Taken, tap.Unseen).ShouldBe((14, 10, 4));
        Read(tap, 4).ShouldBe([1, 2, 3, 4]);
        tap.See(Numbers(15, 7));
        (tap.Sent, tap.Taken, tap.Unseen).ShouldBe((21, 14, 7));
        Read(tap, 100).ShouldBe([5, 6, 7, 8, 9, 10, 15, 16, 17, 18]);
        Read(tap, 100).ShouldBeEmpty();
    }

    [Fact]
    public void A_reader_who_cannot_keep_up_lets_fewer_events_wait()
    {
        var tap = new Tap<Number>(10) { Limit = 3 };
        tap.See(Numbers(1, 7));
        (tap.Capacity, tap.Taken, tap.Unseen).ShouldBe((10, 3, 4));
        tap.Limit = 100;
        tap.See(Numbers(8, 20));
        (tap.Limit, tap.Taken, tap.Unseen).ShouldBe((10, 10, 17));
        // Lower than what waits already: nothing is taken, nothing is lost.
        tap.Limit = 2;
        tap.See(Numbers(28, 1));
        Read(tap, 100).ShouldBe([1, 2, 3, 8, 9, 10, 11, 12, 13, 14]);
    }

    [Fact]
    public void A_sampling_tap_takes_every_nth_event_however_the_output_is_cut() => Check.QuickThrowOnFailure(Prop.ForAll<byte, byte[]>((every, cuts) =>
    {
        var step = (every % 9) + 1;
        var tap = new Tap<Number>(100_000, step);
        var sent = 0;
        foreach (var cut in cuts.Select(c => c % 50))
        {
            tap.See(Numbers(sent + 1, cut));
            sent += cut;
        }

        return tap.Sent == sent && tap.Unseen == 0
            && Read(tap, 100_000).SequenceEqual(Enumerable.Range(0, (sent + step - 1) / step).Select(i => 1L + (i * step)));
    }));

    [Fact]
    public void A_sampling_tap_that_was_full_goes_on_at_the_same_step() => Check.QuickThrowOnFailure(Prop.ForAll<byte, byte, byte[]>((every, capacity, cuts) =>
    {
        var (step, room) = ((every % 9) + 1, (capacity % 5) + 1);
        var tap = new Tap<Number>(room, step);
        var (sent, read) = (0, new List<long>());
        foreach (var cut in cuts.Select(c => c % 50))
        {
            tap.See(Numbers(sent + 1, cut));
            sent += cut;
            read.AddRange(Read(tap, 2));
        }

        return tap.Taken + tap.Unseen == (sent + step - 1) / step && read.All(v => (v - 1) % step == 0) && read.SequenceEqual(read.Order());
    }));

    [Theory]
    [MemberData(nameof(ModeNumbers))]
    public void Taps_put_on_and_taken_off_under_load_change_no_output(int mode)
    {
        var count = Modes[mode].Capacity == 1 ? 5_000 : Count;
        using var plain = Build(Modes[mode], new Collect(), count);
        var expected = Hashes(Run(plain));

        using var graph = Build(Modes[mode], new Collect(), count);
        var names = graph.Snapshot().Blocks.Select(b => b.Name).ToList();
        using var end = new CancellationTokenSource();
        using var started = new CountdownEvent(2);
        var watching = Enumerable.Range(0, 2).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            var held = new Queue<Tap>();
            var read = new Number[64];
            var (puts, seen) = (0, 0L);
            do
            {
                var tap = graph.Tap(names[random.Next(names.Count)], random.Next(1, 300), random.Next(1, 4));
                held.Enqueue(tap);
                puts++;
                if (puts == 5)
                {
                    started.Signal();
                }

                foreach (var each in held)
                {
                    // In order and without repeats, even where a ring was full between.
                    var some = read.AsSpan(0, ((Tap<Number>)each).Read(read));
                    for (var i = 1; i < some.Length; i++)
                    {
                        some[i].Sequence.ShouldBeGreaterThanOrEqualTo(some[i - 1].Sequence);
                    }

                    seen += some.Length;
                }

                while (held.Count > 4)
                {
                    held.Dequeue().Dispose();
                }
            }
            while (!end.IsCancellationRequested);
            return (puts, seen);
        })).ToArray();
        started.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();

        Hashes(Run(graph)).ShouldBe(expected, ignoreOrder: true);

        end.Cancel();
        Task.WaitAll(watching, TimeSpan.FromSeconds(30)).ShouldBeTrue();
        watching.Sum(w => w.Result.seen).ShouldBeGreaterThan(0, "the taps must have seen something of the run");
    }

    [Fact]
    public void A_tap_can_be_put_on_a_running_graph_and_sees_nothing_after_it_was_taken_off()
    {
        using var graph = Build(new EngineSettings(), new Collect(), source: new Slowly());
        using var stop = new CancellationTokenSource();
        var run = graph.RunAsync(stop.Token);
        var tap = (Tap<Number>)graph.Tap("source", 100_000);
        Eventually.Holds(() => tap.Taken > 0);
        tap.Dispose();
        var other = graph.Tap("source", 100_000);
        // What was on its way when the first was taken off has passed once the second has seen two hand-offs.
        Eventually.Holds(() => other.Taken > 1);
        var sent = tap.Sent;
        Eventually.Holds(() => other.Taken > 20);

        tap.Sent.ShouldBe(sent);
        stop.Cancel();
        run.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();
        run.Result.ShouldBeSound();
    }

    [Fact]
    public void A_watcher_that_throws_is_taken_off_and_said_and_disturbs_nobody()
    {
        using var plain = Build(Modes[0], new Collect());
        var expected = Hashes(Run(plain));
        using var graph = Build(Modes[0], new Collect());
        var (bad, good) = (new ThrowsAt(2), new Recorder());
        var (badWatch, goodWatch) = (graph.Watch("times", bad), graph.Watch("times", good));

        var report = Run(graph);

        Hashes(report).ShouldBe(expected, ignoreOrder: true);
        bad.Calls.ShouldBe(2);
        badWatch.Fault.ShouldBe("InvalidDataException: cannot look.");
        goodWatch.Fault.ShouldBeNull();
        HashOf(good.Seen).ShouldBe(expected["times"]);
        var note = report.Notes.ShouldHaveSingleItem();
        (note.Block, note.Code).ShouldBe(("times", "watcher_failed"));
        note.Message.ShouldContain("cannot look");
    }

    [Fact]
    public void A_watcher_of_another_type_and_an_unknown_block_are_refused_by_name()
    {
        using var graph = Build(new EngineSettings(), new Collect());

        Should.Throw<GraphException>(() => graph.Tap("nobody", 1)).Message.ShouldBe("No block is named 'nobody'. The graph has: source, times, negate, merge, sums#0, sums#1, sums#2, sums, sink.");
        Should.Throw<GraphException>(() => graph.Watch("times", new OtherWatcher())).Message.ShouldBe("Block 'times' sends Number; a watcher of MarketEvent cannot see that.");
        graph.OutputTypeOf("times").ShouldBe(typeof(Number));
    }

    [Fact]
    public void A_tap_of_events_with_storage_of_their_own_holds_copies()
    {
        var schema = new QuantumTrader.Features.FeatureSchema("a");
        QuantumTrader.Features.FeatureVector slot = default;
        QuantumTrader.Features.FeatureVector.Write(ref slot, 1, 1, 1, schema, [42], [1]);
        var tap = new Tap<QuantumTrader.Features.FeatureVector>(4);
        tap.See([slot]);
        QuantumTrader.Features.FeatureVector.Write(ref slot, 2, 2, 1, schema, [43], [1]);

        var read = new QuantumTrader.Features.FeatureVector[4];
        tap.Read(read).ShouldBe(1);
        read[0].Values.ToArray().ShouldBe([42]);
    }

    private sealed class OtherWatcher : IWatcher<QuantumTrader.Market.MarketEvent>
    {
        public void See(ReadOnlySpan<QuantumTrader.Market.MarketEvent> events)
        {
        }
    }

    // One event a hand-off, for ever.
    private sealed class Slowly : Source<Number>
    {
        private long _sent;

        public override bool Read(Output<Number> output, int limit, CancellationToken stop)
        {
            output.Add(new Number(++_sent, _sent));
            return !stop.WaitHandle.WaitOne(1);
        }
    }

    private static Number[] Numbers(long first, int count) => [.. Enumerable.Range(0, count).Select(i => new Number(first + i, first + i))];

    private static long[] Read(Tap<Number> tap, int count)
    {
        var read = new Number[count];
        return [.. read[..tap.Read(read)].Select(n => n.Value)];
    }
}
