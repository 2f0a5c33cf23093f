namespace QuantumTrader.Dataflow;

/// <summary>Declares a graph of blocks, in any order.</summary>
/// <param name="settings">How the engine runs the graph; null for the defaults.</param>
/// <param name="spills">Where edges with <see cref="WhenFull.Spill"/> keep what they have no room for; null when there are none.</param>
public sealed class GraphBuilder(EngineSettings? settings = null, ISpillStore? spills = null)
{
    // Of feature vectors 256 wait then: docs/decisions/sizes-of-batches-edges-and-workers.md has the figures.
    private const int HeavyShare = 8;

    private readonly EngineSettings _settings = settings ?? new EngineSettings();
    private readonly List<Declaration> _declarations = [];

    /// <summary>
    /// Takes all sources for one root, so that streams of different sources can be merged by their sequences. For tests, which number the
    /// events of all sources together.
    /// </summary>
    public bool HasOneRoot { get; init; }

    private sealed record Declaration(string Name, Func<int, Block> Make, IReadOnlyList<(string Port, IReadOnlyList<string> From)> Inputs, BlockSettings Settings);

    /// <summary>Adds one block.</summary>
    /// <param name="name">Its name, unique in the graph.</param>
    /// <param name="block">The block.</param>
    /// <param name="from">Names of the blocks that feed its port <c>from</c>; none for a source.</param>
    /// <param name="settings">How it runs.</param>
    public GraphBuilder Add(string name, Block block, string[]? from = null, BlockSettings? settings = null) =>
        Add(name, _ => block, from is null ? [] : [("from", from)], settings ?? new BlockSettings());

    /// <summary>Adds a block by what makes its instances, of which there are as many as its parallelism says.</summary>
    /// <param name="name">Its name, unique in the graph.</param>
    /// <param name="make">Makes instance i.</param>
    /// <param name="inputs">For each port, the names of the blocks that feed it.</param>
    /// <param name="settings">How it runs.</param>
    public GraphBuilder Add(string name, Func<int, Block> make, IReadOnlyList<(string Port, IReadOnlyList<string> From)> inputs, BlockSettings settings)
    {
        _declarations.Add(new Declaration(name, make, inputs, settings));
        return this;
    }

    /// <summary>Makes the blocks and connects them.</summary>
    /// <exception cref="GraphException">A name is used twice or unknown, types do not match, or the graph has a cycle.</exception>
    public Graph Build()
    {
        var order = Sort();
        var pools = new PoolSet(_settings.Batch);
        var stop = new CancellationTokenSource();
        var vertices = new List<Vertex>();
        foreach (var declaration in order)
        {
            Expand(declaration, pools, vertices);
        }

        var indexOf = vertices.Select((v, i) => (v.Name, i)).ToDictionary(x => x.Name, x => x.i, StringComparer.Ordinal);
        var inputs = vertices.Select(v => (IReadOnlyList<int>)[.. v.Inputs.SelectMany(p => p.From).Select(name => indexOf[name])]).ToList();
        CheckTypes(vertices, inputs);
        if (!HasOneRoot)
        {
            CheckRoots(vertices, inputs);
        }

        var islandOf = IslandPlan.Assign(inputs, (u, v) => IsBoundary(vertices[u], vertices[v]));
        var islands = vertices.Select((v, i) => (v.Node, Island: islandOf[i])).GroupBy(x => x.Island).OrderBy(g => g.Key)
            .Select(g => new Island(g.Key, [.. g.Select(x => x.Node)], _settings, stop.Token)).ToList();
        var graph = new Graph(_settings, _settings.Workers > 0 ? _settings.Workers : DefaultWorkers(vertices), islands, pools, stop);
        var merges = MergesBehind(islandOf, inputs);
        WatchHandled(vertices, inputs, islandOf, merges);
        for (var v = 0; v < vertices.Count; v++)
        {
            ConnectInputs(graph, vertices, v, indexOf, islandOf, merges);
        }

        foreach (var vertex in vertices.Where(v => !v.IsShare))
        {
            graph.AddNode(vertex.Name, vertex.BlockName, vertex.Node);
        }

        return graph;
    }

