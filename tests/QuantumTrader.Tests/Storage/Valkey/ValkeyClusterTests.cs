using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;
using QuantumTrader.Storage.Valkey;
using MarketFeed = QuantumTrader.Tests.Market.Feed;

namespace QuantumTrader.Tests.Storage.Valkey;

public sealed class ValkeyClusterTests : IDisposable
{
    private ValkeyCluster? _cluster;

    [ValkeyFact]
    public void A_cluster_of_three_has_all_keys_of_a_symbol_on_one_node_and_follows_a_slot_that_moves()
    {
        _cluster = new ValkeyCluster();
        var options = new ValkeyOptions { Host = "127.0.0.1", Port = Nodes[0].Port, Cluster = true };
        using var store = Stored.Open(options);
        var trades = Stored.Trades(2000).Select((t, i) => t with { Symbol = 1 + (i % 2) }).ToArray();
        store.Store(trades);

        store.Read(symbol: "A").Answer.Count.ShouldBe(1000);
        store.Read(symbol: "B").Answer.Count.ShouldBe(1000);
        store.Status().Streams.Select(s => s.Count).ShouldBe([1000, 1000]);
        ValkeyRoutes.SlotOf("qt:tick:{A}").ShouldBe(int.Parse(Nodes[0].Cli("CLUSTER", "KEYSLOT", "qt:tick:{A}")));
        ValkeyRoutes.SlotOf("qt:tick:{A}").ShouldBe(ValkeyRoutes.SlotOf("qt:book:{A}"));

        Move(ValkeyRoutes.SlotOf("qt:tick:{A}"), "qt:tick:{A}");
        store.Append<MarketEvent>(Stored.Trades(1000, 1, 5000, 5000), Stored.Format);
        store.Flush();
        store.Read(symbol: "A").Answer.Count.ShouldBe(2000);
        store.Append<MarketEvent>(trades, Stored.Format).Repeated.ShouldBe(2000);
    }

    [ValkeyFact]
    public void While_a_slot_moves_its_streams_are_written_and_read_where_they_are()
    {
        _cluster = new ValkeyCluster();
        var options = new ValkeyOptions { Host = "127.0.0.1", Port = Nodes[0].Port, Cluster = true, MaxLatenessMs = 1000 };
        using var store = Stored.Open(options);
        store.Store(Stored.Trades(1000));
        var slot = ValkeyRoutes.SlotOf("qt:tick:{A}");
        var (from, to) = Moving(slot);

        // The stream is still where it was; what the slot does not have yet begins at the other end.
        store.Append<MarketEvent>([.. Stored.Trades(1000, 1, 1001, 1000), MarketFeed.Quote(1, 99.5, 100) with { Sequence = 1 }], Stored.Format).Stored.ShouldBe(1001);
        store.Read().Answer.Count.ShouldBe(2000);
        from.Cli("XLEN", "qt:tick:{A}").Trim().ShouldBe("2000");
        from.Cli("XLEN", "qt:quote:{A}").ShouldContain("ASK");
        store.Read(channel: "quote").Answer.Count.ShouldBe(1);

        // The stream has gone, and the slot has not.
        MoveKeys(from, to, slot);
        from.Cli("XLEN", "qt:tick:{A}").ShouldContain("ASK");
        store.Append<MarketEvent>(Stored.Trades(5000, 1, 2001, 2000), Stored.Format).ShouldBe(new StoreAppend(5000, 0, 0));
        store.Append<MarketEvent>([Stored.Trade(10, 9001), Stored.Trade(20, 9002)], Stored.Format).Late.ShouldBe(2);
        store.Append<MarketEvent>(Stored.Trades(100), Stored.Format).Repeated.ShouldBe(100);
        store.Read().Answer.Count.ShouldBe(7002);
        using (var other = Stored.Open(options))
        {
            other.Append<MarketEvent>(Stored.Trades(10, 1, 10_000, 8000), Stored.Format).Stored.ShouldBe(10);
        }

        Members(options).ShouldBe([.. Enumerable.Range(1, 7000), .. Enumerable.Range(10_000, 10), 9001, 9002]);
        Settle(slot, from, to);
        store.Append<MarketEvent>(Stored.Trades(100, 1, 20_000, 9000), Stored.Format).Stored.ShouldBe(100);
        store.Read().Answer.Count.ShouldBe(7112);
        to.Cli("XLEN", "qt:tick:{A}").Trim().ShouldBe("7110");
        var report = store.Report();
        (report.Outages, report.Conflicts, report.Unconfirmed).ShouldBe((0, 0, 0));
    }

