using System.Globalization;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Tests.Dataflow;

/// <summary>What the account of a run finds out: each of its checks against a part that counts wrongly.</summary>
public sealed class AccountTests
{
    [Theory]
    [InlineData(3, 2, 0, "edge a -> b: in 3 is not out 2", "block b took in 0 events, but its edges handed it 2", "block a sent 0 events, but its edge to b got 3")]
    [InlineData(1, 0, 1, "edge a -> b still holds 1 events", "block a sent 0 events, but its edge to b got 1")]
    [InlineData(0, 0, 0)]
    public void An_edge_that_does_not_add_up_with_itself_or_its_blocks_is_found_out(long written, long read, int waiting, params string[] found)
    {
        var settings = new NodeSettings(new BlockSettings(), new EngineSettings(), new PoolSet(8));
        Node[] nodes = [new Counting(0).CreateNode(settings), new Collect().CreateNode(settings)];
        Island[] islands = [.. nodes.Select((n, i) => new Island(i, [n], settings.Engine, CancellationToken.None))];
        var edge = new GraphEdge("a", "b", "from", WhenFull.Block, 1, new Probe(new LinkCounts { In = written, Out = read, Depth = waiting }));
        var account = new GraphAccount([new GraphNode("a", "a", nodes[0], islands[0]), new GraphNode("b", "b", nodes[1], islands[1])], [edge]);

        var imbalances = account.Report(TimeSpan.Zero, fault: null, isCompleted: true, outstandingBatches: 0).Imbalances;

        imbalances.Count.ShouldBe(found.Length);
        imbalances.Zip(found).ShouldAllBe(pair => pair.First.StartsWith(pair.Second, StringComparison.Ordinal));
    }

    [Fact]
    public void A_batch_that_is_never_given_back_is_found_out()
    {
        var report = new GraphBuilder().Add("source", new Counting(10)).Add("leaking", new Leaking(), ["source"]).Run();

        report.Imbalances.ShouldBe(["1 batches were never given back"]);
        report.Balanced.ShouldBeFalse();
    }

    [Fact]
    public void Drops_of_an_edge_stand_under_their_reasons()
    {
        string[] Reasons(WhenFull policy)
        {
            using var release = new ManualResetEventSlim();
            using var stop = new CancellationTokenSource();
            using var graph = new GraphBuilder().Add("source", new Endless())
                .Add("end", new Stuck(release), ["source"], new BlockSettings { Io = true, Edge = new EdgeSettings { Capacity = 4, WhenFull = policy } }).Build();
            var run = graph.RunAsync(stop.Token);
            SpinWait.SpinUntil(() => graph.Snapshot().Edges[0].Dropped.Values.Sum() > 1_000, TimeSpan.FromSeconds(30)).ShouldBeTrue();
            stop.Cancel();
            release.Set();
            run.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();
            run.Result.ShouldBeSound();
            return [.. run.Result.Edges[0].Dropped.Keys];
        }

        Reasons(WhenFull.DropNewest).ShouldBe(["full"]);
        Reasons(WhenFull.DropOldest).ShouldBe(["full"]);
        Reasons(WhenFull.Conflate).ShouldBe(["conflated"]);
    }

    [Fact]
    public void Blocks_start_downstream_first()
    {
        var started = new List<string>();
        new GraphBuilder().Add("source", new Counting(1)).Add("first", new Starting(started), ["source"]).Add("second", new Starting(started), ["first"]).Run().ShouldBeSound();

        started.ShouldBe(["second", "first"]);
    }

    [Fact]
    public void Reasons_samples_and_remarks_are_bounded_and_what_does_not_fit_is_counted()
    {
        var accounts = new Accounts("block");
        for (var i = 0; i < 100; i++)
        {
            accounts.Reject(i.ToString(CultureInfo.InvariantCulture), i, "bad");
            accounts.Note("code", "remark");
        }

        accounts.Dropped.Count.ShouldBe(Accounts.MaxReasons + 1);
        accounts.Dropped["other"].ShouldBe(100 - Accounts.MaxReasons);
        accounts.DroppedTotal.ShouldBe(100);
        accounts.DeadLetters.Count.ShouldBe(Accounts.MaxSamples);
        accounts.Notes.Count.ShouldBe(Accounts.MaxSamples);
        accounts.NoteCounts["code"].ShouldBe(100);
    }

    private sealed class Probe(LinkCounts counts) : ILinkProbe
    {
        public int Capacity => 8;

        public LinkCounts Count() => counts;

        public void Close() { }
    }

    private sealed class Leaking : Observer<Number>
    {
        public override void Observe(Run<Number> run) { }

        internal override Node CreateNode(NodeSettings settings)
        {
            settings.Pools.Shared<Number>().Rent();
            return base.CreateNode(settings);
        }
    }

    private sealed class Starting(List<string> started) : Observer<Number>
    {
        public override void Start() => started.Add(Name);

        public override void Observe(Run<Number> run) { }
    }
}