    private sealed record Vertex(string Name, string BlockName, Node Node, IReadOnlyList<(string Port, IReadOnlyList<string> From)> Inputs, BlockSettings Settings, int Partitions, int Instance = 0)
    {
        /// <summary>Takes in one share of a stream for the instances that run on its island; no block of the user's.</summary>
        public bool IsShare { get; init; }

        /// <summary>The edge of a share.</summary>
        public (WhenFull WhenFull, ILinkProbe? Link) Edge { get; set; }
    }

    private void Expand(Declaration d, PoolSet pools, List<Vertex> vertices)
    {
        var nodeSettings = new NodeSettings(d.Settings, _settings, pools);
        if (d.Settings.Parallelism <= 1)
        {
            vertices.Add(new Vertex(d.Name, d.Name, MakeNode(d.Name, d.Name, d.Make(0), nodeSettings), d.Inputs, d.Settings, 1));
            return;
        }

        var replicas = Enumerable.Range(0, d.Settings.Parallelism).Select(i => new Vertex(
            $"{d.Name}#{i}", d.Name, MakeNode($"{d.Name}#{i}", d.Name, d.Make(i), nodeSettings with { OwnsPool = true }), d.Inputs, d.Settings, d.Settings.Parallelism, i)).ToList();
        if (!replicas[0].Node.IsPartitioned)
        {
            throw new GraphException($"Block '{d.Name}' has parallelism {replicas.Count}, but its state is not kept per key. Remove 'parallelism'.");
        }

        vertices.AddRange(SharesInput(replicas[0]) ? replicas.Select(r => BehindShare(r, vertices)).ToList() : replicas);
        var gather = replicas[0].Node.MakeGather(d.Name, nodeSettings with { Block = new BlockSettings(), OwnsPool = true });
        vertices.Add(new Vertex(d.Name, d.Name, gather, [("from", [.. replicas.Select(r => r.Name)])], new BlockSettings(), 1));
    }

    // All of an instance's input comes from one block and over an edge like any other.
    private bool SharesInput(Vertex replica) =>
        _settings.Fuse && replica.Settings is { Boundary: false, Io: false, Edge: null } && !replica.Node.IsSelfPaced
        && replica.Inputs.SelectMany(p => p.From).Distinct().Count() == 1;

    // The instances i of all parallel blocks behind one block run on one island. On islands of their own they would change workers, each time
    // leaving their state behind in the other processor's cache. One head for all, because heads that get ahead of each other could, at full
    // edges, wait in a circle.
    private static Vertex BehindShare(Vertex replica, List<Vertex> vertices)
    {
        var from = vertices.Find(v => v.Name == replica.Inputs[0].From[0])!;
        var name = $"share {replica.Instance} of {replica.Partitions} of {from.Name}";
        if (!vertices.Exists(v => v.Name == name))
        {
            var node = from.Node.MakeShare(name, from.Node.Settings with { Block = new BlockSettings() });
            vertices.Add(new Vertex(name, from.Name, node, [("from", [from.Name])], new BlockSettings(), replica.Partitions, replica.Instance) { IsShare = true });
        }

        return replica with { Inputs = [.. replica.Inputs.Select(i => (i.Port, (IReadOnlyList<string>)[.. i.From.Select(_ => name)]))] };
    }

    // An instance of a parallel block keeps its accounts under the name that users gave the block.
    private static Node MakeNode(string name, string blockName, Block block, NodeSettings settings)
    {
        block.Name = name;
        block.Accounts = new Accounts(blockName);
        var node = block.CreateNode(settings);
        return !node.IsSelfPaced || settings.Block.OnError == OnError.Fail
            ? node
            : throw new GraphException($"Block '{name}' hosts a Dataflow block, which an exception ends, but its fault policy is {settings.Block.OnError}. Only Fail is possible.");
    }

    private bool IsBoundary(Vertex from, Vertex to) => !from.IsShare
        && (!_settings.Fuse
        || from.Node is ISourceNode { Fuses: false }
        || from.Node.Settings.Block.Io || to.Node.Settings.Block.Io
        || to.Node.IsSelfPaced
        || to.Settings.Boundary || to.Settings.Edge is not null
        || from.Partitions > 1 || to.Partitions > 1);