    [ValkeyFact]
    public void A_node_that_is_gone_for_good_is_not_asked_again_when_another_took_its_place()
    {
        _cluster = new ValkeyCluster();
        var old = Nodes[ValkeyRoutes.SlotOf("qt:tick:{A}") / 5462];
        var successor = _cluster.AddReplica(old);
        using var store = Stored.Open(new ValkeyOptions { Host = "127.0.0.1", Port = Nodes.First(n => n != old).Port, Cluster = true, TimeoutMs = 2000 });
        store.Store(Stored.Trades(1000));
        successor.Cli("CLUSTER", "FAILOVER");
        Eventually.Holds(() => Nodes.All(n => n.Cli("XLEN", "qt:tick:{A}") is var answer && (n == successor ? answer.Trim() == "1000" : answer.Contains($":{successor.Port}", StringComparison.Ordinal))), "the other node must take over");
        old.Kill();

        Eventually.Holds(() => Stores(Stored.Trades(1000, 1, 1001, 1000)), "what comes now must find the other node");
        store.Read().Answer.Count.ShouldBe(2000);

        bool Stores(MarketEvent[] trades)
        {
            try
            {
                store.Append<MarketEvent>(trades, Stored.Format);
                store.Flush();
                return true;
            }
            catch (StoreException)
            {
                return false;
            }
        }
    }

    [ValkeyFact]
    public void A_query_whose_stream_moves_in_the_middle_hands_nothing_over_twice()
    {
        _cluster = new ValkeyCluster();
        var options = new ValkeyOptions { Host = "127.0.0.1", Port = Nodes[0].Port, Cluster = true };
        using var store = Stored.Open(options);
        store.Store(Stored.Trades(30_000));
        var slot = ValkeyRoutes.SlotOf("qt:tick:{A}");
        var (from, to) = Moving(slot);
        var (numbers, hasMoved) = (new List<long>(), false);
        store.Query(new StoreQuery("tick", "A", 0, long.MaxValue), Stored.Format, page =>
        {
            foreach (ref readonly var e in page)
            {
                numbers.Add(e.TradeNumber);
            }

            if (!hasMoved)
            {
                MoveKeys(from, to, slot);
                hasMoved = true;
            }

            return true;
        });

        hasMoved.ShouldBeTrue();
        numbers.ShouldBe(Enumerable.Range(1, 30_000).Select(i => (long)i));
    }

    public void Dispose() => _cluster?.Dispose();

    private IReadOnlyList<ValkeyServer> Nodes => _cluster!.Nodes;

    // What a member of a new group gets of the ticks of A.
    private static List<long> Members(ValkeyOptions options)
    {
        var files = new SectionContext(".", ".");
        var seen = new List<long>();
        var section = new StoreSection(new StoreOptions(), Stored.Market, files, TimeProvider.System);
        var source = new ValkeySource<MarketEvent>(
            new ValkeySourceOptions { Server = options, Group = "g", Member = "m", FromBeginning = true, UntilEmpty = true }, section, Stored.Market, Stored.Format, new BlockContext("source", files, TimeProvider.System));
        using var graph = new GraphBuilder().Add("source", source).Add("sink", new Seeing(seen), ["source"]).Build();
        var run = graph.RunAsync();
        run.Wait(20_000).ShouldBeTrue();
        run.Result.Notes.ShouldBeEmpty();
        return seen;
    }

    private sealed class Seeing(List<long> numbers) : Observer<MarketEvent>
    {
        public override void Observe(Run<MarketEvent> run)
        {
            foreach (ref readonly var e in run)
            {
                numbers.Add(e.TradeNumber);
            }
        }
    }

    private void Move(int slot, string key)
    {
        var (from, to) = Moving(slot);
        MoveKeys(from, to, slot);
        Settle(slot, from, to);
        Eventually.Holds(() => Nodes.All(n => n == to || n.Cli("XLEN", key).Contains($":{to.Port}", StringComparison.Ordinal)) && to.Cli("XLEN", key).Trim() == "1000", "the slot must move");
    }

    private (ValkeyServer From, ValkeyServer To) Moving(int slot)
    {
        var from = Nodes[slot / 5462];
        var to = Nodes.First(n => n != from);
        to.Cli("CLUSTER", "SETSLOT", slot.ToString(), "IMPORTING", Id(from));
        from.Cli("CLUSTER", "SETSLOT", slot.ToString(), "MIGRATING", Id(to));
        return (from, to);
    }

    private static void MoveKeys(ValkeyServer from, ValkeyServer to, int slot)
    {
        foreach (var name in from.Cli("CLUSTER", "GETKEYSINSLOT", slot.ToString(), "100").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            from.Cli("MIGRATE", "127.0.0.1", to.Port.ToString(), name, "0", "5000");
        }
    }

    private void Settle(int slot, ValkeyServer from, ValkeyServer to)
    {
        foreach (var node in new[] { to, from }.Concat(Nodes.Where(n => n != to && n != from)))
        {
            node.Cli("CLUSTER", "SETSLOT", slot.ToString(), "NODE", Id(to));
        }
    }

    private static string Id(ValkeyServer node) => node.Cli("CLUSTER", "MYID").Trim();
}
