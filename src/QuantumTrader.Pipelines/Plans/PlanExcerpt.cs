using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace QuantumTrader.Pipelines;

/// <summary>
/// Some blocks of a plan as a pipeline of their own, for another process: their options as this process understood them, environment and
/// overlays included, the sections that they need, and nothing else of the file.
/// </summary>
public sealed partial record PlanExcerpt
{
    /// <summary>The pipeline as YAML. It may hold secrets if the options of these blocks do.</summary>
    public required string Text { get; init; }

    /// <summary>The classes that it needs registered.</summary>
    public required IReadOnlyList<Type> Classes { get; init; }

    /// <summary>The sections that the blocks need.</summary>
    public required IReadOnlyList<SectionPlan> Sections { get; init; }

    /// <summary>The excerpt with these blocks.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="parts">The blocks, with what they read in the graph. Whatever is not among them is read from the source.</param>
    /// <param name="source">Name of the source that stands for all that the blocks read from others.</param>
    /// <param name="sourceType">Its type: a generic source.</param>
    /// <param name="events">Type of its events; it has a format.</param>
    public static PlanExcerpt Of(PipelinePlan plan, IReadOnlyList<GraphPart> parts, string source, string sourceType, Type events)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(parts);
        var blocks = parts.Select(p => plan[p.Name]).ToList();
        var sections = PartialPlan.SectionsOf(plan, blocks);
        var formats = blocks.SelectMany(b => b.Type.Inputs.Select(i => i.EventType).Append(b.Type.Output)).Append(events).Distinct().Select(plan.Registry.FormatOf).OfType<FormatType>().ToList();
        var text = new StringBuilder($"version: 1\npipeline: {Quoted(plan.Name)}\n");
        foreach (var key in sections.Select(s => s.Type.Name).Prepend("engine"))
        {
            if (plan.Root[key] is { } entry)
            {
                text.Append(key).Append(": ");
                Write(entry.Value, text);
                text.Append('\n');
            }
        }

        text.Append("blocks:\n  ").Append(Quoted(source)).Append(": { type: ").Append(sourceType).Append(", events: ").Append(plan.Registry.FormatOf(events)!.Name).Append(" }\n");
        foreach (var (part, block) in parts.Zip(blocks))
        {
            text.Append("  ").Append(Quoted(part.Name)).Append(": ");
            // Whose phase they are decides nothing here; but a block of none must be read by somebody.
            Write(new MappingNode(block.Node.Position, [.. block.Node.Entries.Where(e => e.Key != "phase" && block.Type.Inputs.All(i => i.Name != e.Key)), Entry("phase", "excerpt")]), text, part.Inputs.Select(i => (i.Port, i.From.Select(f => parts.Any(p => p.Name == f) ? f : source))));
            text.Append('\n');
        }

        return new PlanExcerpt
        {
            Text = text.ToString(),
            Classes = [.. blocks.Select(b => b.Type.Class).Concat(sections.Select(s => s.Type.Class)).Concat(formats.Select(f => f.Class)).Select(c => c.IsGenericType ? c.GetGenericTypeDefinition() : c).Distinct()],
            Sections = sections,
        };

        MappingEntry Entry(string key, string value) => new(key, default!, new ScalarNode(default!, value, IsQuoted: false));
    }

    // In flow style, which no indentation can break. What was quoted stays a text, and what was a number stays one.
    private static void Write(ConfigNode node, StringBuilder text, IEnumerable<(string Port, IEnumerable<string> From)>? ports = null)
    {
        switch (node)
        {
            case ScalarNode { IsNull: true }:
                text.Append("null");
                break;
            case ScalarNode scalar when (!scalar.IsQuoted || scalar.IsInterpolated) && Plain().IsMatch(scalar.Value):
                text.Append(scalar.Value);
                break;
            case ScalarNode scalar:
                // What a dollar sign stood for was inserted already.
                text.Append(Quoted(scalar.Value).Replace("$", "$$", StringComparison.Ordinal));
                break;
            case SequenceNode list:
                text.Append('[');
                foreach (var item in list.Items)
                {
                    Write(item, text);
                    text.Append(", ");
                }

                text.Append(']');
                break;
            case MappingNode map:
                text.Append("{ ");
                foreach (var (port, from) in ports ?? [])
                {
                    text.Append(port).Append(": [").AppendJoin(", ", from.Distinct().Select(Quoted)).Append("], ");
                }

                foreach (var entry in map.Entries)
                {
                    text.Append(Quoted(entry.Key)).Append(": ");
                    Write(entry.Value, text);
                    text.Append(", ");
                }

                text.Append('}');
                break;
        }
    }

    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    [GeneratedRegex("^(?!null$|Null$|NULL$)([A-Za-z0-9_.]|[+-][0-9.])[A-Za-z0-9_.%+-]*$")]
    private static partial Regex Plain();
}
