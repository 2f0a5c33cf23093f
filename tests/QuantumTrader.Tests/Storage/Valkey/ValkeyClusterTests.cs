using QuantumTrader.Market;
using QuantumTrader.Storage.Valkey;

namespace QuantumTrader.Tests.Storage.Valkey;

public sealed class ValkeyClusterTests : IDisposable
{
    private readonly List<ValkeyServer> _nodes = [];

    [ValkeyFact]
    public void A_cluster_of_three_has_all_keys_of_a_symbol_on_one_node_and_follows_a_slot_that_moves()
    {
        Start();
        var options = new ValkeyOptions { Host = "127.0.0.1", Port = _nodes[0].Port, Cluster = true };
        using var store = Stored.Open(options);
        var trades = Stored.Trades(2000).Select((t, i) => t with { Symbol = 1 + (i % 2) }).ToArray();
        store.Store(trades);

        store.Read(symbol: "A").Answer.Count.ShouldBe(1000);
        store.Read(symbol: "B").Answer.Count.ShouldBe(1000);
        store.Status().Streams.Select(s => s.Count).ShouldBe([1000, 1000]);
        ValkeyRoutes.SlotOf("qt:tick:{A}").ShouldBe(int.Parse(_nodes[0].Cli("CLUSTER", "KEYSLOT", "qt:tick:{A}")));
        ValkeyRoutes.SlotOf("qt:tick:{A}").ShouldBe(ValkeyRoutes.SlotOf("qt:book:{A}"));

        Move(ValkeyRoutes.SlotOf("qt:tick:{A}"), "qt:tick:{A}");
        store.Append<MarketEvent>(Stored.Trades(1000, 1, 5000, 5000), Stored.Format);
        store.Flush();
        store.Read(symbol: "A").Answer.Count.ShouldBe(2000);
        store.Append<MarketEvent>(trades, Stored.Format).Repeated.ShouldBe(2000);
    }

    public void Dispose() => _nodes.ForEach(n => n.Dispose());

    private void Start()
    {
        for (var i = 0; i < 3; i++)
        {
            _nodes.Add(new ValkeyServer("--cluster-enabled", "yes", "--cluster-node-timeout", "5000"));
        }

        (int First, int Last)[] slots = [(0, 5461), (5462, 10_922), (10_923, 16_383)];
        for (var i = 0; i < 3; i++)
        {
            // Nodes of the same epoch would first have to agree whose word counts.
            _nodes[i].Cli("CLUSTER", "SET-CONFIG-EPOCH", (i + 1).ToString());
            _nodes[i].Cli("CLUSTER", "ADDSLOTSRANGE", slots[i].First.ToString(), slots[i].Last.ToString());
            _nodes[0].Cli("CLUSTER", "MEET", "127.0.0.1", _nodes[i].Port.ToString());
        }

        Eventually.Holds(() => _nodes.All(n => n.Cli("CLUSTER", "INFO").Contains("cluster_state:ok", StringComparison.Ordinal) && n.Cli("CLUSTER", "SLOTS").Contains(_nodes[2].Port.ToString(), StringComparison.Ordinal)), "the cluster must form");
    }

    private void Move(int slot, string key)
    {
        var from = _nodes.Single(n => n.Cli("CLUSTER", "MYSHARDID") == _nodes[slot / 5462].Cli("CLUSTER", "MYSHARDID"));
        var to = _nodes.First(n => n != from);
        var ids = _nodes.ToDictionary(n => n, n => n.Cli("CLUSTER", "MYID").Trim());
        to.Cli("CLUSTER", "SETSLOT", slot.ToString(), "IMPORTING", ids[from]);
        from.Cli("CLUSTER", "SETSLOT", slot.ToString(), "MIGRATING", ids[to]);
        foreach (var name in from.Cli("CLUSTER", "GETKEYSINSLOT", slot.ToString(), "100").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            from.Cli("MIGRATE", "127.0.0.1", to.Port.ToString(), name, "0", "5000");
        }

        foreach (var node in new[] { to, from }.Concat(_nodes.Where(n => n != to && n != from)))
        {
            node.Cli("CLUSTER", "SETSLOT", slot.ToString(), "NODE", ids[to]);
        }

        Eventually.Holds(() => _nodes.All(n => n == to || n.Cli("XLEN", key).Contains($":{to.Port}", StringComparison.Ordinal)) && to.Cli("XLEN", key).Trim() == "1000", "the slot must move");
    }
}