    // One for each processor that no source keeps busy: a worker more than that takes turns with the source on one processor, and four sinks
    // behind a fast source get through half as much. Who asks for boundaries or parallel blocks asks for all processors.
    private int DefaultWorkers(List<Vertex> vertices) => !_settings.Fuse || vertices.Any(v => v.Settings.Boundary || v.Partitions > 1)
        ? Environment.ProcessorCount
        : Math.Max(1, Environment.ProcessorCount - vertices.Count(v => v.Node is ISourceNode));

    private void ConnectInputs(Graph graph, List<Vertex> vertices, int v, Dictionary<string, int> indexOf, int[] islandOf, bool[] merges)
    {
        var to = vertices[v];
        // In the order of the node's ports, not of the YAML keys: the merge's tie-break must not depend on how the file is written.
        foreach (var (port, names) in to.Inputs.Select(i => (Index: IndexOfPort(to, i.Port), i.From)).Select(x => (x.Index, x.From)).OrderBy(x => x.Index).ToList())
        {
            for (var i = 0; i < names.Count; i++)
            {
                var u = indexOf[names[i]];
                var from = vertices[u];
                EdgePlan? plan = null;
                var settings = to.Settings.Edge ?? (from.Node is ISourceNode ? from.Settings.Edge : null) ?? new EdgeSettings();
                if (islandOf[u] != islandOf[v])
                {
                    var capacity = settings.Capacity > 0 ? settings.Capacity : CapacityOf(from.Node);
                    var edge = $"{from.Name} -> {to.Name}.{to.Node.Ports[port].Name}";
                    plan = new EdgePlan(edge, capacity, settings.WhenFull, merges[islandOf[v]], graph.RunnerOf(islandOf[v]), graph.RunnerOf(islandOf[u]))
                    {
                        Instance = to.Instance,
                        Instances = to.Partitions,
                        Spills = settings.WhenFull == WhenFull.Spill ? spills ?? throw new GraphException($"Edge {edge} spills, but nothing was named that keeps spilled events.") : null,
                    };
                }

                var (inlet, link) = from.Node.Outlet.Connect(to.Node, port, plan);
                to.Node.AddInlet(inlet);
                if (to.IsShare)
                {
                    to.Edge = (settings.WhenFull, link);
                    continue;
                }

                // For its user an instance is connected to the block itself, by the edge of their share.
                var (name, (whenFull, counted)) = from.IsShare ? (from.BlockName, from.Edge) : (from.Name, (settings.WhenFull, link));
                graph.AddEdge(name, to.Name, to.Node.Ports[port].Name, whenFull, to.Partitions, counted);
            }
        }
    }

    // Plain events wait so that a fast source is rarely stopped. Heavy ones lie in storage that each writer takes over from the last reader:
    // the more of it goes round, the less of it is still in a cache.
    private int CapacityOf(Node from) => from.OutputWeight == 1 ? _settings.Capacity : Math.Max(1, _settings.Capacity / HeavyShare / from.OutputWeight);

    private static int IndexOfPort(Vertex vertex, string port)
    {
        for (var i = 0; i < vertex.Node.Ports.Count; i++)
        {
            if (vertex.Node.Ports[i].Name == port)
            {
                return i;
            }
        }

        throw new GraphException($"Block '{vertex.Name}' has no input '{port}'. It has: {string.Join(", ", vertex.Node.Ports.Select(p => p.Name))}.");
    }

    // Islands from which a merging head can be reached: their edges must tell of progress even when they carry no event.
    private static bool[] MergesBehind(int[] islandOf, List<IReadOnlyList<int>> inputs)
    {
        var merges = new bool[islandOf.Length == 0 ? 0 : islandOf.Max() + 1];
        for (var v = islandOf.Length - 1; v >= 0; v--)
        {
            var outside = inputs[v].Where(u => islandOf[u] != islandOf[v]).ToList();
            merges[islandOf[v]] |= outside.Count > 1;
            foreach (var u in outside)
            {
                merges[islandOf[u]] |= merges[islandOf[v]];
            }
        }

        return merges;
    }

