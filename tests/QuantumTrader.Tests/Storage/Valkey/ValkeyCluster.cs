namespace QuantumTrader.Tests.Storage.Valkey;

/// <summary>Three real nodes that are one cluster.</summary>
internal sealed class ValkeyCluster : IDisposable
{
    private readonly List<ValkeyServer> _nodes = [];

    public ValkeyCluster()
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

    public IReadOnlyList<ValkeyServer> Nodes => _nodes;

    /// <summary>A fourth node, which copies one of the three and can take its place.</summary>
    public ValkeyServer AddReplica(ValkeyServer of)
    {
        var replica = new ValkeyServer("--cluster-enabled", "yes", "--cluster-node-timeout", "5000");
        _nodes[0].Cli("CLUSTER", "MEET", "127.0.0.1", replica.Port.ToString());
        var id = of.Cli("CLUSTER", "MYID").Trim();
        Eventually.Holds(() => replica.Cli("CLUSTER", "NODES").Contains(id, StringComparison.Ordinal), "it must know the node");
        replica.Cli("CLUSTER", "REPLICATE", id);
        _nodes.Add(replica);
        Eventually.Holds(() => replica.Cli("INFO", "replication").Contains("master_link_status:up", StringComparison.Ordinal), "it must have a copy");
        return replica;
    }

    public void Dispose() => _nodes.ForEach(n => n.Dispose());
}
