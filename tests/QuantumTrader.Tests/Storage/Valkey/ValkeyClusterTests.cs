using QuantumTrader.Market;
using QuantumTrader.Storage.Valkey;

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

    public void Dispose() => _cluster?.Dispose();

    private IReadOnlyList<ValkeyServer> Nodes => _cluster!.Nodes;

    private void Move(int slot, string key)
    {
        var from = Nodes.Single(n => n.Cli("CLUSTER", "MYSHARDID") == Nodes[slot / 5462].Cli("CLUSTER", "MYSHARDID"));
        var to = Nodes.First(n => n != from);
        var ids = Nodes.ToDictionary(n => n, n => n.Cli("CLUSTER", "MYID").Trim());
        to.Cli("CLUSTER", "SETSLOT", slot.ToString(), "IMPORTING", ids[from]);
        from.Cli("CLUSTER", "SETSLOT", slot.ToString(), "MIGRATING", ids[to]);
        foreach (var name in from.Cli("CLUSTER", "GETKEYSINSLOT", slot.ToString(), "100").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            from.Cli("MIGRATE", "127.0.0.1", to.Port.ToString(), name, "0", "5000");
        }

        foreach (var node in new[] { to, from }.Concat(Nodes.Where(n => n != to && n != from)))
        {
            node.Cli("CLUSTER", "SETSLOT", slot.ToString(), "NODE", ids[to]);
        }

        Eventually.Holds(() => Nodes.All(n => n == to || n.Cli("XLEN", key).Contains($":{to.Port}", StringComparison.Ordinal)) && to.Cli("XLEN", key).Trim() == "1000", "the slot must move");
    }
}
