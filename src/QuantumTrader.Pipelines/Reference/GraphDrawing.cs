using System.Text;

namespace QuantumTrader.Pipelines;

/// <summary>Draws the graph of a plan, with the islands that the engine makes of it.</summary>
public static class GraphDrawing
{
    /// <summary>For Mermaid, which many web pages draw.</summary>
    public static string Mermaid(PipelinePlan plan, IReadOnlyList<IReadOnlyList<string>>? islands = null)
    {
        var text = new StringBuilder("flowchart LR\n");
        var ids = Ids(plan);
        AppendNodes(text, plan, islands, name => $"{ids[name]}[\"{name}<br/>{plan[name].Type.Name}\"]", i => $"subgraph island{i}[\"island {i}\"]", "end");
        foreach (var (from, to, port, edge) in Edges(plan))
        {
            var label = Label(port, edge);
            text.Append("  ").Append(ids[from]).Append(label.Length == 0 ? " --> " : $" -->|\"{label}\"| ").Append(ids[to]).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>For Graphviz.</summary>
    public static string Dot(PipelinePlan plan, IReadOnlyList<IReadOnlyList<string>>? islands = null)
    {
        var text = new StringBuilder("digraph pipeline {\n  rankdir=LR;\n  node [shape=box];\n");
        AppendNodes(text, plan, islands, name => $"\"{name}\" [label=\"{name}\\n{plan[name].Type.Name}\"];", i => $"subgraph cluster_{i} {{ label=\"island {i}\";", "}");
        foreach (var (from, to, port, edge) in Edges(plan))
        {
            var label = Label(port, edge);
            text.Append("  \"").Append(from).Append("\" -> \"").Append(to).Append('"').Append(label.Length == 0 ? "" : $" [label=\"{label}\"]").Append(";\n");
        }

        return text.Append("}\n").ToString();
    }

    /// <summary>For the terminal: one line per block, in the order of the flow, with what feeds it.</summary>
    public static string Text(PipelinePlan plan, IReadOnlyList<IReadOnlyList<string>>? islands = null)
    {
        var text = new StringBuilder();
        var nameWidth = plan.Blocks.Select(b => b.Name.Length).DefaultIfEmpty().Max();
        var typeWidth = plan.Blocks.Select(b => b.Type.Name.Length).DefaultIfEmpty().Max();
        var groups = Groups(plan, islands);
        for (var i = 0; i < groups.Count; i++)
        {
            text.Append(groups[i].IsIsland ? $"island {i + 1}\n" : "");
            foreach (var name in groups[i].Blocks)
            {
                var block = plan[name];
                var inputs = string.Join("  ", block.Inputs.Select(input => $"{(input.Port == Port.Main ? "<-" : $"{input.Port} <-")} {string.Join(", ", input.From)}"));
                var edge = Label(Port.Main, block);
                var line = $"{(groups[i].IsIsland ? "  " : "")}{name.PadRight(nameWidth)}  {block.Type.Name.PadRight(typeWidth)}  {inputs}{(edge.Length == 0 ? "" : $"  ({edge})")}";
                text.Append(line.TrimEnd()).Append('\n');
            }
        }

        return text.ToString();
    }

    private static void AppendNodes(
        StringBuilder text, PipelinePlan plan, IReadOnlyList<IReadOnlyList<string>>? islands, Func<string, string> node, Func<int, string> open, string close)
    {
        var groups = Groups(plan, islands);
        for (var i = 0; i < groups.Count; i++)
        {
            // A frame around one block says nothing.
            var framed = groups[i].IsIsland && groups[i].Blocks.Count > 1;
            text.Append(framed ? $"  {open(i + 1)}\n" : "");
            foreach (var name in groups[i].Blocks)
            {
                text.Append(framed ? "    " : "  ").Append(node(name)).Append('\n');
            }

            text.Append(framed ? $"  {close}\n" : "");
        }
    }

    /// <summary>The islands, and what is on none of them as a group of its own at the end.</summary>
    private static List<(IReadOnlyList<string> Blocks, bool IsIsland)> Groups(PipelinePlan plan, IReadOnlyList<IReadOnlyList<string>>? islands)
    {
        var groups = (islands ?? []).Select(island => (island, true)).ToList();
        var rest = plan.Blocks.Select(b => b.Name).Except(groups.SelectMany(g => g.island)).ToList();
        if (rest.Count > 0)
        {
            groups.Add((rest, false));
        }

        return groups;
    }

    private static IEnumerable<(string From, string To, string Port, BlockPlan? Edge)> Edges(PipelinePlan plan) =>
        from block in plan.Blocks
        from input in block.Inputs
        from source in input.From
        let edge = block.Settings.Edge is not null ? block : plan[source] is { Type.Shape: BlockShape.Source, Settings.Edge: not null } upstream ? upstream : null
        select (source, block.Name, input.Port, edge);

    private static string Label(string port, BlockPlan? edge)
    {
        var words = new List<string>();
        if (port != Port.Main)
        {
            words.Add(port);
        }

        if (edge?.Settings.Edge is { } settings)
        {
            words.Add(settings.Capacity > 0 ? $"{SnakeCase.From(settings.WhenFull.ToString())} at {settings.Capacity}" : SnakeCase.From(settings.WhenFull.ToString()));
        }

        return string.Join(", ", words);
    }

    /// <summary>Mermaid takes words such as <c>end</c> and signs such as <c>-</c> for its own, so blocks get numbers.</summary>
    private static Dictionary<string, string> Ids(PipelinePlan plan) =>
        plan.Blocks.Select((b, i) => (b.Name, Id: $"b{i + 1}")).ToDictionary(p => p.Name, p => p.Id, StringComparer.Ordinal);
}