    // A source that is told what was handled watches the last nodes in its order; the edges to them must tell of progress even without events.
    private static void WatchHandled(List<Vertex> vertices, List<IReadOnlyList<int>> inputs, int[] islandOf, bool[] tellsProgress)
    {
        for (var s = 0; s < vertices.Count; s++)
        {
            if (vertices[s].Node is not ISourceNode { HandledNews: not HandledNews.Never } source)
            {
                continue;
            }

            var carries = new bool[vertices.Count];
            carries[s] = true;
            var last = new HashSet<int>();
            for (var v = s + 1; v < vertices.Count; v++)
            {
                if (inputs[v].Any(u => carries[u]))
                {
                    last.Add(v);
                    last.ExceptWith(inputs[v].Where(u => carries[u]));
                    carries[v] = !vertices[v].Node.Resequences;
                    tellsProgress[islandOf[v]] = true;
                }
            }

            source.Watch([.. last.Order().Select(v => vertices[v].Node)]);
        }
    }

    private static void CheckTypes(List<Vertex> vertices, List<IReadOnlyList<int>> inputs)
    {
        foreach (var (to, from) in vertices.Zip(inputs))
        {
            var next = 0;
            foreach (var (port, names) in to.Inputs)
            {
                var type = to.Node.Ports[IndexOfPort(to, port)].Type;
                foreach (var _ in names)
                {
                    var source = vertices[from[next++]];
                    if (source.Node.OutputType != type)
                    {
                        throw new GraphException($"Block '{to.Name}' takes {type.Name} at '{port}', but '{source.BlockName}' sends {source.Node.OutputType.Name}.");
                    }
                }
            }

            foreach (var port in to.Node.Ports.Where(p => !to.Inputs.Any(i => i.Port == p.Name && i.From.Count > 0)))
            {
                throw new GraphException($"Block '{to.Name}' needs an input '{port.Name}' of {port.Type.Name}.");
            }
        }
    }

    private static void CheckRoots(List<Vertex> vertices, List<IReadOnlyList<int>> inputs)
    {
        var roots = new int[vertices.Count];
        var sources = new HashSet<int>[vertices.Count];
        for (var v = 0; v < vertices.Count; v++)
        {
            var from = inputs[v];
            sources[v] = from.Count == 0 ? [v] : [.. from.SelectMany(u => sources[u])];
            if (vertices[v].Node.MergesRoots)
            {
                if (sources[v].Count < from.Sum(u => sources[u].Count))
                {
                    throw new GraphException($"Block '{vertices[v].Name}' is reached by one source over two inputs, of which one would wait for the other for ever.");
                }
            }
            else if (from.Any(u => roots[u] != roots[from[0]]))
            {
                var other = from.First(u => roots[u] != roots[from[0]]);
                throw new GraphException($"Block '{vertices[v].Name}' cannot merge '{vertices[from[0]].Name}' and '{vertices[other].Name}': their orders start at different blocks, '{vertices[roots[from[0]]].Name}' and '{vertices[roots[other]].Name}'.");
            }

            roots[v] = from.Count == 0 || vertices[v].Node.Resequences ? v : roots[from[0]];
        }
    }

    private List<Declaration> Sort()
    {
        var byName = new Dictionary<string, Declaration>(StringComparer.Ordinal);
        foreach (var d in _declarations)
        {
            if (!byName.TryAdd(d.Name, d))
            {
                throw new GraphException($"Two blocks are named '{d.Name}'.");
            }
        }

        var sorted = new List<Declaration>();
        var path = new List<string>();
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var d in _declarations)
        {
            Visit(d);
        }

        return sorted;

        void Visit(Declaration d)
        {
            if (done.Contains(d.Name))
            {
                return;
            }

            var at = path.IndexOf(d.Name);
            if (at >= 0)
            {
                throw new GraphException($"The blocks form a cycle: {string.Join(" -> ", path[at..].Append(d.Name))}.");
            }

            path.Add(d.Name);
            foreach (var name in d.Inputs.SelectMany(i => i.From))
            {
                Visit(byName.TryGetValue(name, out var from) ? from : throw new GraphException($"Block '{d.Name}' takes its input from '{name}', but no block has that name."));
            }

            path.RemoveAt(path.Count - 1);
            done.Add(d.Name);
            sorted.Add(d);
        }
    }
}
