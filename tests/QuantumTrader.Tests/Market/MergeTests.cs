using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using static QuantumTrader.Tests.Market.Feed;

namespace QuantumTrader.Tests.Market;

public sealed class MergeTests
{
    [Fact]
    public void Sources_merge_by_event_time_and_equal_times_in_the_order_of_the_pipeline()
    {
        var merged = Run(new EngineSettings(), [Trade(10, 1), Trade(30, 2), Trade(30, 3), Trade(50, 4)], [Trade(20, 11), Trade(30, 12), Trade(60, 13)]);

        merged.Select(e => e.TradeNumber).ShouldBe([1L, 11, 2, 3, 12, 4, 13]);
        merged.Select(e => e.Sequence).ShouldBe([1L, 2, 3, 4, 5, 6, 7]);
    }

    [Fact]
    public void An_input_whose_times_go_back_keeps_its_own_order() =>
        Run(new EngineSettings(), [Trade(10, 1), Trade(40, 2), Trade(15, 3), Trade(50, 4)], [Trade(20, 11), Trade(45, 12)])
            .Select(e => e.TradeNumber).ShouldBe([1L, 11, 2, 3, 12, 4]);

    [Fact]
    public void The_order_is_the_same_for_any_workers_capacity_batch_and_fusion()
    {
        var random = new Random(5);
        MarketEvent[] Stream() => [.. Enumerable.Range(1, 2_000).Select(i => Trade((i * 10) + random.Next(-30, 30), random.Next()))];
        var streams = new[] { Stream(), Stream(), Stream()[..50] };
        var expected = Run(new EngineSettings(), streams).Select(e => e.TradeNumber).ToArray();

        expected.Length.ShouldBe(4_050);
        foreach (var settings in new[] { new EngineSettings { Workers = 1 }, new EngineSettings { Capacity = 1, Batch = 1 }, new EngineSettings { Workers = 4, Batch = 7, Capacity = 13, Fuse = false } })
        {
            Run(settings, streams).Select(e => e.TradeNumber).ShouldBe(expected);
        }
    }

    [Fact]
    public void A_source_that_would_wait_for_itself_is_refused()
    {
        var builder = new GraphBuilder().Add("a", new Given([])).Add("b", new Given([]))
            .Add("ab", new Merge(), ["a", "b"]).Add("twice", new Merge(), ["ab", "a"]);

        Should.Throw<GraphException>(builder.Build).Message.ShouldBe("Block 'twice' is reached by one source over two inputs, of which one would wait for the other for ever.");
    }

    private static List<MarketEvent> Run(EngineSettings settings, params MarketEvent[][] streams)
    {
        var collect = new CollectEvents();
        var builder = new GraphBuilder(settings);
        for (var i = 0; i < streams.Length; i++)
        {
            builder.Add($"s{i}", new Given(Numbered(streams[i])));
        }

        builder.Add("merge", new Merge(), [.. streams.Select((_, i) => $"s{i}")]).Add("end", collect, ["merge"]);
        using var graph = builder.Build();
        var run = graph.RunAsync();
        run.Wait(TimeSpan.FromSeconds(60)).ShouldBeTrue("the graph must end");
        run.Result.Fault.ShouldBeNull();
        run.Result.Imbalances.ShouldBeEmpty();
        return collect.Seen;
    }

    private sealed class Given(MarketEvent[] events) : Source<MarketEvent>
    {
        private int _sent;

        public override bool Read(Output<MarketEvent> output, int limit, CancellationToken stop)
        {
            for (var i = 0; i < limit && _sent < events.Length; i++)
            {
                output.Add(events[_sent++]);
            }

            return _sent < events.Length;
        }
    }

    private sealed class CollectEvents : Observer<MarketEvent>
    {
        public List<MarketEvent> Seen { get; } = [];

        public override void Observe(Run<MarketEvent> run)
        {
            foreach (ref readonly var e in run)
            {
                Seen.Add(e);
            }
        }
    }
}
